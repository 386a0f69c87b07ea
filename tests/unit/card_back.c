// SPDX-License-Identifier: MIT
/*
 * Products backwards against references written here: exact sums of targets, of what the snapshot of forward products
 * holds, wires and bent curves included; noise as a distribution; converters of rows. Statistical bounds as in card_noise.c.
 */
#include "card/cell/gauss.h"
#include "tests/unit/physics_rig.h"

#define MAX_VECTORS	61
#define NOISY_VECTORS	8192

static uint32_t state = 1;

static uint32_t next_random(uint32_t limit)
{
	state = state * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(state >> 1) * limit >> 31);
}

static int64_t half_even(int64_t x, unsigned int shift)
{
	int64_t q = x >> shift, rest = x - q * ((int64_t)1 << shift), half = shift ? (int64_t)1 << (shift - 1) : 1;

	return rest > half || (rest == half && q % 2) ? q + 1 : q;
}

/* Column @col of the snapshot in row @row; the difference of a pair where it holds physical columns. */
static int64_t weight(const struct tile *t, const int16_t *matrix, unsigned int row, unsigned int col)
{
	size_t at = (size_t)(row / 2) * t->matrix.cols;

	if (t->matrix.kind == TILE_PAIRS || !tile_differential(t->class))
		return matrix[(at + col) * 2 + (row & 1)];
	return matrix[(at + 2 * col) * 2 + (row & 1)] - matrix[(at + 2 * col + 1) * 2 + (row & 1)];
}

/* Codes of the powers of an input, half to even: no ties, 127 is odd. */
static int64_t power(int x, unsigned int term)
{
	return term ? lrint((double)x * x * x / (127.0 * 127.0)) : lrint((double)x * abs(x) / 127.0);
}

static int64_t sum_of(const struct tile *t, const struct tile_mvm *m, unsigned int v, unsigned int i)
{
	const int8_t *x = m->in + v * m->in_pitch;
	int64_t sum = 0;
	unsigned int c, term;

	for (c = 0; c < m->cols; c++) {
		sum += weight(t, t->matrix.g, m->first_row + i, m->first_col + c) * x[c];
		for (term = 0; term < CELL_BENDS; term++)
			if (t->matrix.bent[term])
				sum += weight(t, t->matrix.bent[term], m->first_row + i, m->first_col + c) * power(x[c], term);
	}
	return sum;
}

static int32_t result_of(const struct tile *t, const struct tile_mvm *m, unsigned int v, unsigned int i, int32_t old,
			 struct tile_counts *counts)
{
	int64_t x = sum_of(t, m, v, i), limit;

	if (m->columns) {
		const struct nmc_isa_column *c = &m->columns[i];

		limit = (1 << (m->adc_bits - 1)) - 1;
		x = half_even((x + (int32_t)c->offset) * c->adc_mult, c->adc_shift);
		counts->clips += x > limit || x < -limit;
		x = x > limit ? limit : x < -limit ? -limit : x;
		x = half_even(x * (int16_t)c->scale_mult, c->scale_shift);
	}
	x += m->accumulate ? old : 0;
	counts->saturations += x > INT32_MAX || x < INT32_MIN;
	return x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : (int32_t)x;
}

static void random_columns(struct nmc_isa_column *c, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		c[i] = (struct nmc_isa_column){ .offset = next_random(2000000) - 1000000,
						.adc_mult = (uint16_t)(1 + next_random(65535)),
						.adc_shift = (uint8_t)(28 + next_random(10)),
						.scale_mult = (uint16_t)next_random(65536),
						.scale_shift = (uint8_t)next_random(12) };
}

