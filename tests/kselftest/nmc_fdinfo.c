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

TEST_HARNESS_MAIN
