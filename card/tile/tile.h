/* SPDX-License-Identifier: MIT */
/*
 * One crossbar tile: cells, converters, products, program-and-verify. A tile is used by one job at a time; only
 * tile_mvm() may run in several threads at once, on disjoint vectors.
 */
#ifndef NMC_CARD_TILE_H
#define NMC_CARD_TILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "card/cell/cell.h"
#include "card/tile/clock.h"
#include "card/tile/product.h"
#include "card/tile/wire.h"

struct tile;

#define TILE_CLAMP	257	/* entries of the tables of clamped moments: g / sigma from 0 to 4 */

/**
 * struct tile_class - one kind of tile
 * @tech: cell technology
 * @product: build of the product kernels
 * @wires: build of the wire solver
 * @wire: wires; ideal ones need no solve
 * @wired: they are not ideal
 * @var_unit: unit of the variances in a snapshot, LSB squared
 * @sigma_unit: unit of the standard deviations in a snapshot for noise of each cell, LSB
 * @clamp_mean: mean of max(0, g + sigma z) less g, in sigma, by g / sigma
 * @clamp_var: its variance in sigma squared
 * @rows: physical rows, at most %NMC_ISA_MAX_ROWS
 * @cols: physical columns, even, at most %CELL_LANES
 * @outputs: outputs of a product: half of @cols for differential pairs
 */
struct tile_class {
	const struct cell_tech *tech;
	const struct product_ops *product;
	const struct wire_ops *wires;
	struct wire wire;
	bool wired;
	float var_unit;
	float sigma_unit;
	float clamp_mean[TILE_CLAMP];
	float clamp_var[TILE_CLAMP];
	uint16_t rows;
	uint16_t cols;
	uint16_t outputs;
};

#define TILE_ADC_BITS_MIN	4
#define TILE_ADC_BITS_MAX	12
#define TILE_DAC_BITS		8

/**
 * tile_class_init() - describes a kind of tile
 * @class: out
 * @tech: cell technology
 * @rows: physical rows
 * @cols: physical columns
 * @plain_c: take the baseline build of the kernels
 */
void tile_class_init(struct tile_class *class, const struct cell_tech *tech, uint16_t rows, uint16_t cols, bool plain_c);

/* Fills in the tables of clamped moments. */
void tile_class_moments(struct tile_class *class);

/**
 * tile_create() - an erased tile as it left the factory
 * @class: its kind; must outlive it
 * @seed: seed of the card
 * @physical: number of the tile, part of every draw
 *
 * Return: the tile, to be given to tile_destroy(), or NULL without memory.
 */
struct tile *tile_create(const struct tile_class *class, uint64_t seed, uint32_t physical);
void tile_destroy(struct tile *t);

/*
 * Bytes that the tile holds now, caches included: at most 16 a cell of a tile of 64 x 64 cells and more, and 6 KiB more
 * for a smaller one; for cells with a bend in their I-V curve up to 4 a cell on top.
 */
size_t tile_bytes(const struct tile *t);

/* Number of the next event: writes, reads and product vectors are numbered in one sequence of 56 bits. */
uint64_t tile_event(const struct tile *t);

/* What a product leaves out, NMC_MVM_*: bits that belong to its snapshot. */
#define TILE_MODES	(NMC_MVM_NO_READ_NOISE | NMC_MVM_CELL_NOISE | NMC_MVM_NO_WIRES | NMC_MVM_NO_SPREAD | \
			 NMC_MVM_NO_AGEING | NMC_MVM_NO_DEFECTS | NMC_MVM_NO_TEMPERATURE | NMC_MVM_NO_IV)

/**
 * enum tile_fault_kind - injected faults
 * @TILE_FAULT_CELLS: cells that are broken as @defect says
 * @TILE_FAULT_DRIFT: cells with a drift exponent of @factor times their own, plus @offset
 * @TILE_FAULT_NOISE: cells with @factor times their read noise
 * @TILE_FAULT_COLUMN: an output that always gives @code
 * @TILE_FAULT_TILE: the tile does not answer; for those who use tiles
 */
enum tile_fault_kind {
	TILE_FAULT_CELLS,
	TILE_FAULT_DRIFT,
	TILE_FAULT_NOISE,
	TILE_FAULT_COLUMN,
	TILE_FAULT_TILE,
};

