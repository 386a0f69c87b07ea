// SPDX-License-Identifier: MIT
/*
 * The network of a crossbar by nested dissection: an array is halved until a few cells are left;
 * the nodes inside a part are eliminated, and two neighbouring parts meet at the nodes they
 * share, which are eliminated in turn. What is left in the end is the mesh between drivers and
 * column ends. The arithmetic is in wire_mesh.c.
 */
#include <errno.h>
#include <float.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "card/tile/wire.h"

#define MICROSIEMENS	1e6	/* times 1/ohm */
#define PART_CELLS	4	/* a part of at most this many rows and columns is not halved again */

enum { ROW, COL, DIRECTIONS };

/*
 * The lines of one direction. A node is a number: the terminals of the lines, then the places
 * where cells sit; on an ideal wire all places of a line are one node, behind an ideal end the
 * place is the terminal.
 */
struct lines {
	double segment;		/* conductance between two cells, microsiemens, 0 for an ideal wire */
	double end;		/* conductance to the terminal, 0 for an ideal end */
	unsigned int ends;	/* enum wire_ends */
	unsigned int count;
	unsigned int length;	/* cells of a line */
	uint32_t terminal;	/* node of the first terminal */
	uint32_t place;		/* node of the first place */
};

/* Cells [from, to) of both directions: rows are counted by [ROW], columns by [COL]. */
struct part {
	unsigned int from[DIRECTIONS];
	unsigned int to[DIRECTIONS];
};

/*
 * The mesh between the nodes of @port; element (a, b), a < b, is in g[a * stride + b]. @store is
 * what is allocated; the eliminated nodes stand there before the ports.
 */
struct mesh {
	unsigned int ports;
	size_t stride;
	double *store;
	double *g;
	uint32_t port[];
};

/* One solve. @index: where a node stands in the mesh under construction, -1 if it does not. */
struct solve {
	const struct wire_ops *ops;
	const float *g;
	struct lines lines[DIRECTIONS];
	int32_t *index;
	uint32_t *node;		/* nodes of that mesh: those to be kept, then the others */
	unsigned int nodes;
};

static uint32_t terminal_node(const struct lines *l, unsigned int line)
{
	return l->terminal + line;
}

static uint32_t place_node(const struct lines *l, unsigned int line, unsigned int at)
{
	bool near_end = (at == 0 && l->ends & WIRE_FIRST) || (at == l->length - 1 && l->ends & WIRE_LAST);

	if (!l->end && (near_end || !l->segment))
		return terminal_node(l, line);
	return l->place + line * l->length + (l->segment ? at : 0);
}

static void note(struct solve *s, uint32_t node)
{
	if (s->index[node] >= 0)
		return;
	s->index[node] = (int32_t)s->nodes;
	s->node[s->nodes++] = node;
}

/*
 * Nodes of a part that others can see: terminals, and places shared with a neighbour. A segment
 * belongs to the cell that comes after it, so a line of a part begins at the last place of the
 * part before.
 */
static void note_kept(struct solve *s, const struct part *p, unsigned int way)
{
	const struct lines *l = &s->lines[way];
	unsigned int from = p->from[!way], to = p->to[!way], line;

	for (line = p->from[way]; line < p->to[way]; line++) {
		if (from)
			note(s, place_node(l, line, from - 1));
		else if (l->ends & WIRE_FIRST)
			note(s, terminal_node(l, line));
		if (to < l->length)
			note(s, place_node(l, line, to - 1));
		else if (l->ends & WIRE_LAST)
			note(s, terminal_node(l, line));
	}
}

static void note_places(struct solve *s, const struct part *p, unsigned int way)
{
	unsigned int line, at;

	for (line = p->from[way]; line < p->to[way]; line++)
		for (at = p->from[!way]; at < p->to[!way]; at++)
			note(s, place_node(&s->lines[way], line, at));
}

/* An empty mesh of the noted nodes; the @kept first ones become its ports and stand behind the others. */
static struct mesh *mesh_begin(struct solve *s, unsigned int kept)
{
	size_t stride = wire_stride(s->nodes), bytes = (s->nodes + WIRE_SPARE) * stride * sizeof(double);
	struct mesh *m = malloc(sizeof(*m) + kept * sizeof(*m->port));
	double *store = aligned_alloc(64, bytes);
	unsigned int i, gone = s->nodes - kept;

