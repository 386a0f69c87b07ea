/* SPDX-License-Identifier: MIT */
/*
 * Streams of a plan.
 */
#ifndef NMC_EMIT_H
#define NMC_EMIT_H

#include "libnmc/compile/plan.h"
#include "libnmc/run/stream.h"

enum run_slot { RUN_PARAMS, RUN_IN, RUN_OUT, RUN_SLOTS };

/* Runs @vectors vectors: codes from slot RUN_IN, results and then struct nmc_isa_counters to slot RUN_OUT. */
int emit_run(const struct nmc_plan *p, uint32_t vectors, struct nmc_stream **stream);

/* Lets @ns nanoseconds pass for the plan's tiles. */
int emit_age(uint64_t ns, struct nmc_stream **stream);

enum probe_slot { PROBE_COLUMNS, PROBE_IN, PROBE_OUT, PROBE_SLOTS };

/* The codes of block @b for the layer's probes: conversions from slot PROBE_COLUMNS, int32 results to PROBE_OUT. */
int emit_probe(const struct nmc_plan *p, const struct block *b, struct nmc_stream **stream);

enum program_slot { PROGRAM_TARGETS, PROGRAM_REPORT, PROGRAM_SLOTS };

/* Programs block @b from int16 targets in slot PROGRAM_TARGETS; the report goes to slot PROGRAM_REPORT. */
int emit_program(const struct nmc_plan *p, const struct block *b, struct nmc_stream **stream);

#endif
