/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one place that knows kernels differ. Kbuild looks into the headers and defines NMC_HAVE_*;
 * here each of them becomes one call with one meaning.
 */
#ifndef NMC_COMPAT_H
#define NMC_COMPAT_H

#include <drm/drm_gem_shmem_helper.h>
#include <drm/gpu_scheduler.h>

/* Symbol namespaces were tokens before they were strings. */
#ifdef NMC_HAVE_IMPORT_NS_TOKEN
#define NMC_NS_DMA_BUF DMA_BUF
#else
#define NMC_NS_DMA_BUF "DMA_BUF"
#endif

/**
 * struct nmc_sched_config - what a scheduler of ours needs
 * @ops: backend operations
 * @timeout_wq: ordered queue of the time-out handlers
 * @credits: jobs that may be on the ring
 * @timeout: jiffies until the time-out handler looks
 * @name: static name, outlives the scheduler
 * @dev: device for messages
 */
struct nmc_sched_config {
	const struct drm_sched_backend_ops *ops;
	struct workqueue_struct *timeout_wq;
	u32 credits;
	long timeout;
	const char *name;
	struct device *dev;
};

static inline int nmc_sched_init(struct drm_gpu_scheduler *sched,
				 const struct nmc_sched_config *config)
{
#ifdef NMC_HAVE_SCHED_INIT_ARGS
	const struct drm_sched_init_args args = {
		.ops = config->ops,
		.num_rqs = DRM_SCHED_PRIORITY_COUNT,
		.credit_limit = config->credits,
		.timeout = config->timeout,
		.timeout_wq = config->timeout_wq,
		.name = config->name,
		.dev = config->dev,
	};

	return drm_sched_init(sched, &args);
#else
	return drm_sched_init(sched, config->ops, NULL, DRM_SCHED_PRIORITY_COUNT, config->credits,
			      0, config->timeout, config->timeout_wq, NULL, config->name,
			      config->dev);
#endif
}

static inline int nmc_sched_job_init(struct drm_sched_job *job, struct drm_sched_entity *entity,
				     void *owner, u64 client_id)
{
#ifdef NMC_HAVE_SCHED_CLIENT_ID
	return drm_sched_job_init(job, entity, 1, owner, client_id);
#else
	return drm_sched_job_init(job, entity, 1, owner);
#endif
}

/*
 * Answer of a time-out handler that left the scheduler's jobs as they are. Older cores took the job
 * off their list before the call and want it back; the works run in case it ended meanwhile.
 */
static inline enum drm_gpu_sched_stat nmc_sched_keep(struct drm_sched_job *job)
{
#ifdef NMC_HAVE_SCHED_NO_HANG
	return DRM_GPU_SCHED_STAT_NO_HANG;
#else
	struct drm_gpu_scheduler *sched = job->sched;

	/* Once the job is back it may be freed, and with it whatever keeps the scheduler. */
	spin_lock(&sched->job_list_lock);
	list_add(&job->list, &sched->pending_list);
	drm_sched_wqueue_start(sched);
	spin_unlock(&sched->job_list_lock);
	return DRM_GPU_SCHED_STAT_NOMINAL;
#endif
}

/* Gives a reference to the pages of a shmem object back, its reservation held. */
static inline void nmc_shmem_put_pages(struct drm_gem_shmem_object *shmem)
{
#ifdef NMC_HAVE_PUT_PAGES_LOCKED
	drm_gem_shmem_put_pages_locked(shmem);
#else
	drm_gem_shmem_put_pages(shmem);
#endif
}

#endif
