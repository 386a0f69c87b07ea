// SPDX-License-Identifier: MIT
/*
 * Health of plans against the card's oracle: full reads, predictions from day 1 for 30 days, 1 year and 10 years and how often
 * their intervals hold the truth, crossings and "never", broken cells, forecasts from the background scrub.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "libnmc/compile/plan.h"
#include "libnmc/device/sim.h"
#include "libnmc_plan_rig.h"

#define DAY	86400000000000ull
#define SIDE	64
#define TILES	50
#define INPUTS	(5 * SIDE)
#define OUTPUTS	(10 * SIDE / 2)
#define LATER	3

static const uint64_t later[LATER] = { 30 * DAY, 365 * DAY, 3650 * DAY };

struct setup {
	struct nmc_device *device;
	struct nmc_network *network;
	struct nmc_plan *plan;
	uint64_t start_ns;
};

/* Weights as training leaves them: many small, few large. */
static void make_weights(float *w, unsigned int n)
{
	uint64_t x = 88172645463325252ull;
	unsigned int i, k;

	for (i = 0; i < n; i++) {
		float sum = 0;

		for (k = 0; k < 4; k++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			sum += (float)(x >> 40) / 16777216.0f - 0.5f;
		}
		w[i] = sum;
	}
}

/* Fifty tiles of one class, programmed. */
static struct setup make(const char *class, unsigned int seed)
{
	struct nmc_plan_options options = NMC_PLAN_OPTIONS_INIT;
	float *w = malloc(INPUTS * OUTPUTS * sizeof(*w));
	struct nmc_plan_info info = NMC_PLAN_INFO_INIT;
	struct setup s;
	char uri[128];

	make_weights(w, INPUTS * OUTPUTS);
	snprintf(uri, sizeof(uri), "sim:%s?tiles=%u&rows=%u&cols=%u&seed=%u&threads=1", class, TILES, SIDE, SIDE, seed);
	assert_int_equal(nmc_device_open(uri, &s.device), 0);
	assert_int_equal(nmc_network_create(INPUTS, &s.network), 0);
	assert_int_equal(nmc_network_add_dense(s.network, NULL, OUTPUTS, w, NULL, NMC_ACTIVATION_NONE), 0);
	assert_int_equal(nmc_plan_create(s.device, s.network, &options, &s.plan), 0);
	assert_int_equal(nmc_plan_program(s.plan, NULL, NULL, NULL), 0);
	assert_int_equal(nmc_plan_info(s.plan, &info), 0);
	s.start_ns = info.set_time_ns;
	free(w);
	return s;
}

static void drop(struct setup *s)
{
	nmc_plan_destroy(s->plan);
	nmc_network_destroy(s->network);
	nmc_device_close(s->device);
}

/* Ages the plan to @ns after the end of its programming. */
static void age_to(struct setup *s, uint64_t ns)
{
	struct nmc_plan_info info = NMC_PLAN_INFO_INIT;

	assert_int_equal(nmc_plan_info(s->plan, &info), 0);
	assert_int_equal(nmc_plan_age(s->plan, s->start_ns + ns - info.set_time_ns), 0);
}

/* RMS (true g - target) / gmax of a virtual tile. */
static double oracle(struct setup *s, unsigned int tile)
{
	static float g[SIDE * SIDE], target[SIDE * SIDE];
	struct card *card = ((struct sim *)s->device->reach)->card;
	double sum = 0;
	int i;

	assert_int_equal(card_oracle(card, s->plan->set->set, tile, g, target), 0);
	for (i = 0; i < SIDE * SIDE; i++)
		sum += (double)(g[i] - target[i]) * (double)(g[i] - target[i]);
	return sqrt(sum / (SIDE * SIDE)) / (double)s->plan->class.gmax_us;
}

static void predict_all(struct setup *s, struct nmc_prediction p[TILES][LATER])
{
	unsigned int t;

	for (t = 0; t < TILES; t++)
		assert_int_equal(nmc_health_predict(s->plan, t, later, LATER, p[t]), 0);
}

