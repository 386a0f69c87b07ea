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
#include <linux/sort.h>
#include <linux/vmalloc.h>
#include "nmc_compat.h"

#define YARDSTICK_DEPTH		32
#define YARDSTICK_SAMPLES	65536	/* latencies kept */

static unsigned int seconds = 2;
module_param(seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "time of each measurement");

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

/**
 * struct yardstick_flight - jobs under way
 * @fence: of each, in turn
 * @begin: when it was submitted
 * @jobs: those that ended in the time
 * @samples: latencies of the first ones, ns
 */
struct yardstick_flight {
	struct dma_fence *fence[YARDSTICK_DEPTH];
	ktime_t begin[YARDSTICK_DEPTH];
	s64 jobs;
	u32 samples[YARDSTICK_SAMPLES];
};

static bool yardstick_launch(struct yardstick_flight *f, struct drm_sched_entity *entity,
			     unsigned int at)
{
	struct dma_fence *fence;

	f->begin[at] = ktime_get();
	fence = yardstick_submit(entity);
	if (IS_ERR(fence))
		return false;
	f->fence[at] = fence;
	return true;
}

static void yardstick_land(struct yardstick_flight *f, unsigned int at)
{
	s64 ns;

	dma_fence_wait(f->fence[at], false);
	dma_fence_put(f->fence[at]);
	f->fence[at] = NULL;
	ns = ktime_to_ns(ktime_sub(ktime_get(), f->begin[at]));
	if (f->jobs < YARDSTICK_SAMPLES)
		f->samples[f->jobs] = min_t(s64, ns, U32_MAX);
	f->jobs++;
}

/* Keeps @depth jobs under way and waits for the oldest, until @end. */
static void yardstick_fly(struct yardstick_flight *f, struct drm_sched_entity *entity,
			  unsigned int depth, ktime_t end)
{
	unsigned int i, at = 0;

	for (i = 0; i < depth; i++)
		if (!yardstick_launch(f, entity, i))
			return;
	do {
		yardstick_land(f, at);
		if (!yardstick_launch(f, entity, at))
			return;
		at = (at + 1) % depth;
	} while (ktime_before(ktime_get(), end));
}

static int by_value(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

static void yardstick_measure(struct yardstick_flight *f, struct drm_sched_entity *entity,
			      unsigned int depth)
{
	ktime_t begin = ktime_get();
	unsigned int i, samples;
	s64 ns;

	f->jobs = 0;
	yardstick_fly(f, entity, depth, ktime_add_ms(begin, (u64)seconds * MSEC_PER_SEC));
	ns = ktime_to_ns(ktime_sub(ktime_get(), begin));
	samples = min_t(s64, f->jobs, YARDSTICK_SAMPLES);
	if (samples) {
		sort(f->samples, samples, sizeof(*f->samples), by_value, NULL);
		pr_info("yardstick: depth %u: %lld jobs/s, median %u ns\n", depth,
			div64_s64(f->jobs * NSEC_PER_SEC, ns), f->samples[samples / 2]);
	}
	for (i = 0; i < depth; i++)
		if (f->fence[i])
			yardstick_land(f, i);
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
	struct yardstick_flight *f = vzalloc(sizeof(*f));
	int err = sched && entity && f ? nmc_sched_init(sched, &config) : -ENOMEM;

	yardstick_context = dma_fence_context_alloc(1);
	if (!err) {
		err = drm_sched_entity_init(entity, DRM_SCHED_PRIORITY_NORMAL, &sched, 1, NULL);
		if (!err) {
			yardstick_measure(f, entity, 1);
			yardstick_measure(f, entity, YARDSTICK_DEPTH);
			drm_sched_entity_destroy(entity);
		}
		drm_sched_fini(sched);
	}
	vfree(f);
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
