// SPDX-License-Identifier: MIT
/*
 * Firmware: tile sets, contexts, erases and the rules of the host epoch.
 */
#include "firmware_rig.h"

static const struct nmc_tileset_config persistent = {
	.class = 1, .tiles = 3, .flags = NMC_TILESET_PERSISTENT, .uuid = { 1, 2, 3 }, .label = "net", .owner = { 9 },
	.domain = 5,
};

static unsigned int context(struct hal *hal, uint32_t id, struct nmc_set_ref *refs, uint32_t count)
{
	return rig_admin(hal, (struct nmc_sqe){ .opcode = NMC_ADMIN_CONTEXT_CREATE, .id = id, .count = count,
						.addr = (uintptr_t)refs, .bytes = count * sizeof(*refs) }, NULL);
}

static unsigned int destroy_context(struct hal *hal, uint32_t id)
{
	return rig_admin(hal, (struct nmc_sqe){ .opcode = NMC_ADMIN_CONTEXT_DESTROY, .id = id }, NULL);
}

static void lowest_tiles_first(void **state)
{
	struct hal *hal = rig_make();
	uint64_t a, b, c;

	(void)state;
	assert_int_equal(rig_create(hal, (struct nmc_tileset_config){ .tiles = 3 }, &a), 0);
	assert_int_equal(rig_create(hal, (struct nmc_tileset_config){ .tiles = 2 }, &b), 0);
	assert_int_equal(a, 1ull << 32 | 1);
	assert_int_equal(b, 1ull << 32 | 2);
	assert_int_equal(hal->map[2][0], 3);
	assert_int_equal(hal->map[2][1], 4);
	assert_int_equal(rig_release(hal, 1, 0), 0);
	fw_poll(hal->fw);
	fw_poll(hal->fw);
	assert_int_equal(rig_create(hal, (struct nmc_tileset_config){ .tiles = 4 }, &c), 0);
	assert_int_equal(c, 2ull << 32 | 1);
	assert_int_equal(hal->map[1][0], 0);
	assert_int_equal(hal->map[1][2], 2);
	assert_int_equal(hal->map[1][3], 5);
	assert_int_equal(rig_class(hal, 0).free, 2);
	assert_int_equal(rig_class(hal, 1).free, 8);
	rig_free(hal);
}

static void too_few_tiles(void **state)
{
	struct hal *hal = rig_make();
	uint64_t result;

	(void)state;
	assert_int_equal(rig_create(hal, (struct nmc_tileset_config){ .tiles = 5 }, &result), 0);
	assert_int_equal(rig_create(hal, (struct nmc_tileset_config){ .tiles = 4 }, &result), NMC_STATUS_NO_TILES);
	assert_int_equal(result, 3);
	rig_free(hal);
}

static void erase_is_asynchronous(void **state)
{
	struct hal *hal = rig_make();
	uint64_t result;

	(void)state;
	hal->erase[1] = HAL_ERASE_BUSY;
	rig_create(hal, (struct nmc_tileset_config){ .tiles = 2 }, &result);
	assert_int_equal(rig_release(hal, 1, 0), NMC_STATUS_OK);
	assert_false(hal->erasing[0]);
	assert_int_equal(rig_tile_state(hal, 0), NMC_TILE_ERASING);
	assert_int_equal(rig_class(hal, 0).free, 6);
	fw_poll(hal->fw);
	assert_true(hal->erasing[0]);
	fw_poll(hal->fw);
	assert_int_equal(rig_tile_state(hal, 0), NMC_TILE_FREE);
	assert_int_equal(rig_tile_state(hal, 1), NMC_TILE_ERASING);
	assert_int_equal(rig_class(hal, 0).free, 7);
	hal->erase[1] = HAL_ERASE_DONE;
	fw_poll(hal->fw);
	assert_int_equal(rig_class(hal, 0).free, 8);
	rig_free(hal);
}

static void failed_erase_retires(void **state)
{
	struct hal *hal = rig_make();
	struct nmc_event_record event;
	uint64_t result;

	(void)state;
	hal->erase[0] = HAL_ERASE_FAILED;
	rig_create(hal, (struct nmc_tileset_config){ .tiles = 1 }, &result);
	rig_release(hal, 1, 0);
	fw_poll(hal->fw);
	fw_poll(hal->fw);
	assert_int_equal(rig_tile_state(hal, 0), NMC_TILE_RETIRED);
	assert_int_equal(rig_class(hal, 0).retired, 1);
	assert_int_equal(rig_class(hal, 0).free, 7);
	assert_true(fw_event(hal->fw, &event));
	assert_int_equal(event.type, NMC_EVENT_TILE_RETIRED);
	assert_int_equal(event.object, 0);
	assert_int_equal(rig_create(hal, (struct nmc_tileset_config){ .tiles = 1 }, &result), 0);
	assert_int_equal(hal->map[1][0], 1);
	rig_free(hal);
}

