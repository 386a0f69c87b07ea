// SPDX-License-Identifier: MIT
/*
 * The run itself: read, open, plan, program, run, score.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/progress.h"
#include "nmc-run/nmc-run.h"

int run_library(int status)
{
	progress_clear();
	return run_fail(status, nmc_last_error());
}

static int read_inputs(struct run_state *s)
{
	const struct run_options *o = s->o;
	char error[512];
	int ret = o->images ? idx_read_images(o->images, &s->in, error, sizeof(error)) :
			      npy_read(o->input, &s->in, error, sizeof(error));

	if (!ret && o->labels)
		ret = idx_read_labels(o->labels, &s->labels, error, sizeof(error));
	if (ret)
		return run_fail(EXIT_INPUT, error);
	if (o->labels && s->labels.count != s->in.count) {
		snprintf(error, sizeof(error), "%s has %zu labels for %zu images in %s", o->labels, s->labels.count,
			 s->in.count, o->images);
		return run_fail(EXIT_INPUT, error);
	}
	if (o->limit && o->limit < s->in.count)
		s->in.count = o->limit;
	return 0;
}

static int read_model(struct run_state *s)
{
	char error[512];

	if (nmc_network_import_onnx(s->o->model, &s->network))
		return run_library(EXIT_INPUT);
	if (nmc_network_inputs(s->network) == s->in.width)
		return 0;
	snprintf(error, sizeof(error), "%s: the network takes %u values a vector, the file has %zu",
		 s->o->images ? s->o->images : s->o->input, nmc_network_inputs(s->network), s->in.width);
	return run_fail(EXIT_INPUT, error);
}

/* A label that no output stands for is never right: the file belongs to another network. */
static int check_labels(const struct run_state *s)
{
	unsigned int outputs = nmc_network_outputs(s->network);
	char error[512];
	size_t i;

	for (i = 0; i < s->labels.count; i++) {
		if (s->labels.values[i] < outputs)
			continue;
		snprintf(error, sizeof(error), "%.300s: label %u of image %zu, the network has %u outputs", s->o->labels,
			 s->labels.values[i], i, outputs);
		return run_fail(EXIT_INPUT, error);
	}
	return 0;
}

/* Vectors that set the converters' ranges: a file's, or the first of those that will run. */
static int read_samples(struct run_state *s)
{
	char error[512];

	if (!s->o->calibrate_file) {
		s->samples = s->in;
		if (s->o->calibrate < s->in.count)
			s->samples.count = s->o->calibrate;
		return 0;
	}
	if (npy_read(s->o->calibrate_file, &s->samples, error, sizeof(error)))
		return run_fail(EXIT_INPUT, error);
	if (s->samples.width == s->in.width)
		return 0;
	snprintf(error, sizeof(error), "%s: %zu values a vector; the vectors to run have %zu", s->o->calibrate_file,
		 s->samples.width, s->in.width);
	return run_fail(EXIT_INPUT, error);
}

/* The device's URI, with the seed of card number @card in it where seeds were asked for. */
static int device_uri(const struct run_options *o, unsigned int card, char *uri, size_t bytes)
{
	const char *base = o->device ? o->device : getenv("NMC_DEVICE");
	int n = snprintf(uri, bytes, "%s%sseed=%llu", base, strchr(base, '?') ? "&" : "?",
			 (unsigned long long)(o->seed + card));

	return n < (int)bytes ? 0 : run_fail(EXIT_USAGE, "the device's URI is too long");
}

static int open_device(struct run_state *s, unsigned int card)
{
	const char *device = s->o->device;
	char uri[4096];
	int index = 0, ret;

	s->info.size = sizeof(s->info);
	s->class.size = sizeof(s->class);
	if (s->o->seeded) {
		if (device_uri(s->o, card, uri, sizeof(uri)))
			return EXIT_USAGE;
		device = uri;
	}
	ret = nmc_device_open(device, &s->device);
	if (ret == -EINVAL)
		return run_library(EXIT_USAGE);
	if (ret || nmc_device_info(s->device, &s->info))
		return run_library(EXIT_DEVICE);
	if (s->o->class_name)
		index = nmc_device_find_class(s->device, s->o->class_name);
	if (index < 0)
		return run_library(EXIT_USAGE);
	return nmc_device_class(s->device, (unsigned int)index, &s->class) ? run_library(EXIT_FAILURE) : 0;
}

