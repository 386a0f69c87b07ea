// SPDX-License-Identifier: MIT
/*
 * A device through the public header: what it is, what it counts, what it tells, and many threads on one. The card is
 * the one that NMC_DEVICE names, in-process if it names none: both doors must pass the same test.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "isa/nmc_isa.h"
#include "nmc.h"

#define POLL_MS		20000	/* for what must come: longer than any machine takes */

static const char *uri;

static bool in_process(void)
{
	return !strncmp(uri, "sim:", 4);
}

static struct nmc_device *open_device(void)
{
	struct nmc_device *device;

	if (nmc_device_open(NULL, &device))
		fail_msg("%s: %s", uri, nmc_last_error());
	return device;
}

static void get_info(struct nmc_device *device, struct nmc_device_info *info)
{
	*info = (struct nmc_device_info)NMC_DEVICE_INFO_INIT;
	assert_int_equal(nmc_device_info(device, info), 0);
}

/* NULL opens what NMC_DEVICE names, a URI what it says itself. */
static void environment(void **state)
{
	int cards = nmc_device_enumerate(NULL, 0);
	struct nmc_device *device = open_device();
	struct nmc_device_info info;

	(void)state;
	get_info(device, &info);
	assert_string_equal(info.uri, uri);
	nmc_device_close(device);
	assert_int_equal(setenv("NMC_DEVICE", "gpu:0", 1), 0);
	assert_int_equal(nmc_device_open(NULL, &device), -EINVAL);
	assert_null(device);
	assert_non_null(strstr(nmc_last_error(), "\"gpu:0\""));
	assert_int_equal(nmc_device_open("sim:ideal?tiles=1", &device), 0);
	get_info(device, &info);
	assert_string_equal(info.uri, "sim:ideal?tiles=1");
	nmc_device_close(device);
	/* Empty is as if it were not there: the first card behind the kernel, or words on how to get one. */
	assert_int_equal(setenv("NMC_DEVICE", "", 1), 0);
	if (cards > 0) {
		assert_int_equal(nmc_device_open(NULL, &device), 0);
		nmc_device_close(device);
	} else {
		assert_int_equal(nmc_device_open(NULL, &device), -ENODEV);
		assert_non_null(strstr(nmc_last_error(), "NMC_DEVICE=sim:"));
	}
	assert_int_equal(setenv("NMC_DEVICE", uri, 1), 0);
}

/* What is listed can be opened and says the same of itself; the card of this test is in the list. */
static void enumeration(void **state)
{
	struct nmc_device_entry entries[16] = { 0 };
	int i, n = nmc_device_enumerate(entries, 16);
	bool found = in_process();

	(void)state;
	assert_in_range(n, 0, 16);
	assert_int_equal(nmc_device_enumerate(NULL, 0), n);
	for (i = 0; i < n; i++) {
		struct nmc_device_info info;
		struct nmc_device *device;

		assert_int_equal(nmc_device_open(entries[i].uri, &device), entries[i].error);
		if (entries[i].error)
			continue;
		get_info(device, &info);
		assert_string_equal(info.uri, entries[i].uri);
		assert_string_equal(info.name, entries[i].name);
		assert_string_equal(info.pci, entries[i].pci);
		found |= !strcmp(entries[i].uri, uri);
		nmc_device_close(device);
	}
	assert_true(found);
}

static struct nmc_tile_info *all_tiles(struct nmc_device *device, unsigned int *count)
{
	struct nmc_device_info info;
	struct nmc_tile_info *tiles;

	get_info(device, &info);
	tiles = calloc(info.tiles + 1, sizeof(*tiles));
	assert_non_null(tiles);
	assert_int_equal(nmc_device_tiles(device, 0, tiles, info.tiles + 1), info.tiles);
	*count = info.tiles;
	return tiles;
}

