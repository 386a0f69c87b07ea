// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs that are slow, stuck or orphaned, under a short job_timeout_ms: each test would take many
 * time-outs if the driver mistook one for the other. Skipped unless the module was loaded with a
 * time-out of at most a second.
 */
#include <sys/wait.h>
#include "kselftest_harness.h"
#include "nmc_test.h"

#define PARAMETER	"/sys/module/nmc/parameters/job_timeout_ms"

FIXTURE(timeout) {
	int fd;
	uint32_t set;
	uint32_t queues;
	struct test_stream empty;
};

static long timeout_ms(void)
{
	FILE *f = fopen(PARAMETER, "r");
	long ms = -1;

	if (f) {
		if (fscanf(f, "%ld", &ms) != 1)
			ms = -1;
		fclose(f);
	}
	return ms;
}

FIXTURE_SETUP(timeout)
{
	struct drm_nmc_device device;
	int class_id;

	if (timeout_ms() < 0 || timeout_ms() > 1000)
		SKIP(return, "job_timeout_ms is above 1000");
	self->fd = nmc_open_device();
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, query(self->fd, DRM_NMC_QUERY_DEVICE, 0, &device, sizeof(device)));
	self->queues = device.queues;
	class_id = class_find(self->fd, NMC_TECH_DIGITAL);
	ASSERT_GE(class_id, 0);
	ASSERT_EQ(0, tileset_create(self->fd, class_id, 1, &self->set));
	ASSERT_EQ(0, stream_create(self->fd, &self->empty, 1 << NMC_GROUP_CONTROL, 0, 1, 0));
	stream_end(&self->empty);
}

FIXTURE_TEARDOWN(timeout)
{
	close(self->fd);
}

/* A job that moves all the time and lasts for several time-outs. */
static int slow_stream(int fd, struct test_stream *s, uint32_t outer)
{
	int err = stream_create(fd, s, 1 << NMC_GROUP_CONTROL, 0, 1, 0);

	if (!err) {
		stream_nops(s, outer, 60000);
		stream_end(s);
	}
	return err;
}

/* The other context is on another queue, so that the card takes its job and lets it wait for the set. */
TEST_F_TIMEOUT(timeout, waiting_for_a_set_is_not_stuck, 180)
{
	struct drm_nmc_job_result result;
	struct test_stream slow;
	struct test_job job;
	uint32_t first, second, sync;

	ASSERT_GT(self->queues, 1);
	ASSERT_EQ(0, context_create(self->fd, &self->set, 1, &first));
	ASSERT_EQ(0, context_create(self->fd, &self->set, 1, &second));
	ASSERT_EQ(0, slow_stream(self->fd, &slow, 2000));
	job_init(&job, first, &slow);
	ASSERT_EQ(0, syncobj_create(self->fd, &sync));
	job_out(&job, sync, 0);
	ASSERT_EQ(0, job_submit(self->fd, &job));
	usleep(100000);
	job_init(&job, second, &self->empty);
	ASSERT_EQ(0, job_run(self->fd, &job, &result));
	EXPECT_EQ(NMC_STATUS_OK, result.status);
	ASSERT_EQ(0, syncobj_wait(self->fd, sync, 0));
	EXPECT_EQ(1, syncobj_status(self->fd, sync));
	ASSERT_EQ(0, job_run(self->fd, &job, &result));
	EXPECT_EQ(NMC_STATUS_OK, result.status);
}

TEST_HARNESS_MAIN
