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

/*
 * Cells of one row pair as drawn for a vector: the codes of both rows in one sum, since those are below 2^15.
 */
static void draw_pair(const struct tile *t, const struct back *p, unsigned int pair, const struct philox_stream *s, int32_t *both)
{
	static const int16_t apart[2] = { 1, INT16_MIN };
	const struct tile_matrix *w = &t->matrix;
	size_t at = p->at + (size_t)pair * w->cols * 2;
	uint32_t row = 2 * (p->m->first_row / 2 + pair);

	memset(both, 0, p->count * sizeof(*both));
	t->class->product->cells(both, (const uint32_t *)(w->g + at), (const uint32_t *)(w->var + at), t->class->sigma_unit,
				 p->count, apart, s, row * t->class->cols + p->step * p->m->first_col, t->class->cols);
}

void back_cells(const struct tile *t, const struct back *p, uint64_t event, const int16_t *x, unsigned int n, int32_t *acc)
{
	int32_t both[PRODUCT_COLS];
	unsigned int v, pair, i;

	for (v = 0; v < n; v++) {
		struct philox_stream s = philox_stream(t->seed, t->physical, PURPOSE_CELLS, event + v);
		const int16_t *code = x + (size_t)v * PRODUCT_COLS;

		for (pair = 0; pair < p->pairs; pair++) {
			int32_t *sum = acc + (size_t)v * PRODUCT_COLS + (size_t)2 * pair;

			draw_pair(t, p, pair, &s, both);
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
