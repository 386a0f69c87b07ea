/* SPDX-License-Identifier: MIT */
/*
 * Arithmetic of the vector unit, one row at a time: plain integer loops that the compiler turns into vector
 * instructions. The same source is built twice, for the baseline machine and for AVX2; both give the same bits.
 */
#ifndef NMC_CARD_VECTOR_H
#define NMC_CARD_VECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "isa/nmc_isa.h"

/**
 * struct vector_ops - one build of the vector unit
 * @add: dst[i] = sat(a[i] + b[i]); returns how many saturated; dst may be a or b
 * @relu: dst[i] = max(src[i], 0); dst may be src
 * @requant: dst[i] = clip(half_even(src[i] * q->mult / 2^q->shift), lo, hi), one @q for all; dst may begin at src
 * @requant_each: the same with one @q an element
 * @lut: dst[i] = table[(u8)(src[i] + 128)]; dst may be src
 * @exceeds: whether any |src[i]| is greater than @limit, 1..127
 * @argmax: index of the largest element, the lowest index wins
 */
struct vector_ops {
	uint64_t (*add)(int32_t *dst, const int32_t *a, const int32_t *b, size_t n);
	void (*relu)(int32_t *dst, const int32_t *src, size_t n);
	void (*requant)(int8_t *dst, const int32_t *src, size_t n, const struct nmc_isa_requant *q, int lo, int hi);
	void (*requant_each)(int8_t *dst, const int32_t *src, size_t n, const struct nmc_isa_requant *q, int lo,
			     int hi);
	void (*lut)(int8_t *dst, const int8_t *src, size_t n, const int8_t *table);
	bool (*exceeds)(const int8_t *src, size_t n, int limit);
	uint32_t (*argmax)(const int32_t *src, size_t n);
};

extern const struct vector_ops vector_plain;
extern const struct vector_ops vector_avx2;

/**
 * vector_select() - the build to use on this machine
 * @plain_c: take the baseline build whatever the machine has
 */
const struct vector_ops *vector_select(int plain_c);

#endif
