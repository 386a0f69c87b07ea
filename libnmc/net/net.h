/* SPDX-License-Identifier: MIT */
/*
 * A network inside the library: a chain of dense layers.
 */
#ifndef NMC_NET_H
#define NMC_NET_H

#include <stddef.h>
#include "nmc.h"

#define NET_MAX_LAYERS	256
#define NET_MAX_WIDTH	65536u
#define NET_MAX_WEIGHTS	(1u << 28)	/* in one layer */

/**
 * struct layer - y = activation(W x + b)
 * @name: for texts
 * @inputs: length of x
 * @outputs: length of y
 * @weights: W, outputs x inputs
 * @bias: b
 * @activation: enum nmc_activation
 */
struct layer {
	char *name;
	unsigned int inputs;
	unsigned int outputs;
	float *weights;
	float *bias;
	enum nmc_activation activation;
};

struct nmc_network {
	unsigned int inputs;
	unsigned int layers;
	struct layer *layer;
};

/* Deep copy; NULL without memory. */
struct nmc_network *network_copy(const struct nmc_network *network);

/* activation(x) of one value; softmax is the caller's. No libm: the same bits everywhere. */
float activate(enum nmc_activation activation, float x);

/* e^x without libm: the same bits everywhere. */
double exp_series(double x);

/* Softmax of @n values in place. */
void softmax(float *x, unsigned int n);

#endif
