/* SPDX-License-Identifier: MIT */
/*
 * Normal deviates in bulk, one from 16 random bits: eight from one Philox counter, for what is drawn a cell. Lanes lie so
 * that no build has to transpose: cell c of a stream is deviate (c / 16) % 8 of counter (c / 128) * 16 + c % 16.
 *
 * The deviate of 16 bits is the inverse normal distribution at the middle of one of 65536 equal shares, within 5e-5: its
 * tail ends at |z| = 4.325 (probability 1.5e-5), its variance is 0.99998, its fourth moment 2.9991. The cubics were fitted
 * by least squares to each half octave of the tail probability. As everywhere on the result path only IEEE-exact
 * operations are used, in one order, so that every build gives the same bits.
 */
#ifndef NMC_CARD_NORMAL_H
#define NMC_CARD_NORMAL_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif
#include "card/cell/gauss.h"
#include "card/cell/philox.h"

#define NORMAL_LANES	16	/* counters side by side */
#define NORMAL_WORDS	8	/* deviates of one counter */
#define NORMAL_BLOCK	(NORMAL_LANES * NORMAL_WORDS)
#define NORMAL_INLINE	static inline __attribute__((always_inline))

/* By half octave of the odd number 2 m + 1, m the distance from the end of the tail: coefficients of the cubic. */
static const float normal_cubic[4][32] = {
	{
		4.32491922f, 0.0f, 0.0f, 4.07620668f,
		3.95575309f, 3.87457371f, 3.83786464f, 3.73923564f,
		3.66828322f, 3.56329632f, 3.48707342f, 3.37713814f,
		3.29716587f, 3.18155265f, 3.09724164f, 2.97501373f,
		2.88560653f, 2.75554156f, 2.66003752f, 2.5204947f,
		2.41752768f, 2.26621866f, 2.15384126f, 1.98741937f,
		1.86269629f, 1.6759305f, 1.53408229f, 1.31800103f,
		1.15030789f, 0.887135863f, 0.674446166f, 0.3186315f,
	},
	{
		0.0f, 0.0f, 0.0f, 0.0f,
		0.0f, 0.0f, -0.199478015f, -0.145160317f,
		-0.254454672f, -0.174612299f, -0.266317099f, -0.183088079f,
		-0.279739231f, -0.192828164f, -0.295271426f, -0.204219565f,
		-0.313568383f, -0.217787832f, -0.335550576f, -0.234308809f,
		-0.36260882f, -0.254996806f, -0.396976441f, -0.281882375f,
		-0.442513168f, -0.318669677f, -0.506589174f, -0.373002201f,
		-0.605487764f, -0.463966489f, -0.784884155f, -0.658957601f,
	},
	{
		0.0f, 0.0f, 0.0f, 0.0f,
		0.0f, 0.0f, 0.0f, 0.0f,
		0.109320059f, 0.0519509763f, 0.114239961f, 0.0542352684f,
		0.119307317f, 0.0567081049f, 0.12492048f, 0.0594928712f,
		0.13129808f, 0.0626823455f, 0.138643548f, 0.0663781837f,
		0.147195026f, 0.0707019791f, 0.157231942f, 0.0757848322f,
		0.169010475f, 0.0816873088f, 0.182408929f, 0.0879920274f,
		0.19509232f, 0.0914502591f, 0.190772653f, 0.065946497f,
	},
	{
		0.0f, 0.0f, 0.0f, 0.0f,
		0.0f, 0.0f, 0.0f, 0.0f,
		-0.0408930108f, -0.015063202f, -0.0428275801f, -0.0157295559f,
		-0.0446894802f, -0.0164207574f, -0.046705626f, -0.017187288f,
		-0.0489737615f, -0.0180577394f, -0.0515681356f, -0.0190595556f,
		-0.0545717105f, -0.020226039f, -0.0580894686f, -0.0216002297f,
		-0.0622595884f, -0.0232407618f, -0.0672891811f, -0.0252581518f,
		-0.0738029853f, -0.0282790139f, -0.0887525007f, -0.0451633707f,
	},
};

