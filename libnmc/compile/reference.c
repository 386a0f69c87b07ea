// SPDX-License-Identifier: MIT
/*
 * Integer reference: the arithmetic of the card's numerics on perfect cells, in plain 64-bit integers. It shares no
 * code with the card, so that a test can hold the one against the other.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "libnmc/compile/reference.h"
#include "libnmc/error.h"

/* x / 2^shift, ties to even. */
static int64_t half_even(int64_t x, unsigned int shift)
{
	int64_t floor, rest, half;

	if (!shift)
		return x;
	floor = x >> shift;
	rest = x & (((int64_t)1 << shift) - 1);
	half = (int64_t)1 << (shift - 1);
	return floor + (rest > half || (rest == half && (floor & 1)));
}

static int64_t clip(int64_t x, int64_t lo, int64_t hi)
{
	return x < lo ? lo : x > hi ? hi : x;
}

static int32_t saturate(int64_t x)
{
	return (int32_t)clip(x, INT32_MIN, INT32_MAX);
}

/* Exact sum of output @j over the inputs of block @b. */
static int64_t exact_sum(const struct nmc_plan *p, const struct block *b, unsigned int j, const int8_t *codes)
{
	const int16_t *w = plan_weights(p, b->layer, b->part, j) + b->first_in;
	unsigned int i;
	int64_t sum = 0;

	for (i = 0; i < b->rows; i++)
		sum += (int32_t)w[i] * codes[b->first_in + i];
	return sum;
}

/* The same of what other parts of the weights take for granted. */
static int64_t granted_sum(const struct nmc_plan *p, const struct block *b, unsigned int c, const int8_t *codes)
{
	const int16_t *d = b->held ? b->held : b->wanted;
	int64_t sum = 0;
	unsigned int i;

	if (p->scheme != NMC_SCHEME_DEVICES)
		return exact_sum(p, b, b->first_out + c, codes);
	for (i = 0; i < b->rows; i++)
		sum += (int32_t)d[(size_t)i * b->cols + c] * codes[b->first_in + i];
	return sum;
}

void reference_readout(const struct nmc_plan *p, const struct block *b, int32_t *out)
{
	unsigned int inputs = p->network->layer[b->layer].inputs, c, v;
	int64_t limit = (1 << (p->adc_bits - 1)) - 1;

	for (v = 0; v < p->probes; v++)
		for (c = 0; c < b->cols; c++) {
			int64_t sum = granted_sum(p, b, c, p->stage[b->layer].probe + (size_t)v * inputs);

			*out++ = (int32_t)clip(half_even(sum * b->planned[c].adc_mult, b->planned[c].adc_shift), -limit, limit);
		}
}

void reference_largest(const struct nmc_plan *p, const struct block *b, const int8_t *codes, size_t count,
		       uint32_t *most)
{
	unsigned int inputs = p->network->layer[b->layer].inputs, c;
	size_t v;

	for (v = 0; v < count; v++)
		for (c = 0; c < b->cols; c++) {
			int64_t x = exact_sum(p, b, b->first_out + c, codes + v * inputs);

			x = x < 0 ? -x : x;
			most[c] = x > most[c] ? (uint32_t)x : most[c];
		}
}

static int64_t converted(const struct nmc_plan *p, const struct nmc_isa_column *col, int64_t sum)
{
	int64_t limit = (1 << (p->adc_bits - 1)) - 1;
	int64_t code = clip(half_even((sum + (int32_t)col->offset) * col->adc_mult, col->adc_shift), -limit, limit);

	return half_even(code * (int16_t)col->scale_mult, col->scale_shift);
}

static void reference_sums(const struct nmc_plan *p, unsigned int layer, const int8_t *codes, int32_t *sums)
{
	const struct stage *s = &p->stage[layer];
	unsigned int i, c;

	memset(sums, 0, p->network->layer[layer].outputs * sizeof(*sums));
	for (i = s->first_block; i < s->first_block + s->blocks; i++) {
		const struct block *b = &p->block[i];

		for (c = 0; c < b->cols; c++) {
			int64_t x = exact_sum(p, b, b->first_out + c, codes);

			if (b->columns)
				x = converted(p, &b->columns[c], b->sign ? b->sign[c] * x : x);
			sums[b->first_out + c] = saturate((int64_t)sums[b->first_out + c] + x);
		}
	}
}

static int8_t next_code(const struct stage *s, unsigned int j, int32_t sum)
{
	const struct nmc_isa_requant *q = &s->requant[s->per_output ? j : 0];
	int64_t x = clip(half_even((int64_t)sum * (int32_t)q->mult, q->shift), s->lo, CODE_MAX);

	return s->table ? s->table[(uint8_t)(x + 128)] : (int8_t)x;
}

int reference_layer(const struct nmc_plan *p, unsigned int layer, const int8_t *codes, size_t count, int8_t *next,
		    int32_t *raw)
{
	const struct layer *l = &p->network->layer[layer];
	int32_t *sums = malloc(l->outputs * sizeof(*sums));
	unsigned int j;
	size_t v;

	if (!sums)
		return fail_memory();
	for (v = 0; v < count; v++) {
		reference_sums(p, layer, codes + v * l->inputs, sums);
		for (j = 0; j < l->outputs; j++) {
			int32_t x = saturate((int64_t)sums[j] + p->stage[layer].bias[j]);

			if (raw)
				raw[v * l->outputs + j] = x;
			else
				next[v * l->outputs + j] = next_code(&p->stage[layer], j, x);
		}
	}
	free(sums);
	return 0;
}

static unsigned int widest(const struct nmc_network *n)
{
	unsigned int i, width = n->inputs;

	for (i = 0; i < n->layers; i++)
		width = n->layer[i].outputs > width ? n->layer[i].outputs : width;
	return width;
}

int nmc_plan_reference(const struct nmc_plan *plan, const float *in, size_t count, int32_t *out)
{
	unsigned int width = widest(plan->network), last = plan->network->layers - 1, i;
	unsigned int outputs = plan->network->layer[last].outputs;
	int8_t *now = malloc(2 * (size_t)width), *next = now ? now + width : NULL, *work = now;
	size_t v;
	int ret = now ? 0 : fail_memory();

	for (v = 0; !ret && v < count; v++) {
		plan_codes(plan, in + v * plan->network->inputs, now);
		for (i = 0; !ret && i <= last; i++) {
			int8_t *swap = now;

			ret = reference_layer(plan, i, now, 1, next, i == last ? out + v * outputs : NULL);
			now = next;
			next = swap;
		}
	}
	free(work);
	return ret;
}
