// SPDX-License-Identifier: MIT
/*
 * Life with broken cells: they are learnt by reading what was programmed, then the sound cell of a pair makes up for the
 * broken one, and outputs whose weights fit better the other way round exchange the columns of their pairs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "libnmc/error.h"
#include "libnmc/run/cells.h"
#include "libnmc/run/runner.h"
#include "libnmc/sized.h"

#define PASSES		4	/* the first confirms, each other finds the cells whose defect the targets before had hidden */
#define BROKEN		0.2f	/* of the range: a cell that is farther from its target may be broken */
#define SAME		0.05f	/* of the range: and is, if another programming has moved it no farther */
#define MADE_UP		0.02	/* of the range: what may be left of a weight that has been made up for */
#define WORTH		0.95	/* an exchange must bring the error below this share of what it was */

/**
 * struct repair - one call of nmc_plan_repair()
 * @r: the report
 * @program: what programming took
 * @square: of its error
 * @cells: conductances of a block as read
 * @before: the same before the last programming
 * @power: mean square of the codes of the inputs of a block
 * @error: squares of what weights are off, before and after, and of how many
 */
struct repair {
	struct nmc_repair_report r;
	struct nmc_program_report program;
	double square;
	float *cells;
	float *before;
	double *power;
	double error[2];
	uint64_t weights;
};

/* Inputs that carry more signal weigh more; none weighs nothing. */
static void input_power(const struct nmc_plan *p, const struct block *b, double *power)
{
	unsigned int inputs = p->network->layer[b->layer].inputs, v, i;

	for (i = 0; i < b->rows; i++)
		power[i] = 1.0;
	for (v = 0; v < p->probes; v++) {
		const int8_t *x = p->stage[b->layer].probe + (size_t)v * inputs + b->first_in;

		for (i = 0; i < b->rows; i++)
			power[i] += (double)x[i] * x[i] / p->probes;
	}
}

/* Squared error that output @c keeps if its pairs lie as @sign says. */
static double output_error(const struct nmc_plan *p, struct block *b, unsigned int c, int sign, const double *power)
{
	int16_t unused[2];
	double sum = 0.0;
	int8_t before = b->sign[c];
	unsigned int r;

	b->sign[c] = (int8_t)sign;
	for (r = 0; r < b->rows; r++) {
		int left = plan_pair(p, plan_difference(b, r, c), b->stuck + ((size_t)r * b->cols + c) * 2, unused);

		sum += power[r] * left * left;
	}
	b->sign[c] = before;
	return sum;
}

static void exchange(struct block *b, unsigned int c)
{
	struct nmc_isa_column *all[] = { &b->columns[c], &b->base[c], &b->planned[c] };
	unsigned int i;

	b->sign[c] = (int8_t)-b->sign[c];
	for (i = 0; i < 3; i++)
		all[i]->scale_mult = (uint16_t)-(int16_t)all[i]->scale_mult;
}

/* Sets targets around the broken cells that are known. Returns whether any changed. */
static bool retarget(const struct nmc_plan *p, struct block *b, const double *power)
{
	unsigned int c;

	for (c = 0; c < b->cols; c++)
		if (output_error(p, b, c, -b->sign[c], power) < WORTH * output_error(p, b, c, b->sign[c], power))
			exchange(b, c);
	return plan_retarget(p, b);
}

/* A cell that is known to be broken is where it has to be. */
static bool astray(const struct nmc_plan *p, const struct block *b, size_t i, float code)
{
	float most = BROKEN * (float)weight_full(p), off = code - (float)b->target[i];

	return b->stuck[i] < 0 && (off > most || off < -most);
}

static bool any_astray(const struct nmc_plan *p, const struct block *b, const float *cells)
{
	size_t n = block_cells(p, b), i;

	for (i = 0; i < n; i++)
		if (astray(p, b, i, cells[i]))
			return true;
	return false;
}

/* Remembers cells that are not where they were put, and which programming did not move. Returns how many are new. */
static unsigned int learn(const struct nmc_plan *p, struct block *b, const float *cells, const float *before)
{
	float same = SAME * (float)weight_full(p);
	size_t n = block_cells(p, b), i;
	unsigned int found = 0;

	for (i = 0; i < n; i++) {
		float moved = cells[i] - before[i];

		if (!astray(p, b, i, cells[i]) || moved > same || moved < -same)
			continue;
		b->stuck[i] = (int16_t)(cells[i] + 0.5f);
		found++;
	}
	return found;
}

/* Squares of what the weights of a block are off. */
static double weight_error(const struct block *b, const float *cells)
{
	double sum = 0.0;
	unsigned int r, c;

	for (r = 0; r < b->rows; r++)
		for (c = 0; c < b->cols; c++, cells += 2) {
			double off = (double)cells[0] - (double)cells[1] - plan_difference(b, r, c);

			sum += off * off;
		}
	return sum;
}

