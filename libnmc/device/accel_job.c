// SPDX-License-Identifier: MIT
/*
 * Jobs of the kernel door. Waiting is by syncobj alone. Those of a context are taken in turn, as many as it can have jobs that
 * have not ended, so that none is taken over too early. Binary ones, since a point of a timeline is allocated for each job, and
 * its waiter woken by one more interrupt.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xf86drm.h>
#include "drm/nmc_accel.h"
#include "libnmc/device/accel.h"
#include "libnmc/error.h"

static struct accel_context *find(struct accel *a, uint32_t handle)
{
	struct accel_context *c;

	pthread_mutex_lock(&a->lock);
	for (c = a->contexts; c && c->handle != handle; c = c->list)
		;
	pthread_mutex_unlock(&a->lock);
	return c;
}

int accel_context_create(struct device *d, const uint32_t *sets, unsigned int count, uint32_t *context)
{
	struct drm_nmc_context_create create = { .sets = (uintptr_t)sets, .set_count = count,
						 .set_stride = sizeof(*sets) };
	struct accel *a = accel_of(d);
	struct accel_context *c = calloc(1, sizeof(*c));
	int ret;

	if (!c)
		return fail_memory();
	if (!count)
		create.sets = 0;
	ret = accel_ioctl(a, DRM_IOCTL_NMC_CONTEXT_CREATE, &create, "context");
	if (ret) {
		free(c);
		return ret;
	}
	c->handle = create.handle;
	c->next = 1;
	pthread_mutex_init(&c->order, NULL);
	pthread_mutex_lock(&a->lock);
	c->list = a->contexts;
	a->contexts = c;
	pthread_mutex_unlock(&a->lock);
	*context = c->handle;
	return 0;
}

void accel_context_destroy(struct device *d, uint32_t context)
{
	struct drm_nmc_context_destroy destroy = { .handle = context };
	struct accel *a = accel_of(d);
	struct accel_context **at, *c;
	unsigned int i;

	pthread_mutex_lock(&a->lock);
	for (at = &a->contexts; (*at)->handle != context; at = &(*at)->list)
		;
	c = *at;
	*at = c->list;
	pthread_mutex_unlock(&a->lock);
	drmIoctl(a->fd, DRM_IOCTL_NMC_CONTEXT_DESTROY, &destroy);
	for (i = 0; i < ACCEL_SYNCS; i++)
		if (c->sync[i])
			drmSyncobjDestroy(a->fd, c->sync[i]);
	pthread_mutex_destroy(&c->order);
	free(c);
}

int accel_submit(struct device *d, uint32_t context, const struct device_job *job, uint64_t *id)
{
	struct accel *a = accel_of(d);
	struct accel_context *c = find(a, context);
	struct drm_nmc_slot slots[DEVICE_MAX_SLOTS];
	struct drm_nmc_sync out = { .handle = 0 };
	uint32_t *sync;
	struct drm_nmc_submit s = {
		.context = context,
		.slots = (uintptr_t)slots,
		.slot_count = job->count,
		.slot_stride = sizeof(*slots),
		.out_syncs = (uintptr_t)&out,
		.out_count = 1,
		.sync_stride = sizeof(out),
		.stream_slot = job->stream_slot,
		.stream_bytes = job->stream_bytes,
	};
	unsigned int i;
	int ret;

	for (i = 0; i < job->count; i++)
		slots[i] = (struct drm_nmc_slot){
			.handle = (uint32_t)job->slots[i].handle,
			.flags = DRM_NMC_SLOT_READ | (job->slots[i].write ? DRM_NMC_SLOT_WRITE : 0),
			.size = job->slots[i].bytes,
		};
	pthread_mutex_lock(&c->order);
	sync = &c->sync[c->next % ACCEL_SYNCS];
	ret = *sync || !drmSyncobjCreate(a->fd, 0, sync) ? 0 : accel_failed(a, "syncobj");
	out.handle = *sync;
	if (!ret)
		ret = accel_ioctl(a, DRM_IOCTL_NMC_SUBMIT, &s, "submit");
	if (!ret)
		__atomic_store_n(&c->next, s.job + 1, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&c->order);
	*id = s.job;
	return ret;
}

/* Silent where the job has not ended. */
static int read_result(struct accel *a, uint32_t context, uint64_t id, struct device_result *result)
{
	struct drm_nmc_job_result r = { .context = context, .job = id };

	if (drmIoctl(a->fd, DRM_IOCTL_NMC_JOB_RESULT, &r))
		return errno == EBUSY ? -EBUSY : accel_failed(a, "job result");
	*result = (struct device_result){
		.status = r.status,
		.cause = r.fault.cause,
		.insn = r.fault.insn,
		.tag = r.fault.tag,
		.object = r.fault.object,
		.offset = r.fault.offset,
		.iteration = r.fault.iteration,
		.modelled_ns = r.modelled_ns,
		.energy_fj = r.energy_fj,
	};
	return 0;
}

int accel_wait(struct device *d, uint32_t context, uint64_t id, int64_t timeout_ns, struct device_result *result)
{
	struct accel *a = accel_of(d);
	struct accel_context *c = find(a, context);
	/* Most jobs of a burst have ended when their turn comes; the last one has just begun. */
	bool last = id + 1 == __atomic_load_n(&c->next, __ATOMIC_ACQUIRE);
	int ret = last ? -EBUSY : read_result(a, context, id, result), waited;

	if (ret != -EBUSY)
		return ret;
	waited = drmSyncobjWait(a->fd, &c->sync[id % ACCEL_SYNCS], 1, deadline_of(timeout_ns), 0, NULL);
	if (waited == -ETIME)
		return fail(-ETIMEDOUT, "job %llu has not ended", (unsigned long long)id);
	if (waited)
		return fail(waited, "accel:%u: waiting for job %llu: %s", a->number, (unsigned long long)id, strerror(-waited));
	return read_result(a, context, id, result);
}
