// SPDX-License-Identifier: MIT
/*
 * A technology made of a deck: its functions of conductance as tables, its time as a grid. Made once a card, with
 * IEEE-exact operations alone, so that every machine has the same tables.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "card/cell/cell.h"
#include "card/cell/gauss.h"
#include "card/cell/lane.h"
#include "hw/nmc_regs.h"

#define LN_10	2.3025851f

static const struct cell_kernels *best_kernels(bool plain_c)
{
#if defined(__x86_64__)
	__builtin_cpu_init();
	if (!plain_c && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
	    __builtin_cpu_supports("avx512vl"))
		return &cell_kernels_avx512;
	if (!plain_c && __builtin_cpu_supports("avx2"))
		return &cell_kernels_avx2;
#endif
	return &cell_kernels_plain;
}

static void tabulate(const struct cell_tech *tech, const struct deck_curve *curve, float factor, float *table)
{
	unsigned int i;

	for (i = 0; i < CELL_TABLE; i++)
		table[i] = deck_curve_at(curve, (float)(i << CELL_TABLE_SHIFT) * tech->lsb, tech->deck.gmax) * factor;
}

/*
 * A deck's curve is checked from gmin to gmax, but tables begin at 0 and end at 1.25 gmax: no deviation is negative or
 * beyond the range of codes.
 */
static void limit(float *table)
{
	unsigned int i;

	for (i = 0; i < CELL_TABLE; i++)
		table[i] = !(table[i] > 0.0f) ? 0.0f : table[i] > 32767.0f ? 32767.0f : table[i];
}

/* Spreads never fall with time. */
static void tabulate_spreads(struct cell_tech *tech)
{
	struct cell_tables *t = tech->tables;
	unsigned int k, i;

	for (k = 0; k < tech->deck.spreads; k++) {
		tabulate(tech, &tech->deck.spread[k].sigma, tech->per_lsb, t->spread[k]);
		limit(t->spread[k]);
		for (i = 0; k && i < CELL_TABLE; i++)
			t->spread[k][i] = t->spread[k][i] < t->spread[k - 1][i] ? t->spread[k - 1][i] : t->spread[k][i];
	}
}

static void tabulate_all(struct cell_tech *tech)
{
	const struct deck *d = &tech->deck;
	struct cell_tables *t = tech->tables;

	tabulate_spreads(tech);
	tabulate(tech, &d->program.residual, tech->per_lsb, t->residual);
	tabulate(tech, &d->drift.nu_mean, 1.0f, t->nu_mean);
	tabulate(tech, &d->drift.nu_sigma, 1.0f, t->nu_sigma);
	tabulate(tech, &d->drift.shift, tech->per_lsb, t->shift);
	tabulate(tech, &d->read.pink, d->read.pink_relative ? 1.0f : tech->per_lsb, t->pink);
	tabulate(tech, &d->read.white, tech->per_lsb, t->white);
	limit(t->residual);
	limit(t->pink);
	limit(t->white);
}

/* A curve is looked at in some places only; between them it may be anything. */
static double bounded(double x)
{
	const double most = 1e12;

	x = x > -most ? x : -most;
	return x < most ? x : most;
}

/*
 * Between gmin and gmax as the deck says, where it was checked; beyond them the bend stays what it is at the end in
 * proportion to the conductance, so that an open cell carries nothing, and as far as there is room for it.
 */
static void tabulate_bend(const struct cell_tech *tech, struct cell_bend *b)
{
	const struct deck *d = &tech->deck;
	double volt = (double)d->iv.read_volt;
	unsigned int i, k;

	for (i = 0; i < CELL_TABLE; i++) {
		float g = (float)(i << CELL_TABLE_SHIFT) * tech->lsb, in = g < d->gmin ? d->gmin : g > d->gmax ? d->gmax : g;
		double part = in > 0.0f ? (double)g / (double)in * volt : 0.0, nl[CELL_BENDS];

		nl[0] = bounded((double)deck_curve_at(&d->iv.nl2, in, d->gmax)) * part;
		nl[1] = bounded((double)deck_curve_at(&d->iv.nl3, in, d->gmax)) * part * volt;
		part = deck_iv_fit((double)g, (double)d->gmax, nl[0], nl[1]) * (double)tech->per_lsb;
		for (k = 0; k < CELL_BENDS; k++)
			b->at[k][i] = (float)(nl[k] * part);
	}
}

