/* SPDX-License-Identifier: MIT */
/*
 * A cell technology as a tile uses it: a deck made into tables, and kernels that work on whole rows. Lanes are cells side by
 * side. Conductances are in microsiemens where they are state and in conductance LSB where they go to the converters.
 */
#ifndef NMC_CARD_CELL_H
#define NMC_CARD_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "card/cell/deck.h"
#include "card/cell/philox.h"
#include "isa/nmc_isa.h"

#define CELL_LANES	512	/* most cells handled side by side: one row of the widest tile */

/* Conductance LSB of targets, snapshots and reads, as a fraction of gmax. */
#define CELL_LSB	(1.25f / 32767.0f)

/* Functions of a conductance are tables by its code / 8: steps of 0.03 % of gmax. */
#define CELL_TABLE	4097
#define CELL_TABLE_SHIFT 3
#define CELL_TARGETS	((NMC_CONDUCTANCE_MAX >> CELL_TABLE_SHIFT) + 1)	/* entries of targets, none of which is above gmax */

#define CELL_FROZEN	4096.0f		/* a frozen deviate counts in 1/4096 */
#define CELL_EXPONENT	32768.0f	/* a frozen drift exponent counts in 1/32768 */

/**
 * enum cell_ageing - what time does to a written cell
 * @CELL_STILL: nothing beyond a shift common to all
 * @CELL_RELAXES: its deviation grows along the deck's spreads, by one frozen deviate a cell and write
 * @CELL_DRIFTS: it follows a power law, by one frozen exponent a cell and write
 */
enum cell_ageing {
	CELL_STILL,
	CELL_RELAXES,
	CELL_DRIFTS,
};

/**
 * enum cell_defect - a broken cell
 * @CELL_SOUND: none
 * @CELL_STUCK_LOW: at gmin
 * @CELL_STUCK_HIGH: at gmax
 * @CELL_DEAD: open
 * @CELL_WORN: worn out, stuck where it was
 */
enum cell_defect {
	CELL_SOUND,
	CELL_STUCK_LOW,
	CELL_STUCK_HIGH,
	CELL_DEAD,
	CELL_WORN,
};

/**
 * struct cell_tables - functions of a conductance, by its code / 8
 * @spread: of the target: deviation at each of the deck's times, LSB, never falling
 * @residual: of the target: what verify leaves, LSB
 * @nu_mean: of the target: mean drift exponent
 * @nu_sigma: of the target: its spread
 * @shift: of the target: LSB per unit of ln(t / 1 s)
 * @pink: of the target: Q, LSB or relative
 * @white: of the present conductance: white noise of a read, LSB
 */
struct cell_tables {
	float spread[DECK_SPREADS][CELL_TABLE];
	float residual[CELL_TABLE];
	float nu_mean[CELL_TABLE];
	float nu_sigma[CELL_TABLE];
	float shift[CELL_TABLE];
	float pink[CELL_TABLE];
	float white[CELL_TABLE];
};

#define CELL_BENDS	2	/* terms of a current beyond g V */

/**
 * struct cell_bend - the bend of a deck's I-V curve: what a cell carries beyond g V at full voltage, by its code / 8
 * @given: the deck states the term
 * @at: nl2(g) V and nl3(g) V^2, LSB; none is beyond half of the range of codes, and with any part of them I / V is 0..32767
 */
struct cell_bend {
	bool given[CELL_BENDS];
	float at[CELL_BENDS][CELL_TABLE];
};

/**
 * struct cell_age - what one age means to every cell of a write
 * @log_s: ln of the seconds since the write, at least 0
 * @decay: drift: ln((t + t0) / t0)
 * @leak: leakage: t over the mean time constant
 * @sigma: relaxation: deviation by target, LSB
 */
struct cell_age {
	float log_s;
	float decay;
	float leak;
	_Alignas(64) float sigma[CELL_TARGETS];
};

struct cell_tech;

/**
 * struct cell_program - one row to be programmed and verified
 * @tech: technology
 * @n: cells, at most %CELL_LANES
 * @index: which cells of the row, in order: what follows is all of the row's; NULL for the first @n
 * @cell: index of the row's first cell within the tile; the others follow
 * @target: targets in conductance LSB
 * @band: acceptance half band in LSB, 0 for the technology's default
 * @max_pulses: pulses after which a cell is given up, 0 for the technology's default
 * @device: constants fixed at manufacture (PURPOSE_DEVICE)
 * @pulse: responses of this programming (PURPOSE_PULSE)
 * @write: write noise of its pulses (PURPOSE_WRITE)
 * @count: chance in counting its pulses (PURPOSE_WEAR)
 * @g: in and out: conductance, microsiemens
 * @wear: in and out: pulses since manufacture, see card/cell/wear.h
 * @defect: in and out: enum cell_defect; a broken cell does not answer
 * @pulsed: out: whether each cell got a pulse; may be NULL
 * @net: out: SET less RESET pulses of each cell; may be NULL
 * @after: out: those that the row gave to others after each cell's last; a cell without any pulse has seen all. May be NULL
 * @row: out with @after: those of the row. Its cells are pulsed in parallel, first all that are SET, then all that are RESET
 */
struct cell_program {
	const struct cell_tech *tech;
	unsigned int n;
	const uint16_t *index;
	uint32_t cell;
	const int16_t *target;
	unsigned int band;
	unsigned int max_pulses;
	struct philox_stream device;
	struct philox_stream pulse;
	struct philox_stream write;
	struct philox_stream count;
	float *g;
	uint8_t *wear;
	uint8_t *defect;
	uint8_t *pulsed;
	int32_t *net;
	int32_t *after;
	int32_t row;
};

