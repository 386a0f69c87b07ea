// SPDX-License-Identifier: GPL-2.0-only
/*
 * Submission: syncobjs of both kinds in and out, order, slots, ids, results that are forgotten.
 */
#include "kselftest_harness.h"
#include "nmc_test.h"

#define CONTEXT_JOBS	1024	/* of one context that have not ended */

FIXTURE(submit) {
	int fd;
	uint32_t ctx;
	struct test_stream s;
	struct test_job job;
	struct drm_nmc_job_result result;
};

FIXTURE_SETUP(submit)
{
	self->fd = nmc_open_device();
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, context_create(self->fd, NULL, 0, &self->ctx));
	ASSERT_EQ(0, stream_create(self->fd, &self->s, 1 << NMC_GROUP_CONTROL, 0, 1, 0));
	stream_end(&self->s);
	job_init(&self->job, self->ctx, &self->s);
}

FIXTURE_TEARDOWN(submit)
{
	close(self->fd);
}

TEST_F(submit, empty_job)
{
	ASSERT_EQ(0, job_run(self->fd, &self->job, &self->result));
	EXPECT_EQ(NMC_STATUS_OK, self->result.status);
	EXPECT_EQ(NMC_FAULT_NONE, self->result.fault.cause);
	EXPECT_EQ(1, self->result.job);
}

TEST_F(submit, ids_count_from_one)
{
	uint64_t i;

	for (i = 1; i <= 10; i++) {
		ASSERT_EQ(0, job_run(self->fd, &self->job, &self->result));
		EXPECT_EQ(i, self->result.job);
	}
	EXPECT_EQ(-ENOENT, job_result(self->fd, self->ctx, 0, &self->result));
	EXPECT_EQ(-ENOENT, job_result(self->fd, self->ctx, 11, &self->result));
	EXPECT_EQ(-ENOENT, job_result(self->fd, self->ctx + 1, 1, &self->result));
}

TEST_F(submit, results_are_forgotten_after_256)
{
	unsigned int i;

	for (i = 0; i < 256; i++)
		ASSERT_EQ(0, job_submit(self->fd, &self->job));
	ASSERT_EQ(0, job_run(self->fd, &self->job, &self->result));
	EXPECT_EQ(257, self->result.job);
	EXPECT_EQ(-ENOENT, job_result(self->fd, self->ctx, 1, &self->result));
	EXPECT_EQ(0, job_result(self->fd, self->ctx, 2, &self->result));
	EXPECT_EQ(0, job_result(self->fd, self->ctx, 257, &self->result));
}

TEST_F(submit, depth_beyond_the_ring)
{
	unsigned int i;

	for (i = 0; i < 2000; i++)
		ASSERT_EQ(0, job_submit(self->fd, &self->job));
	ASSERT_EQ(0, job_run(self->fd, &self->job, &self->result));
	EXPECT_EQ(2001, self->result.job);
	EXPECT_EQ(NMC_STATUS_OK, self->result.status);
}

TEST_F(submit, not_finished_is_busy)
{
	struct test_stream slow;
	struct test_job job;
	uint32_t sync;

	ASSERT_EQ(0, stream_create(self->fd, &slow, 1 << NMC_GROUP_CONTROL, 0, 1, 0));
	stream_nops(&slow, 4000, 1000);
	stream_end(&slow);
	job_init(&job, self->ctx, &slow);
	ASSERT_EQ(0, syncobj_create(self->fd, &sync));
	job_out(&job, sync, 0);
	ASSERT_EQ(0, job_submit(self->fd, &job));
	EXPECT_EQ(-EBUSY, job_result(self->fd, self->ctx, 1, &self->result));
	ASSERT_EQ(0, syncobj_wait(self->fd, sync, 0));
	EXPECT_EQ(0, job_result(self->fd, self->ctx, 1, &self->result));
	EXPECT_EQ(1, syncobj_status(self->fd, sync));
}

/*
 * The first job lasts long enough to be overtaken: when the second, in another context on another
 * queue, has ended, the first must have.
 */
static int slow_first(int fd, uint32_t ctx, struct test_stream *slow, struct test_job *job)
{
	int err = stream_create(fd, slow, 1 << NMC_GROUP_CONTROL, 0, 1, 0);

	if (err)
		return err;
	stream_nops(slow, 4000, 10000);
	stream_end(slow);
	job_init(job, ctx, slow);
	return 0;
}

