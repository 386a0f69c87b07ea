// SPDX-License-Identifier: MIT
/*
 * The text of a fitted deck: what was measured, and for everything else what another deck says.
 */
#include <stdlib.h>
#include <string.h>
#include "nmc-deck/fit.h"

#define VALUE	4096

static void put_quoted(FILE *f, const char *text)
{
	fputc('"', f);
	for (; *text; text++)
		fprintf(f, *text == '"' || *text == '\\' ? "\\%c" : "%c", (unsigned char)*text < 0x20 ? ' ' : *text);
	fputc('"', f);
}

static void put_curve(FILE *f, const struct fit_curve *c, const char *unit)
{
	unsigned int k;

	fprintf(f, "{ of: r, %spoly: [", unit);
	for (k = 0; k < c->terms; k++)
		fprintf(f, "%s%.6g", k ? ", " : "", c->poly[k]);
	fputc(']', f);
	if (c->ln != 0)
		fprintf(f, ", ln: %.6g", c->ln);
	fprintf(f, ", min: %.6g, max: %.6g }", c->min, c->max);
}

static void put_spreads(FILE *f, const struct fit *fit)
{
	unsigned int i;

	fputs("spread:  # measured\n", f);
	for (i = 0; i < fit->spreads; i++) {
		fprintf(f, "  - { at: %.9g s, sigma: ", fit->spread_at[i]);
		put_curve(f, &fit->spread[i], "unit: uS, ");
		fputs(" }\n", f);
	}
}

/* A line up to the band, where verify is narrower, and another beyond it. */
static void put_residual(FILE *f, const struct fit *fit)
{
	const double *c = fit->residual;

	fprintf(f, "{ of: g/uS, unit: uS, poly: [%.6g, %.6g], min: 0, above: %.6g, upper: [%.6g, %.6g] }", c[0],
		(c[1] + c[2] * c[3] - c[0]) / c[3], c[3], c[1], c[2]);
}

/* Where a value comes from; NULL if it is that of the other deck. */
static const char *put_measured(FILE *f, const struct tool *t, const struct fit *fit, const char *path)
{
	if (!strcmp(path, "deck"))
		return fputs("1", f), "";
	if (!strcmp(path, "name"))
		return fputs(t->name, f), "";
	if (!strcmp(path, "title"))
		return put_quoted(f, t->title ? t->title : t->name), "";
	if (!strcmp(path, "source"))
		return put_quoted(f, t->source ? t->source : "nmc-deck fit"), "";
	if (!strcmp(path, "gmin"))
		return fprintf(f, "%.9g uS", fit->gmin), "measured: lowest target";
	if (!strcmp(path, "gmax"))
		return fprintf(f, "%.9g uS", fit->gmax), "measured: highest target";
	if (!strcmp(path, "program.band") && fit->band > 0)
		return fprintf(f, "%.6g uS", fit->band), "measured: verify reads";
	if (!strcmp(path, "program.residual") && fit->residual_known)
		return put_residual(f, fit), "what this ladder leaves, measured on the model";
	if (!strcmp(path, "drift.t0") && fit->t0_known)
		return fprintf(f, "%.4g s", fit->t0), "measured";
	if (!strcmp(path, "drift.nu") && fit->nu_known)
		return put_curve(f, &fit->nu, ""), "measured";
	if (!strcmp(path, "drift.shift") && fit->shift_known)
		return put_curve(f, &fit->shift, "unit: uS, "), "measured";
	if (!strcmp(path, "drift.nu_sigma") && fit->nu_known)
		return put_curve(f, &fit->nu_sigma, ""), "measured";
	return NULL;
}

/* Keys of the other deck that would contradict what was measured. */
static bool left_out(const struct fit *fit, const char *path)
{
	if (!strcmp(path, "program.residual"))
		return !fit->residual_known;
	return !strncmp(path, "target.", 7) || (!strcmp(path, "program.band_relative") && fit->band > 0);
}

static bool measured_alone(const struct fit *fit, const char *path)
{
	return !strcmp(path, "gmin") || (!strcmp(path, "program.residual") && fit->residual_known) ||
	       (!strncmp(path, "drift.nu", 8) && fit->nu_known);
}

/* Headings of the sections that @path is in and the key before it was not; returns the key's own name. */
static const char *put_sections(FILE *f, const char *path, char *section, size_t bytes)
{
	const char *at = path, *dot;
	int depth = 0;

	for (dot = strchr(at, '.'); dot; at = dot + 1, dot = strchr(at, '.'), depth++) {
		size_t length = (size_t)(dot - path);

		if (strncmp(section, path, length) || section[length] != '.')
			fprintf(f, "%*s%.*s:\n", 2 * depth, "", (int)(dot - at), at);
	}
	snprintf(section, bytes, "%.*s", (int)(at - path), path);
	fprintf(f, "%*s", 2 * depth, "");
	return at;
}

static void put_key(FILE *f, const struct tool *t, const struct fit *fit, const char *path, char *section, size_t bytes)
{
	char value[VALUE];
	const char *from;

	if (left_out(fit, path) ||
	    (nmc_deck_value(fit->like, path, value, sizeof(value)) && !measured_alone(fit, path)))
		return;
	fprintf(f, "%s: ", put_sections(f, path, section, bytes));
	from = put_measured(f, t, fit, path);
	if (!from)
		fprintf(f, "%s  # from %s\n", value, fit->like_info.name);
	else
		fprintf(f, "%s%s\n", *from ? "  # " : "", from);
}

static void put_text(FILE *f, const struct tool *t, const struct fit *fit)
{
	struct nmc_deck_key key = NMC_DECK_KEY_INIT;
	char section[64] = "";
	unsigned int i;

	fprintf(f, "# Made by nmc-deck fit of %zu readings at %u targets and %u times. What was not measured is that of\n"
		"# the deck %s, and says so.\n", fit->csv.count, fit->levels, fit->times, fit->like_info.name);
	for (i = 0; !nmc_deck_key(i, &key); i++)
		if (strncmp(key.path, "spread[]", 8))
			put_key(f, t, fit, key.path, section, sizeof(section));
	put_spreads(f, fit);
}

char *fit_text(const struct tool *t, const struct fit *fit)
{
	char *text = NULL;
	size_t bytes;
	FILE *f = open_memstream(&text, &bytes);

	if (!f)
		return NULL;
	put_text(f, t, fit);
	if (!fclose(f))
		return text;
	free(text);
	return NULL;
}