static void busy_while_in_use(void **state)
{
	struct hal *hal = rig_make();
	struct nmc_set_ref ref = { 1, 1 };
	uint64_t result;

	(void)state;
	rig_create(hal, (struct nmc_tileset_config){ .tiles = 1 }, &result);
	assert_int_equal(context(hal, 9, &ref, 1), NMC_STATUS_OK);
	assert_int_equal(rig_release(hal, 1, 0), NMC_STATUS_BUSY);
	hal->held = true;
	assert_int_equal(destroy_context(hal, 9), NMC_STATUS_BUSY);
	hal->held = false;
	assert_int_equal(destroy_context(hal, 9), NMC_STATUS_OK);
	hal->held = true;
	assert_int_equal(rig_release(hal, 1, 0), NMC_STATUS_BUSY);
	hal->held = false;
	assert_int_equal(rig_release(hal, 1, 0), NMC_STATUS_OK);
	assert_int_equal(rig_release(hal, 1, 0), NMC_STATUS_NOT_FOUND);
	rig_free(hal);
}

static void persistent_sets(void **state)
{
	struct hal *hal = rig_make();
	struct nmc_tileset_config found = { .uuid = { 1, 2, 3 } }, other = { .uuid = { 7 } };
	uint64_t result;

	(void)state;
	assert_int_equal(rig_create(hal, persistent, &result), NMC_STATUS_OK);
	assert_int_equal(rig_create(hal, persistent, &result), NMC_STATUS_EXISTS);
	assert_int_equal(rig_tile_state(hal, 8), NMC_TILE_PERSISTENT);
	assert_int_equal(rig_release(hal, 1, 0), NMC_STATUS_OK);
	fw_poll(hal->fw);
	assert_int_equal(rig_tile_state(hal, 8), NMC_TILE_PERSISTENT);
	fw_host_enable(hal->fw, 0xabc, 0);
	assert_int_equal(rig_data(hal, NMC_ADMIN_TILESET_OPEN, 0, &found, sizeof(found), &result), NMC_STATUS_OK);
	assert_int_equal(result, 2ull << 32 | 1);
	assert_int_equal(hal->generation[1], 2);
	assert_memory_equal(&found, &persistent, sizeof(found));
	assert_int_equal(rig_data(hal, NMC_ADMIN_TILESET_OPEN, 0, &other, sizeof(other), &result),
			 NMC_STATUS_NOT_FOUND);
	found.flags = 1u << 31;
	assert_int_equal(rig_data(hal, NMC_ADMIN_TILESET_OPEN, 0, &found, sizeof(found), &result), NMC_STATUS_FIELD);
	assert_int_equal(rig_release(hal, 1, 1), NMC_STATUS_OK);
	fw_poll(hal->fw);
	fw_poll(hal->fw);
	assert_int_equal(rig_tile_state(hal, 8), NMC_TILE_FREE);
	rig_free(hal);
}

static void open_refused_while_named(void **state)
{
	struct hal *hal = rig_make();
	struct nmc_tileset_config found = { .uuid = { 1, 2, 3 } };
	struct nmc_set_ref ref = { 1, 1 };
	uint64_t result;

	(void)state;
	rig_create(hal, persistent, &result);
	assert_int_equal(context(hal, 1, &ref, 1), NMC_STATUS_OK);
	assert_int_equal(rig_data(hal, NMC_ADMIN_TILESET_OPEN, 0, &found, sizeof(found), &result), NMC_STATUS_BUSY);
	assert_int_equal(hal->generation[1], 1);
	rig_free(hal);
}

