// SPDX-License-Identifier: MIT
/*
 * nmc-deck fit: from measurements to a deck, and how near the model comes to them.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "nmc-deck/fit.h"

#define CELLS	4096	/* of the model, a target */
#define SHOWN	16	/* most targets that are compared */
#define RUNGS	8	/* conductances at which the model's verify is looked at */

static int check_request(const struct tool *t)
{
	if (!t->name || !t->like)
		return tool_fail(EXIT_USAGE, "fit needs --name and --like; try nmc-deck --help");
	if (!*t->name || strlen(t->name) > 31 || t->name[strspn(t->name, "abcdefghijklmnopqrstuvwxyz0123456789-")])
		return tool_fail(EXIT_USAGE, "--name %.60s: up to 31 lower-case letters, digits and hyphens", t->name);
	if (t->title && strlen(t->title) > 255)
		return tool_fail(EXIT_USAGE, "--title: at most 255 bytes");
	if (t->source && strlen(t->source) > 255)
		return tool_fail(EXIT_USAGE, "--source: at most 255 bytes");
	return 0;
}

static int read_all(const struct tool *t, struct fit *f)
{
	char error[512];
	unsigned int i;

	f->like_info = (struct nmc_deck_info)NMC_DECK_INFO_INIT;
	if (nmc_deck_load(t->like, &f->like))
		return tool_fail(EXIT_INPUT, "%s", nmc_last_error());
	nmc_deck_info(f->like, &f->like_info);
	if (!strcmp(f->like_info.response, "exact"))
		return tool_fail(EXIT_USAGE, "--like %s: its cells take their target exactly, nothing deviates from it",
				 t->like);
	for (i = 0; i < t->count; i++)
		if (csv_read(t->operands[i], &f->csv, error, sizeof(error)))
			return tool_fail(EXIT_INPUT, "%s", error);
	return 0;
}

/* The deck that the text says. */
static int parse(const struct tool *t, const char *text, struct nmc_deck **deck)
{
	char file[48];

	if (!text)
		return tool_fail(EXIT_FAILURE, "out of memory");
	snprintf(file, sizeof(file), "%s.yaml", t->name);
	if (!nmc_deck_parse(text, strlen(text), file, deck))
		return 0;
	return tool_fail(EXIT_INPUT, "what %s says does not go with what was measured: %s", t->like, nmc_last_error());
}

/* What the ladder leaves at verify, which the spread must be told apart from. */
static int find_residual(const struct tool *t, struct fit *f)
{
	double zero = 0, s1 = 0, sx = 0, sxx = 0, sy = 0, sxy = 0, slope;
	struct nmc_deck_rig rig = NMC_DECK_RIG_INIT;
	char *text = fit_text(t, f), value[64] = "";
	double band = f->band;
	struct nmc_deck *deck;
	unsigned int i;
	int ret = parse(t, text, &deck);

	free(text);
	if (ret)
		return ret;
	if (!nmc_deck_value(deck, "program.band", value, sizeof(value)))
		band = strtod(value, NULL);
	band = band > 1e-3 * f->gmax ? band < 0.5 * f->gmax ? band : 0.5 * f->gmax : 1e-3 * f->gmax;
	rig.cells = CELLS;
	rig.seed = t->seed;
	for (i = 0; i <= RUNGS && !ret; i++) {
		struct nmc_deck_report report = NMC_DECK_REPORT_INIT;
		double low = band > f->gmin ? band : f->gmin, g = i ? low + (f->gmax - low) * i / RUNGS : f->gmin;

		rig.tile = i;
		if (nmc_deck_program(deck, &rig, (float)g, NULL, 0, NULL, &report)) {
			ret = tool_fail(EXIT_FAILURE, "%s", nmc_last_error());
			break;
		}
		if (!i) {
			zero = (double)report.residual_us;
			continue;
		}
		s1 += 1;
		sx += g;
		sxx += g * g;
		sy += (double)report.residual_us;
		sxy += g * (double)report.residual_us;
	}
	nmc_deck_destroy(deck);
	if (ret)
		return ret;
	slope = (s1 * sxy - sx * sy) / (s1 * sxx - sx * sx);
	f->residual[0] = zero;
	f->residual[1] = (sy - slope * sx) / s1;
	f->residual[2] = slope;
	if (f->residual[1] < 0) {	/* a band in proportion to the target */
		f->residual[1] = 0;
		f->residual[2] = sxy / sxx;
	} else if (f->residual[1] + slope * f->gmax < 0) {
		f->residual[1] = sy / s1;
		f->residual[2] = 0;
	}
	f->residual[3] = band;
	f->residual_known = true;
	return 0;
}

