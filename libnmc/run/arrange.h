/* SPDX-License-Identifier: MIT */
/*
 * Which columns of a tile hold which outputs of a block.
 */
#ifndef NMC_ARRANGE_H
#define NMC_ARRANGE_H

#include "libnmc/compile/plan.h"

#define WORTH	0.95	/* what a change must bring an error below, as a share of what it was */

/* Lets a block of pairs take @span physical outputs of its tile, at least those that its outputs are in. -ENOMEM. */
int arrange_span(const struct nmc_plan *p, struct block *b, unsigned int span);

/* Target of cell @i that is to be at @level: broken ones are where they are, and a read of them may be above all targets. */
static inline int16_t arrange_level(const struct block *b, size_t i, int16_t level)
{
	if (b->stuck[i] < 0)
		return level;
	return b->stuck[i] > NMC_CONDUCTANCE_MAX ? NMC_CONDUCTANCE_MAX : b->stuck[i];
}

/* The least span that its outputs leave. */
unsigned int arrange_used(const struct block *b);

/* Exchanges the two columns of output @c. */
void arrange_exchange(struct block *b, unsigned int c);

/*
 * Puts the outputs where what they lose to broken cells, each input weighted with @power, is least: among the columns of the
 * block's span, either way round. Targets are left as they are. -ENOMEM.
 */
int arrange_outputs(const struct nmc_plan *p, struct block *b, const double *power);

/* Targets of the cells in unused columns: the lowest conductance, or what broken ones hold. Returns whether any changed. */
bool arrange_rest(const struct nmc_plan *p, struct block *b);

#endif
