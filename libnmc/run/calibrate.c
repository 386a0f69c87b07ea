// SPDX-License-Identifier: MIT
/*
 * Converter calibration: every output's codes over the calibration vectors against those of perfect cells and converters
 * give a straight line; analog offset and range take it out.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "libnmc/error.h"
#include "libnmc/run/probe.h"
#include "libnmc/run/runner.h"
#include "libnmc/sized.h"

#define ROUNDS		3	/* the second and third take out what offset and gain had of one another */
#define READOUTS	4	/* of a round, for read noise */
#define GAIN_MOST	16.0
#define GAIN_SURE	0.05	/* a slope with a larger standard error is noise: only the offset is taken out then */

/**
 * struct fit - sums of one output's codes, those at either end of the converter left out
 * @n: codes
 * @x: of perfect cells
 * @y: of the card
 * @xx: squares and products
 */
struct fit {
	double n;
	double x;
	double y;
	double xx;
	double xy;
	double yy;
};

struct calibration {
	struct nmc_calibration_report r;
	struct probe probe;
	int32_t *ideal;
	struct fit *fit;
	double square[2];	/* of code errors, before and after */
	uint64_t codes;
	double offset_sq;
	double gain_sq;
};

static double column_range(const struct nmc_isa_column *c)
{
	return (double)c->adc_mult / (double)(1ull << c->adc_shift);
}

/* Adds what the card answers now to the sums of each output; returns in @square the squared error of its codes. */
static int add_readout(struct nmc_plan *p, struct block *b, struct calibration *w, double *square)
{
	int32_t limit = (1 << (p->adc_bits - 1)) - 1;
	const int32_t *x = w->ideal, *y = nmc_buffer_data(w->probe.out);
	int ret = probe_read(p, b, &w->probe, PROBE_BASE);
	unsigned int v, c;

	for (v = 0; !ret && v < p->probes; v++)
		for (c = 0; c < b->cols; c++, x++, y++) {
			struct fit *f = &w->fit[c];

			*square += (double)(*y - *x) * (double)(*y - *x);
			if (*x >= limit || *x <= -limit || *y >= limit || *y <= -limit)
				continue;
			f->n += 1.0;
			f->x += *x;
			f->y += *y;
			f->xx += (double)*x * *x;
			f->xy += (double)*x * *y;
			f->yy += (double)*y * *y;
		}
	return ret;
}

/* y = a + b x by least squares; b is 1 where the codes do not tell. False if they tell nothing. */
static bool line(const struct fit *f, double *a, double *b)
{
	double var, cov, rest;

	*b = 1.0;
	if (f->n < 3.0)
		return false;
	var = f->xx - f->x * f->x / f->n;
	cov = f->xy - f->x * f->y / f->n;
	if (var > 0.0) {
		double slope = cov / var;

		rest = f->yy - f->y * f->y / f->n - slope * cov;
		rest = rest > 0.0 ? rest / (f->n - 2.0) / var : 0.0;
		if (rest <= GAIN_SURE * GAIN_SURE && slope >= 1.0 / GAIN_MOST && slope <= GAIN_MOST)
			*b = slope;
	}
	*a = (f->y - *b * f->x) / f->n;
	return true;
}

/* What the line says in the sense of the columns: an output whose pair is exchanged reads out with the other sign. */
static void correct(struct nmc_isa_column *col, int sign, double a, double b)
{
	double range = column_range(col), was = (double)(int32_t)col->offset * range, offset;
	unsigned int shift;

	col->adc_mult = (uint16_t)plan_fixed(range / b, 65535.0, 47, &shift);
	col->adc_shift = (uint8_t)shift;
	offset = (was - sign * a) / column_range(col);
	if (offset > -0x1p30 && offset < 0x1p30)
		col->offset = (uint32_t)(int32_t)((offset + 0x1.8p52) - 0x1.8p52);
}

