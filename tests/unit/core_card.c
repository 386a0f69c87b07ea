// SPDX-License-Identifier: MIT
/*
 * The card as a whole through the in-process door: options, life of tile sets on real tiles, stale generations,
 * error log and events, oracle, and the promise that threads, builds, batches and doors never change a bit.
 */
#include <errno.h>
#include <poll.h>
#include "core_rig.h"
#include "card/core/machine.h"

static const struct card_options small = { .tiles = 4, .rows = 16, .cols = 8, .seed = 1, .threads = 1 };

static void options(void **state)
{
	static const struct { struct card_options options; const char *says; } bad[] = {
		{ { .classes = "rram,flash" }, "flash" },
		{ { .classes = "" }, "digital, " },
		{ { .classes = "rram,,ideal" }, "tile class" },
		{ { .tiles = 4097 }, "tiles=4097" },
		{ { .tiles = 2000 }, "6000" },
		{ { .tiles = UINT32_MAX }, "tiles=" },
		{ { .rows = 3 }, "rows=3" },
		{ { .rows = 385 }, "rows=385" },
		{ { .cols = 7 }, "cols=7" },
		{ { .cols = 514 }, "cols=514" },
		{ { .threads = 100000 }, "threads=" },
		{ { .engines = 100000 }, "engines=" },
		{ { .queues = 33 }, "queues=33" },
		{ { .classes = "ideal,ideal,ideal,ideal,ideal,ideal,ideal,ideal,ideal", .tiles = 1 }, "at most 8" },
	};
	struct card *card;
	char error[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(card_create(&bad[i].options, &card, error, sizeof(error)), -EINVAL);
		if (!strstr(error, bad[i].says))
			fail_msg("\"%s\" does not say \"%s\"", error, bad[i].says);
	}
	assert_int_equal(card_create(&(struct card_options){ .classes = "x" }, &card, error, 0), -EINVAL);
	card_destroy(NULL);
}

static void identity(void **state)
{
	struct rig *r = rig_small();
	struct nmc_identify id;
	struct nmc_tile_class c;
	uint64_t result;

	(void)state;
	assert_int_equal(rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_IDENTIFY, .addr = (uintptr_t)&id,
							.bytes = sizeof(id) }, NULL), NMC_STATUS_OK);
	assert_int_equal(id.groups, RIG_ALL_GROUPS);
	assert_int_equal(id.tiles, 12);
	assert_int_equal(id.sram_bytes, 4 << 20);
	assert_int_equal(id.seed, 1);
	assert_int_not_equal(id.serial, 0);
	assert_int_equal(rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_CLASS, .addr = (uintptr_t)&c,
							.bytes = sizeof(c) }, &result), NMC_STATUS_OK);
	assert_int_equal(result, 3);
	assert_string_equal(c.name, "rram");
	assert_int_equal(c.technology, NMC_TECH_RRAM);
	assert_int_equal(c.outputs, 4);
	assert_int_equal(c.free, 2);
	assert_int_equal(c.adc_bits_max, 12);
	assert_int_equal(c.gmax_ns, 40000);
	assert_int_equal(c.endurance, 100000000);
	/* Queues and events belong to the other door. */
	assert_int_equal(rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_EVENT, .addr = (uintptr_t)&c,
							.bytes = sizeof(c) }, NULL), NMC_STATUS_OPCODE);
	assert_int_equal(rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_QUEUE_CREATE, .id = 1 }, NULL),
			 NMC_STATUS_OPCODE);
	rig_free(r);
}

/* Fills region data of the rig: 16 x 8 targets at 0, 12 vectors at 256, four columns at 512. */
static void fill(struct rig *r)
{
	int16_t *target = (int16_t *)r->data;
	struct nmc_isa_column *column = (struct nmc_isa_column *)(r->data + 512);
	int i;

	for (i = 0; i < 128; i++)
		target[i] = i % 2 ? 0 : (i * 7919) % NMC_CONDUCTANCE_MAX;
	for (i = 0; i < 12 * 16; i++)
		r->data[256 + i] = (uint8_t)((i * 37) % 255 - 127);
	for (i = 0; i < 4; i++)
		column[i] = (struct nmc_isa_column){ .offset = 100 * i, .adc_mult = 3, .adc_shift = 14,
						     .scale_mult = 5, .scale_shift = 1 };
}