static int make_bend(struct cell_tech *tech)
{
	const struct deck_iv *iv = &tech->deck.iv;

	if (!iv->nl2.given && !iv->nl3.given)
		return 0;
	tech->bend = malloc(sizeof(*tech->bend));
	if (!tech->bend)
		return -ENOMEM;
	tech->bend->given[0] = iv->nl2.given;
	tech->bend->given[1] = iv->nl3.given;
	tabulate_bend(tech, tech->bend);
	return 0;
}

static enum cell_ageing ageing_of(const struct deck *d)
{
	if (d->drift.given && d->drift.nu_mean.given)
		return CELL_DRIFTS;
	return d->spreads > 1 ? CELL_RELAXES : CELL_STILL;
}

struct cell_tech *cell_tech_make(const struct deck *deck, bool plain_c)
{
	struct cell_tech *tech = calloc(1, sizeof(*tech));

	if (!tech)
		return NULL;
	tech->deck = *deck;
	tech->flags = NMC_CLASS_CONVERTERS | NMC_CLASS_WHAT_IF;
	if (!deck->converters.single)
		tech->flags |= NMC_CLASS_DIFFERENTIAL;
	if (deck->drift.decay_s <= 0.0f)
		tech->flags |= NMC_CLASS_NONVOLATILE;
	tech->exact = deck->pulse.model == DECK_EXACT;
	tech->ageing = ageing_of(deck);
	tech->low = deck->target_low > 0.0f ? deck->target_low : deck->gmin;
	tech->high = deck->target_high > 0.0f ? deck->target_high : deck->gmax;
	tech->lsb = deck->gmax * CELL_LSB;
	tech->per_lsb = 1.0f / tech->lsb;
	tech->kernels = best_kernels(plain_c);
	tech->tables = tech->exact ? NULL : malloc(sizeof(*tech->tables));
	if (make_bend(tech) || (!tech->exact && !tech->tables)) {
		cell_tech_close(tech);
		return NULL;
	}
	if (tech->exact)
		return tech;
	tabulate_all(tech);
	if (deck->read.white.given || deck->read.pink.given)
		tech->flags |= NMC_CLASS_READ_NOISE;
	return tech;
}

/* Integer memory has no conductances and so no deck. */
static struct cell_tech *make_digital(void)
{
	struct cell_tech *tech = calloc(1, sizeof(*tech));

	if (!tech)
		return NULL;
	strcpy(tech->deck.name, "digital");
	tech->deck.technology = NMC_TECH_DIGITAL;
	tech->deck.pulse.up.width_ns = 10.0f;
	tech->flags = NMC_CLASS_NONVOLATILE;
	tech->exact = true;
	return tech;
}

/* Names of what there is. */
static void refuse_name(const char *name, char *error, size_t bytes)
{
	const char *shipped;
	unsigned int i;
	size_t at;

	snprintf(error, bytes, "\"%s\" is not a tile class; there are digital", name);
	for (i = 0; (shipped = deck_shipped(i, NULL)); i++) {
		at = strlen(error);
		snprintf(error + at, bytes - at, ", %s", shipped);
	}
}

