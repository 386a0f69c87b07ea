// SPDX-License-Identifier: MIT
/*
 * Program-and-verify of a network of eight full tiles.
 */
#include <stdbool.h>
#include <stdlib.h>
#include "nmc-bench/bench.h"

#define TILES	8

/* One layer that fills @TILES tiles: weights from a fixed sequence. */
static int make_network(const struct nmc_class_info *c, struct nmc_network **net)
{
	bool refers = c->converters && !c->differential;	/* one column of each tile is the reference */
	uint32_t outputs = (c->outputs - refers) * TILES, state = 1;
	size_t i, n = (size_t)c->rows * outputs;
	float *w = malloc(n * sizeof(*w));
	int ret = w ? nmc_network_create(c->rows, net) : -1;

	for (i = 0; w && i < n; i++) {
		state = state * 1664525u + 1013904223u;
		w[i] = (float)(int32_t)state * 0x1p-31f;
	}
	if (!ret)
		ret = nmc_network_add_dense(*net, "full", outputs, w, NULL, NMC_ACTIVATION_NONE);
	free(w);
	return ret;
}

static int program_once(const struct bench *b, const struct nmc_class_info *c, const struct nmc_network *net,
			struct nmc_program_report *r)
{
	struct nmc_plan_options o = NMC_PLAN_OPTIONS_INIT;
	struct nmc_plan *plan;
	int ret;

	o.class_name = c->name;
	ret = nmc_plan_create(b->device, net, &o, &plan);
	if (!ret)
		ret = nmc_plan_program(plan, NULL, NULL, r);
	nmc_plan_destroy(plan);
	return ret;
}

int bench_program(const struct bench *b, struct json_object *o)
{
	int index = b->class_name ? nmc_device_find_class(b->device, b->class_name) : 0, ret;
	struct nmc_class_info c = NMC_CLASS_INFO_INIT;
	struct nmc_program_report r = NMC_PROGRAM_REPORT_INIT;
	struct nmc_network *net = NULL;
	double begin = bench_now(), cells = 0, wall = 0, pulses = 0, converged = 0;

	ret = index < 0 ? index : nmc_device_class(b->device, (unsigned int)index, &c);
	if (!ret)
		ret = make_network(&c, &net);
	while (!ret && (!cells || bench_now() - begin < b->seconds)) {
		ret = program_once(b, &c, net, &r);
		cells += (double)r.cells;
		pulses += (double)r.pulses;
		converged += (double)r.converged;
		wall += (double)r.wall_ns * 1e-9;
	}
	nmc_network_destroy(net);
	if (ret)
		return ret;
	json_object_object_add(o, "class", json_object_new_string(c.name));
	add_number(o, "cells_per_second", cells / wall);
	add_number(o, "mean_pulses", pulses / cells);
	add_number(o, "converged", converged / cells);
	add_number(o, "wall_seconds_a_tile", wall / cells * c.rows * c.cols);
	add_number(o, "modelled_seconds_a_tile", (double)r.modelled_ns * 1e-9 / r.tiles);
	add_number(o, "modelled_joules_a_tile", r.energy_j / r.tiles);
	return 0;
}
