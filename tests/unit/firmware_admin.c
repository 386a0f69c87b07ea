// SPDX-License-Identifier: MIT
/*
 * Firmware: admin commands and their field checks, log pages, error log, events, heartbeat, hostile descriptors.
 */
#include "firmware_rig.h"

static const uint16_t opcodes[] = {
	NMC_ADMIN_IDENTIFY, NMC_ADMIN_CLASS, NMC_ADMIN_GET_FEATURE, NMC_ADMIN_SET_FEATURE, NMC_ADMIN_GET_LOG,
	NMC_ADMIN_QUEUE_CREATE, NMC_ADMIN_QUEUE_DELETE, NMC_ADMIN_QUEUE_STOP, NMC_ADMIN_QUEUE_START,
	NMC_ADMIN_CONTEXT_CREATE, NMC_ADMIN_CONTEXT_DESTROY, NMC_ADMIN_TILESET_CREATE, NMC_ADMIN_TILESET_RELEASE,
	NMC_ADMIN_TILESET_OPEN, NMC_ADMIN_TILESET_INFO,
};

static void identify(void **state)
{
	struct hal *hal = rig_make();
	struct nmc_identify id;

	(void)state;
	assert_int_equal(rig_data(hal, NMC_ADMIN_IDENTIFY, 0, &id, sizeof(id), NULL), NMC_STATUS_OK);
	assert_int_equal(id.serial, 77);
	assert_true(strlen(id.firmware) > 0 && strlen(id.firmware) < sizeof(id.firmware));
	assert_int_equal(rig_data(hal, NMC_ADMIN_IDENTIFY, 0, &id, sizeof(id) - 1, NULL), NMC_STATUS_NO_SPACE);
	assert_int_equal(rig_data(hal, NMC_ADMIN_IDENTIFY, 0, (void *)BAD_ADDR, sizeof(id), NULL), NMC_STATUS_DMA);
	assert_int_equal(rig_data(hal, NMC_ADMIN_IDENTIFY, 0, (char *)&id + 4, sizeof(id), NULL), NMC_STATUS_FIELD);
	rig_free(hal);
}

static void classes(void **state)
{
	struct hal *hal = rig_make();
	struct nmc_tile_class c;
	uint64_t result;

	(void)state;
	assert_string_equal(rig_class(hal, 1).name, "second");
	assert_int_equal(rig_admin(hal, (struct nmc_sqe){ .opcode = NMC_ADMIN_CLASS, .index = 2, .addr = (uintptr_t)&c,
							  .bytes = sizeof(c) }, &result), NMC_STATUS_NOT_FOUND);
	assert_int_equal(result, 2);
	rig_free(hal);
}

static unsigned int feature(struct hal *hal, unsigned int opcode, uint32_t index, uint64_t value, uint64_t *result)
{
	return rig_admin(hal, (struct nmc_sqe){ .opcode = opcode, .index = index, .value = value }, result);
}

static void features(void **state)
{
	struct hal *hal = rig_make();
	uint64_t value;

	(void)state;
	assert_int_equal(feature(hal, NMC_ADMIN_GET_FEATURE, NMC_FEATURE_DEVIATION_PPM, 0, &value), NMC_STATUS_OK);
	assert_int_equal(value, 50000);
	assert_int_equal(feature(hal, NMC_ADMIN_SET_FEATURE, NMC_FEATURE_DEVIATION_PPM, 100, NULL), NMC_STATUS_OK);
	assert_int_equal(feature(hal, NMC_ADMIN_GET_FEATURE, NMC_FEATURE_DEVIATION_PPM, 0, &value), NMC_STATUS_OK);
	assert_int_equal(value, 100);
	assert_int_equal(feature(hal, NMC_ADMIN_SET_FEATURE, NMC_FEATURE_DEVIATION_PPM, 0, NULL), NMC_STATUS_FIELD);
	assert_int_equal(feature(hal, NMC_ADMIN_SET_FEATURE, NMC_FEATURE_DEVIATION_PPM, 1000001, NULL),
			 NMC_STATUS_FIELD);
	assert_int_equal(feature(hal, NMC_ADMIN_SET_FEATURE, NMC_FEATURE_POWER_MODE, 1, NULL), NMC_STATUS_FIELD);
	assert_int_equal(feature(hal, NMC_ADMIN_SET_FEATURE, NMC_FEATURE_POWER_MODE, 0, NULL), NMC_STATUS_OK);
	assert_int_equal(feature(hal, NMC_ADMIN_SET_FEATURE, 5, 0, NULL), NMC_STATUS_NOT_FOUND);
	assert_int_equal(feature(hal, NMC_ADMIN_GET_FEATURE, 0, 0, NULL), NMC_STATUS_NOT_FOUND);
	assert_int_equal(feature(hal, NMC_ADMIN_GET_FEATURE, 5, 0, NULL), NMC_STATUS_NOT_FOUND);
	assert_int_equal(feature(hal, NMC_ADMIN_GET_FEATURE, 1, 1, NULL), NMC_STATUS_FIELD);
	rig_free(hal);
}

