/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers: access, identity, enable and disable of the card.
 */
#ifndef NMC_HW_H
#define NMC_HW_H

#include <linux/io-64-nonatomic-lo-hi.h>
#include "nmc_drv.h"

#define NMC_GONE32	(~0u)		/* what a read of a card that is gone answers */
#define NMC_GONE64	(~0ull)

static inline u32 nmc_read32(struct nmc_device *nmc, u32 reg)
{
	return readl(nmc->regs + reg);
}

static inline u64 nmc_read64(struct nmc_device *nmc, u32 reg)
{
	return readq(nmc->regs + reg);
}

static inline void nmc_write32(struct nmc_device *nmc, u32 reg, u32 value)
{
	writel(value, nmc->regs + reg);
}

static inline void nmc_write64(struct nmc_device *nmc, u32 reg, u64 value)
{
	writeq(value, nmc->regs + reg);
}

/**
 * nmc_hw_init() - maps BAR 0, checks the card's identity, sets the DMA mask up
 * @nmc: the device, its PCI function enabled
 *
 * Return: 0 or a negative errno, with one line in the log that says why.
 */
int nmc_hw_init(struct nmc_device *nmc);

/**
 * nmc_hw_enable() - starts the card with the admin ring
 * @nmc: the device
 * @ring: admin ring, empty
 *
 * Return: 0 or a negative errno; the device is lost then. May sleep.
 */
int nmc_hw_enable(struct nmc_device *nmc, const struct nmc_ring *ring);

/**
 * nmc_hw_disable() - stops every queue; after success the card does no DMA
 * @nmc: the device
 *
 * Return: 0, -ENODEV if the card does not answer, -ETIMEDOUT. May sleep.
 */
int nmc_hw_disable(struct nmc_device *nmc);

/**
 * nmc_boot_epoch() - a number that is random and the same for the whole life of this boot
 *
 * Survives a reload of the module, so that the card keeps what belongs to this boot.
 * Return: the epoch, never zero. May sleep.
 */
u64 nmc_boot_epoch(void);

#endif
