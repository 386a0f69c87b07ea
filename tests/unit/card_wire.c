// SPDX-License-Identifier: MIT
/*
 * Effective conductances of arrays with resistive wires: golden currents; every topology against
 * a dense nodal analysis; both directions; ideal wires, single cells and lines;
 * cells far smaller than wires; one result from every build; refusals.
 */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "card/tile/wire.h"
#include "card_wire_rig.h"
#include "tests/unit/tech_rig.h"

#define GMAX 100.0f	/* microsiemens: Rmin 10 kOhm */

static uint32_t state = 1;

static float next_random(void)
{
	state = state * 1664525u + 1013904223u;
	return (float)(state >> 8) * 0x1p-24f;
}

static float *random_cells(unsigned int n)
{
	float *g = malloc(n * sizeof(*g));
	unsigned int i;

	assert_non_null(g);
	for (i = 0; i < n; i++)
		g[i] = next_random() < 0.1f ? 0 : GMAX * next_random();
	return g;
}

static float *solved(const struct wire_ops *ops, const struct wire *w, unsigned int rows, unsigned int cols,
		     const float *g)
{
	float *out = malloc((size_t)rows * cols * sizeof(*out));

	assert_non_null(out);
	assert_int_equal(wire_solve(ops, w, rows, cols, g, out), 0);
	return out;
}

#if defined(__x86_64__)
extern const struct wire_ops wire_in_c;	/* avx512_in_c.h */
#endif

/* Builds this machine can run. */
static unsigned int builds(const struct wire_ops *ops[RIG_BUILDS])
{
	unsigned int n = 1;

	ops[0] = &wire_plain;
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx2")) {
		ops[n++] = &wire_avx2;
		ops[n++] = &wire_in_c;
	}
	if (wire_select(false) == &wire_avx512)
		ops[n++] = &wire_avx512;
#endif
	return n;
}

/*
 * Currents in units of 1 V x gmax, all inputs 1 V, G[out][in] / gmax all ones or ((7 out + 3 in)
 * % 5) / 4. Up to n = 64: the golden table of the documentation; above: conjugate gradients on
 * the nodal equations to 1e-9.
 */
static void golden_currents(void **unused)
{
	static const struct {
		int mixed;
		unsigned int inputs, outputs;
		float ohm;
		double first, middle, last;
	} golden[] = {
		{ 0, 4, 4, 10, 3.954597, 3.935068, 3.931166 },
		{ 0, 8, 8, 10, 7.742347, 7.579789, 7.535656 },
		{ 0, 64, 64, 1, 56.045932, 49.452815, 47.364025 },
		{ 1, 8, 8, 10, 3.446151, 4.375640, 3.867239 },
		{ 1, 64, 64, 1, 29.895787, 28.065291, 26.994778 },
		{ 0, 256, 256, 1, 97.686948105, 47.744709122, 35.374340112 },
		{ 1, 384, 512, 1, 69.759749451, 23.704708137, 14.544935053 },
	};
	unsigned int t, i, j;

	(void)unused;
	for (t = 0; t < sizeof(golden) / sizeof(*golden); t++) {
		unsigned int rows = golden[t].inputs, cols = golden[t].outputs;
		struct wire w = WIRE_ARRAY(golden[t].ohm, golden[t].ohm);
		float *g = malloc((size_t)rows * cols * sizeof(*g)), *eff;
		double current[512] = { 0 };

		for (i = 0; i < rows; i++)
			for (j = 0; j < cols; j++)
				g[i * cols + j] = golden[t].mixed ? GMAX * (float)((7 * j + 3 * i) % 5) / 4 : GMAX;
		eff = solved(wire_select(false), &w, rows, cols, g);
		for (i = 0; i < rows; i++)
			for (j = 0; j < cols; j++)
				current[j] += (double)eff[i * cols + j] / (double)GMAX;
		assert_true(fabs(current[0] / golden[t].first - 1) < 1e-6);
		assert_true(fabs(current[cols / 2] / golden[t].middle - 1) < 1e-6);
		assert_true(fabs(current[cols - 1] / golden[t].last - 1) < 1e-6);
		free(g);
		free(eff);
	}
}

