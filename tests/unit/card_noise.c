// SPDX-License-Identifier: MIT
/*
 * Noise of reads: products with one draw a column against products with one a cell, moments at the bottom of the range,
 * the part of 1/f noise that is frozen and the part that is not. Each statistical bound fails a right program with
 * probability 1e-6 at most (five standard errors, or Massart's bound of Kolmogorov's distance); seeds are fixed.
 */
#include "card/cell/gauss.h"
#include "tests/unit/physics_rig.h"

#define VECTORS	8192
#define ROWS	64

/* A rig whose cells are put where a test wants them: never programmed, so that time does nothing to them. */
static struct rig *still(const struct deck *deck, unsigned int rows, unsigned int cols, uint64_t seed)
{
	return rig_open(rig_make(deck, false), rows, cols, seed);
}

static struct deck_curve constant(double value)
{
	return (struct deck_curve){ .given = true, .per = 1, .scale = 1, .poly = { value }, .min = -1e9, .max = 1e9,
				    .above = 1e9 };
}

/* @VECTORS products of one vector with output 0, in codes of about a hundredth of their spread; returns the mode's codes. */
static void products(struct rig *r, const int8_t *in, double offset, unsigned int shift, unsigned int mode, float *x)
{
	static int32_t out[VECTORS];
	struct nmc_isa_column column = { .offset = (uint32_t)(int32_t)offset, .adc_mult = 1, .adc_shift = (uint8_t)shift,
					 .scale_mult = 1 };
	struct tile_mvm m = { .in = in, .in_pitch = 0, .out = (uint8_t *)out, .out_pitch = 4, .columns = &column,
			      .vectors = VECTORS, .rows = r->whole.rows, .cols = 1, .adc_bits = 12, .mode = mode };
	struct tile_counts counts = { 0 };
	unsigned int i;

	assert_int_equal(tile_mvm_begin(r->tile, &m), 0);
	tile_mvm(r->tile, &m, 0, VECTORS, &counts);
	assert_int_equal(counts.clips, 0);
	for (i = 0; i < VECTORS; i++)
		x[i] = (float)out[i];
}

/* Product of the cells without noise. */
static double plain_sum(const struct rig *r, const int8_t *in)
{
	double sum = 0;
	unsigned int i;

	for (i = 0; i < r->whole.rows; i++)
		sum += in[i] * (double)(r->tile->g[2 * i] - r->tile->g[2 * i + 1]) * r->class.tech->per_lsb;
	return sum;
}

/*
 * One draw a column is one a cell, cells near zero included: sums of 64 rows whose plus cells lie within 2 sigma of zero.
 * Without the moments of the cut the same two samples are told apart.
 */
static void column_is_cells(void **unused)
{
	static float column[VECTORS], cell[VECTORS], naive[VECTORS];
	struct deck deck = rig_deck("rram");
	int8_t in[ROWS];
	struct rig *r;
	double offset;
	unsigned int i;

	(void)unused;
	deck.read.white = constant(1);
	r = still(&deck, ROWS, 2, 8);
	for (i = 0; i < ROWS; i++) {
		r->tile->g[2 * i] = 2.0f * (float)i / ROWS;
		r->tile->g[2 * i + 1] = 20;
		in[i] = (int8_t)(1 + i * 37 % 127);
	}
	offset = -plain_sum(r, in);
	products(r, in, offset, 12, 0, column);
	products(r, in, offset, 12, NMC_MVM_CELL_NOISE, cell);
	for (i = 0; i < TILE_CLAMP; i++) {
		r->class.clamp_mean[i] = 0;
		r->class.clamp_var[i] = 1;
	}
	products(r, in, offset, 12, 0, naive);
	assert_true(fabs(rig_mean(column, VECTORS) - rig_mean(cell, VECTORS)) < 5 * sqrt(2 * rig_var(cell, VECTORS) / VECTORS));
	assert_true(fabs(rig_var(column, VECTORS) / rig_var(cell, VECTORS) - 1) < 5 * sqrt(4.0 / VECTORS));
	/* Codes are the same lattice for both, and it is fine: 1/100 of sigma moves a distribution by 0.004 */
	assert_true(sqrt(rig_var(column, VECTORS)) > 50);
	assert_true(ks_two(column, cell, VECTORS) < ks_bound(VECTORS / 2));
	assert_true(ks_two(naive, cell, VECTORS) > 2 * ks_bound(VECTORS / 2));
	rig_close(r);
}

