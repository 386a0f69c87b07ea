/* SPDX-License-Identifier: MIT */
/*
 * Normal deviates in bulk, one from 16 random bits: eight from one Philox counter, for what is drawn a cell. Lanes lie so
 * that no build has to transpose: cell c of a stream is deviate (c / 16) % 8 of counter (c / 128) * 16 + c % 16.
 *
 * The deviate of 16 bits is the inverse normal distribution at the middle of one of 65536 equal shares, within 3.2e-5: its
 * tail ends at |z| = 4.325 (probability 1.5e-5), its variance is 0.99998, its fourth moment 2.9991. A quartic was fitted to
 * each octave of the tail probability for the least largest error, the last one so that it ends at 0. As everywhere on the
 * result path only IEEE-exact operations are used, in one order, so that every build gives the same bits.
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

static const uint32_t normal_lane[NORMAL_LANES] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

/* By octave of the odd number 2 m + 1, m the distance from the end of the tail: coefficients of the quartic in twice that. */
static const float normal_quartic[5][16] = {
	{
		-4.32491922f, -4.07620668f, -4.15870142f, -4.19462776f,
		-4.09705782f, -3.93660498f, -3.7686851f, -3.59360838f,
		-3.4105804f, -3.21868467f, -3.01673222f, -2.80319452f,
		-2.57613969f, -2.33311939f, -2.07099152f, -1.77830446f,
	},
	{
		0.0f, 0.0f, 0.0202948395f, 0.0306442026f,
		0.0212190691f, 0.0111407125f, 0.00583794247f, 0.00306797773f,
		0.00161849824f, 0.000858329528f, 0.00045830509f, 0.000246848445f,
		0.000134457543f, 7.43325509e-05f, 4.19214339e-05f, 2.39422861e-05f,
	},
	{
		0.0f, 0.0f, 0.0f, -0.000628441921f,
		-0.000330874522f, -8.72234305e-05f, -2.28240515e-05f, -5.9812096e-06f,
		-1.57081354e-06f, -4.14000596e-07f, -1.09628758e-07f, -2.91951352e-08f,
		-7.82538034e-09f, -2.11139173e-09f, -5.7197963e-10f, -1.47331022e-10f,
	},
	{
		0.0f, 0.0f, 0.0f, 5.78143636e-06f,
		3.09101074e-06f, 4.09283558e-07f, 5.35661258e-08f, 7.01844183e-09f,
		9.20986787e-10f, 1.21233495e-10f, 1.60290652e-11f, 2.13088965e-12f,
		2.85131294e-13f, 3.84476081e-14f, 5.23150842e-15f, 6.70337692e-16f,
	},
	{
		0.0f, 0.0f, 0.0f, 0.0f,
		-1.21077806e-08f, -8.04254385e-10f, -5.26229268e-11f, -3.44752525e-12f,
		-2.26129865e-13f, -1.48756485e-14f, -9.82760236e-16f, -6.52713531e-17f,
		-4.36269283e-18f, -2.93728992e-19f, -1.98837449e-20f, -1.1458578e-21f,
	},
};

/* Standard normal deviate of 16 random bits. */
static inline float normal_16(uint32_t bits)
{
	float s = (float)(4 * (int32_t)(int16_t)bits + 2), t = __builtin_fabsf(s);
	uint32_t octave = float_bits(t) >> 23 & 15;
	float z = normal_quartic[4][octave];

	z = normal_quartic[3][octave] + z * t;
	z = normal_quartic[2][octave] + z * t;
	z = normal_quartic[1][octave] + z * t;
	z = normal_quartic[0][octave] + z * t;
	return s < 0.0f ? -z : z;
}

#if defined(__AVX512BW__)
static inline __m512i normal_high(__m512i a, __m512i b)
{
	__m512i even = _mm512_mul_epu32(a, b);
	__m512i odd = _mm512_mul_epu32(_mm512_srli_epi64(a, 32), b);

	return _mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 32), odd);
}

/* Deviates of one half of each lane: the lower one if @half is 4, the upper one if it is 4 << 16. */
static inline __m512 normal_lanes(__m512i words, int half)
{
	const __m512 sign = _mm512_set1_ps(-0.0f);
	__m512 s = _mm512_cvtepi32_ps(_mm512_or_si512(_mm512_madd_epi16(words, _mm512_set1_epi32(half)), _mm512_set1_epi32(2)));
	__m512i octave = _mm512_srli_epi32(_mm512_castps_si512(s), 23);
	__m512 t = _mm512_andnot_ps(sign, s), z;
	unsigned int i;

	z = _mm512_permutexvar_ps(octave, _mm512_loadu_ps(normal_quartic[4]));
#pragma GCC unroll 4
	for (i = 4; i--;)
		z = _mm512_add_ps(_mm512_permutexvar_ps(octave, _mm512_loadu_ps(normal_quartic[i])), _mm512_mul_ps(z, t));
	return _mm512_xor_ps(z, _mm512_and_ps(sign, s));
}

