/* SPDX-License-Identifier: MIT */
/*
 * Randomness: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). A draw is a pure
 * function of a 64-bit key and a 128-bit counter, so that no draw depends on how many were made before it.
 */
#ifndef NMC_CARD_PHILOX_H
#define NMC_CARD_PHILOX_H

#include <stdint.h>

/**
 * enum purpose - what a draw is for: upper byte of the last counter word
 * @PURPOSE_DEVICE: constants of a cell, fixed at manufacture; event 0
 * @PURPOSE_FORMED: state after erase; event of the erase
 * @PURPOSE_PULSE: response to one pulse and noise of the verify read after it; event of the programming
 * @PURPOSE_RELAX: relaxation after a write; event of the programming
 * @PURPOSE_READ: READ instruction; event of the read
 * @PURPOSE_PRODUCT: read noise of a product; event of the vector
 * @PURPOSE_CELLS: read noise of a product, cell by cell; event of the vector
 * @PURPOSE_FLICKER: slow part of 1/f noise; event of the write, draw = decade of age
 * @PURPOSE_DEFECT: defects of manufacture; event 0
 * @PURPOSE_COLUMN: errors of the converters of columns and rows; event 0
 * @PURPOSE_WRITE: write noise of pulses; event of the programming
 * @PURPOSE_WEAR: chance in counting the pulses of a cell; event of the programming
 * @PURPOSE_FAULT: cells that an injected fault hits; key: the fault's seed; event 0
 * @PURPOSE_SCRUB: background scrub; event of the tile's scrubs, which count by themselves
 */
enum purpose {
	PURPOSE_DEVICE	= 1,
	PURPOSE_FORMED	= 2,
	PURPOSE_PULSE	= 3,
	PURPOSE_RELAX	= 4,
	PURPOSE_READ	= 5,
	PURPOSE_PRODUCT	= 6,
	PURPOSE_CELLS	= 7,
	PURPOSE_FLICKER	= 8,
	PURPOSE_DEFECT	= 9,
	PURPOSE_COLUMN	= 10,
	PURPOSE_WRITE	= 11,
	PURPOSE_WEAR	= 12,
	PURPOSE_FAULT	= 13,
	PURPOSE_SCRUB	= 14,
};

#define PHILOX_DRAW_SHIFT	20	/* counter word 0: cell or column block below, draw index above */

/**
 * struct philox_stream - all of key and counter but the cell
 * @seed: key
 * @tile: counter word 1: physical tile
 * @low: counter word 2: event number, low half
 * @high: counter word 3: event number bits 32 to 55, purpose in the upper byte
 */
struct philox_stream {
	uint64_t seed;
	uint32_t tile;
	uint32_t low;
	uint32_t high;
};

static inline struct philox_stream philox_stream(uint64_t seed, uint32_t tile, enum purpose purpose, uint64_t event)
{
	return (struct philox_stream){
		.seed = seed,
		.tile = tile,
		.low = (uint32_t)event,
		.high = (uint32_t)(event >> 32 & 0xffffff) | (uint32_t)purpose << 24,
	};
}

/* Ten rounds on the counter @c with the key @k0, @k1. */
static inline __attribute__((always_inline)) void philox_rounds(uint32_t c[4], uint32_t k0, uint32_t k1)
{
	int i;

#pragma GCC unroll 10
	for (i = 0; i < 10; i++) {
		uint64_t a = (uint64_t)0xd2511f53 * c[0];
		uint64_t b = (uint64_t)0xcd9e8d57 * c[2];

		c[0] = (uint32_t)(b >> 32) ^ c[1] ^ k0;
		c[1] = (uint32_t)b;
		c[2] = (uint32_t)(a >> 32) ^ c[3] ^ k1;
		c[3] = (uint32_t)a;
		k0 += 0x9e3779b9;
		k1 += 0xbb67ae85;
	}
}

/* The four words of counter word 0 = @index in stream @s. */
static inline __attribute__((always_inline)) void philox_draw(const struct philox_stream *s, uint32_t index,
							      uint32_t out[4])
{
	out[0] = index;
	out[1] = s->tile;
	out[2] = s->low;
	out[3] = s->high;
	philox_rounds(out, (uint32_t)s->seed, (uint32_t)(s->seed >> 32));
}

#endif
