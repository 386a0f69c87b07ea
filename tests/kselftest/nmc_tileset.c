// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tile sets: states of their tiles, too few tiles, persistent sets and who may open them.
 */
#include <sys/wait.h>
#include "kselftest_harness.h"
#include "nmc_test.h"

#define STRANGER	65534
#define FILE_SETS	256		/* of one open file */

FIXTURE(tileset) {
	int fd;
	int class_id;
};

FIXTURE_SETUP(tileset)
{
	self->fd = nmc_open_device();
	ASSERT_GE(self->fd, 0);
	self->class_id = class_find(self->fd, NMC_TECH_DIGITAL);
	ASSERT_GE(self->class_id, 0);
}

FIXTURE_TEARDOWN(tileset)
{
	close(self->fd);
}

static unsigned int tiles_mine(int fd, uint32_t *state)
{
	struct drm_nmc_tile tile;
	unsigned int mine = 0, i;

	for (i = 0; !query(fd, DRM_NMC_QUERY_TILE, i, &tile, sizeof(tile)); i++) {
		if (tile.mine)
			*state = tile.state;
		mine += tile.mine;
	}
	return mine;
}

static int persistent(int fd, int class_id, uint8_t name, uint32_t mode, uint32_t *handle)
{
	struct drm_nmc_tileset_create args = {
		.class_id = class_id, .tiles = 1, .flags = DRM_NMC_TILESET_PERSISTENT, .mode = mode,
		.uuid = "kselftest", .label = "made by a test",
	};
	int err;

	args.uuid[15] = name;
	err = nmc_call(fd, DRM_IOCTL_NMC_TILESET_CREATE, &args);
	*handle = args.handle;
	return err;
}

static int reopen(int fd, uint8_t name, uint32_t flags, uint32_t *handle)
{
	struct drm_nmc_tileset_open args = { .flags = flags, .uuid = "kselftest" };
	int err;

	args.uuid[15] = name;
	err = nmc_call(fd, DRM_IOCTL_NMC_TILESET_OPEN, &args);
	*handle = args.handle;
	return err;
}

TEST_F(tileset, owned_while_open)
{
	uint32_t handle, state = 99;

	ASSERT_EQ(0, tileset_create(self->fd, self->class_id, 2, &handle));
	EXPECT_EQ(2, tiles_mine(self->fd, &state));
	EXPECT_EQ(NMC_TILE_OWNED, state);
	EXPECT_EQ(0, tileset_close(self->fd, handle, 0));
	EXPECT_EQ(0, tiles_mine(self->fd, &state));
	EXPECT_EQ(-ENOENT, tileset_close(self->fd, handle, 0));
}

TEST_F(tileset, info)
{
	struct drm_nmc_tileset_info info = { 0 };
	uint32_t handle;

	EXPECT_EQ(-ENOENT, nmc_call(self->fd, DRM_IOCTL_NMC_TILESET_INFO, &info));
	ASSERT_EQ(0, tileset_create(self->fd, self->class_id, 3, &handle));
	info.handle = handle;
	ASSERT_EQ(0, nmc_call(self->fd, DRM_IOCTL_NMC_TILESET_INFO, &info));
	EXPECT_EQ(3, info.tiles);
	EXPECT_EQ(self->class_id, info.class_id);
	EXPECT_EQ(0, info.flags);
	EXPECT_EQ(0, info.incomplete);
}

TEST_F(tileset, too_many_says_how_many_are_free)
{
	struct drm_nmc_tileset_create args = { .class_id = self->class_id, .tiles = 1 };
	struct drm_nmc_class info;
	uint32_t free;

	ASSERT_EQ(0, nmc_call(self->fd, DRM_IOCTL_NMC_TILESET_CREATE, &args));
	free = args.free;
	ASSERT_EQ(0, query(self->fd, DRM_NMC_QUERY_CLASS, self->class_id, &info, sizeof(info)));
	EXPECT_EQ(info.free, free);
	if (info.tiles >= NMC_MAX_SET_TILES)
		SKIP(return, "the class is as large as the largest set");
	args = (struct drm_nmc_tileset_create){ .class_id = self->class_id, .tiles = info.tiles };
	EXPECT_EQ(-ENOSPC, nmc_call(self->fd, DRM_IOCTL_NMC_TILESET_CREATE, &args));
	EXPECT_EQ(free, args.free);
}

TEST_F(tileset, bad_class_and_count)
{
	uint32_t handle;

	EXPECT_EQ(-EINVAL, tileset_create(self->fd, self->class_id, 0, &handle));
	EXPECT_EQ(-EINVAL,
		  tileset_create(self->fd, self->class_id, NMC_MAX_SET_TILES + 1, &handle));
	EXPECT_EQ(-EINVAL, tileset_create(self->fd, 1000, 1, &handle));
}

