// SPDX-License-Identifier: GPL-2.0-only
/*
 * A function reset and a sleep while jobs are on the card: the one in execution fails and is never
 * run again, those behind it are run, tile sets and contexts live on. Needs root, and the module
 * sleep/nmc_sleep.
 */
#include <libgen.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include "kselftest_harness.h"
#include "nmc_test.h"

#define BEHIND	5

FIXTURE(reset) {
	int fd;
	int pause;
	char text[32];
	uint32_t set;
	uint32_t ctx;
	struct test_stream slow;
	struct test_stream quick;
};

FIXTURE_VARIANT(reset) {
	bool sleeps;
};

FIXTURE_VARIANT_ADD(reset, function) {};
FIXTURE_VARIANT_ADD(reset, sleep) { .sleeps = true };

/* The file that starts the pause, and in @text what is to be written to it. */
static int open_pause(int fd, bool sleeps, char *text, size_t bytes)
{
	char path[PATH_MAX], device[PATH_MAX];
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u/device", major(st.st_rdev),
		 minor(st.st_rdev));
	if (!realpath(path, device))
		return -errno;
	snprintf(text, bytes, "%s", sleeps ? basename(device) : "1");
	return open(sleeps ? "/sys/module/nmc_sleep/parameters/cycle" : strcat(path, "/reset"),
		    O_WRONLY);
}

/* Comes back when the pause is over. */
static int pause_once(int fd, const char *text)
{
	return write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -errno;
}

FIXTURE_SETUP(reset)
{
	self->fd = nmc_open_device();
	ASSERT_GE(self->fd, 0);
	self->pause = open_pause(self->fd, variant->sleeps, self->text, sizeof(self->text));
	ASSERT_GE(self->pause, 0);
	ASSERT_EQ(0,
		  tileset_create(self->fd, class_find(self->fd, NMC_TECH_DIGITAL), 1, &self->set));
	ASSERT_EQ(0, context_create(self->fd, &self->set, 1, &self->ctx));
	ASSERT_EQ(0, stream_create(self->fd, &self->slow, 1 << NMC_GROUP_CONTROL, 0, 1, 1));
	stream_nops(&self->slow, 60000, 60000);
	stream_end(&self->slow);
	ASSERT_EQ(0, stream_create(self->fd, &self->quick, 1 << NMC_GROUP_CONTROL, 0, 1, 1));
	stream_end(&self->quick);
}

FIXTURE_TEARDOWN(reset)
{
	close(self->pause);
	close(self->fd);
}

static int submit(int fd, uint32_t ctx, struct test_stream *s, uint32_t sync)
{
	struct test_job job;

	job_init(&job, ctx, s);
	job_out(&job, sync, 0);
	return job_submit(fd, &job);
}

TEST_F_TIMEOUT(reset, started_fails_and_the_rest_runs, 120)
{
	struct drm_nmc_tileset_info before = { .handle = self->set }, after = before;
	struct drm_nmc_job_result result;
	uint32_t sync[1 + BEHIND];
	int i;

	ASSERT_EQ(0, nmc_call(self->fd, DRM_IOCTL_NMC_TILESET_INFO, &before));
	for (i = 0; i <= BEHIND; i++) {
		ASSERT_EQ(0, syncobj_create(self->fd, &sync[i]));
		ASSERT_EQ(0, submit(self->fd, self->ctx, i ? &self->quick : &self->slow, sync[i]));
	}
	usleep(300000);
	EXPECT_EQ(-EBUSY, job_result(self->fd, self->ctx, 1, &result));
	ASSERT_EQ(0, pause_once(self->pause, self->text));
	for (i = 0; i <= BEHIND; i++)
		ASSERT_EQ(0, syncobj_wait(self->fd, sync[i], 0));
	EXPECT_EQ(-ECANCELED, syncobj_status(self->fd, sync[0]));
	ASSERT_EQ(0, job_result(self->fd, self->ctx, 1, &result));
	EXPECT_EQ(NMC_STATUS_ABORTED, result.status);
	EXPECT_EQ(NMC_FAULT_ABORTED, result.fault.cause);
	for (i = 1; i <= BEHIND; i++) {
		EXPECT_EQ(1, syncobj_status(self->fd, sync[i]));
		ASSERT_EQ(0, job_result(self->fd, self->ctx, 1 + i, &result));
		EXPECT_EQ(NMC_STATUS_OK, result.status);
	}
	ASSERT_EQ(0, nmc_call(self->fd, DRM_IOCTL_NMC_TILESET_INFO, &after));
	EXPECT_EQ(before.id, after.id);
	EXPECT_EQ(before.generation, after.generation);
}

TEST_F_TIMEOUT(reset, again_and_again_under_load, 120)
{
	struct drm_nmc_job_result result;
	struct test_job job;
	uint32_t sync;
	int i, n;

	ASSERT_EQ(0, syncobj_create(self->fd, &sync));
	for (n = 0; n < 5; n++) {
		for (i = 0; i < 200; i++)
			ASSERT_EQ(0, submit(self->fd, self->ctx, &self->quick, sync));
		ASSERT_EQ(0, pause_once(self->pause, self->text));
		ASSERT_EQ(0, syncobj_wait(self->fd, sync, 0));
		EXPECT_EQ(1, syncobj_status(self->fd, sync));
	}
	job_init(&job, self->ctx, &self->quick);
	ASSERT_EQ(0, job_run(self->fd, &job, &result));
	EXPECT_EQ(NMC_STATUS_OK, result.status);
	EXPECT_EQ(1001, result.job);
}

/* Contexts that come and go: the card and the driver must agree after the reset which there are. */
static void come_and_go(int fd, uint32_t set)
{
	uint32_t ctx[8], i;

	for (;;) {
		for (i = 0; i < 8; i++)
			if (context_create(fd, &set, 1, &ctx[i]))
				_exit(1);
		for (i = 0; i < 8; i++)
			if (context_destroy(fd, ctx[i]))
				_exit(2);
	}
}

TEST_F_TIMEOUT(reset, while_contexts_come_and_go, 120)
{
	struct drm_nmc_job_result result;
	struct test_job job;
	int i, status;
	pid_t pid = fork();

	if (!pid)
		come_and_go(self->fd, self->set);
	for (i = 0; i < 20; i++) {
		usleep(20000);
		ASSERT_EQ(0, pause_once(self->pause, self->text));
	}
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	job_init(&job, self->ctx, &self->quick);
	ASSERT_EQ(0, job_run(self->fd, &job, &result));
	EXPECT_EQ(NMC_STATUS_OK, result.status);
}

TEST_HARNESS_MAIN
