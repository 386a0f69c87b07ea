// SPDX-License-Identifier: MIT
/*
 * Operands: where they lie in this iteration and whether all of their bytes are the job's. Every sum and product
 * is checked; nothing is touched here.
 */
#include "card/core/job.h"

int job_fault(struct job *j, enum nmc_isa_cause cause, uint32_t object, uint64_t offset)
{
	bool in_stream = j->fault.insn != NMC_FAULT_NO_INSN;

	j->fault.cause = cause;
	j->fault.object = object;
	j->fault.offset = offset;
	if (in_stream) {
		j->fault.insn = j->pc;
		j->fault.iteration = j->depth ? j->loops[j->depth - 1].iteration : 0;
	}
	return -1;
}

int job_failure(struct job *j)
{
	j->failed = true;
	return -1;
}

int job_reserved(struct job *j, const void *field, size_t count)
{
	const uint8_t *byte = field;
	uint8_t any = 0;
	size_t i;

	for (i = 0; i < count; i++)
		any |= byte[i];
	return any ? job_fault(j, NMC_FAULT_RESERVED, 0, any) : 0;
}

int job_stride(struct job *j, uint64_t value, int64_t stride, uint64_t *at)
{
	int64_t iteration = j->depth ? j->loops[j->depth - 1].iteration : 0;
	int64_t move, sum;

	if (__builtin_mul_overflow(stride, iteration, &move) || value > INT64_MAX ||
	    __builtin_add_overflow((int64_t)value, move, &sum))
		return job_fault(j, NMC_FAULT_OVERFLOW, 0, value);
	*at = sum;
	return 0;
}

/* Extent of count rows from addr on; all three checked against the window. */
static int check_window(struct job *j, uint64_t addr, uint64_t pitch, uint64_t count, uint64_t bytes)
{
	uint64_t extent, end;

	if (__builtin_mul_overflow(pitch, count - 1, &extent) || __builtin_add_overflow(extent, bytes, &extent))
		return job_fault(j, NMC_FAULT_OVERFLOW, 0, addr);
	if (addr > j->sram_bytes)	/* also an address below zero */
		return job_fault(j, NMC_FAULT_SRAM, 0, addr);
	if (__builtin_add_overflow(addr, extent, &end))
		return job_fault(j, NMC_FAULT_OVERFLOW, 0, addr);
	return end > j->sram_bytes ? job_fault(j, NMC_FAULT_SRAM, 0, end) : 0;
}

int job_source(struct job *j, const struct nmc_isa_sram *o, uint64_t count, uint64_t bytes, unsigned int align,
	       struct rows *r)
{
	uint64_t addr;

	if (!count || !bytes)
		return job_fault(j, NMC_FAULT_OPERAND, 0, 0);
	if (job_stride(j, o->addr, (int32_t)o->stride, &addr))
		return -1;
	if ((addr | o->pitch) & (align - 1))
		return job_fault(j, NMC_FAULT_ALIGN, 0, addr);
	if (check_window(j, addr, o->pitch, count, bytes))
		return -1;
	*r = (struct rows){ j->sram + addr, addr, o->pitch, bytes, count };
	return 0;
}

int job_destination(struct job *j, const struct nmc_isa_sram *o, uint64_t count, uint64_t bytes, unsigned int align,
		    struct rows *r)
{
	if (job_source(j, o, count, bytes, align, r))
		return -1;
	if (count > 1 && r->pitch < bytes)
		return job_fault(j, NMC_FAULT_OPERAND, 0, r->pitch);
	return 0;
}

int job_region(struct job *j, uint32_t addr, uint64_t bytes, unsigned int align, struct rows *r)
{
	if (addr & (align - 1))
		return job_fault(j, NMC_FAULT_ALIGN, 0, addr);
	if (check_window(j, addr, 0, 1, bytes))
		return -1;
	*r = (struct rows){ j->sram + addr, addr, 0, bytes, 1 };
	return 0;
}

static uint64_t rows_end(const struct rows *r)
{
	return r->addr + r->pitch * (r->count - 1) + r->bytes;
}

bool rows_apart(const struct rows *a, const struct rows *b)
{
	uint64_t pitch = a->count > 1 ? a->pitch : b->pitch;
	uint64_t gap;

	if (rows_end(a) <= b->addr || rows_end(b) <= a->addr)
		return true;
	/* Side by side within rows of one pitch. */
	if ((a->count > 1 && b->count > 1 && a->pitch != b->pitch) || pitch < a->bytes || pitch < b->bytes)
		return false;
	gap = (b->addr + pitch - a->addr % pitch) % pitch;
	return gap >= a->bytes && gap + b->bytes <= pitch;
}
