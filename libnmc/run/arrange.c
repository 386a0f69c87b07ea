// SPDX-License-Identifier: MIT
/*
 * Arrangement of a block's outputs over the columns of its tile: an assignment of least cost, by the Hungarian method.
 */
#include <errno.h>
#include <float.h>
#include <stdlib.h>
#include <string.h>
#include "libnmc/error.h"
#include "libnmc/run/arrange.h"

#define STAY	1e-4	/* of the whole error: what a move costs, so that nothing moves for nothing */

static int16_t *spread(const struct block *b, const int16_t *from, unsigned int span, int16_t rest)
{
	size_t width = 2u * span, was = 2u * b->span, kept = width < was ? width : was, i;
	int16_t *to = malloc(b->rows * width * sizeof(*to));
	unsigned int r;

	for (r = 0; to && r < b->rows; r++) {
		memcpy(to + r * width, from + r * was, kept * sizeof(*to));
		for (i = kept; i < width; i++)
			to[r * width + i] = rest;
	}
	return to;
}

int arrange_span(const struct nmc_plan *p, struct block *b, unsigned int span)
{
	int16_t *target, *stuck;

	if (span == b->span)
		return 0;
	target = spread(b, b->target, span, (int16_t)conductance_min(p));
	stuck = spread(b, b->stuck, span, -1);
	if (!target || !stuck) {
		free(target);
		free(stuck);
		return fail_memory();
	}
	free(b->target);
	free(b->stuck);
	b->target = target;
	b->stuck = stuck;
	b->span = span;
	return 0;
}

unsigned int arrange_used(const struct block *b)
{
	unsigned int c, used = b->cols;

	for (c = 0; c < b->cols; c++)
		used = b->place[c] >= used ? b->place[c] + 1u : used;
	return used;
}

void arrange_exchange(struct block *b, unsigned int c)
{
	struct nmc_isa_column *all[] = { &b->columns[c], &b->base[c], &b->planned[c] };
	unsigned int i;

	b->sign[c] = (int8_t)-b->sign[c];
	for (i = 0; i < 3; i++)
		all[i]->scale_mult = (uint16_t)-(int16_t)all[i]->scale_mult;
}

/* Squared error that output @c keeps in physical output @at with its pairs lying as @sign says. */
static double error_at(const struct nmc_plan *p, const struct block *b, unsigned int c, unsigned int at, int sign,
		       const double *power)
{
	int16_t unused[2];
	double sum = 0.0;
	unsigned int r;

	for (r = 0; r < b->rows; r++) {
		const int16_t *stuck = b->stuck + ((size_t)r * b->span + at) * 2;
		int left;

		if (stuck[0] < 0 && stuck[1] < 0)
			continue;
		left = plan_pair(p, sign * b->wanted[(size_t)r * b->cols + c], stuck, unused);
		sum += power[r] * left * left;
	}
	return sum;
}

/* The better way round there; the present one unless the other is worth it. */
static double best_at(const struct nmc_plan *p, const struct block *b, unsigned int c, unsigned int at, const double *power,
		      int *sign)
{
	double same = error_at(p, b, c, at, b->sign[c], power), other = error_at(p, b, c, at, -b->sign[c], power);

	*sign = other < WORTH * same ? -b->sign[c] : b->sign[c];
	return *sign == b->sign[c] ? same : other;
}

/**
 * struct match - the assignment while it is found: rows are outputs, columns physical ones, both counted from 1
 * @cost: of each row in each column
 * @n: rows
 * @m: columns, at least as many
 * @u: potentials of rows
 * @v: potentials of columns
 * @least: least reduced cost of each column from the rows of the alternating tree
 * @row: row that a column is given to, 0 none
 * @way: column before it on the path
 * @done: in the tree
 */
struct match {
	const double *cost;
	unsigned int n;
	unsigned int m;
	double *u;
	double *v;
	double *least;
	unsigned int *row;
	unsigned int *way;
	bool *done;
};

/* Lets the tree grow by the column that costs least; returns it. */
static unsigned int grow(struct match *a, unsigned int at)
{
	unsigned int i = a->row[at], j, next = 0;
	double delta = DBL_MAX;

	a->done[at] = true;
	for (j = 1; j <= a->m; j++) {
		double reduced;

		if (a->done[j])
			continue;
		reduced = a->cost[(size_t)(i - 1) * a->m + j - 1] - a->u[i] - a->v[j];
		if (reduced < a->least[j]) {
			a->least[j] = reduced;
			a->way[j] = at;
		}
		if (a->least[j] < delta) {
			delta = a->least[j];
			next = j;
		}
	}
	for (j = 0; j <= a->m; j++) {
		if (a->done[j]) {
			a->u[a->row[j]] += delta;
			a->v[j] -= delta;
		} else {
			a->least[j] -= delta;
		}
	}
	return next;
}

