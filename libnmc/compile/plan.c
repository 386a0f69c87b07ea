// SPDX-License-Identifier: MIT
/*
 * Compiling plans: choose the class, place, quantise, lay out; and describing them.
 */
#include <errno.h>
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "libnmc/compile/plan.h"
#include "libnmc/error.h"
#include "libnmc/sized.h"

#define DEFAULT_SAMPLES	64
#define SOURCE_MINOR	1	/* version of streams that knows NMC_COLUMN_SOURCE */
#define REFERENCE_MINOR	2	/* and NMC_COLUMN_REFERENCE */

static void stage_free(struct stage *s)
{
	free(s->weight);
	free(s->weight_max);
	free(s->out_scale);
	free(s->bias);
	free(s->requant);
	free(s->table);
	free(s->probe);
}

void plan_free(struct nmc_plan *p)
{
	unsigned int i;

	for (i = 0; p->block && i < p->blocks; i++) {
		free(p->block[i].place);
		free(p->block[i].wanted);
		free(p->block[i].held);
		free(p->block[i].target);
		free(p->block[i].stuck);
		free(p->block[i].sign);
		free(p->block[i].columns);
		free(p->block[i].planned);
		free(p->block[i].base);
		free(p->block[i].baseline);
	}
	for (i = 0; p->stage && i < p->network->layers; i++)
		stage_free(&p->stage[i]);
	free(p->block);
	free(p->stage);
	free(p->spare);
	nmc_network_destroy(p->network);
	free(p);
}

static int choose_class(struct nmc_plan *p, const struct nmc_plan_options *o)
{
	int index = o->class_name ? nmc_device_find_class(p->device, o->class_name) : 0;
	int ret;

	if (index < 0)
		return index;
	p->class.size = sizeof(p->class);
	ret = nmc_device_class(p->device, (unsigned int)index, &p->class);
	if (ret)
		return ret;
	if (!p->class.rows || p->class.outputs <= plan_refers(p))
		return fail(-EPROTO, "class %s has no room for weights, says the card", p->class.name);
	if (!p->class.converters)
		return o->adc_bits ? fail(-EINVAL, "class %s has no converters; leave adc_bits zero", p->class.name) : 0;
	p->adc_bits = o->adc_bits ? o->adc_bits : 8;
	if (!o->adc_bits && p->adc_bits > p->class.adc_bits_max)
		p->adc_bits = p->class.adc_bits_max;
	if (p->adc_bits < p->class.adc_bits_min || p->adc_bits > p->class.adc_bits_max)
		return fail(-EINVAL, "class %s converts with %u to %u bits, not %u", p->class.name,
			    p->class.adc_bits_min, p->class.adc_bits_max, p->adc_bits);
	return 0;
}

/* Inputs in 0..1 for those who have no samples: a fixed congruential sequence. */
static float *made_samples(const struct nmc_plan *p)
{
	size_t n = (size_t)DEFAULT_SAMPLES * p->network->inputs, i;
	float *x = malloc(n * sizeof(*x));
	uint32_t state = 1;

	for (i = 0; x && i < n; i++) {
		state = state * 1664525u + 1013904223u;
		x[i] = (float)(state >> 8) * 0x1p-24f;
	}
	return x;
}

static int quantise(struct nmc_plan *p, const struct nmc_plan_options *o)
{
	size_t i, n = o->samples ? o->sample_count * p->network->inputs : 0;
	float *made;
	int ret;

	for (i = 0; i < n; i++)
		if (!isfinite(o->samples[i]))
			return fail(-EINVAL, "calibration: value %zu of sample %zu is not a finite number",
				    i % p->network->inputs, i / p->network->inputs);
	if (n)
		return plan_quantise(p, o->samples, o->sample_count);
	made = made_samples(p);
	ret = made ? plan_quantise(p, made, DEFAULT_SAMPLES) : fail_memory();
	free(made);
	return ret;
}

static int name_network(struct nmc_plan *p, const struct nmc_plan_options *o)
{
	if (!o->persist)
		return 0;
	if (o->scheme == NMC_SCHEME_DEVICES)
		return fail(-EINVAL, "a network in several devices cannot persist: what their cells hold depends on what was read");
	if (o->spares)
		return fail(-EINVAL, "spare tiles are for repair, and a network that persists cannot be repaired");
	if (!*o->persist || strlen(o->persist) >= sizeof(p->persist))
		return fail(-EINVAL, "\"%.40s\" is not the name of a network that persists: 1 to %zu characters", o->persist,
			    sizeof(p->persist) - 1);
	strcpy(p->persist, o->persist);
	return 0;
}

