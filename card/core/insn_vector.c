// SPDX-License-Identifier: MIT
/*
 * Vector unit instructions and COPY: checks of operands, and rows shared among host threads when there is enough
 * to share. The arithmetic itself is vector.c's.
 */
#include <string.h>
#include "card/core/job.h"
#include "card/core/pool.h"
#include "card/core/vector.h"

#define PART_ELEMENTS	16384u		/* elements one thread takes at a time */
#define SEGMENT_ELEMENTS (1u << 20)	/* elements between two looks at the stop flag */

/**
 * struct vector_work - a checked vector instruction
 * @job: the job
 * @v: the instruction
 * @src: source rows
 * @dst: destination rows
 * @aux: bias, requantisation or table
 * @first: first row of this segment
 * @rows: rows of this segment
 * @part_rows: rows one thread takes at a time
 * @saturations: counted by all threads
 */
struct vector_work {
	struct job *job;
	const struct nmc_isa_vector *v;
	struct rows src;
	struct rows dst;
	const void *aux;
	uint64_t first;
	uint64_t rows;
	uint64_t part_rows;
	uint64_t saturations;
};

/**
 * struct vector_shape - operands of one opcode
 * @src_bytes: bytes of a source element
 * @dst_bytes: bytes of a result; zero: one 32-bit word a row
 * @aux_bytes: bytes at aux an element, or in all where @aux_fixed
 * @aux_fixed: @aux_bytes is the whole length
 * @cost: row of the cost table
 */
struct vector_shape {
	uint8_t src_bytes;
	uint8_t dst_bytes;
	uint16_t aux_bytes;
	bool aux_fixed;
	uint8_t cost;
};

static struct vector_shape shape_of(const struct nmc_isa_vector *v)
{
	switch (v->c.opcode) {
	case NMC_OP_ADD:
	case NMC_OP_RELU:
		return (struct vector_shape){ 4, 4, 0, false, COST_ADD };
	case NMC_OP_BIAS:
		return (struct vector_shape){ 4, 4, 4, false, COST_ADD };
	case NMC_OP_REQUANT:
		return (struct vector_shape){ 4, 1, sizeof(struct nmc_isa_requant),
					      !(v->c.flags & NMC_VECTOR_PER_ELEMENT), COST_MULTIPLY };
	case NMC_OP_LUT:
		return (struct vector_shape){ 1, 1, 256, true, COST_LUT };
	case NMC_OP_ARGMAX:
		return (struct vector_shape){ 4, 0, 0, false, COST_ADD };
	default:
		return (struct vector_shape){ 1, 1, 0, false, COST_SRAM };
	}
}

static int check_clip(struct job *j, const struct nmc_isa_vector *v)
{
	int32_t lo = v->lo, hi = v->hi;

	if (v->c.opcode != NMC_OP_REQUANT)
		return lo || hi ? job_fault(j, NMC_FAULT_RESERVED, 0, v->lo) : 0;
	if (lo < -127 || hi > 127 || lo > hi)
		return job_fault(j, NMC_FAULT_OPERAND, 0, v->lo);
	return 0;
}

static int check_requant(struct job *j, const struct vector_work *w)
{
	const struct nmc_isa_requant *q = w->aux;
	uint32_t i, n = w->v->c.flags & NMC_VECTOR_PER_ELEMENT ? w->v->n : 1;

	for (i = 0; i < n; i++) {
		if (q[i].reserved[0] | q[i].reserved[1] | q[i].reserved[2])
			return job_fault(j, NMC_FAULT_RESERVED, 0, w->v->aux + i * sizeof(*q));
		if (q[i].shift > 62)
			return job_fault(j, NMC_FAULT_OPERAND, 0, q[i].shift);
	}
	return 0;
}

static int check_aux(struct job *j, struct vector_work *w, const struct vector_shape *s)
{
	uint64_t bytes = s->aux_fixed ? s->aux_bytes : (uint64_t)s->aux_bytes * w->v->n;
	struct rows aux;

	if (!bytes)
		return w->v->aux ? job_fault(j, NMC_FAULT_RESERVED, 0, w->v->aux) : 0;
	if (job_region(j, w->v->aux, bytes, 4, &aux))
		return -1;
	if (!rows_apart(&aux, &w->dst))
		return job_fault(j, NMC_FAULT_OPERAND, 0, w->v->aux);
	w->aux = aux.first;
	return w->v->c.opcode == NMC_OP_REQUANT ? check_requant(j, w) : 0;
}