static int make_plan(struct run_state *s)
{
	struct nmc_plan_options o = NMC_PLAN_OPTIONS_INIT;
	int ret;

	if (s->o->pairs && s->class.converters && !s->class.differential)
		return run_fail(EXIT_USAGE, "--scheme differential is for pairs of columns, and the class has single ones: offset");
	o.class_name = s->class.name;
	o.samples = s->samples.values;
	o.sample_count = s->samples.count;
	o.batch = s->o->batch;
	o.scheme = s->o->scheme;
	o.parts = s->o->parts;
	o.slice_bits = s->o->slice_bits;
	o.significance = s->o->significance;
	o.persist = s->o->persist;
	o.passes = s->o->passes;
	o.pass_wait_ns = s->o->pass_wait_ns;
	o.spares = s->o->spares;
	ret = nmc_plan_create(s->device, s->network, &o, &s->plan);
	if (ret)
		return run_library(ret == -ENOSPC ? EXIT_FIT :
				   (s->o->scheme || s->o->persist) && ret == -EINVAL ? EXIT_USAGE : EXIT_FAILURE);
	if (s->o->repair && !s->class.differential)
		return run_fail(EXIT_USAGE, "--repair needs a class of pairs of cells, of which one can make up for the other");
	s->plan_info.size = sizeof(s->plan_info);
	return nmc_plan_info(s->plan, &s->plan_info) ? run_library(EXIT_FAILURE) : 0;
}

/* The physical tiles that the plan got. */
static int read_tiles(struct run_state *s)
{
	int i, n;

	s->tiles = calloc(s->info.tiles, sizeof(*s->tiles));
	if (!s->tiles)
		return run_fail(EXIT_FAILURE, "out of memory");
	n = nmc_device_tiles(s->device, 0, s->tiles, s->info.tiles);
	if (n < 0)
		return run_library(EXIT_FAILURE);
	for (i = 0; i < n; i++)
		if (s->tiles[i].mine)
			s->tiles[s->tile_count++] = s->tiles[i];
	return 0;
}

static int on_tile(void *context, size_t done, size_t total)
{
	(void)context;
	progress_draw("programming", done, total);
	return run_interrupted();
}

static int program(struct run_state *s)
{
	s->program.size = sizeof(s->program);
	if (!nmc_plan_program(s->plan, on_tile, NULL, &s->program))
		return 0;
	if (run_interrupted()) {
		progress_clear();
		return EXIT_INTERRUPTED;
	}
	return run_library(EXIT_FAILURE);
}

/* Tiles that held the network already have no report. */
static int read_reports(struct run_state *s)
{
	unsigned int tile;

	s->written = calloc(s->plan_info.tiles, sizeof(*s->written));
	if (!s->written)
		return run_fail(EXIT_FAILURE, "out of memory");
	for (tile = 0; tile < s->plan_info.tiles; tile++) {
		struct nmc_tile_report *t = &s->written[s->written_count];
		int ret;

		t->size = sizeof(*t);
		ret = nmc_plan_tile_report(s->plan, tile, t);
		if (ret && ret != -ENODATA)
			return run_library(EXIT_FAILURE);
		s->written_count += !ret;
	}
	return 0;
}

/* What was asked to be done about cells and converters before the first run. */
static int prepare(struct run_state *s)
{
	s->repair.size = sizeof(s->repair);
	if (s->o->repair && nmc_plan_repair(s->plan, &s->repair))
		return run_library(EXIT_FAILURE);
	s->converters.size = sizeof(s->converters);
	if (s->o->converters && nmc_plan_calibrate(s->plan, &s->converters))
		return run_library(EXIT_FAILURE);
	return 0;
}

int run_refresh(struct run_state *s)
{
	s->refresh.size = sizeof(s->refresh);
	return s->o->refresh > 0.0 && nmc_plan_refresh(s->plan, s->o->refresh, &s->refresh) ? run_library(EXIT_FAILURE) : 0;
}

/* Waits for a run while the bar moves; an interrupt cancels it. */
static int watch(struct run_state *s, struct nmc_run *run)
{
	struct pollfd p = { .fd = nmc_run_fd(run), .events = POLLIN };
	int ret;

	while (nmc_run_poll(run) == -EAGAIN) {
		if (run_interrupted())
			nmc_run_cancel(run);
		else
			progress_draw("running", nmc_run_done(run), s->in.count);
		poll(&p, 1, 100);
	}
	s->run.size = sizeof(s->run);
	ret = nmc_run_wait(run, -1, &s->run);
	if (run_interrupted()) {
		progress_clear();
		return EXIT_INTERRUPTED;
	}
	if (ret)
		return run_library(EXIT_FAILURE);
	progress_draw("running", s->in.count, s->in.count);
	return 0;
}

/* Runs all vectors to values, or to the card's integers if @raw is given. */
static int run_vectors(struct run_state *s, int32_t *raw)
{
	struct nmc_run *run;
	int ret = raw ? nmc_run_start_raw(s->plan, s->in.values, s->in.count, raw, &run) :
			nmc_run_start(s->plan, s->in.values, s->in.count, s->out.values, &run);

	if (ret)
		return run_library(EXIT_FAILURE);
	ret = watch(s, run);
	nmc_run_destroy(run);
	return ret;
}

int run_values(struct run_state *s)
{
	return run_vectors(s, NULL);
}

static int write_raw(const struct run_state *s, const int32_t *raw, size_t n)
{
	FILE *f = fopen(s->o->raw_output, "wbe");
	char error[300];
	bool written = f && fwrite(raw, sizeof(*raw), n, f) == n;

	if (f && fclose(f))
		written = false;
	if (written)
		return 0;
	snprintf(error, sizeof(error), "%.200s: %s", s->o->raw_output, strerror(errno));
	return run_fail(EXIT_FAILURE, error);
}

