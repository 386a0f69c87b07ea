/* SPDX-License-Identifier: MIT */
/*
 * AVX-512 in plain C, included ahead of the kernels: their AVX-512 build then runs, slowly, on machines that lack it, and tests
 * compare it with the others. Each function is written after its pseudocode in the Intel 64 Software Developer's Manual,
 * volume 2; a kernel that uses an intrinsic missing here does not compile.
 */
#ifndef NMC_TEST_AVX512_IN_C_H
#define NMC_TEST_AVX512_IN_C_H

#include <immintrin.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#define __AVX512F__	1
#define __AVX512BW__	1
#define __AVX512DQ__	1
#define __AVX512VNNI__	1

#define IN_C	static __attribute__((noinline, unused))	/* once, not at each use: compilers take minutes for that */
#define EACH(i, n)	for (unsigned int i = 0; i < (n); i++)

typedef float in_c_ps __attribute__((vector_size(64)));
typedef int16_t in_c_i16 __attribute__((vector_size(64)));
typedef int32_t in_c_i32 __attribute__((vector_size(64)));
typedef uint32_t in_c_u32 __attribute__((vector_size(64)));
typedef int64_t in_c_i64 __attribute__((vector_size(64)));
typedef uint64_t in_c_u64 __attribute__((vector_size(64)));
typedef uint8_t in_c_u8 __attribute__((vector_size(64)));
typedef int32_t in_c_half __attribute__((vector_size(32)));
typedef uint16_t in_c_half_u16 __attribute__((vector_size(32)));

#define OF_PS(name, expression) \
	IN_C __m512 in_c_##name(__m512 x, __m512 y) \
	{ \
		in_c_ps r; \
		EACH(i, 16) { \
			float a = x[i], b = y[i]; \
			r[i] = (expression); \
		} \
		return r; \
	}
#define OF_LANES(name, type, expression) \
	IN_C __m512i in_c_##name(__m512i x, __m512i y) \
	{ \
		type a = (type)x, b = (type)y; \
		return (__m512i)(expression); \
	}

OF_PS(add_ps, a + b)
OF_PS(mul_ps, a * b)
OF_PS(max_ps, a > b ? a : b)	/* the second if one is no number, or both are zero */
OF_PS(min_ps, a < b ? a : b)
OF_LANES(add_epi32, in_c_u32, a + b)
OF_LANES(sub_epi32, in_c_u32, a - b)
OF_LANES(mullo_epi32, in_c_u32, a * b)
OF_LANES(mul_epu32, in_c_u64, (a & 0xffffffff) * (b & 0xffffffff))
OF_LANES(and_si512, in_c_u64, a & b)
OF_LANES(or_si512, in_c_u64, a | b)
OF_LANES(xor_si512, in_c_u64, a ^ b)

IN_C __m512 in_c_and_ps(__m512 a, __m512 b)
{
	return (__m512)((in_c_u32)a & (in_c_u32)b);
}

IN_C __m512 in_c_andnot_ps(__m512 a, __m512 b)
{
	return (__m512)(~(in_c_u32)a & (in_c_u32)b);
}

IN_C __m512 in_c_xor_ps(__m512 a, __m512 b)
{
	return (__m512)((in_c_u32)a ^ (in_c_u32)b);
}

IN_C __m512 in_c_sqrt_ps(__m512 a)
{
	in_c_ps r;

	EACH(i, 16)
		r[i] = __builtin_sqrtf(a[i]);
	return r;
}

IN_C __m512 in_c_set1_ps(float x)
{
	in_c_ps r;

	EACH(i, 16)
		r[i] = x;
	return r;
}

IN_C __m512 in_c_setzero_ps(void)
{
	return (in_c_ps){ 0 };
}

IN_C __m512i in_c_setzero_si512(void)
{
	return (__m512i){ 0 };
}

IN_C __m512i in_c_set1_epi32(int x)
{
	return (__m512i)((in_c_i32){ 0 } + x);
}

IN_C __m512i in_c_srli_epi32(__m512i a, unsigned int n)
{
	return (__m512i)((in_c_u32)a >> n);
}

