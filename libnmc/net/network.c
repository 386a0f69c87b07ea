// SPDX-License-Identifier: MIT
/*
 * Building networks by hand, and running them in float on the host.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "libnmc/error.h"
#include "libnmc/net/net.h"

int nmc_network_create(unsigned int inputs, struct nmc_network **network)
{
	*network = NULL;
	if (!inputs || inputs > NET_MAX_WIDTH)
		return fail(-EINVAL, "a network has 1 to %u inputs, not %u", NET_MAX_WIDTH, inputs);
	*network = calloc(1, sizeof(**network));
	if (!*network)
		return fail_memory();
	(*network)->inputs = inputs;
	return 0;
}

static void layer_free(struct layer *l)
{
	free(l->name);
	free(l->weights);
	free(l->bias);
}

void nmc_network_destroy(struct nmc_network *network)
{
	unsigned int i;

	if (!network)
		return;
	for (i = 0; i < network->layers; i++)
		layer_free(&network->layer[i]);
	free(network->layer);
	free(network);
}

unsigned int nmc_network_inputs(const struct nmc_network *network)
{
	return network->inputs;
}

unsigned int nmc_network_outputs(const struct nmc_network *network)
{
	return network->layers ? network->layer[network->layers - 1].outputs : network->inputs;
}

unsigned int nmc_network_layers(const struct nmc_network *network)
{
	return network->layers;
}

static int check_finite(const char *what, const char *name, const float *x, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!isfinite(x[i]))
			return fail(-EINVAL, "layer %s: %s %zu is not a finite number", name, what, i);
	return 0;
}

static int check_dense(const struct nmc_network *network, const char *name, unsigned int outputs, const float *weights,
		       const float *bias, enum nmc_activation activation)
{
	unsigned int inputs = nmc_network_outputs(network);
	int ret;

	if (network->layers == NET_MAX_LAYERS)
		return fail(-EINVAL, "layer %s: a network has at most %u layers", name, NET_MAX_LAYERS);
	if (!outputs || outputs > NET_MAX_WIDTH || (uint64_t)inputs * outputs > NET_MAX_WEIGHTS)
		return fail(-EINVAL, "layer %s: %u x %u is not a size this library maps", name, inputs, outputs);
	if ((unsigned int)activation > NMC_ACTIVATION_SOFTMAX)
		return fail(-EINVAL, "layer %s: activation %u is unknown", name, (unsigned int)activation);
	if (network->layers && network->layer[network->layers - 1].activation == NMC_ACTIVATION_SOFTMAX)
		return fail(-EINVAL, "layer %s: no layer can follow a softmax", name);
	if (!weights)
		return fail(-EINVAL, "layer %s: no weights", name);
	ret = check_finite("weight", name, weights, (size_t)inputs * outputs);
	return ret || !bias ? ret : check_finite("bias", name, bias, outputs);
}

static int layer_fill(struct layer *l, const char *name, unsigned int inputs, unsigned int outputs, const float *weights,
		      const float *bias, enum nmc_activation activation)
{
	size_t bytes = (size_t)inputs * outputs * sizeof(float);

	*l = (struct layer){ .inputs = inputs, .outputs = outputs, .activation = activation };
	l->name = strdup(name);
	l->weights = malloc(bytes);
	l->bias = calloc(outputs, sizeof(float));
	if (!l->name || !l->weights || !l->bias) {
		layer_free(l);
		return fail_memory();
	}
	nmc_printable(l->name);
	memcpy(l->weights, weights, bytes);
	if (bias)
		memcpy(l->bias, bias, outputs * sizeof(float));
	return 0;
}

int nmc_network_add_dense(struct nmc_network *network, const char *name, unsigned int outputs, const float *weights,
			  const float *bias, enum nmc_activation activation)
{
	struct layer *more;
	char made[32];
	int ret;

	if (!name) {
		snprintf(made, sizeof(made), "dense%u", network->layers);
		name = made;
	}
	ret = check_dense(network, name, outputs, weights, bias, activation);
	if (ret)
		return ret;
	more = realloc(network->layer, (network->layers + 1) * sizeof(*more));
	if (!more)
		return fail_memory();
	network->layer = more;
	ret = layer_fill(&more[network->layers], name, nmc_network_outputs(network), outputs, weights, bias, activation);
	if (!ret)
		network->layers++;
	return ret;
}

struct nmc_network *network_copy(const struct nmc_network *network)
{
	struct nmc_network *copy;
	unsigned int i;

	if (nmc_network_create(network->inputs, &copy))
		return NULL;
	for (i = 0; i < network->layers; i++) {
		const struct layer *l = &network->layer[i];

		if (nmc_network_add_dense(copy, l->name, l->outputs, l->weights, l->bias, l->activation)) {
			nmc_network_destroy(copy);
			return NULL;
		}
	}
	return copy;
}

/* Taylor series of e^(x / 1024), squared ten times; relative error below 1e-12 for |x| < 100. */
double exp_series(double x)
{
	double y = x / 1024.0, term = 1.0, sum = 1.0;
	int i;

	if (x < -700.0)
		return 0.0;
	for (i = 1; i < 12; i++) {
		term *= y / i;
		sum += term;
	}
	for (i = 0; i < 10; i++)
		sum *= sum;
	return sum;
}

