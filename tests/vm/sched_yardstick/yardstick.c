// SPDX-License-Identifier: GPL-2.0-only
/*
 * A yardstick for job submission: drm_sched jobs that have nothing to run, at depth 1 and 32,
 * without any device. Loading measures and prints two lines to the kernel log; that is all it does.
 */
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "nmc_compat.h"

#define YARDSTICK_DEPTH		32
#define YARDSTICK_SECONDS	2

static struct dma_fence *yardstick_run(struct drm_sched_job *job)
{
	return NULL;
}

static enum drm_gpu_sched_stat yardstick_timedout(struct drm_sched_job *job)
{
	return nmc_sched_keep(job);
}

static void yardstick_free(struct drm_sched_job *job)
{
	drm_sched_job_cleanup(job);
	kfree(job);
}

static const struct drm_sched_backend_ops yardstick_ops = {
	.run_job = yardstick_run,
	.timedout_job = yardstick_timedout,
	.free_job = yardstick_free,
};

static struct dma_fence *yardstick_submit(struct drm_sched_entity *entity)
{
	struct drm_sched_job *job = kzalloc(sizeof(*job), GFP_KERNEL);
	struct dma_fence *done;
	int err;

	if (!job)
		return ERR_PTR(-ENOMEM);
	err = nmc_sched_job_init(job, entity, entity, 0);
	if (err) {
		kfree(job);
		return ERR_PTR(err);
	}
	drm_sched_job_arm(job);
	done = dma_fence_get(&job->s_fence->finished);
	drm_sched_entity_push_job(job);
	return done;
}

/* Keeps @depth jobs under way and waits for the oldest; returns the jobs that ended in the time. */
static s64 yardstick_fly(struct drm_sched_entity *entity, unsigned int depth, ktime_t end)
{
	struct dma_fence *flight[YARDSTICK_DEPTH] = { };
	s64 jobs = 0;
	unsigned int i, at = 0;

	while (ktime_before(ktime_get(), end)) {
		struct dma_fence *fence = yardstick_submit(entity);

		if (IS_ERR(fence))
			break;
		if (flight[at])
			dma_fence_wait(flight[at], false);
		jobs += !!flight[at];
		dma_fence_put(flight[at]);
		flight[at] = fence;
		at = (at + 1) % depth;
		if (depth == 1) {
			dma_fence_wait(fence, false);
			dma_fence_put(fence);
			flight[0] = NULL;
			jobs++;
		}
	}
	for (i = 0; i < depth; i++)
		if (flight[i])
			dma_fence_wait(flight[i], false);
	for (i = 0; i < depth; i++)
		dma_fence_put(flight[i]);
	return jobs;
}

static void yardstick_measure(struct drm_sched_entity *entity, unsigned int depth)
{
	ktime_t begin = ktime_get();
	s64 jobs = yardstick_fly(entity, depth, ktime_add_ms(begin, YARDSTICK_SECONDS * 1000));
	s64 ns = ktime_to_ns(ktime_sub(ktime_get(), begin));

	if (jobs)
		pr_info("yardstick: depth %u: %lld jobs/s, %lld ns a job\n", depth,
			div64_s64(jobs * NSEC_PER_SEC, ns), div64_s64(ns, jobs));
}

static int __init yardstick_init(void)
{
	const struct nmc_sched_config config = {
		.ops = &yardstick_ops,
		.credits = YARDSTICK_DEPTH,
		.timeout = MAX_SCHEDULE_TIMEOUT,
		.name = "yardstick",
	};
	struct drm_gpu_scheduler *sched = kzalloc(sizeof(*sched), GFP_KERNEL);
	struct drm_sched_entity *entity = kzalloc(sizeof(*entity), GFP_KERNEL);
	int err = sched && entity ? nmc_sched_init(sched, &config) : -ENOMEM;

	if (!err) {
		err = drm_sched_entity_init(entity, DRM_SCHED_PRIORITY_NORMAL, &sched, 1, NULL);
		if (!err) {
			yardstick_measure(entity, 1);
			yardstick_measure(entity, YARDSTICK_DEPTH);
			drm_sched_entity_destroy(entity);
		}
		drm_sched_fini(sched);
	}
	kfree(entity);
	kfree(sched);
	return err;
}

static void __exit yardstick_exit(void)
{
}

module_init(yardstick_init);
module_exit(yardstick_exit);
MODULE_DESCRIPTION("Empty drm_sched jobs, as a yardstick");
MODULE_LICENSE("GPL");
