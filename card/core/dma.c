// SPDX-License-Identifier: MIT
/*
 * The card's only way to host memory: the job table, and slots, contiguous or by page list. Everything is
 * fetched once into the card and checked there; a page list is fetched when its slot is first used and
 * forgotten with the job.
 */
#include <stdlib.h>
#include <string.h>
#include "card/core/job.h"

#define MAX_LIST	(1u << 20)	/* pages of one slot: 4 GiB */

static int process_read(void *ctx, uint64_t addr, void *buf, size_t bytes)
{
	(void)ctx;
	memcpy(buf, (const void *)(uintptr_t)addr, bytes);
	return 0;
}

static int process_write(void *ctx, uint64_t addr, const void *buf, size_t bytes)
{
	(void)ctx;
	memcpy((void *)(uintptr_t)addr, buf, bytes);
	return 0;
}

const struct card_dma card_dma_process = { .read = process_read, .write = process_write };

static int fetch(struct job *j, uint64_t addr, void *buf, size_t bytes)
{
	return j->dma->read(j->dma->ctx, addr, buf, bytes) ? job_fault(j, NMC_FAULT_DMA, 0, addr) : 0;
}

static int check_slot(struct job *j, unsigned int n, const struct nmc_slot *s)
{
	const uint32_t known = NMC_SLOT_READ | NMC_SLOT_WRITE | NMC_SLOT_PAGE_LIST;
	uint64_t end, pages, last;

	if (s->flags & ~known)
		return job_fault(j, NMC_FAULT_RESERVED, n, s->flags);
	if (!s->length)
		return job_fault(j, NMC_FAULT_OPERAND, n, 0);
	if (__builtin_add_overflow(s->offset, s->length, &end))
		return job_fault(j, NMC_FAULT_OVERFLOW, n, s->offset);
	if (!(s->flags & NMC_SLOT_PAGE_LIST)) {
		if (s->pages)
			return job_fault(j, NMC_FAULT_RESERVED, n, s->pages);
		if (__builtin_add_overflow(s->addr, end, &last))
			return job_fault(j, NMC_FAULT_OVERFLOW, n, s->addr);
		return 0;
	}
	pages = end / NMC_PAGE_BYTES + !!(end % NMC_PAGE_BYTES);
	if (s->addr % sizeof(__le64))
		return job_fault(j, NMC_FAULT_ALIGN, n, s->addr);
	if (pages > s->pages || s->pages > MAX_LIST)
		return job_fault(j, NMC_FAULT_OPERAND, n, s->pages);
	return 0;
}

static int take_slots(struct job *j, const struct nmc_slot *slots, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		struct job_slot *to = &j->slot[i];

		if (check_slot(j, i, &slots[i]))
			return -1;
		to->addr = slots[i].addr;
		to->offset = slots[i].offset;
		to->length = slots[i].length;
		to->pages = slots[i].flags & NMC_SLOT_PAGE_LIST ? slots[i].pages : 0;
		to->flags = slots[i].flags;
		to->listed = false;
	}
	j->table_slots = count;
	return 0;
}

int job_fetch_table(struct job *j, const struct nmc_sqe_job *sqe)
{
	struct {
		struct nmc_job_table head;
		uint8_t rest[NMC_MAX_SETS * sizeof(struct nmc_set_ref) + NMC_MAX_SLOTS * sizeof(struct nmc_slot)];
	} table;
	const uint32_t head_bytes = sizeof(table.head);
	uint32_t bytes = sqe->table_bytes, set_bytes, slot_bytes;

	if (bytes < head_bytes || bytes > sizeof(table))
		return job_fault(j, NMC_FAULT_OPERAND, 0, bytes);
	if (fetch(j, sqe->table, &table, bytes))
		return -1;
	if (table.head.reserved)
		return job_fault(j, NMC_FAULT_RESERVED, 0, table.head.reserved);
	if (table.head.bytes != bytes || table.head.sets > NMC_MAX_SETS || !table.head.slots ||
	    table.head.slots > NMC_MAX_SLOTS)
		return job_fault(j, NMC_FAULT_OPERAND, 0, table.head.bytes);
	set_bytes = table.head.sets * sizeof(struct nmc_set_ref);
	slot_bytes = table.head.slots * sizeof(struct nmc_slot);
	if (bytes != head_bytes + set_bytes + slot_bytes)
		return job_fault(j, NMC_FAULT_OPERAND, 0, bytes);
	memcpy(j->refs, table.rest, set_bytes);
	j->table_sets = table.head.sets;
	return take_slots(j, (const struct nmc_slot *)(table.rest + set_bytes), table.head.slots);
}

