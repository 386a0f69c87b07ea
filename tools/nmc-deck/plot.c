// SPDX-License-Identifier: MIT
/*
 * A deck as a picture of four panels. gnuplot draws them; it gets everything on its standard input.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "common/gnuplot.h"
#include "nmc-deck/nmc-deck.h"

#define LEVELS	8	/* of the first panel */
#define BINS	240	/* of its conductance axis */
#define TRACES	5	/* of the last two panels */
#define AGES	65
#define CELLS	2048
#define DEVICES	256
#define SHOWN	4	/* devices of the staircase that are drawn alone */

/**
 * struct picture - what is being drawn
 * @t: options
 * @deck: deck
 * @info: the same at a glance
 * @cells: cells a level
 * @f: gnuplot's commands
 */
struct picture {
	const struct tool *t;
	const struct nmc_deck *deck;
	struct nmc_deck_info info;
	unsigned int cells;
	FILE *f;
};

static int broken(void)
{
	return tool_fail(EXIT_FAILURE, "%s", nmc_last_error());
}

static void head(const struct picture *p)
{
	char title[512];

	snprintf(title, sizeof(title), "%s: %s", p->info.name, p->info.title);
	gnuplot_style(p->f, 1200, 920);
	fputs("set lmargin 10\nset rmargin 4\nset tmargin 3\nset bmargin 4\n", p->f);
	fputs("set multiplot layout 2,2 title ", p->f);
	gnuplot_text(p->f, title);
	fputs(" font ',18'\n", p->f);
}

/* Nothing of the panel before. */
static void begin(FILE *f, const char *xlabel, const char *ylabel)
{
	fprintf(f, "set xrange [*:*]\nset yrange [*:*]\nunset logscale\nset xtics auto nomirror out\n"
		"set ytics auto nomirror out\nunset arrow\n"
		"unset label\nset offsets 0,0,0,0\nset key default\nset key top center samplen 1.5 spacing 1.1 "
		"textcolor '#333333'\nset xlabel '%s'\nset ylabel '%s'\n", xlabel, ylabel);
}

/* Each level as shares of its cells in bins, relative to its fullest one. */
static void put_level(FILE *f, const float *g, unsigned int cells, double low, double high)
{
	unsigned int count[BINS] = { 0 }, most = 1, i;
	double width = (high - low) / BINS;

	for (i = 0; i < cells; i++) {
		double bin = ((double)g[i] - low) / width;
		unsigned int b = bin < 0 ? 0 : bin < BINS - 1 ? (unsigned int)bin : BINS - 1;

		most = ++count[b] > most ? count[b] : most;
	}
	for (i = 0; i < BINS; i++) {
		bool edge = count[i] || (i && count[i - 1]) || (i + 1 < BINS && count[i + 1]);

		if (edge)
			fprintf(f, "%.6g %.4f\n%.6g %.4f\n", low + width * i, (double)count[i] / most, low + width * (i + 1),
				(double)count[i] / most);
	}
}

/* Age at which cells are looked at first, seconds. */
static double first_age(const struct nmc_deck_info *info)
{
	return info->leaks ? 1e-6 : 1;
}

static void limits(const float *g, size_t n, double *low, double *high)
{
	size_t i;

	for (i = 0; i < n; i++) {
		*low = (double)g[i] < *low ? (double)g[i] : *low;
		*high = (double)g[i] > *high ? (double)g[i] : *high;
	}
}

/* As many levels as there are, at most @most. */
static unsigned int levels_of(const struct nmc_deck_info *info, unsigned int most)
{
	return info->levels && info->levels < most ? info->levels : most;
}

