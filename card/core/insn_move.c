// SPDX-License-Identifier: MIT
/*
 * Data movement between slots and SRAM, and FILL.
 */
#include "card/core/job.h"

/* Between two looks at the stop flag; each is told as progress. */
#define BLOCK	(1u << 20)	/* bytes of a row */
#define ROWS	4096u

/**
 * struct transfer - a checked LOAD or STORE
 * @rows: SRAM side
 * @slot: slot
 * @offset: of the first row within the slot
 * @pitch: within the slot
 * @store: direction
 */
struct transfer {
	struct rows rows;
	unsigned int slot;
	uint64_t offset;
	uint64_t pitch;
	bool store;
};

static int check_slot_rows(struct job *j, const struct nmc_isa_move *m, struct transfer *t)
{
	uint64_t extent;

	if (job_stride(j, m->slot_offset, (int64_t)m->slot_stride, &t->offset))
		return -1;
	if (__builtin_mul_overflow(m->slot_pitch, (uint64_t)m->rows - 1, &extent) ||
	    __builtin_add_overflow(extent, (uint64_t)m->row_bytes, &extent))
		return job_fault(j, NMC_FAULT_OVERFLOW, m->slot, m->slot_pitch);
	if (t->store && m->rows > 1 && m->slot_pitch < m->row_bytes)
		return job_fault(j, NMC_FAULT_OPERAND, m->slot, m->slot_pitch);
	return job_slot_range(j, m->slot, t->offset, extent, t->store ? NMC_SLOT_WRITE : NMC_SLOT_READ);
}

static int check_move(struct job *j, const struct nmc_isa_move *m, struct transfer *t)
{
	int bad;

	if (m->c.flags || m->reserved0 || m->reserved)
		return job_fault(j, NMC_FAULT_RESERVED, 0, m->c.flags);
	t->store = m->c.opcode == NMC_OP_STORE;
	t->slot = m->slot;
	t->pitch = m->slot_pitch;
	bad = t->store ? job_source(j, &m->sram, m->rows, m->row_bytes, 1, &t->rows)
		       : job_destination(j, &m->sram, m->rows, m->row_bytes, 1, &t->rows);
	return bad ? -1 : check_slot_rows(j, m, t);
}

static int move_bytes(struct job *j, const struct transfer *t, uint64_t offset, uint8_t *at, uint64_t bytes)
{
	while (bytes) {
		size_t run = bytes < BLOCK ? bytes : BLOCK;

		if (t->store ? job_slot_write(j, t->slot, offset, at, run) : job_slot_read(j, t->slot, offset, at, run))
			return -1;
		offset += run;
		at += run;
		bytes -= run;
		if (!bytes)
			break;
		job_progress(j, 1);
		if (job_stopped(j))
			return job_fault(j, NMC_FAULT_ABORTED, t->slot, offset);
	}
	return 0;
}

int insn_move(struct job *j, const struct nmc_isa_move *m)
{
	struct transfer t;
	uint64_t i, bytes;

	if (check_move(j, m, &t))
		return -1;
	bytes = t.rows.count * t.rows.bytes;
	job_cost(j, COST_DMA, bytes);
	if (t.rows.count == 1 || (t.pitch == t.rows.bytes && t.rows.pitch == t.rows.bytes))
		return move_bytes(j, &t, t.offset, t.rows.first, bytes);
	job_cost(j, COST_DMA_ROW, t.rows.count);
	for (i = 0; i < t.rows.count; i++) {
		if (move_bytes(j, &t, t.offset + i * t.pitch, t.rows.first + i * t.rows.pitch, t.rows.bytes))
			return -1;
		if (i % ROWS != ROWS - 1)
			continue;
		job_progress(j, 1);
		if (job_stopped(j))
			return job_fault(j, NMC_FAULT_ABORTED, t.slot, i);
	}
	return 0;
}

int insn_fill(struct job *j, const struct nmc_isa_fill *f)
{
	struct rows to;
	uint64_t row;
	uint32_t i;

	if (f->c.flags)
		return job_fault(j, NMC_FAULT_RESERVED, 0, f->c.flags);
	if (job_reserved(j, f->reserved, sizeof(f->reserved)))
		return -1;
	if (job_destination(j, &f->dst, f->rows, 4ull * f->words, 4, &to))
		return -1;
	for (row = 0; row < to.count; row++) {
		uint32_t *word = (uint32_t *)(to.first + row * to.pitch);

		for (i = 0; i < f->words; i++)
			word[i] = f->value;
	}
	job_cost(j, COST_SRAM, to.count * to.bytes);
	return 0;
}