static void queues(void **state)
{
	struct hal *hal = rig_make();
	struct nmc_queue_config config = { .entries = 2 };
	struct nmc_stop_report report;

	(void)state;
	assert_int_equal(rig_data(hal, NMC_ADMIN_QUEUE_CREATE, 1, &config, sizeof(config), NULL), NMC_STATUS_OK);
	assert_int_equal(rig_data(hal, NMC_ADMIN_QUEUE_CREATE, 4, &config, sizeof(config), NULL), NMC_STATUS_EXISTS);
	assert_int_equal(hal->queue_calls, 2);
	assert_int_equal(rig_data(hal, NMC_ADMIN_QUEUE_CREATE, 0, &config, sizeof(config), NULL),
			 NMC_STATUS_NOT_FOUND);
	assert_int_equal(rig_data(hal, NMC_ADMIN_QUEUE_CREATE, 5, &config, sizeof(config), NULL),
			 NMC_STATUS_NOT_FOUND);
	config.reserved[1] = 1;
	assert_int_equal(rig_data(hal, NMC_ADMIN_QUEUE_CREATE, 1, &config, sizeof(config), NULL), NMC_STATUS_FIELD);
	assert_int_equal(hal->queue_calls, 2);
	assert_int_equal(rig_admin(hal, (struct nmc_sqe){ .opcode = NMC_ADMIN_QUEUE_STOP, .id = 3, .value = 1,
							  .addr = (uintptr_t)&report, .bytes = sizeof(report) }, NULL),
			 NMC_STATUS_OK);
	assert_int_equal(report.head, 3);
	assert_int_equal(report.tail, 1);
	assert_int_equal(rig_admin(hal, (struct nmc_sqe){ .opcode = NMC_ADMIN_QUEUE_STOP, .id = 3, .value = 2,
							  .addr = (uintptr_t)&report, .bytes = sizeof(report) }, NULL),
			 NMC_STATUS_FIELD);
	assert_int_equal(rig_data(hal, NMC_ADMIN_QUEUE_STOP, 3, &report, sizeof(report) - 1, NULL),
			 NMC_STATUS_NO_SPACE);
	assert_int_equal(rig_admin(hal, (struct nmc_sqe){ .opcode = NMC_ADMIN_QUEUE_START, .id = 1 }, NULL),
			 NMC_STATUS_OK);
	assert_int_equal(rig_admin(hal, (struct nmc_sqe){ .opcode = NMC_ADMIN_QUEUE_DELETE, .id = 9 }, NULL),
			 NMC_STATUS_NOT_FOUND);
	rig_free(hal);
}

