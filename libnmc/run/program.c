// SPDX-License-Identifier: MIT
/*
 * Programming a plan: one job a tile and pass, the next one prepared while the card works on the last.
 */
#include <errno.h>
#include <string.h>
#include "libnmc/error.h"
#include "libnmc/run/cells.h"
#include "libnmc/run/emit.h"
#include "libnmc/run/health.h"
#include "libnmc/run/persist.h"
#include "libnmc/run/runner.h"
#include "libnmc/sized.h"

#define LANES	2

struct lane_program {
	struct nmc_buffer *targets;
	struct nmc_buffer *report;
	struct nmc_stream *stream;
	struct block *block;
	uint64_t job;
	bool busy;
};

static int lane_start(struct nmc_plan *p, struct block *b, struct lane_program *lane)
{
	struct nmc_slot_ref slots[PROGRAM_SLOTS] = { { lane->targets, false }, { lane->report, true } };
	struct region whole = { .rows = (uint16_t)b->rows, .cols = (uint16_t)block_width(p, b) };
	int ret;

	memcpy(nmc_buffer_data(lane->targets), b->target, block_cells(p, b) * sizeof(*b->target));
	nmc_stream_destroy(lane->stream);
	lane->stream = NULL;
	written_begin(p, b);
	ret = emit_program(p, b, &whole, 1, &lane->stream);
	if (!ret)
		ret = nmc_job_submit(p->context, lane->stream, slots, PROGRAM_SLOTS, &lane->job);
	lane->busy = !ret;
	lane->block = b;
	return ret;
}

void program_add(struct nmc_program_report *sum, const struct nmc_isa_report *r, double *square)
{
	unsigned int i;

	sum->cells += r->cells;
	sum->converged += r->converged;
	sum->given_up += r->given_up;
	sum->pulses += r->pulses;
	sum->pulses_max = r->pulses_max > sum->pulses_max ? r->pulses_max : sum->pulses_max;
	sum->modelled_ns += r->time_ns + r->settle_ns;
	sum->energy_j += (double)r->energy_fj * 1e-15;
	*square += (double)r->residual_rms * r->residual_rms * r->cells;
	for (i = 0; i < NMC_REPORT_BINS; i++)
		sum->pulse_hist[i] += r->pulse_hist[i];
}

/* @now: card time of the set, which jobs of one tile after another move. */
static int lane_finish(struct nmc_plan *p, struct lane_program *lane, struct nmc_program_report *sum, double *square,
		       uint64_t *now)
{
	const struct nmc_isa_report *report = nmc_buffer_data(lane->report);
	struct device_result r;
	int ret;

	if (!lane->busy)
		return 0;
	lane->busy = false;
	ret = job_result(p->context, lane->job, -1, &r);
	if (!ret)
		ret = job_outcome(&r, layer_of_tag, p);
	if (ret)
		return ret;
	program_add(sum, report, square);
	written_add(lane->block, report);
	sum->tiles++;
	*now += r.modelled_ns + report->settle_ns;
	lane->block->programmed_ns = *now;
	return 0;
}

static int lanes_open(struct nmc_plan *p, struct lane_program *lane)
{
	size_t bytes = (size_t)p->class.rows * p->class.cols * sizeof(int16_t);
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < LANES; i++) {
		ret = nmc_buffer_create(p->device, bytes, &lane[i].targets);
		if (!ret)
			ret = nmc_buffer_create(p->device, sizeof(struct nmc_isa_report), &lane[i].report);
	}
	return ret;
}

static void lanes_close(struct lane_program *lane)
{
	unsigned int i;

	for (i = 0; i < LANES; i++) {
		nmc_stream_destroy(lane[i].stream);
		nmc_buffer_destroy(lane[i].targets);
		nmc_buffer_destroy(lane[i].report);
	}
}

/**
 * struct programming - a programming on its way
 * @lane: jobs in flight
 * @progress: of the caller, may be NULL
 * @context: its first argument
 * @done: blocks programmed so far, counted in each pass
 * @sum: report
 * @square: sum of squared residuals, which becomes one
 */
struct programming {
	struct lane_program lane[LANES];
	nmc_progress_fn progress;
	void *context;
	unsigned int done;
	struct nmc_program_report sum;
	double square;
};

