// SPDX-License-Identifier: MIT
/*
 * What cells are to hold: pairs of conductances whose difference is a weight, around cells that are broken; or conductances
 * that differ by a weight from those of one column.
 */
#include <stdlib.h>
#include <string.h>
#include "libnmc/compile/plan.h"
#include "libnmc/error.h"

static int within(int x, int low, int high)
{
	return x < low ? low : x > high ? high : x;
}

int plan_pair(const struct nmc_plan *p, int d, const int16_t *stuck, int16_t *target)
{
	int low = conductance_min(p), plus = low + (d > 0 ? d : 0), minus = low + (d < 0 ? -d : 0);

	if (p->scheme == NMC_SCHEME_OFFSET) {
		minus = low + offset_half(p);
		plus = minus + d;
	}
	if (stuck[0] >= 0)
		plus = stuck[0];
	if (stuck[1] >= 0)
		minus = stuck[1];
	if (stuck[0] >= 0 && stuck[1] < 0)
		minus = within(plus - d, low, conductance_max(p));
	if (stuck[1] >= 0 && stuck[0] < 0)
		plus = within(minus + d, low, conductance_max(p));
	target[0] = (int16_t)within(plus, 0, NMC_CONDUCTANCE_MAX);
	target[1] = (int16_t)within(minus, 0, NMC_CONDUCTANCE_MAX);
	return plus - minus - d;
}

int plan_place_outputs(const struct nmc_plan *p, struct block *b)
{
	unsigned int c;

	b->span = b->cols + plan_refers(p);
	b->place = malloc(b->cols * sizeof(*b->place));
	for (c = 0; b->place && c < b->cols; c++)
		b->place[c] = (uint16_t)c;
	return b->place ? 0 : fail_memory();
}

bool plan_retarget(const struct nmc_plan *p, struct block *b)
{
	static const int16_t sound[2] = { -1, -1 };
	unsigned int step = p->class.differential ? 2 : 1, r, c;
	int middle = plan_refers(p) ? conductance_min(p) + offset_half(p) : 0;
	int16_t target[2];
	bool changed = false;

	for (r = 0; r < b->rows; r++) {
		if (plan_refers(p))
			b->target[(size_t)r * b->span + b->cols] = (int16_t)middle;
		for (c = 0; c < b->cols; c++) {
			int16_t *to = b->target + ((size_t)r * b->span + b->place[c]) * step;
			int d = plan_difference(b, r, c);

			target[0] = (int16_t)(middle + d);
			if (p->class.differential)
				plan_pair(p, d, b->stuck ? b->stuck + (to - b->target) : sound, target);
			changed |= memcmp(to, target, step * sizeof(*to));
			memcpy(to, target, step * sizeof(*to));
		}
	}
	return changed;
}

/* Each output relative to the column behind them all. */
static void refer_columns(struct block *b)
{
	unsigned int c;

	for (c = 0; c < b->cols; c++) {
		b->columns[c].flags = NMC_COLUMN_REFERENCE;
		b->columns[c].reference = (uint16_t)b->cols;
	}
}

/* What the plan wants of each pair, by rows. */
static void fill_wanted(const struct nmc_plan *p, struct block *b)
{
	unsigned int r, c;

	for (c = 0; c < b->cols; c++) {
		const int16_t *w = plan_weights(p, b->layer, b->part, b->first_out + c) + b->first_in;

		b->sign[c] = 1;
		for (r = 0; r < b->rows; r++)
			b->wanted[(size_t)r * b->cols + c] = w[r];
	}
}

static struct nmc_isa_column *copy_columns(const struct block *b)
{
	struct nmc_isa_column *copy = malloc(b->cols * sizeof(*copy));

	if (copy)
		memcpy(copy, b->columns, b->cols * sizeof(*copy));
	return copy;
}

static int block_targets(const struct nmc_plan *p, struct block *b)
{
	int ret = plan_place_outputs(p, b);

	if (ret)
		return ret;
	b->wanted = malloc((size_t)b->rows * b->cols * sizeof(*b->wanted));
	b->target = calloc(block_cells(p, b), sizeof(*b->target));
	b->sign = malloc(b->cols);
	if (!b->wanted || !b->target || !b->sign)
		return fail_memory();
	fill_wanted(p, b);
	plan_retarget(p, b);
	if (!b->columns)
		return 0;
	if (plan_refers(p))
		refer_columns(b);
	b->planned = copy_columns(b);
	b->base = copy_columns(b);
	return b->planned && b->base ? 0 : fail_memory();
}

int plan_targets(struct nmc_plan *p)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < p->blocks; i++)
		ret = block_targets(p, &p->block[i]);
	return ret;
}