IN_C __m512i in_c_slli_epi32(__m512i a, unsigned int n)
{
	return (__m512i)((in_c_u32)a << n);
}

IN_C __m512i in_c_srai_epi32(__m512i a, unsigned int n)
{
	return (__m512i)((in_c_i32)a >> (int)n);
}

IN_C __m512i in_c_srli_epi64(__m512i a, unsigned int n)
{
	return (__m512i)((in_c_u64)a >> n);
}

IN_C __m512 in_c_loadu_ps(const void *p)
{
	in_c_ps r;

	memcpy(&r, p, 64);
	return r;
}

IN_C void in_c_storeu_ps(void *p, __m512 a)
{
	memcpy(p, &a, 64);
}

IN_C __m512i in_c_loadu_si512(const void *p)
{
	__m512i r;

	memcpy(&r, p, 64);
	return r;
}

IN_C void in_c_storeu_si512(void *p, __m512i a)
{
	memcpy(p, &a, 64);
}

IN_C __m512 in_c_cvtepi32_ps(__m512i a)
{
	return __builtin_convertvector((in_c_i32)a, in_c_ps);
}

/* To the nearest, ties to even; what does not fit is the lowest number. */
IN_C __m512i in_c_cvtps_epi32(__m512 a)
{
	in_c_i32 r;

	EACH(i, 16)
		r[i] = a[i] >= -0x1p31f && a[i] < 0x1p31f ? (int32_t)lrintf(a[i]) : INT_MIN;
	return (__m512i)r;
}

IN_C __m512i in_c_cvtepu16_epi32(__m256i a)
{
	in_c_half_u16 x = (in_c_half_u16)a;
	in_c_i32 r;

	EACH(i, 16)
		r[i] = x[i];
	return (__m512i)r;
}

IN_C __m256i in_c_cvtepi64_epi32(__m512i a)
{
	in_c_u64 x = (in_c_u64)a;
	in_c_half r;

	EACH(i, 8)
		r[i] = (int32_t)(uint32_t)x[i];
	return (__m256i)r;
}

IN_C __m512i in_c_castps_si512(__m512 a)
{
	return (__m512i)a;
}

IN_C __m512 in_c_permutexvar_ps(__m512i index, __m512 a)
{
	in_c_u32 k = (in_c_u32)index;
	in_c_ps r;

	EACH(i, 16)
		r[i] = a[k[i] & 15];
	return r;
}

IN_C __mmask16 in_c_movepi32_mask(__m512i a)
{
	in_c_u32 x = (in_c_u32)a;
	unsigned int r = 0;

	EACH(i, 16)
		r |= x[i] >> 31 << i;
	return (__mmask16)r;
}

IN_C __m512i in_c_mask_blend_epi32(__mmask16 mask, __m512i a, __m512i b)
{
	in_c_i32 x = (in_c_i32)a, y = (in_c_i32)b, r;

	EACH(i, 16)
		r[i] = mask >> i & 1 ? y[i] : x[i];
	return (__m512i)r;
}

IN_C __m512 in_c_mask_blend_ps(__mmask16 mask, __m512 a, __m512 b)
{
	return (__m512)in_c_mask_blend_epi32(mask, (__m512i)a, (__m512i)b);
}

IN_C __m512i in_c_maskz_compress_epi32(__mmask16 mask, __m512i a)
{
	in_c_i32 x = (in_c_i32)a, r = { 0 };
	unsigned int n = 0;

	EACH(i, 16)
		if (mask >> i & 1)
			r[n++] = x[i];
	return (__m512i)r;
}

IN_C __m512i in_c_madd_epi16(__m512i a, __m512i b)
{
	in_c_i16 x = (in_c_i16)a, y = (in_c_i16)b;
	in_c_i32 r;

	EACH(i, 16)
		r[i] = (int32_t)((uint32_t)(x[2 * i] * y[2 * i]) + (uint32_t)(x[2 * i + 1] * y[2 * i + 1]));
	return (__m512i)r;
}

IN_C __m512i in_c_dpwssd_epi32(__m512i sum, __m512i a, __m512i b)
{
	return in_c_add_epi32(sum, in_c_madd_epi16(a, b));
}

