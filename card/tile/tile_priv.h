/* SPDX-License-Identifier: MIT */
/*
 * Inside of a tile: state of the cells and the snapshots made of it.
 */
#ifndef NMC_CARD_TILE_PRIV_H
#define NMC_CARD_TILE_PRIV_H

#include "card/tile/tile.h"

/* Partial writes that a tile remembers apart: 1 byte a cell, but no fewer and no more than so many. */
#define TILE_CELLS_A_WRITE	32u
#define TILE_LEAST_WRITES	128u
#define TILE_MOST_WRITES	2048u

/**
 * struct tile_write - one PROGRAM or ERASE that cells still remember
 * @event: its number
 * @at: card time of its last pulse
 * @age: age on the logarithmic grid as last sampled, thousandths of ln(seconds)
 * @relaxes: a programming; an erased cell stays as it is
 */
struct tile_write {
	uint64_t event;
	struct clock at;
	int age;
	bool relaxes;
};

/**
 * struct tile_matrix - cells as the product kernels want them: by row pairs
 * @cols: columns
 * @g: conductances or weights
 * @var: variance of a read in units of 256 LSB^2, at most 255; NULL without read noise
 */
struct tile_matrix {
	unsigned int cols;
	int16_t *g;
	int16_t *var;
};

/**
 * struct tile - a crossbar tile; cells in row-major order
 * @class: its kind
 * @seed: seed of the card
 * @physical: number of the tile
 * @event: next event
 * @target: what was asked for, in LSB or weights
 * @g: conductance at verify, microsiemens; NULL where a cell holds its target exactly
 * @write: index of the cell's last write
 * @writes: writes that cells remember
 * @write_count: how many
 * @write_room: room in @writes
 * @now: time as last sampled
 * @pairs: differences of the pairs; valid with @pairs_valid
 * @singles: physical columns; valid with @singles_valid
 */
struct tile {
	const struct tile_class *class;
	uint64_t seed;
	uint32_t physical;
	uint64_t event;
	int16_t *target;
	float *g;
	uint16_t *write;
	struct tile_write *writes;
	unsigned int write_count;
	unsigned int write_room;
	struct clock now;
	struct tile_matrix pairs;
	struct tile_matrix singles;
	bool pairs_valid;
	bool singles_valid;
};

static inline size_t tile_cells(const struct tile *t)
{
	return (size_t)t->class->rows * t->class->cols;
}

static inline unsigned int tile_max_writes(const struct tile *t)
{
	size_t writes = tile_cells(t) / TILE_CELLS_A_WRITE;

	return writes < TILE_LEAST_WRITES ? TILE_LEAST_WRITES : writes > TILE_MOST_WRITES ? TILE_MOST_WRITES : writes;
}

_Static_assert(sizeof(struct tile_write) <= TILE_CELLS_A_WRITE, "1 byte a cell");

static inline bool tile_differential(const struct tile_class *class)
{
	return class->outputs != class->cols;
}

/* Conductances of one row as aged, in LSB (weights for integer classes). */
void tile_row(const struct tile *t, unsigned int row, float *out);

/* Drops the snapshots after a write. */
void tile_changed(struct tile *t);

/* Makes room to remember one more write of @region. Return: 0 or -ENOMEM, and then nothing has changed. */
int tile_reserve_write(struct tile *t, const struct tile_region *region);

/* Remembers a reserved write of @region; a write of the whole tile replaces all others. */
void tile_add_write(struct tile *t, const struct tile_region *region, struct clock at, bool relaxes);

/* Bytes of one array of a matrix whose columns are known. */
size_t tile_matrix_bytes(const struct tile *t, const struct tile_matrix *m);

/* Brings a snapshot up to date. Return: 0 or -ENOMEM. */
int tile_need_pairs(struct tile *t);
int tile_need_singles(struct tile *t);

#endif
