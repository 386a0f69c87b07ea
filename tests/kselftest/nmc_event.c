// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events: subscription, reading, polling, dropping. A faulting job makes an entry in the error log,
 * which makes an event.
 */
#include "kselftest_harness.h"
#include "nmc_test.h"

#define POLL_MS		10000

FIXTURE(event) {
	int fd;
	uint32_t ctx;
	struct test_stream bad;
};

FIXTURE_SETUP(event)
{
	self->fd = nmc_open_device();
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, context_create(self->fd, NULL, 0, &self->ctx));
	ASSERT_EQ(0, stream_create(self->fd, &self->bad, 1 << NMC_GROUP_CONTROL, 0, 1, 0));
	stream_add(&self->bad, NMC_ISA_OP(NMC_GROUP_CONTROL, 0xee));
}

FIXTURE_TEARDOWN(event)
{
	close(self->fd);
}

static int subscribe(int fd, uint64_t mask)
{
	struct drm_nmc_event_subscribe args = { .mask = mask };

	return nmc_call(fd, DRM_IOCTL_NMC_EVENT_SUBSCRIBE, &args);
}

static int fault(int fd, uint32_t ctx, struct test_stream *bad)
{
	struct drm_nmc_job_result result;
	struct test_job job;

	job_init(&job, ctx, bad);
	return job_run(fd, &job, &result);
}

static int readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms);
}

TEST_F(event, error_is_delivered)
{
	struct drm_nmc_event e;
	struct drm_nmc_error log;

	ASSERT_EQ(0, subscribe(self->fd, 1 << NMC_EVENT_ERROR));
	EXPECT_EQ(0, readable(self->fd, 0));
	ASSERT_EQ(0, fault(self->fd, self->ctx, &self->bad));
	ASSERT_EQ(1, readable(self->fd, POLL_MS));
	ASSERT_EQ(sizeof(e), read(self->fd, &e, sizeof(e)));
	EXPECT_EQ(DRM_NMC_EVENT, e.base.type);
	EXPECT_EQ(sizeof(e), e.base.length);
	EXPECT_EQ(NMC_EVENT_ERROR, e.type);
	EXPECT_EQ(1, e.sequence);
	EXPECT_EQ(0, e.dropped);
	EXPECT_NE(0, e.time_ns);
	ASSERT_EQ(0, query(self->fd, DRM_NMC_QUERY_ERROR, 0, &log, sizeof(log)));
	EXPECT_EQ(e.value, log.sequence);
	EXPECT_EQ(NMC_STATUS_FAULT, log.status);
	EXPECT_EQ(NMC_FAULT_OPCODE, log.fault.cause);
}

TEST_F(event, fault_record_is_not_told_to_others)
{
	int other = nmc_open_device();
	struct drm_nmc_error log;

	ASSERT_GE(other, 0);
	ASSERT_EQ(0, fault(self->fd, self->ctx, &self->bad));
	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_EQ(0, setresuid(-1, 65534, -1));
	EXPECT_EQ(0, query(other, DRM_NMC_QUERY_ERROR, 0, &log, sizeof(log)));
	EXPECT_EQ(0, log.fault.cause);
	EXPECT_EQ(0, query(self->fd, DRM_NMC_QUERY_ERROR, 0, &log, sizeof(log)));
	EXPECT_EQ(NMC_FAULT_OPCODE, log.fault.cause);
	ASSERT_EQ(0, setresuid(-1, 0, -1));
	close(other);
}

TEST_F(event, nothing_without_subscription)
{
	ASSERT_EQ(0, fault(self->fd, self->ctx, &self->bad));
	EXPECT_EQ(0, readable(self->fd, 200));
}

TEST_F(event, empty_read_would_block)
{
	struct drm_nmc_event e;

	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-1, read(self->fd, &e, sizeof(e)));
	EXPECT_EQ(EAGAIN, errno);
}

TEST_F(event, short_read_keeps_the_event)
{
	struct drm_nmc_event e;

	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	ASSERT_EQ(0, subscribe(self->fd, 1 << NMC_EVENT_ERROR));
	ASSERT_EQ(0, fault(self->fd, self->ctx, &self->bad));
	ASSERT_EQ(1, readable(self->fd, POLL_MS));
	EXPECT_EQ(0, read(self->fd, &e, sizeof(e) - 1));
	EXPECT_EQ(sizeof(e), read(self->fd, &e, sizeof(e)));
}

/* Faults until the queue of the file must be full; what was lost is counted in the next event delivered. */
TEST_F(event, overflow_is_counted)
{
	struct drm_nmc_event e;
	uint64_t last = 0;
	int i, got = 0;

	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	ASSERT_EQ(0, subscribe(self->fd, 1 << NMC_EVENT_ERROR));
	for (i = 0; i < 100; i++)
		ASSERT_EQ(0, fault(self->fd, self->ctx, &self->bad));
	readable(self->fd, POLL_MS);
	usleep(300000);
	while (read(self->fd, &e, sizeof(e)) == sizeof(e)) {
		EXPECT_EQ(last + 1, e.sequence);
		last = e.sequence;
		got++;
	}
	EXPECT_LE(got, 64);
	ASSERT_EQ(0, fault(self->fd, self->ctx, &self->bad));
	ASSERT_EQ(1, readable(self->fd, POLL_MS));
	ASSERT_EQ(sizeof(e), read(self->fd, &e, sizeof(e)));
	EXPECT_EQ(e.sequence, e.dropped + got + 1);
}

TEST_HARNESS_MAIN
