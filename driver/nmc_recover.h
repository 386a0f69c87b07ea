/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happens when the card stops answering, is reset, sleeps or leaves: the one funnel of every
 * recovery.
 */
#ifndef NMC_RECOVER_H
#define NMC_RECOVER_H

#include <linux/pci.h>

struct nmc_device;
struct nmc_job;
struct nmc_queue;

extern const struct pci_error_handlers nmc_error_handlers;
extern const struct dev_pm_ops nmc_pm_ops;

/**
 * nmc_lost() - declares the device lost, with the one line in the log that says so; the rest
 *	happens in a work; any context
 * @nmc: the device
 * @reason: format of the reason
 */
__printf(2, 3) void nmc_lost(struct nmc_device *nmc, const char *reason, ...);

/**
 * nmc_lost_work() - carries a loss out
 * @work: lost_work of the device
 */
void nmc_lost_work(struct work_struct *work);

/**
 * nmc_halt() - ends the card: no DMA, every fence signalled with -ENODEV, DEVICE_LOST to
 *	every open file
 * @nmc: the device; can be called again
 *
 * Device must be marked lost. May sleep.
 */
void nmc_halt(struct nmc_device *nmc);

/**
 * nmc_recover_queue() - stops a queue whose job is overdue and restarts it without that job; gives
 *	the card up when that has not helped before
 * @queue: the queue
 * @stuck: the oldest job that has not ended
 *
 * May sleep. Does nothing if no job is overdue.
 */
void nmc_recover_queue(struct nmc_queue *queue, const struct nmc_job *stuck);

/**
 * nmc_bring_up() - enables the card and makes on it what the driver knows of: queues,
 *	contexts, event command
 * @nmc: the device, disabled
 *
 * Return: 0 or a negative errno; the device is lost then. May sleep.
 */
int nmc_bring_up(struct nmc_device *nmc);

#endif
