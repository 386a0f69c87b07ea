// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers: sizes, mappings, waiting, PRIME in both directions.
 */
#include "kselftest_harness.h"
#include "nmc_test.h"

FIXTURE(bo) {
	int fd;
};

FIXTURE_SETUP(bo)
{
	self->fd = nmc_open_device();
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(bo)
{
	close(self->fd);
}

TEST_F(bo, created_zeroed_and_rounded)
{
	struct test_bo bo;
	uint64_t i;

	ASSERT_EQ(0, bo_create(self->fd, 4097, &bo));
	EXPECT_EQ(8192, bo.size);
	for (i = 0; i < bo.size / 8; i++)
		ASSERT_EQ(0, ((uint64_t *)bo.map)[i]);
	bo_destroy(self->fd, &bo);
}

TEST_F(bo, sizes_refused)
{
	struct drm_nmc_bo_create args = { .size = 0 };

	EXPECT_EQ(-EINVAL, nmc_call(self->fd, DRM_IOCTL_NMC_BO_CREATE, &args));
	args.size = (1ull << 32) + 1;
	EXPECT_EQ(-EINVAL, nmc_call(self->fd, DRM_IOCTL_NMC_BO_CREATE, &args));
	args.size = ~0ull;
	EXPECT_EQ(-EINVAL, nmc_call(self->fd, DRM_IOCTL_NMC_BO_CREATE, &args));
}

TEST_F(bo, info)
{
	struct drm_nmc_bo_info info = { 0 };
	struct test_bo bo;

	ASSERT_EQ(0, bo_create(self->fd, 65536, &bo));
	info.handle = bo.handle;
	ASSERT_EQ(0, nmc_call(self->fd, DRM_IOCTL_NMC_BO_INFO, &info));
	EXPECT_EQ(65536, info.size);
	EXPECT_EQ(bo.offset, info.offset);
	bo_destroy(self->fd, &bo);
	info = (struct drm_nmc_bo_info){ .handle = bo.handle };
	EXPECT_EQ(-ENOENT, nmc_call(self->fd, DRM_IOCTL_NMC_BO_INFO, &info));
}

TEST_F(bo, wait_idle)
{
	struct drm_nmc_bo_wait wait = { 0 };
	struct test_bo bo;

	EXPECT_EQ(-ENOENT, nmc_call(self->fd, DRM_IOCTL_NMC_BO_WAIT, &wait));
	ASSERT_EQ(0, bo_create(self->fd, 4096, &bo));
	wait.handle = bo.handle;
	EXPECT_EQ(0, nmc_call(self->fd, DRM_IOCTL_NMC_BO_WAIT, &wait));
	bo_destroy(self->fd, &bo);
}

TEST_F(bo, mmap_of_another_offset_fails)
{
	struct test_bo bo;

	ASSERT_EQ(0, bo_create(self->fd, 4096, &bo));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 8192, PROT_READ, MAP_SHARED, self->fd, bo.offset));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->fd, 0));
	EXPECT_EQ(MAP_FAILED,
		  mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, self->fd, bo.offset));
	bo_destroy(self->fd, &bo);
}

TEST_F(bo, mmap_is_not_anothers)
{
	int other = nmc_open_device();
	struct test_bo bo;

	ASSERT_GE(other, 0);
	ASSERT_EQ(0, bo_create(self->fd, 4096, &bo));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, other, bo.offset));
	bo_destroy(self->fd, &bo);
	close(other);
}

TEST_F(bo, export_and_import)
{
	int other = nmc_open_device();
	struct test_bo bo;
	uint32_t handle;
	int dmabuf;
	char *map;

	ASSERT_GE(other, 0);
	ASSERT_EQ(0, bo_create(self->fd, 8192, &bo));
	ASSERT_EQ(0, bo_export(self->fd, bo.handle, &dmabuf));
	map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);
	ASSERT_NE(MAP_FAILED, map);
	map[5000] = 42;
	EXPECT_EQ(42, ((char *)bo.map)[5000]);
	ASSERT_EQ(0, bo_import(other, dmabuf, &handle));
	EXPECT_NE(0, handle);
	ASSERT_EQ(0, bo_import(self->fd, dmabuf, &handle));
	EXPECT_EQ(bo.handle, handle);
	munmap(map, 8192);
	bo_destroy(self->fd, &bo);
	close(other);
	close(dmabuf);
}

TEST_F(bo, import_foreign_memory)
{
	struct drm_nmc_bo_info info = { 0 };
	int memfd, dmabuf = foreign_dmabuf(4 * 4096, &memfd);

	if (dmabuf == -ENOENT || dmabuf == -ENODEV)
		SKIP(return, "no /dev/udmabuf");
	ASSERT_GE(dmabuf, 0);
	ASSERT_EQ(0, bo_import(self->fd, dmabuf, &info.handle));
	ASSERT_EQ(0, nmc_call(self->fd, DRM_IOCTL_NMC_BO_INFO, &info));
	EXPECT_EQ(4 * 4096, info.size);
	EXPECT_EQ(0, info.offset);
	close(dmabuf);
	close(memfd);
}

TEST_F(bo, many_and_all_freed_at_close)
{
	struct drm_nmc_bo_create args;
	int i;

	for (i = 0; i < 500; i++) {
		args = (struct drm_nmc_bo_create){ .size = 4096 };
		ASSERT_EQ(0, nmc_call(self->fd, DRM_IOCTL_NMC_BO_CREATE, &args));
	}
}

TEST_HARNESS_MAIN
