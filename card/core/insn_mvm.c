// SPDX-License-Identifier: MIT
/*
 * MVM and MVM_T: checks of a whole batch, then the product, its vectors shared among host threads. Vector i of a batch
 * carries the tile's event number plus i whoever computes it, so that sharing never changes a bit.
 */
#include "card/core/job.h"
#include "card/core/pool.h"
#include "card/core/tiles.h"
#include "card/core/vector.h"

#define WHAT_IF		(NMC_MVM_NO_CONVERTER_ERROR | (TILE_MODES & ~NMC_MVM_NO_READ_NOISE))
#define SEGMENT		16384u		/* vectors between two looks at the stop flag */
#define PART_MACS	400000u		/* least work that is worth handing to another thread */

/**
 * struct mvm_work - a checked product
 * @m: the instruction
 * @physical: physical tile
 * @class: its class
 * @in: input vectors
 * @out: output vectors
 * @columns: conversions, NULL without converters
 * @tile: cells
 * @product: the batch as card/tile takes it
 * @part: vectors one thread takes at a time
 * @clips: counted by all threads
 * @saturations: counted by all threads
 */
struct mvm_work {
	const struct nmc_isa_mvm *m;
	uint32_t physical;
	const struct card_class *class;
	struct rows in;
	struct rows out;
	const struct nmc_isa_column *columns;
	struct tile *tile;
	struct tile_mvm product;
	unsigned int part;
	uint64_t clips;
	uint64_t saturations;
};

static bool backward(const struct nmc_isa_mvm *m)
{
	return m->c.opcode == NMC_OP_MVM_T;
}

static unsigned int inputs(const struct nmc_isa_mvm *m)
{
	return backward(m) ? m->cols : m->rows;
}

static unsigned int results(const struct nmc_isa_mvm *m)
{
	return backward(m) ? m->rows : m->cols;
}

/* Flags that columns of a class can have, in a stream of the version it declares. */
static uint8_t column_flags(const struct job *j, const struct nmc_tile_class *class)
{
	return (class->flags & NMC_CLASS_DIFFERENTIAL ? NMC_COLUMN_PAIR_AFTER_ADC : 0) |
	       (j->minor >= 1 ? NMC_COLUMN_SOURCE : 0) |
	       (j->minor >= 2 && !(class->flags & NMC_CLASS_DIFFERENTIAL) ? NMC_COLUMN_REFERENCE : 0);
}

static bool unasked(const struct nmc_isa_column *c)
{
	return (c->source && !(c->flags & NMC_COLUMN_SOURCE)) || (c->reference && !(c->flags & NMC_COLUMN_REFERENCE));
}

static int check_columns(struct job *j, const struct mvm_work *w)
{
	const struct nmc_tile_class *class = &w->class->described;
	const uint8_t known = backward(w->m) ? 0 : column_flags(j, class);
	bool taken[CELL_LANES] = { false };
	unsigned int i, output;

	for (i = 0; i < results(w->m); i++) {
		const struct nmc_isa_column *c = &w->columns[i];
		uint64_t at = w->m->columns + i * sizeof(*c);

		if (c->flags & ~known || c->reserved0 || unasked(c))
			return job_fault(j, NMC_FAULT_RESERVED, w->m->tile, at);
		if (c->adc_shift > 47 || c->scale_shift > 31)
			return job_fault(j, NMC_FAULT_OPERAND, w->m->tile, at);
		if (backward(w->m))
			continue;
		output = tile_column_output(c, w->m->first_col, i);
		if (output >= class->outputs || c->reference >= class->outputs)
			return job_fault(j, NMC_FAULT_TILE_BOUNDS, w->m->tile, at);
		if (taken[output] || (c->flags & NMC_COLUMN_REFERENCE && c->reference == output))
			return job_fault(j, NMC_FAULT_OPERAND, w->m->tile, at);
		taken[output] = true;
	}
	return 0;
}

static int check_converters(struct job *j, struct mvm_work *w)
{
	const struct nmc_isa_mvm *m = w->m;
	const struct nmc_tile_class *class = &w->class->described;
	struct rows columns;

	if (!(class->flags & NMC_CLASS_CONVERTERS))
		return m->adc_bits || m->columns ? job_fault(j, NMC_FAULT_RESERVED, m->tile, m->columns) : 0;
	if (m->adc_bits < class->adc_bits_min || m->adc_bits > class->adc_bits_max)
		return job_fault(j, NMC_FAULT_OPERAND, m->tile, m->adc_bits);
	if (job_region(j, m->columns, (uint64_t)results(m) * sizeof(struct nmc_isa_column), 8, &columns))
		return -1;
	if (!rows_apart(&columns, &w->out))
		return job_fault(j, NMC_FAULT_OPERAND, m->tile, m->columns);
	w->columns = (const struct nmc_isa_column *)columns.first;
	return check_columns(j, w);
}

/* The converters of inputs take codes of dac_bits, symmetric around zero. */
static int check_codes(struct job *j, const struct mvm_work *w)
{
	const int limit = (1 << (w->class->described.dac_bits - 1)) - 1;
	uint64_t v;

	if (w->in.pitch == w->in.bytes && !j->vector->exceeds((const int8_t *)w->in.first, w->in.count * w->in.bytes, limit))
		return 0;
	for (v = 0; v < w->in.count; v++) {
		if (j->vector->exceeds((const int8_t *)w->in.first + v * w->in.pitch, w->in.bytes, limit))
			return job_fault(j, NMC_FAULT_OPERAND, w->m->tile, w->in.addr + v * w->in.pitch);
	}
	return 0;
}

