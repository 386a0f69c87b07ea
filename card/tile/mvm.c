// SPDX-License-Identifier: MIT
/*
 * Products: a batch of vectors in blocks: sums over the snapshot, read noise, conversion, digital scale.
 * Documentation/card/numerics.rst states every rounding.
 */
#include <string.h>
#include "card/cell/gauss.h"
#include "card/tile/back.h"
#include "card/tile/tile_priv.h"
#include "hw/nmc_regs.h"

/* Modelled cost of a product, each vector: converters work in parallel, energy counts each. */
#define VECTOR_NS		100	/* DAC settling 10, integration 40, conversion 50 */
#define DAC_ROW_FJ		50	/* 8-bit row driver */
#define CELL_FJ			2	/* 0.2 V read of a mean cell for 40 ns */
#define ADC_FJ			1500	/* 8-bit conversion */
#define DIGITAL_VECTOR_NS	64	/* integer class: four rows a nanosecond */
#define DIGITAL_MAC_FJ		50

/* Draws of PURPOSE_PRODUCT and PURPOSE_COLUMN: outputs, physical columns that are converted one by one, and rows. */
enum { DRAW_OUTPUTS, DRAW_COLUMNS, DRAW_ROWS };

/* The output, or row, that result @i is of. */
static unsigned int output_of(const struct tile_mvm *m, unsigned int i)
{
	if (m->back)
		return m->first_row + i;
	return m->columns ? tile_column_output(&m->columns[i], m->first_col, i) : m->first_col + i;
}

static bool any_column(const struct tile_mvm *m, uint8_t flag)
{
	unsigned int i;

	for (i = 0; m->columns && i < tile_mvm_results(m); i++)
		if (m->columns[i].flags & flag)
			return true;
	return false;
}

static bool cell_noise(const struct tile *t, const struct tile_mvm *m)
{
	return t->class->tech->flags & NMC_CLASS_READ_NOISE && m->mode & NMC_MVM_CELL_NOISE &&
	       !(m->mode & NMC_MVM_NO_READ_NOISE);
}

/* Backwards both kinds give the same bits: columns that a forward product wanted stay. */
static enum tile_kind kind_for(const struct tile *t, const struct tile_mvm *m)
{
	bool columns = m->back && t->matrix.kind == TILE_SINGLES && t->matrix.mode == (m->mode & TILE_MODES);

	if (!tile_differential(t->class) || columns || any_column(m, NMC_COLUMN_PAIR_AFTER_ADC) ||
	    cell_noise(t, m))
		return TILE_SINGLES;
	return TILE_PAIRS;
}

int tile_mvm_begin(struct tile *t, struct tile_mvm *m)
{
	int ret = tile_snapshot(t, kind_for(t, m), m->mode);

	if (ret)
		return ret;
	m->event = t->event;
	t->event += m->vectors;
	return 0;
}

/* 2^-shift, exactly. */
static double half_to_the(unsigned int shift)
{
	uint64_t bits = (uint64_t)(1023 - shift) << 52;
	double x;

	memcpy(&x, &bits, 8);
	return x;
}

/* Imperfections of the converter of column or row @number, fixed at manufacture. */
static void bend_converter(const struct tile *t, unsigned int number, unsigned int draw, struct product_convert *c,
			   unsigned int i)
{
	const struct deck_converters *d = &t->class->tech->deck.converters;
	struct philox_stream s = philox_stream(t->seed, t->physical, PURPOSE_COLUMN, 0);
	double full = 2.0 * c->limit;
	uint32_t r[4];

	philox_draw(&s, number | draw << PHILOX_DRAW_SHIFT, r);
	c->bias[i] = (double)(d->offset * gauss(r[0])) * full;
	c->range[i] *= 1.0 + (double)(d->gain * gauss(r[1]));
	c->bend[i] = (double)(d->inl * ((float)(int32_t)r[2] * 0x1p-31f)) * full;
}

static bool bent(const struct tile *t, const struct tile_mvm *m)
{
	const struct deck_converters *d = &t->class->tech->deck.converters;

	return !(m->mode & NMC_MVM_NO_CONVERTER_ERROR) && (d->offset > 0.0f || d->gain > 0.0f || d->inl > 0.0f);
}

