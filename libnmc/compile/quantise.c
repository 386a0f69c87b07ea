// SPDX-License-Identifier: MIT
/*
 * Quantisation: weights to conductances by output, activations to int8 codes, converter ranges from the sums that
 * the calibration vectors give. All arithmetic is IEEE double in a fixed order, without libm, so that the same file
 * gives the same plan on every machine.
 */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "libnmc/compile/plan.h"
#include "libnmc/compile/reference.h"
#include "libnmc/error.h"

#define RANGE_MARGIN	1.10	/* converter range over the largest sum seen, for cells that are not perfect */
#define TABLE_RANGE	8.0	/* pre-activations a table tells apart: sigmoid and tanh are flat beyond */
#define SCALE_MAX	32767
#define PROBES_MAX	64	/* vectors of a readout */
#define BIAS_MAX	1e9	/* in units of the output: leaves room for the sums in int32 */

static double magnitude(double x)
{
	return x < 0.0 ? -x : x;
}

/* Nearest integer, ties to even, of |x| < 2^51. */
static double nearest(double x)
{
	return (x + 0x1.8p52) - 0x1.8p52;
}

int plan_fixed(double factor, double mult_max, unsigned int shift_max, unsigned int *shift)
{
	unsigned int s = 0;

	while (s < shift_max && nearest(magnitude(factor) * 2.0) <= mult_max) {
		factor *= 2.0;
		s++;
	}
	*shift = s;
	factor = nearest(factor);
	return (int)(magnitude(factor) > mult_max ? (factor < 0.0 ? -mult_max : mult_max) : factor);
}

static int stage_weights(const struct nmc_plan *p, unsigned int layer)
{
	const struct layer *l = &p->network->layer[layer];
	struct stage *s = &p->stage[layer];
	unsigned int i, j, part;

	s->weight = malloc((size_t)p->parts * l->inputs * l->outputs * sizeof(*s->weight));
	s->weight_max = calloc(l->outputs, sizeof(*s->weight_max));
	s->out_scale = calloc(l->outputs, sizeof(*s->out_scale));
	s->bias = calloc(l->outputs, sizeof(*s->bias));
	if (!s->weight || !s->weight_max || !s->out_scale || !s->bias)
		return fail_memory();
	for (j = 0; j < l->outputs; j++) {
		const float *w = l->weights + (size_t)j * l->inputs;
		double most = 0.0;

		for (i = 0; i < l->inputs; i++)
			most = magnitude(w[i]) > most ? magnitude(w[i]) : most;
		s->weight_max[j] = most > 0.0 ? (float)most : 1.0f;
		for (part = 0; part < p->parts; part++)
			for (i = 0; i < l->inputs; i++)
				plan_weights(p, layer, part, j)[i] = (int16_t)plan_part(p, part, w[i] / (double)s->weight_max[j]);
	}
	return 0;
}

/* Value of one unit of the exact sum of part @part of output @j. */
static double sum_unit(const struct nmc_plan *p, const struct stage *s, unsigned int part, unsigned int j)
{
	return (double)s->in_scale * s->weight_max[j] / weight_full(p) * p->part_scale[part];
}

/* Converter ranges of one block from the largest sums seen, @most[col]. */
static int block_range(const struct nmc_plan *p, struct block *b, const uint32_t *most)
{
	double limit = (double)((1 << (p->adc_bits - 1)) - 1);
	unsigned int c, shift;

	b->columns = calloc(b->cols, sizeof(*b->columns));
	if (!b->columns)
		return fail_memory();
	for (c = 0; c < b->cols; c++) {
		double range = limit / (RANGE_MARGIN * (most[c] ? (double)most[c] : weight_full(p) * CODE_MAX));

		b->columns[c].adc_mult = (uint16_t)plan_fixed(range, 65535.0, 47, &shift);
		b->columns[c].adc_shift = (uint8_t)shift;
	}
	return 0;
}