IN_C __m512i in_c_max_epi16(__m512i a, __m512i b)
{
	in_c_i16 x = (in_c_i16)a, y = (in_c_i16)b, r;

	EACH(i, 32)
		r[i] = x[i] > y[i] ? x[i] : y[i];
	return (__m512i)r;
}

/* Quarters of a register each by themselves. */
IN_C __m512i in_c_packs_epi32(__m512i a, __m512i b)
{
	in_c_i32 x[2] = { (in_c_i32)a, (in_c_i32)b };
	in_c_i16 r;

	EACH(i, 32) {
		int32_t v = x[i / 4 % 2][i / 8 * 4 + i % 4];

		r[i] = (int16_t)(v > INT16_MAX ? INT16_MAX : v < INT16_MIN ? INT16_MIN : v);
	}
	return (__m512i)r;
}

IN_C __m512i in_c_shuffle_epi8(__m512i a, __m512i order)
{
	in_c_u8 x = (in_c_u8)a, k = (in_c_u8)order, r;

	EACH(i, 64)
		r[i] = k[i] & 0x80 ? 0 : x[i / 16 * 16 + (k[i] & 15)];
	return (__m512i)r;
}

IN_C __m512i in_c_broadcast_i32x4(__m128i a)
{
	__m512i r;

	EACH(i, 4)
		memcpy((char *)&r + 16 * i, &a, 16);
	return r;
}

#define _mm512_add_epi32	in_c_add_epi32
#define _mm512_add_ps	in_c_add_ps
#define _mm512_and_ps	in_c_and_ps
#define _mm512_and_si512	in_c_and_si512
#define _mm512_andnot_ps	in_c_andnot_ps
#define _mm512_broadcast_i32x4	in_c_broadcast_i32x4
#define _mm512_castps_si512	in_c_castps_si512
#define _mm512_cvtepi32_ps	in_c_cvtepi32_ps
#define _mm512_cvtepi64_epi32	in_c_cvtepi64_epi32
#define _mm512_cvtepu16_epi32	in_c_cvtepu16_epi32
#define _mm512_cvtps_epi32	in_c_cvtps_epi32
#define _mm512_dpwssd_epi32	in_c_dpwssd_epi32
#define _mm512_loadu_ps	in_c_loadu_ps
#define _mm512_loadu_si512	in_c_loadu_si512
#define _mm512_madd_epi16	in_c_madd_epi16
#define _mm512_mask_blend_epi32	in_c_mask_blend_epi32
#define _mm512_mask_blend_ps	in_c_mask_blend_ps
#define _mm512_maskz_compress_epi32	in_c_maskz_compress_epi32
#define _mm512_max_epi16	in_c_max_epi16
#define _mm512_max_ps	in_c_max_ps
#define _mm512_min_ps	in_c_min_ps
#define _mm512_movepi32_mask	in_c_movepi32_mask
#define _mm512_mul_epu32	in_c_mul_epu32
#define _mm512_mul_ps	in_c_mul_ps
#define _mm512_mullo_epi32	in_c_mullo_epi32
#define _mm512_or_si512	in_c_or_si512
#define _mm512_packs_epi32	in_c_packs_epi32
#define _mm512_permutexvar_ps	in_c_permutexvar_ps
#define _mm512_set1_epi32	in_c_set1_epi32
#define _mm512_set1_ps	in_c_set1_ps
#define _mm512_setzero_ps	in_c_setzero_ps
#define _mm512_setzero_si512	in_c_setzero_si512
#define _mm512_shuffle_epi8	in_c_shuffle_epi8
#define _mm512_slli_epi32	in_c_slli_epi32
#define _mm512_sqrt_ps	in_c_sqrt_ps
#define _mm512_srai_epi32	in_c_srai_epi32
#define _mm512_srli_epi32	in_c_srli_epi32
#define _mm512_srli_epi64	in_c_srli_epi64
#define _mm512_storeu_ps	in_c_storeu_ps
#define _mm512_storeu_si512	in_c_storeu_si512
#define _mm512_sub_epi32	in_c_sub_epi32
#define _mm512_xor_ps	in_c_xor_ps
#define _mm512_xor_si512	in_c_xor_si512

#endif
