// SPDX-License-Identifier: MIT
/*
 * Products: snapshots of the conductances as the kernels want them, then a batch of vectors in blocks: sums, read
 * noise, conversion, digital scale. Documentation/card/numerics.rst states every rounding.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "card/cell/gauss.h"
#include "card/tile/tile_priv.h"
#include "hw/nmc_regs.h"

#define VAR_UNIT	256.0f	/* LSB^2 */
#define VAR_MAX		255

/* Modelled cost of a product, each vector: converters work in parallel, energy counts each. */
#define VECTOR_NS		100	/* DAC settling 10, integration 40, conversion 50 */
#define DAC_ROW_FJ		50	/* 8-bit row driver */
#define CELL_FJ			2	/* 0.2 V read of a mean cell for 40 ns */
#define ADC_FJ			1500	/* 8-bit conversion */
#define DIGITAL_VECTOR_NS	64	/* integer class: four rows a nanosecond */
#define DIGITAL_MAC_FJ		50

/*
 * Rows follow one another without padding, which would cost narrow tiles half of their memory: the kernels read whole
 * blocks of columns, beyond the end of a row what follows it, and beyond the last row this much.
 */
size_t tile_matrix_bytes(const struct tile *t, const struct tile_matrix *m)
{
	size_t beyond = (PRODUCT_BLOCK - m->cols % PRODUCT_BLOCK) % PRODUCT_BLOCK;
	size_t pairs = (size_t)(t->class->rows + 1) / 2 * m->cols + beyond;

	return (pairs * 2 * sizeof(int16_t) + 63) / 64 * 64;
}

static int matrix_alloc(struct tile *t, struct tile_matrix *m, unsigned int cols)
{
	size_t bytes;

	if (m->g)
		return 0;
	m->cols = cols;
	bytes = tile_matrix_bytes(t, m);
	m->g = aligned_alloc(64, bytes);
	if (t->class->tech->read_sigma)
		m->var = aligned_alloc(64, bytes);
	if (!m->g || (t->class->tech->read_sigma && !m->var)) {
		free(m->g);
		free(m->var);
		m->g = NULL;
		m->var = NULL;
		return -ENOMEM;
	}
	memset(m->g, 0, bytes);
	if (m->var)
		memset(m->var, 0, bytes);
	return 0;
}

static size_t matrix_at(const struct tile_matrix *m, unsigned int row, unsigned int col)
{
	return ((size_t)(row / 2) * m->cols + col) * 2 + (row & 1);
}

static inline int16_t conductance_code(float g)
{
	float x = round_half_evenf(g);

	return (int16_t)(x > 32767.0f ? 32767.0f : x);
}

static inline int16_t variance_code(float sigma_sq)
{
	float x = round_half_evenf(sigma_sq * (1.0f / VAR_UNIT));

	return (int16_t)(x > (float)VAR_MAX ? (float)VAR_MAX : x);
}

static void sigma_row(const struct tile *t, const float *g, float *sigma_sq)
{
	unsigned int i;

	for (i = 0; i < t->class->cols; i++) {
		float s = t->class->tech->read_sigma(g[i]);

		sigma_sq[i] = s * s;
	}
}

static void singles_row(struct tile *t, unsigned int row, const float *g, const float *sigma_sq)
{
	struct tile_matrix *m = &t->singles;
	unsigned int i;

	for (i = 0; i < t->class->cols; i++) {
		m->g[matrix_at(m, row, i)] = conductance_code(g[i]);
		if (m->var)
			m->var[matrix_at(m, row, i)] = variance_code(sigma_sq[i]);
	}
}

static void pairs_row(struct tile *t, unsigned int row, const float *g, const float *sigma_sq)
{
	struct tile_matrix *m = &t->pairs;
	unsigned int i;

	for (i = 0; i < t->class->outputs; i++) {
		int plus = conductance_code(g[2 * i]), minus = conductance_code(g[2 * i + 1]);

		m->g[matrix_at(m, row, i)] = (int16_t)(plus - minus);
		if (m->var)
			m->var[matrix_at(m, row, i)] = variance_code(sigma_sq[2 * i] + sigma_sq[2 * i + 1]);
	}
}

static void snapshot(struct tile *t, void (*fill)(struct tile *t, unsigned int row, const float *g, const float *s))
{
	float g[CELL_LANES], sigma_sq[CELL_LANES];
	unsigned int row;

	for (row = 0; row < t->class->rows; row++) {
		tile_row(t, row, g);
		if (t->class->tech->read_sigma)
			sigma_row(t, g, sigma_sq);
		fill(t, row, g, sigma_sq);
	}
}

int tile_need_pairs(struct tile *t)
{
	if (t->pairs_valid)
		return 0;
	if (matrix_alloc(t, &t->pairs, t->class->outputs))
		return -ENOMEM;
	snapshot(t, pairs_row);
	t->pairs_valid = true;
	return 0;
}

