// SPDX-License-Identifier: MIT
/*
 * Figures by which technologies are compared, measured on the rig in the same way for every deck.
 */
#include <errno.h>
#include <json-c/json.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "nmc-deck/nmc-deck.h"

#define LEVELS	9	/* targets from the lowest to the highest */
#define CELLS	2048
#define DEVICES	1024
#define FEW	4	/* steps at half range, from which spreads are told */

/**
 * struct metrics - figures of a deck; NAN where there is none
 * @on_off: mean conductance at the highest target over that at the lowest
 * @levels: that can be told apart one second after programming
 * @converged: share of cells
 * @pulses: pulses a cell
 * @set_pulses: SET pulses from gmin on that make 95 % of what many make
 * @reset_pulses: RESET pulses back
 * @set_nonlinearity: largest distance of the mean curve from a straight line, of its height
 * @reset_nonlinearity: likewise
 * @asymmetry: difference of SET and RESET steps at the same conductance over their sum
 * @c2c: spread of a SET pulse's step from pulse to pulse at half range, of the mean step
 * @d2d: from device to device
 * @set_pj: energy of a SET pulse at half range
 * @reset_pj: of a RESET pulse
 * @program_pj: energy of programming a cell
 * @read_noise: of a read at gmax, of gmax
 * @rms: RMS deviation from the target, of gmax, after a second, a day, a year
 * @kept: mean conductance at the highest target after a day and a year, of that after a second
 */
struct metrics {
	double on_off;
	double levels;
	double converged;
	double pulses;
	double set_pulses;
	double reset_pulses;
	double set_nonlinearity;
	double reset_nonlinearity;
	double asymmetry;
	double c2c;
	double d2d;
	double set_pj;
	double reset_pj;
	double program_pj;
	double read_noise;
	double rms[3];
	double kept[2];
};

static int broken(void)
{
	return tool_fail(EXIT_FAILURE, "%s", nmc_last_error());
}

/* Levels of which +-2 sigma do not overlap: one, and one more for each 4 sigma between the ends. */
static double levels_between(const struct nmc_deck_info *info, const double *sd, unsigned int n)
{
	double step = (double)(info->target_high_us - info->target_low_us) / (n - 1), sum = 1;
	unsigned int i;

	for (i = 0; i + 1 < n; i++) {
		double mean = 0.5 * (sd[i] + sd[i + 1]);

		sum += mean > 0 ? step / (4 * mean) : INFINITY;
	}
	if (info->levels && sum > info->levels)
		sum = info->levels;
	return floor(sum);
}

static int program_metrics(const struct nmc_deck *deck, const struct nmc_deck_info *info, const struct tool *t,
			   struct metrics *m)
{
	const double ages[] = { 1, DAY, YEAR };
	unsigned int cells = t->cells ? t->cells : CELLS, i, k, n = info->levels && info->levels < LEVELS ? info->levels : LEVELS;
	struct nmc_deck_rig rig = NMC_DECK_RIG_INIT;
	float *g = malloc(3 * sizeof(*g) * cells);
	double sd[LEVELS], low = 0, high = 0, later[3] = { 0 };

	if (!g)
		return tool_fail(EXIT_FAILURE, "out of memory");
	rig.cells = cells;
	rig.seed = t->seed;
	for (i = 0; i < n; i++) {
		struct nmc_deck_report report = NMC_DECK_REPORT_INIT;

		rig.tile = i;
		if (nmc_deck_program(deck, &rig, target_of(info, i, n), ages, 3, g, &report)) {
			free(g);
			return broken();
		}
		m->converged += (double)report.converged;
		m->pulses += (double)report.mean_pulses;
		m->program_pj += report.cell_fj * 1e-3;
		for (k = 0; k < 3; k++) {
			struct moments at = moments_of(g + (size_t)k * cells, cells, (double)report.target_us);

			sd[i] = k ? sd[i] : at.sd;
			low = i || k ? low : at.mean;
			high = k ? high : at.mean;
			later[k] = at.mean;
			m->rms[k] += at.rms * at.rms;
		}
	}
	free(g);
	m->converged /= n;
	m->pulses /= n;
	m->program_pj /= n;
	for (k = 0; k < 3; k++)
		m->rms[k] = sqrt(m->rms[k] / n) / (double)info->gmax_us;
	m->kept[0] = later[1] / later[0];
	m->kept[1] = later[2] / later[0];
	m->on_off = low > 0 ? high / low : INFINITY;
	m->levels = levels_between(info, sd, n);
	m->read_noise = (double)(nmc_deck_read_noise(deck, info->gmax_us, 1) / info->gmax_us);
	return 0;
}

