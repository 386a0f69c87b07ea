// SPDX-License-Identifier: GPL-2.0-only
/*
 * fdinfo: the keys that tools read, and that they count.
 */
#include "kselftest_harness.h"
#include "nmc_test.h"

FIXTURE(fdinfo) {
	int fd;
};

FIXTURE_SETUP(fdinfo)
{
	self->fd = nmc_open_device();
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(fdinfo)
{
	close(self->fd);
}

/* The number after a key, or -1. @text receives what follows the number. */
static long long value(int fd, const char *key, char *text)
{
	char path[64], line[256];
	long long found = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)) && line[strlen(key)] == ':')
			sscanf(line + strlen(key) + 1, "%lld %63s", &found, text);
	fclose(f);
	return found;
}

static bool has(int fd, const char *what)
{
	char path[64], line[256];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		found |= !strncmp(line, what, strlen(what));
	if (f)
		fclose(f);
	return found;
}

TEST_F(fdinfo, standard_keys)
{
	char unit[64] = "";

	EXPECT_TRUE(has(self->fd, "drm-driver:\tnmc\n"));
	EXPECT_TRUE(has(self->fd, "drm-pdev:\t"));
	EXPECT_GT(value(self->fd, "drm-client-id", unit), 0);
	EXPECT_GE(value(self->fd, "drm-engine-compute", unit), 0);
	EXPECT_STREQ("ns", unit);
	EXPECT_GE(value(self->fd, "drm-engine-capacity-compute", unit), 1);
	EXPECT_EQ(0, value(self->fd, "drm-total-memory", unit));
	EXPECT_EQ(0, value(self->fd, "nmc-tiles", unit));
}

TEST_F(fdinfo, counts)
{
	struct drm_nmc_job_result result;
	struct test_stream s;
	struct test_job job;
	uint32_t set, ctx;
	char unit[64] = "";

	ASSERT_EQ(0, tileset_create(self->fd, class_find(self->fd, NMC_TECH_DIGITAL), 2, &set));
	EXPECT_EQ(2, value(self->fd, "nmc-tiles", unit));
	ASSERT_EQ(0, context_create(self->fd, NULL, 0, &ctx));
	ASSERT_EQ(0, stream_create(self->fd, &s, 1 << NMC_GROUP_CONTROL, 0, 1, 0));
	EXPECT_EQ(16, value(self->fd, "drm-total-memory", unit));
	EXPECT_STREQ("KiB", unit);
	EXPECT_EQ(0, value(self->fd, "drm-engine-compute", unit));
	stream_nops(&s, 100, 1000);
	stream_end(&s);
	job_init(&job, ctx, &s);
	ASSERT_EQ(0, job_run(self->fd, &job, &result));
	EXPECT_GT(value(self->fd, "drm-engine-compute", unit), 0);
	EXPECT_EQ(1, value(self->fd, "nmc-jobs", unit));
}

static void queues(int fd, uint32_t count, struct drm_nmc_queue *q)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		query(fd, DRM_NMC_QUERY_QUEUE, i + 1, &q[i], sizeof(q[i]));
}

/*
 * Runs a job of so many steps. Returns how long the card worked on it, by the counters of the queue
 * that counted its modelled time: jobs of files that were closed may end on others meanwhile.
 */
static uint64_t work(int fd, uint32_t ctx, uint32_t count, uint32_t outer)
{
	struct drm_nmc_queue before[NMC_MAX_QUEUES] = { 0 }, after[NMC_MAX_QUEUES] = { 0 };
	struct drm_nmc_job_result result = { .status = NMC_STATUS_INTERNAL };
	struct test_stream s;
	struct test_job job;
	uint32_t i;

	if (stream_create(fd, &s, 1 << NMC_GROUP_CONTROL, 0, 1, 0))
		return 0;
	stream_nops(&s, outer, 60000);
	stream_end(&s);
	job_init(&job, ctx, &s);
	queues(fd, count, before);
	if (job_run(fd, &job, &result) || result.status != NMC_STATUS_OK)
		return 0;
	queues(fd, count, after);
	for (i = 0; i < count; i++)
		if (after[i].modelled_busy_ns - before[i].modelled_busy_ns == result.modelled_ns)
			return after[i].wall_busy_ns - before[i].wall_busy_ns;
	return 0;
}

/*
 * The driver counts from the turn of a job on, so never less than the card, which counts its
 * execution; by another clock, though, and clocks that are disciplined may differ by 500 ppm
 * each. The job lasts longer than the driver looks at its queues by itself. Where a short one ended
 * nobody else has anything, and there, or on another free queue, goes the next.
 */
TEST_F_TIMEOUT(fdinfo, long_jobs_count_in_full, 180)
{
	struct drm_nmc_device device;
	uint64_t driver = 0, busy;
	char unit[64] = "";
	uint32_t ctx, outer;

	ASSERT_EQ(0, query(self->fd, DRM_NMC_QUERY_DEVICE, 0, &device, sizeof(device)));
	ASSERT_EQ(0, context_create(self->fd, NULL, 0, &ctx));
	ASSERT_NE(0, work(self->fd, ctx, device.queues, 1));
	for (outer = 1000, busy = 0; busy < 2500000000; outer *= 2) {
		driver = value(self->fd, "drm-engine-compute", unit);
		busy = work(self->fd, ctx, device.queues, outer);
		ASSERT_NE(0, busy);
	}
	driver = value(self->fd, "drm-engine-compute", unit) - driver;
	EXPECT_GE(driver + busy / 1000, busy);
}

TEST_HARNESS_MAIN
