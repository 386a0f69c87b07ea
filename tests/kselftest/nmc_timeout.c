// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs that are slow, stuck or orphaned, under a short job_timeout_ms: each test would take many
 * time-outs if the driver mistook one for the other. Skipped unless the module was loaded with a
 * time-out of at most a second. A job goes round a queue that is stuck if there is another one:
 * jobs behind others are jobs behind those of another context only where one queue is all there is.
 */
#include <sys/wait.h>
#include "kselftest_harness.h"
#include "nmc_test.h"

#define PARAMETER	"/sys/module/nmc/parameters/job_timeout_ms"
#define STUCK_SRAM	(4u << 20)
#define STUCK_ROW	(512u << 10)

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
	/* A queue a processor: one alone makes jobs meet, several let them pass each other. */
	ASSERT_EQ(sysconf(_SC_NPROCESSORS_ONLN), self->queues);
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

/* If there is another queue the job goes there, so that the card takes it and lets it wait for the set. */
TEST_F_TIMEOUT(timeout, waiting_for_a_set_is_not_stuck, 180)
{
	struct drm_nmc_job_result result;
	struct test_stream slow;
	struct test_job job;
	uint32_t first, second, sync;

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

/*
 * One instruction that reads a long row again for each of many results: a terabyte, for which no machine is too fast. Nothing
 * else is silent for long.
 */
static int stuck_stream(int fd, struct test_stream *s)
{
	struct nmc_isa_vector *v;
	int err = stream_create(fd, s, 1 << NMC_GROUP_CONTROL | 1 << NMC_GROUP_VECTOR, STUCK_SRAM, 1, 0);

	if (err)
		return err;
	v = stream_add(s, NMC_OP_ARGMAX);
	v->n = STUCK_ROW;
	v->dst.addr = 4 * STUCK_ROW;
	v->dst.pitch = 4;
	v->vectors = STUCK_SRAM / 4 - STUCK_ROW;
	stream_end(s);
	return 0;
}

/*
 * Behind a stuck job more than the ring holds and more than are remembered: what is on the ring
 * ends last, and takes no later one's result away.
 */
TEST_F_TIMEOUT(timeout, results_of_many_behind_a_stuck_job, 180)
{
	enum { JOBS = 600, EACH = 8, KEPT = 256 };
	struct drm_nmc_job_result result;
	uint32_t ctx, sync[JOBS / EACH], i;
	struct test_stream stuck;
	struct test_job job;

	ASSERT_EQ(0, context_create(self->fd, NULL, 0, &ctx));
	ASSERT_EQ(0, stuck_stream(self->fd, &stuck));
	job_init(&job, ctx, &stuck);
	ASSERT_EQ(0, job_submit(self->fd, &job));
	for (i = 2; i <= JOBS; i++) {
		job_init(&job, ctx, &self->empty);
		if (!(i % EACH)) {
			ASSERT_EQ(0, syncobj_create(self->fd, &sync[i / EACH - 1]));
			job_out(&job, sync[i / EACH - 1], 0);
		}
		ASSERT_EQ(0, job_submit(self->fd, &job));
	}
	for (i = 0; i < ARRAY_SIZE(sync); i++)
		ASSERT_EQ(0, syncobj_wait(self->fd, sync[i], 0));
	for (i = JOBS; i > JOBS - KEPT; i--) {
		ASSERT_EQ(0, job_result(self->fd, ctx, i, &result)) {
			TH_LOG("job %u", i);
		}
		EXPECT_EQ(NMC_STATUS_ABORTED, result.status);
	}
	for (; i; i--)
		EXPECT_EQ(-ENOENT, job_result(self->fd, ctx, i, &result));
}

TEST_F_TIMEOUT(timeout, stuck_job_fails_alone, 180)
{
	struct drm_nmc_job_result result;
	struct test_stream stuck;
	struct test_job job, behind;
	uint32_t first, second, sync[3], i;

	ASSERT_EQ(0, context_create(self->fd, NULL, 0, &first));
	ASSERT_EQ(0, context_create(self->fd, NULL, 0, &second));
	ASSERT_EQ(0, stuck_stream(self->fd, &stuck));
	for (i = 0; i < ARRAY_SIZE(sync); i++)
		ASSERT_EQ(0, syncobj_create(self->fd, &sync[i]));
	job_init(&job, first, &stuck);
	job_out(&job, sync[0], 0);
	ASSERT_EQ(0, job_submit(self->fd, &job));
	job_init(&behind, first, &self->empty);
	job_out(&behind, sync[1], 0);
	ASSERT_EQ(0, job_submit(self->fd, &behind));
	job_init(&behind, second, &self->empty);
	job_out(&behind, sync[2], 0);
	ASSERT_EQ(0, job_submit(self->fd, &behind));
	for (i = 0; i < ARRAY_SIZE(sync); i++)
		ASSERT_EQ(0, syncobj_wait(self->fd, sync[i], 0));

	/* It was begun and stopped, and its context is banned; the card never saw what stood behind. */
	EXPECT_EQ(-ETIME, syncobj_status(self->fd, sync[0]));
	ASSERT_EQ(0, job_result(self->fd, first, 1, &result));
	EXPECT_EQ(NMC_STATUS_ABORTED, result.status);
	EXPECT_EQ(NMC_FAULT_ABORTED, result.fault.cause);
	EXPECT_EQ(-ECANCELED, job_submit(self->fd, &job));
	EXPECT_EQ(-ECANCELED, syncobj_status(self->fd, sync[1]));
	ASSERT_EQ(0, job_result(self->fd, first, 2, &result));
	EXPECT_EQ(NMC_STATUS_ABORTED, result.status);
	EXPECT_EQ(NMC_FAULT_NONE, result.fault.cause);

	/* Another context notices nothing. */
	EXPECT_EQ(1, syncobj_status(self->fd, sync[2]));
	ASSERT_EQ(0, job_result(self->fd, second, 1, &result));
	EXPECT_EQ(NMC_STATUS_OK, result.status);
	ASSERT_EQ(0, job_run(self->fd, &behind, &result));
	EXPECT_EQ(NMC_STATUS_OK, result.status);
}

/*
 * Begins a job behind that of @sync every tenth of a second; how many until it ends, or 100: many
 * time-outs.
 */
static uint32_t keep_coming(int fd, uint32_t ctx, struct test_stream *s, uint32_t sync)
{
	struct test_job job;
	uint32_t n;

	job_init(&job, ctx, s);
	for (n = 0; n < 100 && !syncobj_status(fd, sync); n++) {
		if (job_submit(fd, &job))
			break;
		usleep(100000);
	}
	return n;
}

TEST_F_TIMEOUT(timeout, later_jobs_put_nothing_off, 180)
{
	uint32_t first, second, sync;
	struct test_stream stuck;
	struct test_job job;

	ASSERT_EQ(0, context_create(self->fd, NULL, 0, &first));
	ASSERT_EQ(0, context_create(self->fd, NULL, 0, &second));
	ASSERT_EQ(0, stuck_stream(self->fd, &stuck));
	ASSERT_EQ(0, syncobj_create(self->fd, &sync));
	job_init(&job, first, &stuck);
	job_out(&job, sync, 0);
	ASSERT_EQ(0, job_submit(self->fd, &job));
	EXPECT_GT(100, keep_coming(self->fd, second, &self->empty, sync));
	EXPECT_EQ(-ETIME, syncobj_status(self->fd, sync));
}

/* It moves and would last for hours. */
TEST_F_TIMEOUT(timeout, later_jobs_keep_no_orphan, 180)
{
	uint32_t first, second, sync;
	struct test_stream slow;
	struct test_job job;

	ASSERT_EQ(0, context_create(self->fd, NULL, 0, &first));
	ASSERT_EQ(0, context_create(self->fd, NULL, 0, &second));
	ASSERT_EQ(0, slow_stream(self->fd, &slow, 60000));
	ASSERT_EQ(0, syncobj_create(self->fd, &sync));
	job_init(&job, first, &slow);
	job_out(&job, sync, 0);
	ASSERT_EQ(0, job_submit(self->fd, &job));
	usleep(100000);
	ASSERT_EQ(0, context_destroy(self->fd, first));
	EXPECT_GT(100, keep_coming(self->fd, second, &self->empty, sync));
	EXPECT_EQ(-ECANCELED, syncobj_status(self->fd, sync));
}

/* Queues jobs that would take hours on every queue, says so and waits to be killed. */
static void client(uint32_t queues, int ready)
{
	struct test_stream slow;
	struct test_job job;
	uint32_t ctx, i, k;
	int fd = nmc_open_device();

	if (fd < 0 || slow_stream(fd, &slow, 60000))
		_exit(1);
	for (i = 0; i < queues; i++) {
		if (context_create(fd, NULL, 0, &ctx))
			_exit(2);
		job_init(&job, ctx, &slow);
		for (k = 0; k < 100; k++)
			if (job_submit(fd, &job))
				_exit(3);
	}
	if (write(ready, "r", 1) != 1)
		_exit(4);
	for (;;)
		pause();
}

TEST_F_TIMEOUT(timeout, jobs_of_the_dead_end, 180)
{
	uint32_t ctx[NMC_MAX_QUEUES], sync[NMC_MAX_QUEUES], i;
	struct drm_nmc_job_result result;
	struct test_job job;
	int ready[2], status;
	pid_t pid;
	char c;

	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	if (!pid)
		client(self->queues, ready[1]);
	close(ready[1]);
	ASSERT_EQ(1, read(ready[0], &c, 1));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	for (i = 0; i < self->queues; i++) {
		ASSERT_EQ(0, context_create(self->fd, NULL, 0, &ctx[i]));
		ASSERT_EQ(0, syncobj_create(self->fd, &sync[i]));
		job_init(&job, ctx[i], &self->empty);
		job_out(&job, sync[i], 0);
		ASSERT_EQ(0, job_submit(self->fd, &job));
	}
	for (i = 0; i < self->queues; i++) {
		ASSERT_EQ(0, syncobj_wait(self->fd, sync[i], 0));
		ASSERT_EQ(0, job_result(self->fd, ctx[i], 1, &result));
		EXPECT_EQ(NMC_STATUS_OK, result.status);
	}
	close(ready[0]);
}

TEST_HARNESS_MAIN
