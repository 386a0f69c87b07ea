// SPDX-License-Identifier: MIT
/*
 * Reports of programming by tile: each block keeps what the last call that wrote it took and left.
 */
#include <errno.h>
#include <string.h>
#include "libnmc/error.h"
#include "libnmc/run/cells.h"
#include "libnmc/sized.h"

void written_begin(const struct nmc_plan *p, struct block *b)
{
	struct written *w = &b->written;

	if (w->call != p->calls) {
		*w = (struct written){ .call = p->calls };
		return;
	}
	/* What passes took adds up, what they left is that of the last one. */
	w->sum.cells = w->sum.converged = w->sum.given_up = 0;
	w->square = 0.0;
	memset(w->sum.pulse_hist, 0, sizeof(w->sum.pulse_hist));
	memset(w->error_hist, 0, sizeof(w->error_hist));
}

void written_add(struct block *b, const struct nmc_isa_report *r)
{
	unsigned int i;

	program_add(&b->written.sum, r, &b->written.square);
	for (i = 0; i < NMC_REPORT_BINS; i++)
		b->written.error_hist[i] += r->error_hist[i];
}

static void describe(const struct nmc_plan *p, const struct block *b, struct nmc_tile_report *t)
{
	t->tile = b->tile;
	t->layer = b->layer;
	t->part = b->part;
	t->first_input = b->first_in;
	t->inputs = b->rows;
	t->first_output = b->first_out;
	t->outputs = b->cols;
	strncpy(t->name, p->network->layer[b->layer].name, sizeof(t->name) - 1);
}

static void fill(const struct written *w, struct nmc_tile_report *t)
{
	struct nmc_program_report sum = w->sum;

	program_complete(&sum, w->square, 0);
	t->cells = sum.cells;
	t->converged = sum.converged;
	t->given_up = sum.given_up;
	t->pulses = sum.pulses;
	t->mean_pulses = sum.mean_pulses;
	t->pulses_max = sum.pulses_max;
	t->residual = sum.residual;
	t->modelled_ns = sum.modelled_ns;
	t->energy_j = sum.energy_j;
	memcpy(t->pulse_hist, sum.pulse_hist, sizeof(t->pulse_hist));
	memcpy(t->error_hist, w->error_hist, sizeof(t->error_hist));
}

int nmc_plan_tile_report(const struct nmc_plan *plan, unsigned int tile, struct nmc_tile_report *report)
{
	struct nmc_tile_report full = { .size = sizeof(full) };
	const struct block *b = plan->block, *end = b + plan->blocks;

	while (b < end && b->tile != tile)
		b++;
	if (b == end)
		return fail(-ENOENT, "no part of the network is on tile %u, it takes %u", tile, plan->tiles);
	if (!b->written.sum.cells)
		return fail(-ENODATA, "tile %u has not been programmed through this plan", tile);
	describe(plan, b, &full);
	fill(&b->written, &full);
	return give(report, &full, sizeof(full), "struct nmc_tile_report");
}
