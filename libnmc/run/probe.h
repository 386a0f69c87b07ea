/* SPDX-License-Identifier: MIT */
/*
 * Readouts of single tiles. Called in the caller's turn (runner_begin()).
 */
#ifndef NMC_PROBE_H
#define NMC_PROBE_H

#include "libnmc/compile/plan.h"

/**
 * struct probe - buffers of a readout
 * @columns: conversions that give the codes themselves
 * @in: input codes
 * @out: codes
 */
struct probe {
	struct nmc_buffer *columns;
	struct nmc_buffer *in;
	struct nmc_buffer *out;
};

/* 0, or -EINVAL where nothing can be read out: no converters, or not programmed. */
int probe_check(const struct nmc_plan *p);

/* Buffers for the largest readout of a plan; close them even after a failure. */
int probe_open(struct nmc_plan *p, struct probe *b);
void probe_close(struct probe *b);

/**
 * enum probe_what - what is read out
 * @PROBE_IDEAL: perfect cells at the planned ranges, computed here
 * @PROBE_BASE: the card at the ranges that compensation starts from
 * @PROBE_NOW: the card at the ranges in use
 */
enum probe_what {
	PROBE_IDEAL,
	PROBE_BASE,
	PROBE_NOW,
};

/* Codes of every output of block @b for the probes, into @probe->out. */
int probe_read(struct nmc_plan *p, struct block *b, struct probe *probe, enum probe_what what);

#endif