/* Gives row @i a column, the others before it moving along the shortest path. */
static void add_row(struct match *a, unsigned int i)
{
	unsigned int at = 0, j;

	a->row[0] = i;
	for (j = 0; j <= a->m; j++) {
		a->least[j] = DBL_MAX;
		a->done[j] = false;
	}
	do
		at = grow(a, at);
	while (a->row[at]);
	for (; at; at = a->way[at])
		a->row[at] = a->row[a->way[at]];
}

/* Column of each of @n rows, 0 to @m - 1, such that the sum of their costs is least. */
static int assign(const double *cost, unsigned int n, unsigned int m, uint16_t *place)
{
	struct match a = { .cost = cost, .n = n, .m = m };
	unsigned int i, j;

	a.u = calloc(n + 1, sizeof(*a.u));
	a.v = calloc(m + 1, sizeof(*a.v));
	a.least = calloc(m + 1, sizeof(*a.least));
	a.row = calloc(m + 1, sizeof(*a.row));
	a.way = calloc(m + 1, sizeof(*a.way));
	a.done = calloc(m + 1, sizeof(*a.done));
	if (a.u && a.v && a.least && a.row && a.way && a.done) {
		for (i = 1; i <= n; i++)
			add_row(&a, i);
		for (j = 1; j <= m; j++)
			if (a.row[j])
				place[a.row[j] - 1] = (uint16_t)(j - 1);
	}
	i = a.u && a.v && a.least && a.row && a.way && a.done;
	free(a.u);
	free(a.v);
	free(a.least);
	free(a.row);
	free(a.way);
	free(a.done);
	return i ? 0 : fail_memory();
}

/* Another converter, of which calibration has said nothing. */
static void move(struct block *b, unsigned int c, unsigned int to)
{
	struct nmc_isa_column *planned = &b->planned[c];

	if (b->place[c] == to)
		return;
	b->place[c] = (uint16_t)to;
	planned->source = to == c ? 0 : (uint16_t)to;
	planned->flags = to == c ? 0 : NMC_COLUMN_SOURCE;
	b->base[c] = *planned;
	b->columns[c] = *planned;
}

static void settle(const struct nmc_plan *p, struct block *b, const uint16_t *place, const double *power)
{
	unsigned int c;
	int sign;

	for (c = 0; c < b->cols; c++) {
		move(b, c, place[c]);
		best_at(p, b, c, place[c], power, &sign);
		if (sign != b->sign[c])
			arrange_exchange(b, c);
	}
}

int arrange_outputs(const struct nmc_plan *p, struct block *b, const double *power)
{
	double *cost = malloc((size_t)b->cols * b->span * sizeof(*cost)), now = 0.0, then = 0.0;
	uint16_t *place = malloc(b->cols * sizeof(*place));
	unsigned int c, at;
	int ret = cost && place ? 0 : fail_memory(), sign;

	for (c = 0; !ret && c < b->cols; c++) {
		for (at = 0; at < b->span; at++)
			cost[(size_t)c * b->span + at] = best_at(p, b, c, at, power, &sign);
		now += cost[(size_t)c * b->span + b->place[c]];
	}
	for (c = 0; !ret && c < b->cols; c++)
		for (at = 0; at < b->span; at++)
			cost[(size_t)c * b->span + at] += at == b->place[c] ? 0.0 : STAY * now;
	if (!ret && p->movable)
		ret = assign(cost, b->cols, b->span, place);
	for (c = 0; !ret && p->movable && c < b->cols; c++)
		then += cost[(size_t)c * b->span + place[c]];
	if (!ret)
		settle(p, b, p->movable && then < WORTH * now ? place : b->place, power);
	free(cost);
	free(place);
	return ret;
}

bool arrange_rest(const struct nmc_plan *p, struct block *b)
{
	int16_t low = (int16_t)conductance_min(p);
	bool changed = false;
	size_t i, n = (size_t)b->rows * b->span * 2;
	unsigned int c, at;

	for (i = 0; i < n; i++) {
		int16_t want = arrange_level(b, i, low);

		at = (unsigned int)(i / 2 % b->span);
		for (c = 0; c < b->cols && b->place[c] != at; c++)
			;
		if (c < b->cols)
			continue;
		changed |= b->target[i] != want;
		b->target[i] = want;
	}
	return changed;
}
