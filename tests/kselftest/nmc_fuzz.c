// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctls with arguments made from a fixed seed: mostly sensible values with some that are not.
 * Whatever comes back is right as long as the kernel lives and a job still runs afterwards.
 */
#include "kselftest_harness.h"
#include "nmc_test.h"

#define ROUNDS		20000
#define ARENA		65536
#define GUARD		65536		/* answers must not run into the program's own memory */

FIXTURE(fuzz) {
	int fd;
	uint8_t *arena;
};

FIXTURE_SETUP(fuzz)
{
	self->fd = nmc_open_device();
	ASSERT_GE(self->fd, 0);
	self->arena = mmap(NULL, ARENA + GUARD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->arena);
	ASSERT_EQ(0, mprotect(self->arena + ARENA, GUARD, PROT_NONE));
}

FIXTURE_TEARDOWN(fuzz)
{
	close(self->fd);
}

static uint64_t state = 0x9e3779b97f4a7c15ull;

static uint64_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint32_t value32(void)
{
	static const uint32_t special[] = { 0,	0,  0,	0,  1,	  2,	      3,
					    16, 24, 64, 65, 4096, 0x7fffffff, 0xffffffff };

	return next() % 4 ? special[next() % ARRAY_SIZE(special)] : next() % 300;
}

static const struct {
	unsigned long request;
	uint32_t bytes;
	uint32_t pointers[3];
} calls[] = {
	{ DRM_IOCTL_NMC_DEV_QUERY, sizeof(struct drm_nmc_dev_query), { 16 } },
	{ DRM_IOCTL_NMC_BO_CREATE, sizeof(struct drm_nmc_bo_create), { 0 } },
	{ DRM_IOCTL_NMC_BO_INFO, sizeof(struct drm_nmc_bo_info), { 0 } },
	{ DRM_IOCTL_NMC_TILESET_CREATE, sizeof(struct drm_nmc_tileset_create), { 0 } },
	{ DRM_IOCTL_NMC_TILESET_OPEN, sizeof(struct drm_nmc_tileset_open), { 0 } },
	{ DRM_IOCTL_NMC_TILESET_CLOSE, sizeof(struct drm_nmc_tileset_close), { 0 } },
	{ DRM_IOCTL_NMC_TILESET_INFO, sizeof(struct drm_nmc_tileset_info), { 0 } },
	{ DRM_IOCTL_NMC_CONTEXT_CREATE, sizeof(struct drm_nmc_context_create), { 8 } },
	{ DRM_IOCTL_NMC_CONTEXT_DESTROY, sizeof(struct drm_nmc_context_destroy), { 0 } },
	{ DRM_IOCTL_NMC_SUBMIT, sizeof(struct drm_nmc_submit), { 8, 16, 24 } },
	{ DRM_IOCTL_NMC_JOB_RESULT, sizeof(struct drm_nmc_job_result), { 0 } },
	{ DRM_IOCTL_NMC_EVENT_SUBSCRIBE, sizeof(struct drm_nmc_event_subscribe), { 0 } },
};

static void garbage(void *to, size_t bytes)
{
	uint32_t *word = to;
	size_t i;

	for (i = 0; i < bytes / 4; i++)
		word[i] = next() % 3 ? 0 : value32();
}

static void one_call(int fd, uint8_t *arena)
{
	unsigned int c = next() % ARRAY_SIZE(calls), i;
	uint8_t args[256];
	uint64_t pointer;

	garbage(args, calls[c].bytes);
	garbage(arena, 4096);
	for (i = 0; i < 3 && calls[c].pointers[i]; i++) {
		pointer = next() % 8 ? (uintptr_t)arena + next() % ARENA : next();
		memcpy(args + calls[c].pointers[i], &pointer, sizeof(pointer));
	}
	/* No buffer of gigabytes: that would test the memory of the machine. */
	if (calls[c].request == DRM_IOCTL_NMC_BO_CREATE)
		memset(args + 3, 0, 1 + 4);
	/* No set that outlives the file. */
	if (calls[c].request == DRM_IOCTL_NMC_TILESET_CREATE)
		memset(args + 8, 0, 4);
	nmc_call(fd, calls[c].request, args);
}

TEST_F_TIMEOUT(fuzz, kernel_survives, 300)
{
	struct drm_nmc_job_result result;
	struct test_stream s;
	struct test_job job;
	uint32_t ctx;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		if (i % 1000 == 999) {
			close(self->fd);
			self->fd = nmc_open_device();
			ASSERT_GE(self->fd, 0);
		}
		one_call(self->fd, self->arena);
	}
	close(self->fd);
	self->fd = nmc_open_device();
	ASSERT_EQ(0, context_create(self->fd, NULL, 0, &ctx));
	ASSERT_EQ(0, stream_create(self->fd, &s, 1 << NMC_GROUP_CONTROL, 0, 1, 0));
	stream_end(&s);
	job_init(&job, ctx, &s);
	ASSERT_EQ(0, job_run(self->fd, &job, &result));
	EXPECT_EQ(NMC_STATUS_OK, result.status);
}

TEST_HARNESS_MAIN
