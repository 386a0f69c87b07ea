/* SPDX-License-Identifier: MIT */
/*
 * Kernels of the product: exact int32 sums of int16 conductances times int8 codes. Built for several instruction
 * sets; every build gives the same bits because the sums are exact.
 */
#ifndef NMC_CARD_PRODUCT_H
#define NMC_CARD_PRODUCT_H

#include <stdbool.h>
#include <stdint.h>
#include "card/cell/philox.h"

#define PRODUCT_BLOCK	64	/* columns are handled in blocks of so many */
#define PRODUCT_VECTORS	24	/* vectors handled together */
#define PRODUCT_PAIRS	192	/* most row pairs */
#define PRODUCT_COLS	512	/* most columns, padded */
#define PRODUCT_SQUARE	2016	/* largest square of a code; 384 rows of it times the largest variance stay exact */
#define PRODUCT_VAR	2047	/* largest variance of a difference of two cells; one cell has half of it */

/**
 * struct product_convert - conversion of the outputs of one product, in exact doubles
 * @cols: outputs
 * @bent: the converters have errors: @bias and @bend
 * @bias: offset error, codes
 * @bend: integral non-linearity, codes: the largest deviation, at 0.58 of full scale
 * @offset: analog offset
 * @range: adc_mult / 2^adc_shift
 * @scale: scale_mult / 2^scale_shift
 * @limit: largest code
 */
struct product_convert {
	unsigned int cols;
	bool bent;
	double bias[PRODUCT_COLS];
	double bend[PRODUCT_COLS];
	double offset[PRODUCT_COLS];
	double range[PRODUCT_COLS];
	double scale[PRODUCT_COLS];
	double limit;
};

/* What the converter of output @i sees, in codes before rounding; @bent as in @c, a constant in loops. */
static inline __attribute__((always_inline)) double product_level(const struct product_convert *c, const int32_t *acc,
								  unsigned int i, bool bent)
{
	double x = ((double)acc[i] + c->offset[i]) * c->range[i], u;

	if (!bent)
		return x;
	u = x / c->limit;
	u = u > 1.0 ? 1.0 : u < -1.0 ? -1.0 : u;
	return x + c->bias[i] + c->bend[i] * 2.598076211353316 * (u - u * u * u);
}

/* Whether that clips. */
static inline unsigned int product_clips(const struct product_convert *c, const int32_t *acc, unsigned int i)
{
	double x = product_level(c, acc, i, c->bent);

	return x >= c->limit + 0.5 || x <= -c->limit - 0.5;
}

/**
 * struct product_pair - the cells of two rows before they are drawn, in codes
 * @even: conductances of the first row
 * @odd: of the second
 * @even_sigma: standard deviations of the first row
 * @odd_sigma: of the second
 */
struct product_pair {
	float even[PRODUCT_COLS];
	float odd[PRODUCT_COLS];
	float even_sigma[PRODUCT_COLS];
	float odd_sigma[PRODUCT_COLS];
};

/**
 * struct product_ops - one build of the kernels
 * @sum: acc[v][c] = sum over row pairs p of w[p][c][0] x[v][p][0] + w[p][c][1] x[v][p][1], for columns
 *	[@first, @first + @count), both multiples of %PRODUCT_BLOCK, of a matrix @cols wide; columns beyond
 *	@cols are read from what follows the row and mean nothing. @acc rows are %PRODUCT_COLS apart and begin
 *	at column @first. @x rows are %PRODUCT_PAIRS pairs of int16 apart
 * @back: acc[v][2 p + r] = sum over columns c < @count of w[p][c][r] x[v][c]: sums of rows of a matrix @cols wide. @acc and
 *	@x rows are %PRODUCT_COLS apart
 * @pack: int8 codes to pairs of int16; rows before @first and after the last are zero
 * @square: the same of half_even(in^2 / 2^s) with the least s for which none exceeds %PRODUCT_SQUARE; returns s
 * @noise: acc[c] += half_even(sqrt(unit var[c]) z), at most 5e8, for @n outputs; output j uses word j % 4 of draw index j / 4 with the
 *	draw number @draw; @first is the number of the first output
 * @widen: codes of a row pair, @cols columns, and of its standard deviations in units of @unit, as numbers
 * @cells: acc[c] += sum over the two rows r of a pair of half_even(clip(g + sigma z, 0, 32767)) x[r] for @cols physical
 *	columns, one deviate z a cell, those of draw 0 for cells from @cell on (card/cell/normal.h), @pitch cells a row
 * @encode: conductances of two rows as codes of one row pair: those of @cols columns
 * @encode_pairs: the same of the differences of @outputs pairs of columns
 * @weigh: variances in units of 1 / @per_unit, at most half of %PRODUCT_VAR
 * @weigh_pairs: the sums of those of both columns of @outputs pairs
 * @convert: codes of one vector: ADC, clip, in place as doubles; returns the number of clips
 * @scale: half_even(code * scale) to int32, stored or added with saturation; returns the number of saturations
 */
struct product_ops {
	void (*sum)(int32_t *acc, const int16_t *w, unsigned int cols, unsigned int first, unsigned int count,
		    const int16_t *x, unsigned int pairs, unsigned int vectors);
	void (*back)(int32_t *acc, const int16_t *w, unsigned int cols, unsigned int count, const int16_t *x, unsigned int pairs,
		     unsigned int vectors);
	void (*pack)(int16_t *x, const int8_t *in, unsigned int first, unsigned int rows);
	unsigned int (*square)(int16_t *x, const int8_t *in, unsigned int first, unsigned int rows);
	void (*noise)(int32_t *acc, const int32_t *var, float unit, unsigned int first, unsigned int n,
		      const struct philox_stream *s, unsigned int draw);
	void (*widen)(struct product_pair *to, const uint32_t *g, const uint32_t *sigma, float unit, unsigned int cols);
	void (*cells)(int32_t *acc, const struct product_pair *w, unsigned int cols, const int16_t *x, const struct philox_stream *s,
		      uint32_t cell, unsigned int pitch);
	void (*encode)(uint32_t *to, const float *even, const float *odd, unsigned int cols);
	void (*encode_pairs)(uint32_t *to, const float *even, const float *odd, unsigned int outputs);
	void (*weigh)(uint32_t *to, const float *even, const float *odd, unsigned int cols, float per_unit);
	void (*weigh_pairs)(uint32_t *to, const float *even, const float *odd, unsigned int outputs, float per_unit);
	uint64_t (*convert)(double *code, const int32_t *acc, const struct product_convert *c);
	uint64_t (*scale)(int32_t *out, const double *code, const struct product_convert *c, bool accumulate);
};

extern const struct product_ops product_plain;
extern const struct product_ops product_avx2;
extern const struct product_ops product_avx512;

/* The best build for this machine, or the baseline one. */
const struct product_ops *product_select(bool plain_c);

#endif