TEST_F(submit, timeline_in_and_out)
{
	uint32_t other, timeline, end;
	struct test_stream slow;
	struct test_job first, second;

	ASSERT_EQ(0, context_create(self->fd, NULL, 0, &other));
	ASSERT_EQ(0, syncobj_create(self->fd, &timeline));
	ASSERT_EQ(0, syncobj_create(self->fd, &end));
	ASSERT_EQ(0, slow_first(self->fd, self->ctx, &slow, &first));
	job_out(&first, timeline, 5);
	ASSERT_EQ(0, job_submit(self->fd, &first));
	job_init(&second, other, &self->s);
	job_in(&second, timeline, 5);
	job_out(&second, end, 9);
	ASSERT_EQ(0, job_submit(self->fd, &second));
	ASSERT_EQ(0, syncobj_wait(self->fd, end, 9));
	EXPECT_EQ(0, job_result(self->fd, self->ctx, 1, &self->result));
	EXPECT_EQ(0, job_result(self->fd, other, 1, &self->result));
}

TEST_F(submit, binary_in_from_another_context)
{
	struct test_job first, second;
	struct test_stream slow;
	uint32_t other, sync;

	ASSERT_EQ(0, context_create(self->fd, NULL, 0, &other));
	ASSERT_EQ(0, syncobj_create(self->fd, &sync));
	ASSERT_EQ(0, slow_first(self->fd, self->ctx, &slow, &first));
	job_out(&first, sync, 0);
	ASSERT_EQ(0, job_submit(self->fd, &first));
	job_init(&second, other, &self->s);
	job_in(&second, sync, 0);
	ASSERT_EQ(0, job_run(self->fd, &second, &self->result));
	EXPECT_EQ(0, job_result(self->fd, self->ctx, 1, &self->result));
}

/* Without a syncobj between them: a buffer that one writes and the other reads. */
TEST_F(submit, a_reader_waits_for_the_writer)
{
	struct test_job first, second;
	struct test_stream slow;
	struct test_bo bo;
	uint32_t other;

	ASSERT_EQ(0, context_create(self->fd, NULL, 0, &other));
	ASSERT_EQ(0, bo_create(self->fd, 4096, &bo));
	ASSERT_EQ(0, slow_first(self->fd, self->ctx, &slow, &first));
	job_slot(&first, &bo, DRM_NMC_SLOT_WRITE);
	ASSERT_EQ(0, job_submit(self->fd, &first));
	job_init(&second, other, &self->s);
	job_slot(&second, &bo, DRM_NMC_SLOT_READ);
	ASSERT_EQ(0, job_run(self->fd, &second, &self->result));
	EXPECT_EQ(0, job_result(self->fd, self->ctx, 1, &self->result));
}

/* And that order is the buffer's alone: another job of that context overtakes. */
TEST_F(submit, others_overtake)
{
	struct test_job first, second;
	struct drm_nmc_device device;
	struct test_stream slow;
	uint32_t other;

	ASSERT_EQ(0, query(self->fd, DRM_NMC_QUERY_DEVICE, 0, &device, sizeof(device)));
	if (device.queues < 2 || device.engines < 2)
		SKIP(return, "one job at a time");
	ASSERT_EQ(0, context_create(self->fd, NULL, 0, &other));
	ASSERT_EQ(0, slow_first(self->fd, self->ctx, &slow, &first));
	ASSERT_EQ(0, job_submit(self->fd, &first));
	job_init(&second, other, &self->s);
	ASSERT_EQ(0, job_run(self->fd, &second, &self->result));
	EXPECT_EQ(-EBUSY, job_result(self->fd, self->ctx, 1, &self->result));
}

TEST_F(submit, syncobjs_refused)
{
	uint32_t empty;

	ASSERT_EQ(0, syncobj_create(self->fd, &empty));
	job_in(&self->job, 9999, 0);
	EXPECT_EQ(-ENOENT, job_submit(self->fd, &self->job));
	self->job.in[0].handle = empty;
	EXPECT_EQ(-EINVAL, job_submit(self->fd, &self->job));
	self->job.submit.in_count = 0;
	job_out(&self->job, 9999, 0);
	EXPECT_EQ(-ENOENT, job_submit(self->fd, &self->job));
	self->job.out[0].handle = empty;
	self->job.out[0].flags = 1;
	EXPECT_EQ(-EINVAL, job_submit(self->fd, &self->job));
	self->job.out[0].flags = 0;
	self->job.submit.out_count = 65;
	EXPECT_EQ(-E2BIG, job_submit(self->fd, &self->job));
	self->job.submit.out_count = 1;
	self->job.submit.sync_stride = 8;
	EXPECT_EQ(-EINVAL, job_submit(self->fd, &self->job));
}

