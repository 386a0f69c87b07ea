// SPDX-License-Identifier: MIT
/*
 * Writing and reading cells: program-and-verify, erase, read. Rows go one after another, the cells of a row in
 * parallel, so that time counts the steps of each row's slowest cell.
 */
#include <string.h>
#include "card/cell/gauss.h"
#include "card/tile/tile_priv.h"
#include "hw/nmc_regs.h"

#define READ_ROW_NS	100	/* verify or plain read of one row */
#define READ_CELL_FJ	25	/* converter and array energy of one cell read */
#define STORE_CELL_FJ	10	/* writing a cell that holds its target exactly */
#define ERASE_ROW_NS	10000	/* block RESET of one row and its verify read */
#define ERASE_CELL_FJ	200000
#define ERASE_PULSES	8	/* of one cell, then it is given up */
#define RMS_ONE		1048576.0	/* residual_rms counts in gmax / 2^20 */

static const int16_t *target_row(const void *targets, size_t pitch, unsigned int row)
{
	return (const int16_t *)((const uint8_t *)targets + (size_t)row * pitch);
}

/* Targets of one row of the region; zero without @targets. */
static void take_row(struct tile *t, const struct tile_region *region, const void *targets, size_t pitch,
		     unsigned int row)
{
	size_t cell = (size_t)(region->first_row + row) * t->class->cols + region->first_col;
	size_t bytes = region->cols * sizeof(int16_t);

	if (targets)
		memcpy(t->target + cell, target_row(targets, pitch, row), bytes);
	else
		memset(t->target + cell, 0, bytes);
}

static void take_targets(struct tile *t, const struct tile_region *region, const void *targets, size_t pitch)
{
	unsigned int row;

	for (row = 0; row < region->rows; row++)
		take_row(t, region, targets, pitch, row);
	tile_changed(t);
}

static void spend(struct tile_cost *cost, uint64_t time_ns, uint64_t energy_fj)
{
	cost->time = (struct clock){ .ns = time_ns };
	cost->energy_fj = energy_fj;
}

/* A technology whose cells hold what they are told. */
static void store_exact(const struct tile *t, const struct tile_region *region, struct nmc_isa_report *report,
			struct tile_cost *cost)
{
	uint32_t cells = region->rows * region->cols;

	report->cells = cells;
	report->converged = cells;
	report->pulses = cells;
	report->set_pulses = cells;
	report->pulses_max = 1;
	report->reads = cells;
	report->pulse_hist[0] = cells;
	report->error_hist[0] = cells;
	report->time_ns = (uint64_t)region->rows * t->class->tech->step_ns;
	report->energy_fj = (uint64_t)cells * STORE_CELL_FJ;
	spend(cost, report->time_ns, report->energy_fj);
}

/* Root of the mean squared error in gmax / 2^20. */
static uint32_t rms_of(uint64_t error_sq, uint32_t cells)
{
	double mean = cells ? (double)error_sq / cells : 0.0;

	return (uint32_t)round_half_even(__builtin_sqrt(mean) * (RMS_ONE * 1.25 / 32767.0));
}

/* Cells start from where they have aged to; how far depends on the old target, so it is replaced only then. */
static void program_rows(struct tile *t, const struct tile_region *region, const void *targets, size_t pitch,
			 unsigned int band, unsigned int max_pulses, struct cell_report *sum)
{
	struct cell_program p = {
		.n = region->cols,
		.band = band,
		.max_pulses = max_pulses,
		.device = philox_stream(t->seed, t->physical, PURPOSE_DEVICE, 0),
		.pulse = philox_stream(t->seed, t->physical, PURPOSE_PULSE, t->event),
	};
	unsigned int row;

	for (row = 0; row < region->rows; row++) {
		size_t cell = (size_t)(region->first_row + row) * t->class->cols + region->first_col;
		float line[CELL_LANES];

		tile_row(t, region->first_row + row, line);
		for (p.n = 0; p.n < region->cols; p.n++)
			t->g[cell + p.n] = line[region->first_col + p.n] * (t->class->tech->gmax * CELL_LSB);
		take_row(t, region, targets, pitch, row);
		p.cell = (uint32_t)cell;
		p.target = t->target + cell;
		p.g = t->g + cell;
		t->class->tech->program(&p, sum);
	}
}

