// SPDX-License-Identifier: MIT
/*
 * Health of tiles for programs.
 */
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include "nmc-smi/tiles.h"

static struct json_object *number(double x)
{
	return isfinite(x) ? json_object_new_double(x) : NULL;
}

static void add_prediction(struct json_object *list, const struct nmc_prediction *p)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "age_s", json_object_new_double((double)p->age_ns * 1e-9));
	json_object_object_add(o, "deviation", number(p->deviation));
	json_object_object_add(o, "low", number(p->low));
	json_object_object_add(o, "high", number(p->high));
	json_object_array_add(list, o);
}

/* Never is a word: a reader must not take it for unknown. */
static struct json_object *passes(const struct tile_view *t)
{
	if (!t->predicted)
		return NULL;
	return isinf(t->passes.seconds) ? json_object_new_string("never") : number(tiles_left(t));
}

static struct json_object *tile_json(const struct card_view *v, const struct tile_view *t)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();
	const struct nmc_tile_info *i = &t->info;
	bool measured = !isnan(t->age_s);
	unsigned int k;

	json_object_object_add(o, "tile", json_object_new_uint64(i->tile));
	json_object_object_add(o, "class", json_object_new_string(i->class_index < v->card->classes ?
								  v->card->class[i->class_index].name : ""));
	json_object_object_add(o, "state", json_object_new_string(nmc_tile_status_name(i->status)));
	json_object_object_add(o, "verdict", json_object_new_string(verdict_name(t->verdict)));
	json_object_object_add(o, "age_s", number(t->age_s));
	json_object_object_add(o, "deviation", measured ? number((double)i->deviation) : NULL);
	json_object_object_add(o, "deviation_error", measured ? number(t->error) : NULL);
	json_object_object_add(o, "deviation_max", measured ? number((double)i->deviation_max) : NULL);
	json_object_object_add(o, "drift", number((double)i->drift));
	json_object_object_add(o, "cells_scrubbed", json_object_new_uint64(i->scrubbed_cells));
	json_object_object_add(o, "pulses", json_object_new_uint64(i->pulses));
	json_object_object_add(o, "wear_mean", number(i->wear_mean));
	json_object_object_add(o, "wear_max", json_object_new_uint64(i->wear_max));
	json_object_object_add(o, "wear_share", number(t->worn));
	json_object_object_add(o, "broken", json_object_new_uint64(i->defects));
	json_object_object_add(o, "converged", i->cells ? number((double)i->converged / i->cells) : NULL);
	json_object_object_add(o, "passes_in_s", passes(t));
	for (k = 0; t->predicted && k < TILES_AGES; k++)
		add_prediction(list, &t->at[k]);
	json_object_object_add(o, "predicted", list);
	return o;
}

static struct json_object *card_json(const struct card_view *v)
{
	struct json_object *o = json_object_new_object(), *tiles = json_object_new_array(), *why = json_object_new_array();
	const struct smi_card *c = v->card;
	char text[200];
	unsigned int i;

	json_object_object_add(o, "index", json_object_new_uint64(c->index));
	json_object_object_add(o, "uri", json_object_new_string(c->uri));
	json_object_object_add(o, "error", *c->error ? json_object_new_string(c->error) : NULL);
	json_object_object_add(o, "verdict", json_object_new_string(verdict_name(*c->error ? VERDICT_UNKNOWN : v->verdict)));
	for (i = 0; tiles_reason(v, i, text, sizeof(text)); i++)
		json_object_array_add(why, json_object_new_string(text));
	json_object_object_add(o, "reasons", why);
	json_object_object_add(o, "threshold", *c->error ? NULL : number(v->threshold));
	json_object_object_add(o, "wear_limit", *c->error ? NULL : number(v->wear_limit));
	json_object_object_add(o, "scrub_share", *c->error ? NULL : number((double)c->health.scrub_share));
	json_object_object_add(o, "array_modelled_ns", *c->error ? NULL : json_object_new_uint64(c->health.array_ns));
	json_object_object_add(o, "scrub_modelled_ns", *c->error ? NULL : json_object_new_uint64(c->health.scrub_ns));
	for (i = 0; i < v->tiles; i++)
		json_object_array_add(tiles, tile_json(v, &v->tile[i]));
	json_object_object_add(o, "tiles", tiles);
	return o;
}

void tiles_json(const struct card_view *v, unsigned int cards, enum tiles_command command)
{
	static const char *const names[] = { "drift", "retention", "wear", "health" };
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();
	unsigned int i;

	for (i = 0; i < cards; i++)
		json_object_array_add(list, card_json(&v[i]));
	json_object_object_add(o, "schema", json_object_new_int(1));
	json_object_object_add(o, "version", json_object_new_string(nmc_version()));
	json_object_object_add(o, "command", json_object_new_string(names[command]));
	json_object_object_add(o, "cards", list);
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}