static void against_nodal_analysis(const struct wire *w, unsigned int rows, unsigned int cols)
{
	static struct network n;
	double want[24][24];
	float *g = random_cells(rows * cols), *eff = solved(wire_select(false), w, rows, cols, g);
	unsigned int i, j;

	build_network(&n, w, rows, cols, g);
	nodal_analysis(&n, want);
	for (i = 0; i < rows; i++)
		for (j = 0; j < cols; j++) {
			double got = (double)eff[i * cols + j];
			double forward = want[i][rows + j], backward = want[rows + j][i];

			assert_true(fabs(got - forward) <= 1e-6 * forward);
			assert_true(fabs(got - backward) <= 1e-6 * backward);
		}
	free(g);
	free(eff);
}

/* All ends; all resistances, each of the four zero or not, those of rows and columns not alike. */
static void every_topology(void **unused)
{
	static const unsigned int shape[][2] = { { 5, 7 }, { 12, 12 }, { 1, 9 }, { 11, 1 }, { 2, 2 }, { 1, 1 } };
	unsigned int s, ends, zero;

	(void)unused;
	for (s = 0; s < sizeof(shape) / sizeof(*shape); s++)
		for (ends = 0; ends < 9; ends++)
			for (zero = 0; zero < 16; zero++) {
				struct wire w = {
					.row_ohm = zero & 1 ? 0 : 130,
					.col_ohm = zero & 2 ? 0 : 47,
					.row_end_ohm = zero & 4 ? 0 : 900,
					.col_end_ohm = zero & 8 ? 0 : 15,
					.driven = (enum wire_ends)(1 + ends % 3),
					.read = (enum wire_ends)(1 + ends / 3),
				};

				if (shape[s][0] * shape[s][1] < 100 || zero == 0 || zero == ends + 1)
					against_nodal_analysis(&w, shape[s][0], shape[s][1]);
			}
}

/* The array on its side: rows are columns, drivers are grounds. */
static void transposed_array(void **unused)
{
	enum { ROWS = 60, COLS = 37 };
	struct wire w = { 2, 3, 50, 20, WIRE_FIRST, WIRE_BOTH }, turned = { 3, 2, 20, 50, WIRE_BOTH, WIRE_FIRST };
	float *g = random_cells(ROWS * COLS), *t = malloc(ROWS * COLS * sizeof(*t)), *a, *b;
	unsigned int i, j;

	(void)unused;
	for (i = 0; i < ROWS; i++)
		for (j = 0; j < COLS; j++)
			t[j * ROWS + i] = g[i * COLS + j];
	a = solved(wire_select(false), &w, ROWS, COLS, g);
	b = solved(wire_select(false), &turned, COLS, ROWS, t);
	for (i = 0; i < ROWS; i++)
		for (j = 0; j < COLS; j++)
			assert_true(fabsf(a[i * COLS + j] - b[j * ROWS + i]) <= 2e-7f * a[i * COLS + j]);
	free(g);
	free(t);
	free(a);
	free(b);
}

/* Without resistance the array is what it is, to the bit, and the result may overwrite the argument. */
static void ideal_wires(void **unused)
{
	unsigned int ends;

	(void)unused;
	for (ends = 1; ends <= 3; ends++) {
		struct wire w = { .driven = (enum wire_ends)ends, .read = (enum wire_ends)(4 - ends) };
		float *g = random_cells(70 * 33), *copy = malloc(70 * 33 * sizeof(*g));

		memcpy(copy, g, 70 * 33 * sizeof(*g));
		assert_int_equal(wire_solve(wire_select(false), &w, 70, 33, g, g), 0);
		assert_memory_equal(g, copy, 70 * 33 * sizeof(*g));
		free(g);
		free(copy);
	}
}

/*
 * A cell alone in an array is a chain of resistors. Its conductance may be 18 decades below that
 * of a wire, beyond the digits of a double.
 */