static void program(struct rig *r, unsigned int set, uint32_t tile)
{
	rig_begin(r);
	fill(r);
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 0, 0, 256);
	rig_add(r, (struct nmc_isa_program){ .c.opcode = NMC_OP_PROGRAM, .set = set, .tile = tile,
					     .data = { 0, 16, 0 }, .report = 1024, .rows = 16, .cols = 8 });
	rig_finish(r);
}

/* Multiplies vectors [first, first + n) on a set and leaves n x 4 results at 4096 of the data slot. */
static void multiply(struct rig *r, unsigned int set, unsigned int first, unsigned int n, unsigned int at)
{
	rig_begin(r);
	fill(r);
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 256 + 16 * first, 0, 16 * n);
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 512, 512, 64);
	rig_add(r, (struct nmc_isa_mvm){ .c.opcode = NMC_OP_MVM, .set = set, .in = { 0, 16, 0 }, .out = { 4096, 16, 0 },
					 .columns = 512, .vectors = n, .rows = 16, .cols = 4, .adc_bits = 10 });
	rig_move(r, NMC_OP_STORE, SLOT_DATA, 4096 + at, 4096, 16 * n);
	rig_finish(r);
}

static void same_bits(void **state)
{
	static uint8_t want[12 * 16];
	struct card_options o = small;
	unsigned int variant, i;
	bool differs = false;

	(void)state;
	for (variant = 0; variant < 5; variant++) {
		struct rig *r;

		o.threads = variant == 1 ? 4 : 1;
		o.plain_c = variant == 2;
		o.seed = variant == 4 ? 2 : 1;
		r = rig_make(o);
		program(r, SET_RRAM, 0);
		if (variant == 3) {
			for (i = 0; i < 12; i++)
				multiply(r, SET_RRAM, i, 1, 16 * i);
		} else {
			multiply(r, SET_RRAM, 0, 12, 0);
		}
		if (!variant)
			memcpy(want, r->data + 4096, sizeof(want));
		differs = memcmp(want, r->data + 4096, sizeof(want));
		assert_int_equal(differs, variant == 4);
		rig_free(r);
	}
}

/* Large enough that threads really share: 64 x 64 tiles, 1000 vectors, in one batch, in two, and one by one. */
static void threads_share(void **state)
{
	const unsigned int threads[] = { 1, 2, 4, 4 }, bytes = 1000 * 32 * 4;
	static uint8_t want[1000 * 32 * 4], got[1000 * 32 * 4], in[1000 * 64];
	static struct nmc_isa_column column[32];
	unsigned int variant, i;

	(void)state;
	for (i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)((i * 101) % 255 - 127);
	for (i = 0; i < 32; i++)
		column[i] = (struct nmc_isa_column){ .adc_mult = 1, .adc_shift = 10, .scale_mult = 1 };
	for (variant = 0; variant < 4; variant++) {
		struct rig *r = rig_make((struct card_options){ .tiles = 4, .rows = 64, .cols = 64, .seed = 3,
								.threads = threads[variant] });
		unsigned int batch = variant == 3 ? 125 : 1000;

		r->table.slots[SLOT_READ_ONLY].addr = (uintptr_t)in;
		r->table.slots[SLOT_READ_ONLY].length = sizeof(in);
		r->table.slots[SLOT_WRITE_ONLY].addr = (uintptr_t)got;
		r->table.slots[SLOT_WRITE_ONLY].length = sizeof(got);
		memcpy(r->data, column, sizeof(column));
		r->stream.head.sram_bytes = 1 << 20;
		rig_move(r, NMC_OP_LOAD, SLOT_READ_ONLY, 0, 0, sizeof(in));
		rig_move(r, NMC_OP_LOAD, SLOT_DATA, 0, 65536, sizeof(column));
		/* A gentle slope of targets, from a part of the input's bytes made even and positive. */
		rig_add(r, (struct nmc_isa_fill){ .c.opcode = NMC_OP_FILL, .dst = { 131072, 128, 0 }, .words = 32,
						  .rows = 64, .value = 9000 });
		rig_add(r, (struct nmc_isa_program){ .c.opcode = NMC_OP_PROGRAM, .set = SET_RRAM, .rows = 64, .cols = 64,
						     .data = { 131072, 128, 0 }, .report = 66560 });
		rig_add(r, (struct nmc_isa_control){ .c.opcode = NMC_OP_LOOP, .count = 1000 / batch, .body = 1 });
		rig_add(r, (struct nmc_isa_mvm){ .c.opcode = NMC_OP_MVM, .set = SET_RRAM, .columns = 65536,
						 .in = { 0, 64, batch * 64 }, .out = { 262144, 128, batch * 128 },
						 .vectors = batch, .rows = 64, .cols = 32, .adc_bits = 8 });
		rig_move(r, NMC_OP_STORE, SLOT_WRITE_ONLY, 0, 262144, bytes);
		rig_finish(r);
		if (!variant)
			memcpy(want, got, bytes);
		assert_memory_equal(want, got, bytes);
		rig_free(r);
	}
	for (i = 0; i < bytes && !want[i]; i++)
		;
	assert_true(i < bytes);
}

