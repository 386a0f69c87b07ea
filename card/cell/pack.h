/* SPDX-License-Identifier: MIT */
/*
 * As many numbers as a register of the build holds, side by side, with what C has no vector operator for. Written where loops
 * over lanes are too long for a compiler: it makes branches or three operations of a choice. Every build gives the same bits.
 */
#ifndef NMC_CARD_PACK_H
#define NMC_CARD_PACK_H

#include <stdint.h>
#include <string.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif
#include "card/cell/gauss.h"

#if defined(__AVX512DQ__)
#define PACK	16
#elif defined(__AVX2__)
#define PACK	8
#else
#define PACK	4
#endif
#define PACK_INLINE	static inline __attribute__((always_inline))

typedef float pack_float __attribute__((vector_size(PACK * 4)));
typedef int32_t pack_int __attribute__((vector_size(PACK * 4)));	/* masks: all ones or 0 */
typedef uint32_t pack_word __attribute__((vector_size(PACK * 4)));

PACK_INLINE pack_float pack_load(const float *p)
{
	pack_float x;

	memcpy(&x, p, sizeof(x));
	return x;
}

PACK_INLINE void pack_store(float *p, pack_float x)
{
	memcpy(p, &x, sizeof(x));
}

PACK_INLINE pack_int pack_load_int(const int32_t *p)
{
	pack_int x;

	memcpy(&x, p, sizeof(x));
	return x;
}

PACK_INLINE void pack_store_int(int32_t *p, pack_int x)
{
	memcpy(p, &x, sizeof(x));
}

/* gcc takes four operations for what AVX2 has one for. */
PACK_INLINE pack_int pack_load_short(const int16_t *p)
{
#if PACK == 8
	return (pack_int)_mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *)p));
#else
	int16_t x __attribute__((vector_size(PACK * 2)));

	memcpy(&x, p, sizeof(x));
	return __builtin_convertvector(x, pack_int);
#endif
}

/* @x in every lane. */
PACK_INLINE pack_float pack_all(float x)
{
#if defined(__AVX512DQ__)
	return _mm512_set1_ps(x);
#elif defined(__AVX2__)
	return _mm256_set1_ps(x);
#else
	return (pack_float){ x, x, x, x };
#endif
}

/* @a where @mask is all ones, @b where it is 0. */
PACK_INLINE pack_float pack_choose(pack_int mask, pack_float a, pack_float b)
{
#if defined(__AVX512DQ__)
	return _mm512_mask_blend_ps(_mm512_movepi32_mask((__m512i)mask), b, a);
#elif defined(__AVX2__)
	return _mm256_blendv_ps(b, a, (__m256)mask);
#else
	return (pack_float)(((pack_int)a & mask) | ((pack_int)b & ~mask));
#endif
}

/* @x, but no less than @low. */
PACK_INLINE pack_float pack_at_least(pack_float x, pack_float low)
{
#if defined(__AVX512DQ__)
	return _mm512_max_ps(x, low);
#elif defined(__AVX2__)
	return _mm256_max_ps(x, low);
#else
	return pack_choose(x > low, x, low);
#endif
}

/* @x, but no more than @high. */
PACK_INLINE pack_float pack_at_most(pack_float x, pack_float high)
{
#if defined(__AVX512DQ__)
	return _mm512_min_ps(x, high);
#elif defined(__AVX2__)
	return _mm256_min_ps(x, high);
#else
	return pack_choose(x < high, x, high);
#endif
}

PACK_INLINE pack_float pack_clamp(pack_float x, pack_float low, pack_float high)
{
	return pack_at_most(pack_at_least(x, low), high);
}

PACK_INLINE pack_float pack_root(pack_float x)
{
#if defined(__AVX512DQ__)
	return _mm512_sqrt_ps(x);
#elif defined(__AVX2__)
	return _mm256_sqrt_ps(x);
#else
	return (pack_float){ __builtin_sqrtf(x[0]), __builtin_sqrtf(x[1]), __builtin_sqrtf(x[2]), __builtin_sqrtf(x[3]) };
#endif
}