TEST_F(submit, all_64_slots)
{
	struct test_bo bo[63];
	unsigned int i;

	for (i = 0; i < 63; i++) {
		ASSERT_EQ(0, bo_create(self->fd, 4096 * (1 + i % 3), &bo[i]));
		job_slot(&self->job, &bo[i], DRM_NMC_SLOT_READ | DRM_NMC_SLOT_WRITE);
	}
	ASSERT_EQ(0, job_run(self->fd, &self->job, &self->result));
	EXPECT_EQ(NMC_STATUS_OK, self->result.status);
	self->job.submit.slot_count = 65;
	EXPECT_EQ(-E2BIG, job_submit(self->fd, &self->job));
}

TEST_F(submit, one_buffer_in_many_slots)
{
	unsigned int i;

	for (i = 1; i < 64; i++)
		job_slot(&self->job, &self->s.bo, DRM_NMC_SLOT_READ | DRM_NMC_SLOT_WRITE);
	ASSERT_EQ(0, job_run(self->fd, &self->job, &self->result));
	EXPECT_EQ(NMC_STATUS_OK, self->result.status);
}

TEST_F(submit, slots_refused)
{
	struct drm_nmc_slot *slot = self->job.slots, good = *slot;

	slot->handle = 9999;
	EXPECT_EQ(-ENOENT, job_submit(self->fd, &self->job));
	*slot = good;
	slot->flags = 0;
	EXPECT_EQ(-EINVAL, job_submit(self->fd, &self->job));
	slot->flags = DRM_NMC_SLOT_READ | 4;
	EXPECT_EQ(-EINVAL, job_submit(self->fd, &self->job));
	slot->flags = DRM_NMC_SLOT_WRITE;
	EXPECT_EQ(-EINVAL, job_submit(self->fd, &self->job));
	*slot = good;
	slot->size = 0;
	EXPECT_EQ(-EINVAL, job_submit(self->fd, &self->job));
	slot->size = good.size + 1;
	EXPECT_EQ(-EINVAL, job_submit(self->fd, &self->job));
	slot->size = good.size;
	slot->offset = ~0ull;
	EXPECT_EQ(-EINVAL, job_submit(self->fd, &self->job));
	*slot = good;
	self->job.submit.slot_stride = 23;
	EXPECT_EQ(-EINVAL, job_submit(self->fd, &self->job));
	self->job.submit.slot_stride = sizeof(good);
	self->job.submit.slots = 8;
	EXPECT_EQ(-EFAULT, job_submit(self->fd, &self->job));
	self->job.submit.slot_count = 0;
	EXPECT_EQ(-EINVAL, job_submit(self->fd, &self->job));
}

TEST_F(submit, streams_refused)
{
	struct drm_nmc_submit *args = &self->job.submit, good = *args;

	args->stream_slot = 1;
	EXPECT_EQ(-EINVAL, job_submit(self->fd, &self->job));
	*args = good;
	args->stream_offset = 8;
	EXPECT_EQ(-EINVAL, job_submit(self->fd, &self->job));
	*args = good;
	args->stream_bytes = 0;
	EXPECT_EQ(-EINVAL, job_submit(self->fd, &self->job));
	args->stream_bytes = 100;
	EXPECT_EQ(-EINVAL, job_submit(self->fd, &self->job));
	args->stream_bytes = 1ull << 40;
	EXPECT_EQ(-EINVAL, job_submit(self->fd, &self->job));
	*args = good;
	args->stream_offset = ~63ull;
	EXPECT_EQ(-EINVAL, job_submit(self->fd, &self->job));
	*args = good;
	args->context = 999;
	EXPECT_EQ(-ENOENT, job_submit(self->fd, &self->job));
}

TEST_F(submit, destroyed_context_cancels)
{
	struct test_stream slow;
	struct test_job job;
	uint32_t sync, i;
	int status;

	ASSERT_EQ(0, stream_create(self->fd, &slow, 1 << NMC_GROUP_CONTROL, 0, 1, 0));
	stream_nops(&slow, 1000, 1000);
	stream_end(&slow);
	job_init(&job, self->ctx, &slow);
	for (i = 0; i < 200; i++)
		ASSERT_EQ(0, job_submit(self->fd, &job));
	ASSERT_EQ(0, syncobj_create(self->fd, &sync));
	job_out(&job, sync, 0);
	ASSERT_EQ(0, job_submit(self->fd, &job));
	ASSERT_EQ(0, context_destroy(self->fd, self->ctx));
	ASSERT_EQ(0, syncobj_wait(self->fd, sync, 0));
	status = syncobj_status(self->fd, sync);
	EXPECT_EQ(-ECANCELED, status);
}