static unsigned int tile_state(struct rig *r, uint32_t tile, struct nmc_tile_log *log)
{
	assert_int_equal(rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_GET_LOG, .index = NMC_LOG_TILES,
							.offset = tile, .addr = (uintptr_t)log,
							.bytes = sizeof(*log) }, NULL), NMC_STATUS_OK);
	return log->state;
}

static void set_lifecycle(void **state)
{
	struct rig *r = rig_small();
	struct nmc_tile_log log;
	struct nmc_set_ref again;
	uint32_t set = r->table.sets[SET_RRAM].set;
	float g[128];
	int i;

	(void)state;
	program(r, SET_RRAM, 0);
	assert_int_equal(tile_state(r, 0, &log), NMC_TILE_OWNED);
	assert_int_equal(log.cells, 128);
	assert_true(log.pulses > 0);
	assert_true(log.programmed_ns >= 1000000000);
	multiply(r, SET_RRAM, 0, 12, 0);
	tile_state(r, 0, &log);
	assert_int_equal(log.products, 12);
	assert_int_equal(rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_TILESET_RELEASE, .id = set }, NULL),
			 NMC_STATUS_BUSY);
	assert_int_equal(rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_CONTEXT_DESTROY, .id = 1 }, NULL),
			 NMC_STATUS_OK);
	assert_int_equal(rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_TILESET_RELEASE, .id = set }, NULL),
			 NMC_STATUS_OK);
	assert_int_equal(card_oracle(r->card, set, 0, g, NULL), -ENOENT);
	again = rig_tileset(r, SET_RRAM, 2);
	assert_int_equal(again.set, set);
	assert_int_not_equal(again.generation, r->table.sets[SET_RRAM].generation);
	assert_int_equal(tile_state(r, 0, &log), NMC_TILE_OWNED);
	assert_int_equal(log.cells, 0);
	assert_true(log.pulses > 0);

	/* The tile was erased for its new owner, and the old name is stale. */
	assert_int_equal(card_oracle(r->card, set, 0, g, NULL), 0);
	for (i = 0; i < 128; i++)
		assert_true(g[i] < 10.0f);
	rig_begin(r);
	rig_control(r, NMC_OP_END);
	assert_int_equal(rig_run(r), NMC_STATUS_NOT_FOUND);
	{
		struct nmc_set_ref refs[RIG_SETS] = { again, r->table.sets[1], r->table.sets[2] };

		rig_context(r, 1, refs, RIG_SETS);
		assert_int_equal(rig_run(r), NMC_STATUS_FAULT);
		assert_int_equal(r->cqe.fault.cause, NMC_FAULT_SET_STALE);
		assert_int_equal(r->cqe.fault.object, 0);
		r->table.sets[0] = again;
		assert_int_equal(rig_run(r), NMC_STATUS_OK);
	}
	rig_free(r);
}