/* From day 1: every tile within @within of the oracle, and at least 85 % of 50 inside the 90 % interval. */
static void predicted(const char *class, double within)
{
	static struct nmc_prediction p[TILES][LATER];
	struct nmc_tile_health h[TILES];
	struct setup s = make(class, 11);
	unsigned int t, k;

	age_to(&s, DAY);
	assert_int_equal(nmc_health_scrub_now(s.plan), 0);
	assert_int_equal(nmc_health_tiles(s.plan, h, TILES), TILES);
	predict_all(&s, p);
	for (t = 0; t < TILES; t++) {
		double real = oracle(&s, h[t].tile);

		assert_true(h[t].age_ns >= DAY && h[t].age_ns < DAY + 200000000000ull);
		assert_int_equal(h[t].cells, SIDE * SIDE);
		/* Cells that the verify loop gave up count as broken. */
		assert_true(h[t].broken < 5);
		assert_true(fabs(h[t].deviation - real) < 0.02 * real);
	}
	for (k = 0; k < LATER; k++) {
		double worst = 0, mean = 0, width = 0;
		unsigned int inside = 0;

		age_to(&s, later[k]);
		for (t = 0; t < TILES; t++) {
			double real = oracle(&s, t), off = p[t][k].deviation / real - 1.0;

			worst = fabs(off) > worst ? fabs(off) : worst;
			mean += off / TILES;
			width += (p[t][k].high - p[t][k].low) / real / TILES;
			inside += real >= p[t][k].low && real <= p[t][k].high;
		}
		print_message("%s %5llu d: worst %.2f %%, mean %+.2f %%, interval %.2f %% wide, holds %u of %u\n", class,
			      (unsigned long long)(later[k] / DAY), 100 * worst, 100 * mean, 100 * width, inside, TILES);
		assert_true(worst < within);
		assert_true(inside >= TILES * 85 / 100 + 1);
	}
	drop(&s);
}

static void pcm_is_predicted(void **state)
{
	(void)state;
	predicted("pcm", 0.03);
}

static void rram_is_predicted(void **state)
{
	(void)state;
	predicted("rram", 0.10);
}

/* Every deck has a law that its own cells follow. */
static void other_decks(void **state)
{
	static const char *const classes[] = { "hermes2", "rram-cmo", "sonos", "ecram", "reram-es", "reram-sb", "ecram-mo", "rram-milo", "hermes1" };
	static struct nmc_prediction p[TILES][LATER];
	unsigned int c, t, k;

	(void)state;
	for (c = 0; c < sizeof(classes) / sizeof(*classes); c++) {
		struct setup s = make(classes[c], 5);
		double mean[LATER] = { 0 };

		age_to(&s, DAY);
		assert_int_equal(nmc_health_scrub_now(s.plan), 0);
		predict_all(&s, p);
		for (k = 0; k < LATER; k++) {
			age_to(&s, later[k]);
			for (t = 0; t < 10; t++)
				mean[k] += (p[t][k].deviation / oracle(&s, t) - 1.0) / 10;
		}
		print_message("%s: mean error %+.2f %%, %+.2f %%, %+.2f %%\n", classes[c], 100 * mean[0], 100 * mean[1],
			      100 * mean[2]);
		for (k = 0; k < LATER; k++)
			assert_true(fabs(mean[k]) < 0.05);
		drop(&s);
	}
}

/* PCM passes any threshold below its end in time, and when it is said to; RRAM stops relaxing and never passes a high one. */
static void crossings(void **state)
{
	struct nmc_crossing c;
	struct setup s = make("pcm", 2);
	double before, after;

	(void)state;
	age_to(&s, DAY);
	assert_int_equal(nmc_health_scrub_now(s.plan), 0);
	before = oracle(&s, 0);
	assert_int_equal(nmc_health_crossing(s.plan, 0, 1.2 * before, &c), 0);
	assert_true(c.earliest > 86400 && c.earliest < c.seconds && c.seconds < c.latest && isfinite(c.latest));
	age_to(&s, (uint64_t)(c.earliest * 0.9e9));
	assert_true(oracle(&s, 0) < 1.2 * before);
	age_to(&s, (uint64_t)(c.latest * 1.1e9));
	after = oracle(&s, 0);
	assert_true(after > 1.2 * before);
	assert_int_equal(nmc_health_crossing(s.plan, 0, 0.001, &c), 0);
	assert_true(c.seconds <= 1.0);
	drop(&s);
	s = make("rram", 2);
	age_to(&s, DAY);
	assert_int_equal(nmc_health_scrub_now(s.plan), 0);
	before = oracle(&s, 0);
	assert_int_equal(nmc_health_crossing(s.plan, 0, 2.0 * before, &c), 0);
	assert_true(isinf(c.seconds) && isinf(c.earliest) && isinf(c.latest));
	drop(&s);
}

static void ideal_cells_never_change(void **state)
{
	struct nmc_prediction p[LATER];
	struct nmc_crossing c;
	struct setup s = make("ideal", 1);

	(void)state;
	age_to(&s, DAY);
	assert_int_equal(nmc_health_scrub_now(s.plan), 0);
	assert_int_equal(nmc_health_predict(s.plan, 3, later, LATER, p), 0);
	assert_true(p[2].deviation == 0.0 && p[2].high == 0.0);
	assert_int_equal(nmc_health_crossing(s.plan, 3, 0.01, &c), 0);
	assert_true(isinf(c.seconds));
	drop(&s);
}