static void small_cells_beside_large_wires(void **unused)
{
	enum { N = 48 };
	struct wire w = WIRE_ARRAY(1e-6f, 2e-6f);
	float *g = calloc(N * N, sizeof(*g));
	unsigned int k;

	(void)unused;
	for (k = 0; k < 16; k++) {
		unsigned int i = (unsigned int)(next_random() * N), j = (unsigned int)(next_random() * N), c;
		float cell = k % 2 ? 1e-6f : 1e9f, *eff;
		double ohm = 1e6 / (double)cell + (j + 1) * (double)w.row_ohm + (N - i) * (double)w.col_ohm;

		g[i * N + j] = cell;
		eff = solved(wire_select(false), &w, N, N, g);
		for (c = 0; c < N * N; c++)
			assert_true(c == i * N + j ? fabs((double)eff[c] * ohm * 1e-6 - 1) < 1e-7 : eff[c] == 0);
		g[i * N + j] = 0;
		free(eff);
	}
	free(g);
}

static uint64_t digest(uint64_t h, const void *data, size_t bytes)
{
	const uint8_t *p = data;
	size_t i;

	for (i = 0; i < bytes; i++)
		h = (h ^ p[i]) * 0x100000001b3;
	return h;
}

/* What is left of a random mesh of @n nodes without the first @p, row after row above the diagonal. */
static size_t rest_of_mesh(const struct wire_ops *ops, unsigned int n, unsigned int p, double *rest)
{
	size_t stride = wire_stride(n), bytes = (n + WIRE_SPARE) * stride * sizeof(double), count = 0;
	double *g = aligned_alloc(64, bytes);
	unsigned int i, j;

	state = n;
	memset(g, 0, bytes);
	for (i = 0; i < n; i++)
		for (j = i + 1; j < n; j++)
			g[i * stride + j] = (double)next_random() + 0x1p-30 * (double)next_random();
	ops->eliminate(g, n, p, stride);
	for (i = p; i < n; i++)
		for (j = i + 1; j < n; j++)
			rest[count++] = g[i * stride + j];
	free(g);
	return count;
}

/*
 * The kernel in double: rounding to float would hide most differences. The digest is that of gcc
 * and of clang; a contraction or another order of a sum changes it.
 */
static void builds_agree(void **unused)
{
	static const unsigned int mesh[][2] = {
		{ 2, 1 }, { 9, 3 }, { 40, 24 }, { 77, 45 }, { 151, 64 }, { 230, 97 },
	};
	static double want[230 * 230 / 2], got[230 * 230 / 2];
	const struct wire_ops *ops[RIG_BUILDS];
	unsigned int n = builds(ops), m, k;
	uint64_t h = 0xcbf29ce484222325;

	(void)unused;
	for (m = 0; m < sizeof(mesh) / sizeof(*mesh); m++) {
		size_t count = rest_of_mesh(ops[0], mesh[m][0], mesh[m][1], want);

		for (k = 1; k < n; k++) {
			assert_int_equal(rest_of_mesh(ops[k], mesh[m][0], mesh[m][1], got), count);
			assert_memory_equal(got, want, count * sizeof(*got));
		}
		h = digest(h, want, count * sizeof(*want));
	}
	assert_true(h == 0x964c35188efc00c3);
}

