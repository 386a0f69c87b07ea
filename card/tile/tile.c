// SPDX-License-Identifier: MIT
/*
 * A tile's life: made erased, its writes remembered, its cells aged on a logarithmic grid, seen by the oracle.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "card/cell/gauss.h"
#include "card/tile/tile_priv.h"
#include "hw/nmc_regs.h"

void tile_class_init(struct tile_class *class, const struct cell_tech *tech, uint16_t rows, uint16_t cols, bool plain_c)
{
	class->tech = tech;
	class->product = product_select(plain_c);
	class->rows = rows;
	class->cols = cols;
	class->outputs = tech->flags & NMC_CLASS_DIFFERENTIAL ? cols / 2 : cols;
}

const struct product_ops *product_select(bool plain_c)
{
#if defined(__x86_64__)
	__builtin_cpu_init();
	if (!plain_c && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") &&
	    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
		return &product_avx512;
	if (!plain_c && __builtin_cpu_supports("avx2"))
		return &product_avx2;
#endif
	return &product_plain;
}

static void form(struct tile *t)
{
	struct philox_stream s = philox_stream(t->seed, t->physical, PURPOSE_FORMED, 0);
	unsigned int row, cols = t->class->cols;

	for (row = 0; row < t->class->rows; row++)
		t->class->tech->erased(&s, row * cols, cols, t->g + (size_t)row * cols);
}

struct tile *tile_create(const struct tile_class *class, uint64_t seed, uint32_t physical)
{
	struct tile *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->class = class;
	t->seed = seed;
	t->physical = physical;
	t->event = 1;
	t->target = calloc(tile_cells(t), sizeof(*t->target));
	if (!t->target)
		goto fail;
	if (!class->tech->program)
		return t;
	t->g = malloc(tile_cells(t) * sizeof(*t->g));
	t->write = calloc(tile_cells(t), sizeof(*t->write));
	t->writes = calloc(1, sizeof(*t->writes));
	if (!t->g || !t->write || !t->writes)
		goto fail;
	t->write_count = 1;
	t->write_room = 1;
	form(t);
	return t;
fail:
	tile_destroy(t);
	return NULL;
}

void tile_destroy(struct tile *t)
{
	if (!t)
		return;
	free(t->target);
	free(t->g);
	free(t->write);
	free(t->writes);
	free(t->pairs.g);
	free(t->pairs.var);
	free(t->singles.g);
	free(t->singles.var);
	free(t);
}

static size_t matrix_bytes(const struct tile *t, const struct tile_matrix *m)
{
	size_t one = tile_matrix_bytes(t, m);

	return (m->g ? one : 0) + (m->var ? one : 0);
}

size_t tile_bytes(const struct tile *t)
{
	size_t cell = sizeof(*t->target);

	if (t->g)
		cell += sizeof(*t->g) + sizeof(*t->write);
	return sizeof(*t) + tile_cells(t) * cell + t->write_room * sizeof(*t->writes) + matrix_bytes(t, &t->pairs) +
	       matrix_bytes(t, &t->singles);
}

uint64_t tile_event(const struct tile *t)
{
	return t->event;
}

bool tile_target_valid(const struct tile_class *class, int value)
{
	if (class->tech->flags & NMC_CLASS_CONVERTERS)
		return value >= 0 && value <= NMC_CONDUCTANCE_MAX;
	return value >= -127 && value <= 127;
}

void tile_changed(struct tile *t)
{
	t->pairs_valid = false;
	t->singles_valid = false;
}

/* Thousandths of ln(age / 1 s), zero below a second, no more than matters to the technology. */
static int age_milli(const struct tile *t, struct clock at)
{
	uint64_t ns = t->now.ns > at.ns ? t->now.ns - at.ns : 0;
	int milli;

	if (ns <= 1000000000)
		return 0;
	milli = (int)(log_poly((float)ns * 1e-9f) * 1000.0f);
	return milli < t->class->tech->age_limit_milli ? milli : t->class->tech->age_limit_milli;
}

