/* SPDX-License-Identifier: MIT */
/*
 * Card time: 64-bit nanoseconds and a 32-bit fraction. Every tile set has its own time line, moved by the modelled
 * duration of its jobs, by IDLE and by nothing else, unless the card also follows the wall clock.
 */
#ifndef NMC_CARD_CLOCK_H
#define NMC_CARD_CLOCK_H

#include <stdint.h>

/**
 * struct clock - a point in card time, or a duration
 * @ns: nanoseconds
 * @frac: fraction, 2^-32 ns
 */
struct clock {
	uint64_t ns;
	uint32_t frac;
};

/* t += d; stays at the end of time rather than wrap. */
static inline void clock_add(struct clock *t, struct clock d)
{
	uint32_t frac = t->frac + d.frac;
	uint64_t carry = frac < d.frac;

	if (__builtin_add_overflow(t->ns, d.ns, &t->ns) || __builtin_add_overflow(t->ns, carry, &t->ns)) {
		t->ns = UINT64_MAX;
		frac = UINT32_MAX;
	}
	t->frac = frac;
}

/* A duration of n steps of 2^-32 ns each. */
static inline struct clock clock_steps(uint64_t n, uint32_t step)
{
	unsigned __int128 all = (unsigned __int128)n * step;

	return (struct clock){ .ns = all >> 32, .frac = (uint32_t)all };
}

#endif
