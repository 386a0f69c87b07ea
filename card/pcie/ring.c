// SPDX-License-Identifier: MIT
/*
 * The two halves of a ring pair as the card works on them. The order of writes and reads is that of struct nmc_shadow.
 */
#include <stddef.h>
#include <time.h>
#include "card/pcie/queue.h"

#define SHADOW(field)	(r->shadow + offsetof(struct nmc_shadow, field))

uint64_t queue_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

bool ring_valid(const struct ring_host *h, const struct ring *r)
{
	return r->entries >= 2 && r->entries <= h->entries && !(r->entries & (r->entries - 1)) &&
	       r->sq && r->cq && r->shadow && !(r->sq % NMC_PAGE_BYTES) && !(r->cq % NMC_PAGE_BYTES) &&
	       !(r->shadow % 64) && r->vector < NMC_VECTORS;
}

int ring_poll(struct ring_host *h, struct ring *r)
{
	uint32_t tail;

	if (r->head != r->tail)
		return 1;
	if (dma_read(&h->dma, SHADOW(sq_tail), &tail, sizeof(tail)))
		return -NMC_STATUS_DMA;
	if (tail - r->head > r->entries)
		return -NMC_STATUS_FIELD;
	r->tail = tail;
	return r->head != r->tail;
}

int ring_sleep(struct ring_host *h, struct ring *r)
{
	if (dma_write(&h->dma, SHADOW(sq_event), &r->tail, sizeof(r->tail)))
		return -NMC_STATUS_DMA;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return ring_poll(h, r);
}

int ring_fetch(struct ring_host *h, struct ring *r, void *sqe)
{
	uint64_t at = r->sq + (uint64_t)(r->head & (r->entries - 1)) * sizeof(struct nmc_sqe);

	if (dma_read(&h->dma, at, sqe, sizeof(struct nmc_sqe)))
		return -NMC_STATUS_DMA;
	r->head++;
	return 0;
}

static bool event_passed(uint32_t event, uint32_t now, uint32_t before)
{
	return now - event < now - before;
}

int ring_complete(struct ring_host *h, struct ring *r, struct nmc_cqe *cqe, bool always)
{
	uint64_t at = r->cq + (uint64_t)(r->done & (r->entries - 1)) * sizeof(*cqe);
	uint32_t event, before = r->done;

	cqe->sq_head = r->head;
	cqe->reserved = 0;
	cqe->phase = !(r->done & r->entries);
	if (dma_write(&h->dma, at, cqe, offsetof(struct nmc_cqe, phase)) ||
	    dma_write(&h->dma, at + offsetof(struct nmc_cqe, phase), &cqe->phase, sizeof(cqe->phase)))
		return -NMC_STATUS_DMA;
	r->done++;
	if (dma_write(&h->dma, SHADOW(cq_tail), &r->done, sizeof(r->done)))
		return -NMC_STATUS_DMA;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (dma_read(&h->dma, SHADOW(cq_event), &event, sizeof(event)))
		return -NMC_STATUS_DMA;
	if (!always && r->coalesce_ns && !event_passed(event, r->done, before)) {
		if (r->signalled == before)
			r->unsignalled_ns = queue_now();
		return 0;
	}
	r->signalled = r->done;
	irq_raise(&h->irq, r->vector);
	return 1;
}

bool ring_flush(struct ring_host *h, struct ring *r, uint64_t now)
{
	if (r->signalled == r->done || now - r->unsignalled_ns < r->coalesce_ns)
		return false;
	r->signalled = r->done;
	irq_raise(&h->irq, r->vector);
	return true;
}
