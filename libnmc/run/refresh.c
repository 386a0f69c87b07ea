// SPDX-License-Identifier: MIT
/*
 * Refresh: cells that have left their band are programmed anew, others are left alone where the card can: a programming
 * writes all cells of its region that are outside the technology's own band, so regions are runs of cells of one row.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "libnmc/error.h"
#include "libnmc/run/cells.h"
#include "libnmc/run/runner.h"
#include "libnmc/sized.h"

#define WHOLE_SHARE	4	/* a tile of which more than one cell in so many is out is programmed as a whole */

#define WRITES_SPARE	8	/* of those that a tile remembers apart: left for others */

struct refresh {
	struct nmc_refresh_report r;
	struct nmc_program_report program;
	double square;
	double off_sq[2];	/* of deviations before and after */
	uint64_t sound;
	float *cells;
	uint8_t *out;
	struct region *region;
};

/* Marks cells that are out of band; broken ones stay as they are. Returns how many. */
static size_t mark(const struct nmc_plan *p, const struct block *b, float band, struct refresh *w, unsigned int when)
{
	float most = band * (float)weight_full(p);
	size_t n = block_cells(p, b), i, count = 0;

	for (i = 0; i < n; i++) {
		float off = w->cells[i] - (float)b->target[i];
		bool sound = !b->stuck || b->stuck[i] < 0;

		w->out[i] = sound && (off > most || off < -most);
		count += w->out[i];
		w->off_sq[when] += sound ? (double)off * (double)off : 0.0;
		w->sound += sound && !when;
	}
	return count;
}

/* Runs of cells out of band, joined over gaps of at most @gap others. Returns how many, or @most + 1 if there are more. */
static unsigned int find_runs(const struct nmc_plan *p, const struct block *b, unsigned int gap, unsigned int most,
			      struct refresh *w)
{
	unsigned int width = block_width(p, b), r, c, n = 0;

	for (r = 0; r < b->rows; r++) {
		const uint8_t *out = w->out + (size_t)r * width;
		struct region *run = NULL;

		for (c = 0; c < width; c++) {
			if (!out[c])
				continue;
			if (run && c - (run->col + run->cols) <= gap) {
				run->cols = (uint16_t)(c + 1 - run->col);
				continue;
			}
			if (n == most)
				return most + 1;
			run = &w->region[n++];
			*run = (struct region){ (uint16_t)r, 1, (uint16_t)c, 1 };
		}
	}
	return n;
}

static uint64_t cells_of(const struct region *region, unsigned int n)
{
	uint64_t cells = 0;

	while (n--)
		cells += (uint64_t)region[n].rows * region[n].cols;
	return cells;
}

/* The least number of cells that the card can remember apart: runs, then runs joined over wider and wider gaps, then all. */
static unsigned int choose_regions(const struct nmc_plan *p, struct block *b, size_t out, struct refresh *w)
{
	unsigned int most = cells_most_writes(p) - WRITES_SPARE, width = block_width(p, b), gap, n = most + 1;

	most = most > b->writes ? most - b->writes : 0;
	if (out <= block_cells(p, b) / WHOLE_SHARE)
		for (gap = 0; gap <= width && n > most; gap = 2 * gap + 1)
			n = find_runs(p, b, gap, most, w);
	if (n <= most) {
		b->writes += n;
		return n;
	}
	w->region[0] = (struct region){ .rows = (uint16_t)b->rows, .cols = (uint16_t)width };
	w->r.whole++;
	cells_rewritten(p, b);
	return 1;
}

static int refresh_block(struct nmc_plan *p, struct block *b, float band, struct refresh *w)
{
	unsigned int n;
	size_t out;
	int ret = cells_read(p, b, w->cells);

	if (ret)
		return ret;
	out = mark(p, b, band, w, 0);
	w->r.cells += block_cells(p, b);
	w->r.out += out;
	if (out) {
		n = choose_regions(p, b, out, w);
		w->r.regions += n;
		w->r.written += cells_of(w->region, n);
		ret = cells_write(p, b, w->region, n, &w->program, &w->square);
		if (!ret)
			ret = cells_read(p, b, w->cells);
	}
	if (!ret)
		w->r.left += mark(p, b, band, w, 1);
	return ret;
}

static int refresh_blocks(struct nmc_plan *p, float band, struct refresh *w)
{
	size_t cells = (size_t)p->class.rows * p->class.cols;
	unsigned int i;
	int ret = 0;

	w->cells = malloc(cells * sizeof(*w->cells));
	w->out = malloc(cells);
	w->region = malloc(cells_most_writes(p) * sizeof(*w->region));
	if (!w->cells || !w->out || !w->region)
		ret = fail_memory();
	for (i = 0; !ret && i < p->blocks; i++)
		ret = refresh_block(p, &p->block[i], band, w);
	free(w->cells);
	free(w->out);
	free(w->region);
	return ret;
}

static void complete(struct refresh *w, const struct nmc_plan *p)
{
	double n = w->sound ? (double)w->sound : 1.0;

	w->r.tiles = w->program.tiles;
	w->r.deviation_before = __builtin_sqrt(w->off_sq[0] / n) / NMC_CONDUCTANCE_MAX;
	w->r.deviation_after = __builtin_sqrt(w->off_sq[1] / n) / NMC_CONDUCTANCE_MAX;
	w->r.pulses = w->program.pulses;
	w->r.full_pulses = p->pulses;
	w->r.modelled_ns = w->program.modelled_ns;
	w->r.energy_j = w->program.energy_j;
}

int nmc_plan_refresh(struct nmc_plan *plan, double band, struct nmc_refresh_report *report)
{
	struct refresh w = { 0 };
	int ret;

	if (!(band > 0.0 && band <= 1.0))
		return fail(-EINVAL, "%g is not a band; it is a share of the range, above 0 and at most 1", band);
	if (!plan->class.converters)
		return fail(-EINVAL, "class %s has no cells that leave their targets", plan->class.name);
	runner_begin(plan->runner, runner_ticket(plan->runner));
	ret = runner_check_programmed(plan->runner);
	if (!ret) {
		plan->calls++;
		ret = refresh_blocks(plan, (float)band, &w);
		runner_set_programmed(plan->runner, !ret);
	}
	runner_end(plan->runner);
	if (ret)
		return ret;
	complete(&w, plan);
	return report ? give(report, &w.r, sizeof(w.r), "struct nmc_refresh_report") : 0;
}
