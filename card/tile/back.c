// SPDX-License-Identifier: MIT
/*
 * Products backwards: codes that drive columns, sums of rows.
 */
#include <string.h>
#include "card/tile/back.h"

void back_open(const struct tile *t, const struct tile_mvm *m, struct back *p)
{
	const struct tile_matrix *w = &t->matrix;

	p->m = m;
	p->step = tile_differential(t->class) && w->kind == TILE_SINGLES ? 2 : 1;
	p->count = p->step * m->cols;
	p->pairs = (m->first_row + m->rows + 1) / 2 - m->first_row / 2;
	p->at = ((size_t)(m->first_row / 2) * w->cols + p->step * m->first_col) * 2;
}

/* Codes of inputs as those of columns of the snapshot. */
static void spread(const struct back *p, const int16_t *in, int second, int16_t *x)
{
	unsigned int i;

	for (i = 0; i < p->count; i++)
		x[i] = (int16_t)(i % p->step ? second * in[i / p->step] : in[i / p->step]);
}

void back_pack(const struct tile *t, const struct back *p, unsigned int first, unsigned int n, int16_t *x, int16_t *squares,
	       unsigned int *shift)
{
	const struct product_ops *k = t->class->product;
	int16_t code[PRODUCT_COLS + 1];
	unsigned int v;

	for (v = 0; v < n; v++) {
		const int8_t *in = p->m->in + (size_t)(first + v) * p->m->in_pitch;

		k->pack(code, in, 0, p->m->cols);
		spread(p, code, -1, x + (size_t)v * PRODUCT_COLS);
		if (!squares)
			continue;
		shift[v] = k->square(code, in, 0, p->m->cols);
		spread(p, code, 1, squares + (size_t)v * PRODUCT_COLS);
	}
}

void back_sum(const struct tile *t, const struct back *p, const int16_t *matrix, const int16_t *x, unsigned int n, int32_t *acc)
{
	t->class->product->back(acc, matrix + p->at, t->matrix.cols, p->count, x, p->pairs, n);
}

void back_cells(const struct tile *t, const struct back *p, uint64_t event, const int16_t *x, unsigned int n, int32_t *acc)
{
	static const int16_t apart[2] = { 1, INT16_MIN };	/* both rows in one sum, since their codes are below 2^15 */
	const struct tile_matrix *w = &t->matrix;
	const struct product_ops *k = t->class->product;
	struct product_pair wide;
	int32_t both[PRODUCT_COLS];
	unsigned int v, pair, i;

	for (pair = 0; pair < p->pairs; pair++) {
		uint32_t cell = 2 * (p->m->first_row / 2 + pair) * t->class->cols + p->step * p->m->first_col;
		size_t at = p->at + (size_t)pair * w->cols * 2;

		k->widen(&wide, (const uint32_t *)(w->g + at), (const uint32_t *)(w->var + at), t->class->sigma_unit, p->count);
		for (v = 0; v < n; v++) {
			struct philox_stream s = philox_stream(t->seed, t->physical, PURPOSE_CELLS, event + v);
			const int16_t *code = x + (size_t)v * PRODUCT_COLS;
			int32_t *sum = acc + (size_t)v * PRODUCT_COLS + (size_t)2 * pair;

			memset(both, 0, p->count * sizeof(*both));
			k->cells(both, &wide, p->count, apart, &s, cell, t->class->cols);
			sum[0] = 0;
			sum[1] = 0;
			for (i = 0; i < p->count; i++) {
				int32_t even = both[i] & INT16_MAX;

				sum[0] += even * code[i];
				sum[1] += ((even - both[i]) >> 15) * code[i];
			}
		}
	}
}