/* Largest distance of @mean, @n points, from the line between its ends, of its height. */
static double nonlinearity(const double *mean, unsigned int n)
{
	double height = mean[n - 1] - mean[0], most = 0;
	unsigned int i;

	for (i = 0; i < n; i++) {
		double off = fabs(mean[i] - mean[0] - height * i / (n - 1));

		most = off > most ? off : most;
	}
	return height != 0 ? most / fabs(height) : NAN;
}

/* Mean step of a pulse where the curve passes @g, 0 where it does not. */
static double step_at(const double *mean, unsigned int n, double pulses, double g)
{
	unsigned int i;

	for (i = 0; i + 1 < n; i++)
		if ((mean[i] <= g) != (mean[i + 1] <= g))
			return fabs(mean[i + 1] - mean[i]) / pulses;
	return 0;
}

static double asymmetry(const struct stairs *st)
{
	unsigned int n = st->s.points + 1, i, seen = 0;
	const double *down = st->mean + st->s.points;
	double sum = 0, low = st->mean[0] > down[n - 1] ? st->mean[0] : down[n - 1], high = down[0];

	for (i = 1; i < 16; i++) {
		double g = low + (high - low) * i / 16, up = step_at(st->mean, n, st->s.set, g);
		double back = step_at(down, n, st->s.reset, g);

		if (up > 0 && back > 0) {
			sum += fabs(up - back) / (up + back);
			seen++;
		}
	}
	return seen ? sum / seen : NAN;
}

/**
 * struct steps - what steps of devices tell, each of some pulses
 * @mean: mean step
 * @within: variance within a device, beyond what all devices share
 * @next: covariance of a step with the one after it
 * @between: variance of the mean step between devices
 */
struct steps {
	double mean;
	double within;
	double next;
	double between;
};

/* Steps @k and @k + 1 of device @d; the first, from an exact start, is not like the others. */
static double step_of(const float *g, unsigned int d, unsigned int k)
{
	return (double)(g[(k + 2) * DEVICES + d] - g[(k + 1) * DEVICES + d]);
}

static void tell_steps(const float *g, struct steps *s)
{
	double shared[FEW] = { 0 };
	unsigned int d, k;

	*s = (struct steps){ 0 };
	for (k = 0; k < FEW; k++) {
		for (d = 0; d < DEVICES; d++)
			shared[k] += step_of(g, d, k) / DEVICES;
		s->mean += shared[k] / FEW;
	}
	for (d = 0; d < DEVICES; d++) {
		double rest[FEW], own = 0;

		for (k = 0; k < FEW; k++) {
			rest[k] = step_of(g, d, k) - shared[k];
			own += rest[k] / FEW;
		}
		for (k = 0; k < FEW; k++)
			s->within += (rest[k] - own) * (rest[k] - own) / (FEW - 1) / DEVICES;
		for (k = 0; k + 1 < FEW; k++)
			s->next += (rest[k] - own) * (rest[k + 1] - own) / (FEW - 1) / DEVICES;
		s->between += own * own / (DEVICES - 1);
	}
}

