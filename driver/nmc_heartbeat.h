/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Heartbeat: finds out that the card or its firmware is gone, since nobody else says so.
 */
#ifndef NMC_HEARTBEAT_H
#define NMC_HEARTBEAT_H

#include <linux/workqueue.h>

struct nmc_device;

/**
 * nmc_heartbeat_work() - one look at heartbeat and status
 * @work: beat_work of the device
 */
void nmc_heartbeat_work(struct work_struct *work);

/**
 * nmc_heartbeat_start() - begins to look
 * @nmc: the device
 */
void nmc_heartbeat_start(struct nmc_device *nmc);

/**
 * nmc_heartbeat_stop() - looks no more; waits for a look in progress
 * @nmc: the device
 */
void nmc_heartbeat_stop(struct nmc_device *nmc);

/**
 * nmc_heartbeat_look() - looks at once; any context
 * @nmc: the device
 */
void nmc_heartbeat_look(struct nmc_device *nmc);

#endif
