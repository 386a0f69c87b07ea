// SPDX-License-Identifier: MIT
/*
 * Products on one whole tile, in a loop on the card so that submission does not count, beside single-precision matrix
 * products of the same shape by OpenBLAS. All are measured in turn, in short slices of which the median counts: what else
 * the machine does then weighs on both sides of a ratio.
 */
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nmc-bench/bench.h"

#define COLUMN_BYTES	16	/* struct nmc_isa_column */
#define GROUP_MVM_T	3	/* bit of nmc_device_info.groups */
#define LOOPS		64
#define SLICES		9

#define AGE_STEPS	64	/* ages a job */
#define AGE_JOBS	60	/* from a quarter of an hour to some years */

enum { SLOT_TARGETS, SLOT_COLUMNS, SLOT_IN, SLOTS };

enum noise { NOISE_NONE, NOISE_COLUMNS, NOISE_CELLS };

/**
 * struct product - a tile with something on it
 */
struct product {
	const struct bench *b;
	struct nmc_device_info card;
	struct nmc_class_info class;
	struct nmc_tileset *set;
	struct nmc_context *context;
	struct nmc_buffer *buffer[SLOTS];
};

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Most inputs, or results, of a product in one of the directions. */
static uint32_t most_of(const struct product *p)
{
	return p->class.rows > p->class.outputs ? p->class.rows : p->class.outputs;
}

/* Conductances over the whole range (small weights for integer classes), and codes over the whole range. */
static void fill(struct product *p)
{
	uint32_t state = 1, i, cells = p->class.rows * p->class.cols;
	int16_t *target = nmc_buffer_data(p->buffer[SLOT_TARGETS]);
	int8_t *in = nmc_buffer_data(p->buffer[SLOT_IN]);
	uint8_t *column = nmc_buffer_data(p->buffer[SLOT_COLUMNS]);
	const uint16_t mult = 40000;
	const int16_t scale = 100;

	for (i = 0; i < cells; i++)
		target[i] = (int16_t)(p->class.converters ? next_random(&state) % 26215 :
				      next_random(&state) % 255) - (p->class.converters ? 0 : 127);
	for (i = 0; i < p->b->batch * most_of(p); i++)
		in[i] = (int8_t)(next_random(&state) % 255 - 127);
	for (i = 0; i < most_of(p); i++, column += COLUMN_BYTES) {
		memcpy(column + 4, &mult, 2);
		column[6] = 35;
		memcpy(column + 8, &scale, 2);
	}
}

static int run_stream(struct product *p, struct nmc_stream *stream)
{
	struct nmc_slot_ref slots[SLOTS];
	uint64_t job;
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		slots[i] = (struct nmc_slot_ref){ p->buffer[i], false };
	return nmc_job_submit(p->context, stream, slots, SLOTS, &job) || nmc_job_wait(p->context, job, -1, NULL) ? -1 : 0;
}

/* Programs the whole tile, from its erased state: cells that are in their band would keep their last write. */
static int program_tile(struct product *p)
{
	uint32_t bytes = p->class.rows * p->class.cols * 2;
	struct nmc_operand data = { .pitch = p->class.cols * 2 };
	struct nmc_stream *s;
	int ret = nmc_stream_create(bytes + 256, &s);

	if (ret)
		return ret;
	ret = nmc_stream_load(s, SLOT_TARGETS, 0, 0, 1, bytes, (struct nmc_operand){ 0 });
	if (!ret)
		ret = nmc_stream_erase(s, 0, 0, bytes, p->class.rows, p->class.cols);
	if (!ret)
		ret = nmc_stream_program(s, 0, 0, data, bytes, p->class.rows, p->class.cols);
	if (!ret)
		ret = run_stream(p, s);
	nmc_stream_destroy(s);
	return ret;
}