static double column_range(const struct nmc_isa_column *c)
{
	return (double)c->adc_mult / (double)(1ull << c->adc_shift);
}

/* One unit for all outputs of an analog layer, such that the largest digital scale just fits. */
static void stage_scales(struct nmc_plan *p, unsigned int layer)
{
	struct stage *s = &p->stage[layer];
	double largest = 0.0, unit;
	unsigned int i, c, shift;

	for (i = s->first_block; i < s->first_block + s->blocks; i++)
		for (c = 0; c < p->block[i].cols; c++) {
			double x = sum_unit(p, s, p->block[i].part, p->block[i].first_out + c) /
				   column_range(&p->block[i].columns[c]);

			largest = x > largest ? x : largest;
		}
	unit = largest / SCALE_MAX;
	for (i = s->first_block; i < s->first_block + s->blocks; i++)
		for (c = 0; c < p->block[i].cols; c++) {
			struct nmc_isa_column *col = &p->block[i].columns[c];
			double x = sum_unit(p, s, p->block[i].part, p->block[i].first_out + c) / column_range(col) / unit;

			col->scale_mult = (uint16_t)(int16_t)plan_fixed(x, SCALE_MAX, 31, &shift);
			col->scale_shift = (uint8_t)shift;
		}
	for (i = 0; i < p->network->layer[layer].outputs; i++)
		s->out_scale[i] = unit;
}

/* The block whose sums set the ranges of block @i: parts that only make up for others get the ranges of the first. */
static const struct block *ranging(const struct nmc_plan *p, unsigned int i)
{
	const struct block *b = &p->block[i];

	if (p->scheme != NMC_SCHEME_DEVICES || p->shared)
		return b;
	return b - b->part * (p->stage[b->layer].blocks / p->parts);
}

static int stage_convert(struct nmc_plan *p, unsigned int layer, const int8_t *codes, size_t count)
{
	struct stage *s = &p->stage[layer];
	unsigned int i;
	int ret = 0;

	if (!p->class.converters) {
		for (i = 0; i < p->network->layer[layer].outputs; i++)
			s->out_scale[i] = sum_unit(p, s, 0, i);
		return 0;
	}
	for (i = s->first_block; !ret && i < s->first_block + s->blocks; i++) {
		uint32_t *most = calloc(p->block[i].cols, sizeof(*most));

		if (!most)
			return fail_memory();
		reference_largest(p, ranging(p, i), codes, count, most);
		ret = block_range(p, &p->block[i], most);
		free(most);
	}
	if (!ret)
		stage_scales(p, layer);
	return ret;
}

/* A unit must be a float to compute with: neither beyond the largest nor lost among the denormal ones. */
static int check_unit(const struct layer *l, const char *of, double unit)
{
	if (unit >= (double)FLT_MIN && unit <= (double)FLT_MAX)
		return 0;
	return fail(-ENOTSUP, "layer %s: its %s have a range that floats do not (one step would be %g); scale weights or "
		    "samples", l->name, of, unit);
}

static int check_outputs(const struct nmc_plan *p, unsigned int layer)
{
	const struct layer *l = &p->network->layer[layer];
	unsigned int j;
	int ret = 0;

	for (j = 0; !ret && j < l->outputs; j++)
		ret = check_unit(l, "outputs", p->stage[layer].out_scale[j]);
	return ret;
}

static int stage_bias(struct nmc_plan *p, unsigned int layer)
{
	const struct layer *l = &p->network->layer[layer];
	struct stage *s = &p->stage[layer];
	unsigned int j;

	for (j = 0; j < l->outputs; j++) {
		double b = nearest((double)l->bias[j] / s->out_scale[j]);

		if (magnitude(b) > BIAS_MAX)
			return fail(-ENOTSUP, "layer %s: bias %u (%g) is far beyond what its inputs can sum to", l->name, j,
				    (double)l->bias[j]);
		s->bias[j] = (int32_t)b;
	}
	return 0;
}

