// SPDX-License-Identifier: MIT
/*
 * Half-selected cells of a passive array. A cell is written by half the voltage on its row and half on its column; all
 * others on both feel one half, and shift a little towards the pulse: g e^(half_select (SET - RESET)).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "card/cell/normal.h"
#include "card/tile/disturb.h"

int disturb_open(const struct tile *t, const struct tile_region *region, struct disturb *d)
{
	const struct deck_wires *w = &t->class->tech->deck.wires;
	size_t cells = (size_t)region->rows * region->cols;

	*d = (struct disturb){ .region = *region };
	if (!w->passive || w->half_select <= 0.0f)
		return 0;
	d->net = calloc(2 * cells + region->rows, sizeof(*d->net));
	if (!d->net)
		return -ENOMEM;
	d->after = d->net + cells;
	d->row = d->after + cells;
	return 0;
}

/* One row of the tile after pulses that each column felt. */
static void disturb_row(struct tile *t, unsigned int row, const int32_t *felt)
{
	const struct cell_tech *tech = t->class->tech;
	float *g = t->g + (size_t)row * t->class->cols, top = 1.25f * tech->deck.gmax;
	uint8_t defect[CELL_LANES];
	unsigned int i;

	tile_row_defects(t, row, defect);
	for (i = 0; i < t->class->cols; i++) {
		bool feels = felt[i] && defect[i] != CELL_WORN;
		float x = feels ? g[i] * exp_poly(tech->deck.wires.half_select * (float)felt[i]) : g[i];

		g[i] = x > top ? top : x;
	}
}

void disturb_before(struct tile *t, struct disturb *d, unsigned int row)
{
	const struct tile_region *region = &d->region;
	const int32_t *net = row ? d->net + (size_t)(row - 1) * region->cols : NULL;
	unsigned int i;

	for (i = 0; net && i < region->cols; i++)
		d->column[region->first_col + i] += net[i];
	disturb_row(t, region->first_row + row, d->column);
}

/*
 * From the last row that was written to the first: its cells feel what their columns got since, and what the row got after
 * their own last pulse; cells of the row beside the region feel all that it got. Rows beside the region feel all of its columns.
 */
void disturb_close(struct tile *t, struct disturb *d, unsigned int rows)
{
	const struct tile_region *region = &d->region;
	int32_t felt[CELL_LANES], columns[CELL_LANES] = { 0 };
	unsigned int row, i;

	for (row = d->net ? rows : 0; row-- > 0;) {
		size_t at = (size_t)row * region->cols;

		for (i = 0; i < t->class->cols; i++)
			felt[i] = d->row[row];
		for (i = 0; i < region->cols; i++)
			felt[region->first_col + i] = columns[region->first_col + i] + d->after[at + i];
		disturb_row(t, region->first_row + row, felt);
		for (i = 0; i < region->cols; i++)
			columns[region->first_col + i] += d->net[at + i];
	}
	for (row = 0; d->net && row < t->class->rows; row++)
		if (row < region->first_row || row >= region->first_row + rows)
			disturb_row(t, row, columns);
	free(d->net);
	d->net = NULL;
}
