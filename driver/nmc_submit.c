// SPDX-License-Identifier: GPL-2.0-only
/*
 * SUBMIT: from what the caller says to a job that names only what its file owns. Everything that
 * can fail comes before the job is armed.
 */
#include <linux/dma-fence-chain.h>
#include <linux/dma-resv.h>
#include <linux/slab.h>
#include <drm/drm_syncobj.h>
#include "nmc_gem.h"
#include "nmc_job.h"
#include "nmc_queue.h"

#define NMC_SUBMIT_SYNCS	64
#define NMC_STREAM_BYTES_MAX	((NMC_ISA_MAX_INSNS + 1ull) * NMC_ISA_INSN_BYTES)

/**
 * struct nmc_out_sync - a syncobj to be signalled
 * @syncobj: the syncobj, referenced
 * @chain: link of its timeline, NULL if binary
 * @point: timeline point
 */
struct nmc_out_sync {
	struct drm_syncobj *syncobj;
	struct dma_fence_chain *chain;
	u64 point;
};

/**
 * struct nmc_submit - a submission on its way
 * @args: what the caller said
 * @drm: DRM device
 * @file: the file
 * @job: the job
 * @out: syncobjs to be signalled, NULL if none
 * @out_count: of these complete
 */
struct nmc_submit {
	struct drm_nmc_submit *args;
	struct drm_device *drm;
	struct drm_file *file;
	struct nmc_job *job;
	struct nmc_out_sync *out;
	u32 out_count;
};

static int nmc_submit_check(const struct drm_nmc_submit *args)
{
	if (args->flags || args->job || !args->slot_count || args->stream_slot >= args->slot_count)
		return -EINVAL;
	if (args->slot_count > NMC_MAX_SLOTS || args->in_count > NMC_SUBMIT_SYNCS ||
	    args->out_count > NMC_SUBMIT_SYNCS)
		return -E2BIG;
	if (args->slot_stride < sizeof(struct drm_nmc_slot))
		return -EINVAL;
	if (args->in_count + args->out_count ? args->sync_stride < sizeof(struct drm_nmc_sync) :
					       args->sync_stride)
		return -EINVAL;
	if (args->stream_offset % NMC_ISA_INSN_BYTES || args->stream_bytes % NMC_ISA_INSN_BYTES ||
	    !args->stream_bytes || args->stream_bytes > NMC_STREAM_BYTES_MAX)
		return -EINVAL;
	return 0;
}

/* The index of a buffer in the job, which holds each buffer once; takes over the reference. */
static u32 nmc_submit_bo(struct nmc_job *job, struct drm_gem_object *obj)
{
	u32 i;

	for (i = 0; i < job->bo_count; i++) {
		if (job->bos[i] == obj) {
			drm_gem_object_put(obj);
			return i;
		}
	}
	job->bos[job->bo_count++] = obj;
	return i;
}

static int nmc_submit_slot(struct nmc_submit *sub, const struct drm_nmc_slot *in,
			   struct nmc_slot *slot)
{
	struct drm_gem_object *obj;
	struct nmc_bo *bo;
	u64 end;
	u32 index;

	if (!in->flags || in->flags & ~(DRM_NMC_SLOT_READ | DRM_NMC_SLOT_WRITE) || !in->size)
		return -EINVAL;
	obj = drm_gem_object_lookup(sub->file, in->handle);
	if (!obj)
		return -ENOENT;
	bo = to_nmc_bo(obj);
	index = nmc_submit_bo(sub->job, obj);
	if (check_add_overflow(in->offset, in->size, &end) || end > obj->size)
		return -EINVAL;
	if (in->flags & DRM_NMC_SLOT_WRITE)
		sub->job->writes |= BIT_ULL(index);
	slot->addr = cpu_to_le64(bo->addr);
	slot->offset = cpu_to_le64(in->offset);
	slot->length = cpu_to_le64(in->size);
	slot->pages = cpu_to_le32(bo->pages);
	slot->flags = cpu_to_le32(in->flags | (bo->pages ? NMC_SLOT_PAGE_LIST : 0));
	return 0;
}

static int nmc_submit_stream(struct nmc_submit *sub, const struct nmc_slot *slot)
{
	const struct drm_nmc_submit *args = sub->args;
	struct nmc_sqe_job *sqe = &sub->job->sqe;
	u64 end;

	if (!(le32_to_cpu(slot->flags) & NMC_SLOT_READ) ||
	    check_add_overflow(args->stream_offset, args->stream_bytes, &end) ||
	    end > le64_to_cpu(slot->length))
		return -EINVAL;
	sqe->opcode = cpu_to_le16(NMC_QUEUE_JOB);
	sqe->table_bytes = cpu_to_le32(sub->job->table_bytes);
	sqe->context = cpu_to_le32(sub->job->ctx->id);
	sqe->stream_offset = cpu_to_le64(args->stream_offset);
	sqe->stream_bytes = cpu_to_le32(args->stream_bytes);
	sqe->stream_slot = cpu_to_le16(args->stream_slot);
	return 0;
}