/* The whole solve. */
static void solves_agree(void **unused)
{
	static const unsigned int shape[][2] = { { 5, 7 }, { 64, 90 }, { 1, 300 }, { 97, 1 }, { 65, 66 } };
	const struct wire_ops *ops[RIG_BUILDS];
	unsigned int n = builds(ops), s, k, ends;
	uint64_t h = 0xcbf29ce484222325;

	(void)unused;
	state = 2024;
	for (s = 0; s < sizeof(shape) / sizeof(*shape); s++)
		for (ends = 0; ends < 3; ends++) {
			unsigned int rows = shape[s][0], cols = shape[s][1];
			enum wire_ends read = ends ? WIRE_LAST : WIRE_BOTH;
			struct wire w = { 1, ends == 1 ? 0 : 3, 100, 30, WIRE_FIRST, read };
			float *g = random_cells(rows * cols), *want = solved(ops[0], &w, rows, cols, g);
			size_t bytes = (size_t)rows * cols * sizeof(*g);

			for (k = 1; k < n; k++) {
				float *got = solved(ops[k], &w, rows, cols, g);

				assert_memory_equal(got, want, bytes);
				free(got);
			}
			h = digest(h, want, bytes);
			free(want);
			free(g);
		}
	assert_true(h == 0x6ef81e95b37318e0);
}

static void refused(struct wire w, unsigned int rows, unsigned int cols, const float *g)
{
	float out[4] = { 5, 6, 7, 8 };

	assert_int_equal(wire_solve(wire_select(true), &w, rows, cols, g, out), -EINVAL);
	assert_true(out[0] == 5 && out[3] == 8);
}

static void refusals(void **unused)
{
	static const float bad[] = { -1, NAN, INFINITY, -FLT_MIN };
	float good[4] = { 1, 2, 3, 4 };
	unsigned int i;

	(void)unused;
	refused(WIRE_ARRAY(1, 1), 0, 2, good);
	refused(WIRE_ARRAY(1, 1), 2, 0, good);
	refused(WIRE_ARRAY(1, 1), WIRE_LINES + 1, 1, good);
	refused(WIRE_ARRAY(1, 1), 1, WIRE_LINES + 1, good);
	for (i = 0; i < 4; i++) {
		float g[4] = { 1, 2, 3, bad[i] };

		refused(WIRE_ARRAY(1, 1), 2, 2, g);
		refused((struct wire){ bad[i], 1, 1, 1, WIRE_FIRST, WIRE_LAST }, 2, 2, good);
		refused((struct wire){ 1, bad[i], 1, 1, WIRE_FIRST, WIRE_LAST }, 2, 2, good);
		refused((struct wire){ 1, 1, bad[i], 1, WIRE_FIRST, WIRE_LAST }, 2, 2, good);
		refused((struct wire){ 1, 1, 1, bad[i], WIRE_FIRST, WIRE_LAST }, 2, 2, good);
	}
	refused((struct wire){ 1, 1, 1, 1, (enum wire_ends)0, WIRE_LAST }, 2, 2, good);
	refused((struct wire){ 1, 1, 1, 1, WIRE_FIRST, (enum wire_ends)4 }, 2, 2, good);
}

/* Memory of meshes comes from here: the n-th request can be made to fail. */
static unsigned int requests, failing;

void *aligned_alloc(size_t alignment, size_t size)
{
	void *p = NULL;

	if (++requests == failing)
		return NULL;
	return posix_memalign(&p, alignment, size) ? NULL : p;
}

static void out_of_memory(void **unused)
{
	struct wire w = WIRE_ARRAY(1, 1);
	float *g = random_cells(15 * 15), out[15 * 15];
	unsigned int k, all;

	(void)unused;
	requests = 0;
	assert_int_equal(wire_solve(wire_select(false), &w, 15, 15, g, out), 0);
	all = requests;
	assert_int_equal(all, 31);	/* 16 parts and 15 joins */
	memset(out, 0, sizeof(out));
	for (k = 1; k <= all; k++) {
		requests = 0;
		failing = k;
		assert_int_equal(wire_solve(wire_select(false), &w, 15, 15, g, out), -ENOMEM);
		assert_int_equal(requests, k);
		assert_true(out[0] == 0);
	}
	failing = 0;
	free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_currents),
		cmocka_unit_test(every_topology),
		cmocka_unit_test(transposed_array),
		cmocka_unit_test(ideal_wires),
		cmocka_unit_test(small_cells_beside_large_wires),
		cmocka_unit_test(builds_agree),
		cmocka_unit_test(solves_agree),
		cmocka_unit_test(refusals),
		cmocka_unit_test(out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
