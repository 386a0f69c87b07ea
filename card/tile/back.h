/* SPDX-License-Identifier: MIT */
/*
 * Products backwards, as mvm.c takes them apart: columns are driven, rows are summed. They read the snapshot of forward
 * products: a network of resistors carries as much from a row to a column as from that column to that row, wires and
 * their terminations included.
 */
#ifndef NMC_CARD_BACK_H
#define NMC_CARD_BACK_H

#include "card/tile/tile_priv.h"

/**
 * struct back - a backward product on its way
 * @m: what is asked
 * @step: columns of the snapshot that one input drives; the second with the opposite sign
 * @at: first element of the matrices that takes part
 * @count: columns of the snapshot that are driven
 * @pairs: row pairs that are summed; results begin with the first row of the first pair
 */
struct back {
	const struct tile_mvm *m;
	unsigned int step;
	size_t at;
	unsigned int count;
	unsigned int pairs;
};

/* @m is begun: the snapshot of the tile is that of the product. */
void back_open(const struct tile *t, const struct tile_mvm *m, struct back *p);

/*
 * Codes of @n vectors from vector @first on, %PRODUCT_COLS a vector, and with @squares those of their squares, which lack
 * factors 2^@shift.
 */
void back_pack(const struct tile *t, const struct back *p, unsigned int first, unsigned int n, int16_t *x, int16_t *squares,
	       unsigned int *shift);

/* Sums of @n vectors of codes, rows of @acc %PRODUCT_COLS apart, over one of the matrices of the snapshot. */
void back_sum(const struct tile *t, const struct back *p, const int16_t *matrix, const int16_t *x, unsigned int n, int32_t *acc);

/* The same over cells that are drawn anew for each vector; event @event is that of the first. */
void back_cells(const struct tile *t, const struct back *p, uint64_t event, const int16_t *x, unsigned int n, int32_t *acc);

#endif