static int draw_levels(const struct picture *p)
{
	struct nmc_deck_rig rig = NMC_DECK_RIG_INIT;
	struct nmc_deck_report report[LEVELS];
	unsigned int n = levels_of(&p->info, LEVELS), i;
	float *g = malloc(sizeof(*g) * n * p->cells);
	double age = first_age(&p->info), low = (double)p->info.gmin_us, high = (double)p->info.gmax_us, converged = 0, pulses = 0, margin;

	if (!g)
		return tool_fail(EXIT_FAILURE, "out of memory");
	rig.cells = p->cells;
	rig.seed = p->t->seed;
	for (i = 0; i < n; i++) {
		report[i] = (struct nmc_deck_report)NMC_DECK_REPORT_INIT;
		rig.tile = i;
		if (nmc_deck_program(p->deck, &rig, target_of(&p->info, i, n), &age, 1, g + (size_t)i * p->cells,
				     &report[i])) {
			free(g);
			return broken();
		}
		converged += (double)report[i].converged;
		pulses += (double)report[i].mean_pulses;
	}
	limits(g, (size_t)n * p->cells, &low, &high);
	margin = 0.02 * (high - low);
	low -= margin;
	high += margin;
	for (i = 0; i < n; i++) {
		fprintf(p->f, "$level%u << EOD\n", i);
		put_level(p->f, g + (size_t)i * p->cells, p->cells, low, high);
		fputs("EOD\n", p->f);
	}
	begin(p->f, "conductance (µS)", "cells (fullest bin = 1)");
	fprintf(p->f, "set title 'Levels %s after programming: %.4g %% converged, %.4g pulses a cell'\n",
		p->info.leaks ? "1 µs" : "1 s", 100 * converged / n, pulses / n);
	fprintf(p->f, "set xrange [%.6g:%.6g]\nset yrange [0:1.5]\nset ytics 0,0.25,1\n"
		"set key horizontal maxrows 2 title 'target (µS)'\nplot ", low, high);
	for (i = 0; i < n; i++)
		fprintf(p->f, "%s$level%u using 1:2 with filledcurves y=0 lt %u title '%.3g'", i ? ", " : "", i, i + 1,
			(double)report[i].target_us);
	fputc('\n', p->f);
	free(g);
	return 0;
}

static void draw_note(FILE *f, const char *title, const char *note)
{
	begin(f, " ", " ");
	fprintf(f, "set title '%s'\nset xrange [0:1]\nset yrange [0:1]\nunset xtics\nunset ytics\n"
		"set label 1 '%s' at 0.5,0.5 center textcolor '#555555'\nplot -1 notitle\n", title, note);
}

static double pulses_at(const struct stairs *st, unsigned int i)
{
	unsigned int n = st->s.points;

	return i <= n ? (double)i * st->s.set : (double)n * st->s.set + (double)(i - n) * st->s.reset;
}