static unsigned int mine(struct nmc_device *device, unsigned int class_index)
{
	unsigned int i, count, n = 0;
	struct nmc_tile_info *tiles = all_tiles(device, &count);

	for (i = 0; i < count; i++) {
		if (!tiles[i].mine)
			continue;
		assert_int_equal(tiles[i].class_index, class_index);
		assert_string_equal(nmc_tile_status_name(tiles[i].status), "owned");
		n++;
	}
	free(tiles);
	return n;
}

/* Every tile is there once, in order, wherever reading begins; their states add up to what health says. */
static void tiles(void **state)
{
	struct nmc_class_info class = NMC_CLASS_INFO_INIT;
	struct nmc_health health = NMC_HEALTH_INIT;
	struct nmc_device *device = open_device();
	unsigned int i, count, by_status[NMC_TILE_STATUSES] = { 0 };
	struct nmc_tile_info *all = all_tiles(device, &count), part[2];
	struct nmc_tileset *set;
	int index = nmc_device_find_class(device, "digital");

	(void)state;
	for (i = 0; i < count; i++) {
		assert_int_equal(all[i].tile, i);
		assert_in_range(all[i].status, 0, NMC_TILE_STATUSES - 1);
		assert_int_equal(nmc_device_class(device, all[i].class_index, &class), 0);
		by_status[all[i].status]++;
	}
	assert_int_equal(nmc_device_health(device, &health), 0);
	assert_int_equal(by_status[NMC_TILE_STATUS_RETIRED], health.tiles_by_status[NMC_TILE_STATUS_RETIRED]);
	assert_int_equal(by_status[NMC_TILE_STATUS_OWNED], health.tiles_by_status[NMC_TILE_STATUS_OWNED]);
	assert_int_equal(nmc_device_tiles(device, count, part, 2), 0);
	assert_int_equal(nmc_device_tiles(device, count - 1, part, 2), 1);
	assert_int_equal(part[0].tile, count - 1);
	assert_int_equal(nmc_device_tiles(device, 1, part, 2), 2);
	assert_int_equal(part[1].tile, 2);
	assert_int_equal(mine(device, 0), 0);
	assert_true(index >= 0);
	assert_int_equal(nmc_tileset_create(device, (unsigned int)index, 2, &set), 0);
	assert_int_equal(mine(device, (unsigned int)index), 2);
	nmc_tileset_destroy(set);
	assert_string_equal(nmc_tile_status_name(99), "unknown");
	free(all);
	nmc_device_close(device);
}

/* One context on two digital tiles, a buffer each way, and a stream. */
struct rig {
	struct nmc_device *device;
	struct nmc_tileset *set;
	struct nmc_context *context;
	struct nmc_buffer *from;
	struct nmc_buffer *to;
	struct nmc_stream *stream;
};

static void rig_open(struct rig *r)
{
	int index;

	r->device = open_device();
	index = nmc_device_find_class(r->device, "digital");
	assert_true(index >= 0);
	assert_int_equal(nmc_tileset_create(r->device, (unsigned int)index, 2, &r->set), 0);
	assert_int_equal(nmc_context_create(r->device, &r->set, 1, &r->context), 0);
	assert_int_equal(nmc_buffer_create(r->device, 4096, &r->from), 0);
	assert_int_equal(nmc_buffer_create(r->device, 4096, &r->to), 0);
	assert_int_equal(nmc_stream_create(8192, &r->stream), 0);
}

static void rig_close(struct rig *r)
{
	nmc_stream_destroy(r->stream);
	nmc_buffer_destroy(r->to);
	nmc_buffer_destroy(r->from);
	nmc_context_destroy(r->context);
	nmc_tileset_destroy(r->set);
	nmc_device_close(r->device);
}

static int run(struct rig *r)
{
	struct nmc_slot_ref slots[] = { { r->from, false }, { r->to, true } };
	uint64_t job;

	if (nmc_job_submit(r->context, r->stream, slots, 2, &job))
		fail_msg("%s", nmc_last_error());
	return nmc_job_wait(r->context, job, -1, NULL);
}