/* Requantisation of every output to codes of value @unit. */
static int stage_requant(struct nmc_plan *p, unsigned int layer, double unit, int lo)
{
	struct stage *s = &p->stage[layer];
	unsigned int j, n, shift;

	s->per_output = !p->class.converters;
	n = s->per_output ? p->network->layer[layer].outputs : 1;
	s->lo = lo;
	s->requant = calloc(n, sizeof(*s->requant));
	if (!s->requant)
		return fail_memory();
	for (j = 0; j < n; j++) {
		s->requant[j].mult = (uint32_t)plan_fixed(s->out_scale[j] / unit, 1073741824.0, 62, &shift);
		s->requant[j].shift = (uint8_t)shift;
	}
	return 0;
}

/* Codes of activation(x) for the 256 codes of x. */
static int stage_table(struct nmc_plan *p, unsigned int layer, float next_scale)
{
	struct stage *s = &p->stage[layer];
	int code;

	s->table = calloc(256, 1);
	if (!s->table)
		return fail_memory();
	for (code = -128; code < 128; code++) {
		float y = activate(p->network->layer[layer].activation, (float)(code * TABLE_RANGE / CODE_MAX));
		double c = nearest((double)y / next_scale);

		s->table[code + 128] = (int8_t)(c > CODE_MAX ? CODE_MAX : c < -CODE_MAX ? -CODE_MAX : c);
	}
	return 0;
}

static int stage_activation(struct nmc_plan *p, unsigned int layer, float next_scale)
{
	enum nmc_activation activation = p->network->layer[layer].activation;

	if (activation == NMC_ACTIVATION_SIGMOID || activation == NMC_ACTIVATION_TANH) {
		int ret = stage_requant(p, layer, TABLE_RANGE / CODE_MAX, -CODE_MAX);

		return ret ? ret : stage_table(p, layer, next_scale);
	}
	return stage_requant(p, layer, next_scale, activation == NMC_ACTIVATION_RELU ? 0 : -CODE_MAX);
}

/* Value of one code that spans @count values; not finite if one of them is not. */
static float scale_of(const float *x, size_t count)
{
	float most = 0.0f;
	size_t i;

	for (i = 0; i < count; i++) {
		if (!isfinite(x[i]))
			return x[i];
		most = (float)magnitude(x[i]) > most ? (float)magnitude(x[i]) : most;
	}
	return (most > 0.0f ? most : 1.0f) / CODE_MAX;
}

/* Float activations of every vector after layer @layer, from those before it. */
static void float_layer(const struct layer *l, const float *in, size_t count, float *out)
{
	unsigned int i, j;
	size_t v;

	for (v = 0; v < count; v++)
		for (j = 0; j < l->outputs; j++) {
			const float *w = l->weights + (size_t)j * l->inputs;
			float sum = l->bias[j];

			for (i = 0; i < l->inputs; i++)
				sum += w[i] * in[v * l->inputs + i];
			out[v * l->outputs + j] = activate(l->activation, sum);
		}
}

/* The range of the inputs of layer @layer, from @count vectors of them. */
static int stage_inputs(struct nmc_plan *p, unsigned int layer, const float *x, size_t count)
{
	const struct layer *l = &p->network->layer[layer];

	p->stage[layer].in_scale = scale_of(x, count * l->inputs);
	return check_unit(l, "inputs", (double)p->stage[layer].in_scale);
}

/* What a layer gives is the next one's inputs; the last one's are values, which need only exist. */
static int layer_ends(struct nmc_plan *p, unsigned int layer, const float *next, size_t count)
{
	const struct layer *l = &p->network->layer[layer];
	float scale;

	if (layer + 1 < p->network->layers)
		return stage_inputs(p, layer + 1, next, count);
	scale = scale_of(next, count * l->outputs);
	return isfinite(scale) ? 0 : check_unit(l, "outputs", (double)scale);
}