/* Standard normal deviate of 16 random bits. */
static inline float normal_16(uint32_t bits)
{
	uint32_t tail = bits & 0x8000 ? ~bits & 0x7fff : bits;
	uint32_t u = float_bits((float)(int32_t)(2 * tail + 1)) - 0x3f800000;
	uint32_t part = u >> 22 & 31;
	float x = bits_float((u & 0x3fffff) | 0x3f800000) - 1.0f;
	float z = normal_cubic[3][part];

	z = normal_cubic[2][part] + z * x;
	z = normal_cubic[1][part] + z * x;
	z = normal_cubic[0][part] + z * x;
	return bits & 0x8000 ? z : -z;
}

#if defined(__AVX512BW__)
static inline __m512i normal_high(__m512i a, __m512i b)
{
	__m512i even = _mm512_mul_epu32(a, b);
	__m512i odd = _mm512_mul_epu32(_mm512_srli_epi64(a, 32), b);

	return _mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 32), odd);
}

static inline __m512 normal_lanes(__m512i bits)
{
	const __m512i mask = _mm512_set1_epi32(0x7fff);
	__mmask16 upper = _mm512_test_epi32_mask(bits, _mm512_set1_epi32(0x8000));
	__m512i tail = _mm512_and_si512(_mm512_mask_xor_epi32(bits, upper, bits, mask), mask);
	__m512i odd = _mm512_add_epi32(_mm512_add_epi32(tail, tail), _mm512_set1_epi32(1));
	__m512i u = _mm512_sub_epi32(_mm512_castps_si512(_mm512_cvtepi32_ps(odd)), _mm512_set1_epi32(0x3f800000));
	__m512i part = _mm512_srli_epi32(u, 22);
	__m512i m = _mm512_or_si512(_mm512_and_si512(u, _mm512_set1_epi32(0x3fffff)), _mm512_set1_epi32(0x3f800000));
	__m512 x = _mm512_sub_ps(_mm512_castsi512_ps(m), _mm512_set1_ps(1.0f));
	__m512 z;

#define CUBIC(i) _mm512_permutex2var_ps(_mm512_loadu_ps(normal_cubic[i]), part, _mm512_loadu_ps(normal_cubic[i] + 16))
	z = CUBIC(3);
	z = _mm512_add_ps(CUBIC(2), _mm512_mul_ps(z, x));
	z = _mm512_add_ps(CUBIC(1), _mm512_mul_ps(z, x));
	z = _mm512_add_ps(CUBIC(0), _mm512_mul_ps(z, x));
#undef CUBIC
	return _mm512_mask_xor_ps(z, (__mmask16)~upper, z, _mm512_set1_ps(-0.0f));
}

/* Deviate d of counter word 0 = @index[i] | @base goes to @z[d * @pitch + i], for 16 lanes. */
NORMAL_INLINE void normal_draw(const struct philox_stream *s, const uint32_t *index, uint32_t base, float *z, size_t pitch)
{
	const __m512i ma = _mm512_set1_epi32((int)0xd2511f53), mb = _mm512_set1_epi32((int)0xcd9e8d57);
	__m512i c[4] = { _mm512_or_si512(_mm512_loadu_si512(index), _mm512_set1_epi32((int)base)),
			 _mm512_set1_epi32((int)s->tile), _mm512_set1_epi32((int)s->low), _mm512_set1_epi32((int)s->high) };
	uint32_t k0 = (uint32_t)s->seed, k1 = (uint32_t)(s->seed >> 32);
	unsigned int i;

#pragma GCC unroll 10
	for (i = 0; i < 10; i++) {
		__m512i ah = normal_high(c[0], ma), al = _mm512_mullo_epi32(c[0], ma);
		__m512i bh = normal_high(c[2], mb), bl = _mm512_mullo_epi32(c[2], mb);

		c[0] = _mm512_xor_si512(_mm512_xor_si512(bh, c[1]), _mm512_set1_epi32((int)k0));
		c[2] = _mm512_xor_si512(_mm512_xor_si512(ah, c[3]), _mm512_set1_epi32((int)k1));
		c[1] = bl;
		c[3] = al;
		k0 += 0x9e3779b9;
		k1 += 0xbb67ae85;
	}
	for (i = 0; i < 4; i++) {
		_mm512_storeu_ps(z + 2 * i * pitch, normal_lanes(c[i]));
		_mm512_storeu_ps(z + (2 * i + 1) * pitch, normal_lanes(_mm512_srli_epi32(c[i], 16)));
	}
}
#elif defined(__AVX2__)
/* Both halves of 32 x 32 bits: @high and the low one returned. */
static inline __m256i normal_product(__m256i a, __m256i b, __m256i *high)
{
	__m256i even = _mm256_mul_epu32(a, b);
	__m256i odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), b);

	*high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
	return _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
}

