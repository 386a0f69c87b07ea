// SPDX-License-Identifier: MIT
/*
 * Snapshot of a tile: what products see of its cells, made before the first product after a change. In this order: cells
 * as aged, injected drift, defects, temperature (tile_row()), slow 1/f noise, injected noise, noise at the bottom of the
 * range, I-V curve, wires, codes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "card/cell/gauss.h"
#include "card/tile/tile_priv.h"
#include "hw/nmc_regs.h"

#define CLAMP_STEPS	64.0f	/* entries of the tables of clamped moments a sigma */

/* phi(q) and Phi(q) by the trapezium rule from the middle on, 1/1024 a step: good to 1e-7. */
static void normal_tables(float *density, float *below)
{
	double sum = 0.5, last = 0.3989422804014327;
	unsigned int i, k;

	for (i = 0; i < TILE_CLAMP; i++) {
		for (k = 0; i && k < 16; k++) {
			double q = ((i - 1) * 16 + k + 1) / 1024.0;
			double here = 0.3989422804014327 * (double)exp_poly((float)(-0.5 * q * q));

			sum += (last + here) / 2048.0;
			last = here;
		}
		density[i] = (float)last;
		below[i] = (float)sum;
	}
}

void tile_class_moments(struct tile_class *class)
{
	float density[TILE_CLAMP], below[TILE_CLAMP];
	unsigned int i;

	normal_tables(density, below);
	for (i = 0; i < TILE_CLAMP; i++) {
		float q = (float)i / CLAMP_STEPS, mean = q * below[i] + density[i];

		class->clamp_mean[i] = mean - q;
		class->clamp_var[i] = (q * q + 1.0f) * below[i] + q * density[i] - mean * mean;
	}
}

/* A conductance cannot be negative: where the noise reaches zero, its mean and variance are those of max(0, g + noise). */
static void clamp_moments(const struct tile_class *class, unsigned int n, float *g, float *var)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		float sigma = __builtin_sqrtf(var[i]), step, part, mean, rest;
		unsigned int at;

		if (g[i] >= 4.0f * sigma)
			continue;
		step = g[i] / sigma * CLAMP_STEPS;
		at = (unsigned int)(int32_t)step;
		at = at > TILE_CLAMP - 2 ? TILE_CLAMP - 2 : at;
		part = step - (float)at;
		mean = class->clamp_mean[at] + (class->clamp_mean[at + 1] - class->clamp_mean[at]) * part;
		rest = class->clamp_var[at] + (class->clamp_var[at + 1] - class->clamp_var[at]) * part;
		g[i] += mean * sigma;
		var[i] *= rest;
	}
}

/* 1/f noise goes by the target; that of a broken cell, which does not care for its target, by what it holds. */
static const int16_t *noise_targets(const struct tile *t, const int16_t *target, const uint8_t *defect, const float *g,
				    int16_t *held)
{
	unsigned int col;

	for (col = 0; col < t->class->cols; col++)
		held[col] = defect[col] == CELL_SOUND ? target[col] : (int16_t)(g[col] > 32767.0f ? 32767.0f : g[col]);
	return held;
}

/* An open cell carries no current and has no noise. */
static void quiet_dead(const struct tile *t, const uint8_t *defect, float *g, float *var)
{
	unsigned int col;

	for (col = 0; col < t->class->cols; col++) {
		if (defect[col] != CELL_DEAD)
			continue;
		g[col] = 0.0f;
		var[col] = 0.0f;
	}
}

/* Injected noise: @quiet holds the conductances before the slow part. */
static void amplify(const struct tile *t, const float *factor, const float *quiet, float *g, float *var)
{
	unsigned int col;

	for (col = 0; col < t->class->cols; col++) {
		float x = quiet[col] + factor[col] * (g[col] - quiet[col]);

		g[col] = factor[col] == 1.0f ? g[col] : x < 0.0f ? 0.0f : x;
		var[col] *= factor[col] * factor[col];
	}
}

