// SPDX-License-Identifier: MIT
/*
 * Several devices a weight: each part is programmed once the parts before have been read, and wants what they lack.
 */
#include <stdlib.h>
#include <string.h>
#include "libnmc/error.h"
#include "libnmc/run/cells.h"

/* Nearest integer of |x| < 2^51, within -most..most. */
static int16_t limited(double x, double most)
{
	x = x > most ? most : x < -most ? -most : x;
	return (int16_t)((x + 0x1.8p52) - 0x1.8p52);
}

/* Adds what a block lacks, in the unit of part 0. */
static int add_lack(struct nmc_plan *p, struct block *b, float *cells, double *lack)
{
	double scale = p->part_scale[b->part] / p->part_scale[0];
	unsigned int r, c;
	int ret = cells_read(p, b, cells);

	if (!ret && !b->held)
		b->held = malloc((size_t)b->rows * b->cols * sizeof(*b->held));
	if (!ret && !b->held)
		ret = fail_memory();
	for (c = 0; !ret && c < b->cols; c++) {
		const int16_t *w = plan_weights(p, b->layer, b->part, b->first_out + c) + b->first_in;

		for (r = 0; r < b->rows; r++) {
			const float *pair = cells + block_pair(b, r, c);
			size_t at = (size_t)r * b->cols + c;

			b->held[at] = limited(b->sign[c] * ((double)pair[0] - (double)pair[1]), INT16_MAX);
			lack[at] += scale * (w[r] - b->held[at]);
		}
	}
	return ret;
}

static void want(const struct nmc_plan *p, struct block *b, const double *lack)
{
	double scale = p->part_scale[b->part] / p->part_scale[0];
	unsigned int r, c;

	for (c = 0; c < b->cols; c++) {
		const int16_t *w = plan_weights(p, b->layer, b->part, b->first_out + c) + b->first_in;

		for (r = 0; r < b->rows; r++) {
			size_t at = (size_t)r * b->cols + c;

			b->wanted[at] = limited(w[r] + lack[at] / scale, weight_full(p));
		}
	}
	plan_retarget(p, b);
}

int devices_correct(struct nmc_plan *p, unsigned int part)
{
	size_t pairs = (size_t)p->class.rows * p->class.outputs;
	double *lack = malloc(pairs * sizeof(*lack));
	float *cells = malloc(2 * pairs * sizeof(*cells));
	unsigned int i, before;
	int ret = lack && cells ? 0 : fail_memory();

	for (i = 0; !ret && part && p->scheme == NMC_SCHEME_DEVICES && i < p->blocks; i++) {
		struct block *b = &p->block[i];
		unsigned int step = p->stage[b->layer].blocks / p->parts;

		if (b->part != part)
			continue;
		memset(lack, 0, pairs * sizeof(*lack));
		for (before = 0; !ret && before < part; before++)
			ret = add_lack(p, b - (part - before) * step, cells, lack);
		if (!ret)
			want(p, b, lack);
	}
	free(lack);
	free(cells);
	return ret;
}
