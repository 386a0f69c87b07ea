/* SPDX-License-Identifier: MIT */
/*
 * Limits and choices without branches, so that compilers take many lanes of a loop at once.
 */
#ifndef NMC_CARD_LANE_H
#define NMC_CARD_LANE_H

#include "card/cell/gauss.h"

static inline float at_least(float x, float low)
{
	return x < low ? low : x;
}

static inline float at_most(float x, float high)
{
	return x > high ? high : x;
}

static inline float clamp(float x, float low, float high)
{
	return at_most(at_least(x, low), high);
}

/*
 * @a where @mask is all ones, @b where it is 0: of a condition compilers make stores under a mask, which some machines do
 * one lane after another.
 */
static inline float choose(int32_t mask, float a, float b)
{
	return bits_float((float_bits(a) & (uint32_t)mask) | (float_bits(b) & ~(uint32_t)mask));
}

#endif