/* What a command does not name must be zero. */
static void unnamed_fields(void **state)
{
	struct hal *hal = rig_make();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(opcodes) / sizeof(opcodes[0]); i++) {
		uint16_t op = opcodes[i];

		assert_int_equal(rig_admin(hal, (struct nmc_sqe){ .opcode = op, .flags = 1 }, NULL), NMC_STATUS_FIELD);
		assert_int_equal(rig_admin(hal, (struct nmc_sqe){ .opcode = op, .reserved = { 1 } }, NULL),
				 NMC_STATUS_FIELD);
		assert_int_equal(rig_admin(hal, (struct nmc_sqe){ .opcode = op, .reserved = { 0, 1 } }, NULL),
				 NMC_STATUS_FIELD);
		if (op != NMC_ADMIN_CONTEXT_CREATE)
			assert_int_equal(rig_admin(hal, (struct nmc_sqe){ .opcode = op, .count = 1 }, NULL),
					 NMC_STATUS_FIELD);
		if (op != NMC_ADMIN_GET_LOG)
			assert_int_equal(rig_admin(hal, (struct nmc_sqe){ .opcode = op, .offset = 1 }, NULL),
					 NMC_STATUS_FIELD);
	}
	assert_int_equal(rig_admin(hal, (struct nmc_sqe){ .opcode = NMC_ADMIN_IDENTIFY, .id = 1 }, NULL),
			 NMC_STATUS_FIELD);
	assert_int_equal(rig_admin(hal, (struct nmc_sqe){ .opcode = NMC_ADMIN_TILESET_INFO, .index = 1 }, NULL),
			 NMC_STATUS_FIELD);
	assert_int_equal(rig_admin(hal, (struct nmc_sqe){ .opcode = NMC_ADMIN_QUEUE_START, .id = 1, .addr = 8 }, NULL),
			 NMC_STATUS_FIELD);
	assert_int_equal(rig_admin(hal, (struct nmc_sqe){ .opcode = NMC_ADMIN_GET_FEATURE, .bytes = 8 }, NULL),
			 NMC_STATUS_FIELD);
	rig_free(hal);
}

/* Any descriptor gets a status: nothing crashes, nothing is written where it should not be. */
static void hostile_descriptors(void **state)
{
	struct hal *hal = rig_make();
	uint64_t seed = 88172645463325252;
	struct nmc_cqe cqe;
	int i;

	(void)state;
	for (i = 0; i < 300000; i++) {
		struct nmc_sqe sqe;
		uint64_t *word = (uint64_t *)&sqe;
		size_t k;

		for (k = 0; k < sizeof(sqe) / 8; k++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			word[k] = seed % 3 ? 0 : seed >> (seed % 64);
		}
		sqe.opcode = i % 8 ? opcodes[i % 15] : sqe.opcode;
		sqe.addr = i % 2 ? 8 : 0;
		fw_admin(hal->fw, &sqe, &cqe);
		assert_in_range(cqe.status, NMC_STATUS_OK, NMC_STATUS_INTERNAL);
	}
	rig_free(hal);
}

static void unknown_opcodes(void **state)
{
	struct hal *hal = rig_make();
	uint32_t op, known = 0;
	struct nmc_cqe cqe;

	(void)state;
	for (op = 0; op < 0x10000; op++) {
		struct nmc_sqe sqe = { .opcode = op };

		known += !fw_admin(hal->fw, &sqe, &cqe) || cqe.status != NMC_STATUS_OPCODE;
	}
	assert_int_equal(known, sizeof(opcodes) / sizeof(opcodes[0]) + 1);
	rig_free(hal);
}