static void epoch_rules(void **state)
{
	struct hal *hal = rig_make();
	struct nmc_set_ref refs[2] = { { 1, 1 }, { 2, 1 } };
	uint64_t result;

	(void)state;
	fw_host_enable(hal->fw, 1, 0);
	rig_create(hal, (struct nmc_tileset_config){ .tiles = 2 }, &result);
	rig_create(hal, persistent, &result);
	assert_int_equal(context(hal, 3, refs, 2), NMC_STATUS_OK);

	/* The same host again: sets stay, contexts are forgotten. */
	fw_host_disable(hal->fw);
	assert_int_equal(hal->contexts, 0);
	fw_host_enable(hal->fw, 1, 0);
	assert_int_equal(rig_tile_state(hal, 0), NMC_TILE_OWNED);
	assert_int_equal(context(hal, 3, refs, 2), NMC_STATUS_OK);

	/* Another host: volatile sets are erased, persistent ones wait to be opened. */
	fw_host_enable(hal->fw, 2, 0);
	assert_int_equal(rig_tile_state(hal, 0), NMC_TILE_ERASING);
	assert_int_equal(rig_tile_state(hal, 8), NMC_TILE_PERSISTENT);
	assert_int_equal(context(hal, 3, refs, 1), NMC_STATUS_NOT_FOUND);
	assert_int_equal(context(hal, 3, &refs[1], 1), NMC_STATUS_NOT_FOUND);
	rig_free(hal);
}

static void dying_set_waits_for_its_job(void **state)
{
	struct hal *hal = rig_make();
	uint64_t result;

	(void)state;
	rig_create(hal, (struct nmc_tileset_config){ .tiles = 2 }, &result);
	hal->held = true;
	fw_host_enable(hal->fw, 2, 0);
	fw_poll(hal->fw);
	assert_int_equal(rig_tile_state(hal, 0), NMC_TILE_OWNED);
	assert_int_equal(rig_release(hal, 1, 0), NMC_STATUS_NOT_FOUND);
	hal->held = false;
	fw_poll(hal->fw);
	assert_int_equal(rig_tile_state(hal, 0), NMC_TILE_ERASING);
	rig_free(hal);
}

static void dying_context_waits_for_its_job(void **state)
{
	struct hal *hal = rig_make();
	struct nmc_set_ref ref = { 1, 1 };
	uint64_t result;

	(void)state;
	fw_host_enable(hal->fw, 1, 0);
	rig_create(hal, (struct nmc_tileset_config){ .tiles = 2 }, &result);
	assert_int_equal(context(hal, 4, &ref, 1), NMC_STATUS_OK);
	hal->held = true;
	fw_host_enable(hal->fw, 1, 0);
	assert_int_equal(context(hal, 4, &ref, 1), NMC_STATUS_BUSY);
	assert_int_equal(destroy_context(hal, 4), NMC_STATUS_NOT_FOUND);
	assert_int_equal(context(hal, 5, &ref, 1), NMC_STATUS_OK);
	hal->held = false;
	fw_poll(hal->fw);
	assert_int_equal(context(hal, 4, &ref, 1), NMC_STATUS_OK);
	assert_int_equal(hal->contexts, 2);
	rig_free(hal);
}

static void contexts(void **state)
{
	struct hal *hal = rig_make();
	struct nmc_set_ref refs[3] = { { 1, 1 }, { 1, 1 }, { 2, 1 } };
	uint64_t result;
	uint32_t id;

	(void)state;
	rig_create(hal, (struct nmc_tileset_config){ .tiles = 1 }, &result);
	assert_int_equal(context(hal, 0, refs, 1), NMC_STATUS_FIELD);
	assert_int_equal(context(hal, 1, refs, 2), NMC_STATUS_FIELD);
	assert_int_equal(context(hal, 1, &refs[2], 1), NMC_STATUS_NOT_FOUND);
	assert_int_equal(context(hal, 1, refs, NMC_MAX_SETS + 1), NMC_STATUS_FIELD);
	refs[0].generation = 2;
	assert_int_equal(context(hal, 1, refs, 1), NMC_STATUS_NOT_FOUND);
	assert_int_equal(hal->contexts, 0);
	for (id = 1; id <= NMC_MAX_CONTEXTS; id++)
		assert_int_equal(rig_admin(hal, (struct nmc_sqe){ .opcode = NMC_ADMIN_CONTEXT_CREATE, .id = id }, NULL),
				 NMC_STATUS_OK);
	assert_int_equal(rig_admin(hal, (struct nmc_sqe){ .opcode = NMC_ADMIN_CONTEXT_CREATE, .id = id }, NULL),
			 NMC_STATUS_NO_SPACE);
	assert_int_equal(rig_admin(hal, (struct nmc_sqe){ .opcode = NMC_ADMIN_CONTEXT_CREATE, .id = 5 }, NULL),
			 NMC_STATUS_EXISTS);
	assert_int_equal(destroy_context(hal, 1000), NMC_STATUS_NOT_FOUND);
	assert_int_equal(destroy_context(hal, 0), NMC_STATUS_NOT_FOUND);
	rig_free(hal);
}

