// SPDX-License-Identifier: MIT
/*
 * Injected faults: rules that say which cells of a tile are broken, drift or are noisy, and which outputs are. A share of the
 * cells is a draw a cell, made again whenever a row is looked at, so that faults take no memory from the cells.
 */
#include "card/tile/tile_priv.h"

void tile_set_faults(struct tile *t, const struct tile_faults *faults)
{
	t->faults = faults;
	tile_changed(t);
}

/* The next rule of a kind for this tile from @from on; NULL beyond the last. */
static const struct tile_fault *next(const struct tile *t, enum tile_fault_kind kind, unsigned int from)
{
	const struct tile_fault *f;

	for (; t->faults && from < t->faults->count; from++) {
		f = &t->faults->fault[from];
		if (f->kind == kind && (f->tile == TILE_FAULT_ALL || f->tile == t->physical))
			return f;
	}
	return NULL;
}

#define for_each_fault(f, t, kind) \
	for ((f) = next(t, kind, 0); (f); (f) = next(t, kind, (unsigned int)((f) - (t)->faults->fault) + 1))

/* The next column of a row, from @col on, that a rule hits; the number of columns beyond the last. */
static unsigned int hit(const struct tile *t, const struct tile_fault *f, unsigned int row, unsigned int col)
{
	const struct philox_stream s = philox_stream(f->seed, t->physical, PURPOSE_FAULT, 0);
	unsigned int cols = t->class->cols;
	uint32_t r[4];

	if (f->cell != TILE_FAULT_ALL)
		return f->cell / cols == row && f->cell % cols >= col ? f->cell % cols : cols;
	for (; col < cols; col++) {
		philox_draw(&s, row * cols + col, r);
		if (r[0] < f->below)
			break;
	}
	return col;
}

#define for_each_hit(col, t, f, row) \
	for ((col) = hit(t, f, row, 0); (col) < (t)->class->cols; (col) = hit(t, f, row, (col) + 1))

bool tile_fault_cells(const struct tile *t, unsigned int row, uint8_t *defect)
{
	const struct tile_fault *f;
	bool any = false;
	unsigned int col;

	for_each_fault(f, t, TILE_FAULT_CELLS) {
		for_each_hit(col, t, f, row) {
			defect[col] = f->defect;
			any = true;
		}
	}
	return any;
}

bool tile_fault_drift(const struct tile *t, unsigned int row, const int16_t *own, float *extra)
{
	const struct tile_fault *f;
	bool any = false;
	unsigned int col;

	for_each_fault(f, t, TILE_FAULT_DRIFT) {
		for (col = 0; !any && col < t->class->cols; col++)
			extra[col] = 0.0f;
		for_each_hit(col, t, f, row) {
			float nu = own ? (float)own[col] * (1.0f / CELL_EXPONENT) : 0.0f;

			extra[col] += (f->factor - 1.0f) * nu + f->offset;
		}
		any = true;
	}
	return any;
}

bool tile_fault_noise(const struct tile *t, unsigned int row, float *factor)
{
	const struct tile_fault *f;
	bool any = false;
	unsigned int col;

	for_each_fault(f, t, TILE_FAULT_NOISE) {
		for (col = 0; !any && col < t->class->cols; col++)
			factor[col] = 1.0f;
		for_each_hit(col, t, f, row)
			factor[col] *= f->factor;
		any = true;
	}
	return any;
}

bool tile_fault_column(const struct tile *t, unsigned int output, int32_t *code)
{
	const struct tile_fault *f;
	bool any = false;

	for_each_fault(f, t, TILE_FAULT_COLUMN) {
		if (f->cell != output)
			continue;
		*code = f->code;
		any = true;
	}
	return any;
}

float tile_fault_noisiest(const struct tile *t)
{
	const struct tile_fault *f;
	float most = 1.0f;

	for_each_fault(f, t, TILE_FAULT_NOISE)
		most *= f->factor > 1.0f ? f->factor : 1.0f;
	return most > 16.0f ? 16.0f : most;
}
