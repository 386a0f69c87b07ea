// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts and doorbells: no interrupt is lost with the processor that took it, they come to the
 * processor that asked unless its queue is busy, an idle queue is rung for, and jobs read no
 * register. Needs root and a second processor.
 */
#include <sched.h>
#include <time.h>
#include "kselftest_harness.h"
#include "nmc_test.h"

#define JOBS	1000

FIXTURE(irq) {
	int fd;
	struct drm_nmc_device device;
	struct test_stream s;
	struct test_stream slow;
};

static uint64_t completed(int fd, uint32_t queue)
{
	struct drm_nmc_queue q = { 0 };

	query(fd, DRM_NMC_QUERY_QUEUE, queue, &q, sizeof(q));
	return q.jobs;
}

static int run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

/* The queue that a job of a context which is submitted on @cpu comes to; 0 if there is none. */
static uint32_t placed(int fd, const struct test_stream *s, int cpu, uint32_t queues, uint32_t ctx)
{
	uint64_t before[NMC_MAX_QUEUES + 1];
	struct drm_nmc_job_result result;
	struct test_job job;
	uint32_t queue;

	if (run_on(cpu))
		return 0;
	for (queue = 1; queue <= queues; queue++)
		before[queue] = completed(fd, queue);
	job_init(&job, ctx, s);
	if (job_run(fd, &job, &result))
		return 0;
	for (queue = queues; queue && completed(fd, queue) == before[queue]; queue--)
		;
	return queue;
}

/* What earlier clients left on the card is gone: each processor's jobs come to a queue of its own. */
static int settle(int fd, const struct test_stream *s, uint32_t queues)
{
	uint32_t ctx, first = 0, second = 0, tries;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) || context_create(fd, NULL, 0, &ctx))
		return -1;
	for (tries = 0; tries < 150 && first == second; tries++) {
		usleep(tries ? 100000 : 0);
		first = placed(fd, s, 0, queues, ctx);
		second = placed(fd, s, 1, queues, ctx);
	}
	if (!first || !second || first == second)
		return -1;
	return sched_setaffinity(0, sizeof(set), &set);
}

FIXTURE_SETUP(irq)
{
	self->fd = nmc_open_device();
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, query(self->fd, DRM_NMC_QUERY_DEVICE, 0, &self->device, sizeof(self->device)));
	ASSERT_EQ(0, stream_create(self->fd, &self->s, 1 << NMC_GROUP_CONTROL, 0, 1, 0));
	stream_end(&self->s);
	ASSERT_EQ(0, stream_create(self->fd, &self->slow, 1 << NMC_GROUP_CONTROL, 0, 1, 0));
	stream_nops(&self->slow, 1000, 60000);
	stream_end(&self->slow);
	ASSERT_EQ(0, settle(self->fd, &self->s, self->device.queues));
}

FIXTURE_TEARDOWN(irq)
{
	close(self->fd);
}

static int processor_online(bool online)
{
	int fd = open("/sys/devices/system/cpu/cpu1/online", O_WRONLY), err;

	if (fd < 0)
		return -errno;
	err = write(fd, online ? "1" : "0", 1) == 1 ? 0 : -errno;
	close(fd);
	return err;
}

static uint64_t handled(int fd, uint32_t queue)
{
	struct drm_nmc_queue q = { 0 };

	query(fd, DRM_NMC_QUERY_QUEUE, queue, &q, sizeof(q));
	return q.host_interrupts;
}

/*
 * While a queue works another one gets the next job. The driver looks at its queues once a second
 * by itself: it is the interrupt that must come.
 */
TEST_F_TIMEOUT(irq, outlives_its_processor, 120)
{
	uint32_t queues = self->device.queues, ctx, queue, i, out;
	uint64_t before[NMC_MAX_QUEUES + 1];
	struct test_job job;

	ASSERT_EQ(0, syncobj_create(self->fd, &out));
	ASSERT_EQ(0, processor_online(false));
	for (queue = 1; queue <= queues; queue++)
		before[queue] = handled(self->fd, queue);
	for (i = 1; i <= queues; i++) {
		EXPECT_EQ(0, context_create(self->fd, NULL, 0, &ctx));
		job_init(&job, ctx, &self->slow);
		job_out(&job, out, i);
		EXPECT_EQ(0, job_submit(self->fd, &job));
	}
	for (i = 1; i <= queues; i++)
		EXPECT_EQ(0, syncobj_wait(self->fd, out, i));
	for (queue = 1; queue <= queues; queue++)
		EXPECT_GT(handled(self->fd, queue), before[queue]);
	ASSERT_EQ(0, processor_online(true));
}

TEST_F_TIMEOUT(irq, contexts_follow_their_processor, 120)
{
	uint32_t queues = self->device.queues, first, second, ctx, i;

	ASSERT_GT(queues, 1);
	ASSERT_EQ(0, context_create(self->fd, NULL, 0, &ctx));
	first = placed(self->fd, &self->s, 0, queues, ctx);
	second = placed(self->fd, &self->s, 1, queues, ctx);
	EXPECT_NE(0, first);
	EXPECT_NE(0, second);
	EXPECT_NE(first, second);
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(first, placed(self->fd, &self->s, 0, queues, ctx));
		EXPECT_EQ(second, placed(self->fd, &self->s, 1, queues, ctx));
	}
}