/* The same of phase-change memory a year old, as a network has it: idle cells, where 1/f noise is largest, and weights. */
static void column_is_cells_after_a_year(void **unused)
{
	static float column[VECTORS], cell[VECTORS];
	struct rig *r = rig_open(rig_tech("pcm", false), 256, 2, 8);
	int8_t in[256];
	double offset = 0;
	unsigned int i;

	(void)unused;
	for (i = 0; i < 256; i++) {
		r->target[2 * i] = (int16_t)(i % 3 ? i * 4 : i * 90);
		in[i] = (int8_t)((int)(i * 73 % 255) - 127);
	}
	rig_program(r);
	rig_age(r, YEAR);
	for (i = 0; i < 256; i++)
		offset -= in[i] * (double)(r->g[2 * i] - r->g[2 * i + 1]) * r->class.tech->per_lsb;
	products(r, in, offset, 12, 0, column);
	products(r, in, offset, 12, NMC_MVM_CELL_NOISE, cell);
	assert_true(sqrt(rig_var(column, VECTORS)) > 30);
	assert_true(fabs(rig_var(column, VECTORS) / rig_var(cell, VECTORS) - 1) < 5 * sqrt(4.0 / VECTORS));
	assert_true(ks_two(column, cell, VECTORS) < ks_bound(VECTORS / 2));
	rig_close(r);
}

/* Variance of a column is sum (sigma x)^2, and its law normal. Sigma from the deck, by hand. */
static void column_variance(void **unused)
{
	static const struct { const char *name; double a, b; } decks[] = { { "rram", .05, .005 }, { "ecram", .01, .002 } };
	static float x[VECTORS];
	int8_t in[ROWS];
	unsigned int i, k, d;

	(void)unused;
	for (d = 0; d < 2; d++) {
		const struct cell_tech *tech = rig_tech(decks[d].name, false);
		struct rig *r = rig_open(tech, ROWS, 2, 4);
		double var = 0, unit = 0;

		for (i = 0; i < ROWS; i++) {
			in[i] = (int8_t)((int)(i * 91 % 255) - 127);
			for (k = 0; k < 2; k++) {
				float *g = &r->tile->g[2 * i + k];

				*g = tech->deck.gmin + (tech->deck.gmax - tech->deck.gmin) * (float)((7 * i + 31 * k) % 64 + 1) / 64;
				var += pow((decks[d].a + decks[d].b * *g) * tech->per_lsb * in[i], 2);
			}
		}
		products(r, in, -plain_sum(r, in), 8, 0, x);
		unit = sqrt(var) / 256;
		assert_true(fabs(rig_var(x, VECTORS) / (unit * unit) - 1) < 5 * sqrt(2.0 / VECTORS) + 0.01);
		assert_true(fabs(rig_mean(x, VECTORS)) < 5 * unit / sqrt(VECTORS) + 0.2);
		/* A lattice of 1 / sigma hides up to its own step's probability, 0.4 of it */
		assert_true(ks_normal(x, VECTORS, 0, unit) < ks_bound(VECTORS) + 0.5 / unit);
		rig_close(r);
	}
}

/* Absolute 1/f noise of CMO cells an hour old fits into a snapshot: fast part .02773 log10(g) sqrt(ln(1 s / 2 us)). */
static void cmo_noise_fits(void **unused)
{
	static float x[VECTORS];
	const struct cell_tech *tech = rig_tech("rram-cmo", false);
	struct rig *r = rig_open(tech, ROWS, 2, 4);
	double var = 0, offset = 0;
	int8_t in[ROWS];
	unsigned int i;

	(void)unused;
	rig_fill(r, 80 * tech->per_lsb);
	rig_program(r);
	rig_age(r, HOUR);
	for (i = 0; i < ROWS; i++) {
		in[i] = (int8_t)(40 + i);
		var += 2 * pow(.02773 * log10(80) * sqrt(log(1 / 2e-6)) * tech->per_lsb * in[i], 2);
	}
	products(r, in, 0, 9, NMC_MVM_NO_READ_NOISE, x);
	offset = -512.0 * x[0];
	products(r, in, offset, 9, 0, x);
	assert_true(fabs(rig_var(x, VECTORS) * 512 * 512 / var - 1) < 5 * sqrt(2.0 / VECTORS) + 0.01);
	rig_close(r);
}

