/* SPDX-License-Identifier: MIT */
/*
 * Technologies for tests: opened once by name and build, closed at exit.
 */
#ifndef NMC_TEST_TECH_RIG_H
#define NMC_TEST_TECH_RIG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "card/cell/cell.h"
#include "card/tile/product.h"

static struct cell_tech *rig_techs[256];
static unsigned int rig_tech_count;

static void rig_techs_close(void)
{
	while (rig_tech_count)
		cell_tech_close(rig_techs[--rig_tech_count]);
}

/* Keeps @tech until the program ends. */
static inline const struct cell_tech *rig_keep(struct cell_tech *tech)
{
	if (!rig_tech_count)
		atexit(rig_techs_close);
	if (!tech || rig_tech_count == 256)
		abort();
	return rig_techs[rig_tech_count++] = tech;
}

/* The technology of shipped deck @name. */
static inline const struct cell_tech *rig_tech(const char *name, bool plain_c)
{
	struct cell_tech *tech = NULL;
	char error[256];
	unsigned int i;

	for (i = 0; i < rig_tech_count; i++)
		if (!strcmp(rig_techs[i]->deck.name, name) && plain_c == (rig_techs[i]->kernels == &cell_kernels_plain))
			return rig_techs[i];
	if (cell_tech_open(name, plain_c, &tech, error, sizeof(error))) {
		fprintf(stderr, "%s\n", error);
		abort();
	}
	return rig_keep(tech);
}

/* All builds of the kernels of the product that this machine runs; the first is the plain one. */
static inline unsigned int rig_builds(const struct product_ops *all[3])
{
	const struct product_ops *best = product_select(false);
	unsigned int n = 0;

	all[n++] = product_select(true);
#if defined(__x86_64__)
	if (best == &product_avx512)
		all[n++] = &product_avx2;
#endif
	if (best != all[0])
		all[n++] = best;
	return n;
}

#endif