static void persistence(void **state)
{
	struct rig *r = rig_small();
	struct nmc_tileset_config config = { .class = SET_IDEAL, .tiles = 1, .flags = NMC_TILESET_PERSISTENT,
					     .uuid = { 5 }, .label = "kept" };
	struct nmc_set_ref ref;
	float before[128], after[128];
	uint64_t result;

	(void)state;
	assert_int_equal(rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_TILESET_CREATE, .addr = (uintptr_t)&config,
							.bytes = sizeof(config) }, &result), NMC_STATUS_OK);
	ref = (struct nmc_set_ref){ (uint32_t)result, result >> 32 };
	rig_context(r, 2, (struct nmc_set_ref[]){ r->table.sets[0], ref, r->table.sets[2] }, 3);
	r->table.sets[1] = ref;
	rig_begin(r);
	fill(r);
	r->sqe.context = 2;
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 0, 0, 256);
	rig_add(r, (struct nmc_isa_program){ .c.opcode = NMC_OP_PROGRAM, .set = SET_IDEAL, .data = { 0, 16, 0 },
					     .report = 1024, .rows = 16, .cols = 8 });
	rig_finish(r);
	assert_int_equal(card_oracle(r->card, ref.set, 0, before, NULL), 0);
	assert_int_equal(rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_CONTEXT_DESTROY, .id = 2 }, NULL), 0);
	assert_int_equal(rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_TILESET_RELEASE, .id = ref.set }, NULL), 0);
	assert_int_equal(rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_TILESET_OPEN, .addr = (uintptr_t)&config,
							.bytes = sizeof(config) }, &result), NMC_STATUS_OK);
	assert_int_equal((uint32_t)result, ref.set);
	assert_int_equal(result >> 32, ref.generation + 1);
	assert_string_equal(config.label, "kept");
	assert_int_equal(card_oracle(r->card, ref.set, 0, after, NULL), 0);
	assert_memory_equal(before, after, sizeof(before));
	assert_true(before[0] != before[2]);
	rig_free(r);
}

static void errors_and_events(void **state)
{
	struct rig *r = rig_small();
	struct pollfd p = { .fd = card_event_fd(r->card), .events = POLLIN };
	struct nmc_event_record event;
	struct nmc_error_log log;
	uint64_t count;

	(void)state;
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_int_equal(card_event(r->card, &event), -EAGAIN);
	rig_control(r, NMC_ISA_OP(0, 200));
	assert_int_equal(rig_run(r), NMC_STATUS_FAULT);
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_int_equal(card_event(r->card, &event), 0);
	assert_int_equal(event.type, NMC_EVENT_ERROR);
	assert_int_equal(event.value, 1);
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_int_equal(card_event(r->card, &event), -EAGAIN);
	assert_int_equal(rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_GET_LOG, .index = NMC_LOG_ERRORS,
							.addr = (uintptr_t)&log, .bytes = sizeof(log) }, &count),
			 NMC_STATUS_OK);
	assert_int_equal(count, 1);
	assert_int_equal(log.queue, 0xffff);
	assert_int_equal(log.context, 1);
	assert_int_equal(log.cookie, 7);
	assert_int_equal(log.status, NMC_STATUS_FAULT);
	assert_memory_equal(&log.fault, &r->cqe.fault, sizeof(log.fault));
	rig_free(r);
}

