// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rings and shadow: the memory order of Documentation/card/queues.rst. Barriers are mb(), not
 * smp_mb(): the other side is the card, which matters on a machine with one CPU too.
 */
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include "nmc_ring.h"

int nmc_ring_init(struct nmc_ring *ring, struct device *dev, u32 entries, void __iomem *doorbell)
{
	size_t half = ALIGN((size_t)entries * sizeof(struct nmc_sqe), NMC_PAGE_BYTES);

	BUILD_BUG_ON(sizeof(struct nmc_sqe) != sizeof(struct nmc_cqe));
	ring->dev = dev;
	ring->entries = entries;
	ring->doorbell = doorbell;
	ring->cq_offset = half;
	ring->shadow_offset = 2 * half;
	ring->bytes = 2 * half + sizeof(*ring->shadow);
	ring->mem = dma_alloc_coherent(dev, ring->bytes, &ring->dma, GFP_KERNEL);
	if (!ring->mem)
		return -ENOMEM;
	ring->shadow = ring->mem + ring->shadow_offset;
	nmc_ring_reset(ring);
	return 0;
}

void nmc_ring_fini(struct nmc_ring *ring)
{
	if (ring->mem)
		dma_free_coherent(ring->dev, ring->bytes, ring->mem, ring->dma);
	ring->mem = NULL;
}

void nmc_ring_reset(struct nmc_ring *ring)
{
	memset(ring->mem, 0, ring->bytes);
	ring->tail = 0;
	ring->head = 0;
	ring->event = 1;
	ring->armed = 0;
	ring->depth = 0;
	ring->shadow->cq_event = cpu_to_le32(1);
}

void nmc_ring_push(struct nmc_ring *ring, const void *sqe)
{
	struct nmc_sqe *sq = ring->mem;

	memcpy(&sq[ring->tail & (ring->entries - 1)], sqe, sizeof(*sq));
	ring->tail++;
}

static struct nmc_cqe *nmc_ring_cqe(struct nmc_ring *ring, u32 count)
{
	struct nmc_cqe *cq = ring->mem + ring->cq_offset;

	return &cq[count & (ring->entries - 1)];
}

/* Completion number @count + 1 is written: its phase is 1 on even passes. */
static bool nmc_ring_written(struct nmc_ring *ring, u32 count)
{
	u32 phase = le32_to_cpu(READ_ONCE(nmc_ring_cqe(ring, count)->phase)) & NMC_CQE_PHASE;

	return phase == !(count & ring->entries);
}

static void nmc_ring_set_event(struct nmc_ring *ring, u32 share)
{
	ring->event = ring->head + max(share, 1u);
	WRITE_ONCE(ring->shadow->cq_event, cpu_to_le32(ring->event));
}

/* What is left of the depth keeps the card busy while the host takes the interrupt and refills. */
static u32 nmc_ring_share(struct nmc_ring *ring)
{
	return ring->depth * 7 / 8;
}

bool nmc_ring_publish(struct nmc_ring *ring, u32 old, u32 expected)
{
	u32 wanted;

	ring->depth = min(max(ring->depth, expected), ring->entries);
	nmc_ring_set_event(ring, nmc_ring_share(ring));
	dma_wmb();
	WRITE_ONCE(ring->shadow->sq_tail, cpu_to_le32(ring->tail));
	mb(); /* tail before the card's event index is read; cq_event before the phase */
	wanted = le32_to_cpu(READ_ONCE(ring->shadow->sq_event));
	if (ring->tail - wanted - 1 < ring->tail - old)
		writel(ring->tail, ring->doorbell);
	return nmc_ring_written(ring, ring->event - 1);
}

bool nmc_ring_pop(struct nmc_ring *ring, struct nmc_cqe *cqe)
{
	if (!nmc_ring_pending(ring) || !nmc_ring_written(ring, ring->head))
		return false;
	dma_rmb(); /* the phase is written last */
	*cqe = *nmc_ring_cqe(ring, ring->head);
	ring->head++;
	return true;
}

/* Follows the host to a lesser depth: if the coalescing time had to help, it stopped short. */
static void nmc_ring_follow(struct nmc_ring *ring, u32 expected)
{
	u32 consumed = ring->head - ring->armed;

	if (consumed && (s32)(ring->head - ring->event) < 0)
		ring->depth = min(consumed + expected, ring->entries);
	ring->armed = ring->head;
}

bool nmc_ring_arm(struct nmc_ring *ring, u32 expected)
{
	nmc_ring_follow(ring, expected);
	nmc_ring_set_event(ring, min(nmc_ring_share(ring), expected));
	mb(); /* the event index is visible before the phase is looked at */
	return nmc_ring_pending(ring) && nmc_ring_written(ring, ring->event - 1);
}