#define TILE_FAULT_ALL	UINT32_MAX	/* every tile; a share of the cells */
#define TILE_FAULTS	256

/**
 * struct tile_fault - one injected fault: a rule, so that no list of cells is needed however many it hits
 * @kind: enum tile_fault_kind
 * @defect: enum cell_defect
 * @tile: physical tile, or %TILE_FAULT_ALL
 * @cell: the one cell (row-major), %TILE_FAULT_ALL for a share; for a column the output
 * @below: a cell whose draw is below this has it: share 2^32
 * @seed: of those draws
 * @factor: see above
 * @offset: see above
 * @code: see above
 */
struct tile_fault {
	enum tile_fault_kind kind;
	enum cell_defect defect;
	uint32_t tile;
	uint32_t cell;
	uint64_t below;
	uint64_t seed;
	float factor;
	float offset;
	int32_t code;
};

/**
 * struct tile_faults - injected faults, shared by all tiles of a card
 * @count: how many
 * @fault: they
 */
struct tile_faults {
	unsigned int count;
	struct tile_fault fault[TILE_FAULTS];
};

/* From now on @faults, which must outlive the tile, may apply to it; to be called again whenever they change. */
void tile_set_faults(struct tile *t, const struct tile_faults *faults);

/* Programming looks at *@cut before every row and ends there once it is not zero: the power is gone. */
void tile_set_power(struct tile *t, const int *cut);

/* Temperature of the die from now on, kelvin. */
void tile_temperature(struct tile *t, float kelvin);

/**
 * tile_sample() - lets the cells age to @now; what follows sees them so
 * @t: the tile
 * @now: card time of its set as the cells feel it: faster where it is warmer
 *
 * Ages count on a logarithmic grid (steps of 0.1 %): sampling more often changes nothing.
 */
void tile_sample(struct tile *t, struct clock now);

/**
 * struct tile_cost - modelled duration and energy of an operation
 * @time: duration
 * @energy_fj: femtojoule
 */
struct tile_cost {
	struct clock time;
	uint64_t energy_fj;
};

/**
 * struct tile_region - cells of one tile
 * @first_row: first row
 * @rows: rows
 * @first_col: first physical column
 * @cols: columns
 */
struct tile_region {
	unsigned int first_row;
	unsigned int rows;
	unsigned int first_col;
	unsigned int cols;
};

/* Values that PROGRAM accepts: 0..NMC_CONDUCTANCE_MAX, for integer classes -127..127. */
bool tile_target_valid(const struct tile_class *class, int value);

/**
 * tile_program() - program-and-verify of a region
 * @t: the tile
 * @region: within the tile
 * @targets: one row of @region->cols each @pitch bytes, checked with tile_target_valid(), 2-byte aligned
 * @pitch: bytes
 * @band: acceptance half band in LSB, 0 for the technology's default
 * @max_pulses: 0 for the technology's default
 * @end: card time at which the last pulse and the settle time have passed is *@end after the call: in @now, out end
 * @report: out
 * @cost: out: pulses and reads; the settle time is in @report alone
 *
 * Cells start from the conductance to which they have aged at @end. Those that hold the target of an earlier programming
 * without a pulse go on as they are.
 *
 * Return: 0, -ENOMEM or -ENOSPC with the tile as it was, or -EINTR if the power went: rows before that are written.
 */
int tile_program(struct tile *t, const struct tile_region *region, const void *targets, size_t pitch, unsigned int band,
		 unsigned int max_pulses, struct clock *end, struct nmc_isa_report *report, struct tile_cost *cost);

/**
 * tile_erase() - returns a region to its lowest conductance (integer classes: zero), verified
 * @t: the tile
 * @region: within the tile
 * @now: card time
 * @report: out: @given_up counts the cells that failed verification
 * @cost: out
 *
 * Return: 0, or -ENOMEM with the tile as it was.
 */
int tile_erase(struct tile *t, const struct tile_region *region, struct clock now, struct nmc_isa_report *report,
	       struct tile_cost *cost);

/**
 * tile_read() - reads a region as int16, in conductance LSB with read noise, or integer weights
 * @t: the tile
 * @region: within the tile
 * @out: one row of @region->cols each @pitch bytes, 2-byte aligned
 * @pitch: bytes
 * @cost: out
 */