static void health_and_tiles(void **state)
{
	struct hal *hal = rig_make();
	struct nmc_health_log health;
	struct nmc_tile_log tiles[RIG_TILES];
	uint64_t result;

	(void)state;
	hal->now_ms = 1234;
	rig_create(hal, (struct nmc_tileset_config){ .tiles = 3 }, &result);
	hal->incomplete[1] = true;
	assert_int_equal(rig_log(hal, NMC_LOG_HEALTH, 0, &health, sizeof(health), &result), NMC_STATUS_OK);
	assert_int_equal(result, 1);
	assert_int_equal(health.uptime_ms, 1234);
	assert_int_equal(health.jobs, 42);
	assert_int_equal(health.tiles_by_state[NMC_TILE_FREE], RIG_TILES - 3);
	assert_int_equal(health.tiles_by_state[NMC_TILE_OWNED], 2);
	assert_int_equal(health.tiles_by_state[NMC_TILE_INCOMPLETE], 1);
	assert_int_equal(rig_log(hal, NMC_LOG_TILES, 0, tiles, sizeof(tiles), &result), NMC_STATUS_OK);
	assert_int_equal(result, RIG_TILES);
	assert_int_equal(tiles[2].set, 1);
	assert_int_equal(tiles[3].set, 0);
	assert_int_equal(tiles[9].class, 1);
	assert_int_equal(tiles[9].tile, 9);
	assert_int_equal(tiles[9].products, 109);
	memset(tiles, 0x55, sizeof(tiles));
	assert_int_equal(rig_log(hal, NMC_LOG_TILES, 15, tiles, sizeof(tiles), &result), NMC_STATUS_OK);
	assert_int_equal(tiles[0].tile, 15);
	assert_int_equal(tiles[1].tile, 0x55555555);
	assert_int_equal(rig_log(hal, NMC_LOG_TILES, UINT64_MAX, tiles, sizeof(tiles), &result), NMC_STATUS_OK);
	assert_int_equal(rig_log(hal, NMC_LOG_TILES, 0, tiles, sizeof(tiles[0]) - 1, &result), NMC_STATUS_NO_SPACE);
	assert_int_equal(rig_log(hal, 0, 0, tiles, sizeof(tiles), &result), NMC_STATUS_NOT_FOUND);
	assert_int_equal(rig_log(hal, 6, 0, tiles, sizeof(tiles), &result), NMC_STATUS_NOT_FOUND);
	rig_free(hal);
}

static void queue_log(void **state)
{
	struct hal *hal = rig_make();
	struct nmc_queue_log log[5];
	uint64_t result;

	(void)state;
	assert_int_equal(rig_log(hal, NMC_LOG_QUEUES, 0, log, sizeof(log), &result), NMC_STATUS_OK);
	assert_int_equal(result, 5);
	assert_int_equal(log[1].jobs, 1);
	assert_int_equal(log[2].jobs, 0);
	rig_free(hal);
}

static void errors_newest_first(void **state)
{
	struct hal *hal = rig_make();
	struct nmc_error_log log[100];
	struct nmc_cqe cqe = { .status = NMC_STATUS_FAULT, .fault.cause = NMC_FAULT_SRAM };
	uint64_t result;
	int i;

	(void)state;
	for (i = 1; i <= 70; i++) {
		cqe.cookie = i;
		fw_job_failed(hal->fw, 2, 9, &cqe);
	}
	assert_int_equal(rig_log(hal, NMC_LOG_ERRORS, 0, log, sizeof(log), &result), NMC_STATUS_OK);
	assert_int_equal(result, 64);
	for (i = 0; i < 64; i++) {
		assert_int_equal(log[i].sequence, 70 - i);
		assert_int_equal(log[i].cookie, 70 - i);
	}
	assert_int_equal(log[0].queue, 2);
	assert_int_equal(log[0].context, 9);
	assert_int_equal(log[0].status, NMC_STATUS_FAULT);
	assert_int_equal(log[0].fault.cause, NMC_FAULT_SRAM);
	rig_free(hal);
}

static void events(void **state)
{
	struct hal *hal = rig_make();
	struct nmc_event_record event = { 0 };
	struct nmc_sqe sqe = { .opcode = NMC_ADMIN_EVENT, .cookie = 5, .addr = (uintptr_t)&event,
			       .bytes = sizeof(event) };
	struct nmc_cqe cqe = { .status = NMC_STATUS_FAULT };

	(void)state;
	assert_false(fw_admin(hal->fw, &sqe, &cqe));
	assert_true(fw_admin(hal->fw, &sqe, &cqe));
	assert_int_equal(cqe.status, NMC_STATUS_BUSY);
	fw_poll(hal->fw);
	assert_int_equal(hal->late_count, 0);
	cqe.status = NMC_STATUS_FAULT;
	fw_job_failed(hal->fw, 1, 1, &cqe);
	fw_poll(hal->fw);
	assert_int_equal(hal->late_count, 1);
	assert_int_equal(hal->late.cookie, 5);
	assert_int_equal(hal->late.status, NMC_STATUS_OK);
	assert_int_equal(event.type, NMC_EVENT_ERROR);
	assert_int_equal(hal->alarms, 1);
	assert_int_equal(event.value, 1);

	/* A host that went away gets no answer; events wait for the next. */
	assert_false(fw_admin(hal->fw, &sqe, &cqe));
	fw_host_disable(hal->fw);
	fw_job_failed(hal->fw, 1, 1, &hal->late);
	fw_poll(hal->fw);
	assert_int_equal(hal->late_count, 1);
	assert_false(fw_admin(hal->fw, &sqe, &cqe));
	fw_poll(hal->fw);
	assert_int_equal(hal->late_count, 2);
	assert_int_equal(event.value, 2);
	rig_free(hal);
}

