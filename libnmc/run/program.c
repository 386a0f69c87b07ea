// SPDX-License-Identifier: MIT
/*
 * Programming a plan: one job a tile, the next one prepared while the card works on the last.
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

/* The blocks of one part of weights. @done counts blocks of all. */
static int program_part(struct nmc_plan *p, unsigned int part, struct lane_program *lane, nmc_progress_fn progress,
			void *context, unsigned int *done, struct nmc_program_report *sum, double *square)
{
	unsigned int i, n = 0, ended = 0;
	uint64_t now = 0;
	int ret = devices_correct(p, part);

	if (!ret)
		ret = p->device->reach->ops->set_time(p->device->reach, p->set->set, &now);
	for (i = 0; !ret && (i < p->blocks || ended < n); i++) {
		if (i < p->blocks) {
			if (p->block[i].part != part || p->block[i].kept)
				continue;
			ret = lane_start(p, &p->block[i], &lane[n++ % LANES]);
			p->block[i].writes = 1;
			if (ret || n < LANES)
				continue;
		}
		ret = lane_finish(p, &lane[ended++ % LANES], sum, square, &now);
		if (!ret && progress && progress(context, ++*done, p->blocks))
			ret = fail(-ECANCELED, "programming stopped after %u of %u tiles", *done, p->blocks);
	}
	return ret;
}

static int program_blocks(struct nmc_plan *p, struct lane_program *lane, nmc_progress_fn progress, void *context,
			  struct nmc_program_report *sum, double *square)
{
	unsigned int part, done = sum->kept;
	int ret = 0;

	for (part = 0; !ret && part < p->parts; part++)
		ret = program_part(p, part, lane, progress, context, &done, sum, square);
	return ret;
}

void program_complete(struct nmc_program_report *sum, double square, uint64_t start)
{
	double mean = sum->cells ? square / (double)sum->cells : 0.0;

	sum->mean_pulses = sum->cells ? (double)sum->pulses / (double)sum->cells : 0.0;
	sum->residual = (float)(__builtin_sqrt(mean) / 1048576.0);
	sum->wall_ns = wall_ns() - start;
}

static int program_tiles(struct nmc_plan *plan, nmc_progress_fn progress, void *context, struct nmc_program_report *sum,
			 double *square)
{
	struct lane_program lane[LANES] = { 0 };
	unsigned int i;
	int ret = lanes_open(plan, lane);

	if (!ret)
		ret = program_blocks(plan, lane, progress, context, sum, square);
	for (i = 0; i < LANES; i++) {
		struct device_result r;

		if (lane[i].busy)
			job_result(plan->context, lane[i].job, -1, &r);
	}
	lanes_close(lane);
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
	struct nmc_program_report sum = { 0 };
	uint64_t start = wall_ns();
	double square = 0.0;
	int ret;

	runner_begin(plan->runner, runner_ticket(plan->runner));
	runner_set_programmed(plan->runner, false);
	health_free(plan);
	ret = plan->found ? persist_look(plan, &sum.kept) : 0;
	if (!ret)
		ret = program_tiles(plan, progress, context, &sum, &square);
	runner_set_programmed(plan->runner, !ret);
	runner_end(plan->runner);
	if (ret)
		return ret;
	plan->pulses = sum.pulses;
	forget_kept(plan);
	program_complete(&sum, square, start);
	return report ? give(report, &sum, sizeof(sum), "struct nmc_program_report") : 0;
}
