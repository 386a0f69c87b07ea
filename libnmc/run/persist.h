/* SPDX-License-Identifier: MIT */
/*
 * Networks that stay on their tiles.
 */
#ifndef NMC_PERSIST_H
#define NMC_PERSIST_H

#include "libnmc/compile/plan.h"

/* Finds the tile set of a plan with a name, or makes it. */
int persist_take(struct nmc_plan *p);

/* Which blocks of a set that was found hold their network; @kept: how many. */
int persist_look(struct nmc_plan *p, unsigned int *kept);

#endif
