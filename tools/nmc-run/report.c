// SPDX-License-Identifier: MIT
/*
 * The report of a run, for a person or as JSON with a manifest from which the run can be repeated.
 */
#include <json-c/json.h>
#include <math.h>
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

static void repair_text(const struct nmc_repair_report *r, bool many)
{
	printf("repair        %s%llu of %llu cells broken, %llu of them made up for; weights were off by %.2f %%, now %.2f %%\n",
	       many ? "last card: " : "", (unsigned long long)r->broken, (unsigned long long)r->cells, (unsigned long long)r->compensated,
	       100.0 * r->error_before, 100.0 * r->error_after);
	if (r->moved)
		printf("columns       %u outputs in another column of their tile, %u exchanged\n", r->moved, r->exchanged);
	if (r->spares_used)
		printf("spares        %u tiles of the network moved to spares\n", r->spares_used);
}

static void converters_text(const struct nmc_calibration_report *r, bool many)
{
	printf("converters    %soffset %.2f %% and gain %.2f %% taken out of %u outputs; codes were off by %.2f %%, now %.2f %%\n",
	       many ? "last card: " : "", 100.0 * r->offset, 100.0 * r->gain, r->outputs, 100.0 * r->error_before,
	       100.0 * r->error_after);
}

static void refresh_text(const struct nmc_refresh_report *r, bool many)
{
	printf("refresh       %s%llu of %llu cells out of band, now %llu; %llu pulses, %llu when programmed; deviation %.2f %%, now %.2f %%\n",
	       many ? "last: " : "", (unsigned long long)r->out, (unsigned long long)r->cells, (unsigned long long)r->left,
	       (unsigned long long)r->pulses, (unsigned long long)r->full_pulses, 100.0 * r->deviation_before,
	       100.0 * r->deviation_after);
}

/* What was done between programming and running. */
static void prepared_text(const struct run_state *s)
{
	bool many = s->o->seeds > 1;

	if (s->o->repair)
		repair_text(&s->repair, many);
	if (s->o->converters)
		converters_text(&s->converters, many);
	if (s->o->refresh > 0.0)
		refresh_text(&s->refresh, many || s->o->ages > 1);
}