/* Mean and variance of max(0, g + sigma z) to 1e-4 of sigma, wherever g lies between the entries of the table. */
static void moments(void **unused)
{
	struct deck deck = rig_deck("rram");
	struct rig *r;
	float g[CELL_LANES], var[CELL_LANES];
	struct tile_scratch scratch = { .ages = 0 };
	unsigned int i;

	(void)unused;
	deck.read.white = constant(2);
	r = still(&deck, 1, 512, 8);
	for (i = 0; i < 512; i++)
		r->tile->g[i] = 0.01713f * (float)i;
	tile_row(r->tile, 0, 0, &scratch, g);
	tile_row_noise(r->tile, 0, 0, g, var);
	for (i = 0; i < 512; i++) {
		double sigma = 2 * r->class.tech->per_lsb, q = r->tile->g[i] / 2.0, density = exp(-q * q / 2) / sqrt(2 * M_PI);
		double mean = q * normal_below(q) + density, square = (q * q + 1) * normal_below(q) + q * density;

		assert_true(fabs(g[i] / sigma - mean) < 1e-4);
		assert_true(fabs(var[i] / (sigma * sigma) - (square - mean * mean)) < 4e-4);
	}
	rig_close(r);
}

/* Slow noise of each cell in units of its spread, at @age. */
static void slow_part(struct rig *r, uint64_t age, float *z, float *fast)
{
	const struct cell_tech *tech = r->class.tech;
	struct cell_read read;
	uint32_t decade;
	unsigned int row, i;

	rig_age(r, age);
	read = cell_read_at(tech, cell_age_grid(age), &decade);
	for (row = 0; row < r->whole.rows; row++) {
		float g[CELL_LANES], seen[CELL_LANES], var[CELL_LANES];
		struct tile_scratch scratch = { .ages = 0 };

		tile_row(r->tile, row, 0, &scratch, g);
		memcpy(seen, g, sizeof(g));
		tile_row_noise(r->tile, row, NMC_MVM_CELL_NOISE, seen, var);
		for (i = 0; i < r->whole.cols; i++) {
			z[row * r->whole.cols + i] = (seen[i] - g[i]) / g[i] / read.slow;
			fast[row * r->whole.cols + i] = var[i] / (seen[i] * seen[i]);
		}
	}
}

static double correlation(const float *x, const float *y, unsigned int n)
{
	double sum = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		sum += x[i] * (double)y[i];
	return sum / n / sqrt(rig_var(x, n) * rig_var(y, n));
}

/*
 * Slow noise is one deviate a cell, a write and a decade of age; with the fast part it adds up to
 * Q sqrt(ln((t + t0 + t_read) / (2 t_read))).
 */
static void slow_noise(void **unused)
{
	enum { N = 128 * 128 };
	static float early[N], late[N], next[N], again[N], fast[N];
	const struct cell_tech *tech = rig_tech("pcm", false);
	struct rig *r = rig_open(tech, 128, 128, 6);
	double total;
	unsigned int i;

	(void)unused;
	rig_fill(r, 10 * tech->per_lsb);
	rig_program(r);
	slow_part(r, 12 * SECOND, early, fast);
	slow_part(r, 95 * SECOND, late, fast);
	for (i = 0; i < N; i++)
		assert_true(fabs(early[i] - late[i]) < 1e-4 * fabs(early[i]) + 1e-5);
	total = rig_var(late, N) * log(115) + rig_mean(fast, N);
	assert_true(fabs(sqrt(total) / (.016 * sqrt(log(115 / 5e-7))) - 1) < 5 * sqrt(2.0 / N) + 0.005);
	assert_true(fabs(rig_mean(fast, N) / (.016 * .016 * log(2e6)) - 1) < 0.01);
	assert_true(fabs(rig_mean(late, N)) < 5 * .016 / sqrt(N));
	slow_part(r, 120 * SECOND, next, fast);
	assert_true(fabs(correlation(early, next, N)) < 5 / sqrt(N));
	rig_program(r);
	slow_part(r, 12 * SECOND, again, fast);
	assert_true(fabs(correlation(early, again, N)) < 5 / sqrt(N));
	assert_true(ks_normal(late, N, 0, .016) < ks_bound(N) + 0.005);
	rig_close(r);
}

