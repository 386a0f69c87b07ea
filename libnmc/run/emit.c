// SPDX-License-Identifier: MIT
/*
 * Command streams of a plan. A run loads its parameters once, then loops over batches: codes in, for each layer the
 * products of its blocks, bias, activation and requantisation, results out. Tags carry the layer number plus one.
 */
#include <errno.h>
#include "libnmc/error.h"
#include "libnmc/run/emit.h"

struct emit {
	const struct nmc_plan *p;
	struct nmc_stream *s;
	struct layout at;
	uint32_t vectors;	/* in this batch */
	uint32_t tag;
};

static struct nmc_isa_sram operand(uint32_t addr, uint32_t pitch)
{
	return (struct nmc_isa_sram){ .addr = addr, .pitch = pitch };
}

static int emit_move(struct emit *e, unsigned int opcode, unsigned int slot, uint64_t offset, uint64_t pitch,
		     uint64_t stride, uint32_t rows, uint32_t bytes, struct nmc_isa_sram sram)
{
	struct nmc_isa_move m = { .c = { .opcode = (uint16_t)opcode, .tag = e->tag }, .slot = (uint16_t)slot,
				  .sram = sram, .slot_offset = offset, .slot_pitch = pitch, .slot_stride = stride,
				  .rows = rows, .row_bytes = bytes };

	e->s->slots = e->s->slots > slot + 1 ? e->s->slots : slot + 1;
	return stream_append(e->s, &m);
}

static int emit_product(struct emit *e, const struct block *b, uint32_t codes)
{
	bool first = !b->first_in && !b->part;
	struct nmc_isa_mvm m = {
		.c = { .opcode = NMC_OP_MVM, .tag = e->tag,
		       .flags = (uint16_t)(e->p->leave_out | (first ? 0 : NMC_MVM_ACCUMULATE)) },
		.tile = b->tile,
		.in = operand(codes + b->first_in, e->at.codes_pitch),
		.out = operand(e->at.sums + b->first_out * 4, e->at.sums_pitch),
		.columns = b->columns_at,
		.vectors = e->vectors,
		.rows = (uint16_t)b->rows,
		.cols = (uint16_t)b->cols,
		.adc_bits = (uint8_t)e->p->adc_bits,
	};

	e->s->sets = 1;
	return stream_append(e->s, &m);
}

static int emit_vector(struct emit *e, unsigned int opcode, unsigned int flags, struct nmc_isa_sram src,
		       struct nmc_isa_sram dst, uint32_t aux, uint32_t n, int lo, int hi)
{
	struct nmc_isa_vector v = { .c = { .opcode = (uint16_t)opcode, .flags = (uint16_t)flags, .tag = e->tag },
				    .src = src, .dst = dst, .aux = aux, .n = n, .vectors = e->vectors,
				    .lo = (uint32_t)lo, .hi = (uint32_t)hi };

	return stream_append(e->s, &v);
}

/* Bias, and for all but the last layer the codes of the next. */
static int emit_rest(struct emit *e, unsigned int layer, uint32_t next)
{
	const struct stage *s = &e->p->stage[layer];
	unsigned int n = e->p->network->layer[layer].outputs;
	struct nmc_isa_sram sums = operand(e->at.sums, e->at.sums_pitch), codes = operand(next, e->at.codes_pitch);
	int ret = emit_vector(e, NMC_OP_BIAS, 0, sums, sums, s->bias_at, n, 0, 0);

	if (ret || layer + 1 == e->p->network->layers)
		return ret;
	ret = emit_vector(e, NMC_OP_REQUANT, s->per_output ? NMC_VECTOR_PER_ELEMENT : 0, sums, codes, s->requant_at, n,
			  s->lo, CODE_MAX);
	return ret || !s->table ? ret : emit_vector(e, NMC_OP_LUT, 0, codes, codes, s->table_at, n, 0, 0);
}