void tile_sample(struct tile *t, struct clock now)
{
	unsigned int i;

	t->now = now;
	for (i = 0; i < t->write_count; i++) {
		struct tile_write *w = &t->writes[i];
		int age = w->relaxes ? age_milli(t, w->at) : 0;

		if (age != w->age) {
			w->age = age;
			tile_changed(t);
		}
	}
}

/* Forgets writes that no cell remembers; keeps the order of the others. */
static void forget_writes(struct tile *t)
{
	uint16_t *place = calloc(t->write_count, sizeof(*place));
	unsigned int i, kept = 0;
	size_t c;

	if (!place)
		return;
	for (c = 0; c < tile_cells(t); c++)
		place[t->write[c]] = 1;
	for (i = 0; i < t->write_count; i++) {
		if (!place[i])
			continue;
		t->writes[kept] = t->writes[i];
		place[i] = (uint16_t)kept++;
	}
	for (c = 0; c < tile_cells(t); c++)
		t->write[c] = place[t->write[c]];
	t->write_count = kept;
	free(place);
}

static bool whole_tile(const struct tile *t, const struct tile_region *region)
{
	return region->rows == t->class->rows && region->cols == t->class->cols;
}

int tile_reserve_write(struct tile *t, const struct tile_region *region)
{
	unsigned int room, most = tile_max_writes(t);
	struct tile_write *more;

	if (whole_tile(t, region))
		return 0;
	if (t->write_count == t->write_room && t->write_count > 1)
		forget_writes(t);
	if (t->write_count < t->write_room)
		return 0;
	if (t->write_count == most)
		return -ENOSPC;
	room = t->write_room * 2 < most ? t->write_room * 2 : most;
	more = realloc(t->writes, room * sizeof(*more));
	if (!more)
		return -ENOMEM;
	t->writes = more;
	t->write_room = room;
	return 0;
}

void tile_add_write(struct tile *t, const struct tile_region *region, struct clock at, bool relaxes)
{
	unsigned int row, col, index;

	if (whole_tile(t, region))
		t->write_count = 0;
	index = t->write_count++;
	t->writes[index] = (struct tile_write){ .event = t->event, .at = at, .relaxes = relaxes };
	for (row = region->first_row; row < region->first_row + region->rows; row++)
		for (col = region->first_col; col < region->first_col + region->cols; col++)
			t->write[(size_t)row * t->class->cols + col] = (uint16_t)index;
	tile_changed(t);
}

/* Cells @col to @end of a row that share one write. */
static void run_of_cells(const struct tile *t, size_t cell, unsigned int n, float *out)
{
	const struct tile_write *w = &t->writes[t->write[cell]];
	struct philox_stream s = philox_stream(t->seed, t->physical, PURPOSE_RELAX, w->event);
	float lsb = t->class->tech->gmax * CELL_LSB;
	unsigned int i;

	if (w->relaxes) {
		t->class->tech->advance(&s, (uint32_t)cell, n, t->target + cell, t->g + cell, w->age, out);
		return;
	}
	for (i = 0; i < n; i++)
		out[i] = t->g[cell + i] / lsb;
}

void tile_row(const struct tile *t, unsigned int row, float *out)
{
	unsigned int cols = t->class->cols, col, end;
	size_t cell = (size_t)row * cols;

	if (!t->g) {
		for (col = 0; col < cols; col++)
			out[col] = t->target[cell + col];
		return;
	}
	for (col = 0; col < cols; col = end) {
		for (end = col + 1; end < cols && t->write[cell + end] == t->write[cell + col]; end++)
			;
		run_of_cells(t, cell + col, end - col, out + col);
	}
}

void tile_oracle(const struct tile *t, float *g, float *target)
{
	float unit = t->class->tech->flags & NMC_CLASS_CONVERTERS ? t->class->tech->gmax * CELL_LSB : 1.0f;
	unsigned int row, col, cols = t->class->cols;
	float line[CELL_LANES];

	for (row = 0; row < t->class->rows; row++) {
		size_t cell = (size_t)row * cols;

		tile_row(t, row, line);
		for (col = 0; col < cols; col++) {
			if (g)
				g[cell + col] = line[col] * unit;
			if (target)
				target[cell + col] = (float)t->target[cell + col] * unit;
		}
	}
}
