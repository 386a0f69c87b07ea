/* SPDX-License-Identifier: MIT */
/*
 * What data movement and digital arithmetic cost in modelled time and energy: the card profile. Tile operations
 * have their cost in card/tile. The figures stand for a 1 GHz digital part in a 28 nm process behind a PCIe 4.0 x8
 * link; they are one consistent set of assumptions, not measurements.
 */
#ifndef NMC_CARD_COST_H
#define NMC_CARD_COST_H

#include "card/tile/clock.h"

#define COST_NS(ns)	((uint32_t)((ns) * 4294967296.0))	/* of less than 1 ns, in 2^-32 ns */

/*                                 start      each unit        energy fJ    energy fJ
 *                                 ns         2^-32 ns         at start     each unit     unit */
#define COST_TABLE(X) \
	X(COST_INSN,               2,         0,               10000,       0)		/* fetch and check */ \
	X(COST_DMA,                500,       COST_NS(0.0625), 100000,      40000)	/* byte: 16 GB/s, 5 pJ a bit */ \
	X(COST_DMA_ROW,            0,         COST_NS(0.5),    0,           2000)	/* row of a strided move */ \
	X(COST_SRAM,               4,         COST_NS(0.015625), 1000,      80)		/* byte: 64 bytes a cycle */ \
	X(COST_ADD,                8,         COST_NS(0.015625), 2000,      100)	/* element: 64 lanes, int32 add */ \
	X(COST_MULTIPLY,           10,        COST_NS(0.03125), 2000,       1500)	/* element: 32 lanes, 32 x 32 bit */ \
	X(COST_LUT,                8,         COST_NS(0.015625), 2000,      150)	/* element: 64 banks */

enum cost {
#define X(name, start_ns, unit, start_fj, unit_fj) name,
	COST_TABLE(X)
#undef X
};

/**
 * struct cost_entry - one row of the table: start plus units
 * @start_ns: nanoseconds an operation
 * @unit: 2^-32 ns a unit
 * @start_fj: femtojoule an operation
 * @unit_fj: femtojoule a unit
 */
struct cost_entry {
	uint32_t start_ns;
	uint32_t unit;
	uint32_t start_fj;
	uint32_t unit_fj;
};

static const struct cost_entry cost_table[] = {
#define X(name, start_ns, unit, start_fj, unit_fj) { start_ns, unit, start_fj, unit_fj },
	COST_TABLE(X)
#undef X
};

/* Duration of an operation on @units units. */
static inline struct clock cost_time(enum cost c, uint64_t units)
{
	struct clock t = clock_steps(units, cost_table[c].unit);

	clock_add(&t, (struct clock){ .ns = cost_table[c].start_ns });
	return t;
}

/* Energy of an operation on @units units, femtojoule. */
static inline uint64_t cost_energy(enum cost c, uint64_t units)
{
	return cost_table[c].start_fj + units * cost_table[c].unit_fj;
}

#endif