static int product_open(const struct bench *b, struct product *p)
{
	int index = b->class_name ? nmc_device_find_class(b->device, b->class_name) : 0, ret;

	p->b = b;
	p->card.size = sizeof(p->card);
	p->class.size = sizeof(p->class);
	if (index < 0)
		return index;
	ret = nmc_device_info(b->device, &p->card);
	if (!ret)
		ret = nmc_device_class(b->device, (unsigned int)index, &p->class);
	if (!ret)
		ret = nmc_tileset_create(b->device, (unsigned int)index, 1, &p->set);
	if (!ret)
		ret = nmc_context_create(b->device, &p->set, 1, &p->context);
	if (!ret)
		ret = nmc_buffer_create(b->device, (size_t)p->class.rows * p->class.cols * 2, &p->buffer[SLOT_TARGETS]);
	if (!ret)
		ret = nmc_buffer_create(b->device, (size_t)most_of(p) * COLUMN_BYTES, &p->buffer[SLOT_COLUMNS]);
	if (!ret)
		ret = nmc_buffer_create(b->device, (size_t)most_of(p) * b->batch, &p->buffer[SLOT_IN]);
	if (ret)
		return ret;
	fill(p);
	return program_tile(p);
}

static void product_close(struct product *p)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		nmc_buffer_destroy(p->buffer[i]);
	nmc_context_destroy(p->context);
	nmc_tileset_destroy(p->set);
}

/* A job of @loops products of @vectors vectors. */
static int make_stream(const struct product *p, unsigned int vectors, unsigned int loops, enum noise noise, bool backward,
		       struct nmc_stream **s)
{
	uint32_t inputs = backward ? p->class.outputs : p->class.rows, results = backward ? p->class.rows : p->class.outputs;
	uint32_t columns = results * COLUMN_BYTES, in = columns, out = in + vectors * inputs;
	struct nmc_mvm m = {
		.in = { in, inputs, 0 },
		.out = { (out + 63) / 64 * 64, results * 4, 0 },
		.vectors = vectors,
		.rows = p->class.rows,
		.outputs = p->class.outputs,
		.adc_bits = p->class.converters ? 8 : 0,
		.no_read_noise = noise == NOISE_NONE,
		.cell_noise = noise == NOISE_CELLS,
		.backward = backward,
	};
	int ret = nmc_stream_create(m.out.addr + vectors * m.out.pitch, s);

	if (!ret)
		ret = nmc_stream_load(*s, SLOT_COLUMNS, 0, 0, 1, columns, (struct nmc_operand){ 0 });
	if (!ret)
		ret = nmc_stream_load(*s, SLOT_IN, 0, inputs, vectors, inputs, (struct nmc_operand){ in, inputs, 0 });
	if (!ret)
		ret = nmc_stream_loop(*s, loops, 1);
	return ret ? ret : nmc_stream_mvm(*s, &m);
}

static double slice_seconds(const struct bench *b)
{
	return b->seconds / SLICES;
}

/* Vectors a second in one slice, or negative. */
static double rate(struct product *p, unsigned int vectors, enum noise noise, bool backward)
{
	unsigned int loops = (noise == NOISE_CELLS ? 1 : LOOPS) * (128 / vectors ? 128 / vectors : 1);
	struct nmc_stream *s;
	double begin, now, done = 0;
	int ret = make_stream(p, vectors, loops, noise, backward, &s);

	if (!ret)
		ret = run_stream(p, s);
	begin = now = bench_now();
	while (!ret && now - begin < slice_seconds(p->b)) {
		ret = run_stream(p, s);
		now = bench_now();
		done += (double)loops * vectors;
	}
	nmc_stream_destroy(s);
	return ret ? -1.0 : done / (now - begin);
}

