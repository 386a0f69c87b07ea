// SPDX-License-Identifier: MIT
/*
 * Drift compensation: tiles are read out with calibration vectors, and converter ranges follow what has become of their
 * outputs since a baseline.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "libnmc/compile/reference.h"
#include "libnmc/error.h"
#include "libnmc/run/probe.h"
#include "libnmc/run/runner.h"
#include "libnmc/sized.h"

#define FACTOR_MOST	16.0

/* Nearest integer of |x| < 2^51. */
static double nearest(double x)
{
	return (x + 0x1.8p52) - 0x1.8p52;
}

/* Sum of the sizes of each output's codes. */
static void add_sizes(const struct nmc_plan *p, const struct block *b, const int32_t *codes, uint64_t *sum)
{
	unsigned int v, c;

	memset(sum, 0, b->cols * sizeof(*sum));
	for (v = 0; v < p->probes; v++)
		for (c = 0; c < b->cols; c++, codes++)
			sum[c] += (uint64_t)(*codes < 0 ? -*codes : *codes);
}

static int readout(struct nmc_plan *p, struct block *b, struct probe *probe, bool ideal, uint64_t *sum)
{
	int ret = probe_read(p, b, probe, ideal ? PROBE_IDEAL : PROBE_BASE);

	if (!ret)
		add_sizes(p, b, nmc_buffer_data(probe->out), sum);
	return ret;
}

static int take_baseline(struct nmc_plan *p, struct probe *probe, bool ideal)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < p->blocks; i++) {
		struct block *b = &p->block[i];

		if (!b->baseline)
			b->baseline = calloc(b->cols, sizeof(*b->baseline));
		ret = b->baseline ? readout(p, b, probe, ideal, b->baseline) : fail_memory();
	}
	return ret;
}

static double limited(double x)
{
	return x < 1.0 / FACTOR_MOST ? 1.0 / FACTOR_MOST : x > FACTOR_MOST ? FACTOR_MOST : x;
}

static double ratio(uint64_t base, uint64_t now)
{
	return base && now ? limited((double)base / (double)now) : 1.0;
}

/* Factors of one block's outputs. */
static void factors_of(const struct block *b, const uint64_t *now, bool global, double *factor)
{
	uint64_t base_sum = 0, now_sum = 0;
	unsigned int c;

	for (c = 0; c < b->cols; c++) {
		base_sum += b->baseline[c];
		now_sum += now[c];
	}
	for (c = 0; c < b->cols; c++)
		factor[c] = global ? ratio(base_sum, now_sum) : ratio(b->baseline[c], now[c]);
}

static void apply(struct block *b, const double *factor, struct nmc_compensation_report *r)
{
	unsigned int c, shift;

	for (c = 0; c < b->cols; c++) {
		double range = (double)b->base[c].adc_mult / (double)(1ull << b->base[c].adc_shift);

		b->columns[c].adc_mult = (uint16_t)plan_fixed(range * factor[c], 65535.0, 47, &shift);
		b->columns[c].adc_shift = (uint8_t)shift;
		b->columns[c].offset = (uint32_t)(int32_t)nearest((double)(int32_t)b->base[c].offset / factor[c]);
		r->factor_min = !r->outputs || factor[c] < r->factor_min ? factor[c] : r->factor_min;
		r->factor_max = !r->outputs || factor[c] > r->factor_max ? factor[c] : r->factor_max;
		r->factor_mean += factor[c];
		r->outputs++;
	}
}

static int compensate_block(struct nmc_plan *p, struct block *b, struct probe *probe, enum nmc_compensation how,
			    struct nmc_compensation_report *r)
{
	double *factor = calloc(b->cols, sizeof(*factor));
	uint64_t *now = calloc(b->cols, sizeof(*now));
	unsigned int c;
	int ret = factor && now ? 0 : fail_memory();

	if (!ret && how == NMC_COMPENSATE_NONE) {
		for (c = 0; c < b->cols; c++)
			factor[c] = 1.0;
	} else if (!ret) {
		ret = readout(p, b, probe, false, now);
		if (!ret)
			factors_of(b, now, how == NMC_COMPENSATE_GLOBAL, factor);
	}
	if (!ret)
		apply(b, factor, r);
	free(factor);
	free(now);
	return ret;
}

int nmc_plan_baseline(struct nmc_plan *plan, enum nmc_baseline baseline)
{
	struct probe probe = { 0 };
	int ret;

	if (baseline != NMC_BASELINE_CARD && baseline != NMC_BASELINE_IDEAL)
		return fail(-EINVAL, "%d is not a baseline", (int)baseline);
	runner_begin(plan->runner, runner_ticket(plan->runner));
	ret = probe_check(plan);
	if (!ret)
		ret = probe_open(plan, &probe);
	if (!ret)
		ret = take_baseline(plan, &probe, baseline == NMC_BASELINE_IDEAL);
	probe_close(&probe);
	runner_end(plan->runner);
	return ret;
}

static int compensate(struct nmc_plan *p, enum nmc_compensation how, struct nmc_compensation_report *r)
{
	struct probe probe = { 0 };
	unsigned int i;
	int ret = probe_check(p);

	if (!ret && how != NMC_COMPENSATE_NONE && !p->block[0].baseline)
		ret = fail(-EINVAL, "there is no baseline to compare with; call nmc_plan_baseline() after programming");
	if (!ret)
		ret = probe_open(p, &probe);
	for (i = 0; !ret && i < p->blocks; i++)
		ret = compensate_block(p, &p->block[i], &probe, how, r);
	probe_close(&probe);
	if (!ret)
		plan_params(p, nmc_buffer_data(p->runner->params));
	r->factor_mean = r->outputs ? r->factor_mean / r->outputs : 0.0;
	return ret;
}

int nmc_plan_compensate(struct nmc_plan *plan, enum nmc_compensation how, struct nmc_compensation_report *report)
{
	struct nmc_compensation_report r = { 0 };
	int ret;

	if (how != NMC_COMPENSATE_NONE && how != NMC_COMPENSATE_GLOBAL && how != NMC_COMPENSATE_COLUMN)
		return fail(-EINVAL, "%d is not a way to compensate", (int)how);
	runner_begin(plan->runner, runner_ticket(plan->runner));
	ret = compensate(plan, how, &r);
	runner_end(plan->runner);
	return ret || !report ? ret : give(report, &r, sizeof(r), "struct nmc_compensation_report");
}
