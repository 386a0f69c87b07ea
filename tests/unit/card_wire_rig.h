/* SPDX-License-Identifier: MIT */
/*
 * Reference for effective conductances: a crossbar as a list of resistors between numbered
 * nodes, terminals first, and its dense nodal analysis in double. Included after cmocka.h by one
 * test.
 */
#ifndef NMC_CARD_WIRE_RIG_H
#define NMC_CARD_WIRE_RIG_H

#include <math.h>
#include <string.h>
#include "card/tile/wire.h"

#define MAX_NODES	(2 * 12 * 12 + 24)
#define MAX_BRANCHES	(3 * 12 * 12 + 48)

struct network {
	unsigned int terminals, nodes, branches;
	unsigned int alias[MAX_NODES];	/* nodes without resistance between them are one */
	struct {
		unsigned int a, b;
		double g;
	} branch[MAX_BRANCHES];
};

static unsigned int root(const struct network *n, unsigned int node)
{
	while (n->alias[node] != node)
		node = n->alias[node];
	return node;
}

static void resistor(struct network *n, unsigned int a, unsigned int b, double ohm)
{
	unsigned int low, high;

	if (ohm > 0) {
		n->branch[n->branches].a = a;
		n->branch[n->branches].b = b;
		n->branch[n->branches++].g = 1e6 / ohm;
		return;
	}
	a = root(n, a);
	b = root(n, b);
	low = a < b ? a : b;	/* terminals have the lowest numbers and stay */
	high = a < b ? b : a;
	n->alias[high] = low;
}

static void line_resistors(struct network *n, unsigned int terminal, unsigned int first, unsigned int step,
			   unsigned int length, double ohm, double end_ohm, enum wire_ends ends)
{
	unsigned int k;

	if (ends & WIRE_FIRST)
		resistor(n, terminal, first, end_ohm);
	for (k = 1; k < length; k++)
		resistor(n, first + (k - 1) * step, first + k * step, ohm);
	if (ends & WIRE_LAST)
		resistor(n, terminal, first + (length - 1) * step, end_ohm);
}

static void build_network(struct network *n, const struct wire *w, unsigned int rows, unsigned int cols,
			  const float *g)
{
	unsigned int i, j, row = rows + cols, col = row + rows * cols;

	n->terminals = rows + cols;
	n->nodes = col + rows * cols;
	n->branches = 0;
	for (i = 0; i < n->nodes; i++)
		n->alias[i] = i;
	for (i = 0; i < rows; i++)
		line_resistors(n, i, row + i * cols, 1, cols, w->row_ohm, w->row_end_ohm, w->driven);
	for (j = 0; j < cols; j++)
		line_resistors(n, rows + j, col + j, cols, rows, w->col_ohm, w->col_end_ohm, w->read);
	for (i = 0; i < rows * cols; i++)
		if (g[i] > 0)
			resistor(n, row + i, col + i, 1e6 / (double)g[i]);
}

static double matrix[MAX_NODES][MAX_NODES + 24];

static void eliminate(unsigned int n, unsigned int columns)
{
	unsigned int k, i, j;

	for (k = 0; k < n; k++) {
		assert_true(fabs(matrix[k][k]) > 0);	/* diagonally dominant: no pivoting */
		for (i = 0; i < n; i++) {
			double f = matrix[i][k] / matrix[k][k];

			if (i == k || f == 0)
				continue;
			for (j = k; j < columns; j++)
				matrix[i][j] -= f * matrix[k][j];
		}
	}
}

/* Equation of the node @here for a conductance @g to @there; terminals are right sides. */
static void stamp(const struct network *n, const unsigned int *number, unsigned int unknown, unsigned int here,
		  unsigned int there, double g)
{
	if (here == there || here < n->terminals)
		return;
	matrix[number[here]][number[here]] += g;
	if (there < n->terminals)
		matrix[number[here]][unknown + there] += g;
	else
		matrix[number[here]][number[there]] -= g;
}

/* Current into the terminal @here through a conductance @g from @there, for 1 V at each terminal in turn. */
static void collect(const struct network *n, const unsigned int *number, unsigned int unknown, unsigned int here,
		    unsigned int there, double g, double current[24][24])
{
	unsigned int t;

	if (here == there || here >= n->terminals)
		return;
	if (there < n->terminals) {
		current[there][here] += g;
		return;
	}
	for (t = 0; t < n->terminals; t++)
		current[t][here] += g * matrix[number[there]][unknown + t] / matrix[number[there]][number[there]];
}

/* current[a][b]: current out of terminal b at 0 V for 1 V at terminal a and 0 V at all others. */
static void nodal_analysis(const struct network *n, double current[24][24])
{
	unsigned int number[MAX_NODES], unknown = 0, i;

	for (i = n->terminals; i < n->nodes; i++)
		if (root(n, i) == i)
			number[i] = unknown++;
	for (i = 0; i < unknown; i++)
		memset(matrix[i], 0, sizeof(matrix[i]));
	memset(current, 0, 24 * sizeof(*current));
	for (i = 0; i < n->branches; i++) {
		unsigned int a = root(n, n->branch[i].a), b = root(n, n->branch[i].b);

		stamp(n, number, unknown, a, b, n->branch[i].g);
		stamp(n, number, unknown, b, a, n->branch[i].g);
	}
	eliminate(unknown, unknown + n->terminals);
	for (i = 0; i < n->branches; i++) {
		unsigned int a = root(n, n->branch[i].a), b = root(n, n->branch[i].b);

		collect(n, number, unknown, a, b, n->branch[i].g, current);
		collect(n, number, unknown, b, a, n->branch[i].g, current);
	}
}

#endif