/* Entries @part of a quarter of a table, which must be in a register: with a memory operand some machines take twice as long. */
static inline __m256 normal_look_up(const float *table, __m256i part)
{
	__m256 entry;

	__asm__("vpermps %1, %2, %0" : "=x"(entry) : "x"(_mm256_loadu_ps(table)), "x"(part));
	return entry;
}

/* Entries @part of a table of 32; the upper half of the table alone unless @whole. */
NORMAL_INLINE __m256 normal_entry(const float *table, __m256i part, bool whole)
{
	__m256 bit3 = _mm256_castsi256_ps(_mm256_slli_epi32(part, 28)), bit4 = _mm256_castsi256_ps(_mm256_slli_epi32(part, 27));
	__m256 q2 = normal_look_up(table + 16, part);
	__m256 q3 = normal_look_up(table + 24, part);
	__m256 upper = _mm256_blendv_ps(q2, q3, bit3), q0, q1;

	if (!whole)
		return upper;
	q0 = normal_look_up(table, part);
	q1 = normal_look_up(table + 8, part);
	return _mm256_blendv_ps(_mm256_blendv_ps(q0, q1, bit3), upper, bit4);
}

NORMAL_INLINE void normal_poly(const __m256 x[2], const __m256i part[2], bool whole, __m256 z[2])
{
	unsigned int i, k;

#pragma GCC unroll 2
	for (k = 0; k < 2; k++)
		z[k] = normal_entry(normal_cubic[3], part[k], whole);
#pragma GCC unroll 3
	for (i = 3; i--;)
#pragma GCC unroll 2
		for (k = 0; k < 2; k++)
			z[k] = _mm256_add_ps(normal_entry(normal_cubic[i], part[k], whole), _mm256_mul_ps(z[k], x[k]));
}

/*
 * Deviates of both halves of each lane, step by step side by side, since each has to wait for its last step. Each half is taken
 * as the upper one: the bit below its distance from the tail becomes the 1 of 2 m + 1. In 15 of 16 cases none of sixteen is so
 * far out that it needs the lower half of the tables.
 */
NORMAL_INLINE void normal_lanes(__m256i words, __m256 z[2])
{
	__m256i bits[2] = { _mm256_slli_epi32(words, 16), words }, sign[2], part[2], u, inner;
	__m256 x[2];
	unsigned int k;

#pragma GCC unroll 2
	for (k = 0; k < 2; k++) {
		sign[k] = _mm256_srai_epi32(bits[k], 31);
		u = _mm256_or_si256(_mm256_srli_epi32(_mm256_xor_si256(bits[k], sign[k]), 15), _mm256_set1_epi32(1));
		u = _mm256_castps_si256(_mm256_cvtepi32_ps(u));
		part[k] = _mm256_srli_epi32(_mm256_sub_epi32(u, _mm256_set1_epi32(0x3f800000)), 22);
		u = _mm256_or_si256(_mm256_and_si256(u, _mm256_set1_epi32(0x3fffff)), _mm256_set1_epi32(0x3f800000));
		x[k] = _mm256_sub_ps(_mm256_castsi256_ps(u), _mm256_set1_ps(1.0f));
	}
	inner = _mm256_slli_epi32(_mm256_and_si256(part[0], part[1]), 27);
	if (__builtin_expect(_mm256_movemask_ps(_mm256_castsi256_ps(inner)) == 0xff, 1))
		normal_poly(x, part, false, z);
	else
		normal_poly(x, part, true, z);
#pragma GCC unroll 2
	for (k = 0; k < 2; k++) {
		sign[k] = _mm256_andnot_si256(sign[k], _mm256_set1_epi32((int)0x80000000));
		z[k] = _mm256_xor_ps(z[k], _mm256_castsi256_ps(sign[k]));
	}
}

/*
 * Deviate d of counter word 0 = @index[i] | @base goes to @z[d * @pitch + i], for 16 lanes: two registers, of which one hides
 * the other's delays.
 */
