// SPDX-License-Identifier: GPL-2.0-only
/*
 * The card dies while jobs run: fences say so, the last event comes, calls fail, nothing hangs.
 * NMC_TEST_KILL is the command that kills the card of NMC_TEST_DEVICE; without it there is
 * nothing to see and the suite is skipped.
 */
#include <pthread.h>
#include "kselftest_harness.h"
#include "nmc_test.h"

#define LATEST		64		/* files opened last of all */
#define LOST_MS		20000		/* less than a card's answer is waited for */

FIXTURE(lost) {
	int fd;
};

FIXTURE_SETUP(lost)
{
	self->fd = nmc_open_device();
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(lost)
{
	close(self->fd);
}

/* Opens the node as often as it can, keeps the latest, and ends when it is refused. */
static void *open_on(void *arg)
{
	int *fd = arg, i;

	for (i = 0; i < LATEST; i++)
		fd[i] = -1;
	for (i = 0; ; i = (i + 1) % LATEST) {
		close(fd[i]);
		fd[i] = nmc_open_device();
		if (fd[i] < 0)
			return NULL;
	}
}

TEST_F_TIMEOUT(lost, card_killed_while_jobs_run, 180)
{
	struct drm_nmc_bo_create args = { .size = 4096 };
	const char *kill_card = getenv("NMC_TEST_KILL");
	struct pollfd readable = { .events = POLLIN };
	struct pollfd end = { .events = POLLIN };
	struct drm_nmc_event e = { 0 };
	struct test_stream slow, quick;
	struct test_job job;
	uint32_t ctx, first, sync;
	int fd = self->fd, latest[LATEST], i;
	pthread_t opener;

	if (!kill_card)
		SKIP(return, "NMC_TEST_KILL is not set");
	ASSERT_EQ(0, context_create(fd, NULL, 0, &ctx));
	ASSERT_EQ(0, stream_create(fd, &slow, 1 << NMC_GROUP_CONTROL, 0, 1, 0));
	stream_nops(&slow, 1000, 60000);
	stream_end(&slow);
	ASSERT_EQ(0, stream_create(fd, &quick, 1 << NMC_GROUP_CONTROL, 0, 1, 0));
	stream_end(&quick);
	job_init(&job, ctx, &slow);
	ASSERT_EQ(0, syncobj_create(fd, &first));
	job_out(&job, first, 0);
	ASSERT_EQ(0, job_submit(fd, &job));
	/* More than the ring holds: what a card that fails still completes makes room for others. */
	job_init(&job, ctx, &quick);
	for (i = 0; i < 300; i++)
		ASSERT_EQ(0, job_submit(fd, &job));
	/* The card has work for longer than any failure takes. */
	job_init(&job, ctx, &slow);
	for (i = 0; i < 10; i++)
		ASSERT_EQ(0, job_submit(fd, &job));
	ASSERT_EQ(0, syncobj_create(fd, &sync));
	job_out(&job, sync, 0);
	ASSERT_EQ(0, job_submit(fd, &job));
	ASSERT_EQ(0, syncobj_export(fd, sync, &end.fd));
	EXPECT_EQ(0, poll(&end, 1, 200)) {
		TH_LOG("the jobs ended before the card did");
	}
	ASSERT_EQ(0, pthread_create(&opener, NULL, open_on, latest));
	ASSERT_EQ(0, system(kill_card));

	ASSERT_EQ(1, poll(&end, 1, LOST_MS));
	EXPECT_GT(0, sync_file_status(end.fd));
	EXPECT_NE(0, syncobj_status(fd, first));
	readable.fd = fd;
	ASSERT_EQ(1, poll(&readable, 1, LOST_MS));
	ASSERT_EQ(sizeof(e), read(fd, &e, sizeof(e)));
	EXPECT_EQ(NMC_EVENT_DEVICE_LOST, e.type);
	EXPECT_EQ(-ENODEV, nmc_call(fd, DRM_IOCTL_NMC_BO_CREATE, &args));
	EXPECT_EQ(-ENODEV, job_submit(fd, &job));
	close(end.fd);

	/* Files that were opened while the loss was told have their event too. */
	ASSERT_EQ(0, pthread_join(opener, NULL));
	for (i = 0; i < LATEST; i++) {
		if (latest[i] < 0)
			continue;
		readable.fd = latest[i];
		EXPECT_EQ(1, poll(&readable, 1, 1000));
		close(latest[i]);
	}
}

TEST_HARNESS_MAIN