/* Conversion of results; with DRAW_COLUMNS of both columns of each. */
static void open_convert(const struct tile *t, const struct tile_mvm *m, unsigned int draw, struct product_convert *c)
{
	unsigned int i, step = draw == DRAW_COLUMNS ? 2 : 1;

	c->cols = step * tile_mvm_results(m);
	c->bent = bent(t, m);
	c->limit = (double)((1 << (m->adc_bits - 1)) - 1);
	for (i = 0; i < c->cols; i++) {
		const struct nmc_isa_column *col = &m->columns[i / step];

		c->offset[i] = (double)(int32_t)col->offset;
		c->range[i] = (double)col->adc_mult * half_to_the(col->adc_shift);
		c->scale[i] = (double)(int16_t)col->scale_mult * half_to_the(col->scale_shift);
		if (c->bent)
			bend_converter(t, step * output_of(m, i / step) + i % step, draw, c, i);
	}
}

/**
 * struct block - scratch of one block of vectors
 * @x: codes by row pairs; backwards by columns
 * @sq: their squares
 * @shift: of the squares, a vector each
 * @acc: sums; a row begins at column @skip before the first output, column or row
 * @var: variances
 * @skip: columns before the first, because blocks are aligned; backwards rows, because they go by pairs
 * @pairs: row pairs
 */
struct block {
	int16_t x[PRODUCT_VECTORS * PRODUCT_COLS] __attribute__((aligned(64)));
	int16_t sq[PRODUCT_VECTORS * PRODUCT_COLS] __attribute__((aligned(64)));
	unsigned int shift[PRODUCT_VECTORS];
	int32_t acc[PRODUCT_VECTORS * PRODUCT_COLS] __attribute__((aligned(64)));
	int32_t var[PRODUCT_VECTORS * PRODUCT_COLS] __attribute__((aligned(64)));
	unsigned int skip;
	unsigned int pairs;
};

/**
 * struct product - a product on the way through its blocks
 * @m: what is asked
 * @back: how, if backwards
 * @draw: what the draws of its results are for
 * @single: the snapshot holds physical columns of a differential class
 * @noise: read noise a column
 * @cells: read noise a cell
 * @convert: of outputs
 * @columns: of physical columns, where any output needs them
 * @first: first of the physical outputs that are summed
 * @count: how many: from the least to the greatest that a result is taken of
 * @mapped: results are not these in their order
 * @referred: a column is subtracted from some of them
 * @stuck: results whose converter is broken
 * @stuck_count: how many
 */
struct product {
	const struct tile_mvm *m;
	struct back back;
	unsigned int draw;
	bool single;
	bool noise;
	bool cells;
	bool mixed;
	unsigned int first;
	unsigned int count;
	bool mapped;
	bool referred;
	struct product_convert convert;
	struct product_convert columns;
	struct {
		unsigned int output;
		int32_t code;
	} stuck[PRODUCT_COLS];
	unsigned int stuck_count;
};

static void block_pack(const struct tile *t, const struct product *p, unsigned int first, unsigned int n, struct block *b)
{
	const struct tile_mvm *m = p->m;
	unsigned int v;

	if (m->back) {
		back_pack(t, &p->back, first, n, b->x, p->noise ? b->sq : NULL, b->shift);
		return;
	}
	b->pairs = (m->first_row + m->rows + 1) / 2 - m->first_row / 2;
	for (v = 0; v < n; v++) {
		const int8_t *in = m->in + (size_t)(first + v) * m->in_pitch;
		size_t at = (size_t)v * PRODUCT_PAIRS * 2;

		t->class->product->pack(b->x + at, in, m->first_row, m->rows);
		if (p->noise)
			b->shift[v] = t->class->product->square(b->sq + at, in, m->first_row, m->rows);
	}
}