int tile_program(struct tile *t, const struct tile_region *region, const void *targets, size_t pitch, unsigned int band,
		 unsigned int max_pulses, struct clock *end, struct nmc_isa_report *report, struct tile_cost *cost)
{
	const struct cell_tech *tech = t->class->tech;
	struct cell_report sum = { 0 };
	int ret;

	memset(report, 0, sizeof(*report));
	if (!tech->program) {
		take_targets(t, region, targets, pitch);
		store_exact(t, region, report, cost);
		clock_add(end, cost->time);
		t->event++;
		return 0;
	}
	ret = tile_reserve_write(t, region);
	if (ret)
		return ret;
	tile_sample(t, *end);
	program_rows(t, region, targets, pitch, band, max_pulses, &sum);
	*report = sum.isa;
	report->time_ns = sum.steps * tech->step_ns + (uint64_t)region->rows * READ_ROW_NS;
	report->energy_fj = sum.energy_fj + report->reads * READ_CELL_FJ;
	report->settle_ns = tech->settle_ns;
	report->residual_rms = rms_of(sum.error_sq, report->cells);
	spend(cost, report->time_ns, report->energy_fj);
	clock_add(end, cost->time);
	tile_add_write(t, region, *end, true);
	t->event++;
	clock_add(end, (struct clock){ .ns = tech->settle_ns });
	tile_sample(t, *end);
	return 0;
}

/* Verifies a cell that got one pulse and gives it more while it needs them; returns how many it got. */
static uint32_t erase_cell(const struct tile *t, const struct philox_stream *s, size_t cell, struct nmc_isa_report *report)
{
	const struct cell_tech *tech = t->class->tech;
	uint32_t pulses = 1;
	bool erased;

	while (t->g[cell] > tech->erased_max && pulses < ERASE_PULSES)
		tech->erased(s, (uint32_t)cell | pulses++ << PHILOX_DRAW_SHIFT, 1, t->g + cell);
	erased = t->g[cell] <= tech->erased_max;
	report->cells++;
	report->converged += erased;
	report->given_up += !erased;
	report->pulses += pulses;
	report->pulse_hist[pulses / 2]++;
	report->error_hist[erased ? 0 : NMC_REPORT_BINS - 1]++;
	return pulses;
}

/* A row lasts as long as its slowest cell; returns the steps of all rows. */
static uint64_t erase_rows(struct tile *t, const struct tile_region *region, struct nmc_isa_report *report)
{
	struct philox_stream s = philox_stream(t->seed, t->physical, PURPOSE_FORMED, t->event);
	uint64_t steps = 0;
	unsigned int row, col;

	for (row = region->first_row; row < region->first_row + region->rows; row++) {
		size_t cell = (size_t)row * t->class->cols + region->first_col;
		uint32_t slowest = 0;

		t->class->tech->erased(&s, (uint32_t)cell, region->cols, t->g + cell);
		for (col = 0; col < region->cols; col++) {
			uint32_t pulses = erase_cell(t, &s, cell + col, report);

			slowest = pulses > slowest ? pulses : slowest;
		}
		report->pulses_max = slowest > report->pulses_max ? slowest : report->pulses_max;
		steps += slowest;
	}
	return steps;
}

int tile_erase(struct tile *t, const struct tile_region *region, struct clock now, struct nmc_isa_report *report,
	       struct tile_cost *cost)
{
	int ret = t->g ? tile_reserve_write(t, region) : 0;

	memset(report, 0, sizeof(*report));
	if (ret)
		return ret;
	take_targets(t, region, NULL, 0);
	if (!t->g) {
		store_exact(t, region, report, cost);
		t->event++;
		return 0;
	}
	tile_add_write(t, region, now, false);
	report->time_ns = erase_rows(t, region, report) * ERASE_ROW_NS;
	report->reset_pulses = report->pulses;
	report->reads = report->pulses;
	report->energy_fj = report->pulses * ERASE_CELL_FJ;
	spend(cost, report->time_ns, report->energy_fj);
	t->event++;
	return 0;
}

static int16_t read_cell(float g, float sigma, float z, bool integer)
{
	float x = round_half_evenf(g + sigma * z);

	if (integer)
		return (int16_t)g;
	return (int16_t)(x < 0.0f ? 0.0f : x > 32767.0f ? 32767.0f : x);
}

void tile_read(struct tile *t, const struct tile_region *region, void *out, size_t pitch, struct tile_cost *cost)
{
	struct philox_stream s = philox_stream(t->seed, t->physical, PURPOSE_READ, t->event++);
	const struct cell_tech *tech = t->class->tech;
	bool integer = !(tech->flags & NMC_CLASS_CONVERTERS);
	unsigned int row, col;
	float line[CELL_LANES];

	for (row = 0; row < region->rows; row++) {
		int16_t *to = (int16_t *)((uint8_t *)out + (size_t)row * pitch);
		unsigned int at = region->first_row + row;

		tile_row(t, at, line);
		for (col = 0; col < region->cols; col++) {
			float g = line[region->first_col + col], sigma = tech->read_sigma ? tech->read_sigma(g) : 0.0f;
			uint32_t r[4];

			philox_draw(&s, at * t->class->cols + region->first_col + col, r);
			to[col] = read_cell(g, sigma, gauss(r[0]), integer);
		}
	}
	spend(cost, (uint64_t)region->rows * READ_ROW_NS, (uint64_t)region->rows * region->cols * READ_CELL_FJ);
}
