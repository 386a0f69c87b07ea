/* SPDX-License-Identifier: MIT */
/*
 * Half-selected cells of a passive array: pulses are noted while a region is written; rows that are yet to be written feel
 * them when their turn comes, all others at the end.
 */
#ifndef NMC_CARD_DISTURB_H
#define NMC_CARD_DISTURB_H

#include "card/tile/tile_priv.h"

/**
 * struct disturb - pulses of the rows of a region, SET less RESET
 * @region: what is written
 * @net: of each cell, row by row; NULL where half-selected cells feel nothing
 * @after: of its row after its own last
 * @row: of each row
 * @column: of each column of the tile, in the rows before the one that is written
 */
struct disturb {
	struct tile_region region;
	int32_t *net;
	int32_t *after;
	int32_t *row;
	int32_t column[CELL_LANES];
};

/* Return: 0 or -ENOMEM; disturb_close() ends it. */
int disturb_open(const struct tile *t, const struct tile_region *region, struct disturb *d);

/* A row whose turn it is feels what the rows before it did to its columns. */
void disturb_before(struct tile *t, struct disturb *d, unsigned int row);

/* What was noted of the first @rows rows is felt by the cells of the tile. */
void disturb_close(struct tile *t, struct disturb *d, unsigned int rows);

#endif
