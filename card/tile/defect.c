// SPDX-License-Identifier: MIT
/*
 * Broken cells of a tile: those that left the factory so, and those that wore out. Injected ones (fault.c) come on top
 * whenever a row is looked at.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "card/tile/tile_priv.h"

/* First entry whose cell is not before @cell. */
static unsigned int defect_at(const struct tile *t, uint32_t cell)
{
	unsigned int low = 0, high = t->defect_count;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (t->defects[middle] >> TILE_DEFECT_BITS < cell)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool tile_row_defects(const struct tile *t, unsigned int row, uint8_t *defect)
{
	uint32_t first = row * t->class->cols;
	unsigned int i = defect_at(t, first);
	bool any = false;

	memset(defect, CELL_SOUND, t->class->cols);
	for (; i < t->defect_count && t->defects[i] >> TILE_DEFECT_BITS < first + t->class->cols; i++) {
		defect[(t->defects[i] >> TILE_DEFECT_BITS) - first] = t->defects[i] & ((1 << TILE_DEFECT_BITS) - 1);
		any = true;
	}
	return (tile_injected(t) && tile_fault_cells(t, row, defect)) || any;
}

static int make_room(struct tile *t)
{
	unsigned int room = t->defect_room ? t->defect_room * 2 : 64;
	uint32_t *more;

	if (t->defect_count < t->defect_room)
		return 0;
	more = realloc(t->defects, room * sizeof(*more));
	if (!more)
		return -ENOMEM;
	t->defects = more;
	t->defect_room = room;
	return 0;
}

void tile_add_defect(struct tile *t, uint32_t cell, enum cell_defect defect)
{
	unsigned int at = defect_at(t, cell);

	if (at < t->defect_count && t->defects[at] >> TILE_DEFECT_BITS == cell) {
		t->defects[at] = cell << TILE_DEFECT_BITS | defect;
		return;
	}
	if (make_room(t))
		return;
	memmove(t->defects + at + 1, t->defects + at, (t->defect_count - at) * sizeof(*t->defects));
	t->defects[at] = cell << TILE_DEFECT_BITS | defect;
	t->defect_count++;
}

int tile_make_defects(struct tile *t)
{
	const struct deck_defects *d = &t->class->tech->deck.defects;
	const struct philox_stream s = philox_stream(t->seed, t->physical, PURPOSE_DEFECT, 0);
	const double one = 4294967296.0;
	const double low = d->stuck_low * one, high = low + d->stuck_high * one, dead = high + d->dead * one;
	uint32_t cell, r[4];

	if (dead <= 0.0)
		return 0;
	for (cell = 0; cell < tile_cells(t); cell++) {
		philox_draw(&s, cell, r);
		if (r[0] >= dead)
			continue;
		if (make_room(t))
			return -ENOMEM;
		t->defects[t->defect_count++] = cell << TILE_DEFECT_BITS |
						(r[0] < low ? CELL_STUCK_LOW : r[0] < high ? CELL_STUCK_HIGH : CELL_DEAD);
	}
	return 0;
}