void tile_row_noise(const struct tile *t, unsigned int row, unsigned int mode, float *g, float *var)
{
	bool noisier = tile_injected(t) && !(mode & NMC_MVM_NO_DEFECTS);
	const struct cell_tech *tech = t->class->tech;
	unsigned int cols = t->class->cols, col, n;
	float factor[CELL_LANES], quiet[CELL_LANES];
	size_t cell = (size_t)row * cols;
	const int16_t *target = t->target + cell;
	uint8_t defect[CELL_LANES];
	int16_t held[CELL_LANES];
	bool broken = (t->defect_count || t->faults) && !(mode & NMC_MVM_NO_DEFECTS) && tile_row_defects(t, row, defect);

	if (broken)
		target = noise_targets(t, target, defect, g, held);
	noisier = noisier && tile_fault_noise(t, row, factor);
	if (noisier)
		memcpy(quiet, g, cols * sizeof(*g));
	for (col = 0; col < cols; col += n) {
		const struct tile_write *w = &t->writes[t->write[cell + col]];
		struct philox_stream s = philox_stream(t->seed, t->physical, PURPOSE_FLICKER, w->event);
		uint32_t decade;
		struct cell_read r = cell_read_at(tech, mode & NMC_MVM_NO_AGEING ? 0 : w->age, &decade);

		n = tile_run(t, cell, col, cols);
		if (r.slow > 0.0f)
			tech->kernels->flicker(tech, &s, (uint32_t)(cell + col), n, decade, r.slow, target + col, g + col);
		tech->kernels->variance(tech, n, r.fast, target + col, g + col, var + col);
	}
	if (noisier)
		amplify(t, factor, quiet, g, var);
	if (broken)
		quiet_dead(t, defect, g, var);
	if (!(mode & NMC_MVM_CELL_NOISE))
		clamp_moments(t->class, cols, g, var);
}

static bool noisy(const struct tile *t, unsigned int mode)
{
	return t->class->tech->flags & NMC_CLASS_READ_NOISE && !(mode & NMC_MVM_NO_READ_NOISE);
}

/* Noise of each cell needs standard deviations. */
static void roots(const struct tile_class *class, float var[2][CELL_LANES])
{
	const float per_unit = 1.0f / class->sigma_unit;
	unsigned int i, k;

	for (k = 0; k < 2; k++)
		for (i = 0; i < class->cols; i++)
			var[k][i] = __builtin_sqrtf(var[k][i]) * per_unit;
}

/* Codes of one row pair. */
static void encode(struct tile *t, unsigned int pair, float g[2][CELL_LANES], float var[2][CELL_LANES])
{
	const struct product_ops *k = t->class->product;
	struct tile_matrix *m = &t->matrix;
	size_t at = (size_t)pair * m->cols * 2;
	uint32_t *to = (uint32_t *)(m->g + at), *weight = m->var ? (uint32_t *)(m->var + at) : NULL;
	float per_unit = 1.0f / m->unit;

	if (m->kind == TILE_SINGLES)
		k->encode(to, g[0], g[1], t->class->cols);
	else
		k->encode_pairs(to, g[0], g[1], t->class->outputs);
	if (!m->var)
		return;
	if (m->mode & NMC_MVM_CELL_NOISE)
		roots(t->class, var);
	if (m->mode & NMC_MVM_CELL_NOISE)
		k->encode(weight, var[0], var[1], t->class->cols);
	else if (m->kind == TILE_SINGLES)
		k->weigh(weight, var[0], var[1], t->class->cols, per_unit);
	else
		k->weigh_pairs(weight, var[0], var[1], t->class->outputs, per_unit);
}

/* Weights can be negative. */
static void encode_weights(struct tile *t)
{
	unsigned int row, col, cols = t->class->cols;

	for (row = 0; row < t->class->rows; row++)
		for (col = 0; col < cols; col++)
			t->matrix.g[((size_t)(row / 2) * t->matrix.cols + col) * 2 + (row & 1)] =
				t->target[(size_t)row * cols + col];
}