/**
 * struct cell_report - what programming a row took, added to what is there; rows go in parallel cell by cell
 * @time_ns: pulses and verify reads of the row, that is of its slowest cell
 * @energy_fj: energy of pulses
 * @isa: counts and histograms as the host sees them
 * @error_sq: sum of squared deviations at verify, LSB squared
 */
struct cell_report {
	uint64_t time_ns;
	uint64_t energy_fj;
	struct nmc_isa_report isa;
	uint64_t error_sq;
};

/**
 * struct cell_read - one read of cells of one write at one age
 * @slow: slow part of 1/f noise: sqrt of its logarithm; frozen for a decade of age
 * @fast: fast part: sqrt of its logarithm; new at every read
 */
struct cell_read {
	float slow;
	float fast;
};

/**
 * struct cell_kernels - one build of the physics; all builds give the same bits
 * @erased: conductances after erase pulse number @draw, microsiemens
 * @program: programs and verifies one row
 * @settle: what a write leaves behind once and for all: programming noise into @g, frozen deviates or exponents into @frozen
 * @relaxation: %CELL_TARGETS of sigma: @early, on the way to @late by @part, less what verify has left
 * @age: conductances in LSB at an age, of targets from 0 to %NMC_CONDUCTANCE_MAX; @device draws what a device was made with
 * @flicker: adds the slow part of 1/f noise to conductances in LSB; @draw: decade of age
 * @variance: variance of one read of conductances @g, LSB squared
 * @pick: takes values of cells whose write is @mine; returns how many
 */
struct cell_kernels {
	void (*erased)(const struct cell_tech *tech, const struct philox_stream *s, uint32_t cell, unsigned int n,
		       uint32_t draw, float *g);
	void (*program)(struct cell_program *p, struct cell_report *report);
	void (*settle)(const struct cell_tech *tech, const struct philox_stream *s, uint32_t cell, unsigned int n,
		       const int16_t *target, float *g, int16_t *frozen);
	void (*relaxation)(const float *early, const float *late, float part, const float *residual, float *sigma);
	void (*age)(const struct cell_tech *tech, const struct cell_age *age, const struct philox_stream *device,
		    uint32_t cell, unsigned int n, const int16_t *target, const float *g, const int16_t *frozen, float *out);
	void (*flicker)(const struct cell_tech *tech, const struct philox_stream *s, uint32_t cell, unsigned int n,
			uint32_t draw, float slow, const int16_t *target, float *g);
	void (*variance)(const struct cell_tech *tech, unsigned int n, float fast, const int16_t *target, const float *g,
			 float *var);
	unsigned int (*pick)(unsigned int n, const uint16_t *write, uint16_t mine, const float *value, float *out);
};

/**
 * struct cell_tech - a cell technology
 * @deck: what it is made of
 * @flags: NMC_CLASS_*
 * @exact: a cell holds its target exactly, at once and for ever
 * @ageing: enum cell_ageing
 * @low: lowest conductance that cells are asked for, microsiemens
 * @high: highest
 * @lsb: conductance LSB, microsiemens
 * @per_lsb: LSB a microsiemens
 * @kernels: build for this machine
 * @tables: NULL if @exact
 * @bend: NULL where current is proportional to voltage
 */
struct cell_tech {
	struct deck deck;
	uint32_t flags;
	bool exact;
	enum cell_ageing ageing;
	float low;
	float high;
	float lsb;
	float per_lsb;
	const struct cell_kernels *kernels;
	struct cell_tables *tables;
	struct cell_bend *bend;
};

extern const struct cell_kernels cell_kernels_plain;
extern const struct cell_kernels cell_kernels_avx2;
extern const struct cell_kernels cell_kernels_avx512;

/**
 * cell_tech_open() - a technology by the name of a shipped deck, "digital", or the path of a deck file
 * @name: name or path
 * @plain_c: take the baseline build whatever the machine has
 * @tech: out: to be given to cell_tech_close()
 * @error: filled on failure
 * @error_bytes: its size
 *
 * Return: 0, -ENOMEM, or the error of deck_load().
 */
int cell_tech_open(const char *name, bool plain_c, struct cell_tech **tech, char *error, size_t error_bytes);

/**
 * cell_tech_make() - a technology from a deck in memory
 * @deck: copied
 * @plain_c: as cell_tech_open()
 *
 * Return: the technology, to be given to cell_tech_close(), or NULL without memory.
 */
struct cell_tech *cell_tech_make(const struct deck *deck, bool plain_c);

void cell_tech_close(struct cell_tech *tech);

/* Ages count on a logarithmic grid: thousandths of ln(1 + t / 1 s). */
int cell_age_grid(uint64_t age_ns);

/* What age @grid means; fills in @age. */
void cell_age_at(const struct cell_tech *tech, int grid, struct cell_age *age);

/* Noise of a read at age @grid, and the decade of age that its slow part is frozen for. */
struct cell_read cell_read_at(const struct cell_tech *tech, int grid, uint32_t *decade);

/* Makes of @n codes the nearest ones that cells of the technology can be asked for: within the deck's targets and on a level. */
void cell_targets(const struct cell_tech *tech, int16_t *code, unsigned int n);

/* The same of one. */
int16_t cell_target(const struct cell_tech *tech, int16_t code);

#endif