/* What was programmed goes, and nothing else has to be said. */
static void erased(struct rig *r, uint32_t rows, uint32_t cols)
{
	struct nmc_isa_program read = { .c.opcode = NMC_OP_READ, .tile = 1, .data = { 0, cols * 2, 0 },
					.rows = (uint16_t)rows, .cols = (uint16_t)cols };
	const struct nmc_isa_report *report = nmc_buffer_data(r->to);
	const int16_t *weight = nmc_buffer_data(r->from);
	struct nmc_slot_ref slots[] = { { r->from, true }, { r->to, true } };
	struct nmc_stream *s;
	uint64_t job;
	uint32_t i;

	assert_int_equal(nmc_stream_create(8192, &s), 0);
	assert_int_equal(nmc_stream_erase(s, 0, 1, 1024, rows, cols), 0);
	assert_int_equal(nmc_stream_raw(s, &read), 0);
	assert_int_equal(nmc_stream_store(s, 1, 0, sizeof(*report), 1, sizeof(*report), (struct nmc_operand){ 1024, 0, 0 }), 0);
	assert_int_equal(nmc_stream_store(s, 0, 0, cols * 2, rows, cols * 2, (struct nmc_operand){ 0, cols * 2, 0 }), 0);
	if (nmc_job_submit(r->context, s, slots, 2, &job) || nmc_job_wait(r->context, job, -1, NULL))
		fail_msg("%s", nmc_last_error());
	assert_int_equal(report->cells, rows * cols);
	for (i = 0; i < rows * cols; i++)
		assert_int_equal(weight[i], 0);
	nmc_stream_destroy(s);
}

/* By hand: weights into a tile, two vectors through it in a loop, and instructions that have no function of their own. */
static void streams(void **state)
{
	enum { ROWS = 4, COLS = 3, VECTORS = 2, WEIGHTS_AT = 0, REPORT_AT = 1024, IN_AT = 2048, OUT_AT = 4096, PITCH = 64 };
	static const int16_t weights[ROWS][COLS] = { { 1, -2, 3 }, { 127, 0, -127 }, { 5, 6, 7 }, { 0, 0, 1 } };
	static const int8_t in[VECTORS][ROWS] = { { 1, 2, 3, 4 }, { -127, 127, 0, 1 } };
	static const int32_t want[VECTORS][COLS] = { { 270, 16, -226 }, { 16002, 254, -16509 } };
	static const int8_t errors[VECTORS][COLS] = { { 1, 2, 3 }, { -1, 0, 127 } };
	static const int32_t passed[VECTORS][ROWS] = { { 6, -254, 38, 3 }, { 380, -16256, 884, 127 } };
	struct nmc_isa_control nop = { .c.opcode = NMC_OP_NOP };
	struct nmc_mvm mvm = { .tile = 1, .in = { IN_AT, PITCH, PITCH }, .out = { OUT_AT, PITCH, PITCH }, .vectors = 1,
			       .rows = ROWS, .outputs = COLS };
	struct rig r;
	uint8_t *from;

	(void)state;
	rig_open(&r);
	from = nmc_buffer_data(r.from);
	memcpy(from, weights, sizeof(weights));
	memcpy(from + 1024, in, sizeof(in));
	memcpy(from + 1280, errors, sizeof(errors));
	assert_int_equal(nmc_stream_load(r.stream, 0, 0, 0, 1, sizeof(weights), (struct nmc_operand){ .addr = WEIGHTS_AT }), 0);
	assert_int_equal(nmc_stream_program(r.stream, 0, 1, (struct nmc_operand){ .pitch = COLS * 2 }, REPORT_AT, ROWS, COLS), 0);
	assert_int_equal(nmc_stream_raw(r.stream, &nop), 0);
	assert_int_equal(nmc_stream_load(r.stream, 0, 1024, ROWS, VECTORS, ROWS, (struct nmc_operand){ IN_AT, PITCH, 0 }), 0);
	assert_int_equal(nmc_stream_loop(r.stream, VECTORS, 1), 0);
	assert_int_equal(nmc_stream_mvm(r.stream, &mvm), 0);
	assert_int_equal(nmc_stream_store(r.stream, 1, 0, COLS * 4, VECTORS, COLS * 4, (struct nmc_operand){ OUT_AT, PITCH, 0 }), 0);
	mvm.backward = true;
	assert_int_equal(nmc_stream_load(r.stream, 0, 1280, COLS, VECTORS, COLS, (struct nmc_operand){ IN_AT, PITCH, 0 }), 0);
	assert_int_equal(nmc_stream_loop(r.stream, VECTORS, 1), 0);
	assert_int_equal(nmc_stream_mvm(r.stream, &mvm), 0);
	assert_int_equal(nmc_stream_store(r.stream, 1, 512, ROWS * 4, VECTORS, ROWS * 4, (struct nmc_operand){ OUT_AT, PITCH, 0 }), 0);
	if (run(&r))
		fail_msg("%s", nmc_last_error());
	assert_memory_equal(nmc_buffer_data(r.to), want, sizeof(want));
	assert_memory_equal((uint8_t *)nmc_buffer_data(r.to) + 512, passed, sizeof(passed));
	erased(&r, ROWS, COLS);
	/* What the instruction cannot hold is refused before the card sees it. */
	assert_int_equal(nmc_stream_erase(r.stream, 0, 1, REPORT_AT, 65536, COLS), -EINVAL);
	assert_non_null(strstr(nmc_last_error(), "65536"));
	mvm.rows = 65536;
	assert_int_equal(nmc_stream_mvm(r.stream, &mvm), -EINVAL);
	assert_non_null(strstr(nmc_last_error(), "65536"));
	rig_close(&r);
}