float activate(enum nmc_activation activation, float x)
{
	double e;

	switch (activation) {
	case NMC_ACTIVATION_RELU:
		return x > 0.0f ? x : 0.0f;
	case NMC_ACTIVATION_SIGMOID:
		e = exp_series(x < 0.0f ? x : -x);
		return (float)(x < 0.0f ? e / (1.0 + e) : 1.0 / (1.0 + e));
	case NMC_ACTIVATION_TANH:
		e = exp_series(x < 0.0f ? 2.0 * x : -2.0 * x);
		return (float)(x < 0.0f ? (e - 1.0) / (1.0 + e) : (1.0 - e) / (1.0 + e));
	default:
		return x;
	}
}

void softmax(float *x, unsigned int n)
{
	double sum = 0.0;
	float top = x[0];
	unsigned int i;

	for (i = 1; i < n; i++)
		top = x[i] > top ? x[i] : top;
	for (i = 0; i < n; i++) {
		x[i] = (float)exp_series((double)x[i] - top);
		sum += x[i];
	}
	for (i = 0; i < n; i++)
		x[i] = (float)(x[i] / sum);
}

static void layer_forward(const struct layer *l, const float *in, float *out)
{
	unsigned int i, j;

	for (j = 0; j < l->outputs; j++) {
		const float *w = l->weights + (size_t)j * l->inputs;
		float sum = l->bias[j];

		for (i = 0; i < l->inputs; i++)
			sum += w[i] * in[i];
		out[j] = activate(l->activation, sum);
	}
	if (l->activation == NMC_ACTIVATION_SOFTMAX)
		softmax(out, l->outputs);
}

static unsigned int widest(const struct nmc_network *network)
{
	unsigned int i, width = network->inputs;

	for (i = 0; i < network->layers; i++)
		width = network->layer[i].outputs > width ? network->layer[i].outputs : width;
	return width;
}

int nmc_network_forward(const struct nmc_network *network, const float *in, size_t count, float *out)
{
	unsigned int width = widest(network), outputs = nmc_network_outputs(network), i;
	float *work = malloc((size_t)width * 2 * sizeof(*work));
	size_t v;

	if (!work)
		return fail_memory();
	for (v = 0; v < count; v++) {
		float *now = work, *next = work + width;

		memcpy(now, in + v * network->inputs, network->inputs * sizeof(*now));
		for (i = 0; i < network->layers; i++) {
			float *swap = now;

			layer_forward(&network->layer[i], now, next);
			now = next;
			next = swap;
		}
		memcpy(out + v * outputs, now, outputs * sizeof(*now));
	}
	free(work);
	return 0;
}
