// SPDX-License-Identifier: MIT
/*
 * Life with broken cells: they are learnt by reading what was programmed, then the outputs of a tile go to the columns where
 * they fit best, and the sound cell of a pair makes up for the broken one. Blocks to which that leaves too much of an error
 * move to spare tiles.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "libnmc/error.h"
#include "libnmc/run/arrange.h"
#include "libnmc/run/cells.h"
#include "libnmc/run/runner.h"
#include "libnmc/sized.h"

#define PASSES		6	/* one confirms, two find, each other may show cells that are stuck between */
#define BROKEN		0.2f	/* of the range: a cell that is farther from its target may be broken */
#define SAME		0.05f	/* of the range: and is, if another programming has moved it no farther */
#define MADE_UP		0.02	/* of the range: what may be left of a weight that has been made up for */
#define TOO_MUCH	0.5	/* of a block's squared error: what broken cells may leave before spares are tried */

/**
 * struct repair - one call of nmc_plan_repair()
 * @r: the report
 * @program: what programming took
 * @square: of its error
 * @cells: conductances of a block as read
 * @before: the same before the last programming
 * @power: mean square of the codes of the inputs of a block
 * @error: squares of what weights are off, before and after, and of how many
 * @left: squares of what the weights of each block are off
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
	double *left;
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
		for (c = 0; c < b->cols; c++) {
			const float *pair = cells + block_pair(b, r, c);
			double off = (double)pair[0] - (double)pair[1] - plan_difference(b, r, c);

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

	for (c = 0; c < b->cols; c++) {
		r->exchanged += b->sign[c] < 0;
		r->moved += b->place[c] != c;
	}
	r->cells += 2ull * b->rows * b->cols;
	for (row = 0; row < b->rows; row++)
		for (c = 0; c < b->cols; c++) {
			const int16_t *stuck = b->stuck + block_pair(b, row, c);
			unsigned int broken = (stuck[0] >= 0) + (stuck[1] >= 0);
			int left = broken ? plan_pair(p, plan_difference(b, row, c), stuck, unused) : 0;

			r->broken += broken;
			r->compensated += left <= most && left >= -most ? broken : 0;
		}
}

/* Squares of what broken cells leave of the weights of a block. */
static double broken_error(const struct nmc_plan *p, const struct block *b)
{
	unsigned int r, c;
	double sum = 0.0;
	int16_t unused[2];

	for (r = 0; b->stuck && r < b->rows; r++)
		for (c = 0; c < b->cols; c++) {
			int left = plan_pair(p, plan_difference(b, r, c), b->stuck + block_pair(b, r, c), unused);

			sum += (double)left * left;
		}
	return sum;
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

/* Lets every cell of the block's span show whether it moves, high and low. */
static int find_broken(struct nmc_plan *p, struct block *b, struct repair *w)
{
	const int16_t level[2] = { (int16_t)conductance_max(p), (int16_t)conductance_min(p) };
	size_t n = block_cells(p, b), i;
	unsigned int k;
	int ret = 0;

	for (k = 0; !ret && k < 2; k++) {
		for (i = 0; i < n; i++)
			b->target[i] = arrange_level(b, i, level[k]);
		ret = program_and_read(p, b, w);
		if (!ret)
			learn(p, b, w->cells, w->before);
	}
	return ret;
}

/* Places the outputs around the broken cells that are known. Returns whether targets changed, or a negative errno. */
static int place(struct nmc_plan *p, struct block *b, struct repair *w)
{
	int ret = arrange_outputs(p, b, w->power);
	bool changed;

	if (ret)
		return ret;
	changed = plan_retarget(p, b);
	return arrange_rest(p, b) || changed;
}

/* A block with cells astray. @pass: programmings. */
static int place_around(struct nmc_plan *p, struct block *b, struct repair *w, unsigned int *pass)
{
	int ret = program_and_read(p, b, w);

	*pass = 1;
	if (ret || !learn(p, b, w->cells, w->before))
		return ret;
	if (p->movable) {
		ret = arrange_span(p, b, p->class.outputs);
		if (!ret)
			ret = cells_read(p, b, w->cells);
	}
	if (!ret)
		ret = find_broken(p, b, w);
	*pass += 2;
	while (!ret && *pass < PASSES) {
		ret = place(p, b, w);
		if (ret <= 0)
			return ret;
		ret = program_and_read(p, b, w);
		++*pass;
		if (!ret && !learn(p, b, w->cells, w->before))
			break;
	}
	return ret;
}

/* Makes the best of the tile that a block is on. @error: squares of what its weights are off, before and after. */
static int repair_block(struct nmc_plan *p, struct block *b, struct repair *w, double *error)
{
	unsigned int pass = 0;
	int ret = cells_read(p, b, w->cells);

	if (!ret)
		ret = know_nothing(p, b);
	if (ret)
		return ret;
	error[0] = weight_error(b, w->cells);
	input_power(p, b, w->power);
	if (any_astray(p, b, w->cells))
		ret = place_around(p, b, w, &pass);
	w->r.passes = pass > w->r.passes ? pass : w->r.passes;
	if (ret) {
		/* What is programmed next is to be the network, not a pattern. */
		plan_retarget(p, b);
		arrange_rest(p, b);
		return ret;
	}
	error[1] = weight_error(b, w->cells);
	return arrange_span(p, b, arrange_used(b));
}

static void *copy(const void *from, size_t bytes)
{
	void *to = from ? malloc(bytes) : NULL;

	return to ? memcpy(to, from, bytes) : NULL;
}

static void drop_placement(struct block *b)
{
	free(b->place);
	free(b->stuck);
	free(b->target);
	free(b->sign);
	free(b->columns);
	free(b->base);
	free(b->planned);
}

/* Block @b as it was planned, on @tile, of which nothing is known. The caller keeps what it had before. */
static int place_anew(const struct nmc_plan *p, struct block *b, unsigned int tile)
{
	size_t bytes = b->cols * sizeof(*b->columns);
	int ret = plan_place_outputs(p, b);
	unsigned int c;

	b->tile = tile;
	b->writes = 1;
	b->written.call = 0;
	b->stuck = NULL;
	b->target = calloc(block_cells(p, b), sizeof(*b->target));
	b->sign = copy(b->sign, b->cols);
	b->planned = copy(b->planned, bytes);
	for (c = 0; b->planned && c < b->cols; c++)
		b->planned[c].flags = b->planned[c].source = 0;
	b->base = copy(b->planned, bytes);
	b->columns = copy(b->planned, bytes);
	if (ret || !b->target || !b->sign || !b->planned || !b->base || !b->columns)
		return fail_memory();
	for (c = 0; c < b->cols; c++)
		if (b->sign[c] < 0)
			arrange_exchange(b, c);
	plan_retarget(p, b);
	return 0;
}

/* Programs block @i on spare @k as well; keeps it there if that is better, and its tile in the reserve then. */
static int try_spare(struct nmc_plan *p, unsigned int i, unsigned int k, struct repair *w)
{
	struct block *b = &p->block[i], was = *b;
	double error[2] = { 0.0, 0.0 };
	int ret = place_anew(p, b, p->spare[k]);

	if (!ret)
		ret = cells_write_all(p, b, &w->program, &w->square);
	if (!ret)
		ret = repair_block(p, b, w, error);
	if (ret || error[1] >= WORTH * w->left[i]) {
		drop_placement(b);
		*b = was;
		return ret;
	}
	drop_placement(&was);
	p->spare[k] = was.tile;
	w->left[i] = error[1];
	return 0;
}

/* Tries every spare for block @i. The tile that it leaves is not tried for others. */
static int try_spares(struct nmc_plan *p, unsigned int i, struct repair *w)
{
	unsigned int first = p->block[i].tile, k;
	int ret = 0;

	for (k = 0; !ret && k < p->spares_left; k++)
		ret = try_spare(p, i, k, w);
	for (k = 0; k < p->spares_left; k++)
		if (p->spare[k] == first)
			p->spare[k] = p->spare[--p->spares_left];
	return ret;
}

/* What later devices made up for stays where it is. */
static bool may_move(const struct nmc_plan *p, const struct block *b)
{
	return p->scheme != NMC_SCHEME_DEVICES || b->part + 1 == p->parts;
}

/* The block with the largest error of those not tried yet, if broken cells make most of it; else the number of blocks. */
static unsigned int worst_block(const struct nmc_plan *p, const struct repair *w, const bool *tried)
{
	unsigned int worst = p->blocks, i;

	for (i = 0; i < p->blocks; i++)
		if (!tried[i] && may_move(p, &p->block[i]) && (worst == p->blocks || w->left[i] > w->left[worst]) &&
		    broken_error(p, &p->block[i]) > TOO_MUCH * w->left[i])
			worst = i;
	return worst;
}

static int move_blocks(struct nmc_plan *p, struct repair *w)
{
	bool *tried = calloc(p->blocks, sizeof(*tried));
	int ret = tried ? 0 : fail_memory();
	unsigned int i;

	while (!ret && p->spares_left && (i = worst_block(p, w, tried)) < p->blocks) {
		tried[i] = true;
		ret = try_spares(p, i, w);
	}
	free(tried);
	return ret;
}

/* Later devices of a weight made up for what the earlier ones held before they were repaired. */
static int correct_part(struct nmc_plan *p, unsigned int part, struct repair *w)
{
	int ret = devices_correct(p, part);
	unsigned int i;

	for (i = 0; !ret && part && p->scheme == NMC_SCHEME_DEVICES && i < p->blocks; i++) {
		if (p->block[i].part != part)
			continue;
		ret = cells_write_all(p, &p->block[i], &w->program, &w->square);
		cells_rewritten(p, &p->block[i]);
	}
	return ret;
}

static int repair_part(struct nmc_plan *p, unsigned int part, struct repair *w)
{
	double error[2] = { 0.0, 0.0 };
	int ret = correct_part(p, part, w);
	unsigned int i;

	for (i = 0; !ret && i < p->blocks; i++) {
		if (p->block[i].part != part)
			continue;
		ret = repair_block(p, &p->block[i], w, error);
		w->error[0] += error[0];
		w->left[i] = error[1];
	}
	return ret;
}

static int repair_blocks(struct nmc_plan *p, struct repair *w)
{
	unsigned int part, i;
	int ret = 0;

	for (part = 0; !ret && part < p->parts; part++)
		ret = repair_part(p, part, w);
	if (!ret)
		ret = move_blocks(p, w);
	for (i = 0; !ret && i < p->blocks; i++) {
		const struct block *b = &p->block[i];

		w->error[1] += w->left[i];
		w->weights += (uint64_t)b->rows * b->cols;
		count_block(p, b, &w->r);
	}
	w->r.spares_used = p->spares - p->spares_left;
	return ret;
}

static int repair(struct nmc_plan *p, struct repair *w)
{
	size_t cells = (size_t)p->class.rows * p->class.cols;
	int ret = 0;

	w->cells = malloc(cells * sizeof(*w->cells));
	w->before = malloc(cells * sizeof(*w->before));
	w->power = malloc(p->class.rows * sizeof(*w->power));
	w->left = calloc(p->blocks, sizeof(*w->left));
	if (!w->cells || !w->before || !w->power || !w->left)
		ret = fail_memory();
	if (!ret)
		ret = repair_blocks(p, w);
	free(w->cells);
	free(w->before);
	free(w->power);
	free(w->left);
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
		plan->calls++;
		ret = repair(plan, &w);
		runner_forget_stream(plan->runner);
		runner_set_programmed(plan->runner, !ret);
	}
	runner_end(plan->runner);
	if (ret)
		return ret;
	complete(&w, plan);
	return report ? give(report, &w.r, sizeof(w.r), "struct nmc_repair_report") : 0;
}
