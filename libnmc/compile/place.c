// SPDX-License-Identifier: MIT
/*
 * Placement: each layer's matrix is cut into blocks that fit a tile, as even as can be, because an even cut gives
 * every converter a similar range. Then addresses in SRAM.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "libnmc/compile/plan.h"
#include "libnmc/error.h"

#define ALIGN(x)	(((x) + 63u) & ~63u)
#define BATCH_DEFAULT	512u

static unsigned int pieces(unsigned int whole, unsigned int most)
{
	return (whole + most - 1) / most;
}

/* Start of piece @i when @whole is cut into @n pieces that differ by at most one. */
static unsigned int piece_at(unsigned int whole, unsigned int n, unsigned int i)
{
	return (unsigned int)((uint64_t)whole * i / n);
}

static void place_part(struct nmc_plan *p, unsigned int layer, unsigned int part, unsigned int ins, unsigned int outs)
{
	const struct layer *l = &p->network->layer[layer];
	unsigned int r, c;

	for (c = 0; c < outs; c++) {
		for (r = 0; r < ins; r++) {
			struct block *b = &p->block[p->blocks];

			*b = (struct block){ .layer = layer, .part = part, .tile = p->blocks };
			b->first_in = piece_at(l->inputs, ins, r);
			b->rows = piece_at(l->inputs, ins, r + 1) - b->first_in;
			b->first_out = piece_at(l->outputs, outs, c);
			b->cols = piece_at(l->outputs, outs, c + 1) - b->first_out;
			p->blocks++;
		}
	}
}

/* All parts of the layer's weights, one after another. */
static void place_layer(struct nmc_plan *p, unsigned int layer, unsigned int ins, unsigned int outs)
{
	unsigned int part;

	p->stage[layer].first_block = p->blocks;
	p->stage[layer].blocks = p->parts * ins * outs;
	for (part = 0; part < p->parts; part++)
		place_part(p, layer, part, ins, outs);
}

/*
 * Tiles that the network needs, if that many are free: a hostile network may ask for more than memory can describe. One that
 * persists may have its tiles already.
 */
static int count_tiles(struct nmc_plan *p)
{
	uint64_t total = 0;
	unsigned int i;

	for (i = 0; i < p->network->layers; i++) {
		const struct layer *l = &p->network->layer[i];

		total += (uint64_t)p->parts * pieces(l->inputs, p->class.rows) * pieces(l->outputs, plan_outputs(p));
	}
	if (total > (*p->persist ? p->class.tiles : p->class.free))
		return fail(-ENOSPC, "the network needs %llu tiles of class %s (%u x %u cells), %u are free of %u; "
			    "use a smaller network, another class, or a card with more tiles", (unsigned long long)total,
			    p->class.name, p->class.rows, p->class.cols, p->class.free, p->class.tiles);
	p->tiles = (unsigned int)total;
	if (p->spares > p->class.free - p->tiles)
		return fail(-ENOSPC, "%u spares beside the network's %u tiles of class %s: %u are free of %u", p->spares,
			    p->tiles, p->class.name, p->class.free, p->class.tiles);
	return 0;
}

/* Spares are the tiles of the set after those of the blocks. */
static int place_spares(struct nmc_plan *p)
{
	p->spare = calloc((size_t)p->spares + 1, sizeof(*p->spare));
	if (!p->spare)
		return fail_memory();
	for (p->spares_left = 0; p->spares_left < p->spares; p->spares_left++)
		p->spare[p->spares_left] = p->tiles + p->spares_left;
	return 0;
}

int plan_place(struct nmc_plan *p)
{
	unsigned int i;
	int ret = count_tiles(p);

	if (ret)
		return ret;
	p->stage = calloc(p->network->layers, sizeof(*p->stage));
	p->block = calloc(p->tiles, sizeof(*p->block));
	if (!p->stage || !p->block)
		return fail_memory();
	for (i = 0; i < p->network->layers; i++) {
		const struct layer *l = &p->network->layer[i];

		place_layer(p, i, pieces(l->inputs, p->class.rows), pieces(l->outputs, plan_outputs(p)));
	}
	return place_spares(p);
}

static uint32_t take(uint32_t *at, size_t bytes)
{
	uint32_t here = *at;

	*at = ALIGN(here + (uint32_t)bytes);
	return here;
}

static void layout_params(struct nmc_plan *p)
{
	uint32_t at = 0;
	unsigned int i;

	for (i = 0; i < p->blocks; i++)
		if (p->block[i].columns)
			p->block[i].columns_at = take(&at, p->block[i].cols * sizeof(struct nmc_isa_column));
	for (i = 0; i < p->network->layers; i++) {
		struct stage *s = &p->stage[i];
		unsigned int outputs = p->network->layer[i].outputs;

		s->bias_at = take(&at, outputs * sizeof(*s->bias));
		if (s->requant)
			s->requant_at = take(&at, (s->per_output ? outputs : 1) * sizeof(*s->requant));
		if (s->table)
			s->table_at = take(&at, 256);
	}
	p->params = at;
}

void plan_buffers(const struct nmc_plan *p, uint32_t batch, struct layout *l)
{
	unsigned int i, codes = p->network->inputs, sums = 0;
	uint32_t at = p->params;

	for (i = 0; i < p->network->layers; i++) {
		unsigned int n = p->network->layer[i].outputs;

		sums = n > sums ? n : sums;
		if (i + 1 < p->network->layers && n > codes)
			codes = n;
	}
	l->codes_pitch = ALIGN(codes);
	l->sums_pitch = ALIGN(sums * 4);
	l->codes[0] = take(&at, (size_t)l->codes_pitch * batch);
	l->codes[1] = take(&at, (size_t)l->codes_pitch * batch);
	l->sums = take(&at, (size_t)l->sums_pitch * batch);
	l->bytes = at;
}

int plan_layout(struct nmc_plan *p, uint32_t wanted_batch, uint32_t sram_bytes)
{
	uint64_t each, room;
	struct layout l;

	layout_params(p);
	plan_buffers(p, 1, &l);
	each = 2ull * l.codes_pitch + l.sums_pitch;
	if (l.bytes > sram_bytes)
		return fail(-ENOSPC, "one vector with its parameters needs %u bytes of SRAM, the card has %u", l.bytes,
			    sram_bytes);
	room = (sram_bytes - p->params) / each;
	p->batch = wanted_batch ? wanted_batch : BATCH_DEFAULT;
	p->batch = p->batch > room ? (uint32_t)room : p->batch;
	plan_buffers(p, p->batch, &l);
	p->sram = l.bytes;
	return 0;
}

void plan_params(const struct nmc_plan *p, uint8_t *area)
{
	unsigned int i;

	for (i = 0; i < p->blocks; i++)
		if (p->block[i].columns)
			memcpy(area + p->block[i].columns_at, p->block[i].columns,
			       p->block[i].cols * sizeof(struct nmc_isa_column));
	for (i = 0; i < p->network->layers; i++) {
		const struct stage *s = &p->stage[i];
		unsigned int outputs = p->network->layer[i].outputs;

		memcpy(area + s->bias_at, s->bias, outputs * sizeof(*s->bias));
		if (s->requant)
			memcpy(area + s->requant_at, s->requant, (s->per_output ? outputs : 1) * sizeof(*s->requant));
		if (s->table)
			memcpy(area + s->table_at, s->table, 256);
	}
}
