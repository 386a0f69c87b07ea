/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A pair of rings and their shadow in host memory: descriptors out, completions in, event indices
 * both ways. The admin queue and the I/O queues are both built on it. No function locks; the owner
 * does.
 */
#ifndef NMC_RING_H
#define NMC_RING_H

#include <linux/device.h>
#include <linux/types.h>
#include "hw/nmc_regs.h"

/**
 * struct nmc_ring - rings and shadow of one queue
 * @dev: device that the memory is mapped for
 * @mem: coherent memory: submission ring, completion ring, shadow
 * @dma: its DMA address
 * @bytes: its length
 * @cq_offset: where the completion ring begins
 * @shadow_offset: where the shadow begins
 * @shadow: the shadow
 * @doorbell: doorbell register
 * @entries: entries of both rings
 * @tail: descriptors written, free-running
 * @head: completions consumed, free-running
 * @event: completion number that an interrupt was asked for
 * @armed: @head when the interrupt was last asked for
 * @depth: descriptors that the host lately kept outstanding
 */
struct nmc_ring {
	struct device *dev;
	void *mem;
	dma_addr_t dma;
	size_t bytes;
	size_t cq_offset;
	size_t shadow_offset;
	struct nmc_shadow *shadow;
	void __iomem *doorbell;
	u32 entries;
	u32 tail;
	u32 head;
	u32 event;
	u32 armed;
	u32 depth;
};

static inline u64 nmc_ring_sq(const struct nmc_ring *ring)
{
	return ring->dma;
}

static inline u64 nmc_ring_cq(const struct nmc_ring *ring)
{
	return ring->dma + ring->cq_offset;
}

static inline u64 nmc_ring_shadow(const struct nmc_ring *ring)
{
	return ring->dma + ring->shadow_offset;
}

/* Descriptors without a completion consumed. */
static inline u32 nmc_ring_pending(const struct nmc_ring *ring)
{
	return ring->tail - ring->head;
}

/**
 * nmc_ring_init() - allocates rings and shadow, empty
 * @ring: the ring
 * @dev: device that will access the memory
 * @entries: power of two
 * @doorbell: doorbell register
 *
 * Return: 0 or -ENOMEM.
 */
int nmc_ring_init(struct nmc_ring *ring, struct device *dev, u32 entries, void __iomem *doorbell);

/**
 * nmc_ring_fini() - frees the memory; the card must have stopped the queue
 * @ring: the ring, possibly never initialised
 */
void nmc_ring_fini(struct nmc_ring *ring);

/**
 * nmc_ring_reset() - empties rings and shadow; the card must have stopped the queue
 * @ring: the ring
 */
void nmc_ring_reset(struct nmc_ring *ring);

/**
 * nmc_ring_push() - writes one descriptor, not yet visible to the card
 * @ring: the ring; the caller knows that it has room
 * @sqe: 64 bytes
 */
void nmc_ring_push(struct nmc_ring *ring, const void *sqe);

/**
 * nmc_ring_publish() - shows the descriptors pushed to the card; rings the doorbell if the
 *	card asked for it
 * @ring: the ring
 * @old: tail before the first push
 * @expected: as nmc_ring_arm()
 *
 * Also asks for the next interrupt: after seven eighths of the depth that the host has lately
 * kept, which is the next completion at depth 1. So latency at depth 1 and cost at depth 32 are
 * both small. Descriptors that are about to come count to the depth, because a card that is faster
 * than the host never has many. When the host stops short of its former depth, once, the coalescing
 * time bounds the wait.
 * Return: true if the completion that the interrupt was asked for is there already: consume, then
 * arm again.
 */
bool nmc_ring_publish(struct nmc_ring *ring, u32 old, u32 expected);

/**
 * nmc_ring_pop() - takes the next completion
 * @ring: the ring
 * @cqe: out: copy
 *
 * Return: false if there is none.
 */
bool nmc_ring_pop(struct nmc_ring *ring, struct nmc_cqe *cqe);

/**
 * nmc_ring_arm() - asks for the next interrupt after completions were consumed
 * @ring: the ring
 * @expected: descriptors on the ring, and those that will come without waiting for a completion
 *
 * As nmc_ring_publish(), but no later than when all that is expected is done: nothing may follow.
 * Return: true if the completion asked for is there already: consume, then arm again.
 */
bool nmc_ring_arm(struct nmc_ring *ring, u32 expected);

#endif