int tile_need_singles(struct tile *t)
{
	if (t->singles_valid)
		return 0;
	if (matrix_alloc(t, &t->singles, t->class->cols))
		return -ENOMEM;
	snapshot(t, singles_row);
	t->singles_valid = true;
	return 0;
}

static bool any_after_adc(const struct tile_mvm *m)
{
	unsigned int i;

	for (i = 0; m->columns && i < m->cols; i++)
		if (m->columns[i].flags & NMC_COLUMN_PAIR_AFTER_ADC)
			return true;
	return false;
}

int tile_mvm_begin(struct tile *t, struct tile_mvm *m)
{
	int ret = 0;

	if (tile_differential(t->class))
		ret = tile_need_pairs(t);
	if (!ret && (!tile_differential(t->class) || any_after_adc(m)))
		ret = tile_need_singles(t);
	if (ret)
		return ret;
	m->event = t->event;
	t->event += m->vectors;
	return 0;
}

/* 2^-shift, exactly. */
static double half_to_the(unsigned int shift)
{
	uint64_t bits = (uint64_t)(1023 - shift) << 52;
	double x;

	memcpy(&x, &bits, 8);
	return x;
}

static void open_convert(const struct tile_mvm *m, struct product_convert *c)
{
	unsigned int i;

	c->cols = m->cols;
	c->limit = (double)((1 << (m->adc_bits - 1)) - 1);
	for (i = 0; i < m->cols; i++) {
		const struct nmc_isa_column *col = &m->columns[i];

		c->offset[i] = (double)(int32_t)col->offset;
		c->range[i] = (double)col->adc_mult * half_to_the(col->adc_shift);
		c->scale[i] = (double)(int16_t)col->scale_mult * half_to_the(col->scale_shift);
	}
}

/**
 * struct block - scratch of one block of vectors
 * @x: codes by row pairs
 * @sq: their squares
 * @acc: sums; a row begins at column @skip before the first output
 * @var: variances
 * @skip: columns before the first output, because blocks are aligned
 * @pairs: row pairs
 */
struct block {
	int16_t x[PRODUCT_VECTORS * PRODUCT_PAIRS * 2] __attribute__((aligned(64)));
	int16_t sq[PRODUCT_VECTORS * PRODUCT_PAIRS * 2] __attribute__((aligned(64)));
	int32_t acc[PRODUCT_VECTORS * PRODUCT_COLS] __attribute__((aligned(64)));
	int32_t var[PRODUCT_VECTORS * PRODUCT_COLS] __attribute__((aligned(64)));
	unsigned int skip;
	unsigned int pairs;
};

static void block_pack(const struct tile *t, const struct tile_mvm *m, unsigned int first, unsigned int n, bool noise,
		       struct block *b)
{
	unsigned int v;

	b->pairs = (m->first_row + m->rows + 1) / 2 - m->first_row / 2;
	for (v = 0; v < n; v++) {
		const int8_t *in = m->in + (size_t)(first + v) * m->in_pitch;
		size_t at = (size_t)v * PRODUCT_PAIRS * 2;

		t->class->product->pack(b->x + at, in, m->first_row, m->rows, false);
		if (noise)
			t->class->product->pack(b->sq + at, in, m->first_row, m->rows, true);
	}
}

/* Sums, with read noise, of physical or logical columns [@col, @col + @cols) for @n vectors of event @event on. */
static void block_sum(const struct tile *t, const struct tile_mvm *m, const struct tile_matrix *w, unsigned int col,
		      unsigned int cols, uint64_t event, unsigned int n, unsigned int draw, struct block *b)
{
	const struct product_ops *k = t->class->product;
	unsigned int from = col / PRODUCT_BLOCK * PRODUCT_BLOCK;
	unsigned int end = (col + cols + PRODUCT_BLOCK - 1) / PRODUCT_BLOCK * PRODUCT_BLOCK;
	size_t first = (size_t)(m->first_row / 2) * w->cols * 2;
	unsigned int v;

	b->skip = col - from;
	k->sum(b->acc, w->g + first, w->cols, from, end - from, b->x, b->pairs, n);
	if (!w->var || !m->read_noise)
		return;
	k->sum(b->var, w->var + first, w->cols, from, end - from, b->sq, b->pairs, n);
	for (v = 0; v < n; v++) {
		struct philox_stream s = philox_stream(t->seed, t->physical, PURPOSE_PRODUCT, event + v);
		size_t at = (size_t)v * PRODUCT_COLS + b->skip;

		k->noise(b->acc + at, b->var + at, col, cols, &s, draw);
	}
}

/* Integer class: the sums are the results. */
static void block_exact(const struct tile_mvm *m, unsigned int first, unsigned int n, const struct block *b,
			struct tile_counts *counts)
{
	unsigned int v, i;

	for (v = 0; v < n; v++) {
		int32_t *out = (int32_t *)(m->out + (size_t)(first + v) * m->out_pitch);
		const int32_t *acc = b->acc + (size_t)v * PRODUCT_COLS + b->skip;

		for (i = 0; i < m->cols; i++) {
			int32_t sum = acc[i];

			if (m->accumulate && __builtin_add_overflow(out[i], acc[i], &sum)) {
				sum = acc[i] < 0 ? INT32_MIN : INT32_MAX;
				counts->saturations++;
			}
			out[i] = sum;
		}
	}
}

