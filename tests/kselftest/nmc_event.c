// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events: subscription, reading, polling, dropping. A faulting job makes an entry in the error log,
 * which makes an event.
 */
#include "kselftest_harness.h"
#include "nmc_test.h"

#define POLL_MS		10000
#define SCRUB_JOBS	64		/* more than it takes to see each row of a tile */

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
	EXPECT_EQ(64, got);
	ASSERT_EQ(0, fault(self->fd, self->ctx, &self->bad));
	ASSERT_EQ(1, readable(self->fd, POLL_MS));
	ASSERT_EQ(sizeof(e), read(self->fd, &e, sizeof(e)));
	EXPECT_GT(e.dropped, 0);
	EXPECT_EQ(e.sequence, e.dropped + got + 1);
}

/*
 * Two days of relaxation take RRAM at mid range past five percent of deviation. The card finds
 * out by itself, at the end of a job, and says so once; its log tells the rest. With one row
 * programmed the log has one entry to make, and cannot move on between the event and the query. The
 * row has its turn within the next jobs of the set, once in as many as it takes to see all rows.
 */
TEST_F(event, deviation_of_an_aged_tile)
{
	int class_id = class_find(self->fd, NMC_TECH_RRAM);
	struct drm_nmc_job_result result;
	struct nmc_isa_program *erase, *program;
	struct nmc_isa_control *idle, *loop;
	struct nmc_isa_fill *fill;
	struct test_stream s, empty;
	struct drm_nmc_health health;
	struct drm_nmc_event e;
	struct drm_nmc_tile tile;
	struct test_job job;
	uint32_t set, ctx, i;

	if (class_id < 0)
		SKIP(return, "the card has no RRAM");
	ASSERT_EQ(0, tileset_create(self->fd, class_id, 1, &set));
	ASSERT_EQ(0, context_create(self->fd, &set, 1, &ctx));
	ASSERT_EQ(0, stream_create(self->fd, &s, 1 << NMC_GROUP_CONTROL | 1 << NMC_GROUP_DATA |
				   1 << NMC_GROUP_PROGRAM, 16384, 1, 1));
	fill = stream_add(&s, NMC_OP_FILL);
	fill->dst.pitch = 256;
	fill->words = 64;
	fill->rows = 1;
	fill->value = 13107 << 16 | 13107;
	/* Again and again: the time that it takes is what the scrub may take a hundredth of. Cells in their band take none. */
	loop = stream_add(&s, NMC_OP_LOOP);
	loop->count = 100;
	loop->body = 2;
	erase = stream_add(&s, NMC_OP_ERASE);
	erase->report = 8192;
	erase->rows = 1;
	erase->cols = 128;
	program = stream_add(&s, NMC_OP_PROGRAM);
	program->data.pitch = 256;
	program->report = 8192;
	program->rows = 1;
	program->cols = 128;
	idle = stream_add(&s, NMC_OP_IDLE);
	idle->time = 2 * 86400ull * 1000000000;
	stream_end(&s);
	ASSERT_EQ(0, subscribe(self->fd, 1 << NMC_EVENT_TILE_DEVIATION));
	job_init(&job, ctx, &s);
	ASSERT_EQ(0, job_run(self->fd, &job, &result));
	ASSERT_EQ(NMC_STATUS_OK, result.status);
	ASSERT_EQ(0, stream_create(self->fd, &empty, 1 << NMC_GROUP_CONTROL, 0, 1, 1));
	stream_end(&empty);
	job_init(&job, ctx, &empty);
	for (i = 0; i < SCRUB_JOBS && readable(self->fd, 100) == 0; i++)
		ASSERT_EQ(0, job_run(self->fd, &job, &result));
	ASSERT_EQ(1, readable(self->fd, 0));
	ASSERT_EQ(sizeof(e), read(self->fd, &e, sizeof(e)));
	EXPECT_EQ(NMC_EVENT_TILE_DEVIATION, e.type);
	ASSERT_EQ(0, query(self->fd, DRM_NMC_QUERY_HEALTH, 0, &health, sizeof(health)));
	EXPECT_GT(e.value, health.deviation_limit_ppm);
	EXPECT_GT(health.scrub_rows, 0);
	EXPECT_LE(health.scrub_ns, health.array_ns / 100);
	ASSERT_EQ(0, query(self->fd, DRM_NMC_QUERY_TILE, e.object, &tile, sizeof(tile)));
	EXPECT_EQ(1, tile.mine);
	EXPECT_EQ(e.value, tile.deviation_ppm);
	EXPECT_GT(tile.deviation_max_ppm, tile.deviation_ppm);
	EXPECT_GE(tile.scrubbed_ns, idle->time);
	EXPECT_EQ(program->cols, tile.scrubbed_cells);
	EXPECT_GT(tile.wear_max, 0);
	EXPECT_GT(tile.wear_mean_q8, 0);
	EXPECT_EQ(0, readable(self->fd, 200));
}

TEST_HARNESS_MAIN
