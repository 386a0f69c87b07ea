/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupts: MSI-X with one vector a queue, or one MSI or pin for everything.
 */
#ifndef NMC_IRQ_H
#define NMC_IRQ_H

struct nmc_device;

/**
 * nmc_irq_init() - allocates vectors and requests those of health and admin queue
 * @nmc: the device
 *
 * Return: 0 or a negative errno, with one line in the log.
 */
int nmc_irq_init(struct nmc_device *nmc);

/**
 * nmc_irq_queues() - requests the vectors of the I/O queues
 * @nmc: the device, its queues initialised
 *
 * Return: 0 or a negative errno.
 */
int nmc_irq_queues(struct nmc_device *nmc);

/**
 * nmc_irq_fini() - gives all interrupts back; no handler runs after the return
 * @nmc: the device
 */
void nmc_irq_fini(struct nmc_device *nmc);

#endif
