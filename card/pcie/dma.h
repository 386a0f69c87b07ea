/* SPDX-License-Identifier: MIT */
/*
 * Guest memory: the regions that the client has mapped, and a gate that closes them to all threads at once.
 */
#ifndef NMC_PCIE_DMA_H
#define NMC_PCIE_DMA_H

#include <pthread.h>
#include <stdbool.h>
#include "card/card.h"

#define DMA_MAX_REGIONS	8192	/* under an IOMMU every buffer is one or more */

/**
 * struct dma_region - a mapped piece of guest memory
 * @address: guest address
 * @size: bytes
 * @data: where it is mapped here; NULL if the client passed no descriptor, which makes it unreachable
 * @writable: the card may write it
 */
struct dma_region {
	uint64_t address;
	uint64_t size;
	uint8_t *data;
	bool writable;
};

/**
 * struct dma - guest memory
 * @lock: read by copies, a piece at a time; written by the socket thread, which goes first
 * @open: copies are allowed; closed by reset and disable
 * @master: the host lets the card use the bus
 * @count: regions
 * @region: regions in order of their addresses
 */
struct dma {
	pthread_rwlock_t lock;
	bool open;
	bool master;
	unsigned int count;
	struct dma_region region[DMA_MAX_REGIONS];
};

void dma_init(struct dma *d);
void dma_destroy(struct dma *d);

/* After dma_gate(d, false) returns, no copy is under way and none will succeed until it is opened. */
void dma_gate(struct dma *d, bool open);

/* Likewise for the host's permission to use the bus. */
void dma_master(struct dma *d, bool master);

/*
 * Maps @region->size bytes of @fd, a memfd that cannot shrink or may be kept from it, or remembers an unreachable region
 * with fd -1. 0, -EEXIST, -EINVAL, -ENOSPC or another.
 */
int dma_map(struct dma *d, const struct dma_region *region, int fd, uint64_t offset);
int dma_unmap(struct dma *d, uint64_t address, uint64_t size);
void dma_unmap_all(struct dma *d);

/* struct card_dma hooks; @ctx is the struct dma. Aligned 4- and 8-byte copies are single accesses. */
int dma_read(void *ctx, uint64_t addr, void *buf, size_t bytes);
int dma_write(void *ctx, uint64_t addr, const void *buf, size_t bytes);

#endif