/*
 * Bends of the I-V curves of one row pair of conductances @own. Inputs of one amplitude see a conductance, I / V, which goes
 * into @seen; otherwise each term has its matrix. With wires a cell sees the part @left of the voltage, NULL for all of it,
 * and the same part of what it carries beyond g V arrives: right to first order in the bend.
 */
static void bend(struct tile *t, unsigned int pair, float own[2][CELL_LANES], float left[2][CELL_LANES],
		 float seen[2][CELL_LANES])
{
	float beyond[CELL_BENDS][2][CELL_LANES];
	unsigned int term, k, i, cols = t->class->cols;

	for (term = 0; term < CELL_BENDS; term++) {
		for (k = 0; k < 2; k++) {
			tile_row_bend(t, term, own[k], beyond[term][k]);
			for (i = 0; left && i < cols; i++)
				beyond[term][k][i] *= left[k][i] * left[k][i] * left[k][i] * (term ? left[k][i] : 1.0f);
		}
	}
	for (term = 0; term < CELL_BENDS; term++) {
		if (t->matrix.bent[term])
			tile_encode_bend(t, pair, term, beyond[term][0], beyond[term][1]);
		for (k = 0; k < 2 && t->class->tech->deck.iv.bit_serial; k++)
			for (i = 0; i < cols; i++)
				seen[k][i] += beyond[term][k][i];
	}
}

/* Every row pair without wires. */
static void fill(struct tile *t, unsigned int mode)
{
	struct tile_scratch scratch;
	_Alignas(64) float g[2][CELL_LANES], var[2][CELL_LANES];
	unsigned int row, rows = t->class->rows;

	tile_scratch_begin(&scratch);
	for (row = 0; row < rows; row++) {
		tile_row(t, row, mode, &scratch, g[row & 1]);
		if (t->matrix.var)
			tile_row_noise(t, row, mode, g[row & 1], var[row & 1]);
		if (!(row & 1) && row + 1 < rows)
			continue;
		if (!(row & 1)) {
			memset(g[1], 0, sizeof(g[1]));
			memset(var[1], 0, sizeof(var[1]));
		}
		if (tile_bent(t, mode))
			bend(t, row / 2, g, NULL, g);
		encode(t, row / 2, g, var);
	}
	t->aged += scratch.aged;
}

/* The whole tile as one resistive network; variances follow the square of what the wires leave of a conductance. */
static int fill_wired(struct tile *t, unsigned int mode)
{
	const struct tile_class *c = t->class;
	size_t cells = tile_cells(t), i;
	float *g = malloc(3 * cells * sizeof(*g)), *var = g + cells, *seen = var + cells;
	struct tile_scratch scratch;
	unsigned int row;
	int ret;

	if (!g)
		return -ENOMEM;
	tile_scratch_begin(&scratch);
	for (row = 0; row < c->rows; row++) {
		tile_row(t, row, mode, &scratch, g + (size_t)row * c->cols);
		if (t->matrix.var)
			tile_row_noise(t, row, mode, g + (size_t)row * c->cols, var + (size_t)row * c->cols);
	}
	for (i = 0; i < cells; i++)
		g[i] *= c->tech->lsb;
	t->aged += scratch.aged;
	t->solves++;
	ret = wire_solve(c->wires, &c->wire, c->rows, c->cols, g, seen);
	for (row = 0; !ret && row < c->rows; row += 2) {
		float pair[2][CELL_LANES] = { 0 }, weight[2][CELL_LANES] = { 0 };
		float own[2][CELL_LANES] = { 0 }, part[2][CELL_LANES] = { 0 };
		unsigned int k, col;

		for (k = 0; k < 2 && row + k < c->rows; k++) {
			for (col = 0; col < c->cols; col++) {
				size_t at = (size_t)(row + k) * c->cols + col;
				/* A small cell shows current that reaches its column through others: that is not its own */
				float left = seen[at] < g[at] ? seen[at] / g[at] : 1.0f;

				pair[k][col] = seen[at] * c->tech->per_lsb;
				weight[k][col] = t->matrix.var ? var[at] * left * left : 0.0f;
				own[k][col] = g[at] * c->tech->per_lsb;
				part[k][col] = left;
			}
		}
		if (tile_bent(t, mode))
			bend(t, row / 2, own, part, pair);
		encode(t, row / 2, pair, weight);
	}
	free(g);
	return ret;
}

