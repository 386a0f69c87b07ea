// SPDX-License-Identifier: GPL-2.0-only
/*
 * A yardstick for job submission: drm_sched jobs that have nothing to run, at depth 1 and 32,
 * without any device. As with a device each job ends in an interrupt: irq_work signals its fence.
 * Loading measures and prints two lines to the kernel log; that is all it does.
 */
#include <linux/irq_work.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "nmc_compat.h"

#define YARDSTICK_DEPTH		32
#define YARDSTICK_SECONDS	2

/**
 * struct yardstick_job - a job and the interrupt that ends it
 * @base: scheduler's part
 * @fence: signalled by @end, which holds a reference
 * @end: the interrupt
 */
struct yardstick_job {
	struct drm_sched_job base;
	struct dma_fence *fence;
	struct irq_work end;
};

static DEFINE_SPINLOCK(yardstick_lock);
static u64 yardstick_context;

static const char *yardstick_name(struct dma_fence *fence)
{
	return "yardstick";
}

static const struct dma_fence_ops yardstick_fence_ops = {
	.get_driver_name = yardstick_name,
	.get_timeline_name = yardstick_name,
};

static void yardstick_end(struct irq_work *work)
{
	struct dma_fence *fence = container_of(work, struct yardstick_job, end)->fence;

	dma_fence_signal(fence);
	dma_fence_put(fence);
}

static struct dma_fence *yardstick_run(struct drm_sched_job *base)
{
	struct yardstick_job *job = container_of(base, struct yardstick_job, base);
	struct dma_fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL);

	if (!fence)
		return ERR_PTR(-ENOMEM);
	dma_fence_init(fence, &yardstick_fence_ops, &yardstick_lock, yardstick_context, 1);
	job->fence = dma_fence_get(fence);
	irq_work_queue(&job->end);
	return fence;
}

static enum drm_gpu_sched_stat yardstick_timedout(struct drm_sched_job *job)
{
	return nmc_sched_keep(job);
}

static void yardstick_free(struct drm_sched_job *base)
{
	struct yardstick_job *job = container_of(base, struct yardstick_job, base);

	irq_work_sync(&job->end);
	drm_sched_job_cleanup(base);
	kfree(job);
}

static const struct drm_sched_backend_ops yardstick_ops = {
	.run_job = yardstick_run,
	.timedout_job = yardstick_timedout,
	.free_job = yardstick_free,
};

static struct dma_fence *yardstick_submit(struct drm_sched_entity *entity)
{
	struct yardstick_job *job = kzalloc(sizeof(*job), GFP_KERNEL);
	struct dma_fence *done;
	int err;

	if (!job)
		return ERR_PTR(-ENOMEM);
	init_irq_work(&job->end, yardstick_end);
	err = nmc_sched_job_init(&job->base, entity, entity, 0);
	if (err) {
		kfree(job);
		return ERR_PTR(err);
	}
	drm_sched_job_arm(&job->base);
	done = dma_fence_get(&job->base.s_fence->finished);
	drm_sched_entity_push_job(&job->base);
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

	yardstick_context = dma_fence_context_alloc(1);
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
