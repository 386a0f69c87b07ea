// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contexts. Destroying one never waits: the handle goes, jobs that the card does not have yet are
 * cancelled as the scheduler reaches them, and with the last job a work takes the context off the
 * card. Until then it holds the device, the file's record and the module.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include "nmc_context.h"
#include "nmc_query.h"
#include "nmc_queue.h"
#include "nmc_recover.h"

#define NMC_CONTEXT_IDS		XA_LIMIT(1, NMC_MAX_CONTEXTS - 1)

static int nmc_context_card_create(struct nmc_context *ctx)
{
	struct nmc_admin_cmd cmd = NMC_ADMIN_CMD(NMC_ADMIN_CONTEXT_CREATE);
	struct nmc_set_ref refs[NMC_MAX_SETS];
	u32 i;

	for (i = 0; i < ctx->set_count; i++) {
		refs[i].set = cpu_to_le32(ctx->sets[i]->id);
		refs[i].generation = cpu_to_le32(ctx->sets[i]->generation);
	}
	cmd.sqe.id = cpu_to_le32(ctx->id);
	cmd.sqe.count = cpu_to_le32(ctx->set_count);
	cmd.in = refs;
	cmd.in_bytes = ctx->set_count * sizeof(*refs);
	return nmc_admin_exec_now(ctx->nmc, &cmd);
}

/* Takes the context off the card, unless the card forgot it in a pause. */
static void nmc_context_card_destroy(struct nmc_context *ctx)
{
	struct nmc_admin_cmd cmd = NMC_ADMIN_CMD(NMC_ADMIN_CONTEXT_DESTROY);
	struct nmc_device *nmc = ctx->nmc;
	int err;

	cmd.sqe.id = cpu_to_le32(ctx->id);
	mutex_lock(&nmc->contexts_lock);
	err = nmc->contexts_live ? nmc_admin_exec_now(nmc, &cmd) : 0;
	if (err && err != -ENODEV)
		dev_warn(&nmc->pdev->dev, "context %u cannot be destroyed: %d\n", ctx->id, err);
	xa_erase(&nmc->contexts, ctx->id);
	mutex_unlock(&nmc->contexts_lock);
}

static void nmc_context_free(struct nmc_context *ctx)
{
	u32 i;

	for (i = 0; i < ctx->set_count; i++)
		nmc_tileset_put(ctx->sets[i]);
	nmc_file_put(ctx->file);
	drm_dev_put(&ctx->nmc->drm);
	kvfree(ctx);
}

static void nmc_context_release_work(struct work_struct *work)
{
	struct nmc_context *ctx = container_of(work, struct nmc_context, release);

	drm_sched_entity_fini(&ctx->entity);
	nmc_context_card_destroy(ctx);
	nmc_context_free(ctx);
	/* Unloading waits for this work to return, see nmc_exit(). */
	module_put(THIS_MODULE);
}

static void nmc_context_release(struct kref *ref)
{
	struct nmc_context *ctx = container_of(ref, struct nmc_context, ref);

	queue_work(nmc_wq, &ctx->release);
}

void nmc_context_put(struct nmc_context *ctx)
{
	kref_put(&ctx->ref, nmc_context_release);
}

struct nmc_context *nmc_context_get(struct nmc_file *file, u32 handle)
{
	struct nmc_context *ctx;

	xa_lock(&file->contexts);
	ctx = xa_load(&file->contexts, handle);
	if (ctx)
		kref_get(&ctx->ref);
	xa_unlock(&file->contexts);
	return ctx;
}

void nmc_context_kill(struct nmc_context *ctx)
{
	/* The first of two that kill it at once, or the second: no matter. */
	if (!nmc_context_is_dead(ctx))
		WRITE_ONCE(ctx->died, jiffies);
	smp_store_release(&ctx->dead, true); /* after @died, which goes with it */
	wake_up_all(&ctx->room);
}

/* The wait for room is over: there was some and it is taken, or there never will be. */
static bool nmc_context_room(struct nmc_context *ctx, bool *got)
{
	if (nmc_context_is_dead(ctx) || nmc_is_lost(ctx->nmc))
		return true;
	*got = atomic_add_unless(&ctx->queued, 1, NMC_CONTEXT_JOBS);
	return *got;
}

int nmc_context_reserve(struct nmc_context *ctx)
{
	bool got = false;
	int err;

	err = wait_event_interruptible(ctx->room, nmc_context_room(ctx, &got));
	if (got || err)
		return err;
	return nmc_is_lost(ctx->nmc) ? -ENODEV : -ECANCELED;
}

void nmc_context_unreserve(struct nmc_context *ctx)
{
	if (atomic_dec_return(&ctx->queued) == NMC_CONTEXT_JOBS - 1)
		wake_up_all(&ctx->room);
}