/* One random product in random pieces, with what is beside its results left alone. */
static void one_product(struct rig *r)
{
	static int8_t in[MAX_VECTORS * 520];
	static int32_t old[MAX_VECTORS * 400], got[MAX_VECTORS * 400];
	struct nmc_isa_column columns[CELL_LANES];
	bool analog = tile_differential(&r->class);
	struct tile_counts wanted = { 0 }, counted = { 0 };
	struct tile_mvm m = { .in = in, .in_pitch = 520, .out = (uint8_t *)got, .out_pitch = 1600, .back = true };
	unsigned int i, v;

	m.vectors = 1 + next_random(MAX_VECTORS);
	m.first_row = next_random(r->class.rows);
	m.rows = 1 + next_random(r->class.rows - m.first_row);
	m.first_col = next_random(r->class.outputs);
	m.cols = 1 + next_random(r->class.outputs - m.first_col);
	m.adc_bits = analog ? 4 + next_random(9) : 0;
	m.columns = analog ? columns : NULL;
	m.accumulate = next_random(2);
	m.mode = NMC_MVM_NO_READ_NOISE;
	random_columns(columns, m.rows);
	for (i = 0; i < sizeof(in); i++)
		in[i] = (int8_t)(next_random(255) - 127);
	for (i = 0; i < MAX_VECTORS * 400; i++)
		old[i] = got[i] = (int32_t)(next_random(0x7fffffff) * 2u);
	assert_int_equal(tile_mvm_begin(r->tile, &m), 0);
	assert_true(!r->class.tech->bend == !r->tile->matrix.bent[1]);
	for (v = 0; v < m.vectors; v += i) {
		i = 1 + next_random(m.vectors - v);
		tile_mvm(r->tile, &m, v, i, &counted);
	}
	for (v = 0; v < m.vectors; v++)
		for (i = 0; i < 400; i++)
			assert_int_equal(got[v * 400 + i], i < m.rows ? result_of(r->tile, &m, v, i, old[v * 400 + i], &wanted)
								       : old[v * 400 + i]);
	assert_int_equal(counted.clips, wanted.clips);
	assert_int_equal(counted.saturations, wanted.saturations);
}

static void fill_targets(struct rig *r)
{
	unsigned int i;

	for (i = 0; i < r->cells; i++)
		r->target[i] = (int16_t)(tile_differential(&r->class) ? (int)next_random(NMC_CONDUCTANCE_MAX + 1) :
								  (int)next_random(255) - 127);
}

/* The same steps on tiles of @deck for every build. */
static void products_match(const struct deck *deck, const char *name)
{
	static const unsigned int shape[][2] = { { 256, 256 }, { 12, 12 }, { 5, 6 }, { 384, 512 }, { 37, 130 } };
	const struct product_ops *all[RIG_BUILDS];
	unsigned int i, build, n, count = rig_builds(all);

	for (i = 0; i < 5; i++)
		for (build = 0; build < count; build++) {
			struct rig *r = rig_open(deck ? rig_make(deck, !build) : rig_tech(name, !build), shape[i][0], shape[i][1], 5);

			r->class.product = all[build];
			fill_targets(r);
			rig_program(r);
			for (n = 0; n < 6; n++)
				one_product(r);
			rig_close(r);
		}
}

static void exact_products(void **unused)
{
	(void)unused;
	products_match(NULL, "digital");
	products_match(NULL, "ideal");
}

/* A curve with both terms, sizes of which change with conductance. */
static struct deck bent(void)
{
	struct deck d = rig_deck("rram");

	d.iv = (struct deck_iv){ .read_volt = 0.5f };
	d.iv.nl2 = (struct deck_curve){ .given = true, .of = DECK_OF_R, .per = 1, .scale = 1, .min = -3e38, .max = 3e38, .above = 3e38,
					.poly = { 0, -0.8 * (double)d.gmax } };
	d.iv.nl3 = d.iv.nl2;
	d.iv.nl3.poly[1] = 1.2 * (double)d.gmax;
	d.iv.nl3.poly[2] = -d.iv.nl3.poly[1];
	return d;
}

static void bent_products(void **unused)
{
	struct deck deck = bent();

	(void)unused;
	products_match(&deck, NULL);
}

static struct deck wired(void)
{
	struct deck deck = rig_deck("rram");

	deck.wires = (struct deck_wires){ .row_ohm = 3, .col_ohm = 5, .row_end_ohm = 40, .col_end_ohm = 70,
					   .driven = DECK_FIRST, .read = DECK_LAST };
	return deck;
}