/* The blocks of one part of weights, once. */
static int program_pass(struct nmc_plan *p, unsigned int part, struct programming *w, struct nmc_program_report *sum,
			double *square)
{
	unsigned int i, n = 0, ended = 0, total = p->blocks * p->passes;
	uint64_t now = 0;
	int ret = p->device->reach->ops->set_time(p->device->reach, p->set->set, &now);

	for (i = 0; !ret && (i < p->blocks || ended < n); i++) {
		if (i < p->blocks) {
			if (p->block[i].part != part || p->block[i].kept)
				continue;
			ret = lane_start(p, &p->block[i], &w->lane[n++ % LANES]);
			cells_rewritten(p, &p->block[i]);
			if (ret || n < LANES)
				continue;
		}
		ret = lane_finish(p, &w->lane[ended++ % LANES], sum, square, &now);
		if (!ret && w->progress && w->progress(w->context, ++w->done, total))
			ret = fail(-ECANCELED, "programming stopped after %u of %u tiles", w->done, total);
	}
	return ret;
}

/* What passes took adds up, what they left is that of the last one. */
static void add_pass(struct programming *w, const struct nmc_program_report *pass, double square, bool last)
{
	struct nmc_program_report *sum = &w->sum;
	unsigned int i;

	sum->pulses += pass->pulses;
	sum->pulses_max = pass->pulses_max > sum->pulses_max ? pass->pulses_max : sum->pulses_max;
	sum->modelled_ns += pass->modelled_ns;
	sum->energy_j += pass->energy_j;
	if (!last)
		return;
	sum->tiles += pass->tiles;
	sum->cells += pass->cells;
	sum->converged += pass->converged;
	sum->given_up += pass->given_up;
	w->square += square;
	for (i = 0; i < NMC_REPORT_BINS; i++)
		sum->pulse_hist[i] += pass->pulse_hist[i];
}

/* The blocks of one part of weights, with time to relax between passes. */
static int program_part(struct nmc_plan *p, unsigned int part, struct programming *w)
{
	unsigned int pass;
	int ret = devices_correct(p, part);

	for (pass = 0; !ret && pass < p->passes; pass++) {
		struct nmc_program_report report = { 0 };
		double square = 0.0;

		if (pass) {
			ret = runner_age(p, p->pass_wait_ns);
			report.modelled_ns = p->pass_wait_ns;
		}
		if (!ret)
			ret = program_pass(p, part, w, &report, &square);
		add_pass(w, &report, square, pass + 1 == p->passes);
	}
	return ret;
}

void program_complete(struct nmc_program_report *sum, double square, uint64_t start)
{
	double mean = sum->cells ? square / (double)sum->cells : 0.0;

	sum->mean_pulses = sum->cells ? (double)sum->pulses / (double)sum->cells : 0.0;
	sum->residual = (float)(__builtin_sqrt(mean) / 1048576.0);
	sum->wall_ns = wall_ns() - start;
}

static int program_tiles(struct nmc_plan *plan, struct programming *w)
{
	unsigned int i, part;
	int ret = lanes_open(plan, w->lane);

	for (part = 0; !ret && part < plan->parts; part++)
		ret = program_part(plan, part, w);
	for (i = 0; i < LANES; i++) {
		struct device_result r;

		if (w->lane[i].busy)
			job_result(plan->context, w->lane[i].job, -1, &r);
	}
	lanes_close(w->lane);
	return ret;
}

/* What was found is found once: programming it again writes everything. */
static void forget_kept(struct nmc_plan *p)
{
	unsigned int i;

	for (i = 0; i < p->blocks; i++)
		p->block[i].kept = false;
	p->found = false;
}

int nmc_plan_program(struct nmc_plan *plan, nmc_progress_fn progress, void *context, struct nmc_program_report *report)
{
	struct programming w = { .progress = progress, .context = context };
	uint64_t start = wall_ns();
	int ret;

	runner_begin(plan->runner, runner_ticket(plan->runner));
	runner_set_programmed(plan->runner, false);
	plan->calls++;
	health_free(plan);
	ret = plan->found ? persist_look(plan, &w.sum.kept) : 0;
	w.done = w.sum.kept * plan->passes;
	if (!ret)
		ret = program_tiles(plan, &w);
	runner_set_programmed(plan->runner, !ret);
	runner_end(plan->runner);
	if (ret)
		return ret;
	plan->pulses = w.sum.pulses;
	forget_kept(plan);
	program_complete(&w.sum, w.square, start);
	return report ? give(report, &w.sum, sizeof(w.sum), "struct nmc_program_report") : 0;
}