/* Refreshed cells are measured anew; a tile that was written as a whole is as young as that. */
static void refreshed(void **state)
{
	struct nmc_plan_info info = NMC_PLAN_INFO_INIT;
	struct nmc_tile_health h[TILES];
	struct nmc_prediction p;
	struct setup s = make("pcm", 2);
	unsigned int t;

	(void)state;
	age_to(&s, DAY);
	assert_int_equal(nmc_health_scrub_now(s.plan), 0);
	assert_int_equal(nmc_plan_refresh(s.plan, 0.5, NULL), 0);
	assert_int_equal(nmc_health_predict(s.plan, 0, later, 1, &p), 0);
	assert_int_equal(nmc_plan_refresh(s.plan, 0.005, NULL), 0);
	assert_int_equal(nmc_health_predict(s.plan, 0, later, 1, &p), -EINVAL);
	assert_int_equal(nmc_plan_info(s.plan, &info), 0);
	assert_int_equal(nmc_plan_age(s.plan, DAY / 24), 0);
	assert_int_equal(nmc_health_scrub_now(s.plan), 0);
	assert_int_equal(nmc_health_tiles(s.plan, h, TILES), TILES);
	for (t = 0; t < TILES; t++) {
		assert_true(h[t].age_ns >= DAY / 24 && h[t].age_ns < DAY / 4);
		assert_true(fabs(h[t].deviation / oracle(&s, t) - 1.0) < 0.1);
	}
	drop(&s);
}

/* Parts that make up for one another: targets follow what was read, each block has its own. */
static void parts(void **state)
{
	struct nmc_plan_options options = NMC_PLAN_OPTIONS_INIT;
	static float w[SIDE * SIDE / 4];
	struct nmc_tile_health h[TILES];
	struct setup s = { 0 };
	int i, n;

	(void)state;
	make_weights(w, SIDE * SIDE / 4);
	options.scheme = NMC_SCHEME_DEVICES;
	assert_int_equal(nmc_device_open("sim:pcm?tiles=8&rows=64&cols=64&seed=3&threads=1", &s.device), 0);
	assert_int_equal(nmc_network_create(SIDE, &s.network), 0);
	assert_int_equal(nmc_network_add_dense(s.network, NULL, SIDE / 4, w, NULL, NMC_ACTIVATION_NONE), 0);
	assert_int_equal(nmc_plan_create(s.device, s.network, &options, &s.plan), 0);
	assert_int_equal(nmc_plan_program(s.plan, NULL, NULL, NULL), 0);
	assert_int_equal(nmc_plan_age(s.plan, DAY), 0);
	assert_int_equal(nmc_health_scrub_now(s.plan), 0);
	n = nmc_health_tiles(s.plan, h, TILES);
	assert_true(n >= 2);
	for (i = 0; i < n; i++) {
		assert_true(h[i].age_ns >= DAY && h[i].age_ns < DAY + DAY / 24);
		assert_int_equal(h[i].cells, SIDE * SIDE / 2);
		assert_true(h[i].broken < 20 && h[i].deviation > 0.0 && h[i].deviation < 0.2);
	}
	drop(&s);
}

static void refusals(void **state)
{
	struct nmc_tile_health h[TILES];
	struct nmc_prediction p;
	struct setup s = make("rram", 1);

	(void)state;
	assert_int_equal(nmc_health_predict(s.plan, 0, later, 1, &p), -EINVAL);
	assert_non_null(strstr(nmc_last_error(), "nmc_health_scrub_now"));
	assert_int_equal(nmc_health_tiles(s.plan, h, TILES), TILES);
	assert_true(isnan(h[0].deviation));
	assert_int_equal(nmc_health_scrub_now(s.plan), 0);
	assert_int_equal(nmc_health_predict(s.plan, TILES, later, 1, &p), -ENOENT);
	assert_int_equal(nmc_health_predict(s.plan, 0, later, 1, &p), 0);
	assert_int_equal(nmc_plan_program(s.plan, NULL, NULL, NULL), 0);
	assert_int_equal(nmc_health_predict(s.plan, 0, later, 1, &p), -EINVAL);
	drop(&s);
	s = make("digital", 1);
	assert_int_equal(nmc_health_scrub_now(s.plan), 0);
	assert_int_equal(nmc_health_tiles(s.plan, h, 1), s.plan->blocks);
	assert_true(h[0].deviation == 0.0);
	assert_int_equal(nmc_health_predict(s.plan, 0, later, 1, &p), -ENOTSUP);
	drop(&s);
}

