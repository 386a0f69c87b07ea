// SPDX-License-Identifier: MIT
/*
 * Writing and reading cells: program-and-verify, erase, read. Rows go one after another, the cells of a row in
 * parallel, so that time counts the steps of each row's slowest cell.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "card/cell/gauss.h"
#include "card/cell/wear.h"
#include "card/tile/disturb.h"
#include "hw/nmc_regs.h"

#define READ_ROW_NS	100	/* plain read of one row */
#define READ_CELL_FJ	25	/* converter and array energy of one cell read */
#define STORE_PULSE_NS	1000.0f	/* the one pulse of a conductance that holds its target exactly */
#define STORE_CELL_FJ	10	/* writing a cell that holds its target exactly */
#define ERASE_PULSES	8	/* of one cell, then it is given up */
#define RMS_ONE		1048576.0	/* residual_rms counts in gmax / 2^20 */

static const int16_t *target_row(const void *targets, size_t pitch, unsigned int row)
{
	return (const int16_t *)((const uint8_t *)targets + (size_t)row * pitch);
}

/* Targets of one row of the region, as far as the technology can reach them; zero without @targets. */
static void take_row(struct tile *t, const struct tile_region *region, const void *targets, size_t pitch,
		     unsigned int row)
{
	const struct cell_tech *tech = t->class->tech;
	int16_t *to = t->target + (size_t)(region->first_row + row) * t->class->cols + region->first_col;

	if (targets)
		memcpy(to, target_row(targets, pitch, row), region->cols * sizeof(*to));
	else
		memset(to, 0, region->cols * sizeof(*to));
	if (tech->low <= 0.0f && tech->high >= tech->deck.gmax && tech->deck.levels < 2)
		return;
	cell_targets(tech, to, region->cols);
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

/* One pulse and its verify read. */
static uint64_t row_ns(const struct cell_tech *tech)
{
	float pulse = tech->deck.pulse.model == DECK_EXACT && tech->deck.gmax > 0.0f ? STORE_PULSE_NS : tech->deck.pulse.up.width_ns;

	return (uint64_t)(pulse + tech->deck.cost.verify_ns);
}

/* Cells of a region whom injected faults keep from holding anything. */
static uint32_t broken_cells(const struct tile *t, const struct tile_region *region)
{
	uint8_t defect[CELL_LANES];
	uint32_t broken = 0;
	unsigned int row, i;

	if (!tile_injected(t) || !(t->class->tech->flags & NMC_CLASS_CONVERTERS))
		return 0;
	for (row = region->first_row; row < region->first_row + region->rows; row++) {
		if (!tile_row_defects(t, row, defect))
			continue;
		for (i = 0; i < region->cols; i++)
			broken += defect[region->first_col + i] != CELL_SOUND;
	}
	return broken;
}

/* A technology whose cells hold what they are told. */
static void store_exact(const struct tile *t, const struct tile_region *region, struct nmc_isa_report *report,
			struct tile_cost *cost)
{
	uint32_t cells = region->rows * region->cols, broken = broken_cells(t, region);

	report->cells = cells;
	report->converged = cells - broken;
	report->given_up = broken;
	report->pulses = cells;
	report->set_pulses = cells;
	report->pulses_max = 1;
	report->reads = cells;
	report->pulse_hist[0] = cells;
	report->error_hist[0] = cells - broken;
	report->error_hist[NMC_REPORT_BINS - 1] += broken;
	report->time_ns = (uint64_t)region->rows * row_ns(t->class->tech);
	report->energy_fj = (uint64_t)cells * STORE_CELL_FJ;
	spend(cost, report->time_ns, report->energy_fj);
}

/* Root of the mean squared error in gmax / 2^20. */
static uint32_t rms_of(uint64_t error_sq, uint32_t cells)
{
	double mean = cells ? (double)error_sq / cells : 0.0;

	return (uint32_t)round_half_even(__builtin_sqrt(mean) * (RMS_ONE * 1.25 / 32767.0));
}

/*
 * Cells that left the factory broken also take part as if they were sound, with a report of no consequence: what they
 * would hold is in @t->g, and products without defects see it. @sound: where they begin.
 */
static void program_sound(struct tile *t, const struct tile_region *region, const uint8_t *defect, const float *sound,
			  const struct cell_program *row)
{
	uint8_t wear[CELL_LANES], none[CELL_LANES] = { CELL_SOUND };
	struct cell_report report = { 0 };
	struct cell_program p = *row;
	uint16_t index[CELL_LANES];
	unsigned int i;

	p.n = 0;
	for (i = 0; i < region->cols; i++) {
		if (!tile_made_broken(defect[region->first_col + i]))
			continue;
		row->g[i] = sound[i];
		index[p.n++] = (uint16_t)i;
	}
	memcpy(wear, row->wear, region->cols);
	p.index = index;
	p.wear = wear;
	p.defect = none;
	p.net = NULL;
	p.after = NULL;
	t->class->tech->kernels->program(&p, &report);
}

/* Where the cells of a row begin: as aged; broken ones as they are, and in @sound as they would be. */
static void begin_row(struct tile *t, const struct tile_region *region, unsigned int row, const uint8_t *defect,
		      struct tile_scratch *scratch, float *sound)
{
	const struct cell_tech *tech = t->class->tech;
	float *g = t->g + (size_t)row * t->class->cols + region->first_col;
	float line[CELL_LANES];
	unsigned int i;

	tile_row(t, row, NMC_MVM_NO_TEMPERATURE | NMC_MVM_NO_DEFECTS, scratch, line);
	for (i = 0; i < region->cols; i++) {
		enum cell_defect what = defect[region->first_col + i];

		sound[i] = line[region->first_col + i] * tech->lsb;
		if (what != CELL_WORN)
			g[i] = tile_made_broken(what) ? tile_stuck_at(tech, what) : sound[i];
	}
}

/**
 * struct row_before - a row before it is programmed
 * @g: as struct tile has it
 * @target: likewise
 * @frozen: likewise
 */
struct row_before {
	float g[CELL_LANES];
	int16_t target[CELL_LANES];
	int16_t frozen[CELL_LANES];
};

static void remember_row(const struct tile *t, size_t cell, unsigned int n, struct row_before *b)
{
	memcpy(b->g, t->g + cell, n * sizeof(*b->g));
	memcpy(b->target, t->target + cell, n * sizeof(*b->target));
	if (t->frozen)
		memcpy(b->frozen, t->frozen + cell, n * sizeof(*b->frozen));
}

/*
 * Verify alone changes nothing: a cell that holds its target without a pulse goes on from its older write, with the
 * relaxation, drift and noise of that. All others belong to the new one.
 */
static void keep_cells(struct tile *t, size_t cell, unsigned int n, const uint8_t *pulsed, const uint8_t *defect,
		       const struct row_before *b)
{
	bool keep = tile_keeps_writes(t);
	unsigned int i;

	for (i = 0; i < n; i++) {
		size_t c = cell + i;

		if (!keep || pulsed[i] || t->target[c] != b->target[i] || !t->writes[t->write[c]].ages ||
		    defect[i] == CELL_WORN) {
			t->write[c] = tile_next_write(t);
			continue;
		}
		t->g[c] = b->g[i];
		if (t->frozen)
			t->frozen[c] = b->frozen[i];
	}
}

/* Writes one row. Cells start from where they have aged to; how far depends on the old target, so it is replaced only then. */
static void program_row(struct tile *t, const struct tile_region *region, unsigned int row, const void *targets, size_t pitch,
			struct cell_program *p, struct tile_scratch *scratch, struct cell_report *sum)
{
	const struct cell_tech *tech = t->class->tech;
	struct philox_stream relax = philox_stream(t->seed, t->physical, PURPOSE_RELAX, t->event);
	size_t cell = (size_t)(region->first_row + row) * t->class->cols + region->first_col;
	uint8_t before[CELL_LANES], defect[CELL_LANES], pulsed[CELL_LANES];
	float sound[CELL_LANES], held[CELL_LANES];
	struct row_before old;
	bool any = tile_row_defects(t, region->first_row + row, before);
	unsigned int i;

	remember_row(t, cell, region->cols, &old);
	begin_row(t, region, region->first_row + row, before, scratch, sound);
	memcpy(defect, before, sizeof(defect));
	take_row(t, region, targets, pitch, row);
	p->cell = (uint32_t)cell;
	p->target = t->target + cell;
	p->g = t->g + cell;
	p->wear = t->wear + cell;
	p->defect = defect + region->first_col;
	p->pulsed = pulsed;
	tech->kernels->program(p, sum);
	if (any)
		program_sound(t, region, before, sound, p);
	memcpy(held, t->g + cell, region->cols * sizeof(*held));
	tech->kernels->settle(tech, &relax, (uint32_t)cell, region->cols, t->target + cell, t->g + cell,
			      t->frozen ? t->frozen + cell : NULL);
	for (i = 0; i < region->cols; i++) {
		unsigned int col = region->first_col + i;

		if (defect[col] != CELL_WORN)
			continue;
		t->g[cell + i] = held[i];
		if (!before[col])
			tile_add_defect(t, (uint32_t)cell + i, defect[col]);
	}
	keep_cells(t, cell, region->cols, pulsed, defect + region->first_col, &old);
}

/* Returns the rows that were written, all of them unless the power went, or -ENOMEM. */
static int program_rows(struct tile *t, const struct tile_region *region, const void *targets, size_t pitch,
			unsigned int band, unsigned int max_pulses, struct cell_report *sum)
{
	struct tile_scratch scratch;
	struct disturb felt;
	struct cell_program p = {
		.tech = t->class->tech,
		.n = region->cols,
		.band = band,
		.max_pulses = max_pulses,
		.device = philox_stream(t->seed, t->physical, PURPOSE_DEVICE, 0),
		.pulse = philox_stream(t->seed, t->physical, PURPOSE_PULSE, t->event),
		.write = philox_stream(t->seed, t->physical, PURPOSE_WRITE, t->event),
		.count = philox_stream(t->seed, t->physical, PURPOSE_WEAR, t->event),
	};
	unsigned int row;

	if (disturb_open(t, region, &felt))
		return -ENOMEM;
	tile_scratch_begin(&scratch);
	for (row = 0; row < region->rows && !(t->cut && __atomic_load_n(t->cut, __ATOMIC_RELAXED)); row++) {
		p.net = felt.net ? felt.net + (size_t)row * region->cols : NULL;
		p.after = felt.net ? felt.after + (size_t)row * region->cols : NULL;
		if (felt.net)
			disturb_before(t, &felt, row);
		program_row(t, region, row, targets, pitch, &p, &scratch, sum);
		if (felt.net)
			felt.row[row] = p.row;
	}
	disturb_close(t, &felt, row);
	return (int)row;
}

static uint64_t seconds_ns(float s)
{
	return (uint64_t)((double)s * 1e9);
}

int tile_program(struct tile *t, const struct tile_region *region, const void *targets, size_t pitch, unsigned int band,
		 unsigned int max_pulses, struct clock *end, struct nmc_isa_report *report, struct tile_cost *cost)
{
	const struct cell_tech *tech = t->class->tech;
	struct cell_report sum = { 0 };
	int ret;

	memset(report, 0, sizeof(*report));
	if (tech->exact) {
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
	ret = program_rows(t, region, targets, pitch, band, max_pulses, &sum);
	if (ret < 0)
		return ret;
	*report = sum.isa;
	report->time_ns = sum.time_ns + (uint64_t)((float)ret * tech->deck.cost.verify_ns);
	report->energy_fj = sum.energy_fj + (uint64_t)((double)report->reads * tech->deck.cost.read_cell_fj);
	report->settle_ns = seconds_ns(tech->deck.program.settle_s);
	report->residual_rms = rms_of(sum.error_sq, report->cells);
	spend(cost, report->time_ns, report->energy_fj);
	clock_add(end, cost->time);
	if (ret)
		tile_end_write(t, region, *end);
	t->event++;
	if ((unsigned int)ret < region->rows)
		return -EINTR;
	clock_add(end, (struct clock){ .ns = report->settle_ns });
	tile_sample(t, *end);
	return 0;
}

/* An erased cell reads no more than this: where erased states end, and five times the noise of a verify read. */
static float erased_most(const struct deck *d)
{
	return d->erased_mean + 2.0f * d->erased_sigma + 5.0f * d->program.verify_noise;
}

/* Erase pulses wear as others do. */
static void wear_cell(struct tile *t, size_t cell, uint32_t pulses)
{
	struct philox_stream s = philox_stream(t->seed, t->physical, PURPOSE_WEAR, t->event);
	uint32_t r[4] = { 0 };

	if (wear_pulses(t->wear[cell]) + pulses > WEAR_EXACT)
		philox_draw(&s, (uint32_t)cell, r);
	t->wear[cell] = wear_add(t->wear[cell], pulses, r[0]);
}

/* Verifies a cell that got one pulse and gives it more while it needs them; returns how many it got. */
static uint32_t erase_cell(struct tile *t, const struct philox_stream *s, size_t cell, struct nmc_isa_report *report)
{
	const struct cell_tech *tech = t->class->tech;
	float most = erased_most(&tech->deck), *g = t->g + cell;
	uint32_t pulses = 1;
	bool erased;

	for (; *g > most && pulses < ERASE_PULSES; pulses++)
		tech->kernels->erased(tech, s, (uint32_t)cell, 1, pulses, g);
	erased = *g <= most;
	wear_cell(t, cell, pulses);
	report->cells++;
	report->converged += erased;
	report->given_up += !erased;
	report->pulses += pulses;
	report->pulse_hist[pulses / 2]++;
	report->error_hist[erased ? 0 : NMC_REPORT_BINS - 1]++;
	return pulses;
}

/* A row lasts as long as its slowest cell; cells that are known to be broken get one pulse. Returns its steps, and those of each cell. */
static uint32_t erase_row(struct tile *t, const struct tile_region *region, unsigned int row, const struct philox_stream *s,
			  struct nmc_isa_report *report, uint32_t *steps)
{
	size_t first = (size_t)row * t->class->cols + region->first_col;
	uint8_t defect[CELL_LANES];
	float held[CELL_LANES];
	uint32_t slowest = 0;
	unsigned int i;

	tile_row_defects(t, row, defect);
	memcpy(held, t->g + first, region->cols * sizeof(*held));
	t->class->tech->kernels->erased(t->class->tech, s, (uint32_t)first, region->cols, 0, t->g + first);
	for (i = 0; i < region->cols; i++) {
		uint32_t pulses = 0;

		steps[i] = 1;
		if (defect[region->first_col + i])
			wear_cell(t, first + i, 1);
		if (defect[region->first_col + i] == CELL_WORN)
			t->g[first + i] = held[i];
		else if (!defect[region->first_col + i])
			pulses = steps[i] = erase_cell(t, s, first + i, report);
		slowest = pulses > slowest ? pulses : slowest;
	}
	return slowest;
}

/* Erase pulses are RESET pulses, which a row gives to its cells in parallel. */
static void note_erase(struct disturb *d, unsigned int row, const uint32_t *steps)
{
	size_t at = (size_t)row * d->region.cols;
	uint32_t slowest = 0;
	unsigned int i;

	if (!d->net)
		return;
	for (i = 0; i < d->region.cols; i++)
		slowest = steps[i] > slowest ? steps[i] : slowest;
	d->row[row] = -(int32_t)slowest;
	for (i = 0; i < d->region.cols; i++) {
		d->net[at + i] = -(int32_t)steps[i];
		d->after[at + i] = (int32_t)steps[i] - (int32_t)slowest;
	}
}

int tile_erase(struct tile *t, const struct tile_region *region, struct clock now, struct nmc_isa_report *report,
	       struct tile_cost *cost)
{
	struct philox_stream s = philox_stream(t->seed, t->physical, PURPOSE_FORMED, t->event);
	int ret = t->g ? tile_reserve_write(t, region) : 0;
	const struct deck_cost *c = &t->class->tech->deck.cost;
	uint32_t steps[CELL_LANES];
	struct disturb felt;
	uint64_t rounds = 0;
	unsigned int row;

	memset(report, 0, sizeof(*report));
	if (!ret && t->g)
		ret = disturb_open(t, region, &felt);
	if (ret)
		return ret;
	take_targets(t, region, NULL, 0);
	if (!t->g) {
		store_exact(t, region, report, cost);
		t->event++;
		return 0;
	}
	tile_erased(t, region, now);
	for (row = 0; row < region->rows; row++) {
		uint32_t slowest = erase_row(t, region, region->first_row + row, &s, report, steps);

		note_erase(&felt, row, steps);
		report->pulses_max = slowest > report->pulses_max ? slowest : report->pulses_max;
		rounds += slowest;
	}
	disturb_close(t, &felt, region->rows);
	report->time_ns = (uint64_t)((double)rounds * (double)c->erase_row_ns);
	report->reset_pulses = report->pulses;
	report->reads = report->pulses;
	report->energy_fj = (uint64_t)((double)report->pulses * (double)c->erase_cell_fj);
	spend(cost, report->time_ns, report->energy_fj);
	t->event++;
	return 0;
}

static int16_t read_cell(float g, float sigma, float z)
{
	float x = g + sigma * z;

	return (int16_t)round_half_evenf(x < 0.0f ? 0.0f : x > 32767.0f ? 32767.0f : x);
}

static void read_row(const struct tile *t, unsigned int row, const struct tile_region *region, const struct philox_stream *s,
		     struct tile_scratch *scratch, int16_t *to)
{
	bool noisy = t->class->tech->flags & NMC_CLASS_READ_NOISE;
	float g[CELL_LANES], var[CELL_LANES];
	unsigned int i;

	tile_row(t, row, 0, scratch, g);
	if (noisy)
		tile_row_noise(t, row, NMC_MVM_CELL_NOISE, g, var);
	for (i = 0; i < region->cols; i++) {
		unsigned int col = region->first_col + i;
		uint32_t r[4];

		philox_draw(s, row * t->class->cols + col, r);
		to[i] = read_cell(g[col], noisy ? __builtin_sqrtf(var[col]) : 0.0f, gauss(r[0]));
	}
}

void tile_read(struct tile *t, const struct tile_region *region, void *out, size_t pitch, struct tile_cost *cost)
{
	struct philox_stream s = philox_stream(t->seed, t->physical, PURPOSE_READ, t->event++);
	const struct cell_tech *tech = t->class->tech;
	struct tile_scratch scratch;
	unsigned int row;

	tile_scratch_begin(&scratch);
	for (row = 0; row < region->rows; row++) {
		int16_t *to = (int16_t *)((uint8_t *)out + (size_t)row * pitch);
		unsigned int at = region->first_row + row;

		if (tech->flags & NMC_CLASS_CONVERTERS)
			read_row(t, at, region, &s, &scratch, to);
		else
			memcpy(to, t->target + (size_t)at * t->class->cols + region->first_col, region->cols * 2);
	}
	spend(cost, (uint64_t)region->rows * READ_ROW_NS, (uint64_t)region->rows * region->cols * READ_CELL_FJ);
}