/* READ draws the fast part anew: 256 reads of each cell, within and between cells. */
static void reads_add_up(void **unused)
{
	enum { N = 32 * 32, READS = 256 };
	static int16_t code[N];
	static double sum[N], square[N];
	const struct cell_tech *tech = rig_tech("pcm", false);
	struct rig *r = rig_open(tech, 32, 32, 6);
	double within = 0, between = 0;
	unsigned int i, k;

	(void)unused;
	rig_fill(r, 15 * tech->per_lsb);
	rig_program(r);
	rig_age(r, HOUR);
	for (k = 0; k < READS; k++) {
		tile_read(r->tile, &r->whole, code, 64, &r->cost);
		for (i = 0; i < N; i++) {
			double x = code[i] / (r->g[i] * (double)tech->per_lsb) - 1;

			sum[i] += x / READS;
			square[i] += x * x / READS;
		}
	}
	for (i = 0; i < N; i++) {
		within += (square[i] - sum[i] * sum[i]) * READS / (READS - 1) / N;
		between += sum[i] * sum[i] / N;
	}
	between -= within / READS;
	/* .0123 has three digits: 0.5 %, twice that of the square */
	assert_true(fabs(within / (pow(.0123, 2) * log(2e6)) - 1) < 5 * sqrt(2.0 / N / READS) + 0.015);
	assert_true(fabs((within + between) / pow(.0123 * 4.7648, 2) - 1) < 5 * sqrt(2.0 / N) * 0.4 + 0.015);
	rig_close(r);
}

/* Noise of a broken cell is that of what it holds, not that of a target it never had; an open one has none. */
static void noise_of_broken_cells(void **unused)
{
	static const struct deck_defects kind[] = { { .stuck_high = 1 }, { .dead = 1 } };
	unsigned int k, i;

	(void)unused;
	for (k = 0; k < 2; k++) {
		struct tile_scratch scratch = { .ages = 0 };
		struct deck deck = rig_deck("pcm");
		float g[CELL_LANES], var[CELL_LANES];
		struct rig *r;

		deck.defects = kind[k];
		deck.read.white = constant(.1);
		r = still(&deck, 1, 64, 3);
		rig_program(r);
		rig_age(r, HOUR);
		tile_row(r->tile, 0, 0, &scratch, g);
		tile_row_noise(r->tile, 0, NMC_MVM_CELL_NOISE, g, var);
		for (i = 0; i < 64; i++) {
			double want = (.0088 * .0088 * log(2e6) * g[i] * g[i]) + pow(.1 * r->class.tech->per_lsb, 2);

			assert_true(k ? g[i] == 0 && var[i] == 0 : fabs(var[i] / want - 1) < 0.01);
			assert_true(k || fabs(g[i] / 26213.6 - 1) < 5 * .0088 * 4.77);
		}
		rig_close(r);
	}
}

/* Noise beyond 2^22 is rounded as noise below it; no deck's is so large that a sum overflows. */
static void large_noise(void **unused)
{
	const struct product_ops *build[2] = { product_select(true), product_select(false) };
	struct philox_stream s = philox_stream(1, 2, PURPOSE_PRODUCT, 3);
	static const float unit[] = { 1.0f, 5000.0f, 4e9f };
	int32_t acc[2][64], var[64];
	unsigned int k, i, b;
	uint32_t r[4];

	(void)unused;
	for (k = 0; k < 3; k++) {
		for (b = 0; b < 2; b++) {
			for (i = 0; i < 64; i++) {
				acc[b][i] = i % 2 ? 384 * 32767 * 127 : -384 * 32767 * 127;
				var[i] = 1500000000 + (int32_t)i;
			}
			build[b]->noise(acc[b], var, unit[k], 0, 64, &s, 0);
		}
		assert_memory_equal(acc[0], acc[1], sizeof(acc[0]));
		for (i = 0; i < 64; i++) {
			float x;

			philox_draw(&s, i / 4, r);
			x = sqrtf((float)var[i] * unit[k]) * gauss(r[i % 4]);
			assert_int_equal(acc[0][i] - (i % 2 ? 384 * 32767 * 127 : -384 * 32767 * 127),
					 (int32_t)fmax(-5e8, fmin(5e8, rint((double)x))));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(column_is_cells),
		cmocka_unit_test(column_is_cells_after_a_year),
		cmocka_unit_test(column_variance),
		cmocka_unit_test(cmo_noise_fits),
		cmocka_unit_test(moments),
		cmocka_unit_test(slow_noise),
		cmocka_unit_test(reads_add_up),
		cmocka_unit_test(noise_of_broken_cells),
		cmocka_unit_test(large_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
