/* SPDX-License-Identifier: MIT */
/*
 * An ONNX import under way: the file's graph, its constants, and the network made so far.
 */
#ifndef NMC_ONNX_H
#define NMC_ONNX_H

#include <stdbool.h>
#include <stdio.h>
#include "libnmc/net/net.h"
#include "libnmc/net/tensor.h"

/* What every search for a name costs is bounded by these. */
#define IMPORT_MAX_NODES	512
#define IMPORT_MAX_INPUTS	8	/* of a node; no operator takes more than three */
#define IMPORT_MAX_CONSTANTS	(2 * IMPORT_MAX_NODES)
#define IMPORT_MAX_NAME		1024

/**
 * struct import - an import under way
 * @file: name for texts
 * @graph: the file's graph
 * @order: node numbers, each after its makers
 * @tensor: constants
 * @tensors: how many
 * @current: value at the end of the chain so far
 * @features: features of @current a sample, 0 if not yet known
 * @flat: @current has no more than two dimensions, so that all features of a sample are in the last; taken for granted
 *	where the file does not say
 * @network: the network so far; made with the first dense layer
 * @open: the last layer is a bare product that can take a bias
 */
struct import {
	const char *file;
	const NmcOnnx__Graph *graph;
	unsigned int *order;
	struct tensor *tensor;
	size_t tensors;
	const char *current;
	unsigned int features;
	bool flat;
	struct nmc_network *network;
	bool open;
};

/* The constant called @name, or NULL. */
const struct tensor *import_constant(const struct import *in, const char *name);

/* The name of a value is there and not longer than names are; @what and @number say whose it is. */
int check_name(const struct import *in, const char *name, const char *what, size_t number);

/* Every node has an operator that is known here, and one output. */
int check_nodes(const struct import *in);

/* Carries out node @number. */
int import_node(struct import *in, unsigned int number);

#endif
