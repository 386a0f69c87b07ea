/* SPDX-License-Identifier: MIT */
/*
 * Transcendental functions of the result path: polynomials in single precision made of IEEE-exact operations alone
 * (+ - * / sqrt, no contraction), so that every machine and vector width gives the same bits.
 */
#ifndef NMC_CARD_GAUSS_H
#define NMC_CARD_GAUSS_H

#include <stdint.h>
#include <string.h>

static inline uint32_t float_bits(float x)
{
	uint32_t u;

	memcpy(&u, &x, 4);
	return u;
}

static inline float bits_float(uint32_t u)
{
	float x;

	memcpy(&x, &u, 4);
	return x;
}

/*
 * Natural logarithm of a positive normal number: exponent times ln 2 plus 2 atanh((m - 1)/(m + 1)) with m in
 * [sqrt(1/2), sqrt(2)), five terms of the series. Error below 3e-7 absolute or 2e-7 relative.
 */
static inline float log_poly(float x)
{
	uint32_t u = float_bits(x) - 0x3f3504f3;
	int32_t e = (int32_t)u >> 23;
	float m = bits_float((u & 0x7fffff) + 0x3f3504f3);
	float s = (m - 1.0f) / (m + 1.0f);
	float z = s * s;
	float p = 2.0f + z * (0.66666669f + z * (0.40000000f + z * (0.28571430f + z * 0.22222222f)));

	return (float)e * 0.69314718f + s * p;
}

#define LOG2_E	1.44269504f

/* 2^r of |r| <= 1/2, a number or a vector of them: 1 at 0, else within 3.2e-9 but for rounding. */
#define EXP2_TERMS(r) \
	(1.0f + (0.693147182f + (0.240226477f + (5.55035695e-2f + (9.61846579e-3f + (1.33924256e-3f + 1.53472778e-4f * (r)) * \
	 (r)) * (r)) * (r)) * (r)) * (r))

/*
 * 2^x of x within -126 .. 127: 2^n 2^r with n the nearest integer. What rounds to n leaves it in the lowest bits of the sum,
 * from where it is added to the exponent: no result is subnormal. Error below 9e-8 relative.
 */
static inline float exp2_inside(float x)
{
	float sum = x + 0x1.8p23f, r = x - (sum - 0x1.8p23f);

	return bits_float(float_bits(EXP2_TERMS(r)) + (float_bits(sum) << 23));
}

/* e^x of any x, which is limited to -87 .. 88, by the same with n ln 2 taken from x in two parts. Error below 2e-7 relative. */
static inline float exp_poly(float x)
{
	float low = x < -87.0f ? -87.0f : x, y = low > 88.0f ? 88.0f : low;
	float sum = y * LOG2_E + 0x1.8p23f, n = sum - 0x1.8p23f;
	float r = ((y - n * 0.693359375f) + n * 2.12194440e-4f) * LOG2_E;

	return bits_float(float_bits(EXP2_TERMS(r)) + (float_bits(sum) << 23));
}

/*
 * Standard normal deviate from 32 random bits: sqrt(2) erfinv(x) with x = (2 k + 1) 2^-24 - 1 for the upper 24 bits
 * k; the polynomials are those of M. Giles, "Approximating the erfinv function", GPU Computing Gems, 2011. The tail
 * ends at |z| = 5.42 (probability 6e-8).
 */
static inline float gauss(uint32_t random)
{
	float x = ((float)((int32_t)(random >> 8) - 0x800000) + 0.5f) * 0x1p-23f;
	float w = -log_poly((1.0f - x) * (1.0f + x));
	float a = w - 2.5f;
	float b = __builtin_sqrtf(w) - 3.0f;
	float p, q;

	p = 2.81022636e-08f;
	p = 3.43273939e-07f + p * a;
	p = -3.5233877e-06f + p * a;
	p = -4.39150654e-06f + p * a;
	p = 0.00021858087f + p * a;
	p = -0.00125372503f + p * a;
	p = -0.00417768164f + p * a;
	p = 0.246640727f + p * a;
	p = 1.50140941f + p * a;
	q = -0.000200214257f;
	q = 0.000100950558f + q * b;
	q = 0.00134934322f + q * b;
	q = -0.00367342844f + q * b;
	q = 0.00573950773f + q * b;
	q = -0.0076224613f + q * b;
	q = 0.00943887047f + q * b;
	q = 1.00167406f + q * b;
	q = 2.83297682f + q * b;
	return (w < 5.0f ? p : q) * x * 1.41421354f;
}

/* Nearest integer, ties to even, of |x| < 2^51. */
static inline double round_half_even(double x)
{
	return (x + 0x1.8p52) - 0x1.8p52;
}

/* Nearest integer, ties to even, of |x| < 2^22. */
static inline float round_half_evenf(float x)
{
	return (x + 0x1.8p23f) - 0x1.8p23f;
}

#endif