/* A wait that ends before its job changes nothing: the next one gets the outcome. */
static void waiting(void **state)
{
	struct nmc_job_report report = NMC_JOB_REPORT_INIT;
	struct nmc_isa_control nop = { .c.opcode = NMC_OP_NOP };
	struct rig r;
	uint64_t job;

	(void)state;
	rig_open(&r);
	assert_int_equal(nmc_stream_loop(r.stream, 5000000, 1), 0);
	assert_int_equal(nmc_stream_raw(r.stream, &nop), 0);
	assert_int_equal(nmc_job_submit(r.context, r.stream, NULL, 0, &job), 0);
	assert_int_equal(nmc_job_wait(r.context, job, 0, &report), -ETIMEDOUT);
	assert_non_null(strstr(nmc_last_error(), "has not ended"));
	assert_int_equal(nmc_job_wait(r.context, job, 1000000, NULL), -ETIMEDOUT);
	assert_int_equal(nmc_job_wait(r.context, job, -1, &report), 0);
	assert_int_equal(report.status, 0);
	rig_close(&r);
}

/* Many jobs under way, in all more than a context can have at a time: waits in another order, each for its own job. */
static void many_waits(void **state)
{
	enum { JOBS = 240 };
	struct nmc_job_report report = NMC_JOB_REPORT_INIT;
	struct nmc_isa_control nop = { .c.opcode = NMC_OP_NOP };
	uint64_t job[JOBS], round, i;
	struct rig r;

	(void)state;
	rig_open(&r);
	assert_int_equal(nmc_stream_loop(r.stream, 20000, 1), 0);
	assert_int_equal(nmc_stream_raw(r.stream, &nop), 0);
	for (round = 0; round < 6; round++) {
		for (i = 0; i < JOBS; i++)
			assert_int_equal(nmc_job_submit(r.context, r.stream, NULL, 0, &job[i]), 0);
		assert_int_equal(nmc_job_wait(r.context, job[0], -1, &report), 0);
		assert_int_equal(report.status, 0);
		for (i = JOBS; i--;) {
			assert_int_equal(nmc_job_wait(r.context, job[i], -1, &report), 0);
			assert_int_equal(report.status, 0);
		}
	}
	rig_close(&r);
}

static void *own_text(void *arg)
{
	struct nmc_device *device;
	bool *good = arg;

	*good = !strcmp(nmc_last_error(), "no error") && nmc_device_open("gpu:1", &device) == -EINVAL &&
		strstr(nmc_last_error(), "gpu:1");
	return NULL;
}

