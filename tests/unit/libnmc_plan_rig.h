/* SPDX-License-Identifier: MIT */
/*
 * Plans on a card in this process, through the public header alone: made-up networks and inputs, a card and a programmed
 * plan, and cards from a shipped deck with lines of the test's own.
 */
#ifndef NMC_TEST_LIBNMC_PLAN_RIG_H
#define NMC_TEST_LIBNMC_PLAN_RIG_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "nmc.h"

#define LAYERS_MAX 4

/* A network to make: widths and activations. */
struct shape {
	unsigned int layers;
	unsigned int width[LAYERS_MAX + 1];
	enum nmc_activation activation[LAYERS_MAX];
};

static uint32_t rig_state = 1;

/* -1 to 1, the same on every machine. */
static inline float draw(void)
{
	rig_state = rig_state * 1664525u + 1013904223u;
	return (float)(rig_state >> 8) * 0x1p-23f - 1.0f;
}

static inline struct nmc_network *make_network(const struct shape *s)
{
	struct nmc_network *network;
	unsigned int i, k;

	rig_state = 7;
	assert_int_equal(nmc_network_create(s->width[0], &network), 0);
	for (i = 0; i < s->layers; i++) {
		unsigned int n = s->width[i] * s->width[i + 1];
		float *w = malloc(n * sizeof(*w)), *b = malloc(s->width[i + 1] * sizeof(*b));

		assert_true(w && b);
		for (k = 0; k < n; k++)
			w[k] = draw() * 2.0f / sqrtf((float)s->width[i]);
		for (k = 0; k < s->width[i + 1]; k++)
			b[k] = draw() * 0.2f;
		assert_int_equal(nmc_network_add_dense(network, NULL, s->width[i + 1], w, b, s->activation[i]), 0);
		free(w);
		free(b);
	}
	return network;
}

static inline float *make_inputs(size_t n)
{
	float *x = malloc(n * sizeof(*x));
	size_t i;

	assert_non_null(x);
	rig_state = 99;
	for (i = 0; i < n; i++)
		x[i] = draw() * 0.5f + 0.5f;
	return x;
}

/* A programmed plan on a card of its own. */
struct rig {
	struct nmc_device *device;
	struct nmc_network *network;
	struct nmc_plan *plan;
};

static inline void rig_open_options(struct rig *r, const char *uri, const struct shape *s, const struct nmc_plan_options *o)
{
	r->network = make_network(s);
	if (nmc_device_open(uri, &r->device) || nmc_plan_create(r->device, r->network, o, &r->plan) ||
	    nmc_plan_program(r->plan, NULL, NULL, NULL))
		fail_msg("%s: %s", uri, nmc_last_error());
}

static inline void rig_open(struct rig *r, const char *uri, const struct shape *s, uint32_t batch, uint32_t adc_bits)
{
	struct nmc_plan_options o = NMC_PLAN_OPTIONS_INIT;

	o.batch = batch;
	o.adc_bits = adc_bits;
	rig_open_options(r, uri, s, &o);
}

static inline void rig_close(struct rig *r)
{
	nmc_plan_destroy(r->plan);
	nmc_network_destroy(r->network);
	nmc_device_close(r->device);
}

static inline int32_t *run_raw(struct rig *r, const float *in, size_t count, struct nmc_run_report *report)
{
	int32_t *out = calloc(count * nmc_network_outputs(r->network), sizeof(*out));

	assert_non_null(out);
	if (nmc_plan_run_raw(r->plan, in, count, out, report))
		fail_msg("%s", nmc_last_error());
	return out;
}

/* A network on the card of @uri gives the integers of the reference. */
static inline void rig_expect_reference(const char *uri, const struct shape *s, const struct nmc_plan_options *o)
{
	enum { COUNT = 150 };
	float *in = make_inputs((size_t)COUNT * s->width[0]);
	size_t n = (size_t)COUNT * s->width[s->layers];
	int32_t *want = malloc(n * sizeof(*want)), *got;
	struct rig r;

	rig_open_options(&r, uri, s, o);
	assert_int_equal(nmc_plan_reference(r.plan, in, COUNT, want), 0);
	got = run_raw(&r, in, COUNT, NULL);
	assert_memory_equal(got, want, n * sizeof(*want));
	free(got);
	free(want);
	free(in);
	rig_close(&r);
}

/* Drops from a deck what it says of the key that @lines begins with. */
static inline size_t rig_without(char *text, const char *lines)
{
	size_t key = strcspn(lines, ":") + 1;
	char *at, *end;

	for (at = text; *at; at = end) {
		end = at + strcspn(at, "\n");
		end += *end == '\n';
		if (strncmp(at, lines, key))
			continue;
		memmove(at, end, strlen(end) + 1);
		break;
	}
	return strlen(text);
}

/*
 * URI of a card of one class in @uri: the shipped deck @name (DECKS is its folder) with @lines at its end, in a file of this
 * process; remove the file with rig_forget().
 */
static inline void rig_deck(char *uri, size_t bytes, const char *name, const char *lines, const char *options)
{
	char path[4096], from[4096], text[8192];
	FILE *f;
	size_t n;

	snprintf(from, sizeof(from), "%s/%s.yaml", DECKS, name);
	snprintf(path, sizeof(path), "%s/nmc-test-XXXXXX.yaml", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	f = fopen(from, "rbe");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = 0;
	n = rig_without(text, lines);
	f = fdopen(mkstemps(path, 5), "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_true(fputs(lines, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_true(snprintf(uri, bytes, "sim:%s?%s", path, options) < (int)bytes);
}

static inline void rig_forget(char *uri)
{
	*strchr(uri, '?') = 0;
	assert_int_equal(remove(uri + 4), 0);
}

/* What the network should give. */
static inline float *rig_float(const struct rig *r, const float *in, size_t count)
{
	float *out = malloc(count * nmc_network_outputs(r->network) * sizeof(*out));

	assert_non_null(out);
	assert_int_equal(nmc_network_forward(r->network, in, count, out), 0);
	return out;
}

/* Relative error of a run against what the network should give. */
static inline double rig_error(const struct rig *r, const float *in, size_t count)
{
	size_t n = count * nmc_network_outputs(r->network), i;
	float *want = rig_float(r, in, count), *got = malloc(n * sizeof(*got));
	double error = 0.0, power = 0.0;

	assert_non_null(got);
	if (nmc_plan_run(r->plan, in, count, got, NULL))
		fail_msg("%s", nmc_last_error());
	for (i = 0; i < n; i++) {
		error += (double)(got[i] - want[i]) * (got[i] - want[i]);
		power += (double)want[i] * want[i];
	}
	free(want);
	free(got);
	return sqrt(error / power);
}

#endif