static int choose_passes(struct nmc_plan *p, const struct nmc_plan_options *o)
{
	p->passes = o->passes ? o->passes : 1;
	p->pass_wait_ns = o->pass_wait_ns ? o->pass_wait_ns : PASS_WAIT_NS;
	return p->passes <= PASSES_MAX ? 0 : fail(-EINVAL, "%u passes; at most %u", p->passes, PASSES_MAX);
}

static int compile(struct nmc_plan *p, const struct nmc_plan_options *o)
{
	struct nmc_device_info info = NMC_DEVICE_INFO_INIT;
	int ret = name_network(p, o);

	if (!ret)
		ret = choose_class(p, o);
	if (!ret)
		ret = choose_passes(p, o);
	if (!ret)
		ret = nmc_device_info(p->device, &info);
	p->movable = !o->fixed_columns && p->class.differential && (info.isa_version & 0xffff) >= SOURCE_MINOR;
	if (!ret && plan_refers(p) && (info.isa_version & 0xffff) < REFERENCE_MINOR)
		ret = fail(-ENOTSUP, "class %s has single columns, and the card knows no reference for them", p->class.name);
	if (!ret)
		ret = plan_scheme(p, o);
	if (!ret)
		ret = plan_place(p);
	if (!ret)
		ret = quantise(p, o);
	if (!ret)
		ret = plan_targets(p);
	if (!ret)
		ret = plan_layout(p, o->batch, info.sram_bytes);
	return ret;
}

int plan_compile(struct nmc_device *device, const struct nmc_network *network, const struct nmc_plan_options *options,
		 struct nmc_plan **plan)
{
	struct nmc_plan_options o = NMC_PLAN_OPTIONS_INIT;
	struct nmc_plan *p;
	int ret;

	*plan = NULL;
	if (!network->layers)
		return fail(-EINVAL, "the network has no layers");
	ret = options ? take(&o, options, sizeof(o), "struct nmc_plan_options") : 0;
	if (ret)
		return ret;
	p = calloc(1, sizeof(*p));
	if (!p)
		return fail_memory();
	p->device = device;
	p->spares = o.spares;
	p->network = network_copy(network);
	ret = p->network ? compile(p, &o) : -ENOMEM;
	if (ret) {
		plan_free(p);
		return ret;
	}
	*plan = p;
	return 0;
}

int nmc_plan_info(struct nmc_plan *plan, struct nmc_plan_info *info)
{
	struct nmc_plan_info full = {
		.size = sizeof(full),
		.layers = plan->network->layers,
		.tiles = plan->tiles,
		.inputs = plan->network->inputs,
		.outputs = nmc_network_outputs(plan->network),
		.batch = plan->batch,
	};
	unsigned int i;
	int ret;

	for (i = 0; i < plan->blocks; i++)
		full.cells += block_cells(plan, &plan->block[i]);
	full.macs = full.cells;
	ret = plan->device->reach->ops->set_time(plan->device->reach, plan->set->set, &full.set_time_ns);
	return ret ? ret : give(info, &full, sizeof(full), "struct nmc_plan_info");
}

static const char *activation_name(enum nmc_activation a)
{
	static const char *const names[] = { "none", "relu", "sigmoid", "tanh", "softmax" };

	return names[a];
}

static bool moved(const struct block *b)
{
	unsigned int c;

	for (c = 0; c < b->cols; c++)
		if (b->place[c] != c)
			return true;
	return false;
}

static void block_text(FILE *f, const struct nmc_plan *p, const struct block *b)
{
	unsigned int c;

	fprintf(f, "    tile %u: inputs %u-%u, outputs %u-%u", b->tile, b->first_in, b->first_in + b->rows - 1, b->first_out,
		b->first_out + b->cols - 1);
	if (p->parts > 1)
		fprintf(f, ", part %u of weights, times %.6g", b->part, p->part_scale[b->part]);
	fprintf(f, "\n");
	if (!moved(b))
		return;
	fprintf(f, "      columns");
	for (c = 0; c < b->cols; c++)
		fprintf(f, " %u", b->place[c]);
	fprintf(f, "\n");
}

