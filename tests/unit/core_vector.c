// SPDX-License-Identifier: MIT
/*
 * Vector unit: golden values of every operation, rounding half to even against a reference in 128 bits, and the
 * same bits from both builds.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "card/core/vector.h"

#define N	1031

static uint64_t seed = 88172645463325252;

static uint32_t next(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed >> 16;
}

/* Small, large and extreme values in turn. */
static int32_t any_value(void)
{
	static const int32_t edge[] = { INT32_MIN, INT32_MIN + 1, INT32_MAX, INT32_MAX - 1, 0, 1, -1 };
	uint32_t x = next();

	return x % 4 == 0 ? edge[x / 4 % 7] : x % 4 == 1 ? (int32_t)(x >> 24) - 128 : (int32_t)next();
}

static int8_t reference_requant(int32_t x, int32_t mult, unsigned int shift, int lo, int hi)
{
	__int128 p = (__int128)x * mult, unit = (__int128)1 << shift, q = p / unit, rest = p % unit;

	if (rest < 0) {
		rest += unit;
		q--;
	}
	if (2 * rest > unit || (2 * rest == unit && q % 2))
		q++;
	return q < lo ? lo : q > hi ? hi : (int8_t)q;
}

static void half_even_golden(void **state)
{
	static const struct { int32_t x, mult; uint8_t shift; int8_t want; } golden[] = {
		{ 1, 1, 1, 0 }, { 3, 1, 1, 2 }, { 5, 1, 1, 2 }, { 7, 1, 1, 4 },
		{ -1, 1, 1, 0 }, { -3, 1, 1, -2 }, { -5, 1, 1, -2 }, { -7, 1, 1, -4 },
		{ 6, 1, 2, 2 }, { 10, 1, 2, 2 }, { 11, 1, 2, 3 }, { 9, 1, 2, 2 },
		{ -6, 1, 2, -2 }, { -10, 1, 2, -2 }, { -11, 1, 2, -3 },
		{ 100, 1, 0, 100 }, { 128, 1, 0, 127 }, { -128, 1, 0, -127 },
		{ INT32_MIN, INT32_MIN, 62, 1 }, { INT32_MAX, INT32_MIN, 62, -1 }, { 1 << 30, 1, 31, 0 },
		{ 3 << 29, 2, 31, 2 }, { 1000, 16777, 17, 127 }, { 1000, 16777, 18, 64 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(golden) / sizeof(golden[0]); i++) {
		struct nmc_isa_requant q = { .mult = golden[i].mult, .shift = golden[i].shift };
		int8_t got;

		vector_plain.requant(&got, &golden[i].x, 1, &q, -127, 127);
		assert_int_equal(got, golden[i].want);
		assert_int_equal(reference_requant(golden[i].x, golden[i].mult, golden[i].shift, -127, 127), got);
	}
}

static void requant_matches_reference(const struct vector_ops *ops)
{
	static struct nmc_isa_requant q[N];
	static int32_t src[N];
	static int8_t got[N];
	int round, i;

	for (round = 0; round < 200; round++) {
		for (i = 0; i < N; i++) {
			src[i] = any_value();
			q[i] = (struct nmc_isa_requant){ .mult = any_value(), .shift = next() % 63 };
		}
		ops->requant(got, src, N, q, -100, 90);
		for (i = 0; i < N; i++)
			assert_int_equal(got[i], reference_requant(src[i], q[0].mult, q[0].shift, -100, 90));
		ops->requant_each(got, src, N, q, -127, 127);
		for (i = 0; i < N; i++)
			assert_int_equal(got[i], reference_requant(src[i], q[i].mult, q[i].shift, -127, 127));
		/* In place: the narrow result begins where the wide source does. */
		ops->requant((int8_t *)src, src, N, q, -100, 90);
		ops->requant_each(got, (const int32_t *)src, 1, q, -127, 127);
	}
}

static void add_saturates(const struct vector_ops *ops)
{
	static int32_t a[N], b[N], got[N];
	uint64_t count, want;
	int round, i;

	for (round = 0; round < 100; round++) {
		for (i = 0, want = 0; i < N; i++) {
			a[i] = any_value();
			b[i] = any_value();
		}
		count = ops->add(got, a, b, N);
		for (i = 0; i < N; i++) {
			int64_t sum = (int64_t)a[i] + b[i];
			int64_t clipped = sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : sum;

			want += sum != clipped;
			assert_int_equal(got[i], clipped);
		}
		assert_int_equal(count, want);
		assert_true(want > 0);
		assert_int_equal(ops->add(a, a, b, N), count);
		assert_memory_equal(a, got, sizeof(a));
		ops->add(b, b, b, N);
	}
}

static void relu_lut_argmax(const struct vector_ops *ops)
{
	static int32_t src[N], wide[N];
	static int8_t narrow[N], out[N], table[256];
	uint32_t best;
	int i;

	for (i = 0; i < 256; i++)
		table[i] = next();
	for (i = 0; i < N; i++) {
		src[i] = any_value();
		narrow[i] = next();
	}
	ops->relu(wide, src, N);
	ops->lut(out, narrow, N, table);
	for (i = 0, best = 0; i < N; i++) {
		assert_int_equal(wide[i], src[i] > 0 ? src[i] : 0);
		assert_int_equal(out[i], table[narrow[i] + 128]);
		best = src[i] > src[best] ? (uint32_t)i : best;
	}
	assert_int_equal(ops->argmax(src, N), best);
	assert_int_equal(ops->argmax((const int32_t[]){ -3, -1, -1 }, 3), 1);
	assert_int_equal(ops->argmax((const int32_t[]){ INT32_MIN, INT32_MIN }, 2), 0);
	ops->relu(src, src, N);
	assert_memory_equal(src, wide, sizeof(src));
	ops->lut(narrow, narrow, N, table);
	assert_memory_equal(narrow, out, sizeof(out));
}

static void range_of_codes(const struct vector_ops *ops)
{
	int8_t code[67];
	int limit, value;
	size_t at;

	for (limit = 1; limit <= 127; limit += 18) {
		for (value = -128; value <= 127; value++) {
			memset(code, 0, sizeof(code));
			at = next() % sizeof(code);
			code[at] = value;
			assert_int_equal(ops->exceeds(code, sizeof(code), limit), value > limit || value < -limit);
			assert_false(ops->exceeds(code, at, limit));
		}
	}
}

/* A narrow result over its own wide source, every length. */
static void requant_in_place(const struct vector_ops *ops)
{
	static int32_t src[300], copy[300];
	static int8_t want[300];
	const struct nmc_isa_requant q = { .mult = 3, .shift = 4 };
	int n, i;

	for (n = 1; n < 300; n++) {
		for (i = 0; i < n; i++)
			copy[i] = src[i] = (int32_t)(next() % 2000) - 1000;
		for (i = 0; i < n; i++)
			want[i] = reference_requant(copy[i], q.mult, q.shift, -127, 127);
		ops->requant((int8_t *)src, src, n, &q, -127, 127);
		assert_memory_equal(src, want, n);
	}
}

static void all(const struct vector_ops *ops)
{
	seed = 88172645463325252;
	requant_matches_reference(ops);
	requant_in_place(ops);
	add_saturates(ops);
	relu_lut_argmax(ops);
	range_of_codes(ops);
}

static void plain_build(void **state)
{
	(void)state;
	all(&vector_plain);
}

static void selected_build(void **state)
{
	(void)state;
	assert_ptr_equal(vector_select(1), &vector_plain);
	all(vector_select(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(half_even_golden),
		cmocka_unit_test(plain_build),
		cmocka_unit_test(selected_build),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