/* Rate of sgemm in one slice: @vectors x rows times rows x columns, all physical columns. */
static double sgemm_rate(const struct product *p, unsigned int threads)
{
	int m = (int)p->b->batch, k = (int)p->class.rows, n = (int)p->class.cols;
	float *a = calloc((size_t)m * k, sizeof(float)), *w = calloc((size_t)k * n, sizeof(float));
	float *c = calloc((size_t)m * n, sizeof(float));
	double begin, now, done = 0;
	int i;

	if (!a || !w || !c)
		abort();
	for (i = 0; i < m * k; i++)
		a[i] = (float)(i % 7);
	for (i = 0; i < k * n; i++)
		w[i] = (float)(i % 5);
	openblas_set_num_threads((int)threads);
	begin = now = bench_now();
	while (now - begin < slice_seconds(p->b)) {
		for (i = 0; i < 16; i++)
			cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1.0f, a, k, w, n, 0.0f, c, n);
		now = bench_now();
		done += 16.0 * m;
	}
	free(a);
	free(w);
	free(c);
	return done / (now - begin);
}

enum { SGEMM_ONE, SGEMM_ALL, PLAIN, NOISY, CELL_NOISE, SINGLE, BACKWARD, FIGURES };

/* Figure @f in one slice: vectors a second, or negative. */
static double slice(struct product *p, unsigned int f)
{
	switch (f) {
	case SGEMM_ONE:
		return sgemm_rate(p, 1);
	case SGEMM_ALL:
		return sgemm_rate(p, p->b->threads);
	case NOISY:
		return rate(p, p->b->batch, NOISE_COLUMNS, false);
	case CELL_NOISE:
		return rate(p, p->b->batch, NOISE_CELLS, false);
	case BACKWARD:
		return rate(p, p->b->batch, NOISE_NONE, true);
	default:
		return rate(p, f == SINGLE ? 1 : p->b->batch, NOISE_NONE, false);
	}
}

/* The other way results are more than inputs, as a rule: a batch that fits forward may not. */
static bool goes_back(const struct product *p)
{
	uint64_t vector = p->class.outputs + 4ull * p->class.rows;

	return p->card.groups >> GROUP_MVM_T & 1 &&
	       p->class.rows * COLUMN_BYTES + p->b->batch * vector + 64 <= p->card.sram_bytes;
}

