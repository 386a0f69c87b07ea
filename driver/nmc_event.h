/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events: from the card's event command to the open files that asked for them.
 */
#ifndef NMC_EVENT_H
#define NMC_EVENT_H

#include <drm/drm_file.h>
#include "drm/nmc_accel.h"

struct nmc_device;

#define NMC_EVENTS_UNREAD	64	/* events that a file keeps */

/**
 * struct nmc_pending_event - an event on its way to a file
 * @base: core's part, first
 * @event: what read() delivers
 */
struct nmc_pending_event {
	struct drm_pending_event base;
	struct drm_nmc_event event;
};

/**
 * nmc_event_open() - reserves the final event of a file
 * @drm: DRM device
 * @file: the file, its driver_priv set
 *
 * Return: 0 or -ENOMEM.
 */
int nmc_event_open(struct drm_device *drm, struct drm_file *file);

/**
 * nmc_event_close() - gives the reserved event back
 * @drm: DRM device
 * @file: the file
 */
void nmc_event_close(struct drm_device *drm, struct drm_file *file);

/**
 * nmc_event_lost() - the final event to every open file that does not have it yet
 * @nmc: the device
 */
void nmc_event_lost(struct nmc_device *nmc);

/**
 * nmc_event_work() - delivers the card's event and asks for the next
 * @work: event_work of the device
 */
void nmc_event_work(struct work_struct *work);

/**
 * nmc_ioctl_event_subscribe() - EVENT_SUBSCRIBE
 * @drm: DRM device
 * @data: struct drm_nmc_event_subscribe
 * @file: the file
 *
 * Return: 0 or a negative errno.
 */
int nmc_ioctl_event_subscribe(struct drm_device *drm, void *data, struct drm_file *file);

#endif
