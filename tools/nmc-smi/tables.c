// SPDX-License-Identifier: MIT
/*
 * Health of tiles for a person: a table a command, and a map with one mark a tile, coloured on a terminal.
 */
#include <langinfo.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "nmc-smi/tiles.h"

#define MAP_WIDTH	64
#define MAP_STEPS	8
#define REASONS		20	/* lines of reasons a card */

/* Percent of gmax. */
static const char *percent(double share, char *text, size_t bytes)
{
	if (isnan(share))
		snprintf(text, bytes, "N/A");
	else
		snprintf(text, bytes, "%.2f %%", 100.0 * share);
	return text;
}

static const char *class_name(const struct card_view *v, unsigned int index)
{
	unsigned int i;

	for (i = 0; i < v->card->classes; i++)
		if (v->card->class[i].index == index)
			return v->card->class[i].name;
	return "?";
}

static void drift_head(void)
{
	printf("%5s  %-10s %-10s %9s %10s %9s %10s %9s %9s\n", "Tile", "Class", "State", "Age", "Deviation", "+-", "Largest",
	       "Drift nu", "Cells");
}

static void drift_row(const struct card_view *v, const struct tile_view *t)
{
	char age[32], dev[32], error[32], most[32], nu[32];
	bool measured = !isnan(t->age_s);

	if (isnan(t->info.drift))
		snprintf(nu, sizeof(nu), "N/A");
	else
		snprintf(nu, sizeof(nu), "%.4f", (double)t->info.drift);
	printf("%5u  %-10.10s %-10s %9s %10s %9s %10s %9s %9u\n", t->info.tile, class_name(v, t->info.class_index),
	       nmc_tile_status_name(t->info.status), tiles_span(t->age_s, age, sizeof(age)),
	       percent(measured ? (double)t->info.deviation : NAN, dev, sizeof(dev)),
	       percent(measured ? t->error : NAN, error, sizeof(error)),
	       percent(measured ? (double)t->info.deviation_max : NAN, most, sizeof(most)), nu, t->info.scrubbed_cells);
}

static void retention_head(void)
{
	unsigned int i;

	printf("%5s  %-10s %9s %9s", "Tile", "Class", "Age", "Now");
	for (i = 0; i < TILES_AGES; i++)
		printf(" %18s", tiles_age_name[i]);
	printf(" %12s\n", "Passes in");
}

static void retention_row(const struct card_view *v, const struct tile_view *t)
{
	char age[32], now[32], left[32], range[48];
	unsigned int i;

	printf("%5u  %-10.10s %9s %9s", t->info.tile, class_name(v, t->info.class_index), tiles_span(t->age_s, age, sizeof(age)),
	       percent(isnan(t->age_s) ? NAN : (double)t->info.deviation, now, sizeof(now)));
	for (i = 0; i < TILES_AGES; i++) {
		snprintf(range, sizeof(range), "N/A");
		if (t->predicted)
			snprintf(range, sizeof(range), "%.1f (%.1f-%.1f) %%", 100 * t->at[i].deviation, 100 * t->at[i].low,
				 100 * t->at[i].high);
		printf(" %18s", range);
	}
	printf(" %12s\n", tiles_span(tiles_left(t), left, sizeof(left)));
}

/* Most cells have seen very little of what they endure. */
static const char *share_of_life(double share, char *text, size_t bytes)
{
	if (isnan(share))
		snprintf(text, bytes, "N/A");
	else if (share > 0.0 && share < 1e-5)
		snprintf(text, bytes, "< 0.001 %%");
	else
		snprintf(text, bytes, "%.*f %%", share < 1e-3 ? 3 : share < 0.1 ? 1 : 0, 100.0 * share);
	return text;
}

static void wear_head(void)
{
	printf("%5s  %-10s %-10s %14s %12s %12s %11s %9s %11s\n", "Tile", "Class", "State", "Pulses", "Mean a cell", "Most a cell",
	       "Of its life", "Broken", "Converged");
}

static void wear_row(const struct card_view *v, const struct tile_view *t)
{
	char converged[32] = "N/A", life[32];

	if (t->info.cells)
		percent((double)t->info.converged / t->info.cells, converged, sizeof(converged));
	printf("%5u  %-10.10s %-10s %14llu %12.1f %12llu %11s %9u %11s\n", t->info.tile, class_name(v, t->info.class_index),
	       nmc_tile_status_name(t->info.status), (unsigned long long)t->info.pulses, t->info.wear_mean,
	       (unsigned long long)t->info.wear_max, share_of_life(t->worn, life, sizeof(life)), t->info.defects, converged);
}

static bool worn(const struct tile_view *t)
{
	return t->info.pulses || t->info.defects;
}

static bool listed(const struct tile_view *t, enum tiles_command command)
{
	return command == TILES_WEAR ? worn(t) || t->in_use : t->in_use;
}

