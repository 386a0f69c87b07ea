/* SPDX-License-Identifier: MIT */
/*
 * For tests of the physics: tiles of shipped or changed decks, programmed and aged, and what statistics of them need.
 */
#ifndef NMC_TEST_PHYSICS_RIG_H
#define NMC_TEST_PHYSICS_RIG_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "card/tile/tile_priv.h"
#include "hw/nmc_regs.h"
#include "tests/unit/tech_rig.h"

#define SECOND	1000000000ull
#define HOUR	(3600 * SECOND)
#define DAY	(86400 * SECOND)
#define YEAR	(365 * DAY)

struct rig {
	struct tile_class class;
	struct tile *tile;
	struct tile_region whole;
	unsigned int cells;
	int16_t *target;
	float *g;
	float *want;
	struct nmc_isa_report report;
	struct tile_cost cost;
	struct clock now;
	struct clock written;
};

static inline struct deck rig_deck(const char *name)
{
	struct deck deck;
	char error[256];

	if (deck_load(name, &deck, error, sizeof(error)))
		fail_msg("%s", error);
	return deck;
}

/* A technology of a deck that a test has changed; kept to the end. */
static inline const struct cell_tech *rig_make(const struct deck *deck, bool plain_c)
{
	struct deck own = *deck;

	strcpy(own.name, "changed");
	return rig_keep(cell_tech_make(&own, plain_c));
}

static inline struct rig *rig_open(const struct cell_tech *tech, unsigned int rows, unsigned int cols, uint64_t seed)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	tile_class_init(&r->class, tech, (uint16_t)rows, (uint16_t)cols, tech->kernels == &cell_kernels_plain);
	r->tile = tile_create(&r->class, seed, 3);
	r->whole = (struct tile_region){ .rows = rows, .cols = cols };
	r->cells = rows * cols;
	r->target = calloc(r->cells, sizeof(*r->target));
	r->g = calloc(r->cells, sizeof(*r->g));
	r->want = calloc(r->cells, sizeof(*r->want));
	assert_true(r->tile && r->target && r->g && r->want);
	return r;
}

static inline void rig_close(struct rig *r)
{
	tile_destroy(r->tile);
	free(r->target);
	free(r->g);
	free(r->want);
	free(r);
}

static inline void rig_program(struct rig *r)
{
	assert_int_equal(tile_program(r->tile, &r->whole, r->target, r->whole.cols * 2ul, 0, 0, &r->now, &r->report,
				      &r->cost), 0);
	r->written = (struct clock){ .ns = r->now.ns - r->report.settle_ns };
	tile_oracle(r->tile, r->g, r->want);
}

static inline void rig_fill(struct rig *r, double code)
{
	unsigned int i;

	for (i = 0; i < r->cells; i++)
		r->target[i] = (int16_t)lrint(code);
}

/* All codes from 0 to gmax alike, in no order. */
static inline void rig_spread(struct rig *r)
{
	unsigned int i;

	for (i = 0; i < r->cells; i++)
		r->target[i] = (int16_t)((uint64_t)i * 40503 % (NMC_CONDUCTANCE_MAX + 1));
}

/* To an age of @ns since the last pulse. */
static inline void rig_age(struct rig *r, uint64_t ns)
{
	r->now = (struct clock){ .ns = r->written.ns + ns };
	tile_sample(r->tile, r->now);
	tile_oracle(r->tile, r->g, r->want);
}

static inline double rig_mean(const float *x, unsigned int n)
{
	double sum = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		sum += x[i];
	return sum / n;
}

static inline double rig_var(const float *x, unsigned int n)
{
	double mean = rig_mean(x, n), sum = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		sum += (x[i] - mean) * (x[i] - mean);
	return sum / n;
}

static inline double rig_rms_error(const struct rig *r)
{
	double sum = 0;
	unsigned int i;

	for (i = 0; i < r->cells; i++)
		sum += pow((double)r->g[i] - (double)r->want[i], 2);
	return sqrt(sum / r->cells);
}

static inline double normal_below(double x)
{
	return 0.5 * erfc(-x / M_SQRT2);
}

static inline int rig_ascending(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

/* Largest distance of an empirical distribution from the normal law; sorts @x. */
static inline double ks_normal(float *x, unsigned int n, double mean, double sigma)
{
	double most = 0;
	unsigned int i;

	qsort(x, n, sizeof(*x), rig_ascending);
	for (i = 0; i < n; i++) {
		double p = normal_below((x[i] - mean) / sigma);

		most = fmax(most, fmax(fabs(p - (double)i / n), fabs(p - (i + 1.0) / n)));
	}
	return most;
}

/* Largest distance of two empirical distributions; sorts both. */
static inline double ks_two(float *x, float *y, unsigned int n)
{
	unsigned int i = 0, k = 0;
	double most = 0;

	qsort(x, n, sizeof(*x), rig_ascending);
	qsort(y, n, sizeof(*y), rig_ascending);
	while (i < n && k < n) {
		float at = x[i] < y[k] ? x[i] : y[k];

		while (i < n && x[i] <= at)
			i++;
		while (k < n && y[k] <= at)
			k++;
		most = fmax(most, fabs((double)i - (double)k) / n);
	}
	return most;
}

/*
 * Distances that a sample of @n exceeds with probability 1e-6: 2 e^(-2 n d^2) = 1e-6 bounds it for any n (Massart); two
 * samples count as one of half the size.
 */
static inline double ks_bound(double n)
{
	return sqrt(log(2e6) / (2 * n));
}

#endif