static void time_text(double s, char *text, size_t bytes)
{
	static const struct {
		const char *name;
		double s;
	} units[] = { { "y", YEAR }, { "d", DAY }, { "h", 3600 }, { "min", 60 }, { "s", 1 }, { "ms", 1e-3 }, { "us", 0 } };
	unsigned int i;

	for (i = 0; s < 0.999 * units[i].s; i++)
		;
	snprintf(text, bytes, "%.4g %s", s / (units[i].s > 0 ? units[i].s : 1e-6), units[i].name);
}

static void say_measured(FILE *to, const struct fit *f)
{
	char first[32], last[32];
	double pulses = 0;
	size_t i, counted = 0;

	for (i = 0; i < f->csv.count; i++) {
		if (f->csv.rows[i].pulses < 0)
			continue;
		pulses += f->csv.rows[i].pulses;
		counted++;
	}
	time_text(f->at[0], first, sizeof(first));
	time_text(f->at[f->times - 1], last, sizeof(last));
	fprintf(to, "measured   %zu readings, %u targets from %.6g to %.6g uS, %u times from %s to %s\n", f->csv.count,
		f->levels, f->gmin, f->gmax, f->times, first, last);
	if (counted)
		fprintf(to, "           %.4g pulses a write\n", pulses / (double)counted);
}

static void say_curves(FILE *to, const struct fit *f)
{
	char at[32];
	unsigned int i;

	for (i = 0; i < f->spreads; i++) {
		time_text(f->spread_at[i], at, sizeof(at));
		fprintf(to, "fitted     spread at %s: curve within %.2f standard errors (RMS)\n", at, f->spread[i].error);
	}
	if (f->nu_known)
		fprintf(to, "fitted     drift exponent: mean within %.2f, its spread within %.2f standard errors\n",
			f->nu.error, f->nu_sigma.error);
	if (f->t0_known)
		fprintf(to, "fitted     drift begins to count at %.3g s\n", f->t0);
	if (f->drifts && !f->nu_known)
		fprintf(to, "fitted     no drift: it needs two times at least that are apart; that of %s is kept\n",
			f->like_info.name);
	else if (!f->drifts && f->spreads < 2)
		fprintf(to, "fitted     no relaxation: there is one time only\n");
	if (f->shift_known)
		fprintf(to, "fitted     shift with ln t: curve within %.2f standard errors\n", f->shift.error);
	if (f->band > 0)
		fprintf(to, "fitted     half band %.4g uS, of the verify reads\n", f->band);
	if (fabs(f->gmax / (double)f->like_info.gmax_us - 1) > 0.2)
		fprintf(to, "note       %s has gmax %.4g uS: look at what is taken from it in uS (band, steps, noise)\n",
			f->like_info.name, (double)f->like_info.gmax_us);
	if (f->residual[1] + f->residual[2] * f->gmax > fit_value(&f->spread[0], 1))
		fprintf(to, "note       verify as in %s leaves more than was measured; give readings at time 0, or narrow "
			"program.band\n", f->like_info.name);
}

/**
 * struct nearness - of the model to the measurements
 */
struct nearness {
	double log_square;
	double worst;
	unsigned int n;
	double converged;
	double pulses;
	unsigned int targets;
};