/* A forward product that converts columns one by one has a snapshot of its own, which serves as well. */
static void stays_with_columns(struct rig *r, const struct tile_mvm *back, const int32_t *want, unsigned int rows)
{
	struct nmc_isa_column column = { .adc_mult = 1, .adc_shift = 4, .scale_mult = 1, .flags = NMC_COLUMN_PAIR_AFTER_ADC };
	struct tile_counts counts = { 0 };
	struct tile_mvm ahead = *back, again = *back;
	int32_t out, got[64];
	unsigned int i;

	ahead.back = false;
	ahead.columns = &column;
	ahead.cols = ahead.vectors = 1;
	ahead.out = (uint8_t *)&out;
	again.vectors = 1;
	again.out = (uint8_t *)got;
	for (i = 0; i < 3; i++) {
		assert_int_equal(tile_mvm_begin(r->tile, &ahead), 0);
		tile_mvm(r->tile, &ahead, 0, 1, &counts);
		assert_int_equal(tile_mvm_begin(r->tile, &again), 0);
		tile_mvm(r->tile, &again, 0, 1, &counts);
		assert_memory_equal(got, want, rows * sizeof(*want));
	}
	assert_int_equal(r->tile->solves, 2);
}

/*
 * What arrives in row i when column j is driven is what arrives in column j when row i is: one network, solved once for
 * both directions, and its cells aged once.
 */
static void one_snapshot_serves_both(void **unused)
{
	enum { N = 32, OUTPUTS = 16 };
	struct deck deck = wired();
	struct rig *r = rig_open(rig_make(&deck, false), N, 2 * OUTPUTS, 9);
	struct nmc_isa_column column[N];
	int8_t there[N][N] = { 0 }, back[OUTPUTS][OUTPUTS] = { 0 };
	int32_t forward[N][OUTPUTS], backward[OUTPUTS][N];
	struct tile_mvm m = { .columns = column, .rows = N, .cols = OUTPUTS, .adc_bits = 12, .mode = NMC_MVM_NO_READ_NOISE };
	struct tile_counts counts = { 0 };
	uint64_t solves, aged;
	unsigned int i, j;

	(void)unused;
	rig_spread(r);
	rig_program(r);
	for (i = 0; i < N; i++) {
		column[i] = (struct nmc_isa_column){ .adc_mult = 1, .adc_shift = 4, .scale_mult = 1 };
		there[i][i] = 1;
		back[i % OUTPUTS][i % OUTPUTS] = 1;
	}
	m.in = there[0], m.in_pitch = N, m.out = (uint8_t *)forward, m.out_pitch = sizeof(forward[0]), m.vectors = N;
	assert_int_equal(tile_mvm_begin(r->tile, &m), 0);
	tile_mvm(r->tile, &m, 0, N, &counts);
	solves = r->tile->solves;
	aged = r->tile->aged;
	m.in = back[0], m.in_pitch = OUTPUTS, m.out = (uint8_t *)backward, m.out_pitch = sizeof(backward[0]);
	m.vectors = OUTPUTS, m.back = true;
	assert_int_equal(tile_mvm_begin(r->tile, &m), 0);
	tile_mvm(r->tile, &m, 0, OUTPUTS, &counts);
	assert_int_equal(counts.clips, 0);
	assert_int_equal(solves, 1);
	assert_int_equal(r->tile->solves, 1);
	assert_int_equal(r->tile->aged, aged);
	stays_with_columns(r, &m, backward[0], N);
	for (i = 0; i < N; i++)
		for (j = 0; j < OUTPUTS; j++)
			assert_int_equal(backward[j][i], forward[i][j]);
	rig_close(r);
}