static void written_text(const struct run_state *s)
{
	unsigned int i;

	if (!s->written_count) {
		printf("\nno tile was programmed: the card held the network\n");
		return;
	}
	printf("\ntile  layer                   cells  converged, %%  given up  pulses a cell  most  residual, %%  energy, uJ\n");
	for (i = 0; i < s->written_count; i++) {
		const struct nmc_tile_report *t = &s->written[i];

		printf("%4u  %-20.20s %8llu %13.2f %9llu %14.2f %5u %12.2f %11.2f\n", t->tile, t->name,
		       (unsigned long long)t->cells, 100.0 * (double)t->converged / (double)t->cells,
		       (unsigned long long)t->given_up, t->mean_pulses, t->pulses_max, 100.0 * (double)t->residual,
		       t->energy_j * 1e6);
	}
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
	printf("programming   %.3f s (wall): ", (double)p->wall_ns * 1e-9);
	if (p->cells)
		printf("%.2f %% of %llu cells converged, %.2f pulses a cell, most %u\n",
		       100.0 * (double)p->converged / (double)p->cells, (unsigned long long)p->cells, p->mean_pulses,
		       p->pulses_max);
	else
		puts("no cell was written");
	if (s->o->persist)
		printf("persistent    %s: %u tiles held the network already, %u were programmed\n", s->o->persist, p->kept, p->tiles);
	if (s->o->passes > 1)
		printf("passes        %u, the most pulses are of one\n", s->o->passes);
	prepared_text(s);
	printf("running       %.3f s (wall): %zu vectors, %.0f a second\n", (double)r->wall_ns * 1e-9, s->in.count,
	       per_second(s->in.count, r->wall_ns));
	printf("modelled      %.6f s and %.3f uJ on the card: %.1f ns and %.2f nJ a vector\n",
	       (double)r->modelled_ns * 1e-9, r->energy_j * 1e6, (double)r->modelled_ns / (double)s->in.count,
	       r->energy_j * 1e9 / (double)s->in.count);
	if (s->o->ages)
		printf("age           %s of card time since programming, compensation %s\n", s->o->age[0].name,
		       study_how(s->o->how[0]));
	if (s->o->labels)
		printf("accuracy      %.2f %% (%llu of %zu)\n", 100.0 * (double)s->correct / (double)s->in.count,
		       (unsigned long long)s->correct, s->in.count);
	if (s->o->tile_report)
		written_text(s);
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

static struct json_object *hexadecimal(const unsigned char hash[crypto_hash_sha256_BYTES])
{
	char hex[2 * crypto_hash_sha256_BYTES + 1];

	return json_object_new_string(sodium_bin2hex(hex, sizeof(hex), hash, crypto_hash_sha256_BYTES));
}

/* SHA-256 of a file in hexadecimal; null if it cannot be read. */
static struct json_object *digest(const char *path)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
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
	return hexadecimal(hash);
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

/* The deck called @name, its text's digest: a shipped one, or a file as it is named in the URI. */
static struct json_object *deck_json(const char *name)
{
	struct json_object *o = json_object_new_object();
	unsigned char hash[crypto_hash_sha256_BYTES];
	const char *text = nmc_deck_text(name);

	add_text(o, "name", name);
	if (text)
		crypto_hash_sha256(hash, (const unsigned char *)text, strlen(text));
	json_object_object_add(o, "sha256", text ? hexadecimal(hash) : digest(name));
	return o;
}

/* What the classes of a card in this process are made of; null for other cards, which do not tell. */
static struct json_object *decks_json(const char *uri)
{
	struct json_object *all;
	char *list, *name, *next;

	if (strncmp(uri, "sim:", 4))
		return NULL;
	all = json_object_new_array();
	list = uri[4] && uri[4] != '?' ? strndup(uri + 4, strcspn(uri + 4, "?")) : strdup("rram,ideal,digital");
	for (next = list; (name = strsep(&next, ","));)
		if (strcmp(name, "digital"))	/* integers: no deck */
			json_object_array_add(all, deck_json(name));
	free(list);
	return all;
}

/* The device as it was asked for, or as it was found if none was. */
static const char *device_asked(const struct run_state *s)
{
	const char *uri = s->o->device ? s->o->device : getenv("NMC_DEVICE");

	return uri && *uri ? uri : s->info.uri;
}

/* The command as it was given, with the device if that came from elsewhere. */
static struct json_object *command(const struct run_state *s)
{
	struct json_object *o = json_object_new_array();
	char *const *argv = s->o->argv;

	json_object_array_add(o, text_json(*argv++));
	if (!s->o->device) {
		json_object_array_add(o, text_json("--device"));
		json_object_array_add(o, text_json(device_asked(s)));
	}
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
	json_object_object_add(o, "decks", decks_json(device_asked(s)));
	json_object_object_add(o, "command", command(s));
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

static struct json_object *histogram_json(const uint64_t bins[16])
{
	struct json_object *all = json_object_new_array();
	unsigned int i;

	for (i = 0; i < 16; i++)
		json_object_array_add(all, json_object_new_uint64(bins[i]));
	return all;
}

static struct json_object *written_json(const struct run_state *s)
{
	struct json_object *all = json_object_new_array();
	unsigned int i;

	for (i = 0; i < s->written_count; i++) {
		const struct nmc_tile_report *t = &s->written[i];
		struct json_object *o = json_object_new_object();

		add_count(o, "tile", t->tile);
		add_text(o, "layer", t->name);
		add_count(o, "cells", t->cells);
		add_number(o, "converged", (double)t->converged / (double)t->cells);
		add_count(o, "given_up", t->given_up);
		add_number(o, "mean_pulses", t->mean_pulses);
		add_count(o, "max_pulses", t->pulses_max);
		json_object_object_add(o, "pulse_histogram", histogram_json(t->pulse_hist));
		add_number(o, "residual", (double)t->residual);
		json_object_object_add(o, "error_histogram", histogram_json(t->error_hist));
		add_number(o, "modelled_joules", t->energy_j);
		json_object_array_add(all, o);
	}
	return all;
}

static struct json_object *program_json(const struct run_state *s)
{
	const struct nmc_program_report *p = &s->program;
	struct json_object *o = json_object_new_object();

	add_count(o, "passes", s->o->passes);
	json_object_object_add(o, "converged", p->cells ? json_object_new_double((double)p->converged / (double)p->cells) : NULL);
	add_number(o, "mean_pulses", p->mean_pulses);
	add_count(o, "max_pulses", p->pulses_max);
	add_count(o, "cells", p->cells);
	add_count(o, "given_up", p->given_up);
	add_count(o, "kept_tiles", p->kept);
	add_number(o, "residual", (double)p->residual);
	add_number(o, "wall_seconds", (double)p->wall_ns * 1e-9);
	add_number(o, "modelled_seconds", (double)p->modelled_ns * 1e-9);
	add_number(o, "modelled_joules", p->energy_j);
	json_object_object_add(o, "tiles", written_json(s));
	return o;
}

static struct json_object *repair_json(const struct nmc_repair_report *r)
{
	struct json_object *o = json_object_new_object();

	add_count(o, "passes", r->passes);
	add_count(o, "cells", r->cells);
	add_count(o, "broken", r->broken);
	add_count(o, "compensated", r->compensated);
	add_count(o, "uncompensated", r->uncompensated);
	add_count(o, "exchanged", r->exchanged);
	add_count(o, "moved", r->moved);
	add_count(o, "spares_used", r->spares_used);
	add_number(o, "error_before", r->error_before);
	add_number(o, "error_after", r->error_after);
	add_count(o, "pulses", r->pulses);
	add_number(o, "modelled_seconds", (double)r->modelled_ns * 1e-9);
	add_number(o, "modelled_joules", r->energy_j);
	return o;
}

static struct json_object *converters_json(const struct nmc_calibration_report *r)
{
	struct json_object *o = json_object_new_object();

	add_count(o, "outputs", r->outputs);
	add_number(o, "offset", r->offset);
	add_number(o, "gain", r->gain);
	add_number(o, "error_before", r->error_before);
	add_number(o, "error_after", r->error_after);
	return o;
}

static struct json_object *refresh_json(const struct nmc_refresh_report *r)
{
	struct json_object *o = json_object_new_object();

	add_count(o, "tiles", r->tiles);
	add_count(o, "whole", r->whole);
	add_count(o, "regions", r->regions);
	add_count(o, "cells", r->cells);
	add_count(o, "out", r->out);
	add_count(o, "written", r->written);
	add_count(o, "left", r->left);
	add_count(o, "pulses", r->pulses);
	add_count(o, "full_pulses", r->full_pulses);
	add_number(o, "deviation_before", r->deviation_before);
	add_number(o, "deviation_after", r->deviation_after);
	add_number(o, "modelled_seconds", (double)r->modelled_ns * 1e-9);
	add_number(o, "modelled_joules", r->energy_j);
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
	json_object_object_add(o, "program", program_json(s));
	json_object_object_add(o, "repair", s->o->repair ? repair_json(&s->repair) : NULL);
	json_object_object_add(o, "converters", s->o->converters ? converters_json(&s->converters) : NULL);
	json_object_object_add(o, "refresh", s->o->refresh > 0.0 ? refresh_json(&s->refresh) : NULL);
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

static void mean_text(const double *x, unsigned int seeds)
{
	struct study_mean m = study_mean(x, seeds);
	char text[32];

	snprintf(text, sizeof(text), seeds > 1 ? "%.2f +- %.2f" : "%.2f", 100.0 * m.mean, 100.0 * m.half);
	printf("  %15s", text);
}

static void ages_text(const struct run_state *s)
{
	const struct run_options *o = s->o;
	unsigned int age, i;

	printf("\naccuracy, %%   ");
	for (i = 0; i < o->hows; i++)
		printf("  %15s", study_how(o->how[i]));
	puts("");
	for (age = 0; age < (o->ages ? o->ages : 1); age++) {
		printf("%-14s", o->ages ? o->age[age].name : "programmed");
		for (i = 0; i < o->hows; i++)
			mean_text(s->accuracy[age][i], o->seeds);
		puts("");
	}
}

/* The last age and compensation are what causes are left out of. */
static const double *last_accuracy(const struct run_state *s)
{
	return s->accuracy[s->o->ages ? s->o->ages - 1 : 0][s->o->hows - 1];
}

static const char *cause_name(unsigned int i)
{
	return i < NMC_CAUSES ? nmc_cause_name(1u << i) : "all of them";
}

static void causes_text(const struct run_state *s)
{
	struct study_mean with = study_mean(last_accuracy(s), s->o->seeds);
	unsigned int i;

	printf("\nwithout              accuracy, %%  regained, points\n");
	for (i = 0; i <= NMC_CAUSES; i++) {
		struct study_mean m = study_mean(s->without[i], s->o->seeds);

		printf("%-20s %12.2f %+17.2f\n", cause_name(i), 100.0 * m.mean, 100.0 * (m.mean - with.mean));
	}
}

static void signal_text(const struct run_state *s)
{
	unsigned int i;

	if (!s->class.converters)
		return;
	printf("\nlayer                signal to noise, dB  clipped, %%\n");
	for (i = 0; i < s->plan_info.layers && i < RUN_LAYERS; i++)
		printf("%-20.20s %20.1f %11.3f\n", s->signal[i].name, s->signal[i].snr_db, 100.0 * s->signal[i].clip_share);
}

int report_study_text(const struct run_state *s)
{
	printf("device        %s, %s (%s)\n", s->info.uri, s->info.name, s->info.driver);
	printf("network       %s: %u layers on %u tiles of class %s\n", s->o->model, s->plan_info.layers, s->plan_info.tiles,
	       s->class.name);
	printf("cards         %u%s\n", s->o->seeds, s->o->seeds > 1 ? ", means with 95 % confidence intervals" : "");
	prepared_text(s);
	ages_text(s);
	if (s->o->breakdown)
		causes_text(s);
	signal_text(s);
	return 0;
}

static struct json_object *mean_json(const double *x, unsigned int seeds)
{
	struct study_mean m = study_mean(x, seeds);
	struct json_object *o = json_object_new_object(), *all = json_object_new_array();
	unsigned int i;

	for (i = 0; i < seeds; i++)
		json_object_array_add(all, json_object_new_double(x[i]));
	add_number(o, "mean", m.mean);
	json_object_object_add(o, "confidence_95", seeds > 1 ? json_object_new_double(m.half) : NULL);
	json_object_object_add(o, "values", all);
	return o;
}

static struct json_object *ages_json(const struct run_state *s)
{
	struct json_object *all = json_object_new_array();
	unsigned int age, i;

	for (age = 0; age < (s->o->ages ? s->o->ages : 1); age++) {
		struct json_object *o = json_object_new_object(), *accuracy = json_object_new_object();

		add_text(o, "age", s->o->ages ? s->o->age[age].name : "0s");
		add_number(o, "seconds", s->o->ages ? (double)s->o->age[age].ns * 1e-9 : 0.0);
		for (i = 0; i < s->o->hows; i++)
			json_object_object_add(accuracy, study_how(s->o->how[i]), mean_json(s->accuracy[age][i], s->o->seeds));
		json_object_object_add(o, "accuracy", accuracy);
		json_object_array_add(all, o);
	}
	return all;
}

static struct json_object *causes_json(const struct run_state *s)
{
	struct json_object *all = json_object_new_array();
	unsigned int i;

	for (i = 0; i <= NMC_CAUSES; i++) {
		struct json_object *o = json_object_new_object();

		add_text(o, "without", i < NMC_CAUSES ? nmc_cause_name(1u << i) : "all");
		json_object_object_add(o, "accuracy", mean_json(s->without[i], s->o->seeds));
		json_object_array_add(all, o);
	}
	return all;
}

static struct json_object *signal_json(const struct run_state *s)
{
	struct json_object *all = json_object_new_array();
	unsigned int i;

	for (i = 0; s->class.converters && i < s->plan_info.layers && i < RUN_LAYERS; i++) {
		struct json_object *o = json_object_new_object();

		add_text(o, "layer", s->signal[i].name);
		json_object_object_add(o, "snr_db", isfinite(s->signal[i].snr_db) ?
				       json_object_new_double(s->signal[i].snr_db) : NULL);
		add_number(o, "clip_share", s->signal[i].clip_share);
		json_object_array_add(all, o);
	}
	return all;
}

int report_study_json(const struct run_state *s)
{
	struct json_object *o = json_object_new_object();

	if (sodium_init() < 0)
		return run_fail(EXIT_FAILURE, "libsodium does not start");
	add_count(o, "schema", 1);
	add_count(o, "images", s->in.count);
	add_count(o, "tiles", s->plan_info.tiles);
	add_text(o, "device", s->info.uri);
	add_text(o, "class", s->class.name);
	add_count(o, "seeds", s->o->seeds);
	json_object_object_add(o, "ages", ages_json(s));
	json_object_object_add(o, "causes", s->o->breakdown ? causes_json(s) : NULL);
	json_object_object_add(o, "layers", signal_json(s));
	json_object_object_add(o, "manifest", manifest(s));
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
	return 0;
}