int job_slot_range(struct job *j, unsigned int slot, uint64_t offset, uint64_t bytes, uint32_t access)
{
	uint64_t end;

	if (slot >= j->slots)
		return job_fault(j, NMC_FAULT_SLOT_INDEX, slot, slot);
	if (!(j->slot[slot].flags & access))
		return job_fault(j, NMC_FAULT_SLOT_ACCESS, slot, offset);
	if (offset > j->slot[slot].length)	/* also an offset below zero */
		return job_fault(j, NMC_FAULT_SLOT_BOUNDS, slot, offset);
	if (__builtin_add_overflow(offset, bytes, &end))
		return job_fault(j, NMC_FAULT_OVERFLOW, slot, offset);
	if (end > j->slot[slot].length)
		return job_fault(j, NMC_FAULT_SLOT_BOUNDS, slot, end);
	return 0;
}

static int grow_list(struct job_slot *s)
{
	uint64_t *list;

	if (s->pages <= s->capacity)
		return 0;
	list = realloc(s->list, s->pages * sizeof(*list));
	if (!list)
		return -1;
	s->list = list;
	s->capacity = s->pages;
	return 0;
}

static int fetch_list(struct job *j, unsigned int n)
{
	struct job_slot *s = &j->slot[n];
	uint32_t i;

	if (s->listed)
		return 0;
	if (grow_list(s) || j->dma->read(j->dma->ctx, s->addr, s->list, s->pages * sizeof(*s->list)))
		return job_fault(j, NMC_FAULT_DMA, n, s->addr);
	for (i = 0; i < s->pages; i++) {
		if (s->list[i] % NMC_PAGE_BYTES)
			return job_fault(j, NMC_FAULT_ALIGN, n, s->list[i]);
	}
	s->listed = true;
	return 0;
}

/* Host address of byte @at of the buffer, and how many bytes from there on are contiguous, at most @want. */
static uint64_t find_bytes(const struct job_slot *s, uint64_t at, size_t want, size_t *bytes)
{
	uint64_t page = at / NMC_PAGE_BYTES, addr = s->list[page] + at % NMC_PAGE_BYTES;
	size_t run = NMC_PAGE_BYTES - at % NMC_PAGE_BYTES;

	while (run < want && s->list[page + 1] == s->list[page] + NMC_PAGE_BYTES) {
		run += NMC_PAGE_BYTES;
		page++;
	}
	*bytes = run < want ? run : want;
	return addr;
}

static int move(struct job *j, uint64_t addr, uint8_t *buf, size_t bytes, bool write)
{
	const struct card_dma *d = j->dma;

	return write ? d->write(d->ctx, addr, buf, bytes) : d->read(d->ctx, addr, buf, bytes);
}

static int slot_move(struct job *j, unsigned int n, uint64_t offset, uint8_t *buf, size_t bytes, bool write)
{
	struct job_slot *s = &j->slot[n];
	uint64_t at = s->offset + offset;
	size_t run;

	if (!s->pages)
		return move(j, s->addr + at, buf, bytes, write) ? job_fault(j, NMC_FAULT_DMA, n, offset) : 0;
	if (fetch_list(j, n))
		return -1;
	for (; bytes; at += run, buf += run, bytes -= run) {
		uint64_t addr = find_bytes(s, at, bytes, &run);

		if (move(j, addr, buf, run, write))
			return job_fault(j, NMC_FAULT_DMA, n, at - s->offset);
	}
	return 0;
}

int job_slot_read(struct job *j, unsigned int slot, uint64_t offset, void *buf, size_t bytes)
{
	return slot_move(j, slot, offset, buf, bytes, false);
}

int job_slot_write(struct job *j, unsigned int slot, uint64_t offset, const void *buf, size_t bytes)
{
	return slot_move(j, slot, offset, (uint8_t *)buf, bytes, true);
}
