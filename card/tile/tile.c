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

/* Largest variance of the difference of two cells, LSB squared: at the top of the range, the largest Q, as old as can be. */
static float most_variance(const struct cell_tech *tech)
{
	uint32_t decade;
	float fast = cell_read_at(tech, cell_age_grid(UINT64_MAX), &decade).fast, most = 0.0f;
	unsigned int i;

	for (i = 0; i < CELL_TABLE; i++) {
		float white = tech->tables->white[i], pink = tech->tables->pink[i] * fast, var;

		pink *= tech->deck.read.pink_relative ? (float)(i << CELL_TABLE_SHIFT) : 1.0f;
		var = white * white + pink * pink;
		most = var > most ? var : most;
	}
	return 2.0f * most;
}

_Static_assert((int)DECK_FIRST == WIRE_FIRST && (int)DECK_LAST == WIRE_LAST && (int)DECK_BOTH == WIRE_BOTH, "one meaning");

static void describe_wires(struct tile_class *class)
{
	const struct deck_wires *w = &class->tech->deck.wires;

	class->wire = (struct wire){
		.row_ohm = w->row_ohm, .col_ohm = w->col_ohm, .row_end_ohm = w->row_end_ohm, .col_end_ohm = w->col_end_ohm,
		.driven = (enum wire_ends)w->driven, .read = (enum wire_ends)w->read,
	};
	class->wired = w->row_ohm > 0.0f || w->col_ohm > 0.0f || w->row_end_ohm > 0.0f || w->col_end_ohm > 0.0f;
}

void tile_class_init(struct tile_class *class, const struct cell_tech *tech, uint16_t rows, uint16_t cols, bool plain_c)
{
	*class = (struct tile_class){
		.tech = tech,
		.product = product_select(plain_c),
		.wires = wire_select(plain_c),
		.rows = rows,
		.cols = cols,
		.outputs = tech->flags & NMC_CLASS_DIFFERENTIAL ? cols / 2 : cols,
		.var_unit = 1.0f,
		.sigma_unit = 1.0f / 1024.0f,
	};
	describe_wires(class);
	if (!(tech->flags & NMC_CLASS_READ_NOISE))
		return;
	tile_class_moments(class);
	while (class->var_unit * PRODUCT_VAR < most_variance(tech))
		class->var_unit *= 2.0f;
	while (class->sigma_unit * 32767.0f < __builtin_sqrtf(0.5f * most_variance(tech)))
		class->sigma_unit *= 2.0f;
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
	const struct cell_tech *tech = t->class->tech;
	struct philox_stream s = philox_stream(t->seed, t->physical, PURPOSE_FORMED, 0);
	unsigned int row, cols = t->class->cols;

	for (row = 0; row < t->class->rows; row++)
		tech->kernels->erased(tech, &s, row * cols, cols, 0, t->g + (size_t)row * cols);
}

/* State beyond the target. */
static int make_cells(struct tile *t)
{
	const size_t line = 64, bytes = tile_cells(t) * sizeof(*t->g);
	bool frozen = t->class->tech->ageing != CELL_STILL;

	/* Vectors of it do not lie across lines of the processor's cache. */
	t->g = aligned_alloc(line, (bytes + line - 1) / line * line);
	t->frozen = frozen ? calloc(tile_cells(t), sizeof(*t->frozen)) : NULL;
	t->wear = calloc(tile_cells(t), sizeof(*t->wear));
	t->write = calloc(tile_cells(t), sizeof(*t->write));
	t->writes = calloc(1, sizeof(*t->writes));
	if (!t->g || (frozen && !t->frozen) || !t->wear || !t->write || !t->writes)
		return -ENOMEM;
	t->write_count = 1;
	t->write_room = 1;
	form(t);
	return tile_make_defects(t);
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
	t->kelvin = class->tech->deck.thermal.reference_k;
	t->target = calloc(tile_cells(t), sizeof(*t->target));
	if (!t->target || (!class->tech->exact && make_cells(t))) {
		tile_destroy(t);
		return NULL;
	}
	return t;
}

void tile_destroy(struct tile *t)
{
	if (!t)
		return;
	free(t->target);
	free(t->g);
	free(t->frozen);
	free(t->wear);
	free(t->write);
	free(t->writes);
	free(t->defects);
	free(t->matrix.g);
	free(t->matrix.var);
	free(t->matrix.bent[0]);
	free(t->matrix.bent[1]);
	free(t);
}