/* Each cell of each vector drawn anew: columns [@from, @from + @cols) of the snapshot. */
static void sum_cells(const struct tile *t, const struct tile_mvm *m, unsigned int from, unsigned int cols, uint64_t event,
		      unsigned int n, struct block *b)
{
	const struct tile_matrix *w = &t->matrix;
	const struct product_ops *k = t->class->product;
	unsigned int v, p, first = m->first_row / 2;
	struct product_pair pair;

	for (v = 0; v < n; v++)
		memset(b->acc + (size_t)v * PRODUCT_COLS + b->skip, 0, cols * sizeof(*b->acc));
	for (p = 0; p < b->pairs; p++) {
		size_t at = ((size_t)(first + p) * w->cols + from) * 2;
		bool wide = false;

		for (v = 0; v < n; v++) {
			struct philox_stream s = philox_stream(t->seed, t->physical, PURPOSE_CELLS, event + v);
			const int16_t *x = b->x + ((size_t)v * PRODUCT_PAIRS + p) * 2;

			if (!x[0] && !x[1])
				continue;
			if (!wide)
				k->widen(&pair, (const uint32_t *)(w->g + at), (const uint32_t *)(w->var + at),
					 t->class->sigma_unit, cols);
			wide = true;
			k->cells(b->acc + (size_t)v * PRODUCT_COLS + b->skip, &pair, cols, x, &s,
				 2 * (first + p) * t->class->cols + from, t->class->cols);
		}
	}
}

/*
 * Code of a power of the voltage that a code stands for: half_even(x |x| / 127), half_even(x^3 / 127^2) for @term 1. There are
 * no ties, since 127 is odd.
 */
static int16_t power(int16_t x, unsigned int term)
{
	int size = x < 0 ? -x : x;
	int y = term ? (size * size * size + 127 * 127 / 2) / (127 * 127) : (size * size + 127 / 2) / 127;

	return (int16_t)(x < 0 ? -y : y);
}

static void powers(int16_t *y, const int16_t *x, unsigned int n, unsigned int term)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		y[i] = power(x[i], term);
}

/* Sums may wrap on the way to one that fits. */
static void add_wrapping(int32_t *acc, const int32_t *more, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		acc[i] = (int32_t)((uint32_t)acc[i] + (uint32_t)more[i]);
}

/*
 * What cells carry beyond g V, a term of the I-V curve. Sums may wrap between the terms, their total fits: I / V of a cell is
 * within the range of codes. With noise of each cell this holds for cells that are not drawn at 1.3 times the range on the mean.
 */
static void add_bend(const struct tile *t, const struct product *p, unsigned int term, unsigned int n, struct block *b)
{
	const struct tile_matrix *w = &t->matrix;
	const struct tile_mvm *m = p->m;
	unsigned int step = p->single ? 2 : 1, from = step * p->first - b->skip, cols = step * p->count, v;
	unsigned int count = (b->skip + cols + PRODUCT_BLOCK - 1) / PRODUCT_BLOCK * PRODUCT_BLOCK;
	int16_t y[PRODUCT_VECTORS * PRODUCT_PAIRS * 2] __attribute__((aligned(64)));
	int32_t sum[PRODUCT_VECTORS * PRODUCT_COLS] __attribute__((aligned(64)));

	for (v = 0; v < n; v++)
		powers(y + (size_t)v * PRODUCT_PAIRS * 2, b->x + (size_t)v * PRODUCT_PAIRS * 2, 2 * b->pairs, term);
	t->class->product->sum(sum, w->bent[term] + (size_t)(m->first_row / 2) * w->cols * 2, w->cols, from, count, y,
			       b->pairs, n);
	for (v = 0; v < n; v++)
		add_wrapping(b->acc + (size_t)v * PRODUCT_COLS + b->skip, sum + (size_t)v * PRODUCT_COLS + b->skip, cols);
}

/* What sums of rows carry beyond g V. */
static void add_back_bend(const struct tile *t, const struct product *p, unsigned int term, unsigned int n, struct block *b)
{
	int16_t y[PRODUCT_VECTORS * PRODUCT_COLS] __attribute__((aligned(64)));
	int32_t sum[PRODUCT_VECTORS * PRODUCT_COLS] __attribute__((aligned(64)));
	unsigned int v;

	for (v = 0; v < n; v++)
		powers(y + (size_t)v * PRODUCT_COLS, b->x + (size_t)v * PRODUCT_COLS, p->back.count, term);
	back_sum(t, &p->back, t->matrix.bent[term], y, n, sum);
	for (v = 0; v < n; v++)
		add_wrapping(b->acc + (size_t)v * PRODUCT_COLS, sum + (size_t)v * PRODUCT_COLS, 2 * p->back.pairs);
}

