/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device and the open file: what all rooms of the driver share.
 *
 * Lock order, outermost first: reset_lock, contexts_lock, sets_lock, admin.gate,
 * nmc_context.submit_lock, reservations, bos_lock; then the spinlocks nmc_queue.lock,
 * nmc_context.lock, nmc_admin.lock and drm_device.event_lock, which never nest in each other but
 * for the middle two in nmc_queue.lock.
 *
 * Fences are signalled under reset_lock, so nobody who holds it or contexts_lock allocates memory:
 * reclaim may wait for a fence.
 */
#ifndef NMC_DRV_H
#define NMC_DRV_H

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>

#include "drm/nmc_accel.h"
#include "hw/nmc_regs.h"
#include "nmc_admin.h"

struct nmc_queue;
struct nmc_queues;

#define NMC_FILE_CONTEXTS	64	/* contexts of one open file */
#define NMC_FILE_TILESETS	256	/* tile sets of one open file */

#define NMC_DEV_LOST		0	/* gone or being removed: no call reaches the card */
#define NMC_DEV_HALTED		1	/* queues ended, every fence signalled */

/**
 * struct nmc_device - one card
 * @drm: DRM device
 * @pdev: PCI function
 * @regs: BAR 0
 * @epoch: host epoch of this boot
 * @cap: NMC_CAP_*
 * @version: register layout
 * @hw_queues: I/O queues of the card
 * @hw_entries: most entries of a ring
 * @doorbells: offset of doorbell page 0
 * @id: identity, as the firmware answered
 * @flags: NMC_DEV_* bits
 * @vectors: interrupt vectors in use
 * @shared_vector: one vector or pin for all causes
 * @interrupts: interrupts handled
 * @admin: admin queue
 * @queues: I/O queues; outlives the device while a fence needs it
 * @reset_wq: ordered: time-outs, loss
 * @reset_lock: one recovery at a time
 * @stop_report: answer to a queue stop, under @reset_lock: recovery allocates nothing
 * @lost_work: carries a loss out
 * @beat_work: heartbeat
 * @beat: last heartbeat seen
 * @beat_seen: jiffies when it was new
 * @event_work: delivers a card event
 * @contexts: contexts by card id
 * @contexts_next: where the search for a free id begins
 * @contexts_live: the card knows the contexts
 * @contexts_lock: @contexts and the card's own table
 * @sets: tile sets that somebody has open
 * @sets_lock: @sets and their openers
 * @bos: buffers that are mapped for DMA
 * @bos_lock: @bos
 * @bos_gone: @bos lost a buffer
 */
struct nmc_device {
	struct drm_device drm;
	struct pci_dev *pdev;
	void __iomem *regs;
	u64 epoch;
	u64 cap;
	u32 version;
	u32 hw_queues;
	u32 hw_entries;
	u32 doorbells;
	struct nmc_identify id;
	unsigned long flags;
	unsigned int vectors;
	bool shared_vector;
	atomic64_t interrupts;
	struct nmc_admin admin;
	struct nmc_queues *queues;
	struct workqueue_struct *reset_wq;
	struct mutex reset_lock; /* recoveries */
	struct nmc_stop_report stop_report;
	struct work_struct lost_work;
	struct delayed_work beat_work;
	u64 beat;
	unsigned long beat_seen;
	struct work_struct event_work;
	struct xarray contexts;
	u32 contexts_next;
	bool contexts_live;
	struct mutex contexts_lock; /* contexts, contexts_live */
	struct list_head sets;
	struct mutex sets_lock; /* sets */
	struct list_head bos;
	struct mutex bos_lock; /* bos */
	wait_queue_head_t bos_gone;
};

/**
 * struct nmc_file - one open file
 * @ref: the file and each of its contexts
 * @contexts: by handle
 * @sets: tile sets by handle
 * @context_count: contexts
 * @set_count: tile sets
 * @busy_ns: wall time that jobs of the file kept an engine busy
 * @jobs: jobs ended
 * @event_mask: subscribed events
 * @event_sequence: events delivered or dropped so far
 * @event_dropped: of these dropped
 * @event_space: event space of an empty queue
 * @lost_event: reserved DEVICE_LOST, NULL once sent; event fields under drm_device.event_lock
 */
struct nmc_file {
	struct kref ref;
	struct xarray contexts;
	struct xarray sets;
	atomic_t context_count;
	atomic_t set_count;
	atomic64_t busy_ns;
	atomic64_t jobs;
	u64 event_mask;
	u64 event_sequence;
	u64 event_dropped;
	int event_space;
	struct nmc_pending_event *lost_event;
};

static inline struct nmc_device *to_nmc(struct drm_device *drm)
{
	return container_of(drm, struct nmc_device, drm);
}

static inline bool nmc_is_lost(struct nmc_device *nmc)
{
	return test_bit(NMC_DEV_LOST, &nmc->flags);
}

/* The module's work queue: releases that may sleep, ended before the module goes. */
extern struct workqueue_struct *nmc_wq;

/**
 * nmc_file_put() - gives a reference to an open file's record back; any context
 * @file: the record
 */
void nmc_file_put(struct nmc_file *file);

#endif