static void oracle_and_memory(void **state)
{
	struct rig *r = rig_small();
	uint32_t set = r->table.sets[SET_DIGITAL].set;
	float g[128], target[128];
	uint64_t cells;
	int i;

	(void)state;
	assert_int_equal(card_memory(r->card, &cells), 0);
	assert_int_equal(cells, 0);
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 0, 0, 256);
	for (i = 0; i < 128; i++)
		((int16_t *)r->data)[i] = i - 60;
	rig_add(r, (struct nmc_isa_program){ .c.opcode = NMC_OP_PROGRAM, .set = SET_DIGITAL, .tile = 1,
					     .data = { 0, 16, 0 }, .report = 1024, .rows = 16, .cols = 8 });
	rig_finish(r);
	assert_int_equal(card_oracle(r->card, set, 1, g, target), 0);
	for (i = 0; i < 128; i++) {
		assert_true(g[i] == (float)(i - 60));
		assert_true(target[i] == (float)(i - 60));
	}
	assert_int_equal(card_oracle(r->card, set, 1, NULL, NULL), 0);
	assert_int_equal(card_oracle(r->card, set, 2, g, NULL), -ENOENT);
	assert_int_equal(card_oracle(r->card, 0, 0, g, NULL), -ENOENT);
	assert_int_equal(card_oracle(r->card, 2000, 0, g, NULL), -ENOENT);
	assert_true(card_memory(r->card, &cells) > 0);
	assert_int_equal(cells, 128);
	rig_free(r);
}

static void health(void **state)
{
	struct rig *r = rig_small();
	struct nmc_health_log log;

	(void)state;
	program(r, SET_RRAM, 0);
	multiply(r, SET_RRAM, 0, 12, 0);
	assert_int_equal(rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_GET_LOG, .index = NMC_LOG_HEALTH,
							.addr = (uintptr_t)&log, .bytes = sizeof(log) }, NULL),
			 NMC_STATUS_OK);
	assert_int_equal(log.jobs, 2);
	assert_int_equal(log.faults, 0);
	assert_int_equal(log.macs, 12 * 16 * 8);
	assert_int_equal(log.conversions, 12 * 4);
	assert_true(log.pulses > 0 && log.energy_fj > 0 && log.modelled_busy_ns > 0);
	assert_true(log.modelled_busy_ns < 1000000000);	/* settle time is not busy time */
	assert_int_equal(log.tiles_by_state[NMC_TILE_OWNED], 6);
	assert_int_equal(log.tiles_by_state[NMC_TILE_FREE], 6);
	rig_free(r);
}

/* The settle time of a programming passes on the set's clock, and on no other's. */
static void settle_time(void **state)
{
	struct rig *r = rig_small();
	struct nmc_tileset_info info[2];
	struct nmc_tile_log log;
	unsigned int i;

	(void)state;
	program(r, SET_RRAM, 0);
	for (i = 0; i < 2; i++)
		assert_int_equal(rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_TILESET_INFO,
								.id = r->table.sets[i].set, .addr = (uintptr_t)&info[i],
								.bytes = sizeof(info[i]) }, NULL), NMC_STATUS_OK);
	assert_int_equal(info[1].time_ns, r->cqe.result);
	assert_int_equal(info[0].time_ns, r->cqe.result + 1000000000);
	tile_state(r, 0, &log);
	assert_in_range(log.programmed_ns, 1000000000, info[0].time_ns);
	rig_free(r);
}

/* A set that is mapped anew under a context makes the context's name for it stale. */
static void stale_under_context(void **state)
{
	struct rig *r = rig_small();
	const struct nmc_set_ref *ref = &r->table.sets[SET_IDEAL];
	const uint32_t tiles[2] = { 4, 5 };

	(void)state;
	rig_control(r, NMC_OP_END);
	assert_int_equal(rig_run(r), NMC_STATUS_OK);
	set_map(r->card, ref->set, ref->generation + 1, tiles, 2);
	assert_int_equal(rig_run(r), NMC_STATUS_FAULT);
	assert_int_equal(r->cqe.fault.cause, NMC_FAULT_SET_STALE);
	assert_int_equal(r->cqe.fault.object, SET_IDEAL);
	set_map(r->card, ref->set, ref->generation, tiles, 2);
	assert_int_equal(rig_run(r), NMC_STATUS_OK);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options),
		cmocka_unit_test(identity),
		cmocka_unit_test(same_bits),
		cmocka_unit_test(threads_share),
		cmocka_unit_test(set_lifecycle),
		cmocka_unit_test(persistence),
		cmocka_unit_test(errors_and_events),
		cmocka_unit_test(oracle_and_memory),
		cmocka_unit_test(health),
		cmocka_unit_test(settle_time),
		cmocka_unit_test(stale_under_context),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
