// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contexts: handles, attached sets, priorities, limits.
 */
#include "kselftest_harness.h"
#include "nmc_test.h"

FIXTURE(context) {
	int fd;
	int class_id;
};

FIXTURE_SETUP(context)
{
	self->fd = nmc_open_device();
	ASSERT_GE(self->fd, 0);
	self->class_id = class_find(self->fd, NMC_TECH_DIGITAL);
	ASSERT_GE(self->class_id, 0);
}

FIXTURE_TEARDOWN(context)
{
	close(self->fd);
}

TEST_F(context, create_and_destroy)
{
	uint32_t ctx;

	ASSERT_EQ(0, context_create(self->fd, NULL, 0, &ctx));
	EXPECT_NE(0, ctx);
	EXPECT_EQ(0, context_destroy(self->fd, ctx));
	EXPECT_EQ(-ENOENT, context_destroy(self->fd, ctx));
}

TEST_F(context, attaches_sets)
{
	uint32_t sets[NMC_MAX_SETS], ctx, i;

	for (i = 0; i < NMC_MAX_SETS; i++)
		ASSERT_EQ(0, tileset_create(self->fd, self->class_id, 1, &sets[i]));
	ASSERT_EQ(0, context_create(self->fd, sets, NMC_MAX_SETS, &ctx));
	for (i = 0; i < NMC_MAX_SETS; i++)
		EXPECT_EQ(0, tileset_close(self->fd, sets[i], 0));
	EXPECT_EQ(0, context_destroy(self->fd, ctx));
}

TEST_F(context, unknown_set_and_bad_pointer)
{
	struct drm_nmc_context_create args = { .sets = 8, .set_count = 1, .set_stride = 4 };
	uint32_t sets[1] = { 12345 }, ctx;

	EXPECT_EQ(-ENOENT, context_create(self->fd, sets, 1, &ctx));
	EXPECT_EQ(-EFAULT, nmc_call(self->fd, DRM_IOCTL_NMC_CONTEXT_CREATE, &args));
	args = (struct drm_nmc_context_create){ .sets = (uintptr_t)sets,
						.set_count = 1,
						.set_stride = 3 };
	EXPECT_EQ(-EINVAL, nmc_call(self->fd, DRM_IOCTL_NMC_CONTEXT_CREATE, &args));
	args = (struct drm_nmc_context_create){ .sets = (uintptr_t)sets,
						.set_count = 17,
						.set_stride = 4 };
	EXPECT_EQ(-E2BIG, nmc_call(self->fd, DRM_IOCTL_NMC_CONTEXT_CREATE, &args));
}

TEST_F(context, a_set_twice)
{
	uint32_t sets[3], ctx;

	ASSERT_EQ(0, tileset_create(self->fd, self->class_id, 1, &sets[0]));
	ASSERT_EQ(0, tileset_create(self->fd, self->class_id, 1, &sets[1]));
	sets[2] = sets[0];
	EXPECT_EQ(-EINVAL, context_create(self->fd, sets, 3, &ctx));
	EXPECT_EQ(0, context_create(self->fd, sets, 2, &ctx));
}

TEST_F(context, stride_is_obeyed)
{
	struct drm_nmc_context_create args = { .set_count = 2, .set_stride = 12 };
	uint32_t strided[6] = { 0, 99, 99, 0, 99, 99 };

	ASSERT_EQ(0, tileset_create(self->fd, self->class_id, 1, &strided[0]));
	ASSERT_EQ(0, tileset_create(self->fd, self->class_id, 1, &strided[3]));
	args.sets = (uintptr_t)strided;
	EXPECT_EQ(0, nmc_call(self->fd, DRM_IOCTL_NMC_CONTEXT_CREATE, &args));
}

TEST_F(context, priorities)
{
	struct drm_nmc_context_create args = { .priority = 2 };

	EXPECT_EQ(0, nmc_call(self->fd, DRM_IOCTL_NMC_CONTEXT_CREATE, &args));
	if (geteuid())
		SKIP(return, "needs root");
	args = (struct drm_nmc_context_create){ .priority = 1 };
	EXPECT_EQ(0, nmc_call(self->fd, DRM_IOCTL_NMC_CONTEXT_CREATE, &args));
	ASSERT_EQ(0, setresuid(-1, 65534, -1));
	args = (struct drm_nmc_context_create){ .priority = 1 };
	EXPECT_EQ(-EPERM, nmc_call(self->fd, DRM_IOCTL_NMC_CONTEXT_CREATE, &args));
	ASSERT_EQ(0, setresuid(-1, 0, -1));
}

TEST_F(context, bounded_per_file)
{
	uint32_t ctx;
	int i, err = 0;

	for (i = 0; i < 100 && !err; i++)
		err = context_create(self->fd, NULL, 0, &ctx);
	EXPECT_EQ(-ENOSPC, err);
	EXPECT_EQ(0, context_destroy(self->fd, ctx ? ctx : 1));
	EXPECT_EQ(0, context_create(self->fd, NULL, 0, &ctx));
}

TEST_HARNESS_MAIN
