// SPDX-License-Identifier: MIT
/*
 * Randomness and transcendental functions: published answers, golden bit patterns, moments.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "card/cell/gauss.h"
#include "card/cell/philox.h"

/* Known answers of Random123 1.14, kat_vectors: philox4x32 10. */
static void philox_known_answers(void **unused)
{
	static const struct {
		uint32_t counter[4], key[2], want[4];
	} known[] = {
		{ { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
		{ { ~0u, ~0u, ~0u, ~0u }, { ~0u, ~0u }, { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
		{ { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 }, { 0xa4093822, 0x299f31d0 },
		  { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
	};
	size_t i;
	int k;

	(void)unused;
	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		uint32_t c[4];

		for (k = 0; k < 4; k++)
			c[k] = known[i].counter[k];
		philox_rounds(c, known[i].key[0], known[i].key[1]);
		for (k = 0; k < 4; k++)
			assert_int_equal(c[k], known[i].want[k]);
	}
}

/* The counter's layout: cell and draw, tile, event, purpose. */
static void stream_layout(void **unused)
{
	struct philox_stream s = philox_stream(0x0123456789abcdef, 77, PURPOSE_RELAX, 0xa1b2c3d4e5f607);
	uint32_t got[4], want[4] = { 5 | 3u << PHILOX_DRAW_SHIFT, 77, 0xd4e5f607, 0xa1b2c3 | (uint32_t)PURPOSE_RELAX << 24 };
	int k;

	(void)unused;
	philox_draw(&s, 5 | 3u << PHILOX_DRAW_SHIFT, got);
	philox_rounds(want, 0x89abcdef, 0x01234567);
	for (k = 0; k < 4; k++)
		assert_int_equal(got[k], want[k]);
}

/* Bit patterns that every machine and vector width must give. */
static void gauss_golden(void **unused)
{
	static const struct {
		uint32_t in, bits;
	} golden[] = {
		{ 0x00000000, 0xc0ad7080 }, { 0xffffffff, 0x40ad7080 }, { 0x80000000, 0x33a06c98 }, { 0x12345678, 0xbfbbd933 },
		{ 0xdeadbeef, 0x3f901499 }, { 0x00010000, 0xc0856978 },
	};
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(golden) / sizeof(*golden); i++)
		assert_int_equal(float_bits(gauss(golden[i].in)), golden[i].bits);
}

/* Symmetric, monotone, and the quantile function of the normal law at known points. */
static void gauss_quantiles(void **unused)
{
	static const double known[][2] = { { 0.8413447460685429, 1.0 }, { 0.9772498680518208, 2.0 },
					   { 0.9986501019683699, 3.0 }, { 0.9999683287581669, 4.0 } };
	size_t i;
	uint32_t u;
	float last = -1e9f;

	(void)unused;
	for (i = 0; i < 4; i++) {
		uint32_t up = (uint32_t)(known[i][0] * 4294967296.0);

		assert_float_equal(gauss(up), known[i][1], 4e-4 * exp(0.5 * known[i][1] * known[i][1]) * 1e-3 + 2e-4);
		assert_true(float_bits(gauss(up)) == (float_bits(gauss(~up)) ^ 0x80000000));
	}
	for (u = 0; u < 0xff000000; u += 0x00fffff1) {
		assert_true(gauss(u) > last);
		last = gauss(u);
	}
}

/* Mean, variance, skewness and kurtosis of 4 M draws; each bound is five standard errors (p < 6e-7). */
static void gauss_moments(void **unused)
{
	struct philox_stream s = philox_stream(42, 1, PURPOSE_PRODUCT, 9);
	double m[5] = { 0 }, n = 4.0 * (1 << 20);
	uint32_t i;
	int k, p;

	(void)unused;
	for (i = 0; i < 1u << 20; i++) {
		uint32_t r[4];

		philox_draw(&s, i & 0xfffff, r);
		for (k = 0; k < 4; k++) {
			double z = gauss(r[k]), power = 1.0;

			for (p = 1; p <= 4; p++) {
				power *= z;
				m[p] += power;
			}
		}
	}
	assert_true(fabs(m[1] / n) < 5 * sqrt(1 / n));
	assert_true(fabs(m[2] / n - 1) < 5 * sqrt(2 / n));
	assert_true(fabs(m[3] / n) < 5 * sqrt(15 / n));
	assert_true(fabs(m[4] / n - 3) < 5 * sqrt(96 / n));
}

static void log_golden(void **unused)
{
	static const uint32_t golden[][2] = {
		{ 0x3f800000, 0x00000000 }, { 0x40000000, 0x3f317218 }, { 0x3f000000, 0xbf317218 },
		{ 0x3fb504f3, 0x3eb17217 }, { 0x3f3504f3, 0xbeb17219 }, { 0x40400000, 0x3f8c9f54 },
		{ 0x41200000, 0x40135d8e }, { 0x47a8c000, 0x4135de2e }, { 0x358637bd, 0xc15d0c55 },
		{ 0x7f7fffff, 0x42b17218 }, { 0x00800000, 0xc2aeac50 }, { 0x4828c000, 0x4140f550 },
	};
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(golden) / sizeof(*golden); i++)
		assert_int_equal(float_bits(log_poly(bits_float(golden[i][0]))), golden[i][1]);
}

static void log_accuracy(void **unused)
{
	float x;

	(void)unused;
	assert_true(log_poly(1.0f) == 0.0f);
	for (x = 1e-30f; x < 1e30f; x *= 1.0173f)
		assert_true(fabs(log_poly(x) - log(x)) < 3e-7 * fmax(1.0, fabs(log(x))));
}

static void exp_golden(void **unused)
{
	static const uint32_t golden[][2] = {
		{ 0x00000000, 0x3f800000 }, { 0x3f800000, 0x402df854 }, { 0xbf800000, 0x3ebc5ab2 },
		{ 0x3f000000, 0x3fd3094c }, { 0x41200000, 0x46ac14ee }, { 0xc1200000, 0x383e6bce },
		{ 0x42b00000, 0x7ef882b7 }, { 0xc2ae0000, 0x00b33687 }, { 0x358637bd, 0x3f800008 },
		{ 0x3eb17218, 0x3fb504f3 }, { 0xbeb17218, 0x3f3504f3 }, { 0x40533333, 0x41d8e6af },
		{ 0x42c80000, 0x7ef882b7 }, { 0xc2c80000, 0x00b33687 },
	};
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(golden) / sizeof(*golden); i++)
		assert_int_equal(float_bits(exp_poly(bits_float(golden[i][0]))), golden[i][1]);
}

static void exp_accuracy(void **unused)
{
	float x;

	(void)unused;
	for (x = -87.0f; x <= 88.0f; x += 0.00173f)
		assert_true(fabs(exp_poly(x) / exp(x) - 1.0) < 2e-7);
}

static void exp2_accuracy(void **unused)
{
	float x;
	int n;

	(void)unused;
	for (n = -126; n <= 127; n++)
		assert_true(exp2_inside((float)n) == ldexpf(1.0f, n));
	for (x = -126.0f; x <= 127.0f; x += 0.00173f)
		assert_true(fabs(exp2_inside(x) / exp2(x) - 1.0) < 9e-8);
}

static void rounding(void **unused)
{
	(void)unused;
	assert_true(round_half_even(0.5) == 0.0 && round_half_even(1.5) == 2.0 && round_half_even(2.5) == 2.0);
	assert_true(round_half_even(-0.5) == 0.0 && round_half_even(-1.5) == -2.0 && round_half_even(-2.5) == -2.0);
	assert_true(round_half_even(562949953421311.5) == 562949953421312.0);
	assert_true(round_half_evenf(2.5f) == 2.0f && round_half_evenf(-3.5f) == -4.0f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(philox_known_answers),
		cmocka_unit_test(stream_layout),
		cmocka_unit_test(gauss_golden),
		cmocka_unit_test(gauss_quantiles),
		cmocka_unit_test(gauss_moments),
		cmocka_unit_test(log_golden),
		cmocka_unit_test(log_accuracy),
		cmocka_unit_test(exp_golden),
		cmocka_unit_test(exp_accuracy),
		cmocka_unit_test(exp2_accuracy),
		cmocka_unit_test(rounding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