/* Broken cells by what became of their weights. */
static void count_block(const struct nmc_plan *p, const struct block *b, struct nmc_repair_report *r)
{
	double most = MADE_UP * weight_full(p);
	unsigned int row, c;
	int16_t unused[2];

	for (c = 0; c < b->cols; c++)
		r->exchanged += b->sign[c] < 0;
	for (row = 0; row < b->rows; row++)
		for (c = 0; c < b->cols; c++) {
			const int16_t *stuck = b->stuck + ((size_t)row * b->cols + c) * 2;
			unsigned int broken = (stuck[0] >= 0) + (stuck[1] >= 0);
			int left = broken ? plan_pair(p, plan_difference(b, row, c), stuck, unused) : 0;

			r->broken += broken;
			r->compensated += left <= most && left >= -most ? broken : 0;
		}
}

static int know_nothing(const struct nmc_plan *p, struct block *b)
{
	size_t n = block_cells(p, b), i;

	if (b->stuck)
		return 0;
	b->stuck = malloc(n * sizeof(*b->stuck));
	if (!b->stuck)
		return fail_memory();
	for (i = 0; i < n; i++)
		b->stuck[i] = -1;
	return 0;
}

/* Programs a block and reads it; what had been read is in @w->before then. */
static int program_and_read(struct nmc_plan *p, struct block *b, struct repair *w)
{
	float *swap = w->before;
	int ret = cells_write_all(p, b, &w->program, &w->square);

	cells_rewritten(p, b);
	w->before = w->cells;
	w->cells = swap;
	return ret ? ret : cells_read(p, b, w->cells);
}

static int repair_block(struct nmc_plan *p, struct block *b, struct repair *w)
{
	unsigned int pass = 0;
	int ret = cells_read(p, b, w->cells);

	if (!ret)
		ret = know_nothing(p, b);
	if (ret)
		return ret;
	w->error[0] += weight_error(b, w->cells);
	input_power(p, b, w->power);
	if (any_astray(p, b, w->cells))
		do {
			ret = program_and_read(p, b, w);
			pass++;
		} while (!ret && pass < PASSES && learn(p, b, w->cells, w->before) && retarget(p, b, w->power));
	w->r.passes = pass > w->r.passes ? pass : w->r.passes;
	w->error[1] += weight_error(b, w->cells);
	w->weights += (uint64_t)b->rows * b->cols;
	w->r.cells += block_cells(p, b);
	count_block(p, b, &w->r);
	return ret;
}

static int repair_blocks(struct nmc_plan *p, struct repair *w)
{
	size_t cells = (size_t)p->class.rows * p->class.cols;
	unsigned int i;
	int ret = 0;

	w->cells = malloc(cells * sizeof(*w->cells));
	w->before = malloc(cells * sizeof(*w->before));
	w->power = malloc(p->class.rows * sizeof(*w->power));
	if (!w->cells || !w->before || !w->power)
		ret = fail_memory();
	for (i = 0; !ret && i < p->blocks; i++)
		ret = repair_block(p, &p->block[i], w);
	free(w->cells);
	free(w->before);
	free(w->power);
	plan_params(p, nmc_buffer_data(p->runner->params));
	return ret;
}

static void complete(struct repair *w, const struct nmc_plan *p)
{
	double full = weight_full(p), n = w->weights ? (double)w->weights : 1.0;

	w->r.uncompensated = w->r.broken - w->r.compensated;
	w->r.error_before = __builtin_sqrt(w->error[0] / n) / full;
	w->r.error_after = __builtin_sqrt(w->error[1] / n) / full;
	w->r.pulses = w->program.pulses;
	w->r.modelled_ns = w->program.modelled_ns;
	w->r.energy_j = w->program.energy_j;
}

int nmc_plan_repair(struct nmc_plan *plan, struct nmc_repair_report *report)
{
	struct repair w = { 0 };
	int ret;

	if (!plan->class.differential)
		return fail(-EINVAL, "class %s has no pairs of cells of which one could make up for the other", plan->class.name);
	if (*plan->persist)
		return fail(-EINVAL, "a network that persists cannot be repaired: what was found would be lost with the process");
	runner_begin(plan->runner, runner_ticket(plan->runner));
	ret = runner_check_programmed(plan->runner);
	if (!ret) {
		ret = repair_blocks(plan, &w);
		runner_set_programmed(plan->runner, !ret);
	}
	runner_end(plan->runner);
	if (ret)
		return ret;
	complete(&w, plan);
	return report ? give(report, &w.r, sizeof(w.r), "struct nmc_repair_report") : 0;
}