static int emit_layers(struct emit *e)
{
	unsigned int layer, i;
	int ret = 0;

	for (layer = 0; !ret && layer < e->p->network->layers; layer++) {
		const struct stage *s = &e->p->stage[layer];

		e->tag = layer + 1;
		for (i = s->first_block; !ret && i < s->first_block + s->blocks; i++)
			ret = emit_product(e, &e->p->block[i], e->at.codes[layer & 1]);
		if (!ret)
			ret = emit_rest(e, layer, e->at.codes[~layer & 1]);
	}
	return ret;
}

/* One batch; @stride is the number of vectors that each iteration of the loop moves on. */
static int emit_batch(struct emit *e, uint64_t first, uint32_t stride)
{
	uint32_t inputs = e->p->network->inputs, outputs = nmc_network_outputs(e->p->network);
	int ret;

	e->tag = 0;
	ret = emit_move(e, NMC_OP_LOAD, RUN_IN, first * inputs, inputs, (uint64_t)stride * inputs, e->vectors, inputs,
			operand(e->at.codes[0], e->at.codes_pitch));
	if (!ret)
		ret = emit_layers(e);
	e->tag = 0;
	if (!ret)
		ret = emit_move(e, NMC_OP_STORE, RUN_OUT, first * outputs * 4, outputs * 4ull, stride * outputs * 4ull,
				e->vectors, outputs * 4, operand(e->at.sums, e->at.sums_pitch));
	return ret;
}

/* Instructions of one batch, which is the body of the loop. */
static uint32_t body_length(const struct nmc_plan *p)
{
	uint32_t n = 2 + p->blocks;
	unsigned int i;

	for (i = 0; i < p->network->layers; i++)
		n += 1 + (i + 1 < p->network->layers) + !!p->stage[i].table;
	return n;
}

static int emit_counters(struct emit *e, uint64_t offset)
{
	struct nmc_isa_control c = { .c.opcode = NMC_OP_COUNTERS, .sram = e->at.sums };
	int ret = stream_append(e->s, &c);

	return ret ? ret : emit_move(e, NMC_OP_STORE, RUN_OUT, offset, 0, 0, 1, sizeof(struct nmc_isa_counters),
				     operand(e->at.sums, 0));
}

static int emit_all(struct emit *e, uint32_t vectors)
{
	uint32_t batch = e->p->batch < vectors ? e->p->batch : vectors, full = vectors / batch, rest = vectors % batch;
	uint64_t counters = ((uint64_t)vectors * nmc_network_outputs(e->p->network) * 4 + 63) / 64 * 64;
	int ret = emit_move(e, NMC_OP_LOAD, RUN_PARAMS, 0, 0, 0, 1, e->p->params, operand(0, 0));

	e->vectors = batch;
	if (!ret)
		ret = nmc_stream_loop(e->s, full, body_length(e->p));
	if (!ret)
		ret = emit_batch(e, 0, batch);
	e->vectors = rest;
	if (!ret && rest)
		ret = emit_batch(e, (uint64_t)full * batch, 0);
	return ret ? ret : emit_counters(e, counters);
}

int emit_run(const struct nmc_plan *p, uint32_t vectors, struct nmc_stream **stream)
{
	struct emit e = { .p = p };
	int ret = nmc_stream_create(p->sram, stream);

	if (ret)
		return ret;
	e.s = *stream;
	plan_buffers(p, p->batch, &e.at);
	ret = emit_all(&e, vectors);
	if (ret) {
		nmc_stream_destroy(*stream);
		*stream = NULL;
	}
	return ret;
}

int emit_age(uint64_t ns, struct nmc_stream **stream)
{
	struct nmc_isa_control idle = { .c.opcode = NMC_OP_IDLE, .time = ns };
	int ret = nmc_stream_create(64, stream);

	if (ret)
		return ret;
	(*stream)->sets = 1;
	ret = stream_append(*stream, &idle);
	if (ret) {
		nmc_stream_destroy(*stream);
		*stream = NULL;
	}
	return ret;
}

