// SPDX-License-Identifier: MIT
/*
 * Health of tiles as a picture.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "common/gnuplot.h"
#include "nmc-smi/tiles.h"

#define DAY_S	86400.0

static void head(FILE *f, const struct card_view *v, const char *what)
{
	gnuplot_style(f, 960, 480);
	fprintf(f, "set title 'Card %u: %s'\nset key top left\n", v->card->index, what);
}

static void threshold(FILE *f, const struct card_view *v)
{
	fprintf(f, "%g with lines lc rgb 'red' title 'threshold'", 100.0 * v->threshold);
}

static void bars(FILE *f, const struct card_view *v, bool wear)
{
	unsigned int i;

	head(f, v, wear ? "pulses of the most worn cell by tile" : "deviation from target by tile");
	fprintf(f, "set xlabel 'tile'\nset ylabel '%s'\nset xrange [-1:%u]\nset yrange [0:*]\n", wear ? "pulses" :
		"RMS deviation, % of gmax", v->tiles);
	fprintf(f, "set boxwidth 0.8\nset style fill solid 0.6\nplot '-' with boxes title '%s'", wear ? "wear" : "deviation");
	if (!wear) {
		fprintf(f, ", ");
		threshold(f, v);
	}
	fprintf(f, "\n");
	for (i = 0; i < v->tiles; i++) {
		const struct tile_view *t = &v->tile[i];

		if (wear)
			fprintf(f, "%u %llu\n", t->info.tile, (unsigned long long)t->info.wear_max);
		else
			fprintf(f, "%u %g\n", t->info.tile, isnan(t->age_s) ? 0.0 : 100.0 * (double)t->info.deviation);
	}
	fprintf(f, "e\n");
}

static void points(FILE *f, const struct card_view *v, bool band)
{
	unsigned int i;

	for (i = 0; i < TILES_POINTS; i++) {
		const struct nmc_prediction *p = &v->curve[i];
		double days = (double)p->age_ns * 1e-9 / DAY_S;

		if (band)
			fprintf(f, "%g %g %g\n", days, 100 * p->low, 100 * p->high);
		else
			fprintf(f, "%g %g\n", days, 100 * p->deviation);
	}
	fprintf(f, "e\n");
}

static void curve(FILE *f, const struct card_view *v)
{
	const struct tile_view *t = &v->tile[v->curve_tile];
	char title[64];

	snprintf(title, sizeof(title), "retention of tile %u, the worst", t->info.tile);
	head(f, v, title);
	fprintf(f, "set xlabel 'days since programming'\nset ylabel 'RMS deviation, %% of gmax'\nset logscale x\nset yrange [0:*]\n");
	fprintf(f, "plot '-' with filledcurves fs transparent solid 0.25 title '90 %% interval', "
		"'-' with lines lw 2 title 'predicted', '-' with points pt 7 title 'measured', ");
	threshold(f, v);
	fprintf(f, "\n");
	points(f, v, true);
	points(f, v, false);
	fprintf(f, "%g %g\ne\n", t->age_s / DAY_S, 100.0 * (double)t->info.deviation);
}

static int script(const struct card_view *v, enum tiles_command command, char **text, size_t *bytes)
{
	FILE *f = open_memstream(text, bytes);

	if (!f)
		return -1;
	if (command == TILES_RETENTION)
		curve(f, v);
	else
		bars(f, v, command == TILES_WEAR);
	return fclose(f);
}

int tiles_plot(const struct card_view *v, unsigned int cards, enum tiles_command command, const char *path)
{
	char error[4200] = "out of memory", *text = NULL;
	size_t bytes;
	unsigned int i;
	int ret;

	for (i = 0; i < cards && *v->card->error; i++)
		v++;
	if (i == cards)
		return 0;
	if (command == TILES_RETENTION && v->curve_tile < 0) {
		fprintf(stderr, "nmc-smi: --plot: no tile has been measured yet, there is nothing to draw\n");
		return -1;
	}
	ret = script(v, command, &text, &bytes) ? -1 : gnuplot_file(text, bytes, path, error, sizeof(error));
	free(text);
	if (ret)
		fprintf(stderr, "nmc-smi: --plot: %s\n", error);
	return ret;
}
