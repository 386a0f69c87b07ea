/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Jobs: from the scheduler to a queue and back, fences, results, time-outs.
 */
#ifndef NMC_JOB_H
#define NMC_JOB_H

#include "nmc_compat.h"
#include "nmc_context.h"

struct nmc_fence;

/**
 * struct nmc_job - one job
 * @base: scheduler's part
 * @ref: the submission and, once pushed, the scheduler
 * @free: gives it back where that may sleep
 * @ctx: context, referenced
 * @fence: signalled by the completion
 * @id: job id
 * @ready: counted in nmc_queue.expected, otherwise in nmc_context.blocked
 * @sqe: descriptor
 * @replay: in nmc_queue.replay or nmc_queue.held
 * @table_bytes: length of @table
 * @table: what the job may touch, copied to the ring's own table when the job goes to the card
 * @bo_count: buffers
 * @writes: bit b: the job may write buffer b
 * @bos: its buffers, each once, referenced; as many as slots fit
 */
struct nmc_job {
	struct drm_sched_job base;
	struct kref ref;
	struct work_struct free;
	struct nmc_context *ctx;
	struct nmc_fence *fence;
	u64 id;
	bool ready;
	struct nmc_sqe_job sqe;
	struct list_head replay;
	u32 table_bytes;
	struct nmc_job_table *table;
	u32 bo_count;
	u64 writes;
	struct drm_gem_object **bos;
};

extern const struct drm_sched_backend_ops nmc_job_sched_ops;

/**
 * nmc_job_alloc() - a job of a context, with room for a table
 * @ctx: the context; a reference is taken, the place reserved before is taken over
 * @slots: slots of the table
 *
 * Return: the job or NULL.
 */
struct nmc_job *nmc_job_alloc(struct nmc_context *ctx, u32 slots);

/**
 * nmc_job_put() - gives a reference back; the last one gives buffers, context and place back
 * @job: the job; its scheduler part was never initialised or is cleaned up when the last
 *	reference goes
 *
 * Any context that may wake others: what sleeps happens in a work.
 */
void nmc_job_put(struct nmc_job *job);

/**
 * nmc_job_complete() - ends a job with the card's completion; caller holds the queue's lock
 * @job: the job
 * @cqe: the completion
 */
void nmc_job_complete(struct nmc_job *job, const struct nmc_cqe *cqe);

/**
 * nmc_job_fail() - ends a job that the card began and did not complete; caller holds the queue's
 *	lock
 * @job: the job
 * @err: negative errno for its fence; -ETIME bans the context
 */
void nmc_job_fail(struct nmc_job *job, int err);

/**
 * nmc_job_cancel() - ends a job that the card did not begin, or of a card that is gone
 * @job: the job
 * @err: negative errno for its fence
 */
void nmc_job_cancel(struct nmc_job *job, int err);

/**
 * nmc_job_account() - adds busy time of a job to its file
 * @job: the job
 * @ns: wall time
 */
void nmc_job_account(struct nmc_job *job, u64 ns);

/**
 * nmc_ioctl_submit() - SUBMIT
 * @drm: DRM device
 * @data: struct drm_nmc_submit
 * @file: the file
 *
 * Return: 0 or a negative errno.
 */
int nmc_ioctl_submit(struct drm_device *drm, void *data, struct drm_file *file);

#endif