/* Sums, and variances, of rows for @n vectors of event @event on. */
static void block_sum_back(const struct tile *t, const struct product *p, uint64_t event, unsigned int n, struct block *b)
{
	const struct tile_matrix *w = &t->matrix;
	unsigned int term;

	b->skip = p->m->first_row & 1;
	if (p->cells)
		back_cells(t, &p->back, event, b->x, n, b->acc);
	else
		back_sum(t, &p->back, w->g, b->x, n, b->acc);
	if (p->noise)
		back_sum(t, &p->back, w->var, b->sq, n, b->var);
	for (term = 0; term < CELL_BENDS; term++)
		if (w->bent[term])
			add_back_bend(t, p, term, n, b);
}

/* Sums, and variances, of columns of the snapshot for @n vectors of event @event on. */
static void block_sum(const struct tile *t, const struct product *p, uint64_t event, unsigned int n, struct block *b)
{
	const struct tile_mvm *m = p->m;
	const struct tile_matrix *w = &t->matrix;
	const struct product_ops *k = t->class->product;
	unsigned int step = p->single ? 2 : 1, col = step * p->first, cols = step * p->count;
	unsigned int from = col / PRODUCT_BLOCK * PRODUCT_BLOCK;
	unsigned int end = (col + cols + PRODUCT_BLOCK - 1) / PRODUCT_BLOCK * PRODUCT_BLOCK, term;
	size_t first = (size_t)(m->first_row / 2) * w->cols * 2;

	b->skip = col - from;
	if (p->cells)
		sum_cells(t, m, col, cols, event, n, b);
	else
		k->sum(b->acc, w->g + first, w->cols, from, end - from, b->x, b->pairs, n);
	if (p->noise)
		k->sum(b->var, w->var + first, w->cols, from, end - from, b->sq, b->pairs, n);
	for (term = 0; term < CELL_BENDS; term++)
		if (w->bent[term])
			add_bend(t, p, term, n, b);
}

static void add_noise(const struct tile *t, const struct product *p, const struct philox_stream *s, unsigned int shift,
		      unsigned int first, unsigned int n, unsigned int draw, int32_t *acc, const int32_t *var)
{
	if (p->noise)
		t->class->product->noise(acc, var, t->matrix.unit * (float)(1u << shift), first, n, s, draw);
}

/* A broken converter gives its code whatever comes; what it would have clipped is counted all the same. */
static void stick(const struct product *p, double *code)
{
	double limit = p->convert.limit;
	unsigned int i;

	for (i = 0; i < p->stuck_count; i++) {
		double stuck = (double)p->stuck[i].code;

		code[p->stuck[i].output] = stuck > limit ? limit : stuck < -limit ? -limit : stuck;
	}
}

/* Integer class: the sums are the results. */
static void block_exact(const struct product *p, unsigned int first, unsigned int n, struct block *b,
			struct tile_counts *counts)
{
	const struct tile_mvm *m = p->m;
	unsigned int results = tile_mvm_results(m), v, i;

	for (v = 0; v < n; v++) {
		int32_t *out = (int32_t *)(m->out + (size_t)(first + v) * m->out_pitch);
		int32_t *acc = b->acc + (size_t)v * PRODUCT_COLS + b->skip;

		for (i = 0; i < p->stuck_count; i++)
			acc[p->stuck[i].output] = p->stuck[i].code;
		for (i = 0; i < results; i++) {
			int32_t sum = acc[i];

			if (m->accumulate && __builtin_add_overflow(out[i], acc[i], &sum)) {
				sum = acc[i] < 0 ? INT32_MIN : INT32_MAX;
				counts->saturations++;
			}
			out[i] = sum;
		}
	}
}

/* Differences of neighbouring columns, with the sums of their variances. */
static void pair_up(const struct product *p, const int32_t *acc, const int32_t *var, int32_t *pair, int32_t *pair_var)
{
	unsigned int i;

	for (i = 0; i < p->count; i++) {
		pair[i] = (int32_t)((uint32_t)acc[2 * i] - (uint32_t)acc[2 * i + 1]);	/* the difference fits */
		if (p->noise)
			pair_var[i] = var[2 * i] + var[2 * i + 1];
	}
}