static int draw_stairs(const struct picture *p)
{
	unsigned int i, k, n;
	struct stairs st;
	double low = 0, top = 0;
	char label[96];
	int ret = stairs_make(p->deck, &p->info, p->t->seed, DEVICES, &st);

	if (ret == -ENOTSUP) {
		draw_note(p->f, "Equal pulses without verify", "cells take their target exactly, without pulses");
		return 0;
	}
	if (ret)
		return ret == -ENOMEM ? tool_fail(EXIT_FAILURE, "out of memory") : broken();
	n = st.s.points;
	fputs("$stairs << EOD\n", p->f);
	for (i = 0; i <= 2 * n; i++) {
		fprintf(p->f, "%g %.6g %.6g", pulses_at(&st, i), st.mean[i], st.sd[i]);
		limits(st.g + (size_t)i * st.cells, SHOWN, &low, &top);
		top = st.mean[i] + st.sd[i] > top ? st.mean[i] + st.sd[i] : top;
		for (k = 0; k < SHOWN; k++)
			fprintf(p->f, " %.6g", (double)st.g[(size_t)i * st.cells + k]);
		fputc('\n', p->f);
	}
	fputs("EOD\n", p->f);
	snprintf(label, sizeof(label), "pulses (SET %.3g V, %.4g ns; RESET %.3g V, %.4g ns)", (double)p->info.set_volt,
		 (double)p->info.set_ns, (double)p->info.reset_volt, (double)p->info.reset_ns);
	begin(p->f, label, "conductance (µS)");
	fprintf(p->f, "set title 'Equal pulses without verify: %u SET, then %u RESET'\nset xrange [0:%g]\n", n * st.s.set,
		n * st.s.reset, pulses_at(&st, 2 * n));
	fprintf(p->f, "set yrange [0:%.4g]\nset key horizontal maxrows 1\n"
		"set arrow 1 from %g,graph 0 to %g,graph 0.78 nohead lc '#999999' dt 2\n", 1.3 * top, pulses_at(&st, n),
		pulses_at(&st, n));
	fprintf(p->f, "plot $stairs using 1:($2-$3 < 0 ? 0 : $2-$3):($2+$3) with filledcurves lt 1 title "
		"'± sd', '' using 1:2 with lines lt 1 lw 2.5 title 'mean of %u devices'", st.cells);
	for (k = 0; k < SHOWN; k++)
		fprintf(p->f, ", '' using 1:%u with lines lc '#888888' lw 0.8 %s", 4 + k,
			k ? "notitle" : "title 'single devices'");
	fputc('\n', p->f);
	stairs_free(&st);
	return 0;
}

static void ages_of(const struct picture *p, double *age)
{
	double first = first_age(&p->info), last = 10 * YEAR;
	unsigned int i;

	for (i = 0; i < AGES; i++)
		age[i] = first * pow(last / first, (double)i / (AGES - 1));
}

static int draw_retention(const struct picture *p)
{
	struct nmc_deck_rig rig = NMC_DECK_RIG_INIT;
	unsigned int traces = levels_of(&p->info, TRACES);
	double age[AGES], top = 0;
	float *g = malloc(sizeof(*g) * AGES * p->cells);
	unsigned int i, k;

	if (!g)
		return tool_fail(EXIT_FAILURE, "out of memory");
	ages_of(p, age);
	rig.cells = p->cells;
	rig.seed = p->t->seed;
	for (k = 0; k < traces; k++) {
		rig.tile = 100 + k;
		if (nmc_deck_program(p->deck, &rig, target_of(&p->info, k, traces), age, AGES, g, NULL)) {
			free(g);
			return broken();
		}
		fprintf(p->f, "$age%u << EOD\n", k);
		for (i = 0; i < AGES; i++) {
			struct moments m = moments_of(g + (size_t)i * p->cells, p->cells, 0);

			top = m.mean + m.sd > top ? m.mean + m.sd : top;
			fprintf(p->f, "%.6g %.6g %.6g\n", age[i], m.mean, m.sd);
		}
		fputs("EOD\n", p->f);
	}
	free(g);
	begin(p->f, "time after programming", "conductance (µS)");
	fprintf(p->f, "set title 'Retention at the reference temperature: mean ± sd'\nset logscale x\nset xrange [%g:%g]\n",
		first_age(&p->info), 10 * YEAR);
	fputs("set xtics (", p->f);
	if (p->info.leaks)
		fputs("'1 µs' 1e-6, '1 ms' 1e-3, '1 s' 1, '1 h' 3600, ", p->f);
	else
		fputs("'1 s' 1, '1 min' 60, '1 h' 3600, ", p->f);
	fprintf(p->f, "'1 d' 86400, '30 d' %g%s, '10 y' %g)\n", 30 * DAY,
		p->info.leaks ? "" : ", '1 y' 31557600", 10 * YEAR);
	fprintf(p->f, "set yrange [0:%.4g]\nset key horizontal maxrows 1 title 'target (µS)'\nplot ", 1.3 * top);
	for (k = 0; k < traces; k++)
		fprintf(p->f, "%s$age%u using 1:($2-$3 < 0 ? 0 : $2-$3):($2+$3) with filledcurves lt %u notitle, "
			"'' using 1:2 with lines lt %u lw 2 title '%.3g'", k ? ", " : "", k, k + 1, k + 1,
			(double)target_of(&p->info, k, traces));
	fputc('\n', p->f);
	return 0;
}

