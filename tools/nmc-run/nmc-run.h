/* SPDX-License-Identifier: MIT */
/*
 * Parts of nmc-run: options, the run itself, the report.
 */
#ifndef NMC_RUN_H
#define NMC_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include "common/vectors.h"
#include "nmc.h"

enum { EXIT_USAGE = 2, EXIT_INPUT = 3, EXIT_DEVICE = 4, EXIT_FIT = 5, EXIT_INTERRUPTED = 130 };

struct run_options {
	const char *model;
	const char *device;
	const char *class_name;
	const char *images;
	const char *labels;
	const char *input;
	const char *output;
	const char *raw_output;
	uint64_t seed;
	bool seeded;
	uint64_t limit;
	uint64_t calibrate;
	const char *calibrate_file;
	uint32_t batch;
	bool show_plan;
	bool json;
	char uri[128];
	char **argv;
};

/**
 * struct run_state - everything a run makes
 *
 * @tiles are the plan's physical tiles as they were before programming: what they had gone through is where their
 * randomness goes on.
 */
struct run_state {
	const struct run_options *o;
	struct vectors in;
	struct vectors samples;
	struct labels labels;
	struct nmc_network *network;
	struct nmc_device *device;
	struct nmc_device_info info;
	struct nmc_class_info class;
	struct nmc_plan *plan;
	struct nmc_plan_info plan_info;
	struct nmc_tile_info *tiles;
	unsigned int tile_count;
	struct nmc_program_report program;
	struct nmc_run_report run;
	struct vectors out;
	uint64_t correct;
};

/* Carries everything out; returns the exit status. */
int run_all(const struct run_options *o);

/* Prints the report. Returns the exit status. */
int report_text(const struct run_state *s);
int report_json(const struct run_state *s);

/* A signal asked for the end. */
bool run_interrupted(void);

/* Prints "nmc-run: text" and returns @status. */
int run_fail(int status, const char *text);

#endif