/* Cells that are drawn one by one without any spread are exact. */
static void drawn_without_spread(void **unused)
{
	static int8_t in[20 * 65];
	static int32_t got[20 * 37];
	struct nmc_isa_column columns[37];
	struct rig *r = rig_open(rig_tech("rram", false), 38, 130, 5);
	struct tile_mvm m = { .in = in, .in_pitch = 65, .out = (uint8_t *)got, .out_pitch = 4 * 37, .columns = columns, .vectors = 20,
			      .first_row = 1, .rows = 37, .cols = 65, .back = true, .adc_bits = 12, .mode = NMC_MVM_CELL_NOISE };
	struct tile_counts counts = { 0 };
	unsigned int v, i;

	(void)unused;
	fill_targets(r);
	rig_program(r);
	for (i = 0; i < sizeof(in); i++)
		in[i] = (int8_t)(next_random(255) - 127);
	for (i = 0; i < 37; i++)
		columns[i] = (struct nmc_isa_column){ .adc_mult = 1, .adc_shift = 0, .scale_mult = 1 };
	assert_int_equal(tile_mvm_begin(r->tile, &m), 0);
	memset(r->tile->matrix.var, 0, r->tile->matrix.bytes);
	for (v = 0; v < 20; v++)
		for (i = 0; i < 37; i++) {
			columns[i].offset = (uint32_t)-sum_of(r->tile, &m, v, i);
			tile_mvm(r->tile, &m, v, 1, &counts);
			assert_int_equal(got[37 * v + i], 0);
			columns[i].offset++;
			tile_mvm(r->tile, &m, v, 1, &counts);
			assert_int_equal(got[37 * v + i], 1);
		}
	rig_close(r);
}

/* @NOISY_VECTORS results of row @row for one input, in codes. */
static void results(struct rig *r, const int8_t *in, unsigned int row, double offset, unsigned int mode, float *x)
{
	static int32_t out[NOISY_VECTORS];
	struct nmc_isa_column column = { .offset = (uint32_t)(int32_t)offset, .adc_mult = 1, .adc_shift = 12, .scale_mult = 1 };
	struct tile_mvm m = { .in = in, .in_pitch = 0, .out = (uint8_t *)out, .out_pitch = 4, .columns = &column,
			      .vectors = NOISY_VECTORS, .first_row = row, .rows = 1, .cols = r->class.outputs, .back = true,
			      .adc_bits = 12, .mode = mode };
	struct tile_counts counts = { 0 };
	unsigned int i;

	assert_int_equal(tile_mvm_begin(r->tile, &m), 0);
	tile_mvm(r->tile, &m, 0, NOISY_VECTORS, &counts);
	assert_int_equal(counts.clips, 0);
	for (i = 0; i < NOISY_VECTORS; i++)
		x[i] = (float)out[i];
}

/* Both results of rows 2 and 3 in one product. */
static void neighbours(struct rig *r, const int8_t *in, float *first, float *second)
{
	static int32_t out[NOISY_VECTORS][2];
	struct nmc_isa_column column[2] = { { .adc_mult = 1, .adc_shift = 16, .scale_mult = 1 }, { .adc_mult = 1, .adc_shift = 16, .scale_mult = 1 } };
	struct tile_mvm m = { .in = in, .in_pitch = 0, .out = (uint8_t *)out, .out_pitch = 8, .columns = column,
			      .vectors = NOISY_VECTORS, .first_row = 2, .rows = 2, .cols = r->class.outputs, .back = true, .adc_bits = 12 };
	struct tile_counts counts = { 0 };
	unsigned int i;

	assert_int_equal(tile_mvm_begin(r->tile, &m), 0);
	tile_mvm(r->tile, &m, 0, NOISY_VECTORS, &counts);
	assert_int_equal(counts.clips, 0);
	for (i = 0; i < NOISY_VECTORS; i++) {
		first[i] = (float)out[i][0];
		second[i] = (float)out[i][1];
	}
}

