// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reserved fields, output fields and unknown flags: each ioctl refuses whatever is not zero there.
 */
#include <stddef.h>
#include "kselftest_harness.h"
#include "nmc_test.h"

FIXTURE(reserved) {
	int fd;
};

FIXTURE_VARIANT(reserved) {
	unsigned long request;
	uint32_t bytes;
	uint32_t offset;
	uint32_t value;
};

#define REFUSED(op, type, field, bits)	REFUSED_AT(op, type, field, field, bits)
#define REFUSED_AT(op, type, field, name, bits)				\
	FIXTURE_VARIANT_ADD(reserved, op##_##name) {			\
		.request = DRM_IOCTL_NMC_##op,				\
		.bytes = sizeof(struct drm_nmc_##type),			\
		.offset = offsetof(struct drm_nmc_##type, field),	\
		.value = bits,						\
	}

REFUSED(BO_CREATE, bo_create, flags, 1);
REFUSED(BO_CREATE, bo_create, handle, 1);
REFUSED(BO_CREATE, bo_create, offset, 4096);
REFUSED(BO_INFO, bo_info, flags, 1);
REFUSED(BO_INFO, bo_info, size, 1);
REFUSED(BO_INFO, bo_info, offset, 1);
REFUSED(BO_WAIT, bo_wait, flags, 1);
REFUSED(TILESET_CREATE, tileset_create, flags, 0x80000000);
REFUSED(TILESET_CREATE, tileset_create, handle, 1);
REFUSED(TILESET_CREATE, tileset_create, mode, 01000);
REFUSED(TILESET_CREATE, tileset_create, free, 1);
REFUSED(TILESET_CREATE, tileset_create, uuid, 1);
REFUSED(TILESET_CREATE, tileset_create, label, 1);
REFUSED(TILESET_OPEN, tileset_open, flags, 4);
REFUSED(TILESET_OPEN, tileset_open, handle, 1);
REFUSED(TILESET_OPEN, tileset_open, class_id, 1);
REFUSED(TILESET_OPEN, tileset_open, tiles, 1);
REFUSED(TILESET_CLOSE, tileset_close, flags, 1);
REFUSED(TILESET_INFO, tileset_info, id, 1);
REFUSED(TILESET_INFO, tileset_info, generation, 1);
REFUSED(TILESET_INFO, tileset_info, class_id, 1);
REFUSED(TILESET_INFO, tileset_info, tiles, 1);
REFUSED(TILESET_INFO, tileset_info, incomplete, 1);
REFUSED(TILESET_INFO, tileset_info, flags, 1);
REFUSED(TILESET_INFO, tileset_info, time_frac, 1);
REFUSED(TILESET_INFO, tileset_info, time_ns, 1);
REFUSED(CONTEXT_CREATE, context_create, flags, 1);
REFUSED(CONTEXT_CREATE, context_create, priority, 3);
REFUSED(CONTEXT_CREATE, context_create, handle, 1);
REFUSED(CONTEXT_CREATE, context_create, pad, 1);
REFUSED(CONTEXT_DESTROY, context_destroy, pad, 1);
REFUSED(SUBMIT, submit, flags, 1);
REFUSED(SUBMIT, submit, sync_stride, 16);
REFUSED(SUBMIT, submit, job, 1);
REFUSED(JOB_RESULT, job_result, status, 1);
REFUSED(JOB_RESULT, job_result, modelled_ns, 1);
REFUSED(JOB_RESULT, job_result, energy_fj, 1);
REFUSED(JOB_RESULT, job_result, fault, 1);
REFUSED_AT(JOB_RESULT, job_result, fault.insn, fault_insn, 1);
REFUSED_AT(JOB_RESULT, job_result, fault.iteration, fault_iteration, 1);
REFUSED_AT(JOB_RESULT, job_result, fault.object, fault_object, 1);
REFUSED_AT(JOB_RESULT, job_result, fault.tag, fault_tag, 1);
REFUSED_AT(JOB_RESULT, job_result, fault.offset, fault_offset, 1);
REFUSED(JOB_RESULT, job_result, flags, 1);
REFUSED(JOB_RESULT, job_result, pad, 1);
REFUSED(EVENT_SUBSCRIBE, event_subscribe, mask, 0x10000);
REFUSED(EVENT_SUBSCRIBE, event_subscribe, flags, 1);
REFUSED(EVENT_SUBSCRIBE, event_subscribe, pad, 1);

FIXTURE_SETUP(reserved)
{
	self->fd = nmc_open_device();
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(reserved)
{
	close(self->fd);
}

/* Arguments that are otherwise good, so that only the field under test is wrong. */
static void fill(unsigned long request, void *args)
{
	struct drm_nmc_tileset_create *create = args;
	struct drm_nmc_tileset_open *open_args = args;
	struct drm_nmc_submit *submit = args;
	struct drm_nmc_bo_create *bo = args;

	if (request == DRM_IOCTL_NMC_BO_CREATE)
		bo->size = 4096;
	if (request == DRM_IOCTL_NMC_TILESET_CREATE)
		create->tiles = 1;
	if (request == DRM_IOCTL_NMC_TILESET_OPEN)
		open_args->uuid[15] = 1;
	if (request == DRM_IOCTL_NMC_SUBMIT) {
		submit->slot_count = 1;
		submit->slot_stride = sizeof(struct drm_nmc_slot);
		submit->stream_bytes = 128;
	}
}

TEST_F(reserved, is_refused)
{
	uint8_t args[256] = { 0 };

	fill(variant->request, args);
	memcpy(args + variant->offset, &variant->value, sizeof(variant->value));
	EXPECT_EQ(-EINVAL, nmc_call(self->fd, variant->request, args));
}

TEST_HARNESS_MAIN
