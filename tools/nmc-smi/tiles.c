// SPDX-License-Identifier: MIT
/*
 * Health of tiles: asked from the card, extrapolated by the library, judged.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nmc-smi/tiles.h"

#define DAY_S		86400.0
#define YEAR_S		(365.0 * DAY_S)
#define SOON_S		(30.0 * DAY_S)	/* a tile that passes the threshold earlier is worth a warning */
#define DEFECTS_MANY	0.01		/* share of a tile's cells */

const uint64_t tiles_age[TILES_AGES] = {
	30 * 86400ull * 1000000000, 365 * 86400ull * 1000000000, 3650 * 86400ull * 1000000000,
};
const char *const tiles_age_name[TILES_AGES] = { "30 d", "1 y", "10 y" };

static bool used(unsigned int status)
{
	return status == NMC_TILE_STATUS_OWNED || status == NMC_TILE_STATUS_PERSISTENT || status == NMC_TILE_STATUS_INCOMPLETE;
}

double tiles_left(const struct tile_view *t)
{
	return t->predicted ? t->passes.seconds - t->age_s : NAN;
}

static const struct nmc_class_info *class_of(const struct card_view *v, const struct tile_view *t)
{
	unsigned int i;

	for (i = 0; i < v->card->classes; i++)
		if (v->card->class[i].index == t->info.class_index)
			return &v->card->class[i];
	return NULL;
}

static bool many_defects(const struct card_view *v, const struct tile_view *t)
{
	const struct nmc_class_info *k = class_of(v, t);

	return k && (double)t->info.defects > DEFECTS_MANY * k->rows * k->cols;
}

/* Near the end of its cells' lives. */
static bool wears_out(const struct card_view *v, const struct tile_view *t)
{
	return v->wear_limit > 0.0 && t->worn > v->wear_limit;
}

static enum verdict judge(const struct card_view *v, const struct tile_view *t)
{
	if (!isnan(t->age_s) && (double)t->info.deviation > v->threshold)
		return VERDICT_CRITICAL;
	if (t->info.status == NMC_TILE_STATUS_INCOMPLETE || t->info.status == NMC_TILE_STATUS_RETIRED || many_defects(v, t) ||
	    wears_out(v, t))
		return VERDICT_WARNING;
	return t->in_use && t->predicted && tiles_left(t) < SOON_S ? VERDICT_WARNING : VERDICT_OK;
}

/* What cannot be predicted is not an error here: the table says N/A. */
static void predict(const struct card_view *v, struct nmc_device *device, struct tile_view *t)
{
	t->predicted = !nmc_health_forecast(device, &t->info, tiles_age, TILES_AGES, t->at) &&
		       !nmc_health_forecast_crossing(device, &t->info, v->threshold, &t->passes);
}

/* @device: NULL to leave the future out. */
static void view(struct card_view *v, struct nmc_device *device, struct tile_view *t, const struct nmc_tile_info *info)
{
	const struct nmc_class_info *k;

	t->info = *info;
	k = class_of(v, t);
	t->worn = k && k->endurance ? (double)info->wear_max / (double)k->endurance : NAN;
	t->in_use = used(info->status);
	t->age_s = NAN;
	if (t->in_use && !isnan(info->deviation) && info->scrubbed_cells && info->scrubbed_ns >= info->programmed_ns) {
		t->age_s = (double)(info->scrubbed_ns - info->programmed_ns) * 1e-9;
		/* Half of all cells near zero, the others normal: the fourth moment is six times the square of the second. */
		t->error = (double)info->deviation * sqrt(1.25 / info->scrubbed_cells);
		if (device)
			predict(v, device, t);
	}
	t->verdict = judge(v, t);
	v->verdict = t->verdict > v->verdict ? t->verdict : v->verdict;
}