NORMAL_INLINE void normal_draw(const struct philox_stream *s, const uint32_t *index, uint32_t base, float *z, size_t pitch)
{
	const __m256i ma = _mm256_set1_epi32((int)0xd2511f53), mb = _mm256_set1_epi32((int)0xcd9e8d57);
	const uint32_t key0 = (uint32_t)s->seed, key1 = (uint32_t)(s->seed >> 32);
	const uint64_t b = (uint64_t)0xcd9e8d57 * s->low, a = (uint64_t)0xd2511f53 * ((uint32_t)(b >> 32) ^ s->tile ^ key0);
	const __m256i second = _mm256_set1_epi32((int)(s->high ^ key1));
	const __m256i third[2] = { _mm256_set1_epi32((int)((uint32_t)b ^ (key0 + 0x9e3779b9))),
				   _mm256_set1_epi32((int)((uint32_t)(a >> 32) ^ (key1 + 0xbb67ae85))) };
	__m256i k0 = _mm256_set1_epi32((int)(key0 + 2 * 0x9e3779b9)), k1 = _mm256_set1_epi32((int)(key1 + 2 * 0xbb67ae85));
	__m256i c[2][4];
	unsigned int i, h;

	/* Two rounds of which half is the same for all lanes: but for the index counters are. */
#pragma GCC unroll 2
	for (h = 0; h < 2; h++) {
		__m256i lane = _mm256_loadu_si256((const __m256i *)(index + 8 * h)), high;
		__m256i rest = normal_product(_mm256_or_si256(lane, _mm256_set1_epi32((int)base)), ma, &high);

		c[h][1] = normal_product(_mm256_xor_si256(high, second), mb, &high);
		c[h][0] = _mm256_xor_si256(high, third[0]);
		c[h][2] = _mm256_xor_si256(rest, third[1]);
		c[h][3] = _mm256_set1_epi32((int)(uint32_t)a);
	}
#pragma GCC unroll 8
	for (i = 2; i < 10; i++) {
#pragma GCC unroll 2
		for (h = 0; h < 2; h++) {
			__m256i ah, al = normal_product(c[h][0], ma, &ah), bh, bl = normal_product(c[h][2], mb, &bh);

			c[h][0] = _mm256_xor_si256(_mm256_xor_si256(c[h][1], k0), bh);
			c[h][2] = _mm256_xor_si256(_mm256_xor_si256(c[h][3], k1), ah);
			c[h][1] = bl;
			c[h][3] = al;
		}
		k0 = _mm256_add_epi32(k0, _mm256_set1_epi32((int)0x9e3779b9));
		k1 = _mm256_add_epi32(k1, _mm256_set1_epi32((int)0xbb67ae85));
	}
	for (i = 0; i < 4; i++) {
		for (h = 0; h < 2; h++) {
			__m256 both[2];

			normal_lanes(c[h][i], both);
			_mm256_storeu_ps(z + 2 * i * pitch + 8 * h, both[0]);
			_mm256_storeu_ps(z + (2 * i + 1) * pitch + 8 * h, both[1]);
		}
	}
}
#else
/* Deviate d of counter word 0 = @index[i] | @base goes to @z[d * @pitch + i], for 16 lanes. */
NORMAL_INLINE void normal_draw(const struct philox_stream *s, const uint32_t *index, uint32_t base, float *z, size_t pitch)
{
	unsigned int i, w;

	for (i = 0; i < NORMAL_LANES; i++) {
		uint32_t r[4];

		philox_draw(s, index[i] | base, r);
		for (w = 0; w < 4; w++) {
			z[2 * w * pitch + i] = normal_16(r[w] & 0xffff);
			z[(2 * w + 1) * pitch + i] = normal_16(r[w] >> 16);
		}
	}
}
#endif

/* Deviates of cells @first to @first + @n - 1 of draw @draw; @z has room for @n + 2 NORMAL_BLOCK; returns where they begin. */
static inline const float *normal_cells(const struct philox_stream *s, uint32_t first, unsigned int n, uint32_t draw, float *z)
{
	static const uint32_t lane[NORMAL_LANES] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
	uint32_t block = first / NORMAL_BLOCK, end = (first + n + NORMAL_BLOCK - 1) / NORMAL_BLOCK, b;

	for (b = block; b < end; b++)
		normal_draw(s, lane, (b * NORMAL_LANES) | draw << PHILOX_DRAW_SHIFT, z + (size_t)(b - block) * NORMAL_BLOCK,
			    NORMAL_LANES);
	return z + first % NORMAL_BLOCK;
}

#endif
