// SPDX-License-Identifier: MIT
/*
 * Streams and jobs through the public header: results, faults in words, and life times: a stream may change or go while
 * its copy runs, and may outlive the device.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "nmc.h"

enum { BYTES = 4096 };

struct rig {
	struct nmc_device *device;
	struct nmc_context *context;
	struct nmc_buffer *from;
	struct nmc_buffer *to;
	struct nmc_stream *stream;
};

static void rig_open(struct rig *r)
{
	assert_int_equal(nmc_device_open("sim:ideal?tiles=4", &r->device), 0);
	assert_int_equal(nmc_context_create(r->device, NULL, 0, &r->context), 0);
	assert_int_equal(nmc_buffer_create(r->device, BYTES, &r->from), 0);
	assert_int_equal(nmc_buffer_create(r->device, BYTES, &r->to), 0);
	assert_int_equal(nmc_stream_create(BYTES, &r->stream), 0);
}

static void rig_close_all_but_stream(struct rig *r)
{
	nmc_context_destroy(r->context);
	nmc_buffer_destroy(r->from);
	nmc_buffer_destroy(r->to);
	nmc_device_close(r->device);
}

static void add_copy(struct rig *r, uint64_t offset, uint32_t bytes)
{
	struct nmc_operand sram = { 0 };

	assert_int_equal(nmc_stream_load(r->stream, 0, offset, 0, 1, bytes, sram), 0);
	assert_int_equal(nmc_stream_store(r->stream, 1, offset, 0, 1, bytes, sram), 0);
}

static uint64_t submit(struct rig *r)
{
	struct nmc_slot_ref slots[] = { { r->from, false }, { r->to, true } };
	uint64_t job = 0;

	if (nmc_job_submit(r->context, r->stream, slots, 2, &job))
		fail_msg("%s", nmc_last_error());
	return job;
}

static void copies(void **state)
{
	struct nmc_job_report report = NMC_JOB_REPORT_INIT;
	struct rig r;
	unsigned int i;

	(void)state;
	rig_open(&r);
	memset(nmc_buffer_data(r.from), 0x5a, BYTES);
	add_copy(&r, 0, BYTES);
	for (i = 1; i <= 300; i++) {
		memset(nmc_buffer_data(r.to), 0, BYTES);
		assert_int_equal(submit(&r), i);
		assert_int_equal(nmc_job_wait(r.context, i, -1, &report), 0);
		assert_memory_equal(nmc_buffer_data(r.to), nmc_buffer_data(r.from), BYTES);
	}
	assert_true(report.modelled_ns > 0);
	/* The last 256 are remembered. */
	assert_int_equal(nmc_job_wait(r.context, 300, 0, NULL), 0);
	assert_int_equal(nmc_job_wait(r.context, 301, 0, NULL), -ENOENT);
	assert_int_equal(nmc_job_wait(r.context, 1, 0, NULL), -ENOENT);
	nmc_stream_destroy(r.stream);
	rig_close_all_but_stream(&r);
}

static void faults(void **state)
{
	struct nmc_job_report report = NMC_JOB_REPORT_INIT;
	struct rig r;

	(void)state;
	rig_open(&r);
	add_copy(&r, 8, BYTES);
	assert_int_equal(nmc_job_wait(r.context, submit(&r), -1, &report), -EIO);
	assert_non_null(strstr(nmc_last_error(), "instruction 0"));
	assert_non_null(strstr(nmc_last_error(), "slot"));
	assert_int_equal(report.instruction, 0);
	assert_true(report.cause != 0);
	nmc_stream_destroy(r.stream);
	rig_close_all_but_stream(&r);
}

/* The library keeps a copy for the card: the stream may grow and go before the jobs have ended. */
static void stream_changes_in_flight(void **state)
{
	enum { LONG = 3000 };
	uint64_t job = 0;
	struct rig r;
	unsigned int i;

	(void)state;
	rig_open(&r);
	for (i = 0; i < LONG; i++)
		add_copy(&r, 0, BYTES);
	for (i = 0; i < 8; i++)
		job = submit(&r);
	add_copy(&r, 0, 64);
	job = submit(&r);
	nmc_stream_destroy(r.stream);
	for (i = 1; i <= job; i++)
		assert_int_equal(nmc_job_wait(r.context, i, -1, NULL), 0);
	rig_close_all_but_stream(&r);
}

static void stream_outlives_device(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r);
	add_copy(&r, 0, BYTES);
	assert_int_equal(nmc_job_wait(r.context, submit(&r), -1, NULL), 0);
	rig_close_all_but_stream(&r);
	nmc_stream_destroy(r.stream);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies),
		cmocka_unit_test(faults),
		cmocka_unit_test(stream_changes_in_flight),
		cmocka_unit_test(stream_outlives_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
