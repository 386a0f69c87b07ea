/* SPDX-License-Identifier: MIT */
/*
 * A cell technology: what a tile asks of the physics of its cells. One file a technology; a new one is a new
 * struct cell_tech. Lanes are cells side by side, so that a technology works on whole rows at once.
 */
#ifndef NMC_CARD_CELL_H
#define NMC_CARD_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "card/cell/philox.h"
#include "isa/nmc_isa.h"

#define CELL_LANES	512	/* most cells handled side by side: one row of the widest tile */

/* Conductance LSB of targets, snapshots and reads, as a fraction of gmax. */
#define CELL_LSB	(1.25f / 32767.0f)

/**
 * struct cell_variable - one state variable of a cell
 * @name: short name
 * @unit: unit, empty for a number
 * @bytes: storage a cell
 */
struct cell_variable {
	const char *name;
	const char *unit;
	unsigned int bytes;
};

/**
 * struct cell_program - one row to be programmed and verified
 * @n: cells, at most %CELL_LANES
 * @cell: index of the first cell within the tile; the others follow
 * @target: targets in conductance LSB
 * @band: acceptance half band in LSB, 0 for the technology's default
 * @max_pulses: pulses after which a cell is given up, 0 for the technology's default
 * @device: constants fixed at manufacture (PURPOSE_DEVICE)
 * @pulse: responses of this programming (PURPOSE_PULSE)
 * @g: in and out: conductance, microsiemens
 */
struct cell_program {
	unsigned int n;
	uint32_t cell;
	const int16_t *target;
	unsigned int band;
	unsigned int max_pulses;
	struct philox_stream device;
	struct philox_stream pulse;
	float *g;
};

/**
 * struct cell_report - what programming a row took, added to what is there; rows go in parallel cell by cell
 * @steps: pulse-and-verify steps of the row, that is of its slowest cell
 * @energy_fj: energy of pulses and verify reads
 * @isa: counts and histograms as the host sees them
 * @error_sq: sum of squared deviations at verify, LSB squared
 */
struct cell_report {
	uint64_t steps;
	uint64_t energy_fj;
	struct nmc_isa_report isa;
	uint64_t error_sq;
};

/**
 * struct cell_tech - a cell technology
 * @name: name of the tile class made of it
 * @technology: enum nmc_technology
 * @flags: NMC_CLASS_*
 * @gmin: lowest conductance, microsiemens
 * @gmax: highest conductance, microsiemens
 * @state: state schema
 * @states: entries of it
 * @step_ns: duration of one pulse with its verify read
 * @settle_ns: time that passes at the end of PROGRAM
 * @erased: conductances after an erase, microsiemens; NULL if a cell holds its target exactly
 * @erased_max: an erased cell reads no more than this, microsiemens
 * @program: programs and verifies one row; NULL if a cell holds its target exactly
 * @advance: conductance in LSB of @n cells written with targets @target to @g and aged by e^(@log_age_milli / 1000) seconds
 * @age_limit_milli: @advance does not change beyond this age
 * @read_sigma: standard deviation of one read of conductance @g, both in LSB; 0 without read noise
 */
struct cell_tech {
	const char *name;
	uint32_t technology;
	uint32_t flags;
	float gmin;
	float gmax;
	const struct cell_variable *state;
	unsigned int states;
	uint32_t step_ns;
	uint64_t settle_ns;
	void (*erased)(const struct philox_stream *s, uint32_t cell, unsigned int n, float *g);
	float erased_max;
	void (*program)(const struct cell_program *p, struct cell_report *report);
	void (*advance)(const struct philox_stream *s, uint32_t cell, unsigned int n, const int16_t *target,
			const float *g, int log_age_milli, float *out);
	int age_limit_milli;
	float (*read_sigma)(float g);
};

extern const struct cell_tech cell_digital;
extern const struct cell_tech cell_ideal;
extern const struct cell_tech cell_rram;		/* lanes by the compiler for the baseline machine */
extern const struct cell_tech cell_rram_avx2;		/* the same bits with AVX2 */
extern const struct cell_tech cell_rram_avx512;		/* the same bits with AVX-512 */

#define CELL_NAMES "rram, ideal, digital"

/**
 * cell_find() - technology by name
 * @name: name, not NUL-terminated
 * @length: its length
 * @plain_c: take the baseline build whatever the machine has
 *
 * Return: the technology, or NULL if there is none of that name.
 */
const struct cell_tech *cell_find(const char *name, size_t length, bool plain_c);

#endif