static void events_drop_the_oldest(void **state)
{
	struct hal *hal = rig_make();
	struct nmc_cqe cqe = { .status = NMC_STATUS_FAULT };
	struct nmc_event_record event;
	int i, n = 0;

	(void)state;
	for (i = 0; i < 100; i++)
		fw_job_failed(hal->fw, 1, 1, &cqe);
	while (fw_event(hal->fw, &event))
		n++;
	assert_int_equal(n, 64);
	assert_int_equal(event.value, 100);
	rig_free(hal);
}

/* Of a tile of a class that wears, in use or not, when its most worn cell is beyond a tenth of the endurance; not of the other class. */
static void wear_is_reported_once(void **state)
{
	struct hal *hal = rig_make();
	struct nmc_event_record event;
	uint32_t other = RIG_TILES / 2;
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		hal->wear_max[1] = hal->wear_max[other] = 500000 + i;
		hal->scrubbed[1] = hal->scrubbed[other] = true;
		fw_poll(hal->fw);
		assert_int_equal(fw_event(hal->fw, &event), i == 1);
	}
	assert_int_equal(event.type, NMC_EVENT_TILE_WEAR);
	assert_int_equal(event.object, 1);
	assert_int_equal(event.value, 500001);
	/* A higher threshold, and then a lower one, is news; none at all is silence. */
	assert_int_equal(feature(hal, NMC_ADMIN_SET_FEATURE, NMC_FEATURE_WEAR_PPM, 1000001, NULL), NMC_STATUS_FIELD);
	assert_int_equal(feature(hal, NMC_ADMIN_SET_FEATURE, NMC_FEATURE_WEAR_PPM, 1000000, NULL), NMC_STATUS_OK);
	assert_false(fw_event(hal->fw, &event));
	assert_int_equal(feature(hal, NMC_ADMIN_SET_FEATURE, NMC_FEATURE_WEAR_PPM, 1, NULL), NMC_STATUS_OK);
	assert_true(fw_event(hal->fw, &event));
	assert_int_equal(event.value, 500002);
	assert_int_equal(feature(hal, NMC_ADMIN_SET_FEATURE, NMC_FEATURE_WEAR_PPM, 2, NULL), NMC_STATUS_OK);
	assert_true(fw_event(hal->fw, &event));
	assert_int_equal(feature(hal, NMC_ADMIN_SET_FEATURE, NMC_FEATURE_WEAR_PPM, 2, NULL), NMC_STATUS_OK);
	assert_false(fw_event(hal->fw, &event));
	assert_int_equal(feature(hal, NMC_ADMIN_SET_FEATURE, NMC_FEATURE_WEAR_PPM, 0, NULL), NMC_STATUS_OK);
	hal->wear_max[1] = UINT64_MAX;
	hal->scrubbed[1] = true;
	fw_poll(hal->fw);
	assert_false(fw_event(hal->fw, &event));
	/* It pushes out no other event, and is told when there is room. */
	for (i = 0; i < 64; i++)
		fw_job_failed(hal->fw, 1, 1, &(struct nmc_cqe){ .status = NMC_STATUS_FAULT });
	assert_int_equal(feature(hal, NMC_ADMIN_SET_FEATURE, NMC_FEATURE_WEAR_PPM, 1, NULL), NMC_STATUS_OK);
	for (i = 0; fw_event(hal->fw, &event); i++)
		assert_int_equal(event.type, NMC_EVENT_ERROR);
	assert_int_equal(i, 64);
	hal->scrubbed[1] = true;
	fw_poll(hal->fw);
	assert_true(fw_event(hal->fw, &event));
	assert_int_equal(event.type, NMC_EVENT_TILE_WEAR);
	rig_free(hal);
}