size_t tile_bytes(const struct tile *t)
{
	size_t cell = sizeof(*t->target);

	if (t->g)
		cell += sizeof(*t->g) + sizeof(*t->wear) + sizeof(*t->write) + (t->frozen ? sizeof(*t->frozen) : 0);
	return sizeof(*t) + tile_cells(t) * cell + t->write_room * sizeof(*t->writes) +
	       t->defect_room * sizeof(*t->defects) +
	       t->matrix.bytes * (1u + !!t->matrix.var + !!t->matrix.bent[0] + !!t->matrix.bent[1]);
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
	t->matrix.kind = TILE_NOTHING;
}

void tile_set_power(struct tile *t, const int *cut)
{
	t->cut = cut;
}

void tile_temperature(struct tile *t, float kelvin)
{
	if (t->kelvin == kelvin)
		return;
	t->kelvin = kelvin;
	tile_changed(t);
}

static int age_of(const struct tile *t, uint64_t at_ns)
{
	return cell_age_grid(t->now.ns > at_ns ? t->now.ns - at_ns : 0);
}

void tile_sample(struct tile *t, struct clock now)
{
	unsigned int i;

	t->now = now;
	for (i = 0; i < t->write_count; i++) {
		struct tile_write *w = &t->writes[i];
		int age = w->ages ? age_of(t, w->at_ns) : 0;

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
	unsigned int room, most = tile_max_writes(t) + whole_tile(t, region);
	struct tile_write *more;

	if (t->write_count > 1 && (t->write_count == t->write_room || t->write_count >= most))
		forget_writes(t);
	if (t->write_count >= most)	/* there may be room for more: a whole write may take one */
		return -ENOSPC;
	if (t->write_count < t->write_room)
		return 0;
	room = t->write_room * 2 < most ? t->write_room * 2 : most;
	more = realloc(t->writes, room * sizeof(*more));
	if (!more)
		return -ENOMEM;
	t->writes = more;
	t->write_room = room;
	return 0;
}

/* Makes the last write that of all cells. */
static void forget_others(struct tile *t)
{
	t->writes[0] = t->writes[t->write_count - 1];
	t->write_count = 1;
	memset(t->write, 0, tile_cells(t) * sizeof(*t->write));
}

void tile_end_write(struct tile *t, const struct tile_region *region, struct clock at)
{
	t->writes[t->write_count++] = (struct tile_write){ .event = t->event, .at_ns = at.ns, .ages = true };
	if (whole_tile(t, region))
		forget_writes(t);
	/* One more than a tile can remember: a whole one that keeps nothing, and that the power left before its end. */
	if (t->write_count > tile_max_writes(t))
		forget_others(t);
	tile_changed(t);
}

void tile_erased(struct tile *t, const struct tile_region *region, struct clock at)
{
	unsigned int row;

	for (row = region->first_row; row < region->first_row + region->rows; row++) {
		uint16_t *write = t->write + (size_t)row * t->class->cols + region->first_col;
		unsigned int col;

		for (col = 0; col < region->cols; col++)
			write[col] = tile_next_write(t);
	}
	t->writes[t->write_count++] = (struct tile_write){ .event = t->event, .at_ns = at.ns };
	if (whole_tile(t, region))
		forget_others(t);
	tile_changed(t);
}

static void fill_target(const struct tile *t, size_t cell, unsigned int n, float *out)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		out[i] = t->target[cell + i];
}

/* Cells of one row that share one write. */
static void run_of_cells(const struct tile *t, size_t cell, unsigned int n, unsigned int mode, struct tile_scratch *scratch,
			 float *out)
{
	const struct cell_tech *tech = t->class->tech;
	const struct tile_write *w = &t->writes[t->write[cell]];
	struct philox_stream device = philox_stream(t->seed, t->physical, PURPOSE_DEVICE, 0);
	int grid = mode & NMC_MVM_NO_AGEING ? 0 : w->age;
	const int16_t *frozen = t->frozen ? t->frozen + cell : NULL;
	static const int16_t none[CELL_LANES];
	float exact[CELL_LANES];
	const float *g = t->g + cell;
	unsigned int i;

	if (mode & NMC_MVM_NO_SPREAD && w->ages) {
		for (i = 0; i < n; i++)
			exact[i] = (float)t->target[cell + i] * tech->lsb;
		g = exact;
		frozen = tech->ageing == CELL_RELAXES ? none : frozen;
	}
	if (!w->ages) {
		for (i = 0; i < n; i++)
			out[i] = g[i] * tech->per_lsb;
		return;
	}
	scratch->aged += n;
	tech->kernels->age(tech, tile_age(tech, scratch, grid), &device, (uint32_t)cell, n, t->target + cell, g, frozen, out);
}