	if (!m || !store) {
		free(m);
		free(store);
		return NULL;
	}
	memset(store, 0, bytes);
	memcpy(m->port, s->node, kept * sizeof(*m->port));
	for (i = 0; i < s->nodes; i++)
		s->index[s->node[i]] = (int32_t)(i < kept ? gone + i : i - kept);
	m->ports = kept;
	m->stride = stride;
	m->store = store;
	m->g = store + gone * (stride + 1);
	return m;
}

static void mesh_destroy(struct mesh *m)
{
	if (m)
		free(m->store);
	free(m);
}

static void mesh_add(const struct solve *s, struct mesh *m, uint32_t a, uint32_t b, double g)
{
	int32_t i = s->index[a], j = s->index[b];

	if (i < j)
		m->store[(size_t)i * m->stride + (size_t)j] += g;
	else if (j < i)
		m->store[(size_t)j * m->stride + (size_t)i] += g;
}

/* Takes the nodes out that are not kept, and forgets all notes. */
static struct mesh *mesh_end(struct solve *s, struct mesh *m)
{
	unsigned int i;

	if (m)
		s->ops->eliminate(m->store, s->nodes, s->nodes - m->ports, m->stride);
	for (i = 0; i < s->nodes; i++)
		s->index[s->node[i]] = -1;
	s->nodes = 0;
	return m;
}

/* Segments that belong to the cells of a part, and the ends of its lines. */
static void add_segments(const struct solve *s, struct mesh *m, const struct part *p, unsigned int way)
{
	const struct lines *l = &s->lines[way];
	unsigned int line, at;

	for (line = p->from[way]; line < p->to[way]; line++)
		for (at = p->from[!way]; at < p->to[!way]; at++) {
			uint32_t place = place_node(l, line, at);

			if (at)
				mesh_add(s, m, place_node(l, line, at - 1), place, l->segment);
			else if (l->ends & WIRE_FIRST)
				mesh_add(s, m, terminal_node(l, line), place, l->end);
			if (at == l->length - 1 && l->ends & WIRE_LAST)
				mesh_add(s, m, terminal_node(l, line), place, l->end);
		}
}

static void add_cells(const struct solve *s, struct mesh *m, const struct part *p)
{
	const struct lines *row = &s->lines[ROW], *col = &s->lines[COL];
	unsigned int i, j;

	for (i = p->from[ROW]; i < p->to[ROW]; i++)
		for (j = p->from[COL]; j < p->to[COL]; j++)
			mesh_add(s, m, place_node(row, i, j), place_node(col, j, i),
				 s->g[(size_t)i * col->count + j]);
}

static struct mesh *few_cells(struct solve *s, const struct part *p)
{
	unsigned int way, kept;
	struct mesh *m;

	for (way = 0; way < DIRECTIONS; way++)
		note_kept(s, p, way);
	kept = s->nodes;
	for (way = 0; way < DIRECTIONS; way++)
		note_places(s, p, way);
	m = mesh_begin(s, kept);
	if (m) {
		for (way = 0; way < DIRECTIONS; way++)
			add_segments(s, m, p, way);
		add_cells(s, m, p);
	}
	return mesh_end(s, m);
}

static void add_mesh(const struct solve *s, struct mesh *m, const struct mesh *half)
{
	unsigned int a, b;

	for (a = 0; a < half->ports; a++)
		for (b = a + 1; b < half->ports; b++)
			mesh_add(s, m, half->port[a], half->port[b], half->g[a * half->stride + b]);
}

static struct mesh *join(struct solve *s, const struct part *p, struct mesh *const half[2])
{
	unsigned int way, kept, h, i;
	struct mesh *m;

	for (way = 0; way < DIRECTIONS; way++)
		note_kept(s, p, way);
	kept = s->nodes;
	for (h = 0; h < 2; h++)
		for (i = 0; i < half[h]->ports; i++)
			note(s, half[h]->port[i]);
	m = mesh_begin(s, kept);
	if (m)
		for (h = 0; h < 2; h++)
			add_mesh(s, m, half[h]);
	return mesh_end(s, m);
}