void nmc_context_record(struct nmc_context *ctx, const struct nmc_result *result)
{
	unsigned long flags;

	spin_lock_irqsave(&ctx->lock, flags);
	ctx->results[result->job % NMC_CONTEXT_RESULTS] = *result;
	spin_unlock_irqrestore(&ctx->lock, flags);
}

bool nmc_context_idle(const struct nmc_context *ctx)
{
	u64 last = ctx->next_job - 1;

	return !last || READ_ONCE(ctx->results[last % NMC_CONTEXT_RESULTS].job) == last;
}

bool nmc_context_owns_error(struct nmc_file *file, const struct nmc_error_log *log)
{
	struct nmc_context *ctx;
	unsigned long handle;
	bool owns = false;

	xa_lock(&file->contexts);
	xa_for_each(&file->contexts, handle, ctx)
		owns |= ctx->id == le32_to_cpu(log->context) &&
			le64_to_cpu(log->sequence) > ctx->error_base;
	xa_unlock(&file->contexts);
	return owns;
}

static void nmc_context_close(struct nmc_context *ctx)
{
	nmc_context_kill(ctx);
	nmc_context_put(ctx);
}

void nmc_context_close_all(struct nmc_file *file)
{
	struct nmc_context *ctx;
	unsigned long handle;

	xa_for_each(&file->contexts, handle, ctx) {
		xa_erase(&file->contexts, handle);
		nmc_context_close(ctx);
	}
}

void nmc_contexts_wake(struct nmc_device *nmc)
{
	struct nmc_context *ctx;
	unsigned long id;

	mutex_lock(&nmc->contexts_lock);
	xa_for_each(&nmc->contexts, id, ctx)
		wake_up_all(&ctx->room);
	mutex_unlock(&nmc->contexts_lock);
}

void nmc_contexts_suspend(struct nmc_device *nmc)
{
	mutex_lock(&nmc->contexts_lock);
	nmc->contexts_live = false;
	mutex_unlock(&nmc->contexts_lock);
}

int nmc_contexts_restore(struct nmc_device *nmc)
{
	struct nmc_context *ctx;
	unsigned long id;
	int err = 0;

	mutex_lock(&nmc->contexts_lock);
	nmc->contexts_live = true;
	xa_for_each(&nmc->contexts, id, ctx) {
		err = nmc_context_card_create(ctx);
		if (err)
			break;
	}
	if (err)
		nmc_lost(nmc, "context %u cannot be restored: %d", ctx->id, err);
	mutex_unlock(&nmc->contexts_lock);
	return err;
}

static int nmc_context_check(const struct drm_nmc_context_create *args)
{
	if (args->flags || args->pad || args->handle || args->priority > 2)
		return -EINVAL;
	if (args->set_count > NMC_MAX_SETS)
		return -E2BIG;
	if (args->set_count && args->set_stride < sizeof(u32))
		return -EINVAL;
	return args->priority == 1 && !capable(CAP_SYS_NICE) ? -EPERM : 0;
}

static bool nmc_context_has(const struct nmc_context *ctx, const struct nmc_tileset *set)
{
	u32 i;

	for (i = 0; i < ctx->set_count; i++)
		if (ctx->sets[i] == set)
			return true;
	return false;
}

static int nmc_context_attach(struct nmc_context *ctx, const struct drm_nmc_context_create *args)
{
	struct nmc_tileset *set;
	u32 handle, i;
	bool twice;

	for (i = 0; i < args->set_count; i++) {
		if (copy_from_user(&handle, u64_to_user_ptr(args->sets + (u64)i * args->set_stride),
				   sizeof(handle)))
			return -EFAULT;
		set = nmc_tileset_get(ctx->file, handle);
		if (!set)
			return -ENOENT;
		twice = nmc_context_has(ctx, set);
		ctx->sets[ctx->set_count++] = set;
		if (twice)
			return -EINVAL;
	}
	return 0;
}

static int nmc_context_entity(struct nmc_context *ctx, u32 priority)
{
	static const enum drm_sched_priority priorities[] = {
		DRM_SCHED_PRIORITY_NORMAL, DRM_SCHED_PRIORITY_HIGH, DRM_SCHED_PRIORITY_LOW,
	};
	return drm_sched_entity_init(&ctx->entity, priorities[priority],
				     &nmc_queue_pick(ctx->nmc)->list, 1, NULL);
}

static struct nmc_context *nmc_context_alloc(struct nmc_device *nmc, struct drm_file *file)
{
	struct nmc_context *ctx = kvzalloc(sizeof(*ctx), GFP_KERNEL);

