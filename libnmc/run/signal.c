// SPDX-License-Identifier: MIT
/*
 * Signal and noise of single layers: readouts of the tiles against what perfect cells would answer.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "libnmc/error.h"
#include "libnmc/run/probe.h"
#include "libnmc/run/runner.h"
#include "libnmc/sized.h"

/**
 * struct sums - of the codes of a layer
 * @signal: squares of the ideal ones
 * @noise: squares of the differences
 * @codes: how many
 * @clips: at either end of the converter
 */
struct sums {
	double signal;
	double noise;
	uint64_t codes;
	uint64_t clips;
};

static int add_block(struct nmc_plan *p, struct block *b, struct probe *probe, struct sums *s)
{
	size_t n = (size_t)p->probes * b->cols, i;
	int32_t *ideal = malloc(n * sizeof(*ideal)), limit = (1 << (p->adc_bits - 1)) - 1;
	const int32_t *code = nmc_buffer_data(probe->out);
	int ret = ideal ? probe_read(p, b, probe, PROBE_IDEAL) : fail_memory();

	if (!ret) {
		memcpy(ideal, code, n * sizeof(*ideal));
		ret = probe_read(p, b, probe, PROBE_NOW);
	}
	for (i = 0; !ret && i < n; i++) {
		double off = (double)code[i] - (double)ideal[i];

		s->signal += (double)ideal[i] * (double)ideal[i];
		s->noise += off * off;
		s->clips += code[i] == limit || code[i] == -limit;
	}
	s->codes += n;
	free(ideal);
	return ret;
}

static int read_layer(struct nmc_plan *p, unsigned int layer, struct sums *s)
{
	const struct stage *stage = &p->stage[layer];
	struct probe probe = { 0 };
	unsigned int i;
	int ret = probe_check(p);

	if (!ret)
		ret = probe_open(p, &probe);
	for (i = stage->first_block; !ret && i < stage->first_block + stage->blocks; i++)
		ret = add_block(p, &p->block[i], &probe, s);
	probe_close(&probe);
	return ret;
}

int nmc_plan_signal(struct nmc_plan *plan, unsigned int layer, struct nmc_signal *signal)
{
	struct nmc_signal full = { .size = sizeof(full) };
	struct sums s = { 0 };
	int ret;

	if (layer >= plan->network->layers)
		return fail(-ENOENT, "there is no layer %u, the network has %u", layer, plan->network->layers);
	runner_begin(plan->runner, runner_ticket(plan->runner));
	ret = read_layer(plan, layer, &s);
	runner_end(plan->runner);
	if (ret)
		return ret;
	strncpy(full.name, plan->network->layer[layer].name, sizeof(full.name) - 1);
	full.snr_db = s.noise > 0.0 ? 10.0 * log10(s.signal / s.noise) : INFINITY;
	full.clip_share = (double)s.clips / (double)s.codes;
	return give(signal, &full, sizeof(full), "struct nmc_signal");
}