/* The noise of a row is that of its cells, drawn at once or one by one, and neighbours' are independent. */
static void noise(void **unused)
{
	static float row[NOISY_VECTORS], cell[NOISY_VECTORS], other[NOISY_VECTORS], sorted[NOISY_VECTORS];
	struct rig *r = rig_open(rig_tech("pcm", false), 6, 256, 8);
	const struct tile_matrix *w = &r->tile->matrix;
	double offset = 0, var = 0, both = 0;
	struct nmc_isa_column unused_column = { .adc_mult = 1 };
	struct tile_mvm m = { .in = NULL, .columns = &unused_column, .vectors = 1, .first_row = 3, .rows = 1, .cols = 128, .back = true };
	int8_t in[128];
	unsigned int i;

	(void)unused;
	rig_spread(r);
	rig_program(r);
	rig_age(r, DAY);
	for (i = 0; i < 128; i++)
		in[i] = (int8_t)((int)(i * 73 % 255) - 127);
	m.in = in;
	assert_int_equal(tile_mvm_begin(r->tile, &m), 0);
	for (i = 0; i < 128; i++) {
		offset -= (double)(weight(r->tile, w->g, 3, i) * in[i]);
		var += w->var[((size_t)1 * w->cols + i) * 2 + 1] * (double)w->unit * in[i] * in[i] / (4096.0 * 4096.0);
	}
	results(r, in, 3, offset, 0, row);
	results(r, in, 3, offset, NMC_MVM_CELL_NOISE, cell);
	memcpy(sorted, row, sizeof(sorted));
	memcpy(other, cell, sizeof(other));
	assert_true(ks_two(sorted, other, NOISY_VECTORS) < ks_bound(NOISY_VECTORS / 2));
	assert_true(sqrt(rig_var(row, NOISY_VECTORS)) > 30);
	assert_true(fabs(rig_mean(row, NOISY_VECTORS)) < 5 * sqrt(var / NOISY_VECTORS) + 1);
	assert_true(fabs(rig_var(row, NOISY_VECTORS) / var - 1) < 5 * sqrt(2.0 / NOISY_VECTORS) + 0.01);
	assert_true(fabs(rig_var(row, NOISY_VECTORS) / rig_var(cell, NOISY_VECTORS) - 1) < 5 * sqrt(4.0 / NOISY_VECTORS));
	neighbours(r, in, row, other);
	for (i = 0; i < NOISY_VECTORS; i++)
		both += row[i] * other[i];
	both = both / NOISY_VECTORS - rig_mean(row, NOISY_VECTORS) * rig_mean(other, NOISY_VECTORS);
	assert_true(fabs(both) < 5 * sqrt(rig_var(row, NOISY_VECTORS) * rig_var(other, NOISY_VECTORS) / NOISY_VECTORS));
	rig_close(r);
}

/* Builds, and any cut of a batch, give the same bits with all noise on. */
static void same_bits(void **unused)
{
	enum { N = 70, VECTORS = 50 };
	static const unsigned int modes[] = { 0, NMC_MVM_CELL_NOISE };
	static int32_t want[VECTORS * N], got[VECTORS * N];
	struct nmc_isa_column column[N];
	struct deck deck = wired();
	int8_t in[VECTORS * 37];
	const struct product_ops *all[RIG_BUILDS];
	unsigned int i, build, cut, count = rig_builds(all);

	(void)unused;
	for (i = 0; i < sizeof(in); i++)
		in[i] = (int8_t)(next_random(255) - 127);
	for (i = 0; i < N; i++)
		column[i] = (struct nmc_isa_column){ .adc_mult = 1, .adc_shift = 10, .scale_mult = 1 };
	for (i = 0; i < 2; i++)
		for (build = 0; build < count; build++)
			for (cut = 1; cut <= VECTORS; cut += 7) {
				struct rig *r = rig_open(rig_make(&deck, !build), N + 1, 74, 5);
				struct tile_mvm m = { .in = in, .in_pitch = 37, .out = (uint8_t *)got, .out_pitch = 4 * N,
						      .columns = column, .vectors = VECTORS, .first_row = 1, .rows = N, .cols = 37,
						      .back = true, .adc_bits = 12, .mode = modes[i] };
				struct tile_counts counts = { 0 };
				unsigned int v;

				r->class.product = all[build];
				rig_spread(r);
				rig_program(r);
				assert_int_equal(tile_mvm_begin(r->tile, &m), 0);
				for (v = 0; v < VECTORS; v += cut)
					tile_mvm(r->tile, &m, v, cut < VECTORS - v ? cut : VECTORS - v, &counts);
				if (!build && cut == 1)
					memcpy(want, got, sizeof(want));
				assert_memory_equal(got, want, sizeof(want));
				rig_close(r);
			}
}

/*
 * Draws are those of physical rows and cells: a window gives what the whole tile gives there, with noise and with converters that
 * err, and one cell drawn for itself is the same cell either way.
 */