/* The longer side is halved, so that the seam is short. */
static struct mesh *reduce(struct solve *s, const struct part *p)
{
	unsigned int rows = p->to[ROW] - p->from[ROW], cols = p->to[COL] - p->from[COL];
	unsigned int way = rows > cols ? ROW : COL, middle = p->from[way] + (rows > cols ? rows : cols) / 2;
	struct part first = *p, second = *p;
	struct mesh *half[2], *m = NULL;

	if (rows <= PART_CELLS && cols <= PART_CELLS)
		return few_cells(s, p);
	first.to[way] = middle;
	second.from[way] = middle;
	half[0] = reduce(s, &first);
	half[1] = half[0] ? reduce(s, &second) : NULL;
	if (half[1])
		m = join(s, p, half);
	mesh_destroy(half[0]);
	mesh_destroy(half[1]);
	return m;
}

static bool allowed(float x)
{
	return x >= 0.0f && x <= FLT_MAX;
}

static bool arguments_allowed(const struct wire *w, unsigned int rows, unsigned int cols, const float *g)
{
	size_t i;

	if (!rows || !cols || rows > WIRE_LINES || cols > WIRE_LINES)
		return false;
	if (!allowed(w->row_ohm) || !allowed(w->col_ohm) || !allowed(w->row_end_ohm) || !allowed(w->col_end_ohm))
		return false;
	if (w->driven < WIRE_FIRST || w->driven > WIRE_BOTH || w->read < WIRE_FIRST || w->read > WIRE_BOTH)
		return false;
	for (i = 0; i < (size_t)rows * cols; i++)
		if (!allowed(g[i]))
			return false;
	return true;
}

static double conductance(float ohm)
{
	return ohm > 0.0f ? MICROSIEMENS / (double)ohm : 0.0;
}

static void lines_init(struct solve *s, const struct wire *w, unsigned int rows, unsigned int cols)
{
	s->lines[ROW] = (struct lines){
		.segment = conductance(w->row_ohm),
		.end = conductance(w->row_end_ohm),
		.ends = w->driven,
		.count = rows,
		.length = cols,
		.terminal = 0,
		.place = rows + cols,
	};
	s->lines[COL] = (struct lines){
		.segment = conductance(w->col_ohm),
		.end = conductance(w->col_end_ohm),
		.ends = w->read,
		.count = cols,
		.length = rows,
		.terminal = rows,
		.place = rows + cols + rows * cols,
	};
}

/* The mesh of the whole array has the terminals of the rows as its first ports, then those of the columns. */
static void store_result(const struct mesh *m, unsigned int rows, unsigned int cols, float *g_eff)
{
	unsigned int i, j;

	for (i = 0; i < rows; i++)
		for (j = 0; j < cols; j++)
			g_eff[(size_t)i * cols + j] = (float)m->g[i * m->stride + rows + j];
}

int wire_solve(const struct wire_ops *ops, const struct wire *w, unsigned int rows, unsigned int cols,
	       const float *g, float *g_eff)
{
	struct part whole = { .to = { rows, cols } };
	struct solve s = { .ops = ops, .g = g };
	struct mesh *m = NULL;
	size_t nodes;

	if (!arguments_allowed(w, rows, cols, g))
		return -EINVAL;
	nodes = 2 * (size_t)rows * cols + rows + cols;
	lines_init(&s, w, rows, cols);
	s.index = malloc(nodes * sizeof(*s.index));
	s.node = malloc(nodes * sizeof(*s.node));
	if (s.index && s.node) {
		memset(s.index, 0xff, nodes * sizeof(*s.index));
		m = reduce(&s, &whole);
	}
	if (m)
		store_result(m, rows, cols, g_eff);
	mesh_destroy(m);
	free(s.index);
	free(s.node);
	return m ? 0 : -ENOMEM;
}

const struct wire_ops *wire_select(bool plain_c)
{
#if defined(__x86_64__)
	__builtin_cpu_init();
	if (!plain_c && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") &&
	    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
		return &wire_avx512;
	if (!plain_c && __builtin_cpu_supports("avx2"))
		return &wire_avx2;
#endif
	(void)plain_c;
	return &wire_plain;
}
