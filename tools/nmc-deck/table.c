// SPDX-License-Identifier: MIT
/*
 * What sound cells of a deck hold and how they are read, by target and age: the figures that a simulation or a training
 * script needs, without the model behind them.
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include "nmc-deck/nmc-deck.h"

#define CELLS	2048

/**
 * struct entry - cells of one target at one age
 * @seen: conductances, without the noise of a read
 * @noise: standard deviation of a read of their mean
 */
struct entry {
	struct moments seen;
	double noise;
};

/**
 * struct table - figures of a deck
 * @deck: the deck
 * @info: at a glance
 * @target: what cells could be asked for, microsiemens
 * @targets: how many
 * @entry: age by age, the targets of each
 * @converged: share of cells that verify accepts, all targets together
 */
struct table {
	const struct nmc_deck *deck;
	struct nmc_deck_info info;
	double target[1024];
	unsigned int targets;
	struct entry *entry;
	double converged;
};

/* The cells of target @i at every age. */
static int fill_target(const struct tool *t, struct table *table, unsigned int i, unsigned int cells, float *g)
{
	struct nmc_deck_report report = NMC_DECK_REPORT_INIT;
	struct nmc_deck_rig rig = NMC_DECK_RIG_INIT;
	unsigned int k;

	rig.cells = cells;
	rig.seed = t->seed;
	rig.tile = i;
	rig.sound = 1;
	if (nmc_deck_program(table->deck, &rig, target_of(&table->info, i, t->targets), t->ages, t->age_count, g, &report))
		return tool_fail(EXIT_FAILURE, "%s", nmc_last_error());
	table->converged += (double)report.converged;
	/* Several targets of a deck with levels are one level. */
	if (table->targets && (double)report.target_us <= table->target[table->targets - 1])
		return 0;
	for (k = 0; k < t->age_count; k++) {
		struct entry *e = &table->entry[(size_t)k * t->targets + table->targets];

		e->seen = moments_of(g + (size_t)k * cells, cells, (double)report.target_us);
		e->noise = (double)nmc_deck_read_noise(table->deck, (float)e->seen.mean, t->ages[k]);
	}
	table->target[table->targets++] = (double)report.target_us;
	return 0;
}

static int fill(const struct tool *t, struct table *table)
{
	unsigned int cells = t->cells ? t->cells : CELLS, i;
	float *g = malloc(sizeof(*g) * cells * t->age_count);
	int ret = 0;

	table->entry = malloc(sizeof(*table->entry) * t->targets * t->age_count);
	if (!g || !table->entry)
		ret = tool_fail(EXIT_FAILURE, "out of memory");
	for (i = 0; !ret && i < t->targets; i++)
		ret = fill_target(t, table, i, cells, g);
	table->converged /= t->targets;
	free(g);
	return ret;
}

/* Slope of the mean conductances over the targets: what is left of a difference of two, spread apart. */
static double decay_of(const struct table *table, const struct entry *e)
{
	double x = 0, y = 0, xx = 0, xy = 0, n = table->targets;
	unsigned int i;

	for (i = 0; i < table->targets; i++) {
		x += table->target[i] / n;
		y += e[i].seen.mean / n;
	}
	for (i = 0; i < table->targets; i++) {
		xx += (table->target[i] - x) * (table->target[i] - x);
		xy += (table->target[i] - x) * (e[i].seen.mean - y);
	}
	return xx > 0 ? xy / xx : 1;
}

/* A share that the deck states, 0 without the key. */
static double share_of(const struct nmc_deck *deck, const char *key)
{
	char text[64], *unit;
	double share;

	if (nmc_deck_value(deck, key, text, sizeof(text)))
		return 0;
	share = strtod(text, &unit);
	return strchr(unit, '%') ? share / 100 : share;
}

static void say(const struct tool *t, const struct table *table)
{
	unsigned int k, i;

	printf("%s: %s\n", table->info.name, table->info.title);
	printf("broken     %.4g %% stuck low, %.4g %% stuck high, %.4g %% dead\n",
	       100 * share_of(table->deck, "defects.stuck_low"), 100 * share_of(table->deck, "defects.stuck_high"),
	       100 * share_of(table->deck, "defects.dead"));
	printf("converged  %.4g %% of sound cells\n", 100 * table->converged);
	for (k = 0; k < t->age_count; k++) {
		const struct entry *e = table->entry + (size_t)k * t->targets;

		printf("\nage %.6g s, mean decay %.4g\n  %12s %12s %12s %12s %12s\n", t->ages[k], decay_of(table, e),
		       "target (uS)", "mean", "spread", "deviation", "read noise");
		for (i = 0; i < table->targets; i++)
			printf("  %12.5g %12.5g %12.4g %12.4g %12.4g\n", table->target[i], e[i].seen.mean, e[i].seen.sd,
			       e[i].seen.rms, e[i].noise);
	}
}

static void add(struct json_object *o, const char *key, double x)
{
	json_object_object_add(o, key, json_object_new_double(x));
}

static struct json_object *age_json(const struct tool *t, const struct table *table, unsigned int k)
{
	const struct entry *e = table->entry + (size_t)k * t->targets;
	struct json_object *o = json_object_new_object(), *array = json_object_new_array();
	unsigned int i;

	add(o, "age_s", t->ages[k]);
	add(o, "decay", decay_of(table, e));
	for (i = 0; i < table->targets; i++) {
		struct json_object *cell = json_object_new_object();

		add(cell, "target_us", table->target[i]);
		add(cell, "mean_us", e[i].seen.mean);
		add(cell, "spread_us", e[i].seen.sd);
		add(cell, "deviation_us", e[i].seen.rms);
		add(cell, "read_noise_us", e[i].noise);
		json_object_array_add(array, cell);
	}
	json_object_object_add(o, "targets", array);
	return o;
}

static void put_json(const struct tool *t, const struct table *table)
{
	struct json_object *o = json_object_new_object(), *broken = json_object_new_object(), *ages = json_object_new_array();
	unsigned int k;

	json_object_object_add(o, "schema", json_object_new_int(1));
	json_object_object_add(o, "deck", json_object_new_string(table->info.name));
	json_object_object_add(o, "seed", json_object_new_uint64(t->seed));
	json_object_object_add(o, "cells", json_object_new_int((int)(t->cells ? t->cells : CELLS)));
	add(o, "gmin_us", (double)table->info.gmin_us);
	add(o, "gmax_us", (double)table->info.gmax_us);
	add(o, "low_us", (double)table->info.target_low_us);
	add(o, "high_us", (double)table->info.target_high_us);
	json_object_object_add(o, "levels", table->info.levels ? json_object_new_int((int)table->info.levels) : NULL);
	add(o, "converged", table->converged);
	add(broken, "stuck_low", share_of(table->deck, "defects.stuck_low"));
	add(broken, "stuck_high", share_of(table->deck, "defects.stuck_high"));
	add(broken, "dead", share_of(table->deck, "defects.dead"));
	json_object_object_add(o, "broken", broken);
	for (k = 0; k < t->age_count; k++)
		json_object_array_add(ages, age_json(t, table, k));
	json_object_object_add(o, "ages", ages);
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

int run_table(const struct tool *t)
{
	struct table table = { .info = NMC_DECK_INFO_INIT };
	struct nmc_deck *deck;
	int ret = one_deck(t, &deck, &table.info);

	if (ret)
		return ret;
	table.deck = deck;
	ret = fill(t, &table);
	if (!ret && t->json)
		put_json(t, &table);
	else if (!ret)
		say(t, &table);
	free(table.entry);
	nmc_deck_destroy(deck);
	return ret;
}