/* The four words of each counter of word 0 = @index[i] + @base, for 16 lanes. */
NORMAL_INLINE void normal_words(const struct philox_stream *s, const uint32_t *index, uint32_t base, __m512i c[4])
{
	const __m512i ma = _mm512_set1_epi32((int)0xd2511f53), mb = _mm512_set1_epi32((int)0xcd9e8d57);
	uint32_t k0 = (uint32_t)s->seed, k1 = (uint32_t)(s->seed >> 32);
	unsigned int i;

	c[0] = _mm512_add_epi32(_mm512_loadu_si512(index), _mm512_set1_epi32((int)base));
	c[1] = _mm512_set1_epi32((int)s->tile);
	c[2] = _mm512_set1_epi32((int)s->low);
	c[3] = _mm512_set1_epi32((int)s->high);
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
}

/* The first word of each. */
NORMAL_INLINE void normal_first(const struct philox_stream *s, const uint32_t *index, uint32_t base, uint32_t *word)
{
	__m512i c[4];

	normal_words(s, index, base, c);
	_mm512_storeu_si512(word, c[0]);
}

/* Deviate d of each goes to @z[d * @pitch + i]. */
NORMAL_INLINE void normal_draw(const struct philox_stream *s, const uint32_t *index, uint32_t base, float *z, size_t pitch)
{
	__m512i c[4];
	unsigned int i;

	normal_words(s, index, base, c);
	for (i = 0; i < NORMAL_WORDS / 2; i++) {
		_mm512_storeu_ps(z + 2 * i * pitch, normal_lanes(c[i], 4));
		_mm512_storeu_ps(z + (2 * i + 1) * pitch, normal_lanes(c[i], 4 << 16));
	}
}
#elif defined(__AVX2__)
/* Both halves of 32 x 32 bits: @high and the low one returned. */
static inline __m256i normal_product(__m256i a, __m256i b, __m256i *high)
{
	__m256i even = _mm256_mul_epu32(a, b);
	__m256i odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), b);

	*high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
	return _mm256_mullo_epi32(a, b);
}

/* Entries @octave of half a table, which must be in a register: with a memory operand some machines take twice as long. */
static inline __m256 normal_look_up(const float *table, __m256i octave)
{
	__m256 entry;

	__asm__("vpermps %1, %2, %0" : "=x"(entry) : "x"(_mm256_loadu_ps(table)), "x"(octave));
	return entry;
}

/* Entries of a table for @s; of its upper half alone unless @whole. */
NORMAL_INLINE __m256 normal_entry(const float *table, __m256i s, bool whole)
{
	__m256i octave = _mm256_srli_epi32(s, 23);
	__m256 upper = normal_look_up(table + 8, octave);

	if (!whole)
		return upper;
	return _mm256_blendv_ps(normal_look_up(table, octave), upper, _mm256_castsi256_ps(_mm256_slli_epi32(s, 5)));
}

NORMAL_INLINE void normal_poly(const __m256 s[2], bool whole, __m256 z[2])
{
	const __m256 sign = _mm256_set1_ps(-0.0f);
	unsigned int i, k;

#pragma GCC unroll 2
	for (k = 0; k < 2; k++)
		z[k] = normal_entry(normal_quartic[4], _mm256_castps_si256(s[k]), whole);
#pragma GCC unroll 4
	for (i = 4; i--;)
#pragma GCC unroll 2
		for (k = 0; k < 2; k++)
			z[k] = _mm256_add_ps(normal_entry(normal_quartic[i], _mm256_castps_si256(s[k]), whole),
					     _mm256_mul_ps(z[k], _mm256_andnot_ps(sign, s[k])));
#pragma GCC unroll 2
	for (k = 0; k < 2; k++)
		z[k] = _mm256_xor_ps(z[k], _mm256_and_ps(sign, s[k]));
}

/*
 * Deviates of both halves of each lane, step by step side by side, since each has to wait for its last step. In 15 of 16 cases
 * none of sixteen is so far out that it needs the lower half of the tables: bit 3 of the octave, 26 of the number, is set.
 */
NORMAL_INLINE void normal_lanes(__m256i words, __m256 z[2])
{
	const __m256i two = _mm256_set1_epi32(2);
	__m256 s[2] = {
		_mm256_cvtepi32_ps(_mm256_or_si256(_mm256_madd_epi16(words, _mm256_set1_epi32(4)), two)),
		_mm256_cvtepi32_ps(_mm256_or_si256(_mm256_madd_epi16(words, _mm256_set1_epi32(4 << 16)), two)),
	};
	__m256i inner = _mm256_slli_epi32(_mm256_castps_si256(_mm256_and_ps(s[0], s[1])), 5);

	if (__builtin_expect(_mm256_movemask_ps(_mm256_castsi256_ps(inner)) == 0xff, 1))
		normal_poly(s, false, z);
	else
		normal_poly(s, true, z);
}