static void matrix_free(struct tile_matrix *m)
{
	free(m->g);
	free(m->var);
	free(m->bent[0]);
	free(m->bent[1]);
	*m = (struct tile_matrix){ 0 };
}

/*
 * Rows follow one another without padding, which would cost narrow tiles half of their memory: the kernels read whole
 * blocks of columns, beyond the end of a row what follows it, and beyond the last row this much.
 */
static size_t matrix_bytes(const struct tile *t, unsigned int cols)
{
	size_t beyond = (PRODUCT_BLOCK - cols % PRODUCT_BLOCK) % PRODUCT_BLOCK;
	size_t pairs = (size_t)(t->class->rows + 1) / 2 * cols + beyond;

	return (pairs * 2 * sizeof(int16_t) + 63) / 64 * 64;
}

static int matrix_part(int16_t **part, bool wanted, size_t bytes)
{
	*part = wanted ? aligned_alloc(64, bytes) : NULL;
	if (*part)
		memset(*part, 0, bytes);
	return *part || !wanted ? 0 : -ENOMEM;
}

static int matrix_alloc(struct tile *t, enum tile_kind kind, unsigned int mode)
{
	struct tile_matrix *m = &t->matrix;
	unsigned int cols = kind == TILE_PAIRS ? t->class->outputs : t->class->cols;
	bool var = noisy(t, mode), bent[CELL_BENDS] = { tile_bent_term(t, mode, 0), tile_bent_term(t, mode, 1) };
	size_t bytes = matrix_bytes(t, cols);

	if (m->g && m->cols == cols && m->bytes == bytes && !!m->var == var && !!m->bent[0] == bent[0] && !!m->bent[1] == bent[1])
		return 0;
	matrix_free(m);
	if (matrix_part(&m->g, true, bytes) || matrix_part(&m->var, var, bytes) ||
	    matrix_part(&m->bent[0], bent[0], bytes) || matrix_part(&m->bent[1], bent[1], bytes)) {
		matrix_free(m);
		return -ENOMEM;
	}
	m->bytes = bytes;
	m->cols = cols;
	return 0;
}

/* Noise beyond what the class knows needs a larger unit. */
static float unit_of(const struct tile *t, unsigned int mode)
{
	float most = mode & NMC_MVM_NO_DEFECTS ? 1.0f : tile_fault_noisiest(t), unit = t->class->var_unit;

	for (; most > 1.0f; most *= 0.5f)
		unit *= 4.0f;
	return unit;
}

int tile_snapshot(struct tile *t, enum tile_kind kind, unsigned int mode)
{
	struct tile_matrix *m = &t->matrix;
	int ret = 0;

	mode &= TILE_MODES;
	if (m->kind == kind && m->mode == mode)
		return 0;
	m->kind = TILE_NOTHING;
	if (matrix_alloc(t, kind, mode))
		return -ENOMEM;
	m->kind = kind;
	m->mode = mode;
	m->unit = unit_of(t, mode);
	if (!(t->class->tech->flags & NMC_CLASS_CONVERTERS))
		encode_weights(t);
	else if (t->class->wired && !(mode & NMC_MVM_NO_WIRES))
		ret = fill_wired(t, mode);
	else
		fill(t, mode);
	if (ret)
		m->kind = TILE_NOTHING;
	return ret;
}