static int take_steps(const struct nmc_deck *deck, const struct nmc_deck_info *info, const struct tool *t,
		      unsigned int pulses, struct nmc_deck_staircase *s, struct steps *steps)
{
	struct nmc_deck_rig rig = NMC_DECK_RIG_INIT;
	float *g = malloc((2 * FEW + 3) * sizeof(*g) * DEVICES);
	int ret;

	if (!g)
		return tool_fail(EXIT_FAILURE, "out of memory");
	rig.cells = DEVICES;
	rig.seed = t->seed;
	s->points = FEW + 1;
	s->set = pulses;
	s->reset = 1;
	s->start_us = 0.5f * (info->gmin_us + info->gmax_us);
	ret = nmc_deck_pulses(deck, &rig, s, g) ? broken() : 0;
	if (!ret)
		tell_steps(g, steps);
	free(g);
	return ret;
}

/*
 * Spreads of a step at half range. Where what is read differs from the state that pulses move, neighbouring steps go
 * against each other; steps of many pulses then tell the two apart, as only what moves adds up.
 */
static int half_range(const struct nmc_deck *deck, const struct nmc_deck_info *info, const struct tool *t,
		      double set_pulses, struct metrics *m)
{
	struct nmc_deck_staircase s = NMC_DECK_STAIRCASE_INIT, more = NMC_DECK_STAIRCASE_INIT;
	unsigned int many = set_pulses > 64 ? (unsigned int)(set_pulses / 16) : 4;
	struct steps one, sum;
	double noise = 0, between;
	int ret = take_steps(deck, info, t, 1, &s, &one);

	if (ret)
		return ret;
	m->set_pj = s.set_fj * 1e-3;
	m->reset_pj = s.reset_fj * 1e-3;
	if (one.next < -0.35 * one.within) {	/* -1/8 without such noise, -1/2 with nothing else */
		ret = take_steps(deck, info, t, many, &more, &sum);
		noise = one.within;
		one.within = (sum.within - noise) / (many - 1);
		one.between = sum.between / ((double)many * many);
		one.mean = sum.mean / many;
		noise /= (double)many * many * FEW;
	}
	if (ret)
		return ret;
	between = one.between - (one.within > 0 ? one.within : 0) / (FEW * (noise > 0 ? many : 1.0)) - noise / FEW;
	m->c2c = one.mean != 0 ? sqrt(one.within > 0 ? one.within : 0) / fabs(one.mean) : NAN;
	m->d2d = one.mean != 0 ? sqrt(between > 0 ? between : 0) / fabs(one.mean) : NAN;
	return 0;
}

static int pulse_metrics(const struct nmc_deck *deck, const struct nmc_deck_info *info, const struct tool *t,
			 struct metrics *m)
{
	struct stairs st;
	int ret = stairs_make(deck, info, t->seed, DEVICES, &st);

	if (ret == -ENOTSUP)
		return 0;
	if (ret)
		return ret == -ENOMEM ? tool_fail(EXIT_FAILURE, "out of memory") : broken();
	m->set_pulses = st.set_pulses;
	m->reset_pulses = st.reset_pulses;
	m->set_nonlinearity = nonlinearity(st.mean, st.s.points + 1);
	m->reset_nonlinearity = nonlinearity(st.mean + st.s.points, st.s.points + 1);
	m->asymmetry = asymmetry(&st);
	stairs_free(&st);
	return half_range(deck, info, t, m->set_pulses, m);
}

/**
 * struct line - one figure as it is reported
 * @key: name for programs; its end is its unit
 * @label: for people
 * @unit: for people
 * @value: NAN: none, INFINITY: without limit
 */
struct line {
	const char *key;
	const char *label;
	const char *unit;
	double value;
};

static void text_line(const struct line *l)
{
	if (isnan(l->value))
		printf("  %-52s %12s\n", l->label, "-");
	else if (isinf(l->value))
		printf("  %-52s %12s\n", l->label, "no limit");
	else
		printf("  %-52s %12.4g %s\n", l->label, l->value, l->unit);
}