static int nmc_submit_table(struct nmc_submit *sub)
{
	const struct drm_nmc_submit *args = sub->args;
	struct nmc_context *ctx = sub->job->ctx;
	struct nmc_job_table *table = sub->job->table;
	struct nmc_set_ref *ref = (void *)(table + 1);
	struct nmc_slot *slot = (void *)(ref + ctx->set_count);
	struct drm_nmc_slot in;
	u32 i;
	int err = 0;

	table->bytes = cpu_to_le32(sub->job->table_bytes);
	table->sets = cpu_to_le16(ctx->set_count);
	table->slots = cpu_to_le16(args->slot_count);
	for (i = 0; i < ctx->set_count; i++) {
		ref[i].set = cpu_to_le32(ctx->sets[i]->id);
		ref[i].generation = cpu_to_le32(ctx->sets[i]->generation);
	}
	for (i = 0; i < args->slot_count && !err; i++) {
		if (copy_from_user(&in, u64_to_user_ptr(args->slots + (u64)i * args->slot_stride),
				   sizeof(in)))
			return -EFAULT;
		err = nmc_submit_slot(sub, &in, &slot[i]);
	}
	return err ?: nmc_submit_stream(sub, &slot[args->stream_slot]);
}

static int nmc_submit_get_sync(u64 base, u32 index, u32 stride, struct drm_nmc_sync *sync)
{
	if (copy_from_user(sync, u64_to_user_ptr(base + (u64)index * stride), sizeof(*sync)))
		return -EFAULT;
	return sync->flags ? -EINVAL : 0;
}

static int nmc_submit_in_syncs(struct nmc_submit *sub)
{
	struct dma_fence *fence;
	struct drm_nmc_sync sync;
	int err = 0;
	u32 i;

	for (i = 0; i < sub->args->in_count && !err; i++) {
		err = nmc_submit_get_sync(sub->args->in_syncs, i, sub->args->sync_stride, &sync);
		if (!err)
			err = drm_syncobj_find_fence(sub->file, sync.handle, sync.point, 0, &fence);
		if (!err)
			err = drm_sched_job_add_dependency(&sub->job->base, fence);
	}
	return err;
}

static int nmc_submit_out_sync(struct nmc_submit *sub, const struct drm_nmc_sync *sync)
{
	struct nmc_out_sync *out = &sub->out[sub->out_count];

	out->syncobj = drm_syncobj_find(sub->file, sync->handle);
	if (!out->syncobj)
		return -ENOENT;
	sub->out_count++;
	out->point = sync->point;
	if (!sync->point)
		return 0;
	out->chain = dma_fence_chain_alloc();
	return out->chain ? 0 : -ENOMEM;
}

static int nmc_submit_out_syncs(struct nmc_submit *sub)
{
	struct drm_nmc_sync sync;
	int err = 0;
	u32 i;

	if (!sub->args->out_count)
		return 0;
	sub->out = kcalloc(sub->args->out_count, sizeof(*sub->out), GFP_KERNEL);
	if (!sub->out)
		return -ENOMEM;
	for (i = 0; i < sub->args->out_count && !err; i++) {
		err = nmc_submit_get_sync(sub->args->out_syncs, i, sub->args->sync_stride, &sync);
		if (!err)
			err = nmc_submit_out_sync(sub, &sync);
	}
	return err;
}

static void nmc_submit_signal(struct nmc_submit *sub, struct dma_fence *fence)
{
	u32 i;

	for (i = 0; i < sub->out_count; i++) {
		struct nmc_out_sync *out = &sub->out[i];

		if (out->chain)
			drm_syncobj_add_point(out->syncobj, out->chain, fence, out->point);
		else
			drm_syncobj_replace_fence(out->syncobj, fence);
		out->chain = NULL;
	}
}

static void nmc_submit_put_syncs(struct nmc_submit *sub)
{
	u32 i;

	for (i = 0; i < sub->out_count; i++) {
		dma_fence_chain_free(sub->out[i].chain);
		drm_syncobj_put(sub->out[i].syncobj);
	}
	kfree(sub->out);
}