/* exp2_inside() of every lane. */
PACK_INLINE pack_float pack_exp2(pack_float x)
{
	pack_float sum = x + 0x1.8p23f, r = x - (sum - 0x1.8p23f);

	return (pack_float)((pack_word)EXP2_TERMS(r) + ((pack_word)sum << 23));
}

/* Whole numbers as floats, and back towards 0. */
PACK_INLINE pack_float pack_number(pack_int x)
{
	return __builtin_convertvector(x, pack_float);
}

PACK_INLINE pack_int pack_whole(pack_float x)
{
	return __builtin_convertvector(x, pack_int);
}

/* @x where @mask is all ones, -@x where it is 0. */
PACK_INLINE pack_float pack_signed(pack_int mask, pack_float x)
{
	return (pack_float)((pack_int)x ^ (~mask & INT32_MIN));
}

PACK_INLINE pack_float pack_size(pack_float x)
{
	return (pack_float)((pack_int)x & 0x7fffffff);
}

/* A bit a lane of a mask. */
PACK_INLINE uint32_t pack_bits(pack_int mask)
{
#if defined(__AVX512DQ__)
	return _mm512_movepi32_mask((__m512i)mask);
#elif defined(__AVX2__)
	return (uint32_t)_mm256_movemask_ps((__m256)mask);
#else
	return (uint32_t)((mask[0] & 1) | (mask[1] & 2) | (mask[2] & 4) | (mask[3] & 8));
#endif
}

/* An order of lanes in which those of @bits come first, in the order they had. */
#if defined(__AVX512DQ__)
typedef __mmask16 pack_order;

PACK_INLINE pack_order pack_order_of(uint32_t bits)
{
	return (__mmask16)bits;
}
#else
typedef uint64_t pack_order;	/* a byte a lane: where it comes from */

/* Lane @i among those of @bits, in the byte that it goes to. */
#define PACK_BYTE(bits, i) \
	((uint64_t)((bits) >> (i) & 1 ? (i) : 0) << 8 * __builtin_popcount((bits) & ((1 << (i)) - 1)))
#define PACK_ORDER(bits) (PACK_BYTE(bits, 1) | PACK_BYTE(bits, 2) | PACK_BYTE(bits, 3) | PACK_BYTE(bits, 4) | \
			  PACK_BYTE(bits, 5) | PACK_BYTE(bits, 6) | PACK_BYTE(bits, 7))
#define PACK_ORDERS_4(bits) PACK_ORDER(bits), PACK_ORDER((bits) + 1), PACK_ORDER((bits) + 2), PACK_ORDER((bits) + 3)
#define PACK_ORDERS_16(bits) \
	PACK_ORDERS_4(bits), PACK_ORDERS_4((bits) + 4), PACK_ORDERS_4((bits) + 8), PACK_ORDERS_4((bits) + 12)
#define PACK_ORDERS_64(bits) \
	PACK_ORDERS_16(bits), PACK_ORDERS_16((bits) + 16), PACK_ORDERS_16((bits) + 32), PACK_ORDERS_16((bits) + 48)

static inline pack_order pack_order_of(uint32_t bits)
{
	static const pack_order order[256] = { PACK_ORDERS_64(0), PACK_ORDERS_64(64), PACK_ORDERS_64(128), PACK_ORDERS_64(192) };

	return order[bits];
}
#endif

/* Stores the lanes of @from in that order; which come behind those of @bits is undefined. */
PACK_INLINE void pack_put(void *to, const void *from, pack_order order)
{
#if defined(__AVX512DQ__)
	_mm512_storeu_si512(to, _mm512_maskz_compress_epi32(order, _mm512_loadu_si512(from)));
#elif defined(__AVX2__)
	__m256i lane = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)order));

	_mm256_storeu_si256(to, _mm256_permutevar8x32_epi32(_mm256_loadu_si256(from), lane));
#else
	uint32_t x[PACK], y[PACK], i;

	memcpy(x, from, sizeof(x));
	for (i = 0; i < PACK; i++)
		y[i] = x[order >> 8 * i & (PACK - 1)];
	memcpy(to, y, sizeof(y));
#endif
}

#endif