/* Keeps some of the inputs of a layer to read its tiles out with. */
static int stage_probe(struct nmc_plan *p, unsigned int layer, const int8_t *codes)
{
	size_t bytes = (size_t)p->probes * p->network->layer[layer].inputs;

	p->stage[layer].probe = malloc(bytes);
	if (!p->stage[layer].probe)
		return fail_memory();
	memcpy(p->stage[layer].probe, codes, bytes);
	return 0;
}

/* One layer: integers from its own inputs @codes, and the codes of the next layer's inputs. */
static int quantise_layer(struct nmc_plan *p, unsigned int layer, const float *next, const int8_t *codes, size_t count,
			  int8_t *next_codes)
{
	int ret = stage_weights(p, layer);

	if (!ret)
		ret = stage_probe(p, layer, codes);
	if (!ret)
		ret = stage_convert(p, layer, codes, count);
	if (!ret)
		ret = check_outputs(p, layer);
	if (!ret)
		ret = stage_bias(p, layer);
	if (!ret)
		ret = layer_ends(p, layer, next, count);
	if (ret || layer + 1 == p->network->layers)
		return ret;
	ret = stage_activation(p, layer, p->stage[layer + 1].in_scale);
	return ret ? ret : reference_layer(p, layer, codes, count, next_codes, NULL);
}

int plan_quantise(struct nmc_plan *p, const float *samples, size_t count)
{
	const struct layer *first = &p->network->layer[0];
	unsigned int layer, width = p->network->inputs;
	float *now, *next;
	int8_t *codes, *next_codes;
	size_t v;
	int ret = 0;

	p->probes = count < PROBES_MAX ? (unsigned int)count : PROBES_MAX;
	for (layer = 0; layer < p->network->layers; layer++)
		width = p->network->layer[layer].outputs > width ? p->network->layer[layer].outputs : width;
	now = malloc(count * width * sizeof(*now));
	next = malloc(count * width * sizeof(*next));
	codes = malloc(count * width);
	next_codes = malloc(count * width);
	if (!now || !next || !codes || !next_codes)
		ret = fail_memory();
	if (!ret) {
		memcpy(now, samples, count * first->inputs * sizeof(*now));
		ret = stage_inputs(p, 0, now, count);
		for (v = 0; !ret && v < count; v++)
			plan_codes(p, now + v * first->inputs, codes + v * first->inputs);
	}
	for (layer = 0; !ret && layer < p->network->layers; layer++) {
		float *swap = now;
		int8_t *swap_codes = codes;

		float_layer(&p->network->layer[layer], now, count, next);
		ret = quantise_layer(p, layer, next, codes, count, next_codes);
		now = next;
		next = swap;
		codes = next_codes;
		next_codes = swap_codes;
	}
	free(now);
	free(next);
	free(codes);
	free(next_codes);
	return ret;
}

void plan_codes(const struct nmc_plan *p, const float *in, int8_t *codes)
{
	float per = 1.0f / p->stage[0].in_scale;
	unsigned int i;

	for (i = 0; i < p->network->inputs; i++) {
		float x = in[i] * per;

		x = x > (float)CODE_MAX ? (float)CODE_MAX : x;
		x = x >= -(float)CODE_MAX ? x : -(float)CODE_MAX;
		codes[i] = (int8_t)((x + 0x1.8p23f) - 0x1.8p23f);
	}
}

void plan_values(const struct nmc_plan *p, const int32_t *raw, float *out)
{
	const struct stage *s = &p->stage[p->network->layers - 1];
	const struct layer *l = &p->network->layer[p->network->layers - 1];
	unsigned int j;

	for (j = 0; j < l->outputs; j++)
		out[j] = activate(l->activation, (float)((double)raw[j] * s->out_scale[j]));
	if (l->activation == NMC_ACTIVATION_SOFTMAX)
		softmax(out, l->outputs);
}