/* One physical column through its converter. */
static double convert_one(int32_t acc, const struct product_convert *c, unsigned int i, struct tile_counts *counts)
{
	double x = round_half_even(((double)acc + c->offset[i]) * c->range[i]);

	if (x > c->limit || x < -c->limit) {
		counts->clips++;
		x = x > c->limit ? c->limit : -c->limit;
	}
	return x;
}

/* Replaces the codes of outputs whose two columns are converted one by one. @b holds the physical columns. */
static void codes_after_adc(const struct tile_mvm *m, const struct product_convert *c, unsigned int v,
			    const struct block *b, double *code, struct tile_counts *counts)
{
	const int32_t *acc = b->acc + (size_t)v * PRODUCT_COLS + b->skip;
	unsigned int i;

	for (i = 0; i < m->cols; i++) {
		if (!(m->columns[i].flags & NMC_COLUMN_PAIR_AFTER_ADC))
			continue;
		code[i] = convert_one(acc[2 * i], c, i, counts) - convert_one(acc[2 * i + 1], c, i, counts);
	}
}

/* Codes of outputs whose pair is subtracted before conversion; the others are left for codes_after_adc(). */
static void codes_before_adc(const struct product_ops *k, const struct tile_mvm *m, const struct product_convert *c,
			     const int32_t *acc, double *code, bool mixed, struct tile_counts *counts)
{
	unsigned int i;

	if (!mixed) {
		counts->clips += k->convert(code, acc, c);
		return;
	}
	for (i = 0; i < m->cols; i++)
		if (!(m->columns[i].flags & NMC_COLUMN_PAIR_AFTER_ADC))
			code[i] = convert_one(acc[i], c, i, counts);
}

static void block_convert(const struct tile *t, const struct tile_mvm *m, const struct product_convert *c,
			  unsigned int first, unsigned int n, struct block *b, struct tile_counts *counts)
{
	const struct product_ops *k = t->class->product;
	bool mixed = any_after_adc(m);
	unsigned int v;

	for (v = 0; v < n; v++) {
		int32_t *out = (int32_t *)(m->out + (size_t)(first + v) * m->out_pitch);
		uint64_t event = m->event + first + v;
		double code[PRODUCT_COLS];

		codes_before_adc(k, m, c, b->acc + (size_t)v * PRODUCT_COLS + b->skip, code, mixed, counts);
		if (mixed) {
			struct block one = { .pairs = b->pairs };

			memcpy(one.x, b->x + (size_t)v * PRODUCT_PAIRS * 2, sizeof(*one.x) * PRODUCT_PAIRS * 2);
			memcpy(one.sq, b->sq + (size_t)v * PRODUCT_PAIRS * 2, sizeof(*one.sq) * PRODUCT_PAIRS * 2);
			block_sum(t, m, &t->singles, 2 * m->first_col, 2 * m->cols, event, 1, 1, &one);
			codes_after_adc(m, c, 0, &one, code, counts);
		}
		counts->saturations += k->scale(out, code, c, m->accumulate);
	}
}

void tile_mvm(const struct tile *t, const struct tile_mvm *m, unsigned int first, unsigned int n,
	      struct tile_counts *counts)
{
	const struct tile_matrix *w = tile_differential(t->class) ? &t->pairs : &t->singles;
	bool noise = w->var && m->read_noise;
	struct product_convert convert;
	struct block b;
	unsigned int part;

	if (m->columns)
		open_convert(m, &convert);
	for (; n; first += part, n -= part) {
		part = n < PRODUCT_VECTORS ? n : PRODUCT_VECTORS;
		block_pack(t, m, first, part, noise, &b);
		block_sum(t, m, w, m->first_col, m->cols, m->event + first, part, 0, &b);
		if (m->columns)
			block_convert(t, m, &convert, first, part, &b, counts);
		else
			block_exact(m, first, part, &b, counts);
	}
}

struct tile_cost tile_mvm_cost(const struct tile_class *class, unsigned int rows, unsigned int cols, unsigned int vectors)
{
	unsigned int physical = tile_differential(class) ? 2 * cols : cols;
	uint64_t cells = (uint64_t)rows * physical;

	if (!(class->tech->flags & NMC_CLASS_CONVERTERS))
		return (struct tile_cost){
			.time = { .ns = (uint64_t)vectors * DIGITAL_VECTOR_NS },
			.energy_fj = vectors * cells * DIGITAL_MAC_FJ,
		};
	return (struct tile_cost){
		.time = { .ns = (uint64_t)vectors * VECTOR_NS },
		.energy_fj = vectors * ((uint64_t)rows * DAC_ROW_FJ + cells * CELL_FJ + (uint64_t)cols * ADC_FJ),
	};
}
