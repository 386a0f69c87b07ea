/* SPDX-License-Identifier: MIT */
/*
 * Pulses that a cell has seen, in one byte: exact up to 15, then five bits of exponent and three of mantissa, counted up by
 * chance in proportion so that the mean stays right (Morris, CACM 21, 840 (1978)). Ends at 1.6e10.
 */
#ifndef NMC_CARD_WEAR_H
#define NMC_CARD_WEAR_H

#include <stdint.h>

#define WEAR_EXACT	15	/* counts up to here are exact */

/* Pulses that a code stands for. */
static inline uint64_t wear_pulses(uint8_t code)
{
	unsigned int exponent = code >> 3;

	return exponent ? (uint64_t)(8 + (code & 7)) << (exponent - 1) : code;
}

/* Bits of a count below the mantissa. */
static inline unsigned int wear_shift(uint64_t pulses)
{
	return 60 - (unsigned int)__builtin_clzll(pulses | 8);
}

/* The last code that stands for @pulses or less. */
static inline uint8_t wear_code(uint64_t pulses)
{
	unsigned int shift = wear_shift(pulses);

	return shift > 30 ? 255 : (uint8_t)(8 * shift + (pulses >> shift));
}

/* The code after @pulses more; @random: 32 fresh bits, as steps are up to 2^30 and a write may be a single pulse. */
static inline uint8_t wear_add(uint8_t code, uint32_t pulses, uint32_t random)
{
	uint64_t sum = wear_pulses(code) + pulses, step = 1ull << wear_shift(sum);

	code = wear_code(sum);
	return (uint8_t)(code + (code < 255 && (sum & (step - 1)) << 32 > random * step));
}

#endif