/*
 * A job that is cancelled before it came to the card ends after those of its context that the card
 * has: who waits for the last of them knows of no other. It comes to its turn, by a job of another
 * context, while the one before it runs.
 */
TEST_F(submit, cancelled_in_order)
{
	uint32_t other, first, second, turn;
	struct test_stream slow, shorter;
	struct test_job job;

	ASSERT_EQ(0, context_create(self->fd, NULL, 0, &other));
	ASSERT_EQ(0, stream_create(self->fd, &slow, 1 << NMC_GROUP_CONTROL, 0, 1, 0));
	stream_nops(&slow, 2000, 60000);
	stream_end(&slow);
	ASSERT_EQ(0, stream_create(self->fd, &shorter, 1 << NMC_GROUP_CONTROL, 0, 1, 0));
	stream_nops(&shorter, 500, 60000);
	stream_end(&shorter);
	ASSERT_EQ(0, syncobj_create(self->fd, &first));
	ASSERT_EQ(0, syncobj_create(self->fd, &second));
	ASSERT_EQ(0, syncobj_create(self->fd, &turn));
	job_init(&job, self->ctx, &slow);
	job_out(&job, first, 0);
	ASSERT_EQ(0, job_submit(self->fd, &job));
	job_init(&job, other, &shorter);
	job_out(&job, turn, 0);
	ASSERT_EQ(0, job_submit(self->fd, &job));
	job_init(&job, self->ctx, &slow);
	job_in(&job, turn, 0);
	job_out(&job, second, 0);
	ASSERT_EQ(0, job_submit(self->fd, &job));
	usleep(200000);	/* the first is on the card by now */
	ASSERT_EQ(0, context_destroy(self->fd, self->ctx));
	ASSERT_EQ(0, syncobj_wait(self->fd, second, 0));
	EXPECT_NE(0, syncobj_status(self->fd, first));
}

static void nothing(int number)
{
	(void)number;
}

/* The first job does not end by itself, so that none of those behind it does. */
TEST_F(submit, bounded_per_context)
{
	struct sigaction action = { .sa_handler = nothing };
	struct test_stream endless;
	struct test_job job;
	uint32_t other, i;

	ASSERT_EQ(0, stream_create(self->fd, &endless, 1 << NMC_GROUP_CONTROL, 0, 1, 0));
	stream_nops(&endless, 60000, 60000);
	stream_end(&endless);
	job_init(&job, self->ctx, &endless);
	ASSERT_EQ(0, sigaction(SIGALRM, &action, NULL));
	for (i = 0; i < CONTEXT_JOBS; i++)
		ASSERT_EQ(0, job_submit(self->fd, &job));
	job.submit.job = 0;
	alarm(1);
	EXPECT_EQ(-1, ioctl(self->fd, DRM_IOCTL_NMC_SUBMIT, &job.submit));
	EXPECT_EQ(EINTR, errno);
	ASSERT_EQ(0, context_create(self->fd, NULL, 0, &other));
	self->job.submit.context = other;
	EXPECT_EQ(0, job_submit(self->fd, &self->job));
}

TEST_F(submit, buffer_is_busy_while_written)
{
	struct drm_nmc_bo_wait wait = { 0 };
	struct test_stream slow;
	struct test_job job;
	struct test_bo bo;

	ASSERT_EQ(0, bo_create(self->fd, 4096, &bo));
	ASSERT_EQ(0, stream_create(self->fd, &slow, 1 << NMC_GROUP_CONTROL, 0, 2, 0));
	stream_nops(&slow, 4000, 1000);
	stream_end(&slow);
	job_init(&job, self->ctx, &slow);
	job_slot(&job, &bo, DRM_NMC_SLOT_WRITE);
	ASSERT_EQ(0, job_submit(self->fd, &job));
	wait.handle = bo.handle;
	EXPECT_EQ(-EBUSY, nmc_call(self->fd, DRM_IOCTL_NMC_BO_WAIT, &wait));
	wait.timeout_ns = 1;
	EXPECT_EQ(-ETIMEDOUT, nmc_call(self->fd, DRM_IOCTL_NMC_BO_WAIT, &wait));
	wait.timeout_ns = INT64_MAX;
	EXPECT_EQ(0, nmc_call(self->fd, DRM_IOCTL_NMC_BO_WAIT, &wait));
	EXPECT_EQ(0, job_result(self->fd, self->ctx, 1, &self->result));
}

TEST_HARNESS_MAIN
