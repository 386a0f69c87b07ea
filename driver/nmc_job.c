// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs. The fence of a job is allocated when it is submitted. Every job comes through
 * nmc_job_run() to its queue, which also cancels those of a dead context or device, so that each
 * has a result before its fence signals.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include "nmc_gem.h"
#include "nmc_job.h"
#include "nmc_queue.h"
#include "nmc_recover.h"

/**
 * struct nmc_fence - the card's end of a job
 * @base: fence
 * @lock: its lock
 * @queues: keeps the scheduler's name readable as long as a fence can be asked for it
 */
struct nmc_fence {
	struct dma_fence base;
	spinlock_t lock; /* of base */
	struct nmc_queues *queues;
};

static const char *nmc_fence_driver_name(struct dma_fence *fence)
{
	return "nmc";
}

static const char *nmc_fence_timeline_name(struct dma_fence *fence)
{
	return "queue";
}

static void nmc_fence_free(struct rcu_head *rcu)
{
	struct dma_fence *base = container_of(rcu, struct dma_fence, rcu);
	struct nmc_fence *fence = container_of(base, struct nmc_fence, base);

	nmc_queues_put(fence->queues);
	kfree(fence);
	/* Unloading waits for this callback to return, see nmc_exit(). */
	module_put(THIS_MODULE);
}

static void nmc_fence_release(struct dma_fence *base)
{
	/* The module waits for it: not lazily. */
	call_rcu_hurry(&base->rcu, nmc_fence_free);
}

static const struct dma_fence_ops nmc_fence_ops = {
	.get_driver_name = nmc_fence_driver_name,
	.get_timeline_name = nmc_fence_timeline_name,
	.release = nmc_fence_release,
};

static struct nmc_fence *nmc_fence_alloc(struct nmc_context *ctx)
{
	struct nmc_fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL);

	if (!fence)
		return NULL;
	spin_lock_init(&fence->lock);
	fence->queues = ctx->nmc->queues;
	kref_get(&fence->queues->ref);
	__module_get(THIS_MODULE);
	return fence;
}

static void nmc_job_free(struct nmc_job *job)
{
	while (job->bo_count)
		drm_gem_object_put(job->bos[--job->bo_count]);
	/* A fence that was never given to the scheduler is not initialised. */
	if (job->fence->base.ops)
		dma_fence_put(&job->fence->base);
	else
		nmc_fence_free(&job->fence->base.rcu);
	nmc_context_unreserve(job->ctx);
	nmc_context_put(job->ctx);
	kfree(job);
}

static void nmc_job_free_work(struct work_struct *work)
{
	nmc_job_free(container_of(work, struct nmc_job, free));
}

/*
 * A buffer that ends takes its reservation, whose holder may wait for our fences: whoever starts
 * jobs must not wait for that.
 */
static void nmc_job_release(struct kref *ref)
{
	struct nmc_job *job = container_of(ref, struct nmc_job, ref);

	while (job->bo_count && nmc_gem_put_shared(job->bos[job->bo_count - 1]))
		job->bo_count--;
	if (job->bo_count)
		queue_work(nmc_wq, &job->free);
	else
		nmc_job_free(job);
}

struct nmc_job *nmc_job_alloc(struct nmc_context *ctx, u32 slots)
{
	size_t bytes = sizeof(struct nmc_job_table) + ctx->set_count * sizeof(struct nmc_set_ref) +
		       slots * sizeof(struct nmc_slot);
	size_t bos = slots * sizeof(struct drm_gem_object *);
	struct nmc_job *job = kzalloc(sizeof(*job) + bos + bytes, GFP_KERNEL);

	if (!job)
		return NULL;
	job->fence = nmc_fence_alloc(ctx);
	if (!job->fence) {
		kfree(job);
		return NULL;
	}
	kref_init(&job->ref);
	INIT_WORK(&job->free, nmc_job_free_work);
	kref_get(&ctx->ref);
	job->ctx = ctx;
	job->bos = (void *)(job + 1);
	job->table = (void *)job->bos + bos;
	job->table_bytes = bytes;
	return job;
}