static int report(const struct tool *t, const struct nmc_deck_info *info, const struct metrics *m)
{
	const struct line lines[] = {
		{ "gmin_us", "lowest conductance", "uS", (double)info->gmin_us },
		{ "gmax_us", "highest conductance", "uS", (double)info->gmax_us },
		{ "on_off_ratio", "on/off ratio, 1 s after programming", "", m->on_off },
		{ "levels", "levels told apart (+-2 sd, 1 s after programming)", "", m->levels },
		{ "converged", "cells that verify accepts", "%", 100 * m->converged },
		{ "pulses_per_cell", "pulses a cell with verify", "", m->pulses },
		{ "set_nonlinearity", "non-linearity, SET (largest distance from a line)", "%", 100 * m->set_nonlinearity },
		{ "reset_nonlinearity", "non-linearity, RESET", "%", 100 * m->reset_nonlinearity },
		{ "asymmetry", "asymmetry of SET and RESET steps (0: symmetric)", "%", 100 * m->asymmetry },
		{ "set_pulses", "SET pulses through the range (95 %)", "", m->set_pulses },
		{ "reset_pulses", "RESET pulses back (95 %)", "", m->reset_pulses },
		{ "cycle_to_cycle", "cycle to cycle: spread of a SET step at half range", "%", 100 * m->c2c },
		{ "device_to_device", "device to device: spread of the mean step", "%", 100 * m->d2d },
		{ "set_pj", "energy of a SET pulse at half range", "pJ", m->set_pj },
		{ "reset_pj", "energy of a RESET pulse at half range", "pJ", m->reset_pj },
		{ "program_pj", "energy of programming a cell with verify", "pJ", m->program_pj },
		{ "read_noise", "read noise at gmax", "% of gmax", 100 * m->read_noise },
		{ "deviation_1s", "RMS deviation from the target after 1 s", "% of gmax", 100 * m->rms[0] },
		{ "deviation_1d", "RMS deviation after 1 d", "% of gmax", 100 * m->rms[1] },
		{ "deviation_1y", "RMS deviation after 1 y", "% of gmax", 100 * m->rms[2] },
		{ "kept_1d", "mean conductance at gmax kept after 1 d", "%", 100 * m->kept[0] },
		{ "kept_1y", "mean conductance at gmax kept after 1 y", "%", 100 * m->kept[1] },
		{ "endurance_pulses", "endurance (median, pulses)", "",
		  info->endurance > 0 ? (double)info->endurance : INFINITY },
	};
	struct json_object *o = NULL;
	size_t i;

	if (t->json)
		o = json_object_new_object();
	else
		printf("%s: %s\n", info->name, info->title);
	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		double share = strncmp(lines[i].unit, "%", 1) ? 1 : 100;

		if (!t->json)
			text_line(&lines[i]);
		else
			json_object_object_add(o, lines[i].key, isfinite(lines[i].value) ?
					       json_object_new_double(lines[i].value / share) : NULL);
	}
	if (!t->json)
		return 0;
	json_object_object_add(o, "deck", json_object_new_string(info->name));
	json_object_object_add(o, "seed", json_object_new_uint64(t->seed));
	json_object_object_add(o, "schema", json_object_new_int(1));
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
	return 0;
}

int run_metrics(const struct tool *t)
{
	struct metrics m = { .set_pulses = NAN, .reset_pulses = NAN, .set_nonlinearity = NAN, .reset_nonlinearity = NAN,
			     .asymmetry = NAN, .c2c = NAN, .d2d = NAN, .set_pj = NAN, .reset_pj = NAN };
	struct nmc_deck_info info = NMC_DECK_INFO_INIT;
	struct nmc_deck *deck;
	int ret = one_deck(t, &deck, &info);

	if (ret)
		return ret;
	ret = program_metrics(deck, &info, t, &m);
	if (!ret)
		ret = pulse_metrics(deck, &info, t, &m);
	nmc_deck_destroy(deck);
	return ret ? ret : report(t, &info, &m);
}
