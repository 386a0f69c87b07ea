// SPDX-License-Identifier: MIT
/*
 * Figures of the readings: targets, times, deviations, drift exponents, and the curves through them.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "nmc-deck/fit.h"

#define SAME_TIME	1.25	/* times within this factor are one */
#define FEWEST		8	/* readings that a deviation is taken of */
#define T0_STEPS	16
#define LOWEST_R	0.04	/* of gmax: below it a drift exponent says nothing */

static int by_time(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int by_write(const void *a, const void *b)
{
	const struct csv_row *x = a, *y = b;

	if (x->target_us != y->target_us)
		return x->target_us > y->target_us ? 1 : -1;
	if (x->cell != y->cell)
		return x->cell > y->cell ? 1 : -1;
	return (x->time_s > y->time_s) - (x->time_s < y->time_s);
}

static int find_targets(struct fit *f)
{
	const struct csv_row *row = f->csv.rows;
	size_t i;

	for (i = 0; i < f->csv.count; i++) {
		if (i && row[i].target_us == row[i - 1].target_us)
			continue;
		if (f->levels == FIT_LEVELS)
			return tool_fail(EXIT_INPUT, "more than %d targets; a deck is made of levels", FIT_LEVELS);
		f->target[f->levels] = row[i].target_us;
		f->first[f->levels++] = i;
	}
	f->first[f->levels] = f->csv.count;
	f->gmin = (double)f->target[0];
	f->gmax = (double)f->target[f->levels - 1];
	if (f->levels < 2)
		return tool_fail(EXIT_INPUT, "all readings are of one target, %g uS; a range needs two", f->gmax);
	return 0;
}

static int find_times(struct fit *f)
{
	double *time = malloc(f->csv.count * sizeof(*time)), log_sum = 0;
	size_t i, n = 0, start = 0;

	if (!time)
		return tool_fail(EXIT_FAILURE, "out of memory");
	for (i = 0; i < f->csv.count; i++)
		if (f->csv.rows[i].time_s > 0)
			time[n++] = f->csv.rows[i].time_s;
	qsort(time, n, sizeof(*time), by_time);
	for (i = 0; i < n; i++) {
		log_sum += log(time[i]);
		if (i + 1 < n && time[i + 1] <= SAME_TIME * time[start])
			continue;
		if (f->times < FIT_TIMES)
			f->at[f->times] = fmin(exp(log_sum / (double)(i + 1 - start)), time[i]);
		f->times++;
		start = i + 1;
		log_sum = 0;
	}
	free(time);
	if (f->times > FIT_TIMES)
		return tool_fail(EXIT_INPUT, "more than %d different times; read all cells at the same times", FIT_TIMES);
	return f->times ? 0 : tool_fail(EXIT_INPUT, "no reading after the verify read, time_s above 0");
}

int fit_time(const struct fit *f, double time_s)
{
	unsigned int i, best = 0;

	if (time_s <= 0)
		return -1;
	for (i = 1; i < f->times; i++)
		if (fabs(log(time_s / f->at[i])) < fabs(log(time_s / f->at[best])))
			best = i;
	return (int)best;
}

static void note(struct fit_cell *c, double g, double target)
{
	c->n++;
	c->mean += g;
	c->rms += (g - target) * (g - target);
}

static void conclude(struct fit_cell *c)
{
	c->mean /= c->n ? c->n : 1;
	c->rms = sqrt(c->rms / (c->n ? c->n : 1));
}

static void take_figures(struct fit *f)
{
	unsigned int l, k;
	size_t i;

	for (l = 0; l < f->levels; l++) {
		for (i = f->first[l]; i < f->first[l + 1]; i++) {
			const struct csv_row *row = &f->csv.rows[i];
			int at = fit_time(f, row->time_s);

			note(at < 0 ? &f->verify[l] : &f->seen[l][at], (double)row->g_us, (double)f->target[l]);
		}
		conclude(&f->verify[l]);
		for (k = 0; k < f->times; k++)
			conclude(&f->seen[l][k]);
	}
}

int fit_sort(struct fit *f)
{
	int ret;

	qsort(f->csv.rows, f->csv.count, sizeof(*f->csv.rows), by_write);
	ret = find_targets(f);
	if (!ret)
		ret = find_times(f);
	if (ret)
		return ret;
	f->seen = calloc(f->levels, sizeof(*f->seen));
	if (!f->seen)
		return tool_fail(EXIT_FAILURE, "out of memory");
	take_figures(f);
	return 0;
}

/* A deviation without the read noise that the deck has anyway. */
static double without_noise(const struct fit *f, double rms, double g, double time_s)
{
	double most = (double)f->like_info.gmax_us, noise;

	g = g < 0 ? 0 : g > most ? most : g;
	noise = (double)nmc_deck_read_noise(f->like, (float)g, time_s);
	return rms > noise ? sqrt(rms * rms - noise * noise) : 0;
}

static struct fit_point point(double r, double y, double error)
{
	return (struct fit_point){ .r = r, .y = y, .error = error > 1e-9 ? error : 1e-9 };
}

/* A curve of the spread may rise somewhat over what is seen at the targets, which lie between its extremes. */
static void loosen(struct fit_curve *c)
{
	c->min *= 0.1;
	c->max *= 1.25;
	if (c->max <= c->min)
		c->max = c->min + 1e-6;
}

static int too_few(void)
{
	return tool_fail(EXIT_INPUT, "a spread needs %d readings at each of two targets at least, at one time", FEWEST);
}

/* Change of the mean for each unit of ln(t / 1 s), target by target, and a curve through it. */
static void find_shift(struct fit *f, struct fit_point *p)
{
	unsigned int l, k, n = 0;

	for (l = 0; l < f->levels; l++) {
		double s1 = 0, sx = 0, sy = 0, sxx = 0, sxy = 0, error = 0;

		for (k = 0; k < f->times; k++) {
			const struct fit_cell *c = &f->seen[l][k];
			double x = f->at[k] > 1 ? log(f->at[k]) : 0;

			if (c->n < FEWEST)
				continue;
			s1 += 1;
			sx += x;
			sy += c->mean;
			sxx += x * x;
			sxy += x * c->mean;
			error = c->rms / sqrt(c->n);
		}
		sxx -= s1 > 0 ? sx * sx / s1 : 0;
		if (s1 > 1 && sxx > 1)
			p[n++] = point((double)f->target[l] / f->gmax, (sxy - sx * sy / s1) / sxx, error / sqrt(sxx));
	}
	f->shift_known = n >= 2;
	if (f->shift_known)
		fit_polynomial(p, n, 2, &f->shift);
}

/* RMS deviation from where the shift alone would have moved the target. */
static double unshifted(const struct fit *f, unsigned int l, unsigned int at)
{
	const struct fit_cell *c = &f->seen[l][at];
	double moved = f->at[at] > 1 ? fit_value(&f->shift, (double)f->target[l] / f->gmax) * log(f->at[at]) : 0, square;

	if (!f->shift_known)
		return c->rms;
	square = c->rms * c->rms - 2 * moved * (c->mean - (double)f->target[l]) + moved * moved;
	return square > 0 ? sqrt(square) : 0;
}

static int relaxation(const struct tool *t, struct fit *f)
{
	unsigned int wanted = f->times < FIT_SPREADS ? f->times : FIT_SPREADS, i, l, n;
	struct fit_point *p = malloc(FIT_LEVELS * sizeof(*p));
	char value[4096];

	if (p && !nmc_deck_value(f->like, "drift.shift", value, sizeof(value)))
		find_shift(f, p);
	for (i = 0; p && i < wanted; i++) {
		unsigned int at = wanted < 2 ? 0 : (i * (f->times - 1) + (wanted - 1) / 2) / (wanted - 1);

		for (n = 0, l = 0; l < f->levels; l++) {
			const struct fit_cell *c = &f->seen[l][at];
			double rms = unshifted(f, l, at), sigma = without_noise(f, rms, c->mean, f->at[at]);

			if (c->n >= FEWEST)
				p[n++] = point((double)f->target[l] / f->gmax, sigma, rms / sqrt(2.0 * c->n));
		}
		if (n < 2)
			continue;
		fit_polynomial(p, n, t->degree, &f->spread[f->spreads]);
		loosen(&f->spread[f->spreads]);
		f->spread_at[f->spreads++] = f->at[at];
	}
	free(p);
	return !p ? tool_fail(EXIT_FAILURE, "out of memory") : f->spreads ? 0 : too_few();
}

/**
 * struct line - ln g of one write against ln((t + t0) / t0)
 * @n: readings
 * @slope: of the line
 * @start: conductance at the write
 * @slope_error: variance of @slope, 0 unknown
 * @start_error: variance of @start, 0 unknown
 * @rest: sum of squares that the line leaves
 */
struct line {
	unsigned int n;
	double slope;
	double start;
	double slope_error;
	double start_error;
	double rest;
};

static bool lay_line(const struct csv_row *row, size_t n, double t0, struct line *out)
{
	double x, y, sx = 0, sy = 0, sxx = 0, sxy = 0, syy = 0, m, rest;
	size_t i;

	*out = (struct line){ 0 };
	for (i = 0; i < n; i++) {
		if (row[i].time_s <= 0)
			continue;
		if (row[i].g_us <= 0)
			return false;
		x = log1p(row[i].time_s / t0);
		y = log((double)row[i].g_us);
		sx += x;
		sy += y;
		sxx += x * x;
		sxy += x * y;
		syy += y * y;
		out->n++;
	}
	m = out->n;
	sxx -= m > 0 ? sx * sx / m : 0;
	if (out->n < 2 || sxx < 0.1)	/* times too near to each other */
		return false;
	sxy -= sx * sy / m;
	syy -= sy * sy / m;
	out->slope = sxy / sxx;
	out->start = exp((sy - out->slope * sx) / m);
	if (out->n < 3)
		return true;
	out->rest = syy - out->slope * sxy;
	rest = out->rest > 0 ? out->rest / (m - 2) : 0;
	out->slope_error = rest / sxx;
	out->start_error = rest * (1 / m + sx * sx / (m * m) / sxx) * out->start * out->start;
	return true;
}

/**
 * struct drift_sums - over the writes of one target
 */
struct drift_sums {
	unsigned int n;
	double nu;
	double square;
	double nu_error;
	double off;
	double start_error;
};

/* Readings of the write that reading @i begins, those of target @l. */
static size_t readings_of(const struct fit *f, unsigned int l, size_t i)
{
	size_t next = i + 1;

	while (next < f->first[l + 1] && f->csv.rows[next].cell == f->csv.rows[i].cell)
		next++;
	return next - i;
}

/* What straight lines with @t0 leave of the writes; *n of them have one. */
static double left_by(const struct fit *f, double t0, unsigned int *n)
{
	double sum = 0;
	unsigned int l;
	size_t i, count;
	struct line line;

	*n = 0;
	for (l = 0; l < f->levels; l++) {
		if ((double)f->target[l] < LOWEST_R * f->gmax)
			continue;
		for (i = f->first[l]; i < f->first[l + 1]; i += count) {
			count = readings_of(f, l, i);
			if (!lay_line(f->csv.rows + i, count, t0, &line) || line.n < 3)
				continue;
			sum += line.rest;
			++*n;
		}
	}
	return sum;
}

/* The t0 with which ln g comes nearest to straight lines: a grid, then a finer one around its best. */
static void find_t0(struct fit *f)
{
	double low = log(f->at[0] / 4), high = log(f->at[f->times - 1] / 4), best = 0, least = 0, step;
	unsigned int most = 0, n, i, round;

	f->t0 = (double)f->like_info.drift_t0_s;
	f->t0_known = false;
	for (round = 0; f->times > 2 && round < 3; round++) {
		step = (high - low) / T0_STEPS;
		for (i = 0; i <= T0_STEPS; i++) {
			double rest = left_by(f, exp(low + step * i), &n);

			if (n < FEWEST || n < most || (n == most && rest >= least))
				continue;
			most = n;
			least = rest;
			best = low + step * i;
		}
		low = best - step;
		high = best + step;
	}
	if (!most)
		return;
	f->t0 = exp(best);
	f->t0_known = true;
}

static void sum_drift(const struct fit *f, unsigned int l, struct drift_sums *s)
{
	const struct csv_row *row = f->csv.rows;
	size_t i, count;
	struct line line;

	*s = (struct drift_sums){ 0 };
	for (i = f->first[l]; i < f->first[l + 1]; i += count) {
		count = readings_of(f, l, i);
		if (!lay_line(row + i, count, f->t0, &line))
			continue;
		s->n++;
		s->nu -= line.slope;
		s->square += line.slope * line.slope;
		s->nu_error += line.slope_error;
		s->off += pow(line.start - (double)f->target[l], 2);
		s->start_error += line.start_error;
	}
}

/* Where the noise of a write reaches zero it is cut off, and its RMS is not its sigma. */
static unsigned int uncut(const struct fit_point *p, unsigned int n, double gmax, struct fit_point *out)
{
	unsigned int i, kept = 0;

	for (i = 0; i < n; i++)
		if (p[i].r * gmax >= 2 * p[i].y)
			out[kept++] = p[i];
	if (kept >= 3)
		return kept;
	memcpy(out, p, n * sizeof(*p));
	return n;
}

static int drifting(const struct tool *t, struct fit *f)
{
	struct fit_point *p = malloc(4 * FIT_LEVELS * sizeof(*p)), *nu = p + FIT_LEVELS, *sd = nu + FIT_LEVELS;
	unsigned int l, n = 0, known = 0;

	find_t0(f);
	for (l = 0; p && l < f->levels; l++) {
		const struct fit_cell *c = &f->seen[l][0];
		double r = (double)f->target[l] / f->gmax, sigma;
		struct drift_sums s = { 0 };

		if (r >= LOWEST_R)
			sum_drift(f, l, &s);
		if (s.n >= FEWEST) {
			double mean = s.nu / s.n, var = s.square / s.n - mean * mean - s.nu_error / s.n;

			var = var > 1e-8 ? var : 1e-8;
			sigma = s.off / s.n - s.start_error / s.n;
			sigma = sigma > 0 ? sqrt(sigma) : 0;
			p[n++] = point(r, sigma, sqrt(s.off / s.n / (2.0 * s.n)));
			nu[known] = point(r, mean, sqrt((var + s.nu_error / s.n) / s.n));
			sd[known++] = point(r, sqrt(var), sqrt((var + s.nu_error / s.n) / (2.0 * s.n)));
		} else if (c->n >= FEWEST) {
			p[n++] = point(r, without_noise(f, c->rms, c->mean, f->at[0]), c->rms / sqrt(2.0 * c->n));
		}
	}
	if (p && n >= 2) {
		n = uncut(p, n, f->gmax, p + 3 * FIT_LEVELS);
		fit_polynomial(p + 3 * FIT_LEVELS, n, t->degree < 3 ? t->degree : 3, &f->spread[0]);
		loosen(&f->spread[0]);
		f->spread_at[0] = 1;
		f->spreads = 1;
	}
	f->nu_known = known >= 2;
	if (p && f->nu_known) {
		fit_parabola_or_log(nu, known, &f->nu);
		fit_parabola_or_log(sd, known, &f->nu_sigma);
	}
	free(p);
	return !p ? tool_fail(EXIT_FAILURE, "out of memory") : f->spreads ? 0 : too_few();
}

/* Verify reads lie evenly in the band: their RMS is the half band over sqrt 3. */
static void band(struct fit *f)
{
	double sum = 0;
	unsigned int l, n = 0;

	for (l = 0; l < f->levels; l++) {
		if (f->verify[l].n < FEWEST || (double)f->target[l] < LOWEST_R * f->gmax)
			continue;
		sum += f->verify[l].rms * f->verify[l].rms;
		n++;
	}
	f->band = n ? sqrt(3 * sum / n) : 0;
}

int fit_measure(const struct tool *t, struct fit *f)
{
	f->drifts = !strcmp(f->like_info.ageing, "drifts");
	band(f);
	return f->drifts ? drifting(t, f) : relaxation(t, f);
}
