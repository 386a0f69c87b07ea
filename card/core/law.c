// SPDX-License-Identifier: MIT
/*
 * The law of a technology: moments of a cell's deviation from its target at given ages. The cells of each target are a grid
 * of nodes, over the deviate that a write freezes and over what the verify leaves, which the card's own kernels let age.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "card/cell/gauss.h"
#include "card/core/machine.h"

#define BIN		256			/* codes of a bin */
#define FROZEN		16			/* nodes over the frozen deviate: -3.75 to 3.75 sigma */
#define WRITTEN		8			/* nodes over the written conductance: -3.5 to 3.5 sigma */
#define NODES		(FROZEN * WRITTEN)
#define UNIFORM_RMS	0.577f			/* of a half band that the verify loop fills evenly */

_Static_assert(NODES <= CELL_LANES, "nodes are handled side by side");
_Static_assert(CARD_LAW_BINS * BIN > NMC_CONDUCTANCE_MAX, "bins reach the highest conductance");

#define KEPT		128			/* tiles that were written together are asked about at the same ages */

/* Moments at two ages of the grid. */
struct answer {
	int now;
	int then;
	struct card_law_bin bin[CARD_LAW_BINS];
};

/**
 * struct card_law - how cells of a technology age
 * @tech: it
 * @own: the same if it was made for the law
 * @lock: protects what follows
 * @kept: the latest answers
 * @asked: how many there have been
 */
struct card_law {
	const struct cell_tech *tech;
	struct cell_tech *own;
	pthread_mutex_t lock;
	struct answer *kept[KEPT];
	unsigned int asked;
};

/**
 * struct nodes - cells of one target
 * @weight: share of each
 * @target: their target
 * @g: written conductance, microsiemens
 * @frozen: frozen deviate or exponent
 */
struct nodes {
	double weight[NODES];
	int16_t target[NODES];
	float g[NODES];
	int16_t frozen[NODES];
};

int card_law_open(const char *name, struct card_law **law, char *error, size_t error_bytes)
{
	struct card_law *l = calloc(1, sizeof(*l));
	int ret = l ? cell_tech_open(name, false, &l->own, error, error_bytes) : -ENOMEM;

	if (ret) {
		free(l);
		return ret;
	}
	l->tech = l->own;
	pthread_mutex_init(&l->lock, NULL);
	*law = l;
	return 0;
}

int card_law_of(struct card *card, unsigned int class, struct card_law **law)
{
	struct card_law *l;

	if (class >= card->class_count)
		return -ENOENT;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->tech = card->classes[class].tech;
	pthread_mutex_init(&l->lock, NULL);
	*law = l;
	return 0;
}

void card_law_close(struct card_law *law)
{
	unsigned int i;

	if (!law)
		return;
	for (i = 0; i < KEPT; i++)
		free(law->kept[i]);
	pthread_mutex_destroy(&law->lock);
	cell_tech_close(law->own);
	free(law);
}

uint64_t card_law_deck(const struct card_law *law)
{
	return deck_digest(&law->tech->deck);
}

/* Deviation of a written cell, microsiemens: what verify leaves, and programming noise that time does not change. */
static float written_sigma(const struct cell_tech *tech, int16_t target)
{
	const struct deck_program *p = &tech->deck.program;
	const struct cell_tables *t = tech->tables;
	unsigned int at = (unsigned int)target >> CELL_TABLE_SHIFT;
	float left = p->residual.given ? t->residual[at] * tech->lsb :
		     UNIFORM_RMS * (p->band + p->band_relative * (float)target * tech->lsb);
	float spread = tech->deck.spreads && tech->ageing != CELL_RELAXES ? t->spread[0][at] * tech->lsb : 0.0f;

	if (p->residual.given)
		return spread > left ? spread : left;
	return __builtin_sqrtf(spread * spread + left * left);
}

static int16_t frozen_at(const struct cell_tech *tech, int16_t target, float z)
{
	unsigned int at = (unsigned int)target >> CELL_TABLE_SHIFT;
	float nu;

	if (tech->ageing != CELL_DRIFTS)
		return (int16_t)round_half_evenf(z * CELL_FROZEN);
	nu = tech->tables->nu_mean[at] + tech->tables->nu_sigma[at] * z;
	nu = (nu < 0.0f ? -nu : nu) * CELL_EXPONENT;
	return (int16_t)(nu > 32767.0f ? 32767.0f : nu);
}

static float frozen_node(unsigned int i)
{
	return ((float)(i % FROZEN) - 0.5f * (FROZEN - 1)) * 0.5f;
}

static float written_node(unsigned int i)
{
	return ((float)(i / FROZEN) - 0.5f * (WRITTEN - 1)) * 1.0f;
}

/* Shares are the same for every target. */
static void weigh_nodes(struct nodes *n)
{
	double all = 0.0;
	unsigned int i;

	for (i = 0; i < NODES; i++) {
		float z = frozen_node(i), y = written_node(i);

		n->weight[i] = (double)exp_poly(-0.5f * (z * z + y * y));
		all += n->weight[i];
	}
	for (i = 0; i < NODES; i++)
		n->weight[i] /= all;
}