/* From an hour to a hundred years. */
static void draw_curve(struct card_view *v, struct nmc_device *device)
{
	uint64_t ages[TILES_POINTS];
	unsigned int i;

	v->curve_tile = -1;
	for (i = 0; i < v->tiles; i++)
		if (v->tile[i].predicted && (v->curve_tile < 0 ||
					     v->tile[i].info.deviation > v->tile[v->curve_tile].info.deviation))
			v->curve_tile = (int)i;
	for (i = 0; i < TILES_POINTS; i++)
		ages[i] = (uint64_t)(3600e9 * pow(100 * YEAR_S / 3600, (double)i / (TILES_POINTS - 1)));
	if (v->curve_tile >= 0 && nmc_health_forecast(device, &v->tile[v->curve_tile].info, ages, TILES_POINTS, v->curve))
		v->curve_tile = -1;
}

int tiles_collect(struct card_view *v, struct nmc_device *device, double threshold, double wear_limit, bool future)
{
	unsigned int count = v->card->info.tiles, i;
	struct nmc_tile_info *info = calloc((size_t)count + 1, sizeof(*info));
	int n = info ? nmc_device_tiles(device, 0, info, count) : -ENOMEM;

	v->threshold = threshold > 0.0 ? threshold : (double)v->card->health.deviation_limit;
	v->wear_limit = wear_limit > 0.0 ? wear_limit : (double)v->card->health.wear_limit;
	v->tile = n < 0 ? NULL : calloc((size_t)n + 1, sizeof(*v->tile));
	if (n < 0 || !v->tile) {
		free(info);
		return n < 0 ? n : -ENOMEM;
	}
	v->tiles = (unsigned int)n;
	for (i = 0; i < v->tiles; i++)
		view(v, future ? device : NULL, &v->tile[i], &info[i]);
	draw_curve(v, device);
	free(info);
	return 0;
}

const char *verdict_name(enum verdict v)
{
	static const char *const names[] = { "ok", "warning", "critical", "unknown" };

	return names[v];
}

const char *tiles_span(double s, char *text, size_t bytes)
{
	if (isnan(s))
		snprintf(text, bytes, "N/A");
	else if (isinf(s))
		snprintf(text, bytes, "never");
	else if (s <= 0)
		snprintf(text, bytes, "passed");
	else if (s < 120)
		snprintf(text, bytes, "%.0f s", s);
	else if (s < 7200)
		snprintf(text, bytes, "%.0f min", s / 60);
	else if (s < 2 * DAY_S)
		snprintf(text, bytes, "%.1f h", s / 3600);
	else if (s < 2 * YEAR_S)
		snprintf(text, bytes, "%.1f d", s / DAY_S);
	else
		snprintf(text, bytes, "%.1f y", s / YEAR_S);
	return text;
}

static void tell(const struct card_view *v, const struct tile_view *t, char *text, size_t bytes)
{
	char when[32];

	if (t->verdict == VERDICT_CRITICAL)
		snprintf(text, bytes, "tile %u: deviation %.2f %% of gmax is above %.2f %%; reprogram it", t->info.tile,
			 100.0 * (double)t->info.deviation, 100.0 * v->threshold);
	else if (t->info.status == NMC_TILE_STATUS_INCOMPLETE)
		snprintf(text, bytes, "tile %u: its programming did not end; program it again", t->info.tile);
	else if (t->info.status == NMC_TILE_STATUS_RETIRED)
		snprintf(text, bytes, "tile %u: out of use for good, its erase failed", t->info.tile);
	else if (many_defects(v, t))
		snprintf(text, bytes, "tile %u: %u cells are broken", t->info.tile, t->info.defects);
	else if (wears_out(v, t))
		snprintf(text, bytes, "tile %u: its most worn cell has seen %.0f %% of the pulses that cells endure%s", t->info.tile,
			 100.0 * t->worn, t->in_use ? "; reprogram it less often" : "; it is free");
	else
		snprintf(text, bytes, "tile %u: passes %.2f %% in %s; plan to reprogram it", t->info.tile, 100.0 * v->threshold,
			 tiles_span(tiles_left(t), when, sizeof(when)));
}

bool tiles_reason(const struct card_view *v, unsigned int n, char *text, size_t bytes)
{
	unsigned int i, gravity;

	for (gravity = VERDICT_CRITICAL; gravity > VERDICT_OK; gravity--)
		for (i = 0; i < v->tiles; i++) {
			if (v->tile[i].verdict != gravity || n--)
				continue;
			tell(v, &v->tile[i], text, bytes);
			return true;
		}
	return false;
}