/* Puts sums of physical outputs, @step columns each, into the order of the results. */
static void put_in_order(const struct product *p, unsigned int step, int32_t *acc)
{
	int32_t sum[PRODUCT_COLS];
	unsigned int i, k;

	if (!p->mapped || p->referred)
		return;
	memcpy(sum, acc, step * p->count * sizeof(*sum));
	for (i = 0; i < p->m->cols; i++)
		for (k = 0; k < step; k++)
			acc[step * i + k] = sum[step * (output_of(p->m, i) - p->first) + k];
}

/* Takes the reference off each result that has one, both with their noise; it is the same for all results that share it. */
static void refer(const struct product *p, int32_t *acc)
{
	const struct nmc_isa_column *c = p->m->columns;
	int32_t sum[PRODUCT_COLS];
	unsigned int i;

	if (!p->referred)
		return;
	memcpy(sum, acc, p->count * sizeof(*sum));
	for (i = 0; i < p->m->cols; i++) {
		int64_t x = sum[output_of(p->m, i) - p->first];

		x -= c[i].flags & NMC_COLUMN_REFERENCE ? sum[c[i].reference - p->first] : 0;
		acc[i] = x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : (int32_t)x;
	}
}

/* Codes of one vector where the snapshot holds physical columns: pairs subtracted before or after conversion. */
static void single_codes(const struct tile *t, const struct product *p, const struct philox_stream *s, unsigned int shift,
			 int32_t *acc, const int32_t *var, double *code, struct tile_counts *counts)
{
	const struct product_ops *k = t->class->product;
	const struct tile_mvm *m = p->m;
	int32_t pair[PRODUCT_COLS], pair_var[PRODUCT_COLS];
	double column[PRODUCT_COLS], other[PRODUCT_COLS];
	uint64_t clips = 0;
	unsigned int i;

	pair_up(p, acc, var, pair, pair_var);
	add_noise(t, p, s, shift, p->first, p->count, DRAW_OUTPUTS, pair, pair_var);
	put_in_order(p, 1, pair);
	if (!p->mixed) {
		counts->clips += k->convert(code, pair, &p->convert);
		return;
	}
	add_noise(t, p, s, shift, 2 * p->first, 2 * p->count, DRAW_COLUMNS, acc, var);
	put_in_order(p, 2, acc);
	k->convert(other, pair, &p->convert);
	k->convert(column, acc, &p->columns);
	for (i = 0; i < m->cols; i++) {
		bool after = m->columns[i].flags & NMC_COLUMN_PAIR_AFTER_ADC;

		code[i] = after ? column[2 * i] - column[2 * i + 1] : other[i];
		clips += after ? product_clips(&p->columns, acc, 2 * i) + product_clips(&p->columns, acc, 2 * i + 1) :
				 product_clips(&p->convert, pair, i);
	}
	counts->clips += clips;
}

static void block_convert(const struct tile *t, const struct product *p, unsigned int first, unsigned int n, struct block *b,
			  struct tile_counts *counts)
{
	const struct product_ops *k = t->class->product;
	const struct tile_mvm *m = p->m;
	unsigned int v;

	for (v = 0; v < n; v++) {
		int32_t *out = (int32_t *)(m->out + (size_t)(first + v) * m->out_pitch);
		struct philox_stream s = philox_stream(t->seed, t->physical, PURPOSE_PRODUCT, m->event + first + v);
		size_t at = (size_t)v * PRODUCT_COLS + b->skip;
		double code[PRODUCT_COLS];

		if (p->single) {
			single_codes(t, p, &s, b->shift[v], b->acc + at, b->var + at, code, counts);
		} else {
			add_noise(t, p, &s, b->shift[v], p->first, p->count, p->draw, b->acc + at, b->var + at);
			put_in_order(p, 1, b->acc + at);
			refer(p, b->acc + at);
			counts->clips += k->convert(code, b->acc + at, &p->convert);
		}
		stick(p, code);
		counts->saturations += k->scale(out, code, &p->convert, m->accumulate);
	}
}

