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

/**
 * struct product_convert - conversion of the outputs of one product, in exact doubles
 * @cols: outputs
 * @offset: analog offset
 * @range: adc_mult / 2^adc_shift
 * @scale: scale_mult / 2^scale_shift
 * @limit: largest code
 */
struct product_convert {
	unsigned int cols;
	double offset[PRODUCT_COLS];
	double range[PRODUCT_COLS];
	double scale[PRODUCT_COLS];
	double limit;
};

/**
 * struct product_ops - one build of the kernels
 * @sum: acc[v][c] = sum over row pairs p of w[p][c][0] x[v][p][0] + w[p][c][1] x[v][p][1], for columns
 *	[@first, @first + @count), both multiples of %PRODUCT_BLOCK, of a matrix @cols wide; columns beyond
 *	@cols are read from what follows the row and mean nothing. @acc rows are %PRODUCT_COLS apart and begin
 *	at column @first. @x rows are %PRODUCT_PAIRS pairs of int16 apart
 * @pack: int8 codes to pairs of int16; rows before @first and after the last are zero; with @square the squares
 * @noise: acc[c] += half_even(sqrt(256 var[c]) z) for @n outputs; output j uses word j % 4 of draw index j / 4 with the
 *	draw number @draw; @first is the number of the first output
 * @convert: codes of one vector: ADC, clip, in place as doubles; returns the number of clips
 * @scale: half_even(code * scale) to int32, stored or added with saturation; returns the number of saturations
 */
struct product_ops {
	void (*sum)(int32_t *acc, const int16_t *w, unsigned int cols, unsigned int first, unsigned int count,
		    const int16_t *x, unsigned int pairs, unsigned int vectors);
	void (*pack)(int16_t *x, const int8_t *in, unsigned int first, unsigned int rows, bool square);
	void (*noise)(int32_t *acc, const int32_t *var, unsigned int first, unsigned int n,
		      const struct philox_stream *s, unsigned int draw);
	uint64_t (*convert)(double *code, const int32_t *acc, const struct product_convert *c);
	uint64_t (*scale)(int32_t *out, const double *code, const struct product_convert *c, bool accumulate);
};

extern const struct product_ops product_plain;
extern const struct product_ops product_avx2;
extern const struct product_ops product_avx512;

/* The best build for this machine, or the baseline one. */
const struct product_ops *product_select(bool plain_c);

#endif