/* Dependencies on earlier users of the buffers, room for the job's fence; under reservations. */
static int nmc_submit_depend(struct nmc_job *job)
{
	int err = 0;
	u32 i;

	for (i = 0; i < job->bo_count && !err; i++) {
		bool write = job->writes & BIT_ULL(i);

		err = to_nmc_bo(job->bos[i])->mapped ? 0 : -ENODEV;
		if (!err)
			err = dma_resv_reserve_fences(job->bos[i]->resv, 1);
		if (!err)
			err = drm_sched_job_add_implicit_dependencies(&job->base, job->bos[i],
								      write);
	}
	return err;
}

/* Must the job wait, itself or behind another of its context? Those of its own context go first. */
static bool nmc_submit_blocked(struct nmc_job *job)
{
	u64 own = job->ctx->entity.fence_context + 1;
	struct dma_fence *fence;
	unsigned long index;

	if (atomic_read(&job->ctx->blocked))
		return true;
	xa_for_each(&job->base.dependencies, index, fence)
		if (fence->context != own && !dma_fence_is_signaled(fence))
			return true;
	return false;
}

/* The point of no return: nothing below fails. A context without jobs may change its queue. */
static void nmc_submit_push(struct nmc_submit *sub)
{
	struct nmc_job *job = sub->job;
	struct nmc_context *ctx = job->ctx;
	struct nmc_queue *queue;
	struct dma_fence *fence;
	u32 i;

	if (nmc_context_idle(ctx))
		drm_sched_entity_modify_sched(&ctx->entity, &nmc_queue_pick(ctx->nmc)->list, 1);
	job->id = ctx->next_job;
	job->sqe.job = cpu_to_le64(job->id);
	WRITE_ONCE(ctx->next_job, job->id + 1);
	sub->args->job = job->id;
	job->ready = !nmc_submit_blocked(job);
	drm_sched_job_arm(&job->base);
	queue = to_nmc_queue(job->base.sched);
	atomic_inc(&queue->load);
	atomic_inc(job->ready ? &queue->expected : &ctx->blocked);
	fence = &job->base.s_fence->finished;
	for (i = 0; i < job->bo_count; i++)
		dma_resv_add_fence(job->bos[i]->resv, fence, job->writes & BIT_ULL(i) ?
				   DMA_RESV_USAGE_WRITE : DMA_RESV_USAGE_READ);
	nmc_submit_signal(sub, fence);
	kref_get(&job->ref);
	drm_sched_entity_push_job(&job->base);
}

static int nmc_submit_commit(struct nmc_submit *sub)
{
	struct nmc_job *job = sub->job;
	struct ww_acquire_ctx ticket;
	int err;

	mutex_lock(&job->ctx->submit_lock);
	err = drm_gem_lock_reservations(job->bos, job->bo_count, &ticket);
	if (!err) {
		err = nmc_submit_depend(job);
		if (!err)
			nmc_submit_push(sub);
		drm_gem_unlock_reservations(job->bos, job->bo_count, &ticket);
	}
	mutex_unlock(&job->ctx->submit_lock);
	return err;
}

static int nmc_submit_scheduled(struct nmc_submit *sub)
{
	struct nmc_job *job = sub->job;
	int err = nmc_sched_job_init(&job->base, &job->ctx->entity, job->ctx, job->ctx->client);

	if (err)
		return err;
	err = nmc_submit_in_syncs(sub);
	if (!err)
		err = nmc_submit_out_syncs(sub);
	if (!err)
		err = nmc_submit_commit(sub);
	if (err)
		drm_sched_job_cleanup(&job->base);
	nmc_submit_put_syncs(sub);
	return err;
}

static int nmc_submit_run(struct nmc_submit *sub, struct nmc_context *ctx)
{
	int err;

	sub->job = nmc_job_alloc(ctx, sub->args->slot_count);
	if (!sub->job) {
		nmc_context_unreserve(ctx);
		return -ENOMEM;
	}
	err = nmc_submit_table(sub);
	if (!err)
		err = nmc_submit_scheduled(sub);
	nmc_job_put(sub->job);
	return err;
}

int nmc_ioctl_submit(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct nmc_submit sub = { .args = data, .drm = drm, .file = file };
	struct nmc_context *ctx;
	int err = nmc_submit_check(sub.args);
	int idx;

	if (err)
		return err;
	ctx = nmc_context_get(file->driver_priv, sub.args->context);
	if (!ctx)
		return -ENOENT;
	err = nmc_context_reserve(ctx);
	if (!err && drm_dev_enter(drm, &idx)) {
		err = nmc_submit_run(&sub, ctx);
		drm_dev_exit(idx);
	} else if (!err) {
		nmc_context_unreserve(ctx);
		err = -ENODEV;
	}
	nmc_context_put(ctx);
	return err;
}