	if (!ctx)
		return NULL;
	kref_init(&ctx->ref);
	mutex_init(&ctx->submit_lock);
	spin_lock_init(&ctx->lock);
	init_waitqueue_head(&ctx->room);
	INIT_WORK(&ctx->release, nmc_context_release_work);
	drm_dev_get(&nmc->drm);
	ctx->nmc = nmc;
	ctx->file = file->driver_priv;
	kref_get(&ctx->file->ref);
	ctx->client = file->client_id;
	ctx->next_job = 1;
	return ctx;
}

/* Takes an id and makes the context on the card; during a pause nmc_contexts_restore() does. */
static int nmc_context_register(struct nmc_context *ctx)
{
	struct nmc_device *nmc = ctx->nmc;
	int err;

	/* The place is taken first: under the lock no memory may be allocated. */
	err = xa_alloc_cyclic(&nmc->contexts, &ctx->id, NULL, NMC_CONTEXT_IDS, &nmc->contexts_next,
			      GFP_KERNEL);
	if (err >= 0) {
		mutex_lock(&nmc->contexts_lock);
		err = nmc->contexts_live ? nmc_context_card_create(ctx) : 0;
		if (err)
			xa_erase(&nmc->contexts, ctx->id);
		else
			xa_store(&nmc->contexts, ctx->id, ctx, GFP_NOWAIT);
		mutex_unlock(&nmc->contexts_lock);
	}
	return err == -EBUSY ? -ENOSPC : err;
}

static int nmc_context_build(struct nmc_context *ctx, const struct drm_nmc_context_create *args)
{
	int err = nmc_context_attach(ctx, args);

	if (!err)
		err = nmc_query_error_count(ctx->nmc, &ctx->error_base);
	if (!err)
		err = nmc_context_entity(ctx, args->priority);
	if (!err)
		err = nmc_context_register(ctx);
	return err;
}

static int nmc_context_create(struct nmc_device *nmc, struct drm_file *file,
			      struct drm_nmc_context_create *args)
{
	struct nmc_file *nf = file->driver_priv;
	struct nmc_context *ctx = nmc_context_alloc(nmc, file);
	int err;

	if (!ctx)
		return -ENOMEM;
	err = nmc_context_build(ctx, args);
	if (err) {
		nmc_context_free(ctx);
		return err;
	}
	__module_get(THIS_MODULE);
	err = xa_alloc(&nf->contexts, &args->handle, ctx, xa_limit_31b, GFP_KERNEL);
	if (err)
		nmc_context_put(ctx);
	return err;
}

int nmc_ioctl_context_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_nmc_context_create *args = data;
	struct nmc_file *nf = file->driver_priv;
	int err = nmc_context_check(args);
	int idx;

	if (err)
		return err;
	if (!drm_dev_enter(drm, &idx))
		return -ENODEV;
	if (atomic_inc_return(&nf->context_count) > NMC_FILE_CONTEXTS)
		err = -ENOSPC;
	else
		err = nmc_context_create(to_nmc(drm), file, args);
	if (err)
		atomic_dec(&nf->context_count);
	drm_dev_exit(idx);
	return err;
}

int nmc_ioctl_context_destroy(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_nmc_context_destroy *args = data;
	struct nmc_file *nf = file->driver_priv;
	struct nmc_context *ctx;

	if (args->pad)
		return -EINVAL;
	ctx = xa_erase(&nf->contexts, args->handle);
	if (!ctx)
		return -ENOENT;
	atomic_dec(&nf->context_count);
	nmc_context_close(ctx);
	return 0;
}

/* A job that is not in its place has not ended, or was pushed out by a later one. */
static int nmc_context_result(struct nmc_context *ctx, u64 job, struct nmc_result *result)
{
	unsigned long flags;

	if (!job || job >= READ_ONCE(ctx->next_job))
		return -ENOENT;
	spin_lock_irqsave(&ctx->lock, flags);
	*result = ctx->results[job % NMC_CONTEXT_RESULTS];
	spin_unlock_irqrestore(&ctx->lock, flags);
	if (result->job == job)
		return 0;
	return result->job > job ? -ENOENT : -EBUSY;
}

int nmc_ioctl_job_result(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_nmc_job_result *args = data;
	struct nmc_context *ctx;
	struct nmc_result result = {};
	int err;

	if (args->flags || args->pad || args->status || args->modelled_ns || args->energy_fj ||
	    memchr_inv(&args->fault, 0, sizeof(args->fault)))
		return -EINVAL;
	ctx = nmc_context_get(file->driver_priv, args->context);
	if (!ctx)
		return -ENOENT;
	err = nmc_context_result(ctx, args->job, &result);
	nmc_context_put(ctx);
	if (err)
		return err;
	args->status = result.status;
	args->modelled_ns = result.modelled_ns;
	args->energy_fj = result.energy_fj;
	nmc_fault_to_user(&args->fault, &result.fault);
	return 0;
}