static bool known(const uint16_t *list, unsigned int n, uint16_t write)
{
	while (n--)
		if (list[n] == write)
			return true;
	return false;
}

/* Cells of a row that several writes share, as passes leave them: all from the first to the last of a write go together. */
static void row_of_writes(const struct tile *t, size_t cell, unsigned int mode, struct tile_scratch *scratch, float *out)
{
	const struct cell_kernels *k = t->class->tech->kernels;
	const uint16_t *write = t->write + cell;
	unsigned int cols = t->class->cols, left = cols, col = 0, n = 0;
	uint16_t done[CELL_LANES];
	float line[CELL_LANES];

	while (left) {
		unsigned int end = cols;

		while (known(done, n, write[col]))
			col++;
		while (write[end - 1] != write[col])
			end--;
		run_of_cells(t, cell + col, end - col, mode, scratch, line);
		left -= k->pick(end - col, write + col, write[col], line, out + col);
		done[n++] = write[col];
	}
}

/* Broken cells hold what they hold, whatever was written; worn ones are stuck where they were. */
static void apply_defects(const struct tile *t, unsigned int row, float *out)
{
	const struct cell_tech *tech = t->class->tech;
	uint8_t defect[CELL_LANES];
	unsigned int col;

	if ((!t->defect_count && !tile_injected(t)) || !tile_row_defects(t, row, defect))
		return;
	for (col = 0; col < t->class->cols; col++) {
		if (tile_made_broken(defect[col]))
			out[col] = tile_stuck_at(tech, defect[col]) * tech->per_lsb;
		else if (defect[col] == CELL_WORN)
			out[col] = t->g[(size_t)row * t->class->cols + col] * tech->per_lsb;
	}
}

/* Injected drift comes on top of what the technology does: a power law of its own. */
static void apply_drift(const struct tile *t, unsigned int row, unsigned int mode, struct tile_scratch *scratch, float *out)
{
	bool drifts = t->class->tech->ageing == CELL_DRIFTS;
	size_t cell = (size_t)row * t->class->cols;
	float extra[CELL_LANES];
	unsigned int col;

	if (!tile_injected(t) || mode & NMC_MVM_NO_AGEING || !tile_fault_drift(t, row, drifts ? t->frozen + cell : NULL, extra))
		return;
	for (col = 0; col < t->class->cols; col++) {
		const struct tile_write *w = &t->writes[t->write[cell + col]];

		if (extra[col] == 0.0f || !w->ages)
			continue;
		out[col] *= exp_poly(-tile_age(t->class->tech, scratch, w->age)->decay * extra[col]);
	}
}

void tile_row(const struct tile *t, unsigned int row, unsigned int mode, struct tile_scratch *scratch, float *out)
{
	const struct deck_thermal *heat = &t->class->tech->deck.thermal;
	unsigned int cols = t->class->cols, col;
	size_t cell = (size_t)row * cols;

	if (!t->g) {
		fill_target(t, cell, cols, out);
		if (t->class->tech->flags & NMC_CLASS_CONVERTERS && !(mode & NMC_MVM_NO_DEFECTS))
			apply_defects(t, row, out);
		return;
	}
	if (t->write_count == 1)
		run_of_cells(t, cell, cols, mode, scratch, out);
	else
		row_of_writes(t, cell, mode, scratch, out);
	if (!(mode & NMC_MVM_NO_DEFECTS)) {
		apply_drift(t, row, mode, scratch, out);
		apply_defects(t, row, out);
	}
	if (t->kelvin != heat->reference_k && heat->coefficient != 0.0f && !(mode & NMC_MVM_NO_TEMPERATURE)) {
		float factor = 1.0f + heat->coefficient * (t->kelvin - heat->reference_k);

		for (col = 0; col < cols; col++)
			out[col] *= factor < 0.0f ? 0.0f : factor;
	}
}

void tile_oracle(const struct tile *t, float *g, float *target)
{
	float unit = t->class->tech->flags & NMC_CLASS_CONVERTERS ? t->class->tech->lsb : 1.0f;
	struct tile_scratch scratch;
	unsigned int row, col, cols = t->class->cols;
	float line[CELL_LANES];

	tile_scratch_begin(&scratch);
	for (row = 0; row < t->class->rows; row++) {
		size_t cell = (size_t)row * cols;

		tile_row(t, row, 0, &scratch, line);
		for (col = 0; col < cols; col++) {
			if (g)
				g[cell + col] = line[col] * unit;
			if (target)
				target[cell + col] = (float)t->target[cell + col] * unit;
		}
	}
}