/* The destination may be the source exactly; then each row must have room for both. */
static int check_overlap(struct job *j, const struct vector_work *w)
{
	bool same = w->src.addr == w->dst.addr && (w->src.count == 1 || w->src.pitch == w->dst.pitch);

	if (same ? w->src.count == 1 || w->src.pitch >= w->src.bytes : rows_apart(&w->src, &w->dst))
		return 0;
	return job_fault(j, NMC_FAULT_OPERAND, 0, w->dst.addr);
}

static int check_vector(struct job *j, struct vector_work *w, const struct vector_shape *s)
{
	const struct nmc_isa_vector *v = w->v;
	uint64_t out = s->dst_bytes ? (uint64_t)v->n * s->dst_bytes : 4;
	bool requant = v->c.opcode == NMC_OP_REQUANT;

	if (v->c.flags & ~(requant ? NMC_VECTOR_PER_ELEMENT : 0u))
		return job_fault(j, NMC_FAULT_RESERVED, 0, v->c.flags);
	if (job_reserved(j, v->reserved, sizeof(v->reserved)) || check_clip(j, v))
		return -1;
	if (job_source(j, &v->src, v->vectors, (uint64_t)v->n * s->src_bytes, s->src_bytes, &w->src))
		return -1;
	if (job_destination(j, &v->dst, v->vectors, out, s->dst_bytes ? s->dst_bytes : 4, &w->dst))
		return -1;
	return check_overlap(j, w) || check_aux(j, w, s) ? -1 : 0;
}

static uint64_t do_row(const struct vector_work *w, uint8_t *dst, const uint8_t *src)
{
	const struct vector_ops *ops = w->job->vector;
	const struct nmc_isa_vector *v = w->v;
	bool each = v->c.flags & NMC_VECTOR_PER_ELEMENT;
	int32_t *wide = (int32_t *)dst;

	switch (v->c.opcode) {
	case NMC_OP_ADD:
		return ops->add(wide, wide, (const int32_t *)src, v->n);
	case NMC_OP_BIAS:
		return ops->add(wide, (const int32_t *)src, w->aux, v->n);
	case NMC_OP_RELU:
		ops->relu(wide, (const int32_t *)src, v->n);
		return 0;
	case NMC_OP_REQUANT:
		(each ? ops->requant_each : ops->requant)((int8_t *)dst, (const int32_t *)src, v->n, w->aux,
							  (int32_t)v->lo, (int32_t)v->hi);
		return 0;
	case NMC_OP_LUT:
		ops->lut((int8_t *)dst, (const int8_t *)src, v->n, w->aux);
		return 0;
	case NMC_OP_ARGMAX:
		*wide = ops->argmax((const int32_t *)src, v->n);
		return 0;
	default:
		memmove(dst, src, v->n);
		return 0;
	}
}

static void do_part(void *arg, unsigned int n)
{
	struct vector_work *w = arg;
	uint64_t row = w->first + n * w->part_rows, end = row + w->part_rows, saturations = 0;

	if (end > w->first + w->rows)
		end = w->first + w->rows;
	for (; row < end; row++)
		saturations += do_row(w, w->dst.first + row * w->dst.pitch, w->src.first + row * w->src.pitch);
	if (saturations)
		__atomic_fetch_add(&w->saturations, saturations, __ATOMIC_RELAXED);
}

/* Rows that hold about @elements elements, at least one. */
static uint64_t rows_of(const struct vector_work *w, uint64_t elements)
{
	uint64_t rows = elements / w->v->n;

	return rows ? rows : 1;
}

static int do_segments(struct job *j, struct vector_work *w)
{
	uint64_t segment = rows_of(w, SEGMENT_ELEMENTS), count = w->src.count;

	w->part_rows = rows_of(w, PART_ELEMENTS);
	for (w->first = 0; w->first < count; w->first += segment) {
		if (w->first && job_stopped(j))
			return job_fault(j, NMC_FAULT_ABORTED, 0, w->first);
		w->rows = count - w->first < segment ? count - w->first : segment;
		pool_run(j->card->pool, do_part, w, (w->rows + w->part_rows - 1) / w->part_rows);
	}
	return 0;
}

int insn_vector(struct job *j, const struct nmc_isa_vector *v)
{
	struct vector_work w = { .job = j, .v = v };
	struct vector_shape shape = shape_of(v);
	int ret;

	if (check_vector(j, &w, &shape))
		return -1;
	ret = do_segments(j, &w);
	j->used.saturations += w.saturations;
	job_cost(j, shape.cost, (uint64_t)v->n * v->vectors);
	return ret;
}
