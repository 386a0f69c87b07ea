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

/* Most builds of the kernels. */
#define RIG_BUILDS	4

#if defined(__x86_64__)
/* The AVX-512 builds with its intrinsics in C (avx512_in_c.h). */
extern const struct product_ops product_in_c;
extern const struct cell_kernels cell_kernels_in_c;
#endif

/* All builds of the kernels of the product that this machine runs; the first is the plain one. */
static inline unsigned int rig_builds(const struct product_ops *all[RIG_BUILDS])
{
	unsigned int n = 0;

	all[n++] = &product_plain;
#if defined(__x86_64__)
	if (product_select(false) == &product_plain)
		return n;
	all[n++] = &product_avx2;
	all[n++] = &product_in_c;
	if (product_select(false) == &product_avx512)
		all[n++] = &product_avx512;
#endif
	return n;
}

/* The same of cells. */
static inline unsigned int rig_cell_builds(const struct cell_kernels *all[RIG_BUILDS])
{
	const struct cell_kernels *best = rig_tech("rram", false)->kernels;
	unsigned int n = 0;

	all[n++] = &cell_kernels_plain;
#if defined(__x86_64__)
	if (best == &cell_kernels_plain)
		return n;
	all[n++] = &cell_kernels_avx2;
	all[n++] = &cell_kernels_in_c;
	if (best == &cell_kernels_avx512)
		all[n++] = best;
#else
	(void)best;
#endif
	return n;
}

#endif