/* Errors have a text each; what went wrong last belongs to the thread that it went wrong in. */
static void texts_of_errors(void **state)
{
	struct nmc_device *device;
	bool good = false;
	pthread_t thread;

	(void)state;
	assert_string_equal(nmc_strerror(0), "success");
	assert_string_equal(nmc_strerror(-ENOSPC), "not enough free tiles");
	assert_string_equal(nmc_strerror(-ETIMEDOUT), "timed out");
	assert_string_equal(nmc_strerror(-EINVAL), strerror(EINVAL));
	assert_string_equal(nmc_strerror(-99999), "unknown error");
	assert_string_equal(nmc_strerror(1), "unknown error");
	assert_int_equal(nmc_device_open("gpu:0", &device), -EINVAL);
	assert_non_null(strstr(nmc_last_error(), "gpu:0"));
	assert_int_equal(pthread_create(&thread, NULL, own_text, &good), 0);
	pthread_join(thread, NULL);
	assert_true(good);
	assert_non_null(strstr(nmc_last_error(), "gpu:0"));
}

static void add_fault(struct rig *r)
{
	struct nmc_isa_control bad = { .c.opcode = NMC_ISA_OP(NMC_GROUP_CONTROL, 0xee) };

	assert_int_equal(nmc_stream_raw(r->stream, &bad), 0);
}

static void next_event(struct nmc_device *device, struct nmc_event *event)
{
	struct pollfd p = { .fd = nmc_device_event_fd(device), .events = POLLIN };

	assert_int_equal(poll(&p, 1, POLL_MS), 1);
	assert_int_equal(nmc_device_read_event(device, event), 0);
}

/* A job that faults leaves an entry in the log, newest first, and tells those who asked to be told. */
static void errors_and_events(void **state)
{
	struct nmc_error_info log[2];
	struct nmc_event event;
	uint64_t before;
	struct rig r;

	(void)state;
	rig_open(&r);
	add_fault(&r);
	assert_int_equal(nmc_device_read_event(r.device, &event), -EAGAIN);
	assert_int_equal(nmc_device_subscribe(r.device, 1ull << NMC_EVENT_KIND_ERROR), 0);
	assert_int_equal(run(&r), -EIO);
	next_event(r.device, &event);
	assert_int_equal(event.kind, NMC_EVENT_KIND_ERROR);
	assert_int_equal(event.sequence, 1);
	assert_int_equal(event.dropped, 0);
	before = event.value;
	assert_int_equal(run(&r), -EIO);
	next_event(r.device, &event);
	assert_int_equal(event.sequence, 2);
	assert_int_equal(event.value, before + 1);
	assert_int_equal(nmc_device_errors(r.device, log, 2), 2);
	assert_int_equal(log[0].sequence, before + 1);
	assert_int_equal(log[1].sequence, before);
	assert_non_null(strstr(log[0].text, "instruction 0: unknown opcode"));
	assert_int_equal(nmc_device_subscribe(r.device, 0), 0);
	assert_int_equal(run(&r), -EIO);
	assert_int_equal(nmc_device_read_event(r.device, &event), -EAGAIN);
	rig_close(&r);
}

enum { FAULTS = 16, READERS = 4 };

struct readers {
	struct nmc_device *device;
	unsigned int got;
	unsigned int times[FAULTS + 1];
};

