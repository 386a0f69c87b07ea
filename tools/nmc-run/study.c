// SPDX-License-Identifier: MIT
/*
 * Studies: accuracy over age, over seeds, with and without compensation, and what each cause has in a loss.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/duration.h"
#include "common/progress.h"
#include "nmc-run/nmc-run.h"

static const char *const how_names[RUN_HOWS] = { "none", "global", "column" };

const char *study_how(unsigned int how)
{
	return how_names[how];
}

static int bad_list(const char *what, const char *text, size_t length, const char *form)
{
	char line[200];

	snprintf(line, sizeof(line), "%s: \"%.*s\" is not %s", what, (int)(length > 60 ? 60 : length), text, form);
	return run_fail(EXIT_USAGE, line);
}

int study_ages(struct run_options *o, const char *list)
{
	size_t length;

	for (o->ages = 0;; list += length + 1) {
		struct run_age *a = &o->age[o->ages];

		length = strcspn(list, ",");
		if (o->ages == RUN_AGES)
			return run_fail(EXIT_USAGE, "--ages: at most 32 ages");
		if (duration_parse(list, length, &a->ns))
			return bad_list("age", list, length, "a number with ns, us, ms, s, min, h, d or y, at most 100y");
		snprintf(a->name, sizeof(a->name), "%.*s", (int)length, list);
		if (o->ages && a->ns < a[-1].ns)
			return bad_list("--ages", list, length, "after the age before it");
		o->ages++;
		if (!list[length])
			return 0;
	}
}

int study_hows(struct run_options *o, const char *list)
{
	size_t length;
	unsigned int i;

	for (o->hows = 0;; list += length + 1) {
		length = strcspn(list, ",");
		for (i = 0; i < RUN_HOWS; i++)
			if (strlen(how_names[i]) == length && !memcmp(how_names[i], list, length))
				break;
		if (i == RUN_HOWS)
			return bad_list("--compensate", list, length, "none, global or column");
		if (o->hows == RUN_HOWS)
			return run_fail(EXIT_USAGE, "--compensate: at most none, global and column");
		o->how[o->hows++] = i;
		if (!list[length])
			return 0;
	}
}

/* Share of the vectors that are classified right. */
static int measure(struct run_state *s, double *accuracy)
{
	int ret = run_values(s);

	if (ret)
		return ret;
	s->correct = 0;
	run_score(s);
	*accuracy = (double)s->correct / (double)s->in.count;
	return 0;
}

/* Ranges follow cells that lack the cause as they followed those that have it. */
static int leave_out(struct run_state *s, unsigned int causes)
{
	enum nmc_compensation how = (enum nmc_compensation)s->o->how[s->o->hows - 1];

	if (nmc_plan_leave_out(s->plan, causes) || (s->class.converters && nmc_plan_compensate(s->plan, how, NULL)))
		return run_library(EXIT_FAILURE);
	return 0;
}

/* Accuracy without each cause in turn, and without all of them; what is regained is that cause's share. */
static int study_causes(struct run_state *s, unsigned int seed)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i <= NMC_CAUSES; i++) {
		unsigned int all = (1u << NMC_CAUSES) - 1;

		ret = leave_out(s, i < NMC_CAUSES ? 1u << i : all);
		if (!ret)
			ret = measure(s, &s->without[i][seed]);
	}
	return ret ? ret : leave_out(s, 0);
}

static int study_signal(struct run_state *s, unsigned int seed)
{
	unsigned int i;

	for (i = 0; !seed && s->class.converters && i < s->plan_info.layers && i < RUN_LAYERS; i++) {
		s->signal[i].size = sizeof(s->signal[i]);
		if (nmc_plan_signal(s->plan, i, &s->signal[i]))
			return run_library(EXIT_FAILURE);
	}
	return 0;
}

static int at_age(struct run_state *s, unsigned int age, unsigned int seed)
{
	const struct run_options *o = s->o;
	uint64_t before = age ? o->age[age - 1].ns : 0;
	unsigned int i;
	int ret = 0;

	if (o->ages && nmc_plan_age(s->plan, o->age[age].ns - before))
		return run_library(EXIT_FAILURE);
	ret = run_refresh(s);
	for (i = 0; !ret && i < o->hows; i++) {
		if (s->class.converters && nmc_plan_compensate(s->plan, (enum nmc_compensation)o->how[i], NULL))
			return run_library(EXIT_FAILURE);
		ret = measure(s, &s->accuracy[age][i][seed]);
	}
	return ret;
}

/* One card: programmed, with a baseline, then age after age. */
int study_card(struct run_state *s, unsigned int seed)
{
	const struct run_options *o = s->o;
	unsigned int age, ages = o->ages ? o->ages : 1;
	int ret = 0;

	if (s->class.converters && nmc_plan_baseline(s->plan, (enum nmc_baseline)o->baseline))
		return run_library(EXIT_FAILURE);
	for (age = 0; !ret && age < ages; age++)
		ret = at_age(s, age, seed);
	if (!ret && o->breakdown)
		ret = study_causes(s, seed);
	return ret ? ret : study_signal(s, seed);
}

/* Two-sided 95 % quantile of Student's t for @n values, abramowitz and stegun table 26.10. */
static double student(unsigned int n)
{
	static const double t[] = { 0, 0, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179,
				    2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064,
				    2.060, 2.056, 2.052, 2.048, 2.045 };

	return n < sizeof(t) / sizeof(*t) ? t[n] : 1.960;
}

struct study_mean study_mean(const double *x, unsigned int n)
{
	struct study_mean m = { 0 };
	double square = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		m.mean += x[i] / n;
	for (i = 0; i < n; i++)
		square += (x[i] - m.mean) * (x[i] - m.mean);
	m.half = n > 1 ? student(n) * sqrt(square / (n - 1) / n) : 0.0;
	return m;
}
