// SPDX-License-Identifier: GPL-2.0-only
/*
 * Persistent tile sets of another host domain: run "leave" with the module's domain 0, "found" with
 * another. A host epoch is of one boot: run "epoch_leave" in one and "epoch_found" in the next, on
 * the same card. Needs root.
 */
#include <sys/wait.h>
#include "kselftest_harness.h"
#include "nmc_test.h"

#define STRANGER	65534

FIXTURE(domain) {
	int fd;
};

FIXTURE_SETUP(domain)
{
	self->fd = nmc_open_device();
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(domain)
{
	close(self->fd);
}

static int reopen(int fd, uint32_t *handle)
{
	struct drm_nmc_tileset_open args = { .uuid = "nmc_domain" };
	int err = nmc_call(fd, DRM_IOCTL_NMC_TILESET_OPEN, &args);

	*handle = args.handle;
	return err;
}

TEST_F(domain, leave)
{
	struct drm_nmc_tileset_create args = {
		.tiles = 1, .flags = DRM_NMC_TILESET_PERSISTENT, .mode = 0666, .uuid = "nmc_domain",
	};

	args.class_id = class_find(self->fd, NMC_TECH_DIGITAL);
	EXPECT_EQ(0, nmc_call(self->fd, DRM_IOCTL_NMC_TILESET_CREATE, &args));
}

/* Its mode would let everybody in, but who wrote it is not known here. */
TEST_F(domain, found)
{
	uint32_t handle;
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (setgid(STRANGER) || setuid(STRANGER))
			_exit(255);
		_exit(-reopen(self->fd, &handle));
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(EACCES, WEXITSTATUS(status));
	ASSERT_EQ(0, reopen(self->fd, &handle));
	EXPECT_EQ(0, tileset_close(self->fd, handle, DRM_NMC_TILESET_ERASE));
}

/* A name that only this boot would give. */
static int epoch_uuid(int fd, uint8_t *uuid)
{
	struct drm_nmc_device device = { 0 };
	int err = query(fd, DRM_NMC_QUERY_DEVICE, 0, &device, sizeof(device));

	memcpy(uuid, "nmcepoch", 8);
	memcpy(uuid + 8, &device.epoch, 8);
	return err ? err : device.epoch ? 0 : -ENODATA;
}

TEST_F(domain, epoch_leave)
{
	struct drm_nmc_tileset_create args = { .tiles = 1, .flags = DRM_NMC_TILESET_PERSISTENT };

	args.class_id = class_find(self->fd, NMC_TECH_DIGITAL);
	ASSERT_EQ(0, epoch_uuid(self->fd, args.uuid));
	EXPECT_EQ(0, nmc_call(self->fd, DRM_IOCTL_NMC_TILESET_CREATE, &args));
}

TEST_F(domain, epoch_found)
{
	struct drm_nmc_tileset_open args = { 0 };

	ASSERT_EQ(0, epoch_uuid(self->fd, args.uuid));
	EXPECT_EQ(-ENOENT, nmc_call(self->fd, DRM_IOCTL_NMC_TILESET_OPEN, &args));
}

TEST_HARNESS_MAIN