static void draws_of_rows_and_cells(void **unused)
{
	enum { N = 64, FIRST = 5, ROWS = 7, OUTPUTS = 20 };
	int32_t all[N], some[ROWS], ahead, back;
	struct nmc_isa_column column[N];
	struct deck deck = rig_deck("rram");
	int8_t in[OUTPUTS], one = 1;
	struct tile_counts counts = { 0 };
	struct tile_mvm m = { .in = in, .columns = column, .vectors = 1, .cols = OUTPUTS, .back = true, .adc_bits = 12 };
	unsigned int i, row, output;
	uint64_t event;
	struct rig *r;

	(void)unused;
	deck.converters.offset = 0.02f;
	r = rig_open(rig_make(&deck, false), N, 2 * OUTPUTS, 9);
	rig_spread(r);
	rig_program(r);
	event = r->tile->event;
	for (i = 0; i < N; i++)
		column[i] = (struct nmc_isa_column){ .adc_mult = 1, .adc_shift = 11, .scale_mult = 1 };
	for (i = 0; i < OUTPUTS; i++)
		in[i] = (int8_t)((int)(i * 73 % 255) - 127);
	m.out = (uint8_t *)all;
	m.rows = N;
	assert_int_equal(tile_mvm_begin(r->tile, &m), 0);
	tile_mvm(r->tile, &m, 0, 1, &counts);
	r->tile->event = event;
	m.out = (uint8_t *)some;
	m.first_row = FIRST;
	m.rows = ROWS;
	assert_int_equal(tile_mvm_begin(r->tile, &m), 0);
	tile_mvm(r->tile, &m, 0, 1, &counts);
	assert_memory_equal(some, all + FIRST, sizeof(some));
	m.in = &one;
	m.rows = m.cols = 1;
	m.mode = NMC_MVM_CELL_NOISE | NMC_MVM_NO_CONVERTER_ERROR;
	column[0].adc_shift = 3;
	for (row = 0; row < N; row += 3)
		for (output = 0; output < OUTPUTS; output += 3) {
			m.first_row = row;
			m.first_col = output;
			for (i = 0; i < 2; i++) {
				r->tile->event = event;
				m.back = i;
				m.out = (uint8_t *)(i ? &back : &ahead);
				assert_int_equal(tile_mvm_begin(r->tile, &m), 0);
				tile_mvm(r->tile, &m, 0, 1, &counts);
			}
			assert_int_equal(back, ahead);
		}
	rig_close(r);
}

/* Noise of rows is drawn apart from that of outputs. */
static void rows_are_not_outputs(void **unused)
{
	enum { N = 32 };
	struct nmc_isa_column column[N];
	struct rig *r = rig_open(rig_tech("rram", false), N, 2 * N, 9);
	int8_t in[N] = { 0 };
	int32_t out[2][N];
	struct tile_mvm m = { .in = in, .columns = column, .vectors = 1, .rows = N, .cols = N, .adc_bits = 12 };
	struct tile_counts counts = { 0 };
	uint64_t event;
	unsigned int i, same = 0;

	(void)unused;
	rig_fill(r, 20000);
	rig_program(r);
	event = r->tile->event;
	memset(in, 1, sizeof(in));
	for (i = 0; i < N; i++)
		column[i] = (struct nmc_isa_column){ .adc_mult = 1, .adc_shift = 0, .scale_mult = 1 };
	for (i = 0; i < 2; i++) {
		r->tile->event = event;
		m.back = i;
		m.out = (uint8_t *)out[i];
		assert_int_equal(tile_mvm_begin(r->tile, &m), 0);
		/* Alike, so that the draws alone make the difference */
		memset(r->tile->matrix.g, 0, r->tile->matrix.bytes);
		tile_mvm(r->tile, &m, 0, 1, &counts);
	}
	for (i = 0; i < N; i++)
		same += (out[0][i] < 0) == (out[1][i] < 0);
	assert_in_range(same, 4, N - 4);
	rig_close(r);
}