static int check_mvm(struct job *j, struct mvm_work *w)
{
	const struct nmc_isa_mvm *m = w->m;

	if (m->c.flags & ~(NMC_MVM_ACCUMULATE | NMC_MVM_NO_READ_NOISE | WHAT_IF) || m->reserved0 ||
	    (m->c.flags & NMC_MVM_NO_IV && j->minor < 1))
		return job_fault(j, NMC_FAULT_RESERVED, 0, m->c.flags);
	if (job_reserved(j, m->reserved, sizeof(m->reserved)))
		return -1;
	if (job_find_tile(j, m->set, m->tile, &w->physical))
		return -1;
	w->class = tiles_class(j->card, w->physical);
	if (m->c.flags & WHAT_IF && !(w->class->described.flags & NMC_CLASS_WHAT_IF))
		return job_fault(j, NMC_FAULT_RESERVED, m->tile, m->c.flags);
	if (!m->rows || !m->cols)
		return job_fault(j, NMC_FAULT_OPERAND, m->tile, 0);
	if (m->first_row + m->rows > w->class->described.rows)
		return job_fault(j, NMC_FAULT_TILE_BOUNDS, m->tile, m->first_row + m->rows);
	if (m->first_col + m->cols > w->class->described.outputs)
		return job_fault(j, NMC_FAULT_TILE_BOUNDS, m->tile, m->first_col + m->cols);
	if (job_source(j, &m->in, m->vectors, inputs(m), 1, &w->in) ||
	    job_destination(j, &m->out, m->vectors, 4ull * results(m), 4, &w->out))
		return -1;
	if (!rows_apart(&w->in, &w->out))
		return job_fault(j, NMC_FAULT_OPERAND, m->tile, w->out.addr);
	if (check_converters(j, w) || check_codes(j, w))
		return -1;
	if (tiles_failed(j->card, w->physical))
		return job_fault(j, NMC_FAULT_TILE_FAILED, m->tile, w->physical);
	if (__atomic_load_n(&j->card->tiles[w->physical].incomplete, __ATOMIC_RELAXED))
		return job_fault(j, NMC_FAULT_TILE_STATE, m->tile, w->physical);
	return 0;
}

static void do_part(void *arg, unsigned int n)
{
	struct mvm_work *w = arg;
	unsigned int first = n * w->part, left = w->product.vectors - first;
	struct tile_counts counts = { 0 };

	tile_mvm(w->tile, &w->product, first, left < w->part ? left : w->part, &counts);
	if (counts.clips)
		__atomic_fetch_add(&w->clips, counts.clips, __ATOMIC_RELAXED);
	if (counts.saturations)
		__atomic_fetch_add(&w->saturations, counts.saturations, __ATOMIC_RELAXED);
}

/* Parts are whole blocks of the kernels, as small as hand-off allows, so that threads end together. */
static unsigned int part_of(const struct mvm_work *w)
{
	unsigned int macs = w->m->rows * tile_mvm_columns(&w->class->kind, &w->product);

	return (PART_MACS / macs / PRODUCT_VECTORS + 1) * PRODUCT_VECTORS;
}

static void account(struct job *j, const struct mvm_work *w)
{
	const struct nmc_isa_mvm *m = w->m;
	struct tile_cost cost = tile_mvm_cost(&w->class->kind, &w->product);
	uint64_t conversions = 0, vectors = w->product.vectors;
	unsigned int i;

	for (i = 0; w->columns && i < results(m); i++)
		conversions += w->columns[i].flags & NMC_COLUMN_PAIR_AFTER_ADC ? 2 : 1;
	j->used.macs += (uint64_t)m->rows * tile_mvm_columns(&w->class->kind, &w->product) * vectors;
	j->used.conversions += conversions * vectors;
	job_spend_array(j, w->m->set, cost.time, cost.energy_fj);
	job_progress(j, vectors);
	tiles_multiplied(j->card, w->physical, vectors);
}

/* One segment of the batch, shared among threads. */
static int do_segment(struct job *j, struct mvm_work *w, uint64_t first, unsigned int vectors)
{
	w->product.in = (const int8_t *)w->in.first + first * w->in.pitch;
	w->product.out = w->out.first + first * w->out.pitch;
	w->product.vectors = vectors;
	if (tile_mvm_begin(w->tile, &w->product))
		return job_failure(j);
	pool_run(j->card->pool, do_part, w, (vectors + w->part - 1) / w->part);
	account(j, w);
	return 0;
}

static void set_product(struct mvm_work *w)
{
	const struct nmc_isa_mvm *m = w->m;

	w->product = (struct tile_mvm){
		.in_pitch = w->in.pitch,
		.out_pitch = w->out.pitch,
		.columns = w->columns,
		.first_row = m->first_row,
		.rows = m->rows,
		.first_col = m->first_col,
		.cols = m->cols,
		.back = backward(m),
		.adc_bits = m->adc_bits,
		.accumulate = m->c.flags & NMC_MVM_ACCUMULATE,
		.mode = m->c.flags & ~NMC_MVM_ACCUMULATE,
	};
	w->part = part_of(w);
}

int insn_mvm(struct job *j, const struct nmc_isa_mvm *m)
{
	struct mvm_work w = { .m = m };
	uint64_t first, left;
	int ret = 0;

	if (check_mvm(j, &w))
		return -1;
	w.tile = set_tile(j->card, j->set[m->set], w.physical);
	if (!w.tile)
		return job_failure(j);
	set_product(&w);
	for (first = 0; !ret && first < m->vectors; first += SEGMENT) {
		left = m->vectors - first;
		ret = first && job_stopped(j) ? job_fault(j, NMC_FAULT_ABORTED, m->tile, first)
					      : do_segment(j, &w, first, left < SEGMENT ? left : SEGMENT);
	}
	j->used.clips += w.clips;
	j->used.saturations += w.saturations;
	return ret;
}