static void fill_nodes(const struct cell_tech *tech, int16_t target, struct nodes *n)
{
	float middle = (float)target * tech->lsb, sigma = written_sigma(tech, target), top = 1.25f * tech->deck.gmax;
	unsigned int i;

	for (i = 0; i < NODES; i++) {
		float g = middle + sigma * written_node(i);

		n->target[i] = target;
		n->g[i] = g < 0.0f ? 0.0f : g > top ? top : g;
		n->frozen[i] = i < FROZEN ? frozen_at(tech, target, frozen_node(i)) : n->frozen[i - FROZEN];
	}
}

static double square(double x)
{
	return x * x;
}

/* Of @now, conductances at the first age. */
static void read_moments(const struct cell_tech *tech, const struct nodes *n, int grid, const float *now,
			 struct card_law_bin *bin)
{
	float pink = tech->tables->pink[(unsigned int)n->target[0] >> CELL_TABLE_SHIFT], var[NODES];
	struct cell_read r;
	uint32_t decade;
	unsigned int i;

	r = cell_read_at(tech, grid, &decade);
	tech->kernels->variance(tech, NODES, r.fast, n->target, now, var);
	for (i = 0; i < NODES; i++) {
		float unit = tech->deck.read.pink_relative ? now[i] : 1.0f;

		bin->slow += n->weight[i] * square((double)(pink * r.slow * unit));
		bin->read += n->weight[i] * (double)var[i];
	}
}

static void moments(const struct nodes *n, const float *now, const float *then, struct card_law_bin *bin)
{
	double fourth_now = 0.0, fourth_then = 0.0, both = 0.0;
	unsigned int i;

	for (i = 0; i < NODES; i++) {
		double a = square((double)now[i] - n->target[i]), b = square((double)then[i] - n->target[i]);

		bin->now += n->weight[i] * a;
		bin->then += n->weight[i] * b;
		fourth_now += n->weight[i] * a * a;
		fourth_then += n->weight[i] * b * b;
		both += n->weight[i] * a * b;
	}
	bin->now_var = fourth_now - square(bin->now);
	bin->then_var = fourth_then - square(bin->then);
	bin->covar = both - bin->now * bin->then;
}

static int16_t bin_target(const struct cell_tech *tech, unsigned int bin)
{
	int code = bin ? (int)(bin * BIN + BIN / 2) : 0;

	return cell_target(tech, (int16_t)(code > NMC_CONDUCTANCE_MAX ? NMC_CONDUCTANCE_MAX : code));
}

/* The ages are points of the grid. */
static void integrate(const struct cell_tech *tech, int now_grid, int then_grid, struct card_law_bin *bins)
{
	struct philox_stream device = philox_stream(0, 0, PURPOSE_DEVICE, 0);
	struct cell_age now, then;
	struct nodes n;
	unsigned int i;

	weigh_nodes(&n);
	cell_age_at(tech, now_grid, &now);
	cell_age_at(tech, then_grid, &then);
	for (i = 0; i < CARD_LAW_BINS; i++) {
		float a[NODES], b[NODES];

		bins[i] = (struct card_law_bin){ 0 };
		fill_nodes(tech, bin_target(tech, i), &n);
		tech->kernels->age(tech, &now, &device, 0, NODES, n.target, n.g, n.frozen, a);
		tech->kernels->age(tech, &then, &device, 0, NODES, n.target, n.g, n.frozen, b);
		read_moments(tech, &n, now_grid, a, &bins[i]);
		moments(&n, a, b, &bins[i]);
	}
}

static bool recall(struct card_law *law, int now, int then, struct card_law_bin *bins)
{
	bool found = false;
	unsigned int i;

	pthread_mutex_lock(&law->lock);
	for (i = 0; !found && i < KEPT && law->kept[i]; i++) {
		found = law->kept[i]->now == now && law->kept[i]->then == then;
		if (found)
			memcpy(bins, law->kept[i]->bin, sizeof(law->kept[i]->bin));
	}
	pthread_mutex_unlock(&law->lock);
	return found;
}

/* Instead of the oldest one; without memory nothing is kept. */
static void keep(struct card_law *law, int now, int then, const struct card_law_bin *bins)
{
	struct answer **place;

	pthread_mutex_lock(&law->lock);
	place = &law->kept[law->asked % KEPT];
	if (!*place)
		*place = malloc(sizeof(**place));
	if (*place) {
		(*place)->now = now;
		(*place)->then = then;
		memcpy((*place)->bin, bins, sizeof((*place)->bin));
		law->asked++;
	}
	pthread_mutex_unlock(&law->lock);
}

void card_law_bins(struct card_law *law, float kelvin, uint64_t now_ns, uint64_t then_ns, struct card_law_bin *bins)
{
	const struct cell_tech *tech = law->tech;
	int now, then;

	if (tech->exact) {
		memset(bins, 0, CARD_LAW_BINS * sizeof(*bins));
		return;
	}
	now = cell_age_grid(time_felt(&tech->deck.thermal, kelvin, now_ns));
	then = cell_age_grid(time_felt(&tech->deck.thermal, kelvin, then_ns));
	if (recall(law, now, then, bins))
		return;
	integrate(tech, now, then, bins);
	keep(law, now, then, bins);
}