/* Share of the scale that a tile is at: 1 is the threshold, or for wear the most worn cell of the card. */
static double level(const struct card_view *v, const struct tile_view *t, enum tiles_command command)
{
	double most = 0.0, at;
	unsigned int i;

	if (command == TILES_WEAR) {
		for (i = 0; i < v->tiles; i++)
			most = (double)v->tile[i].info.wear_max > most ? (double)v->tile[i].info.wear_max : most;
		return most > 0.0 ? (double)t->info.wear_max / most : 0.0;
	}
	if (isnan(t->age_s))
		return NAN;
	at = command == TILES_RETENTION && t->predicted ? t->at[1].deviation : (double)t->info.deviation;
	return v->threshold > 0.0 ? at / v->threshold : 0.0;
}

static unsigned int step_of(double x)
{
	return x >= 1.0 ? MAP_STEPS - 1 : x <= 0.0 ? 0 : (unsigned int)(x * (MAP_STEPS - 1));
}

/* One mark: a block on a terminal that knows UTF-8, coloured from green to red; a digit elsewhere. */
static void mark(const struct card_view *v, const struct tile_view *t, enum tiles_command command, bool colours, bool blocks)
{
	static const char *const block[MAP_STEPS] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const int colour[MAP_STEPS] = { 46, 82, 118, 190, 226, 214, 202, 196 };
	double x = listed(t, command) ? level(v, t, command) : NAN;
	unsigned int step = step_of(isnan(x) ? 0.0 : x);

	if (t->info.status == NMC_TILE_STATUS_RETIRED) {
		fputs("X", stdout);
	} else if (!listed(t, command)) {
		fputs(".", stdout);
	} else if (isnan(x)) {
		fputs("?", stdout);
	} else {
		if (colours)
			printf("\033[38;5;%dm", colour[step]);
		if (blocks)
			fputs(block[step], stdout);
		else
			printf("%c", x >= 1.0 ? '#' : '0' + (int)(x * 10 + 1e-4));
		if (colours)
			fputs("\033[0m", stdout);
	}
}

static void map(const struct card_view *v, enum tiles_command command)
{
	bool colours = isatty(STDOUT_FILENO), blocks = colours && !strcmp(nl_langinfo(CODESET), "UTF-8");
	static const char *const what[] = {
		[TILES_DRIFT] = "deviation, full scale is the threshold",
		[TILES_RETENTION] = "deviation after a year, full scale is the threshold",
		[TILES_WEAR] = "most worn cell, full scale is the card's most worn",
		[TILES_HEALTH] = "deviation, full scale is the threshold",
	};
	unsigned int i;

	printf("\nMap: %s%s; . free, ? not measured, X retired\n", what[command], blocks ? "" : " (#), in tenths");
	for (i = 0; i < v->tiles; i++) {
		if (i % MAP_WIDTH == 0)
			printf("%5u  ", i);
		mark(v, &v->tile[i], command, colours, blocks);
		if (i % MAP_WIDTH == MAP_WIDTH - 1 || i + 1 == v->tiles)
			putchar('\n');
	}
}

static void heading(const struct card_view *v)
{
	const struct nmc_health *h = &v->card->health;

	printf("Card %u: %s (%s)   threshold %.2f %% of gmax   ", v->card->index, v->card->info.name, v->card->uri,
	       100.0 * v->threshold);
	if (h->scrub_share > 0.0f)
		printf("scrub %.3f %% of array time, at most %.3f %%\n",
		       h->array_ns ? 100.0 * (double)h->scrub_ns / (double)h->array_ns : 0.0, 100.0 * (double)h->scrub_share);
	else
		printf("scrub off\n");
}

static void rows(const struct card_view *v, enum tiles_command command)
{
	static void (*const head[])(void) = { drift_head, retention_head, wear_head };
	static void (*const row[])(const struct card_view *v, const struct tile_view *t) = { drift_row, retention_row, wear_row };
	unsigned int i, shown = 0;

	for (i = 0; i < v->tiles; i++) {
		if (!listed(&v->tile[i], command))
			continue;
		if (!shown++)
			head[command]();
		row[command](v, &v->tile[i]);
	}
	if (!shown)
		printf("No tile is in use.\n");
}

static void verdicts(const struct card_view *v)
{
	unsigned int i, count[4] = { 0 }, measured = 0, in_use = 0;
	char text[200];

	for (i = 0; i < v->tiles; i++) {
		count[v->tile[i].verdict]++;
		in_use += v->tile[i].in_use;
		measured += !isnan(v->tile[i].age_s);
	}
	printf("%s: %u tiles in use, %u measured, %u above the threshold, %u to watch\n", verdict_name(v->verdict), in_use,
	       measured, count[VERDICT_CRITICAL], count[VERDICT_WARNING]);
	for (i = 0; i < REASONS && tiles_reason(v, i, text, sizeof(text)); i++)
		printf("  %s\n", text);
	if (i == REASONS && tiles_reason(v, i, text, sizeof(text)))
		printf("  and more; nmc-smi --json health lists all\n");
}

void tiles_table(const struct card_view *v, unsigned int cards, enum tiles_command command)
{
	unsigned int i;

	for (i = 0; i < cards; i++, v++) {
		if (i)
			putchar('\n');
		if (*v->card->error) {
			printf("Card %u: %s: %s\n", v->card->index, v->card->uri, v->card->error);
			continue;
		}
		heading(v);
		if (command == TILES_HEALTH)
			verdicts(v);
		else
			rows(v, command);
		map(v, command);
	}
}