static void find_stuck(const struct tile *t, const struct tile_mvm *m, struct product *p)
{
	unsigned int i;
	int32_t code;

	p->stuck_count = 0;
	if (!tile_injected(t) || m->mode & NMC_MVM_NO_DEFECTS || m->back)
		return;
	for (i = 0; i < m->cols; i++) {
		if (!tile_fault_column(t, output_of(m, i), &code))
			continue;
		p->stuck[p->stuck_count].output = i;
		p->stuck[p->stuck_count++].code = code;
	}
}

static void take_in(struct product *p, unsigned int output, unsigned int *last)
{
	p->first = output < p->first ? output : p->first;
	*last = output > *last ? output : *last;
}

static void find_outputs(const struct tile *t, const struct tile_mvm *m, struct product *p)
{
	unsigned int last = output_of(m, 0), i;

	p->first = last;
	p->mapped = false;
	p->referred = !tile_differential(t->class) && !m->back && any_column(m, NMC_COLUMN_REFERENCE);
	for (i = 0; i < tile_mvm_results(m); i++) {
		unsigned int output = output_of(m, i);

		p->mapped |= output != p->first + i;
		take_in(p, output, &last);
		if (p->referred && m->columns[i].flags & NMC_COLUMN_REFERENCE)
			take_in(p, m->columns[i].reference, &last);
	}
	p->count = last + 1 - p->first;
}

static void product_open(const struct tile *t, const struct tile_mvm *m, struct product *p)
{
	p->m = m;
	p->draw = m->back ? DRAW_ROWS : DRAW_OUTPUTS;
	p->single = !m->back && tile_differential(t->class) && t->matrix.kind == TILE_SINGLES;
	p->cells = cell_noise(t, m);
	p->noise = t->matrix.var && !p->cells;
	p->mixed = any_column(m, NMC_COLUMN_PAIR_AFTER_ADC);
	if (m->back)
		back_open(t, m, &p->back);
	find_outputs(t, m, p);
	find_stuck(t, m, p);
	if (m->columns)
		open_convert(t, m, p->draw, &p->convert);
	if (p->mixed)
		open_convert(t, m, DRAW_COLUMNS, &p->columns);
}

void tile_mvm(const struct tile *t, const struct tile_mvm *m, unsigned int first, unsigned int n,
	      struct tile_counts *counts)
{
	struct product p;
	struct block b;
	unsigned int part;

	product_open(t, m, &p);
	for (; n; first += part, n -= part) {
		part = n < PRODUCT_VECTORS ? n : PRODUCT_VECTORS;
		block_pack(t, &p, first, part, &b);
		if (m->back)
			block_sum_back(t, &p, m->event + first, part, &b);
		else
			block_sum(t, &p, m->event + first, part, &b);
		if (m->columns)
			block_convert(t, &p, first, part, &b, counts);
		else
			block_exact(&p, first, part, &b, counts);
	}
}

unsigned int tile_mvm_columns(const struct tile_class *class, const struct tile_mvm *m)
{
	bool counted[CELL_LANES];
	unsigned int i, n = m->cols;

	if (tile_differential(class))
		return 2 * n;
	if (m->back || !any_column(m, NMC_COLUMN_REFERENCE))
		return n;
	memset(counted, 0, sizeof(counted));
	for (i = 0; i < m->cols; i++)
		counted[output_of(m, i)] = true;
	for (i = 0; i < m->cols; i++)
		if (m->columns[i].flags & NMC_COLUMN_REFERENCE && !counted[m->columns[i].reference]) {
			counted[m->columns[i].reference] = true;
			n++;
		}
	return n;
}

struct tile_cost tile_mvm_cost(const struct tile_class *class, const struct tile_mvm *m)
{
	unsigned int physical = tile_mvm_columns(class, m);
	uint64_t cells = (uint64_t)m->rows * physical, driven = m->back ? physical : m->rows;

	if (!(class->tech->flags & NMC_CLASS_CONVERTERS))
		return (struct tile_cost){
			.time = { .ns = (uint64_t)m->vectors * DIGITAL_VECTOR_NS },
			.energy_fj = m->vectors * cells * DIGITAL_MAC_FJ,
		};
	return (struct tile_cost){
		.time = { .ns = (uint64_t)m->vectors * VECTOR_NS },
		.energy_fj = m->vectors * (driven * DAC_ROW_FJ + cells * CELL_FJ + (uint64_t)tile_mvm_results(m) * ADC_FJ),
	};
}