/* Jobs of a context stay in order on one queue; those of others take one that has less to do. */
TEST_F_TIMEOUT(irq, contexts_make_way, 120)
{
	uint32_t queues = self->device.queues, first, second, ctx, other;
	struct drm_nmc_job_result result;
	struct test_job job;
	uint64_t before;

	ASSERT_GT(queues, 1);
	ASSERT_GT(self->device.engines, 1);
	ASSERT_EQ(0, context_create(self->fd, NULL, 0, &ctx));
	ASSERT_EQ(0, context_create(self->fd, NULL, 0, &other));
	first = placed(self->fd, &self->s, 0, queues, ctx);
	ASSERT_NE(0, first);
	before = completed(self->fd, first);
	job_init(&job, ctx, &self->slow);
	ASSERT_EQ(0, job_submit(self->fd, &job));
	second = placed(self->fd, &self->s, 0, queues, other);
	EXPECT_NE(0, second);
	EXPECT_NE(first, second);
	ASSERT_EQ(0, run_on(1));
	ASSERT_EQ(-EBUSY, job_result(self->fd, ctx, 2, &result));
	job_init(&job, ctx, &self->s);
	ASSERT_EQ(0, job_run(self->fd, &job, &result));
	EXPECT_EQ(before + 2, completed(self->fd, first));
}

/* A queue is as busy with jobs that wait for something as with others. */
TEST_F_TIMEOUT(irq, those_that_wait_count, 120)
{
	uint32_t queues = self->device.queues, first, ctx, waiting, gate, done;
	struct test_job job;

	ASSERT_GT(queues, 1);
	ASSERT_GT(self->device.engines, 1);
	ASSERT_EQ(0, syncobj_create(self->fd, &gate));
	ASSERT_EQ(0, syncobj_create(self->fd, &done));
	ASSERT_EQ(0, context_create(self->fd, NULL, 0, &ctx));
	ASSERT_EQ(0, context_create(self->fd, NULL, 0, &waiting));
	first = placed(self->fd, &self->s, 0, queues, ctx);
	ASSERT_NE(0, first);
	job_init(&job, ctx, &self->slow);
	job_out(&job, gate, 0);
	ASSERT_EQ(0, run_on(1));
	ASSERT_EQ(0, job_submit(self->fd, &job));
	ASSERT_EQ(0, run_on(0));
	job_init(&job, waiting, &self->slow);
	job_in(&job, gate, 0);
	job_out(&job, done, 0);
	ASSERT_EQ(0, job_submit(self->fd, &job));
	ASSERT_EQ(0, job_submit(self->fd, &job));
	ASSERT_EQ(0, context_create(self->fd, NULL, 0, &ctx));
	EXPECT_NE(first, placed(self->fd, &self->s, 0, queues, ctx));
	ASSERT_EQ(0, syncobj_wait(self->fd, done, 0));
}

static unsigned int seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

TEST_F_TIMEOUT(irq, jobs_read_no_register, 120)
{
	struct drm_nmc_queue before = { 0 }, after = { 0 };
	struct drm_nmc_job_result result;
	struct test_job job;
	unsigned int begin = seconds();
	uint32_t ctx;
	int i;

	ASSERT_EQ(0, context_create(self->fd, NULL, 0, &ctx));
	job_init(&job, ctx, &self->s);
	ASSERT_EQ(0, query(self->fd, DRM_NMC_QUERY_QUEUE, 0, &before, sizeof(before)));
	for (i = 1; i < JOBS; i++)
		ASSERT_EQ(0, job_submit(self->fd, &job));
	ASSERT_EQ(0, job_run(self->fd, &job, &result));
	ASSERT_EQ(JOBS, result.job);
	ASSERT_EQ(0, query(self->fd, DRM_NMC_QUERY_QUEUE, 0, &after, sizeof(after)));
	/* One interrupt for everything has to read its cause. */
	if (self->device.vectors > 1)
		EXPECT_EQ(before.mmio_reads, after.mmio_reads);
	EXPECT_GT(after.mmio_reads, 0);
	/* Heartbeat and status are counted apart: each is read once a second, and for no job. */
	EXPECT_LE(after.heartbeat_reads - before.heartbeat_reads, 2 * (seconds() - begin + 2));
	EXPECT_GT(after.heartbeat_reads, 0);
}

/* A queue that had nothing to do for long has to be told of a job, once. */
TEST_F(irq, an_idle_queue_is_rung_for)
{
	struct drm_nmc_queue before = { 0 }, after = { 0 };
	uint32_t queues = self->device.queues, queue, ctx;
	struct drm_nmc_job_result result;
	struct test_job job;
	int i;

	ASSERT_EQ(0, context_create(self->fd, NULL, 0, &ctx));
	queue = placed(self->fd, &self->s, 0, queues, ctx);
	ASSERT_NE(0, queue);
	job_init(&job, ctx, &self->s);
	ASSERT_EQ(0, query(self->fd, DRM_NMC_QUERY_QUEUE, queue, &before, sizeof(before)));
	for (i = 0; i < 10; i++) {
		usleep(50000);
		ASSERT_EQ(0, job_run(self->fd, &job, &result));
	}
	ASSERT_EQ(0, query(self->fd, DRM_NMC_QUERY_QUEUE, queue, &after, sizeof(after)));
	EXPECT_EQ(10, after.jobs - before.jobs);
	EXPECT_GE(after.doorbells - before.doorbells, 1);
	EXPECT_LE(after.doorbells - before.doorbells, 10);
}

TEST_HARNESS_MAIN
