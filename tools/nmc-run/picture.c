// SPDX-License-Identifier: MIT
/*
 * Accuracy over age as a picture: a line a compensation, with its confidence interval where there are several cards.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/gnuplot.h"
#include "nmc-run/nmc-run.h"

/* Age on a logarithmic axis, seconds: no age at all stands a decade before the first one. */
static double place(const struct run_options *o, unsigned int age)
{
	unsigned int first = 0;

	while (first + 1 < o->ages && !o->age[first].ns)
		first++;
	return o->age[age].ns ? (double)o->age[age].ns * 1e-9 : (double)o->age[first].ns * 1e-10;
}

static void data(FILE *f, const struct run_state *s, unsigned int how)
{
	unsigned int age;

	fprintf(f, "$how%u << EOD\n", how);
	for (age = 0; age < s->o->ages; age++) {
		struct study_mean m = study_mean(s->accuracy[age][how], s->o->seeds);

		fprintf(f, "%.9g %.6f %.6f\n", place(s->o, age), 100.0 * m.mean, 100.0 * m.half);
	}
	fputs("EOD\n", f);
}

static void title(FILE *f, const struct run_state *s)
{
	const char *slash = strrchr(s->o->model, '/');
	char text[512];

	snprintf(text, sizeof(text), "%.300s on tiles of class %s", slash ? slash + 1 : s->o->model, s->class.name);
	fputs("set title ", f);
	gnuplot_text(f, text);
	fputc('\n', f);
}

static void commands(FILE *f, const struct run_state *s)
{
	const struct run_options *o = s->o;
	bool many = o->seeds > 1;
	unsigned int i;

	gnuplot_style(f, 960, 560);
	for (i = 0; i < o->hows; i++)
		data(f, s, i);
	title(f, s);
	fprintf(f, "set xlabel 'card time since programming'\nset ylabel 'accuracy (%%)%s'\nset logscale x\n"
		"set yrange [*:100]\n"
		"set key bottom left title 'compensation'\nset offsets graph 0.03, graph 0.03, 0, graph 0.05\nset xtics (",
		many ? ", mean and 95 % interval" : "");
	for (i = 0; i < o->ages; i++)
		fprintf(f, "%s'%s' %.9g", i ? ", " : "", o->age[i].name, place(o, i));
	fputs(")\nplot ", f);
	for (i = 0; many && i < o->hows; i++)
		fprintf(f, "$how%u using 1:($2-$3):($2+$3) with filledcurves lt %u notitle, ", i, i + 1);
	for (i = 0; i < o->hows; i++)
		fprintf(f, "%s$how%u using 1:2 with linespoints lt %u lw 2 pt 7 title '%s'", i ? ", " : "", i, i + 1,
			study_how(o->how[i]));
	fputc('\n', f);
}

int picture_ages(const struct run_state *s)
{
	char error[4200] = "out of memory", *text = NULL;
	size_t bytes;
	FILE *f = open_memstream(&text, &bytes);
	int ret = -1;

	if (f) {
		commands(f, s);
		ret = fclose(f) ? -1 : gnuplot_file(text, bytes, s->o->plot, error, sizeof(error));
	}
	free(text);
	return ret ? run_fail(EXIT_FAILURE, error) : 0;
}
