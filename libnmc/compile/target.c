// SPDX-License-Identifier: MIT
/*
 * What cells are to hold: pairs of conductances whose difference is a weight, around cells that are broken.
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

	if (stuck[0] >= 0)
		plus = stuck[0];
	if (stuck[1] >= 0)
		minus = stuck[1];
	if (stuck[0] >= 0 && stuck[1] < 0)
		minus = within(plus - d, low, NMC_CONDUCTANCE_MAX);
	if (stuck[1] >= 0 && stuck[0] < 0)
		plus = within(minus + d, low, NMC_CONDUCTANCE_MAX);
	target[0] = (int16_t)within(plus, 0, NMC_CONDUCTANCE_MAX);
	target[1] = (int16_t)within(minus, 0, NMC_CONDUCTANCE_MAX);
	return plus - minus - d;
}

int plan_difference(const struct nmc_plan *p, const struct block *b, unsigned int r, unsigned int c)
{
	unsigned int inputs = p->network->layer[b->layer].inputs;

	return b->sign[c] * p->stage[b->layer].weight[(size_t)(b->first_out + c) * inputs + b->first_in + r];
}

static void fill_targets(const struct nmc_plan *p, struct block *b)
{
	static const int16_t sound[2] = { -1, -1 };
	int16_t *to = b->target;
	unsigned int r, c;

	for (r = 0; r < b->rows; r++)
		for (c = 0; c < b->cols; c++) {
			int d = plan_difference(p, b, r, c);

			if (p->class.differential)
				plan_pair(p, d, sound, to);
			else
				*to = (int16_t)d;
			to += p->class.differential ? 2 : 1;
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
	unsigned int c;

	b->target = malloc(block_cells(p, b) * sizeof(*b->target));
	b->sign = malloc(b->cols);
	if (!b->target || !b->sign)
		return fail_memory();
	for (c = 0; c < b->cols; c++)
		b->sign[c] = 1;
	fill_targets(p, b);
	if (!b->columns)
		return 0;
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