/*
 * The four words of each counter of word 0 = @index[i] + @base, for 16 lanes: two registers, of which one hides the other's
 * delays.
 */
NORMAL_INLINE void normal_words(const struct philox_stream *s, const uint32_t *index, uint32_t base, __m256i c[2][4])
{
	const __m256i ma = _mm256_set1_epi32((int)0xd2511f53), mb = _mm256_set1_epi32((int)0xcd9e8d57);
	const uint32_t key0 = (uint32_t)s->seed, key1 = (uint32_t)(s->seed >> 32);
	const uint64_t b = (uint64_t)0xcd9e8d57 * s->low, a = (uint64_t)0xd2511f53 * ((uint32_t)(b >> 32) ^ s->tile ^ key0);
	const __m256i second = _mm256_set1_epi32((int)(s->high ^ key1));
	const __m256i third[2] = { _mm256_set1_epi32((int)((uint32_t)b ^ (key0 + 0x9e3779b9))),
				   _mm256_set1_epi32((int)((uint32_t)(a >> 32) ^ (key1 + 0xbb67ae85))) };
	__m256i k0 = _mm256_set1_epi32((int)(key0 + 2 * 0x9e3779b9)), k1 = _mm256_set1_epi32((int)(key1 + 2 * 0xbb67ae85));
	unsigned int i, h;

	/* Two rounds of which half is the same for all lanes: but for the index counters are. */
#pragma GCC unroll 2
	for (h = 0; h < 2; h++) {
		__m256i lane = _mm256_loadu_si256((const __m256i *)(index + 8 * h)), high;
		__m256i rest = normal_product(_mm256_add_epi32(lane, _mm256_set1_epi32((int)base)), ma, &high);

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
}

/* The first word of each. */
NORMAL_INLINE void normal_first(const struct philox_stream *s, const uint32_t *index, uint32_t base, uint32_t *word)
{
	__m256i c[2][4];

	normal_words(s, index, base, c);
	_mm256_storeu_si256((__m256i *)word, c[0][0]);
	_mm256_storeu_si256((__m256i *)(word + 8), c[1][0]);
}

/* Deviate d of each goes to @z[d * @pitch + i]. */
NORMAL_INLINE void normal_draw(const struct philox_stream *s, const uint32_t *index, uint32_t base, float *z, size_t pitch)
{
	__m256i c[2][4];
	unsigned int i, h;

	normal_words(s, index, base, c);
	for (i = 0; i < NORMAL_WORDS / 2; i++) {
		for (h = 0; h < 2; h++) {
			__m256 both[2];

			normal_lanes(c[h][i], both);
			_mm256_storeu_ps(z + 2 * i * pitch + 8 * h, both[0]);
			_mm256_storeu_ps(z + (2 * i + 1) * pitch + 8 * h, both[1]);
		}
	}
}
#else
/* The first word of each counter of word 0 = @index[i] + @base, for 16 lanes. */
NORMAL_INLINE void normal_first(const struct philox_stream *s, const uint32_t *index, uint32_t base, uint32_t *word)
{
	unsigned int i;

	for (i = 0; i < NORMAL_LANES; i++) {
		uint32_t r[4];

		philox_draw(s, index[i] + base, r);
		word[i] = r[0];
	}
}

/* Deviate d of each goes to @z[d * @pitch + i]. */
NORMAL_INLINE void normal_draw(const struct philox_stream *s, const uint32_t *index, uint32_t base, float *z, size_t pitch)
{
	unsigned int i, w;

	for (i = 0; i < NORMAL_LANES; i++) {
		uint32_t r[4];

		philox_draw(s, index[i] + base, r);
		for (w = 0; w < NORMAL_WORDS / 2; w++) {
			z[2 * w * pitch + i] = normal_16(r[w] & 0xffff);
			z[(2 * w + 1) * pitch + i] = normal_16(r[w] >> 16);
		}
	}
}
#endif

/* Deviates of cells @first to @first + @n - 1 of draw @draw; @z has room for @n + 2 NORMAL_BLOCK; returns where they begin. */
static inline const float *normal_cells(const struct philox_stream *s, uint32_t first, unsigned int n, uint32_t draw, float *z)
{
	uint32_t block = first / NORMAL_BLOCK, end = (first + n + NORMAL_BLOCK - 1) / NORMAL_BLOCK, b;

	for (b = block; b < end; b++)
		normal_draw(s, normal_lane, (b * NORMAL_LANES) | draw << PHILOX_DRAW_SHIFT, z + (size_t)(b - block) * NORMAL_BLOCK,
			    NORMAL_LANES);
	return z + first % NORMAL_BLOCK;
}

#endif
