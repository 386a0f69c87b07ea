// SPDX-License-Identifier: MIT
/*
 * The report of a run, for a person or as JSON with a manifest from which the run can be repeated.
 */
#include <json-c/json.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "nmc-run/nmc-run.h"

static double per_second(uint64_t n, uint64_t ns)
{
	return ns ? (double)n * 1e9 / (double)ns : 0.0;
}

int report_text(const struct run_state *s)
{
	const struct nmc_program_report *p = &s->program;
	const struct nmc_run_report *r = &s->run;
	char model[256];

	snprintf(model, sizeof(model), "%s", s->o->model);
	nmc_printable(model);
	printf("device        %s, %s (%s)\n", s->info.uri, s->info.name, s->info.driver);
	printf("network       %s: %u layers on %u tiles of class %s\n", model, s->plan_info.layers, s->plan_info.tiles,
	       s->class.name);
	printf("programming   %.3f s (wall): %.2f %% of %llu cells converged, %.2f pulses a cell, most %u\n",
	       (double)p->wall_ns * 1e-9, 100.0 * (double)p->converged / (double)p->cells,
	       (unsigned long long)p->cells, p->mean_pulses, p->pulses_max);
	printf("running       %.3f s (wall): %zu vectors, %.0f a second\n", (double)r->wall_ns * 1e-9, s->in.count,
	       per_second(s->in.count, r->wall_ns));
	printf("modelled      %.6f s and %.3f uJ on the card: %.1f ns and %.2f nJ a vector\n",
	       (double)r->modelled_ns * 1e-9, r->energy_j * 1e6, (double)r->modelled_ns / (double)s->in.count,
	       r->energy_j * 1e9 / (double)s->in.count);
	if (s->o->labels)
		printf("accuracy      %.2f %% (%llu of %zu)\n", 100.0 * (double)s->correct / (double)s->in.count,
		       (unsigned long long)s->correct, s->in.count);
	return 0;
}

/* A string from outside as one that JSON can hold. */
static struct json_object *text_json(const char *text)
{
	char *copy = strdup(text);
	struct json_object *o = copy ? json_object_new_string(nmc_printable(copy)) : NULL;

	free(copy);
	return o;
}

static void add_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, text ? text_json(text) : NULL);
}

static void add_number(struct json_object *o, const char *key, double x)
{
	json_object_object_add(o, key, json_object_new_double(x));
}

static void add_count(struct json_object *o, const char *key, uint64_t n)
{
	json_object_object_add(o, key, json_object_new_uint64(n));
}

/* SHA-256 of a file in hexadecimal; null if it cannot be read. */
static struct json_object *digest(const char *path)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char hex[2 * sizeof(hash) + 1];
	crypto_hash_sha256_state state;
	unsigned char part[65536];
	size_t n;
	FILE *f = path ? fopen(path, "rbe") : NULL;

	if (!f)
		return NULL;
	crypto_hash_sha256_init(&state);
	while ((n = fread(part, 1, sizeof(part), f)))
		crypto_hash_sha256_update(&state, part, n);
	fclose(f);
	crypto_hash_sha256_final(&state, hash);
	return json_object_new_string(sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash)));
}

static void add_file(struct json_object *o, const char *key, const char *path)
{
	struct json_object *file;

	if (!path)
		return;
	file = json_object_new_object();
	add_text(file, "path", path);
	json_object_object_add(file, "sha256", digest(path));
	json_object_object_add(o, key, file);
}

static struct json_object *command(char *const *argv)
{
	struct json_object *o = json_object_new_array();

	while (*argv)
		json_object_array_add(o, text_json(*argv++));
	return o;
}

/* Physical tiles with what they had gone through before this run. */
static struct json_object *tiles_json(const struct run_state *s)
{
	struct json_object *all = json_object_new_array();
	unsigned int i;

	for (i = 0; i < s->tile_count; i++) {
		struct json_object *o = json_object_new_object();

		add_count(o, "tile", s->tiles[i].tile);
		add_count(o, "pulses", s->tiles[i].pulses);
		add_count(o, "products", s->tiles[i].products);
		json_object_array_add(all, o);
	}
	return all;
}

static struct json_object *manifest(const struct run_state *s)
{
	struct json_object *o = json_object_new_object();
	char *plan = nmc_plan_json(s->plan), *directory = getcwd(NULL, 0);

	add_file(o, "model", s->o->model);
	add_file(o, "images", s->o->images);
	add_file(o, "labels", s->o->labels);
	add_file(o, "input", s->o->input);
	add_text(o, "device", s->info.uri);
	json_object_object_add(o, "seed", s->info.software ? json_object_new_uint64(s->info.seed) : NULL);
	add_count(o, "serial", s->info.serial);
	add_text(o, "class", s->class.name);
	add_count(o, "limit", s->in.count);
	add_count(o, "calibrate", s->samples.count);
	add_file(o, "calibrate_file", s->o->calibrate_file);
	add_count(o, "batch", s->plan_info.batch);
	add_count(o, "card_time_ns", s->plan_info.set_time_ns);
	json_object_object_add(o, "command", command(s->o->argv));
	add_text(o, "directory", directory);
	add_text(o, "library", nmc_version());
	add_text(o, "firmware", s->info.firmware);
	add_text(o, "driver", s->info.driver);
	json_object_object_add(o, "tiles", plan ? json_tokener_parse(plan) : NULL);
	json_object_object_add(o, "physical_tiles", tiles_json(s));
	free(plan);
	free(directory);
	return o;
}

static struct json_object *program_json(const struct nmc_program_report *p)
{
	struct json_object *o = json_object_new_object();

	add_number(o, "converged", p->cells ? (double)p->converged / (double)p->cells : 0.0);
	add_number(o, "mean_pulses", p->mean_pulses);
	add_count(o, "max_pulses", p->pulses_max);
	add_count(o, "cells", p->cells);
	add_count(o, "given_up", p->given_up);
	add_number(o, "residual", (double)p->residual);
	add_number(o, "wall_seconds", (double)p->wall_ns * 1e-9);
	add_number(o, "modelled_seconds", (double)p->modelled_ns * 1e-9);
	add_number(o, "modelled_joules", p->energy_j);
	return o;
}

int report_json(const struct run_state *s)
{
	struct json_object *o = json_object_new_object(), *modelled = json_object_new_object();
	const struct nmc_run_report *r = &s->run;

	if (sodium_init() < 0)
		return run_fail(EXIT_FAILURE, "libsodium does not start");
	add_count(o, "schema", 1);
	json_object_object_add(o, "accuracy", s->o->labels ?
			       json_object_new_double((double)s->correct / (double)s->in.count) : NULL);
	add_count(o, "images", s->in.count);
	add_count(o, "tiles", s->plan_info.tiles);
	add_text(o, "device", s->info.uri);
	add_text(o, "class", s->class.name);
	json_object_object_add(o, "program", program_json(&s->program));
	add_number(o, "images_per_second", per_second(s->in.count, r->wall_ns));
	add_number(o, "wall_seconds", (double)r->wall_ns * 1e-9);
	add_number(modelled, "seconds", (double)r->modelled_ns * 1e-9);
	add_number(modelled, "joules", r->energy_j);
	add_count(modelled, "macs", r->macs);
	add_count(modelled, "conversions", r->conversions);
	add_count(modelled, "clips", r->clips);
	json_object_object_add(o, "modelled", modelled);
	json_object_object_add(o, "manifest", manifest(s));
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
	return 0;
}