/* Products of both kinds in turn on the smallest tiles give what each gives on a tile of its own. */
static void small_tiles(void **unused)
{
	static const unsigned int shape[][2] = { { 4, 4 }, { 5, 6 }, { 8, 4 }, { 4, 8 }, { 4, 16 } };
	unsigned int i, k, own;

	(void)unused;
	for (i = 0; i < 5; i++) {
		int32_t out[2][3][8] = { 0 };

		for (own = 0; own < 2; own++) {
			struct rig *r = NULL;

			for (k = 0; k < 3; k++) {
				struct nmc_isa_column column[8];
				int8_t in[8] = { 100, -50, 25, 127, -127, 3, 77, -9 };
				struct tile_mvm m = { .in = in, .out = (uint8_t *)out[own][k], .columns = column, .vectors = 1, .rows = shape[i][0],
						      .cols = shape[i][1] / 2, .adc_bits = 12, .back = k == 1, .mode = NMC_MVM_NO_READ_NOISE };
				struct tile_counts counts = { 0 };
				unsigned int c;

				if (!k || own) {
					if (r)
						rig_close(r);
					r = rig_open(rig_tech("rram", false), shape[i][0], shape[i][1], 5);
					rig_spread(r);
					rig_program(r);
				}
				for (c = 0; c < 8; c++)
					column[c] = (struct nmc_isa_column){ .adc_mult = 1, .adc_shift = 13, .scale_mult = 1,
									     .flags = k == 2 ? NMC_COLUMN_PAIR_AFTER_ADC : 0 };
				assert_int_equal(tile_mvm_begin(r->tile, &m), 0);
				tile_mvm(r->tile, &m, 0, 1, &counts);
			}
			rig_close(r);
		}
		assert_memory_equal(out[0], out[1], sizeof(out[0]));
	}
}

/* The converters of rows are others than those of columns: errors of their own, as large, fixed at manufacture. */
static void converters_of_rows(void **unused)
{
	enum { N = 256 };
	int32_t out[N], again[N], ahead[N / 2];
	struct nmc_isa_column column[N];
	struct deck deck = rig_deck("rram");
	int8_t in[N] = { 0 };
	struct tile_mvm m = { .in = in, .in_pitch = N, .out = (uint8_t *)out, .out_pitch = sizeof(out), .columns = column,
			      .vectors = 1, .rows = N, .cols = N / 2, .back = true, .adc_bits = 12 };
	struct tile_counts counts = { 0 };
	unsigned int i, same = 0;
	float x[N];
	struct rig *r;

	(void)unused;
	deck.converters.offset = 0.02f;
	r = rig_open(rig_make(&deck, false), N, N, 9);
	rig_spread(r);
	rig_program(r);
	for (i = 0; i < N; i++)
		column[i] = (struct nmc_isa_column){ .adc_mult = 1, .adc_shift = 12, .scale_mult = 1 };
	assert_int_equal(tile_mvm_begin(r->tile, &m), 0);
	tile_mvm(r->tile, &m, 0, 1, &counts);
	m.out = (uint8_t *)again;
	assert_int_equal(tile_mvm_begin(r->tile, &m), 0);
	tile_mvm(r->tile, &m, 0, 1, &counts);
	assert_memory_equal(again, out, sizeof(out));
	m.out = (uint8_t *)ahead;
	m.back = false;
	assert_int_equal(tile_mvm_begin(r->tile, &m), 0);
	tile_mvm(r->tile, &m, 0, 1, &counts);
	for (i = 0; i < N; i++) {
		x[i] = (float)out[i];
		same += i < N / 2 && out[i] == ahead[i];
	}
	assert_true(same < N / 16);
	/* Full scale is 2 x 2047 codes; five standard errors of a deviation from N samples */
	assert_true(fabs(sqrt(rig_var(x, N)) / (0.02 * 2 * 2047) - 1) < 5 * sqrt(0.5 / N));
	m.out = (uint8_t *)out;
	m.back = true;
	m.mode = NMC_MVM_NO_CONVERTER_ERROR;
	assert_int_equal(tile_mvm_begin(r->tile, &m), 0);
	tile_mvm(r->tile, &m, 0, 1, &counts);
	for (i = 0; i < N; i++)
		assert_int_equal(out[i], 0);
	rig_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact_products),
		cmocka_unit_test(bent_products),
		cmocka_unit_test(one_snapshot_serves_both),
		cmocka_unit_test(drawn_without_spread),
		cmocka_unit_test(noise),
		cmocka_unit_test(same_bits),
		cmocka_unit_test(draws_of_rows_and_cells),
		cmocka_unit_test(rows_are_not_outputs),
		cmocka_unit_test(small_tiles),
		cmocka_unit_test(converters_of_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
