/* SPDX-License-Identifier: MIT */
/*
 * Inside of a tile: state of the cells and the snapshot made of it.
 */
#ifndef NMC_CARD_TILE_PRIV_H
#define NMC_CARD_TILE_PRIV_H

#include "card/tile/tile.h"

/* Partial writes that a tile remembers apart: less than 1 byte a cell, but no fewer and no more than so many. */
#define TILE_CELLS_A_WRITE	48u
#define TILE_LEAST_WRITES	64u
#define TILE_MOST_WRITES	2048u

#define TILE_DEFECT_BITS 3	/* a defect is cell << TILE_DEFECT_BITS | enum cell_defect */

/**
 * struct tile_write - one PROGRAM or ERASE that cells still remember
 * @event: its number
 * @at_ns: time of its last pulse, as the cells feel it, nanoseconds
 * @age: age on the logarithmic grid as last sampled
 * @ages: a programming; an erased cell stays as it is
 */
struct tile_write {
	uint64_t event;
	uint64_t at_ns;
	int age;
	bool ages;
};

/**
 * enum tile_kind - what a snapshot holds
 * @TILE_NOTHING: it is not made
 * @TILE_PAIRS: differences of the pairs
 * @TILE_SINGLES: physical columns
 */
enum tile_kind {
	TILE_NOTHING,
	TILE_PAIRS,
	TILE_SINGLES,
};

/**
 * struct tile_matrix - cells as the product kernels want them: by row pairs
 * @kind: enum tile_kind
 * @mode: tile_mode() that it was made for
 * @cols: columns
 * @unit: of the variances, LSB squared: that of the class, or more where cells are noisier than the class knows
 * @bytes: of @g, and of each of the others that there is
 * @g: conductances or weights
 * @var: variance of a read in units of the class, or its root for noise of each cell; NULL without read noise
 * @bent: terms of the current beyond g V, LSB at full voltage; NULL where inputs or cells do not need them
 */
struct tile_matrix {
	enum tile_kind kind;
	unsigned int mode;
	unsigned int cols;
	float unit;
	size_t bytes;
	int16_t *g;
	int16_t *var;
	int16_t *bent[CELL_BENDS];
};

/**
 * struct tile - a crossbar tile; cells in row-major order
 * @class: its kind
 * @seed: seed of the card
 * @physical: number of the tile
 * @event: next event
 * @target: what was asked for, in LSB or weights
 * @g: conductance at verify, microsiemens; NULL where a cell holds its target exactly
 * @frozen: deviate of its relaxation or its drift exponent; NULL where time does nothing of the kind
 * @wear: pulses since manufacture, card/cell/wear.h
 * @write: index of the cell's last write
 * @writes: writes that cells remember
 * @write_count: how many
 * @write_room: room in @writes
 * @defects: broken cells in ascending order
 * @defect_count: how many
 * @defect_room: room in @defects
 * @faults: injected faults of the card; may be NULL
 * @cut: not zero once the power is gone; may be NULL
 * @now: time as last sampled
 * @kelvin: temperature
 * @matrix: snapshot
 * @solves: networks of wires solved for snapshots, ever
 * @aged: cells aged for snapshots, ever
 */
struct tile {
	const struct tile_class *class;
	uint64_t seed;
	uint32_t physical;
	uint64_t event;
	int16_t *target;
	float *g;
	int16_t *frozen;
	uint8_t *wear;
	uint16_t *write;
	struct tile_write *writes;
	unsigned int write_count;
	unsigned int write_room;
	uint32_t *defects;
	unsigned int defect_count;
	unsigned int defect_room;
	const struct tile_faults *faults;
	const int *cut;
	struct clock now;
	float kelvin;
	struct tile_matrix matrix;
	uint64_t solves;
	uint64_t aged;
};

#define TILE_AGES	4	/* writes that rows share after some passes of programming */

/**
 * struct tile_scratch - what a walk over rows keeps between them; begins with tile_scratch_begin()
 * @grid: ages that @age are made for
 * @age: the latest ages
 * @ages: how many there have been
 * @aged: cells aged
 */
struct tile_scratch {
	int grid[TILE_AGES];
	struct cell_age age[TILE_AGES];
	unsigned int ages;
	uint64_t aged;
};

/* The ages take 52 KiB: they are not zeroed for each row that is written. */
static inline void tile_scratch_begin(struct tile_scratch *s)
{
	s->ages = 0;
	s->aged = 0;
}

/* What cells of age @grid do, made once for those that come again. */
static inline const struct cell_age *tile_age(const struct cell_tech *tech, struct tile_scratch *s, int grid)
{
	unsigned int i, known = s->ages < TILE_AGES ? s->ages : TILE_AGES;

	for (i = 0; i < known; i++)
		if (s->grid[i] == grid)
			return &s->age[i];
	i = s->ages++ % TILE_AGES;
	s->grid[i] = grid;
	cell_age_at(tech, grid, &s->age[i]);
	return &s->age[i];
}

static inline size_t tile_cells(const struct tile *t)
{
	return (size_t)t->class->rows * t->class->cols;
}

static inline unsigned int tile_max_writes(const struct tile *t)
{
	size_t writes = tile_cells(t) / TILE_CELLS_A_WRITE;

	return writes < TILE_LEAST_WRITES ? TILE_LEAST_WRITES : writes > TILE_MOST_WRITES ? TILE_MOST_WRITES : writes;
}