static void bad_configs(void **state)
{
	static const struct { struct nmc_tileset_config config; unsigned int status; } bad[] = {
		{ { .tiles = 0 }, NMC_STATUS_FIELD },
		{ { .tiles = NMC_MAX_SET_TILES + 1 }, NMC_STATUS_FIELD },
		{ { .tiles = 1, .class = 2 }, NMC_STATUS_NOT_FOUND },
		{ { .tiles = 1, .flags = 2 }, NMC_STATUS_FIELD },
		{ { .tiles = 1, .reserved0 = 1 }, NMC_STATUS_FIELD },
		{ { .tiles = 1, .reserved = { 0, 0, 1 } }, NMC_STATUS_FIELD },
		{ { .tiles = 1, .flags = NMC_TILESET_PERSISTENT }, NMC_STATUS_FIELD },
		{ { .tiles = 1, .uuid = { 1 } }, NMC_STATUS_FIELD },
	};
	struct hal *hal = rig_make();
	struct nmc_tileset_config config = { .tiles = 1 };
	uint64_t result;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(rig_create(hal, bad[i].config, &result), bad[i].status);
	assert_int_equal(rig_data(hal, NMC_ADMIN_TILESET_CREATE, 0, &config, sizeof(config) - 1, NULL),
			 NMC_STATUS_NO_SPACE);
	assert_int_equal(rig_data(hal, NMC_ADMIN_TILESET_CREATE, 0, (void *)BAD_ADDR, sizeof(config), NULL),
			 NMC_STATUS_DMA);
	assert_int_equal(rig_release(hal, 1, 2), NMC_STATUS_FIELD);
	assert_int_equal(rig_release(hal, UINT32_MAX, 0), NMC_STATUS_NOT_FOUND);
	assert_int_equal(rig_class(hal, 0).free, 8);
	rig_free(hal);
}

static void set_info(void **state)
{
	struct hal *hal = rig_make();
	struct nmc_tileset_info info, list[2];
	uint64_t result;

	(void)state;
	fw_host_enable(hal->fw, 6, 0);
	rig_create(hal, persistent, &result);
	hal->incomplete[9] = true;
	assert_int_equal(rig_data(hal, NMC_ADMIN_TILESET_INFO, 1, &info, sizeof(info), NULL), NMC_STATUS_OK);
	assert_int_equal(info.id, 1);
	assert_int_equal(info.epoch, 6);
	assert_int_equal(info.time_ns, 1000);
	assert_int_equal(info.time_frac, 5);
	assert_int_equal(info.incomplete, 1);
	assert_memory_equal(&info.config, &persistent, sizeof(persistent));
	assert_int_equal(rig_tile_state(hal, 9), NMC_TILE_INCOMPLETE);
	rig_create(hal, (struct nmc_tileset_config){ .tiles = 1 }, &result);
	assert_int_equal(rig_log(hal, NMC_LOG_TILESETS, 0, list, sizeof(list), &result), NMC_STATUS_OK);
	assert_int_equal(result, 2);
	assert_memory_equal(&list[0], &info, sizeof(info));
	assert_int_equal(list[1].id, 2);
	assert_int_equal(rig_data(hal, NMC_ADMIN_TILESET_INFO, 3, &info, sizeof(info), NULL), NMC_STATUS_NOT_FOUND);
	rig_free(hal);
}

static void directory_is_bounded(void **state)
{
	struct hal *hal = rig_make();
	uint64_t result;
	unsigned int i;

	(void)state;
	/* Every set needs a tile, so the directory cannot fill here; entries are used again, lowest first. */
	for (i = 0; i < 3000; i++) {
		assert_int_equal(rig_create(hal, (struct nmc_tileset_config){ .tiles = 8 }, &result), NMC_STATUS_OK);
		assert_int_equal(result, (uint64_t)(i + 1) << 32 | 1);
		assert_int_equal(rig_release(hal, 1, 0), NMC_STATUS_OK);
		fw_poll(hal->fw);
		fw_poll(hal->fw);
	}
	rig_free(hal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lowest_tiles_first),
		cmocka_unit_test(too_few_tiles),
		cmocka_unit_test(erase_is_asynchronous),
		cmocka_unit_test(failed_erase_retires),
		cmocka_unit_test(busy_while_in_use),
		cmocka_unit_test(persistent_sets),
		cmocka_unit_test(open_refused_while_named),
		cmocka_unit_test(epoch_rules),
		cmocka_unit_test(dying_set_waits_for_its_job),
		cmocka_unit_test(dying_context_waits_for_its_job),
		cmocka_unit_test(contexts),
		cmocka_unit_test(bad_configs),
		cmocka_unit_test(set_info),
		cmocka_unit_test(directory_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