void tile_read(struct tile *t, const struct tile_region *region, void *out, size_t pitch, struct tile_cost *cost);

/**
 * struct tile_mvm - a product of a batch; the fields are those of struct nmc_isa_mvm, checked
 * @in: int8 codes of the first vector
 * @in_pitch: bytes
 * @out: int32 results of the first vector
 * @out_pitch: bytes
 * @columns: conversion of each output, or row, NULL for a class without converters
 * @vectors: batch
 * @first_row: first row driven
 * @rows: rows driven
 * @first_col: first output
 * @cols: outputs
 * @back: the other way: outputs are driven and rows converted, one of @columns each
 * @adc_bits: converter resolution
 * @accumulate: add to the output
 * @mode: NMC_MVM_* that change what the product sees, of %TILE_MODES and %NMC_MVM_NO_CONVERTER_ERROR
 * @event: event number of the first vector, set by tile_mvm_begin()
 */
struct tile_mvm {
	const int8_t *in;
	size_t in_pitch;
	uint8_t *out;
	size_t out_pitch;
	const struct nmc_isa_column *columns;
	unsigned int vectors;
	unsigned int first_row;
	unsigned int rows;
	unsigned int first_col;
	unsigned int cols;
	bool back;
	unsigned int adc_bits;
	bool accumulate;
	unsigned int mode;
	uint64_t event;
};

/**
 * struct tile_counts - what a product counted
 * @clips: conversions that clipped
 * @saturations: accumulations that saturated
 */
struct tile_counts {
	uint64_t clips;
	uint64_t saturations;
};

/* Physical output of result @i of a product. */
static inline unsigned int tile_column_output(const struct nmc_isa_column *c, unsigned int first_col, unsigned int i)
{
	return c->flags & NMC_COLUMN_SOURCE ? c->source : first_col + i;
}

/* Brings the snapshot up to date and takes event numbers for the batch. Return: 0 or -ENOMEM. */
int tile_mvm_begin(struct tile *t, struct tile_mvm *m);

/* Vectors @first to @first + @n - 1 of a begun product. @counts is added to. Threads may share a product. */
void tile_mvm(const struct tile *t, const struct tile_mvm *m, unsigned int first, unsigned int n,
	      struct tile_counts *counts);

/* Results of a vector. */
static inline unsigned int tile_mvm_results(const struct tile_mvm *m)
{
	return m->back ? m->rows : m->cols;
}

/* Physical columns that carry current for its results: pairs, and references that are not results themselves. */
unsigned int tile_mvm_columns(const struct tile_class *class, const struct tile_mvm *m);

/* What a product costs: proportional to the vectors, so that a batch costs what its vectors cost one by one. */
struct tile_cost tile_mvm_cost(const struct tile_class *class, const struct tile_mvm *m);

/**
 * struct tile_scrub - what two independent reads of one row say of its programmed cells, added up; conductances in LSB
 * @cells: programmed cells
 * @square: products of both deviations from the target: on average the squared deviation, without the noise of a read
 * @sum: means of both reads
 * @target: targets
 * @most: largest deviation of the mean of both reads
 * @age: age of the first such cell on the logarithmic grid
 * @decay: its age as drift counts it: ln((t + t0) / t0)
 */
struct tile_scrub {
	unsigned int cells;
	double square;
	double sum;
	double target;
	float most;
	int age;
	float decay;
};

#define TILE_SCRUB_NS	200	/* two reads of a row */

/**
 * tile_scrub() - reads a row twice; nothing of the tile changes, and no other draw depends on it
 * @t: the tile
 * @row: which
 * @event: number of the scrub, never the same twice
 * @s: out
 */
void tile_scrub(const struct tile *t, unsigned int row, uint64_t event, struct tile_scrub *s);

/* Most pulses that a cell of @region has seen since manufacture, and cells of the tile that are known to be broken. */
uint64_t tile_wear(const struct tile *t, const struct tile_region *region);
unsigned int tile_defects(const struct tile *t);

/* True conductances in microsiemens (or weights) and targets, rows x cols; either may be NULL. Nothing changes. */
void tile_oracle(const struct tile *t, float *g, float *target);

#endif
