// SPDX-License-Identifier: MIT
/*
 * Cells whose current is not proportional to voltage: I = g V + nl2(g) V^2 + nl3(g) V^3. What is beyond g V has matrices
 * of its own in the snapshot, which products multiply with powers of the input (mvm.c), or, where all inputs have one
 * amplitude, is a part of the conductance. Terms are small, and a snapshot is made seldom: one build serves all machines.
 */
#include "card/cell/gauss.h"
#include "card/tile/tile_priv.h"

#define STEP	(1.0f / (float)(1 << CELL_TABLE_SHIFT))

void tile_row_bend(const struct tile *t, unsigned int term, const float *g, float *out)
{
	const float *table = t->class->tech->bend->at[term];
	unsigned int i;

	for (i = 0; i < t->class->cols; i++) {
		float x = (g[i] < 0.0f ? 0.0f : g[i] > 32767.0f ? 32767.0f : g[i]) * STEP;
		unsigned int at = (unsigned int)(int32_t)x;

		out[i] = table[at] + (table[at + 1] - table[at]) * (x - (float)at);
	}
}

/* The difference of two of them fits, too. */
static int16_t code(float x)
{
	float y = x > 16383.0f ? 16383.0f : x < -16383.0f ? -16383.0f : x;

	return (int16_t)round_half_evenf(y);
}

void tile_encode_bend(struct tile *t, unsigned int pair, unsigned int term, const float *even, const float *odd)
{
	struct tile_matrix *m = &t->matrix;
	int16_t *to = m->bent[term] + (size_t)pair * m->cols * 2;
	unsigned int i;

	for (i = 0; i < m->cols; i++) {
		bool single = m->kind == TILE_SINGLES;
		unsigned int at = single ? i : 2 * i;

		to[2 * i] = (int16_t)(code(even[at]) - (single ? 0 : code(even[at + 1])));
		to[2 * i + 1] = (int16_t)(code(odd[at]) - (single ? 0 : code(odd[at + 1])));
	}
}
