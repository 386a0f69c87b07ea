// SPDX-License-Identifier: GPL-2.0-only
/*
 * DEV_QUERY: every type, sizes larger and smaller than the kernel's, counts and ends of lists.
 */
#include <sys/wait.h>
#include "kselftest_harness.h"
#include "nmc_test.h"

FIXTURE(query) {
	int fd;
};

FIXTURE_SETUP(query)
{
	self->fd = nmc_open_device();
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(query)
{
	close(self->fd);
}

TEST_F(query, device)
{
	struct drm_nmc_device d;

	ASSERT_EQ(0, query(self->fd, DRM_NMC_QUERY_DEVICE, 0, &d, sizeof(d)));
	EXPECT_EQ(NMC_VERSION_MAJOR, d.hw_version >> 16);
	EXPECT_EQ(NMC_ISA_MAJOR, d.isa_version >> 16);
	EXPECT_NE(0, d.epoch);
	EXPECT_GE(d.queues, 1);
	EXPECT_LE(d.queues, NMC_MAX_QUEUES);
	EXPECT_GE(d.tiles, 1);
	EXPECT_GE(d.classes, 1);
	EXPECT_EQ(NMC_MAX_SLOTS, d.max_slots);
	EXPECT_EQ(0, d.pad);
	EXPECT_NE('\0', d.name[0]);
	EXPECT_EQ('\0', d.name[sizeof(d.name) - 1]);
	EXPECT_NE('\0', d.firmware[0]);
}

TEST_F(query, device_is_one)
{
	struct drm_nmc_device d;

	EXPECT_EQ(-ENOENT, query(self->fd, DRM_NMC_QUERY_DEVICE, 1, &d, sizeof(d)));
	EXPECT_EQ(-ENOENT, query(self->fd, DRM_NMC_QUERY_DEVICE, 0xffffffff, &d, sizeof(d)));
}

TEST_F(query, unknown_type)
{
	struct drm_nmc_dev_query args = { .type = 99, .count = 1, .size = 8 };

	EXPECT_EQ(-ENOENT, nmc_call(self->fd, DRM_IOCTL_NMC_DEV_QUERY, &args));
}

TEST_F(query, size_only)
{
	static const uint32_t bytes[] = {
		sizeof(struct drm_nmc_device), sizeof(struct drm_nmc_class),
		sizeof(struct drm_nmc_health), sizeof(struct drm_nmc_tile),
		sizeof(struct drm_nmc_queue),  sizeof(struct drm_nmc_error),
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bytes); i++) {
		struct drm_nmc_dev_query args = { .type = i };

		ASSERT_EQ(0, nmc_call(self->fd, DRM_IOCTL_NMC_DEV_QUERY, &args));
		EXPECT_EQ(bytes[i], args.size);
	}
}

TEST_F(query, larger_is_zeroed)
{
	struct {
		struct drm_nmc_device d;
		uint8_t tail[64];
	} big;
	unsigned int i;

	memset(&big, 0xa5, sizeof(big));
	ASSERT_EQ(0, query(self->fd, DRM_NMC_QUERY_DEVICE, 0, &big, sizeof(big)));
	for (i = 0; i < sizeof(big.tail); i++)
		ASSERT_EQ(0, big.tail[i]);
}

TEST_F(query, smaller_is_cut)
{
	struct drm_nmc_device whole;
	uint8_t part[24];

	memset(part, 0xa5, sizeof(part));
	ASSERT_EQ(0, query(self->fd, DRM_NMC_QUERY_DEVICE, 0, &whole, sizeof(whole)));
	ASSERT_EQ(0, query(self->fd, DRM_NMC_QUERY_DEVICE, 0, part, 16));
	EXPECT_EQ(0, memcmp(part, &whole, 16));
	EXPECT_EQ(0xa5, part[16]);
}

TEST_F(query, classes_and_count)
{
	struct drm_nmc_class classes[16];
	struct drm_nmc_dev_query args = {
		.type = DRM_NMC_QUERY_CLASS, .count = 16, .size = sizeof(classes[0]),
		.pointer = (uintptr_t)classes,
	};
	struct drm_nmc_device d;
	uint32_t tiles = 0, i;

	ASSERT_EQ(0, query(self->fd, DRM_NMC_QUERY_DEVICE, 0, &d, sizeof(d)));
	ASSERT_EQ(0, nmc_call(self->fd, DRM_IOCTL_NMC_DEV_QUERY, &args));
	ASSERT_EQ(d.classes, args.count);
	for (i = 0; i < args.count; i++) {
		EXPECT_NE('\0', classes[i].name[0]);
		EXPECT_LE(classes[i].free + classes[i].retired, classes[i].tiles);
		tiles += classes[i].tiles;
	}
	EXPECT_EQ(d.tiles, tiles);
}

TEST_F(query, past_the_end_is_zero_items)
{
	struct drm_nmc_class c;
	struct drm_nmc_dev_query args = {
		.type = DRM_NMC_QUERY_CLASS, .index = 1000, .count = 4, .size = sizeof(c),
		.pointer = (uintptr_t)&c,
	};

	ASSERT_EQ(0, nmc_call(self->fd, DRM_IOCTL_NMC_DEV_QUERY, &args));
	EXPECT_EQ(0, args.count);
}

