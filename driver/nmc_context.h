/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Contexts: a stream of jobs in order, the tile sets they may name and the results of the last of
 * them.
 */
#ifndef NMC_CONTEXT_H
#define NMC_CONTEXT_H

#include <linux/kref.h>
#include "nmc_compat.h"
#include "nmc_drv.h"
#include "nmc_tileset.h"

#define NMC_CONTEXT_JOBS	1024	/* jobs not ended; a further submission waits */
#define NMC_CONTEXT_RESULTS	256	/* results remembered */

/**
 * struct nmc_result - outcome of a job
 * @job: job id, zero if the entry was never used
 * @modelled_ns: modelled duration, card time
 * @energy_fj: modelled energy
 * @fault: fault record
 * @status: enum nmc_status
 */
struct nmc_result {
	u64 job;
	u64 modelled_ns;
	u64 energy_fj;
	struct nmc_isa_fault fault;
	u32 status;
};

/**
 * struct nmc_context - a context
 * @ref: its handle and its jobs
 * @nmc: the device, referenced
 * @file: record of the open file, referenced
 * @entity: scheduler entity
 * @client: id of the DRM client
 * @id: id on the card
 * @error_base: error log entries when it was made; later ones with its id are its own
 * @set_count: attached tile sets
 * @sets: the sets, referenced
 * @dead: destroyed or banned: jobs not yet on the card are cancelled
 * @died: jiffies when it became that
 * @on_ring: jobs on the ring of their queue, which all of them share; under its lock
 * @submit_lock: order of submissions, @next_job
 * @next_job: id of the next job
 * @queued: jobs submitted and not ended
 * @blocked: of these wait for others, or come after one that does
 * @room: @queued fell, or the context died
 * @lock: @results
 * @results: last results, at job id modulo their number
 * @release: last reference gone
 */
struct nmc_context {
	struct kref ref;
	struct nmc_device *nmc;
	struct nmc_file *file;
	struct drm_sched_entity entity;
	u64 client;
	u32 id;
	u64 error_base;
	u32 set_count;
	struct nmc_tileset *sets[NMC_MAX_SETS];
	bool dead;
	unsigned long died;
	u32 on_ring;
	struct mutex submit_lock; /* order of submissions */
	u64 next_job;
	atomic_t queued;
	atomic_t blocked;
	wait_queue_head_t room;
	spinlock_t lock; /* results */
	struct nmc_result results[NMC_CONTEXT_RESULTS];
	struct work_struct release;
};

static inline bool nmc_context_is_dead(const struct nmc_context *ctx)
{
	return smp_load_acquire(&ctx->dead); /* before @died is read */
}

/* Dead for so many jiffies. */
static inline bool nmc_context_dead_for(const struct nmc_context *ctx, unsigned long time)
{
	return nmc_context_is_dead(ctx) && time_after_eq(jiffies, READ_ONCE(ctx->died) + time);
}

/**
 * nmc_context_idle() - all jobs of a context have ended, or are about to; caller holds submit_lock
 * @ctx: the context
 */
bool nmc_context_idle(const struct nmc_context *ctx);

/**
 * nmc_context_get() - the context of a handle
 * @file: the open file
 * @handle: the handle
 *
 * Return: the context, referenced, or NULL.
 */
struct nmc_context *nmc_context_get(struct nmc_file *file, u32 handle);

/**
 * nmc_context_put() - gives a reference back; the last one ends the context in a work; any context
 * @ctx: the context
 */
void nmc_context_put(struct nmc_context *ctx);

/**
 * nmc_context_kill() - jobs not yet on the card end with -ECANCELED, submissions are
 *	refused; any context
 * @ctx: the context
 */
void nmc_context_kill(struct nmc_context *ctx);

/**
 * nmc_context_reserve() - waits until the context takes one more job
 * @ctx: the context
 *
 * Return: 0, -ERESTARTSYS, -ECANCELED if the context is dead, -ENODEV.
 */
int nmc_context_reserve(struct nmc_context *ctx);

/**
 * nmc_context_unreserve() - a job ended, or was never submitted; any context
 * @ctx: the context
 */
void nmc_context_unreserve(struct nmc_context *ctx);

/**
 * nmc_context_record() - remembers the outcome of a job; any context
 * @ctx: the context
 * @result: the outcome
 */
void nmc_context_record(struct nmc_context *ctx, const struct nmc_result *result);

/**
 * nmc_context_owns_error() - an entry of the error log is about a job of this file
 * @file: the open file
 * @log: the entry
 */
bool nmc_context_owns_error(struct nmc_file *file, const struct nmc_error_log *log);

/**
 * nmc_context_close_all() - closes all handles of a file; waits for no job
 * @file: the open file, going away
 */
void nmc_context_close_all(struct nmc_file *file);

/**
 * nmc_contexts_wake() - wakes everyone who waits for room; the device is lost
 * @nmc: the device
 */
void nmc_contexts_wake(struct nmc_device *nmc);

/**
 * nmc_contexts_suspend() - new contexts are not made on the card until nmc_contexts_restore()
 * @nmc: the device
 */
void nmc_contexts_suspend(struct nmc_device *nmc);

/**
 * nmc_contexts_restore() - makes all contexts on a card that was disabled and enabled again
 * @nmc: the device
 *
 * Return: 0 or a negative errno.
 */
int nmc_contexts_restore(struct nmc_device *nmc);

/**
 * nmc_ioctl_context_create() - CONTEXT_CREATE
 * @drm: DRM device
 * @data: struct drm_nmc_context_create
 * @file: the file
 *
 * Return: 0 or a negative errno.
 */
int nmc_ioctl_context_create(struct drm_device *drm, void *data, struct drm_file *file);

/**
 * nmc_ioctl_context_destroy() - CONTEXT_DESTROY
 * @drm: DRM device
 * @data: struct drm_nmc_context_destroy
 * @file: the file
 *
 * Return: 0 or a negative errno.
 */
int nmc_ioctl_context_destroy(struct drm_device *drm, void *data, struct drm_file *file);

/**
 * nmc_ioctl_job_result() - JOB_RESULT
 * @drm: DRM device
 * @data: struct drm_nmc_job_result
 * @file: the file
 *
 * Return: 0 or a negative errno.
 */
int nmc_ioctl_job_result(struct drm_device *drm, void *data, struct drm_file *file);

#endif
