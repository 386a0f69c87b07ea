// SPDX-License-Identifier: MIT
/*
 * Scrub: rows of a tile read twice to find out how far their cells are from their targets. The converter of the scrub is
 * signed, so that noise averages out at the bottom of the range, too.
 */
#include "card/cell/gauss.h"
#include "card/cell/wear.h"
#include "card/tile/tile_priv.h"
#include "hw/nmc_regs.h"

/* Cells that hold a target, not what an erase left. */
static bool programmed(const struct tile *t, size_t cell)
{
	return !t->g || t->writes[t->write[cell]].ages;
}

static void first_cell(const struct tile *t, size_t cell, struct tile_scrub *s)
{
	struct cell_age age;

	if (!t->g)
		return;
	s->age = t->writes[t->write[cell]].age;
	cell_age_at(t->class->tech, s->age, &age);
	s->decay = age.decay;
}

static void add_cell(struct tile_scrub *s, float a, float b, float target)
{
	float mean = 0.5f * (a + b), off = mean < target ? target - mean : mean - target;

	s->cells++;
	s->square += (double)(a - target) * (double)(b - target);
	s->sum += (double)mean;
	s->target += (double)target;
	s->most = off > s->most ? off : s->most;
}

void tile_scrub(const struct tile *t, unsigned int row, uint64_t event, struct tile_scrub *s)
{
	struct philox_stream stream = philox_stream(t->seed, t->physical, PURPOSE_SCRUB, event);
	bool noisy = t->class->tech->flags & NMC_CLASS_READ_NOISE;
	struct tile_scratch scratch;
	size_t first = (size_t)row * t->class->cols;
	float g[CELL_LANES], var[CELL_LANES];
	unsigned int col;

	*s = (struct tile_scrub){ 0 };
	for (col = 0; col < t->class->cols && !programmed(t, first + col); col++)
		;
	if (col == t->class->cols)
		return;
	first_cell(t, first + col, s);
	tile_scratch_begin(&scratch);
	tile_row(t, row, 0, &scratch, g);
	if (noisy)
		tile_row_noise(t, row, NMC_MVM_CELL_NOISE, g, var);
	for (; col < t->class->cols; col++) {
		float sigma = noisy ? __builtin_sqrtf(var[col]) : 0.0f;
		uint32_t r[4];

		if (!programmed(t, first + col))
			continue;
		philox_draw(&stream, (uint32_t)(first + col), r);
		add_cell(s, round_half_evenf(g[col] + sigma * gauss(r[0])), round_half_evenf(g[col] + sigma * gauss(r[1])),
			 (float)t->target[first + col]);
	}
}

uint64_t tile_wear(const struct tile *t, const struct tile_region *region)
{
	unsigned int row, col;
	uint8_t most = 0;

	for (row = region->first_row; t->wear && row < region->first_row + region->rows; row++) {
		const uint8_t *wear = t->wear + (size_t)row * t->class->cols + region->first_col;

		for (col = 0; col < region->cols; col++)
			most = wear[col] > most ? wear[col] : most;
	}
	return wear_pulses(most);
}

unsigned int tile_defects(const struct tile *t)
{
	return t->defect_count;
}