static int compare_target(const struct tool *t, const struct fit *f, const struct nmc_deck *deck, unsigned int l, float *g,
			  FILE *to, struct nearness *near)
{
	struct nmc_deck_report report = NMC_DECK_REPORT_INIT;
	struct nmc_deck_rig rig = NMC_DECK_RIG_INIT;
	unsigned int k;
	char at[32];

	rig.cells = CELLS;
	rig.seed = t->seed;
	rig.tile = 1000 + l;
	rig.noisy = 1;
	if (nmc_deck_program(deck, &rig, f->target[l], f->at, f->times, g, &report))
		return tool_fail(EXIT_FAILURE, "%s", nmc_last_error());
	near->converged += (double)report.converged;
	near->pulses += (double)report.mean_pulses;
	near->targets++;
	for (k = 0; k < f->times; k++) {
		struct moments m = moments_of(g + (size_t)k * CELLS, CELLS, (double)f->target[l]);
		const struct fit_cell *c = &f->seen[l][k];
		double ratio = c->rms > 0 ? m.rms / c->rms : 1;

		if (c->n < 8)
			continue;
		time_text(f->at[k], at, sizeof(at));
		fprintf(to, "  %10.4g %10s %6u %10.4g %10.4g %10.4g %10.4g %7.3f\n", (double)f->target[l], at, c->n, c->mean,
			m.mean, c->rms, m.rms, ratio);
		if (ratio <= 0)
			continue;
		near->log_square += log(ratio) * log(ratio);
		near->worst = fabs(log(ratio)) > fabs(log(near->worst)) ? ratio : near->worst;
		near->n++;
	}
	return 0;
}

static int compare(const struct tool *t, const struct fit *f, const struct nmc_deck *deck, FILE *to)
{
	unsigned int shown = f->levels < SHOWN ? f->levels : SHOWN, i;
	float *g = malloc(sizeof(*g) * CELLS * f->times);
	struct nearness near = { .worst = 1 };
	int ret = g ? 0 : tool_fail(EXIT_FAILURE, "out of memory");

	fputs("\n      target       time  cells  mean (uS)   of model    deviation   of model   ratio\n", to);
	fputs("        (uS)                                           (RMS, uS)\n", to);
	for (i = 0; i < shown && !ret; i++)
		ret = compare_target(t, f, deck, shown < 2 ? 0 : i * (f->levels - 1) / (shown - 1), g, to, &near);
	free(g);
	if (ret)
		return ret;
	fprintf(to, "\ngoodness   deviations of model and measurement differ by %.1f %% (RMS), at most by a factor of %.3f\n",
		100 * sqrt(near.n ? near.log_square / near.n : 0), near.worst);
	fprintf(to, "model      verify accepts %.4g %% of the cells, after %.4g pulses a cell\n",
		100 * near.converged / near.targets, near.pulses / near.targets);
	return 0;
}

/* The deck goes out when it is known to be one. */
static int finish(const struct tool *t, struct fit *f)
{
	bool to_file = t->output && strcmp(t->output, "-");
	FILE *to = to_file ? stdout : stderr;
	char *text = fit_text(t, f);
	struct nmc_deck *deck;
	struct output o;
	int ret = parse(t, text, &deck);

	if (!ret) {
		say_measured(to, f);
		say_curves(to, f);
		ret = compare(t, f, deck, to);
		nmc_deck_destroy(deck);
	}
	if (!ret)
		ret = output_open(t, &o);
	if (!ret) {
		fputs(text, o.f);
		ret = output_close(t, &o, 0);
	}
	free(text);
	return ret;
}

int run_fit(const struct tool *t)
{
	struct fit *f = calloc(1, sizeof(*f));
	int ret = check_request(t);

	if (!f)
		return tool_fail(EXIT_FAILURE, "out of memory");
	if (!ret)
		ret = read_all(t, f);
	if (!ret)
		ret = fit_sort(f);
	if (!ret)
		ret = fit_measure(t, f);
	if (!ret)
		ret = find_residual(t, f);
	if (!ret)
		ret = finish(t, f);
	nmc_deck_destroy(f->like);
	csv_free(&f->csv);
	free(f->seen);
	free(f);
	return ret;
}