void nmc_job_put(struct nmc_job *job)
{
	kref_put(&job->ref, nmc_job_release);
}

static void nmc_job_end(struct nmc_job *job, const struct nmc_result *result, int err)
{
	struct nmc_queue *queue = to_nmc_queue(job->base.sched);

	atomic_dec(&queue->expected);
	atomic_dec(&queue->load);
	nmc_context_record(job->ctx, result);
	atomic64_inc(&job->ctx->file->jobs);
	if (err)
		dma_fence_set_error(&job->fence->base, err);
	dma_fence_signal(&job->fence->base);
}

static int nmc_job_errno(u32 status)
{
	if (status == NMC_STATUS_OK)
		return 0;
	return status == NMC_STATUS_ABORTED ? -ECANCELED : -EIO;
}

void nmc_job_complete(struct nmc_job *job, const struct nmc_cqe *cqe)
{
	struct nmc_result result = {
		.job = job->id,
		.modelled_ns = le64_to_cpu(cqe->result),
		.energy_fj = le64_to_cpu(cqe->energy_fj),
		.fault = cqe->fault,
		.status = le16_to_cpu(cqe->status),
	};

	nmc_job_end(job, &result, nmc_job_errno(result.status));
}

void nmc_job_fail(struct nmc_job *job, int err)
{
	struct nmc_result result = {
		.job = job->id,
		.fault.cause = cpu_to_le32(NMC_FAULT_ABORTED),
		.status = NMC_STATUS_ABORTED,
	};

	if (err == -ETIME) {
		dev_warn_ratelimited(&job->ctx->nmc->pdev->dev,
				     "job %llu of context %u made no progress and was stopped\n",
				     job->id, job->ctx->id);
		nmc_context_kill(job->ctx);
	}
	nmc_job_end(job, &result, err);
}

void nmc_job_cancel(struct nmc_job *job, int err)
{
	struct nmc_result result = { .job = job->id, .status = NMC_STATUS_ABORTED };

	nmc_job_end(job, &result, err);
}

void nmc_job_account(struct nmc_job *job, u64 ns)
{
	atomic64_add(ns, &job->ctx->file->busy_ns);
}

static struct dma_fence *nmc_job_run(struct drm_sched_job *base)
{
	struct nmc_job *job = container_of(base, struct nmc_job, base);
	struct nmc_queue *queue = to_nmc_queue(base->sched);
	struct dma_fence *fence = &job->fence->base;

	/* The scheduler calls this one job at a time: nobody else counts the queue's fences. */
	dma_fence_init(fence, &nmc_fence_ops, &job->fence->lock, queue->fence_context,
		       ++queue->fence_seqno);
	dma_fence_get(fence);
	if (!job->ready) {
		atomic_inc(&queue->expected);
		atomic_dec(&job->ctx->blocked);
	}
	if (!nmc_queue_submit(queue, job))
		nmc_job_cancel(job, -ENODEV);
	return fence;
}

/* The scheduler's own time begins anew with each job: the heartbeat looks as well. */
static enum drm_gpu_sched_stat nmc_job_timedout(struct drm_sched_job *base)
{
	struct nmc_job *job = container_of(base, struct nmc_job, base);

	if (!dma_fence_is_signaled(&base->s_fence->finished))
		nmc_recover_queue(to_nmc_queue(base->sched), job);
	return nmc_sched_keep(base);
}

static void nmc_job_sched_free(struct drm_sched_job *base)
{
	struct nmc_job *job = container_of(base, struct nmc_job, base);

	drm_sched_job_cleanup(base);
	nmc_job_put(job);
}

const struct drm_sched_backend_ops nmc_job_sched_ops = {
	.run_job = nmc_job_run,
	.timedout_job = nmc_job_timedout,
	.free_job = nmc_job_sched_free,
};