TEST_F(tileset, handles_are_the_files)
{
	int other = nmc_open_device();
	uint32_t handle, state;

	ASSERT_GE(other, 0);
	ASSERT_EQ(0, tileset_create(self->fd, self->class_id, 1, &handle));
	EXPECT_EQ(-ENOENT, tileset_close(other, handle, 0));
	EXPECT_EQ(0, tiles_mine(other, &state));
	close(other);
}

TEST_F(tileset, bounded_per_file)
{
	int other = nmc_open_device();
	uint32_t handle, more, i;

	ASSERT_GE(other, 0);
	ASSERT_EQ(0, persistent(self->fd, self->class_id, 5, 0, &handle));
	ASSERT_EQ(0, tileset_close(self->fd, handle, 0));
	/* One set opened many times: no card has to have so many tiles. */
	for (i = 0; i < FILE_SETS; i++)
		ASSERT_EQ(0, reopen(self->fd, 5, DRM_NMC_TILESET_SHARED, &handle));
	EXPECT_EQ(-ENOSPC, reopen(self->fd, 5, DRM_NMC_TILESET_SHARED, &more));
	EXPECT_EQ(-ENOSPC, tileset_create(self->fd, self->class_id, 1, &more));
	EXPECT_EQ(0, tileset_create(other, self->class_id, 1, &more));
	EXPECT_EQ(0, tileset_close(self->fd, handle, DRM_NMC_TILESET_ERASE));
	EXPECT_EQ(0, tileset_create(self->fd, self->class_id, 1, &more));
	close(other);
}

TEST_F(tileset, persistent_outlives_the_file)
{
	int other = nmc_open_device();
	uint32_t handle, state = 99;

	ASSERT_GE(other, 0);
	ASSERT_EQ(0, persistent(other, self->class_id, 1, 0, &handle));
	EXPECT_EQ(1, tiles_mine(other, &state));
	EXPECT_EQ(NMC_TILE_PERSISTENT, state);
	EXPECT_EQ(-EEXIST, persistent(self->fd, self->class_id, 1, 0, &handle));
	EXPECT_EQ(-EBUSY, reopen(self->fd, 1, 0, &handle));
	close(other);
	ASSERT_EQ(0, reopen(self->fd, 1, 0, &handle));
	EXPECT_EQ(0, tileset_close(self->fd, handle, DRM_NMC_TILESET_ERASE));
	EXPECT_EQ(-ENOENT, reopen(self->fd, 1, 0, &handle));
}

TEST_F(tileset, shared_when_all_ask)
{
	int other = nmc_open_device();
	uint32_t a, b;

	ASSERT_GE(other, 0);
	ASSERT_EQ(0, persistent(self->fd, self->class_id, 2, 0, &a));
	EXPECT_EQ(0, tileset_close(self->fd, a, 0));
	ASSERT_EQ(0, reopen(self->fd, 2, DRM_NMC_TILESET_SHARED, &a));
	EXPECT_EQ(-EBUSY, reopen(other, 2, 0, &b));
	ASSERT_EQ(0, reopen(other, 2, DRM_NMC_TILESET_SHARED, &b));
	EXPECT_EQ(0, tileset_close(other, b, 0));
	EXPECT_EQ(0, tileset_close(self->fd, a, DRM_NMC_TILESET_ERASE));
	close(other);
}

/* A child without privilege tries to open a set; answers its errno. */
static int stranger_opens(int fd, uint8_t name)
{
	uint32_t handle;
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (setgid(STRANGER) || setuid(STRANGER))
			_exit(255);
		_exit(-reopen(fd, name, 0, &handle));
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -255;
}

TEST_F(tileset, mode_is_obeyed)
{
	uint32_t handle;

	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_EQ(0, persistent(self->fd, self->class_id, 3, 0600, &handle));
	EXPECT_EQ(0, tileset_close(self->fd, handle, 0));
	EXPECT_EQ(-EACCES, stranger_opens(self->fd, 3));
	ASSERT_EQ(0, reopen(self->fd, 3, 0, &handle));
	EXPECT_EQ(0, tileset_close(self->fd, handle, DRM_NMC_TILESET_ERASE));
	ASSERT_EQ(0, persistent(self->fd, self->class_id, 4, 0666, &handle));
	EXPECT_EQ(0, tileset_close(self->fd, handle, 0));
	EXPECT_EQ(0, stranger_opens(self->fd, 4));
}

TEST_F(tileset, mode_leaves_nothing_behind)
{
	uint32_t handle;

	if (!reopen(self->fd, 4, 0, &handle))
		EXPECT_EQ(0, tileset_close(self->fd, handle, DRM_NMC_TILESET_ERASE));
	EXPECT_EQ(-ENOENT, reopen(self->fd, 4, 0, &handle));
}

TEST_HARNESS_MAIN