/* A class called rram by a deck of its own, behind a door that knows no laws: the deck must be told. */
static void decks_of_their_own(void **state)
{
	struct nmc_class_info class = NMC_CLASS_INFO_INIT;
	struct device_ops ops;
	struct nmc_device *device;
	struct law *law;
	char uri[256];

	(void)state;
	rig_deck(uri, sizeof(uri), "rram", "defects: { stuck_low: 1 % }\n", "tiles=2");
	assert_int_equal(nmc_device_open(uri, &device), 0);
	ops = *device->reach->ops;
	ops.law = NULL;
	device->reach->ops = &ops;
	assert_int_equal(nmc_device_class(device, 0, &class), 0);
	assert_int_equal(device_law(device, &class, &law), -ENOTSUP);
	assert_non_null(strstr(nmc_last_error(), "nmc_device_add_deck"));
	assert_int_equal(nmc_device_add_deck(device, "rram"), -ENOENT);
	assert_int_equal(nmc_device_add_deck(device, "somebody's"), -ENOENT);
	rig_forget(uri);
	assert_int_equal(nmc_device_add_deck(device, uri + 4), -ENOENT);
	nmc_device_close(device);

	rig_deck(uri, sizeof(uri), "rram", "defects: { stuck_low: 1 % }\n", "tiles=2");
	assert_int_equal(nmc_device_open(uri, &device), 0);
	device->reach->ops = &ops;
	*strchr(uri, '?') = 0;
	assert_int_equal(nmc_device_add_deck(device, uri + 4), 0);
	assert_int_equal(nmc_device_class(device, 0, &class), 0);
	assert_int_equal(device_law(device, &class, &law), 0);
	assert_true(law_deck(law) == class.deck && class.deck);
	nmc_device_close(device);
	assert_int_equal(remove(uri + 4), 0);

	assert_int_equal(nmc_device_open("sim:rram?tiles=2", &device), 0);
	device->reach->ops = &ops;
	assert_int_equal(nmc_device_class(device, 0, &class), 0);
	assert_int_equal(device_law(device, &class, &law), 0);
	nmc_device_close(device);
}

/* What a stranger sees of the same tiles: the scrub's log and a forecast that does not know the targets. */
static void forecasts(void **state)
{
	static const char *const classes[] = { "pcm", "rram" };
	struct nmc_health health = NMC_HEALTH_INIT;
	struct nmc_tile_info info[TILES];
	struct nmc_prediction p[TILES];
	struct nmc_crossing c;
	unsigned int k, t, i, inside = 0, measured = 0;

	(void)state;
	for (k = 0; k < 2; k++) {
		struct setup s = make(classes[k], 4);

		age_to(&s, DAY);
		for (i = 0; i < 40; i++)
			assert_int_equal(nmc_plan_age(s.plan, 1000000), 0);
		assert_int_equal(nmc_device_tiles(s.device, 0, info, TILES), TILES);
		for (t = 0; t < TILES; t++) {
			assert_false(isnan(info[t].deviation));
			assert_true(info[t].scrubbed_ns >= DAY && info[t].wear_max > 0 && info[t].wear_mean > 1.0);
			assert_true(k ? isnan(info[t].drift) : info[t].drift > 0.035f && info[t].drift < 0.07f);
			assert_int_equal(nmc_health_forecast(s.device, &info[t], &later[1], 1, &p[t]), 0);
		}
		assert_int_equal(nmc_health_forecast_crossing(s.device, &info[0], 0.9, &c), 0);
		assert_true(isinf(c.seconds));
		assert_int_equal(nmc_device_health(s.device, &health), 0);
		assert_true(health.scrub_rows > 0 && health.scrub_ns * 100 <= health.array_ns);
		age_to(&s, later[1]);
		for (t = 0; t < TILES; t++, measured++) {
			double real = oracle(&s, t);

			inside += real >= p[t].low && real <= p[t].high;
			assert_true(fabs(p[t].deviation - real) < 0.25 * real);
		}
		drop(&s);
	}
	print_message("forecasts: %u of %u inside\n", inside, measured);
	assert_true(inside >= measured * 85 / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pcm_is_predicted),
		cmocka_unit_test(rram_is_predicted),
		cmocka_unit_test(other_decks),
		cmocka_unit_test(crossings),
		cmocka_unit_test(ideal_cells_never_change),
		cmocka_unit_test(refusals),
		cmocka_unit_test(decks_of_their_own),
		cmocka_unit_test(refreshed),
		cmocka_unit_test(parts),
		cmocka_unit_test(forecasts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
