// SPDX-License-Identifier: MIT
/*
 * What the cells of a deck do on the rig, in figures.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "nmc-deck/nmc-deck.h"

#define MOST_PULSES	16384
#define POINTS		64
#define SHARE		0.95	/* of the way that the longest staircase goes */

struct moments moments_of(const float *g, size_t n, double target)
{
	double sum = 0, square = 0, off = 0;
	struct moments m;
	size_t i;

	for (i = 0; i < n; i++)
		sum += (double)g[i];
	m.mean = n ? sum / (double)n : 0;
	for (i = 0; i < n; i++) {
		square += ((double)g[i] - m.mean) * ((double)g[i] - m.mean);
		off += ((double)g[i] - target) * ((double)g[i] - target);
	}
	m.sd = n > 1 ? sqrt(square / (double)(n - 1)) : 0;
	m.rms = n ? sqrt(off / (double)n) : 0;
	return m;
}

float target_of(const struct nmc_deck_info *info, unsigned int i, unsigned int n)
{
	float low = info->target_low_us, high = info->target_high_us;

	return n < 2 ? high : low + (high - low) * (float)i / (float)(n - 1);
}

/* Mean conductances of the staircase that doubles its pulses: at the start, after 1, 2, 4, ... pulses. */
static int doubling(const struct nmc_deck *deck, const struct nmc_deck_rig *rig, struct nmc_deck_staircase s, bool up,
		    float *g, double *mean)
{
	unsigned int step;
	int ret;

	for (step = 0; 1u << step <= MOST_PULSES; step++) {
		s.points = 1;
		s.set = up ? 1u << step : s.set;
		s.reset = up ? 1 : 1u << step;
		ret = nmc_deck_pulses(deck, rig, &s, g);
		if (ret)
			return ret;
		mean[0] = moments_of(g + (up ? 0 : rig->cells), rig->cells, 0).mean;
		mean[step + 1] = moments_of(g + (up ? rig->cells : 2 * rig->cells), rig->cells, 0).mean;
	}
	return 0;
}

/* Pulses that go most of the way that there is to go. */
static double pulses_of(const double *mean)
{
	unsigned int step, last = 15;
	double way = SHARE * fabs(mean[last] - mean[0]), before, here;

	for (step = 1; step < last && fabs(mean[step] - mean[0]) < way; step++)
		;
	before = fabs(mean[step - 1] - mean[0]);
	here = fabs(mean[step] - mean[0]);
	if (step == 1 || here <= before)
		return 1u << (step - 1);
	return ceil((1u << (step - 1)) * (0.5 + 0.5 * (way - before) / (here - before)));
}

static unsigned int stride_of(double pulses)
{
	double stride = ceil(pulses / POINTS);

	return stride > MOST_PULSES / POINTS ? MOST_PULSES / POINTS : (unsigned int)stride;
}

static int find_strides(const struct nmc_deck *deck, uint64_t seed, struct stairs *st)
{
	struct nmc_deck_rig rig = NMC_DECK_RIG_INIT;
	struct nmc_deck_staircase s = st->s;
	double mean[16];
	float *g;
	int ret;

	rig.cells = 256;
	rig.seed = seed;
	g = malloc(3 * sizeof(*g) * rig.cells);
	if (!g)
		return -ENOMEM;
	ret = doubling(deck, &rig, s, true, g, mean);
	if (!ret) {
		st->set_pulses = pulses_of(mean);
		st->s.set = stride_of(st->set_pulses);
		s.set = st->s.set * POINTS;
		ret = doubling(deck, &rig, s, false, g, mean);
	}
	if (!ret) {
		st->reset_pulses = pulses_of(mean);
		st->s.reset = stride_of(st->reset_pulses);
	}
	free(g);
	st->s.points = POINTS;
	return ret;
}

int stairs_make(const struct nmc_deck *deck, const struct nmc_deck_info *info, uint64_t seed, unsigned int cells,
		struct stairs *st)
{
	struct nmc_deck_rig rig = NMC_DECK_RIG_INIT;
	unsigned int i, all = 2 * POINTS + 1;
	int ret;

	*st = (struct stairs){ .s = NMC_DECK_STAIRCASE_INIT, .cells = cells };
	rig.cells = cells;
	rig.seed = seed;
	st->s.start_us = info->gmin_us;
	ret = find_strides(deck, seed, st);
	if (ret)
		return ret;
	st->g = malloc(sizeof(*st->g) * all * cells);
	st->mean = malloc(sizeof(*st->mean) * all);
	st->sd = malloc(sizeof(*st->sd) * all);
	ret = st->g && st->mean && st->sd ? nmc_deck_pulses(deck, &rig, &st->s, st->g) : -ENOMEM;
	for (i = 0; !ret && i < all; i++) {
		struct moments m = moments_of(st->g + (size_t)i * cells, cells, 0);

		st->mean[i] = m.mean;
		st->sd[i] = m.sd;
	}
	if (ret)
		stairs_free(st);
	return ret;
}

void stairs_free(struct stairs *st)
{
	free(st->g);
	free(st->mean);
	free(st->sd);
	st->g = NULL;
	st->mean = NULL;
	st->sd = NULL;
}