static void *read_events(void *arg)
{
	struct readers *r = arg;
	struct nmc_event event;
	struct pollfd p = { .fd = nmc_device_event_fd(r->device), .events = POLLIN };
	int idle = 0;

	while (idle < POLL_MS / 10 && __atomic_load_n(&r->got, __ATOMIC_ACQUIRE) < FAULTS) {
		idle = poll(&p, 1, 10) ? 0 : idle + 1;
		if (nmc_device_read_event(r->device, &event))
			continue;
		if (event.sequence <= FAULTS)
			__atomic_fetch_add(&r->times[event.sequence], 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&r->got, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

/* However many threads take events, each event has its own number and goes to one of them. */
static void events_of_many_threads(void **state)
{
	struct readers readers = { 0 };
	pthread_t thread[READERS];
	struct rig r;
	int i;

	(void)state;
	rig_open(&r);
	add_fault(&r);
	readers.device = r.device;
	assert_int_equal(nmc_device_subscribe(r.device, 1ull << NMC_EVENT_KIND_ERROR), 0);
	for (i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, read_events, &readers), 0);
	for (i = 0; i < FAULTS; i++)
		assert_int_equal(run(&r), -EIO);
	for (i = 0; i < READERS; i++)
		pthread_join(thread[i], NULL);
	for (i = 1; i <= FAULTS; i++)
		assert_int_equal(readers.times[i], 1);
	rig_close(&r);
}

static uint64_t queue_jobs(struct nmc_device *device, unsigned int queues)
{
	struct nmc_queue_info info;
	uint64_t jobs = 0;
	unsigned int q;

	for (q = 1; q <= queues; q++) {
		assert_int_equal(nmc_device_queue(device, q, &info), 0);
		jobs += info.jobs;
	}
	return jobs;
}

/* Behind the kernel every job is counted by some queue; in-process there are none to count. */
static void queues(void **state)
{
	struct nmc_queue_info admin;
	struct nmc_device_info info;
	struct rig r;
	uint64_t before;
	int i;

	(void)state;
	rig_open(&r);
	get_info(r.device, &info);
	assert_true(info.queues >= 1);
	before = queue_jobs(r.device, info.queues);
	for (i = 0; i < 5; i++)
		assert_int_equal(run(&r), 0);
	assert_int_equal(queue_jobs(r.device, info.queues) - before, in_process() ? 0 : 5);
	assert_int_equal(nmc_device_queue(r.device, 0, &admin), 0);
	assert_true(in_process() ? !admin.jobs : admin.jobs && admin.doorbells && admin.mmio_writes);
	assert_int_equal(nmc_device_queue(r.device, info.queues + 1, &admin), -ENOENT);
	rig_close(&r);
}

/* This process in the list: its tiles, or -1 if it is not there exactly once; @sum is what all in the list hold. */
static int listed(struct nmc_device *device, uint32_t *sum)
{
	struct nmc_client_info clients[64];
	int i, n, times = 0, tiles_held = -1, tries = POLL_MS / 10;
	uint32_t hidden;

	/* What was given up a moment ago may not have reached the card. */
	while ((n = nmc_device_clients(device, clients, 64, &hidden)) >= 0 && hidden && tries--)
		poll(NULL, 0, 10);
	assert_in_range(n, 0, 64);
	assert_int_equal(hidden, 0);
	*sum = 0;
	for (i = 0; i < n; i++) {
		*sum += clients[i].tiles;
		if (clients[i].pid != getpid())
			continue;
		times++;
		tiles_held = (int)clients[i].tiles;
		assert_true(clients[i].jobs >= 1 && *clients[i].name);
	}
	return times == 1 ? tiles_held : -1;
}

/* A process is listed with all that it has open, but no open file counts twice: neither duplicated nor inherited. */
static void clients(void **state)
{
	int hold[2], copy, status;
	uint32_t before, sum;
	struct rig r, more;
	char byte;
	pid_t pid;

	(void)state;
	rig_open(&r);
	assert_int_equal(run(&r), 0);
	if (in_process()) {
		assert_int_equal(nmc_device_clients(r.device, NULL, 0, &sum), 0);
		assert_int_equal(sum, 0);
		rig_close(&r);
		return;
	}
	assert_int_equal(listed(r.device, &before), 2);
	rig_open(&more);
	assert_int_equal(listed(r.device, &sum), 4);
	assert_int_equal(sum, before + 2);
	rig_close(&more);
	copy = dup(nmc_device_event_fd(r.device));
	assert_true(copy >= 0);
	assert_int_equal(pipe(hold), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		close(hold[1]);
		_exit(read(hold[0], &byte, 1) != 0);
	}
	close(hold[0]);
	assert_int_equal(listed(r.device, &sum), 2);
	assert_int_equal(sum, before);
	close(hold[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(copy);
	rig_close(&r);
}

enum { THREADS = 4, ROUNDS = 3, INPUTS = 100, HIDDEN = 40, OUTPUTS = 10, VECTORS = 200 };

struct worker {
	struct nmc_device *device;
	unsigned int number;
	pthread_t thread;
	char error[512];
};

static struct nmc_network *make_network(unsigned int number)
{
	static _Thread_local float w[HIDDEN * INPUTS];
	struct nmc_network *network;
	unsigned int i;

	for (i = 0; i < HIDDEN * INPUTS; i++)
		w[i] = (float)((i * 7919 + number * 104729) % 255) - 127.0f;
	if (nmc_network_create(INPUTS, &network))
		return NULL;
	if (!nmc_network_add_dense(network, NULL, HIDDEN, w, NULL, NMC_ACTIVATION_RELU) &&
	    !nmc_network_add_dense(network, NULL, OUTPUTS, w, NULL, NMC_ACTIVATION_NONE))
		return network;
	nmc_network_destroy(network);
	return NULL;
}

/* A plan from beginning to end; 0 if perfect cells gave the reference. */
static int work(struct worker *w, const struct nmc_network *network)
{
	static _Thread_local float in[VECTORS * INPUTS];
	static _Thread_local int32_t want[VECTORS * OUTPUTS], got[VECTORS * OUTPUTS];
	struct nmc_plan_options options = NMC_PLAN_OPTIONS_INIT;
	struct nmc_health health = NMC_HEALTH_INIT;
	struct nmc_plan *plan;
	unsigned int i;
	int ret;

	for (i = 0; i < VECTORS * INPUTS; i++)
		in[i] = (float)((i * 31 + w->number) % 97) / 97.0f;
	options.class_name = "ideal";
	ret = nmc_plan_create(w->device, network, &options, &plan);
	if (!ret)
		ret = nmc_plan_program(plan, NULL, NULL, NULL);
	if (!ret)
		ret = nmc_device_health(w->device, &health);
	if (!ret)
		ret = nmc_plan_run_raw(plan, in, VECTORS, got, NULL);
	if (!ret)
		ret = nmc_plan_reference(plan, in, VECTORS, want);
	nmc_plan_destroy(plan);
	snprintf(w->error, sizeof(w->error), "%s", ret ? nmc_last_error() : "");
	if (!ret && memcmp(got, want, sizeof(got)))
		snprintf(w->error, sizeof(w->error), "differs from the reference");
	return *w->error;
}

static void *worker(void *arg)
{
	struct worker *w = arg;
	struct nmc_network *network = make_network(w->number);
	int round;

	if (!network)
		snprintf(w->error, sizeof(w->error), "%s", nmc_last_error());
	for (round = 0; network && round < ROUNDS && !work(w, network); round++)
		;
	nmc_network_destroy(network);
	return NULL;
}

/* Threads that share a device and nothing else do not disturb one another. */
static void threads(void **state)
{
	struct nmc_device *device = open_device();
	struct worker workers[THREADS] = { 0 };
	unsigned int i;

	(void)state;
	for (i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .device = device, .number = i };
		assert_int_equal(pthread_create(&workers[i].thread, NULL, worker, &workers[i]), 0);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	for (i = 0; i < THREADS; i++)
		if (*workers[i].error)
			fail_msg("thread %u: %s", i, workers[i].error);
	nmc_device_close(device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(environment),
		cmocka_unit_test(enumeration),
		cmocka_unit_test(tiles),
		cmocka_unit_test(streams),
		cmocka_unit_test(waiting),
		cmocka_unit_test(many_waits),
		cmocka_unit_test(texts_of_errors),
		cmocka_unit_test(errors_and_events),
		cmocka_unit_test(events_of_many_threads),
		cmocka_unit_test(queues),
		cmocka_unit_test(clients),
		cmocka_unit_test(threads),
	};

	setenv("NMC_DEVICE", "sim:", 0);
	uri = strdup(getenv("NMC_DEVICE"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