char *nmc_plan_text(const struct nmc_plan *plan)
{
	unsigned int i, b;
	char *text = NULL;
	size_t bytes;
	FILE *f = open_memstream(&text, &bytes);

	if (!f)
		return NULL;
	fprintf(f, "%u layers on %u tiles of class %s (%u x %u cells), batch %u, %u bytes of SRAM\n",
		plan->network->layers, plan->tiles, plan->class.name, plan->class.rows, plan->class.cols, plan->batch,
		plan->sram);
	if (plan->spares)
		fprintf(f, "%u spare tiles, %u of them in use\n", plan->spares, plan->spares - plan->spares_left);
	for (i = 0; i < plan->network->layers; i++) {
		const struct layer *l = &plan->network->layer[i];
		const struct stage *s = &plan->stage[i];

		fprintf(f, "%u %s: %u -> %u, %s, input code %.6g\n", i, l->name, l->inputs, l->outputs,
			activation_name(l->activation), (double)s->in_scale);
		for (b = s->first_block; b < s->first_block + s->blocks; b++)
			block_text(f, plan, &plan->block[b]);
	}
	fclose(f);
	return text;
}

static struct json_object *place_json(const struct block *b)
{
	struct json_object *o = json_object_new_array();
	unsigned int c;

	for (c = 0; c < b->cols; c++)
		json_object_array_add(o, json_object_new_int(b->place[c]));
	return o;
}

static struct json_object *block_json(const struct block *b)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "tile", json_object_new_int((int)b->tile));
	json_object_object_add(o, "part", json_object_new_int((int)b->part));
	json_object_object_add(o, "first_input", json_object_new_int((int)b->first_in));
	json_object_object_add(o, "inputs", json_object_new_int((int)b->rows));
	json_object_object_add(o, "first_output", json_object_new_int((int)b->first_out));
	json_object_object_add(o, "outputs", json_object_new_int((int)b->cols));
	json_object_object_add(o, "columns", moved(b) ? place_json(b) : NULL);
	return o;
}

static struct json_object *layer_json(const struct nmc_plan *p, unsigned int i)
{
	const struct layer *l = &p->network->layer[i];
	const struct stage *s = &p->stage[i];
	struct json_object *o = json_object_new_object(), *blocks = json_object_new_array();
	unsigned int b;

	json_object_object_add(o, "name", json_object_new_string(l->name));
	json_object_object_add(o, "inputs", json_object_new_int((int)l->inputs));
	json_object_object_add(o, "outputs", json_object_new_int((int)l->outputs));
	json_object_object_add(o, "activation", json_object_new_string(activation_name(l->activation)));
	json_object_object_add(o, "input_scale", json_object_new_double((double)s->in_scale));
	for (b = s->first_block; b < s->first_block + s->blocks; b++)
		json_object_array_add(blocks, block_json(&p->block[b]));
	json_object_object_add(o, "blocks", blocks);
	return o;
}

char *nmc_plan_json(const struct nmc_plan *plan)
{
	struct json_object *o = json_object_new_object(), *layers = json_object_new_array();
	unsigned int i;
	char *text;

	json_object_object_add(o, "schema", json_object_new_int(1));
	json_object_object_add(o, "class", json_object_new_string(plan->class.name));
	json_object_object_add(o, "scheme", json_object_new_string(nmc_scheme_name(plan->scheme)));
	json_object_object_add(o, "parts", json_object_new_int((int)plan->parts));
	json_object_object_add(o, "tiles", json_object_new_int((int)plan->tiles));
	json_object_object_add(o, "spares", json_object_new_int((int)plan->spares));
	json_object_object_add(o, "rows", json_object_new_int((int)plan->class.rows));
	json_object_object_add(o, "cols", json_object_new_int((int)plan->class.cols));
	json_object_object_add(o, "adc_bits", json_object_new_int((int)plan->adc_bits));
	json_object_object_add(o, "batch", json_object_new_int((int)plan->batch));
	json_object_object_add(o, "sram_bytes", json_object_new_int((int)plan->sram));
	for (i = 0; i < plan->network->layers; i++)
		json_object_array_add(layers, layer_json(plan, i));
	json_object_object_add(o, "layers", layers);
	text = strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY));
	json_object_put(o);
	return text;
}
