// SPDX-License-Identifier: MIT
/*
 * Arithmetic of the vector unit. Built with NMC_VECTOR naming the table of functions it defines.
 * Every loop reads an element before it writes the one in the same place, and a narrower result never
 * overtakes its source: loops may be vectorised although source and destination can be the same.
 */
#include <string.h>
#include "card/core/vector.h"

#if defined(__clang__)
#define NO_CARRIED_DEPENDENCY	/* clang checks overlap as it runs */
#else
#define NO_CARRIED_DEPENDENCY _Pragma("GCC ivdep")
#endif

static uint64_t row_add(int32_t *dst, const int32_t *a, const int32_t *b, size_t n)
{
	uint64_t saturated = 0;
	size_t i, k, end;

	for (i = 0; i < n; i = end) {
		uint32_t count = 0;

		end = n - i > 4096 ? i + 4096 : n;
		NO_CARRIED_DEPENDENCY
		for (k = i; k < end; k++) {
			uint32_t x = a[k], y = b[k], sum = x + y;
			uint32_t over = ((x ^ sum) & (y ^ sum)) >> 31;
			uint32_t limit = (x >> 31) + INT32_MAX;

			dst[k] = over ? limit : sum;
			count += over;
		}
		saturated += count;
	}
	return saturated;
}

static void row_relu(int32_t *dst, const int32_t *src, size_t n)
{
	size_t i;

	NO_CARRIED_DEPENDENCY
	for (i = 0; i < n; i++)
		dst[i] = src[i] > 0 ? src[i] : 0;
}

/* p / 2^shift rounded half to even; |p| <= 2^62, shift <= 62: nothing overflows. */
static inline int64_t half_even(int64_t p, unsigned int shift)
{
	int64_t below_half = shift ? ((int64_t)1 << (shift - 1)) - 1 : 0;
	int64_t odd = shift ? p >> shift & 1 : 0;

	return (p + below_half + odd) >> shift;
}

static inline int8_t clip(int64_t v, int lo, int hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

static void row_requant(int8_t *dst, const int32_t *src, size_t n, const struct nmc_isa_requant *q, int lo, int hi)
{
	const int32_t mult = q->mult;
	const unsigned int shift = q->shift;
	size_t i;

	NO_CARRIED_DEPENDENCY
	for (i = 0; i < n; i++)
		dst[i] = clip(half_even((int64_t)src[i] * mult, shift), lo, hi);
}

static void row_requant_each(int8_t *dst, const int32_t *src, size_t n, const struct nmc_isa_requant *q, int lo,
			     int hi)
{
	size_t i;

	NO_CARRIED_DEPENDENCY
	for (i = 0; i < n; i++)
		dst[i] = clip(half_even((int64_t)src[i] * (int32_t)q[i].mult, q[i].shift), lo, hi);
}

static void row_lut(int8_t *dst, const int8_t *src, size_t n, const int8_t *table)
{
	size_t i;

	for (i = 0; i < n; i++)
		dst[i] = table[(uint8_t)(src[i] + 128)];
}

/* Shifted by @limit the allowed values are 0 to 2 @limit of an unsigned byte. */
static bool row_exceeds(const int8_t *src, size_t n, int limit)
{
	uint8_t most = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		uint8_t above = (uint8_t)(src[i] + limit);

		most = above > most ? above : most;
	}
	return most > 2 * limit;
}

static uint32_t row_argmax(const int32_t *src, size_t n)
{
	int32_t best = src[0];
	size_t i;

	for (i = 1; i < n; i++)
		best = src[i] > best ? src[i] : best;
	for (i = 0; src[i] != best; i++)
		;
	return i;
}

const struct vector_ops NMC_VECTOR = {
	.add = row_add,
	.relu = row_relu,
	.requant = row_requant,
	.requant_each = row_requant_each,
	.lut = row_lut,
	.exceeds = row_exceeds,
	.argmax = row_argmax,
};