int cell_tech_open(const char *name, bool plain_c, struct cell_tech **tech, char *error, size_t error_bytes)
{
	struct deck deck;
	int ret;

	if (!strcmp(name, "digital")) {
		*tech = make_digital();
		return *tech ? 0 : -ENOMEM;
	}
	ret = deck_load(name, &deck, error, error_bytes);
	if (ret == -ENOENT && !strpbrk(name, "/.") && error_bytes)
		refuse_name(name, error, error_bytes);
	if (ret)
		return ret;
	*tech = cell_tech_make(&deck, plain_c);
	return *tech ? 0 : -ENOMEM;
}

void cell_tech_close(struct cell_tech *tech)
{
	if (!tech)
		return;
	free(tech->tables);
	free(tech->bend);
	free(tech);
}

int cell_age_grid(uint64_t age_ns)
{
	return (int)(log_poly(1.0f + (float)age_ns * 1e-9f) * 1000.0f);
}

/* Seconds at a point of the grid. */
static float grid_seconds(int grid)
{
	return exp_poly((float)grid * 0.001f) - 1.0f;
}

/* The spreads around an age, and how far it is between them in ln t. */
static void relaxation_at(const struct cell_tech *tech, float log_s, float *sigma)
{
	const struct cell_tables *t = tech->tables;
	unsigned int k = 0, last = tech->deck.spreads - 1;
	float from, to, part;

	while (k + 1 < last && log_s >= log_poly(tech->deck.spread[k + 1].at_s))
		k++;
	from = log_poly(tech->deck.spread[k].at_s);
	to = log_poly(tech->deck.spread[k + 1].at_s);
	part = to > from ? (log_s - from) / (to - from) : 1.0f;
	part = part < 0.0f ? 0.0f : part > 1.0f ? 1.0f : part;
	tech->kernels->relaxation(t->spread[k], t->spread[k + 1], part, t->residual, sigma);
}

void cell_age_at(const struct cell_tech *tech, int grid, struct cell_age *age)
{
	const struct deck_drift *d = &tech->deck.drift;
	float s = grid_seconds(grid);

	age->log_s = s > 1.0f ? log_poly(s) : 0.0f;
	age->decay = d->t0_s > 0.0f ? log_poly((s + d->t0_s) / d->t0_s) : age->log_s;
	age->leak = d->decay_s > 0.0f ? s / d->decay_s : 0.0f;
	if (tech->ageing == CELL_RELAXES)
		relaxation_at(tech, age->log_s, age->sigma);
}

struct cell_read cell_read_at(const struct cell_tech *tech, int grid, uint32_t *decade)
{
	const struct deck_read *r = &tech->deck.read;
	float s = grid_seconds(grid) + r->pink_t0_s + r->pink_read_s;
	float slowest = s > 1.0f ? 1.0f : s, half = 1.0f / (2.0f * r->pink_read_s);
	float fast, all;

	*decade = (uint32_t)((float)grid * 0.001f / LN_10);
	if (!r->pink.given)
		return (struct cell_read){ 0 };
	fast = log_poly(slowest * half);
	all = log_poly(s * half);
	fast = fast < 0.0f ? 0.0f : fast;
	return (struct cell_read){
		.slow = __builtin_sqrtf(all > fast ? all - fast : 0.0f),
		.fast = __builtin_sqrtf(fast),
	};
}

void cell_targets(const struct cell_tech *tech, int16_t *code, unsigned int n)
{
	const struct deck *d = &tech->deck;
	const float lsb = tech->lsb, per_lsb = tech->per_lsb, low = tech->low, high = tech->high, gmin = d->gmin;
	const bool levels = d->levels > 1;
	const float step = levels ? (d->gmax - gmin) / (float)(d->levels - 1) : 1.0f;
	unsigned int i;

	for (i = 0; i < n; i++) {
		float g = clamp((float)code[i] * lsb, low, high);

		g = levels ? gmin + round_half_evenf((g - gmin) / step) * step : g;
		code[i] = (int16_t)(int32_t)round_half_evenf(g * per_lsb);
	}
}

int16_t cell_target(const struct cell_tech *tech, int16_t code)
{
	cell_targets(tech, &code, 1);
	return code;
}
