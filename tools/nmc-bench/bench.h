/* SPDX-License-Identifier: MIT */
/*
 * Parts of nmc-bench.
 */
#ifndef NMC_BENCH_H
#define NMC_BENCH_H

#include <json-c/json.h>
#include <stdbool.h>
#include "nmc.h"

/**
 * struct bench - options of a run
 * @device: the card
 * @seconds: how long each figure is measured
 * @threads: threads of the yardstick
 * @batch: vectors of a product
 * @depth: jobs in flight
 * @class_name: tile class, NULL for the first
 */
struct bench {
	struct nmc_device *device;
	double seconds;
	unsigned int threads;
	unsigned int batch;
	unsigned int depth;
	const char *class_name;
};

/* Each fills @o with figures; 0, or -1 when nmc_last_error() tells why. */
int bench_mvm(const struct bench *b, struct json_object *o);
int bench_submit(const struct bench *b, struct json_object *o);
int bench_program(const struct bench *b, struct json_object *o);

/* Wall time, seconds. */
double bench_now(void);

void add_number(struct json_object *o, const char *key, double x);

#endif
