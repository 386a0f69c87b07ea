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

/**
 * struct region - cells of a block
 * @row: first row
 * @rows: rows
 * @col: first physical column
 * @cols: columns
 */
struct region {
	uint16_t row;
	uint16_t rows;
	uint16_t col;
	uint16_t cols;
};

#define EMIT_REGIONS	256	/* of one job */

/*
 * Programs @n regions of block @b, at most EMIT_REGIONS, from the int16 targets of the whole block in slot PROGRAM_TARGETS;
 * a report each goes to slot PROGRAM_REPORT.
 */
int emit_program(const struct nmc_plan *p, const struct block *b, const struct region *region, unsigned int n,
		 struct nmc_stream **stream);

/* Reads the cells of block @b as int16 to slot 0. */
int emit_read(const struct nmc_plan *p, const struct block *b, struct nmc_stream **stream);

#endif