/* The card's integers; the values are then those of the same run, so that both come from the same noise. */
static int run_raw(struct run_state *s)
{
	size_t n = s->in.count * s->out.width;
	int32_t *raw = malloc(n * sizeof(*raw));
	int ret;

	if (!raw)
		return run_fail(EXIT_FAILURE, "out of memory");
	ret = run_vectors(s, raw);
	if (!ret) {
		nmc_plan_values(s->plan, raw, s->in.count, s->out.values);
		ret = write_raw(s, raw, n);
	}
	free(raw);
	return ret;
}

void run_score(struct run_state *s)
{
	size_t v, j;

	for (v = 0; v < s->in.count; v++) {
		const float *y = s->out.values + v * s->out.width;
		size_t best = 0;

		for (j = 1; j < s->out.width; j++)
			best = y[j] > y[best] ? j : best;
		s->correct += best == s->labels.values[v];
	}
}

static int make_outputs(struct run_state *s)
{
	s->out.count = s->in.count;
	s->out.width = nmc_network_outputs(s->network);
	s->out.values = malloc(s->out.count * s->out.width * sizeof(float));
	return s->out.values ? 0 : run_fail(EXIT_FAILURE, "out of memory");
}

/* What was asked to happen between programming and running. */
static int grow_old(struct run_state *s)
{
	const struct run_options *o = s->o;

	if (o->how[0] && nmc_plan_baseline(s->plan, (enum nmc_baseline)o->baseline))
		return run_library(EXIT_FAILURE);
	if (o->ages && nmc_plan_age(s->plan, o->age[0].ns))
		return run_library(EXIT_FAILURE);
	if (run_refresh(s))
		return EXIT_FAILURE;
	if (o->how[0] && nmc_plan_compensate(s->plan, (enum nmc_compensation)o->how[0], NULL))
		return run_library(EXIT_FAILURE);
	return 0;
}

static int execute(struct run_state *s)
{
	char error[512];
	int ret = grow_old(s);

	if (!ret)
		ret = s->o->raw_output ? run_raw(s) : run_vectors(s, NULL);
	if (ret)
		return ret;
	if (s->o->labels)
		run_score(s);
	if (s->o->output && npy_write(s->o->output, &s->out, error, sizeof(error)))
		return run_fail(EXIT_FAILURE, error);
	return nmc_plan_info(s->plan, &s->plan_info) ? run_library(EXIT_FAILURE) : 0;
}

static void show_plan(const struct run_state *s)
{
	char *text = nmc_plan_text(s->plan);

	if (text)
		fputs(text, s->o->json ? stderr : stdout);
	free(text);
}

static void close_card(struct run_state *s)
{
	if (s->o->forget)
		nmc_plan_forget(s->plan);
	else
		nmc_plan_destroy(s->plan);
	nmc_device_close(s->device);
	free(s->tiles);
	free(s->written);
	s->plan = NULL;
	s->device = NULL;
	s->tiles = NULL;
	s->tile_count = 0;
	s->written = NULL;
	s->written_count = 0;
}

/* Card number @seed, from opening it to what it has to say. */
static int one_card(struct run_state *s, unsigned int seed)
{
	int ret;

	close_card(s);
	ret = open_device(s, seed);
	if (!ret)
		ret = make_plan(s);
	if (!ret)
		ret = read_tiles(s);
	if (!ret && s->o->show_plan && !seed)
		show_plan(s);
	if (!ret)
		ret = program(s);
	if (!ret)
		ret = read_reports(s);
	if (!ret)
		ret = prepare(s);
	if (!ret)
		ret = s->o->study ? study_card(s, seed) : execute(s);
	return ret;
}

/* The table comes first: a picture that cannot be written does not take it along. */
static int report(const struct run_state *s)
{
	int ret;

	if (s->o->study)
		ret = s->o->json ? report_study_json(s) : report_study_text(s);
	else
		ret = s->o->json ? report_json(s) : report_text(s);
	return ret || !s->o->plot ? ret : picture_ages(s);
}

static int steps(struct run_state *s)
{
	unsigned int seed;
	int ret = read_inputs(s);

	if (!ret)
		ret = read_samples(s);
	if (!ret)
		ret = read_model(s);
	if (!ret)
		ret = check_labels(s);
	if (!ret)
		ret = make_outputs(s);
	for (seed = 0; !ret && seed < s->o->seeds; seed++)
		ret = one_card(s, seed);
	return ret ? ret : report(s);
}

int run_all(const struct run_options *o)
{
	struct run_state s = { .o = o };
	int ret = steps(&s);

	close_card(&s);
	nmc_network_destroy(s.network);
	if (s.samples.values != s.in.values)
		free(s.samples.values);
	free(s.in.values);
	free(s.labels.values);
	free(s.out.values);
	return ret;
}