static void deviation_is_reported_once(void **state)
{
	struct hal *hal = rig_make();
	struct nmc_event_record event;
	uint64_t result;
	int i;

	(void)state;
	rig_create(hal, (struct nmc_tileset_config){ .tiles = 2 }, &result);
	for (i = 0; i < 3; i++) {
		hal->deviation_ppm[1] = 50001;
		hal->scrubbed[1] = true;
		fw_poll(hal->fw);
	}
	assert_true(fw_event(hal->fw, &event));
	assert_int_equal(event.type, NMC_EVENT_TILE_DEVIATION);
	assert_int_equal(event.object, 1);
	assert_int_equal(event.value, 50001);
	assert_false(fw_event(hal->fw, &event));
	/* Back below the threshold and over it again, or a lower threshold, is news. */
	assert_int_equal(feature(hal, NMC_ADMIN_SET_FEATURE, NMC_FEATURE_DEVIATION_PPM, 60000, NULL), NMC_STATUS_OK);
	assert_false(fw_event(hal->fw, &event));
	assert_int_equal(feature(hal, NMC_ADMIN_SET_FEATURE, NMC_FEATURE_DEVIATION_PPM, 40000, NULL), NMC_STATUS_OK);
	assert_true(fw_event(hal->fw, &event));
	assert_int_equal(event.value, 50001);
	/* So is a tile that was written in between and is bad again. */
	for (i = 0; i < 2; i++) {
		hal->deviation_ppm[1] = i ? 70000 : UINT32_MAX;
		hal->scrubbed[1] = true;
		fw_poll(hal->fw);
	}
	assert_true(fw_event(hal->fw, &event));
	assert_int_equal(event.value, 70000);
	rig_free(hal);
}

/* The scrub engine runs from the start at one percent, which is also the most; the health log tells both settings. */
static void scrub_budget(void **state)
{
	struct hal *hal = rig_make();
	struct nmc_health_log log;
	uint64_t value;

	(void)state;
	assert_int_equal(hal->scrub_ppm, 10000);
	assert_int_equal(feature(hal, NMC_ADMIN_SET_FEATURE, NMC_FEATURE_SCRUB_PPM, 10001, NULL), NMC_STATUS_FIELD);
	assert_int_equal(hal->scrub_ppm, 10000);
	assert_int_equal(feature(hal, NMC_ADMIN_SET_FEATURE, NMC_FEATURE_SCRUB_PPM, 0, NULL), NMC_STATUS_OK);
	assert_int_equal(hal->scrub_ppm, 0);
	assert_int_equal(feature(hal, NMC_ADMIN_GET_FEATURE, NMC_FEATURE_SCRUB_PPM, 0, &value), NMC_STATUS_OK);
	assert_int_equal(value, 0);
	assert_int_equal(rig_log(hal, NMC_LOG_HEALTH, 0, &log, sizeof(log), NULL), NMC_STATUS_OK);
	assert_int_equal(log.scrub_ppm, 0);
	assert_int_equal(log.deviation_limit_ppm, 50000);
	assert_int_equal(log.wear_limit_ppm, 100000);
	rig_free(hal);
}

static void heartbeat(void **state)
{
	struct hal *hal = rig_make();
	uint64_t before = hal->beat;

	(void)state;
	fw_poll(hal->fw);
	assert_true(hal->beat > before);
	before = hal->beat;
	fw_poll(hal->fw);
	assert_true(hal->beat > before);
	rig_free(hal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identify),
		cmocka_unit_test(classes),
		cmocka_unit_test(features),
		cmocka_unit_test(queues),
		cmocka_unit_test(unnamed_fields),
		cmocka_unit_test(hostile_descriptors),
		cmocka_unit_test(unknown_opcodes),
		cmocka_unit_test(health_and_tiles),
		cmocka_unit_test(queue_log),
		cmocka_unit_test(errors_newest_first),
		cmocka_unit_test(events),
		cmocka_unit_test(events_drop_the_oldest),
		cmocka_unit_test(wear_is_reported_once),
		cmocka_unit_test(deviation_is_reported_once),
		cmocka_unit_test(scrub_budget),
		cmocka_unit_test(heartbeat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