_Static_assert(sizeof(struct tile_write) <= TILE_CELLS_A_WRITE, "less than 1 byte a cell");

/* Cells whose I-V curve has a bend, and inputs that show it: those of several amplitudes show both of its terms. */
static inline bool tile_bent(const struct tile *t, unsigned int mode)
{
	return t->class->tech->bend && !(mode & NMC_MVM_NO_IV);
}

static inline bool tile_bent_term(const struct tile *t, unsigned int mode, unsigned int term)
{
	const struct cell_tech *tech = t->class->tech;

	return tile_bent(t, mode) && !tech->deck.iv.bit_serial && tech->bend->given[term];
}

static inline bool tile_differential(const struct tile_class *class)
{
	return class->outputs != class->cols;
}

/* Cells from @col on, before column @end, that share one write. */
static inline unsigned int tile_run(const struct tile *t, size_t row_cell, unsigned int col, unsigned int end)
{
	unsigned int next = col + 1;

	if (t->write_count == 1)
		return end - col;
	while (next < end && t->write[row_cell + next] == t->write[row_cell + col])
		next++;
	return next - col;
}

/*
 * Conductances of one row as aged, in LSB (weights for integer classes), what @mode (NMC_MVM_NO_*) leaves out apart.
 * @scratch begins with zeros.
 */
void tile_row(const struct tile *t, unsigned int row, unsigned int mode, struct tile_scratch *scratch, float *out);

/*
 * Slow noise into conductances @g of a row and variance of a read into @var, LSB squared. Near zero both are moments of
 * the noise cut off there, unless @mode asks for %NMC_MVM_CELL_NOISE, where each draw is cut off.
 */
void tile_row_noise(const struct tile *t, unsigned int row, unsigned int mode, float *g, float *var);

/* What cells of conductances @g, LSB, carry beyond g V at full voltage: the term of V^2 or, @term 1, V^3, LSB. */
void tile_row_bend(const struct tile *t, unsigned int term, const float *g, float *out);

/* Codes of one term of two rows as those of a row pair of the snapshot. */
void tile_encode_bend(struct tile *t, unsigned int pair, unsigned int term, const float *even, const float *odd);

/* Drops the snapshot after a write. */
void tile_changed(struct tile *t);

/*
 * Makes room to remember one more write of @region. Return: 0, -ENOMEM, or -ENOSPC where the tile remembers all it can and
 * @region is a part of it; then nothing has changed.
 */
int tile_reserve_write(struct tile *t, const struct tile_region *region);

/* Index of the reserved write: cells of a programming take it row by row, and tile_end_write() makes it known. */
static inline uint16_t tile_next_write(const struct tile *t)
{
	return (uint16_t)t->write_count;
}

/*
 * Whether cells may keep an older write when their region is programmed: they do as long as no more than half of what a
 * tile can remember is taken, so that a programming of a whole tile always leaves room for parts.
 */
static inline bool tile_keeps_writes(const struct tile *t)
{
	return t->write_count <= tile_max_writes(t) / 2;
}

/* The programming of @region, or of some rows of it, had its last pulse at @at. */
void tile_end_write(struct tile *t, const struct tile_region *region, struct clock at);

/* Remembers that @region was erased, after tile_reserve_write(); an erase of the whole tile replaces all others. */
void tile_erased(struct tile *t, const struct tile_region *region, struct clock at);

/* Broken when it left the factory. */
static inline bool tile_made_broken(enum cell_defect defect)
{
	return defect != CELL_SOUND && defect != CELL_WORN;
}

/* What such a cell holds for ever, microsiemens. */
static inline float tile_stuck_at(const struct cell_tech *tech, enum cell_defect defect)
{
	return defect == CELL_STUCK_LOW ? tech->deck.gmin : defect == CELL_STUCK_HIGH ? tech->deck.gmax : 0.0f;
}

/* Defects of one row by column, enum cell_defect; false if there is none. */
bool tile_row_defects(const struct tile *t, unsigned int row, uint8_t *defect);

/* Some tile of the card has an injected fault: most cards never do. */
static inline bool tile_injected(const struct tile *t)
{
	return t->faults && t->faults->count;
}

/*
 * Injected faults of one row, by column. tile_fault_cells() sets the defects of those that are stuck or dead;
 * tile_fault_drift() adds to an exponent of drift, @own the exponents of the cells or NULL, and tile_fault_noise() multiplies
 * @factor. Each returns false if there is none.
 */
bool tile_fault_cells(const struct tile *t, unsigned int row, uint8_t *defect);
bool tile_fault_drift(const struct tile *t, unsigned int row, const int16_t *own, float *extra);
bool tile_fault_noise(const struct tile *t, unsigned int row, float *factor);

/* Whether the converter of an output is broken, and what it gives then. */
bool tile_fault_column(const struct tile *t, unsigned int output, int32_t *code);

/* Largest factor of noise that injected faults can make of all those that hit one cell; at least 1. */
float tile_fault_noisiest(const struct tile *t);

/* Remembers a cell that broke; it stays sound where memory lacks. */
void tile_add_defect(struct tile *t, uint32_t cell, enum cell_defect defect);

/* Draws the defects of manufacture. Return: 0 or -ENOMEM. */
int tile_make_defects(struct tile *t);

/* Brings the snapshot up to date for products with @mode. Return: 0 or -ENOMEM. */
int tile_snapshot(struct tile *t, enum tile_kind kind, unsigned int mode);

#endif