static void draw_current(const struct picture *p)
{
	double most = (double)p->info.read_volt > 0.5 ? (double)p->info.read_volt : 0.5;
	unsigned int traces = levels_of(&p->info, TRACES);
	double top = 0, ohmic = (double)p->info.gmax_us * most;
	unsigned int i, k;

	for (k = 0; k < traces; k++) {
		float g = target_of(&p->info, k, traces);
		double last = nmc_deck_current(p->deck, g, most);

		fprintf(p->f, "$iv%u << EOD\n", k);
		for (i = 0; i <= 50; i++)
			fprintf(p->f, "%.4g %.6g %.6g\n", most * i / 50, nmc_deck_current(p->deck, g, most * i / 50),
				(double)g * most * i / 50);
		fputs("EOD\n", p->f);
		top = last > top ? last : top;
	}
	begin(p->f, "voltage (V)", "current (µA)");
	fprintf(p->f, "set title 'Current; dashed: ohmic'\nset xrange [0:%g]\nset yrange [0:%.4g]\n"
		"set key horizontal maxrows 1 title 'conductance (µS)'\n", most, 1.3 * (top > ohmic ? top : ohmic));
	fprintf(p->f, "set arrow 1 from %.4g,graph 0 to %.4g,graph 0.78 nohead lc '#999999' dt 2\n"
		"set label 1 'read: %.3g V' at %.4g,graph 0.72 left offset 0.6,0 textcolor '#555555'\nplot ",
		(double)p->info.read_volt, (double)p->info.read_volt, (double)p->info.read_volt, (double)p->info.read_volt);
	for (k = 0; k < traces; k++)
		fprintf(p->f, "%s$iv%u using 1:2 with lines lt %u lw 2 title '%.3g', '' using 1:3 with lines lt %u lw 1 dt 2 "
			"notitle", k ? ", " : "", k, k + 1, (double)target_of(&p->info, k, traces), k + 1);
	fputs("\nunset multiplot\n", p->f);
}

/* Runs gnuplot with @text as its input and @to as its output. */
static int run_gnuplot(const char *text, size_t bytes, FILE *to)
{
	char error[256];

	if (fflush(to))
		return tool_fail(EXIT_FAILURE, "the output cannot be written: %s", strerror(errno));
	return gnuplot_draw(text, bytes, fileno(to), error, sizeof(error)) ? tool_fail(EXIT_FAILURE, "%s", error) : 0;
}

static int draw(struct picture *p, FILE *to)
{
	char *text = NULL;
	size_t bytes = 0;
	int ret;

	p->f = open_memstream(&text, &bytes);
	if (!p->f)
		return tool_fail(EXIT_FAILURE, "out of memory");
	head(p);
	ret = draw_levels(p);
	if (!ret)
		ret = draw_stairs(p);
	if (!ret)
		ret = draw_retention(p);
	if (!ret)
		draw_current(p);
	if (fclose(p->f) && !ret)
		ret = tool_fail(EXIT_FAILURE, "out of memory");
	if (!ret)
		ret = run_gnuplot(text, bytes, to);
	free(text);
	return ret;
}

int run_plot(const struct tool *t)
{
	struct picture p = { .t = t, .info = NMC_DECK_INFO_INIT, .cells = t->cells ? t->cells : CELLS };
	struct nmc_deck *deck;
	struct output o;
	int ret = one_deck(t, &deck, &p.info);

	if (ret)
		return ret;
	p.deck = deck;
	ret = output_open(t, &o);
	if (!ret)
		ret = output_close(t, &o, draw(&p, o.f));
	nmc_deck_destroy(deck);
	return ret;
}