static int calibrate_round(struct nmc_plan *p, struct block *b, struct calibration *w, double *square)
{
	unsigned int k, c;
	int ret = 0;

	memset(w->fit, 0, b->cols * sizeof(*w->fit));
	for (k = 0; !ret && k < READOUTS; k++)
		ret = add_readout(p, b, w, square);
	for (c = 0; !ret && c < b->cols; c++) {
		double offset, gain;

		if (line(&w->fit[c], &offset, &gain))
			correct(&b->base[c], b->sign[c], offset, gain);
	}
	return ret;
}

/* How far the corrections are from what was planned. */
static void count(const struct nmc_plan *p, const struct block *b, struct calibration *w)
{
	unsigned int c;

	for (c = 0; c < b->cols; c++) {
		double gain = column_range(&b->planned[c]) / column_range(&b->base[c]) - 1.0;
		double offset = (double)(int32_t)b->base[c].offset * column_range(&b->base[c]) / (1 << p->adc_bits);

		w->gain_sq += gain * gain;
		w->offset_sq += offset * offset;
	}
	w->r.outputs += b->cols;
	w->codes += (uint64_t)READOUTS * p->probes * b->cols;
}

/* From what was planned on, so that a second calibration does not stand on the first. */
static int calibrate_block(struct nmc_plan *p, struct block *b, struct calibration *w)
{
	size_t bytes = (size_t)p->probes * b->cols * sizeof(*w->ideal);
	double unused = 0.0;
	unsigned int i;
	int ret = probe_read(p, b, &w->probe, PROBE_IDEAL);

	if (ret)
		return ret;
	memcpy(w->ideal, nmc_buffer_data(w->probe.out), bytes);
	memcpy(b->base, b->planned, b->cols * sizeof(*b->base));
	for (i = 0; !ret && i < ROUNDS; i++)
		ret = calibrate_round(p, b, w, i ? &unused : &w->square[0]);
	for (i = 0; !ret && i < READOUTS; i++)
		ret = add_readout(p, b, w, &w->square[1]);
	memcpy(b->columns, b->base, b->cols * sizeof(*b->base));
	free(b->baseline);
	b->baseline = NULL;
	count(p, b, w);
	return ret;
}

static int calibrate(struct nmc_plan *p, struct calibration *w)
{
	unsigned int i;
	int ret = probe_check(p);

	if (!ret)
		ret = probe_open(p, &w->probe);
	w->ideal = malloc((size_t)p->probes * p->class.outputs * sizeof(*w->ideal));
	w->fit = malloc(p->class.outputs * sizeof(*w->fit));
	if (!ret && (!w->ideal || !w->fit))
		ret = fail_memory();
	for (i = 0; !ret && i < p->blocks; i++)
		ret = calibrate_block(p, &p->block[i], w);
	plan_params(p, nmc_buffer_data(p->runner->params));
	probe_close(&w->probe);
	free(w->ideal);
	free(w->fit);
	return ret;
}

static void complete(const struct nmc_plan *p, struct calibration *w)
{
	double full = (double)(1 << p->adc_bits), codes = w->codes ? (double)w->codes : 1.0;
	double outputs = w->r.outputs ? (double)w->r.outputs : 1.0;

	w->r.offset = __builtin_sqrt(w->offset_sq / outputs);
	w->r.gain = __builtin_sqrt(w->gain_sq / outputs);
	w->r.error_before = __builtin_sqrt(w->square[0] / codes) / full;
	w->r.error_after = __builtin_sqrt(w->square[1] / codes) / full;
}

int nmc_plan_calibrate(struct nmc_plan *plan, struct nmc_calibration_report *report)
{
	struct calibration w = { 0 };
	int ret;

	runner_begin(plan->runner, runner_ticket(plan->runner));
	ret = calibrate(plan, &w);
	runner_end(plan->runner);
	if (ret)
		return ret;
	complete(plan, &w);
	return report ? give(report, &w.r, sizeof(w.r), "struct nmc_calibration_report") : 0;
}