static bool measured(const struct product *p, unsigned int f)
{
	switch (f) {
	case NOISY:
		return p->class.read_noise;
	case CELL_NOISE:
		return p->class.read_noise && p->class.what_if;
	case BACKWARD:
		return goes_back(p);
	default:
		return true;
	}
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Medians of all figures, measured in turn. */
static int measure(struct product *p, double figure[FIGURES])
{
	double slices[FIGURES][SLICES];
	unsigned int f, i;

	for (i = 0; i < SLICES; i++)
		for (f = 0; f < FIGURES; f++) {
			slices[f][i] = measured(p, f) ? slice(p, f) : 0.0;
			if (slices[f][i] < 0.0)
				return -1;
		}
	for (f = 0; f < FIGURES; f++) {
		qsort(slices[f], SLICES, sizeof(double), ascending);
		figure[f] = slices[f][SLICES / 2];
	}
	return 0;
}

/* A rate beside those of sgemm with one thread and with all. */
static void add_rate(const struct product *p, struct json_object *o, const char *key, const double figure[FIGURES], unsigned int f)
{
	double cells = (double)p->class.rows * p->class.cols;
	char name[64];

	if (!measured(p, f))
		return;
	snprintf(name, sizeof(name), "%s_vectors_per_second", key);
	add_number(o, name, figure[f]);
	snprintf(name, sizeof(name), "%s_cells_per_second", key);
	add_number(o, name, figure[f] * cells);
	snprintf(name, sizeof(name), "%s_ratio_to_sgemm", key);
	add_number(o, name, figure[f] / figure[SGEMM_ALL]);
	snprintf(name, sizeof(name), "%s_ratio_to_sgemm_one_thread", key);
	add_number(o, name, figure[f] / figure[SGEMM_ONE]);
}

/* A job of @steps single products, each at an age 0.3 % beyond the last if @age is given, nanoseconds. */
static int make_ages(const struct product *p, unsigned int steps, double *age, struct nmc_stream **s)
{
	uint32_t columns = p->class.outputs * COLUMN_BYTES;
	struct nmc_mvm m = {
		.in = { columns, p->class.rows, 0 }, .out = { (columns + p->class.rows + 63) / 64 * 64, p->class.outputs * 4, 0 },
		.vectors = 1, .rows = p->class.rows, .outputs = p->class.outputs, .adc_bits = p->class.converters ? 8 : 0,
		.no_read_noise = true,
	};
	int ret = nmc_stream_create(m.out.addr + m.out.pitch, s);
	unsigned int i;

	if (!ret)
		ret = nmc_stream_load(*s, SLOT_COLUMNS, 0, 0, 1, columns, (struct nmc_operand){ 0 });
	for (i = 0; !ret && i < steps; i++) {
		if (age) {
			ret = nmc_stream_idle(*s, 0, (uint64_t)(*age * 0.003));
			*age *= 1.003;
		}
		if (!ret)
			ret = nmc_stream_mvm(*s, &m);
	}
	return ret;
}

/* Seconds of a job of @steps single products, at ever new ages or, if @age is NULL, at one. */
static int time_ages(struct product *p, unsigned int steps, double *age, double *seconds)
{
	struct nmc_stream *s = NULL;
	int ret = make_ages(p, steps, age, &s);
	double begin = bench_now();

	if (!ret)
		ret = run_stream(p, s);
	*seconds = bench_now() - begin;
	nmc_stream_destroy(s);
	return ret;
}

/*
 * What single products at new ages take longer than at one age, where a network of wires is solved for each as well: as
 * many ages as the time allows, both in turn, of which the medians count.
 */
static int add_ages(struct product *p, struct json_object *o)
{
	double cells = (double)p->class.rows * p->class.cols, age = 1e12, still[AGE_JOBS], moving[AGE_JOBS], each;
	unsigned int steps = 1, jobs = AGE_JOBS, i;
	int ret;

	while (!(ret = time_ages(p, steps, &age, moving)) && steps < AGE_STEPS && *moving < slice_seconds(p->b))
		steps *= 2;
	if (!ret && *moving * AGE_JOBS > p->b->seconds)
		jobs = 1 + (unsigned int)(p->b->seconds / *moving);
	for (i = 0; !ret && i < jobs; i++) {
		ret = time_ages(p, steps, NULL, &still[i]);
		if (!ret)
			ret = time_ages(p, steps, &age, &moving[i]);
	}
	if (ret)
		return ret;
	qsort(still, jobs, sizeof(*still), ascending);
	qsort(moving, jobs, sizeof(*moving), ascending);
	each = (moving[jobs / 2] - still[jobs / 2]) / steps;
	add_number(o, "aged_cells_per_second", cells / each);
	add_number(o, "aged_seconds_a_tile", each);
	return 0;
}

int bench_mvm(const struct bench *b, struct json_object *o)
{
	struct product p = { 0 };
	double figure[FIGURES];
	int ret = product_open(b, &p);

	if (!ret)
		ret = measure(&p, figure);
	if (!ret) {
		json_object_object_add(o, "class", json_object_new_string(p.class.name));
		add_number(o, "rows", p.class.rows);
		add_number(o, "cols", p.class.cols);
		add_number(o, "batch", b->batch);
		add_number(o, "threads", b->threads);
		add_number(o, "sgemm_one_thread_vectors_per_second", figure[SGEMM_ONE]);
		add_number(o, "sgemm_vectors_per_second", figure[SGEMM_ALL]);
		add_rate(&p, o, "plain", figure, PLAIN);
		add_rate(&p, o, "noisy", figure, NOISY);
		add_rate(&p, o, "cell_noise", figure, CELL_NOISE);
		add_rate(&p, o, "single", figure, SINGLE);
		add_rate(&p, o, "backward", figure, BACKWARD);
		if (p.class.read_noise)
			ret = add_ages(&p, o);
	}
	product_close(&p);
	return ret;
}