TEST_F(query, bad_count_size_pointer)
{
	struct drm_nmc_device d;
	struct drm_nmc_dev_query args = { .count = 0, .size = sizeof(d), .pointer = (uintptr_t)&d };

	EXPECT_EQ(-EINVAL, nmc_call(self->fd, DRM_IOCTL_NMC_DEV_QUERY, &args));
	args.count = 4097;
	args.size = sizeof(d);
	EXPECT_EQ(-EINVAL, nmc_call(self->fd, DRM_IOCTL_NMC_DEV_QUERY, &args));
	args.count = 1;
	args.size = 0;
	EXPECT_EQ(-EINVAL, nmc_call(self->fd, DRM_IOCTL_NMC_DEV_QUERY, &args));
	args.size = 4097;
	EXPECT_EQ(-E2BIG, nmc_call(self->fd, DRM_IOCTL_NMC_DEV_QUERY, &args));
	args.size = UINT32_MAX;
	EXPECT_EQ(-E2BIG, nmc_call(self->fd, DRM_IOCTL_NMC_DEV_QUERY, &args));
	args.size = sizeof(d);
	args.pointer = 8;
	EXPECT_EQ(-EFAULT, nmc_call(self->fd, DRM_IOCTL_NMC_DEV_QUERY, &args));
}

TEST_F(query, health_counts_tiles)
{
	struct drm_nmc_device d;
	struct drm_nmc_health h;
	uint32_t sum = 0, i;

	ASSERT_EQ(0, query(self->fd, DRM_NMC_QUERY_DEVICE, 0, &d, sizeof(d)));
	ASSERT_EQ(0, query(self->fd, DRM_NMC_QUERY_HEALTH, 0, &h, sizeof(h)));
	for (i = 0; i < ARRAY_SIZE(h.tiles_by_state); i++)
		sum += h.tiles_by_state[i];
	EXPECT_EQ(d.tiles, sum);
	EXPECT_GE(h.interrupts, 1);
	EXPECT_EQ(0, h.pad);
	EXPECT_GE(h.deviation_limit_ppm, 1);
	EXPECT_LE(h.deviation_limit_ppm, 1000000);
	EXPECT_EQ(100000, h.wear_limit_ppm);
	EXPECT_EQ(0, h.pad2);
	EXPECT_LE(h.scrub_ppm, 10000);
	EXPECT_LE(h.scrub_ns, h.array_ns / 100);
}

TEST_F(query, tiles)
{
	struct drm_nmc_device d;
	struct drm_nmc_tile t;

	ASSERT_EQ(0, query(self->fd, DRM_NMC_QUERY_DEVICE, 0, &d, sizeof(d)));
	ASSERT_EQ(0, query(self->fd, DRM_NMC_QUERY_TILE, d.tiles - 1, &t, sizeof(t)));
	EXPECT_EQ(d.tiles - 1, t.tile);
	EXPECT_LE(t.state, NMC_TILE_RETIRED);
	EXPECT_EQ(-ENOENT, query(self->fd, DRM_NMC_QUERY_TILE, d.tiles, &t, sizeof(t)));
}

/* What nobody measured is said to be unknown. */
TEST_F(query, free_tiles_are_not_measured)
{
	struct drm_nmc_device d;
	struct drm_nmc_tile t;
	uint32_t i;

	ASSERT_EQ(0, query(self->fd, DRM_NMC_QUERY_DEVICE, 0, &d, sizeof(d)));
	for (i = 0; i < d.tiles; i++) {
		ASSERT_EQ(0, query(self->fd, DRM_NMC_QUERY_TILE, i, &t, sizeof(t)));
		if (t.state != NMC_TILE_FREE)
			continue;
		EXPECT_EQ(0xffffffff, t.deviation_ppm);
		EXPECT_EQ(0xffffffff, t.deviation_max_ppm);
		EXPECT_EQ(NMC_DRIFT_UNKNOWN, (uint32_t)t.drift_ppm);
		EXPECT_EQ(0, t.scrubbed_ns);
		EXPECT_EQ(0, t.scrubbed_cells);
	}
}

TEST_F(query, queues)
{
	struct drm_nmc_device d;
	struct drm_nmc_queue q;
	uint32_t i;

	ASSERT_EQ(0, query(self->fd, DRM_NMC_QUERY_DEVICE, 0, &d, sizeof(d)));
	for (i = 0; i <= d.queues; i++)
		EXPECT_EQ(0, query(self->fd, DRM_NMC_QUERY_QUEUE, i, &q, sizeof(q)));
	EXPECT_EQ(-ENOENT, query(self->fd, DRM_NMC_QUERY_QUEUE, d.queues + 1, &q, sizeof(q)));
	ASSERT_EQ(0, query(self->fd, DRM_NMC_QUERY_QUEUE, 0, &q, sizeof(q)));
	EXPECT_GE(q.jobs, 1);
	EXPECT_GE(q.mmio_writes, 1);
}

/* More commands than a small admin ring holds: they take turns. */
TEST_F(query, many_ask_at_once)
{
	enum { CLIENTS = 12, TIMES = 100 };
	struct drm_nmc_health h;
	pid_t pid[CLIENTS];
	int i, n, status;

	for (i = 0; i < CLIENTS; i++) {
		pid[i] = fork();
		ASSERT_GE(pid[i], 0);
		if (pid[i])
			continue;
		for (n = 0; n < TIMES; n++)
			if (query(self->fd, DRM_NMC_QUERY_HEALTH, 0, &h, sizeof(h)))
				_exit(1);
		_exit(0);
	}
	for (i = 0; i < CLIENTS; i++) {
		ASSERT_EQ(pid[i], waitpid(pid[i], &status, 0));
		EXPECT_EQ(0, status);
	}
}

TEST_HARNESS_MAIN