int emit_probe(const struct nmc_plan *p, const struct block *b, struct nmc_stream **stream)
{
	uint32_t inputs = p->network->layer[b->layer].inputs, columns = b->cols * sizeof(struct nmc_isa_column);
	uint32_t codes = (columns + 63) / 64 * 64, sums = codes + (p->probes * b->rows + 63) / 64 * 64;
	struct emit e = { .p = p, .vectors = p->probes, .tag = b->layer + 1 };
	struct nmc_isa_mvm m = {
		.c = { .opcode = NMC_OP_MVM, .flags = (uint16_t)p->leave_out, .tag = e.tag }, .tile = b->tile,
		.in = operand(codes, b->rows), .out = operand(sums, b->cols * 4), .vectors = p->probes,
		.rows = (uint16_t)b->rows, .cols = (uint16_t)b->cols, .adc_bits = (uint8_t)p->adc_bits,
	};
	int ret = nmc_stream_create(sums + p->probes * b->cols * 4, stream);

	if (ret)
		return ret;
	e.s = *stream;
	e.s->sets = 1;
	ret = emit_move(&e, NMC_OP_LOAD, PROBE_COLUMNS, 0, 0, 0, 1, columns, operand(0, 0));
	if (!ret)
		ret = emit_move(&e, NMC_OP_LOAD, PROBE_IN, b->first_in, inputs, 0, p->probes, b->rows,
				operand(codes, b->rows));
	if (!ret)
		ret = stream_append(e.s, &m);
	if (!ret)
		ret = emit_move(&e, NMC_OP_STORE, PROBE_OUT, 0, 0, 0, 1, p->probes * b->cols * 4, operand(sums, 0));
	if (ret) {
		nmc_stream_destroy(*stream);
		*stream = NULL;
	}
	return ret;
}

static int append_program(struct emit *e, const struct block *b, const struct region *r, uint32_t report)
{
	uint32_t pitch = block_width(e->p, b) * 2;
	struct nmc_isa_program program = {
		.c = { .opcode = NMC_OP_PROGRAM, .tag = b->layer + 1 },
		.tile = b->tile,
		.data = operand(r->row * pitch + r->col * 2u, pitch),
		.report = report,
		.first_row = r->row,
		.rows = r->rows,
		.first_col = r->col,
		.cols = r->cols,
	};

	return stream_append(e->s, &program);
}

int emit_program(const struct nmc_plan *p, const struct block *b, const struct region *region, unsigned int n,
		 struct nmc_stream **stream)
{
	uint32_t bytes = (uint32_t)block_cells(p, b) * 2, report = (bytes + 63) / 64 * 64, i;
	uint32_t reports = n * (uint32_t)sizeof(struct nmc_isa_report);
	struct emit e = { .p = p, .tag = b->layer + 1 };
	int ret = nmc_stream_create(report + reports, stream);

	if (ret)
		return ret;
	e.s = *stream;
	e.s->sets = 1;
	ret = emit_move(&e, NMC_OP_LOAD, PROGRAM_TARGETS, 0, 0, 0, 1, bytes, operand(0, 0));
	for (i = 0; !ret && i < n; i++)
		ret = append_program(&e, b, &region[i], report + i * (uint32_t)sizeof(struct nmc_isa_report));
	if (!ret)
		ret = emit_move(&e, NMC_OP_STORE, PROGRAM_REPORT, 0, 0, 0, 1, reports, operand(report, 0));
	if (ret) {
		nmc_stream_destroy(*stream);
		*stream = NULL;
	}
	return ret;
}

int emit_read(const struct nmc_plan *p, const struct block *b, struct nmc_stream **stream)
{
	uint32_t width = block_width(p, b), bytes = (uint32_t)block_cells(p, b) * 2;
	struct emit e = { .p = p, .tag = b->layer + 1 };
	struct nmc_isa_program read = {
		.c = { .opcode = NMC_OP_READ, .tag = e.tag }, .tile = b->tile, .data = operand(0, width * 2),
		.rows = (uint16_t)b->rows, .cols = (uint16_t)width,
	};
	int ret = nmc_stream_create((bytes + 63) / 64 * 64, stream);

	if (ret)
		return ret;
	e.s = *stream;
	e.s->sets = 1;
	ret = stream_append(e.s, &read);
	if (!ret)
		ret = emit_move(&e, NMC_OP_STORE, 0, 0, 0, 0, 1, bytes, operand(0, 0));
	if (ret) {
		nmc_stream_destroy(*stream);
		*stream = NULL;
	}
	return ret;
}
