// SPDX-License-Identifier: MIT
/*
 * State files: a card that is loaded gives the bits of the one that was saved and ages on; bad files of every kind are
 * refused and change nothing; a write that fails leaves the file before; power loss leaves tiles that say they are incomplete.
 */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "card/core/state_file.h"
#include "tests/unit/core_rig.h"

#define ROWS	16
#define COLS	8
#define CELLS	(ROWS * COLS)
#define OUTPUTS	(COLS / 2)
#define HOUR	3600000000000ull

enum { AT_TARGET = 0, AT_REPORT = 1024, AT_COLUMN = 2048, AT_IN = 4096, AT_OUT = 8192 };

static char folder[] = "/tmp/core_state.XXXXXX";

static const char *file(const char *name)
{
	static char path[4][128];
	static unsigned int turn;
	char *to = path[turn++ % 4];

	snprintf(to, sizeof(path[0]), "%s/%s", folder, name);
	return to;
}

static struct nmc_tileset_config config_of(unsigned int class)
{
	return (struct nmc_tileset_config){ .class = class, .tiles = 2, .flags = NMC_TILESET_PERSISTENT,
					    .uuid = { 1, (uint8_t)class }, .label = "a set" };
}

static const struct card_options options = { .classes = "pcm,rram,digital", .tiles = 4, .rows = ROWS, .cols = COLS, .seed = 3,
					     .threads = 1 };

static struct rig *card_off(const struct card_options *o)
{
	struct rig *r = NULL;
	char error[128] = "";

	assert_int_equal(posix_memalign((void **)&r, NMC_PAGE_BYTES, sizeof(*r)), 0);
	memset(r, 0, sizeof(*r));
	if (card_create(o, &r->card, error, sizeof(error)))
		fail_msg("%s", error);
	rig_slots(r);
	rig_begin(r);
	return r;
}

/* Persistent sets of two tiles each, made or found. */
static void attach(struct rig *r, unsigned int opcode)
{
	unsigned int i;

	for (i = 0; i < RIG_SETS; i++) {
		struct nmc_tileset_config c = config_of(i);
		uint64_t result = 0;

		assert_int_equal(rig_admin(r, (struct nmc_sqe){ .opcode = opcode, .addr = (uintptr_t)&c, .bytes = sizeof(c) },
					   &result), NMC_STATUS_OK);
		r->table.sets[i] = (struct nmc_set_ref){ .set = (uint32_t)result, .generation = result >> 32 };
	}
	rig_context(r, 1, r->table.sets, RIG_SETS);
}

static struct rig *made(void)
{
	struct rig *r = card_off(&options);

	attach(r, NMC_ADMIN_TILESET_CREATE);
	return r;
}

static int load(struct rig *r, const char *path, char *error)
{
	*error = 0;
	return card_load(r->card, path, error, 256);
}

static void save(struct rig *r, const char *path)
{
	char error[256] = "";

	if (card_save(r->card, path, error, sizeof(error)))
		fail_msg("%s", error);
}

static struct rig *loaded(const char *path)
{
	struct rig *r = card_off(&options);
	char error[256];

	if (load(r, path, error))
		fail_msg("%s", error);
	return r;
}

static void program(struct rig *r, unsigned int set, unsigned int rows)
{
	unsigned int i;

	rig_begin(r);
	for (i = 0; i < CELLS; i++)
		((int16_t *)r->data)[i] = (int16_t)(set == SET_DIGITAL ? i % 100 : NMC_CONDUCTANCE_MAX / CELLS * i);
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 0, AT_TARGET, 2 * CELLS);
	rig_add(r, (struct nmc_isa_program){ .c.opcode = NMC_OP_PROGRAM, .set = set, .data = { AT_TARGET, 2 * COLS, 0 },
					     .report = AT_REPORT, .rows = rows, .cols = COLS });
	rig_finish(r);
}

static void multiply(struct rig *r, unsigned int set, int32_t *out)
{
	struct nmc_isa_column *c = (void *)(r->data + 256);
	const bool converters = set != SET_DIGITAL;
	int i;

	rig_begin(r);
	for (i = 0; i < COLS; i++)
		c[i] = (struct nmc_isa_column){ .adc_mult = 1, .adc_shift = 10, .scale_mult = 1 };
	memset(r->data + 512, 7, ROWS);
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 256, AT_COLUMN, COLS * sizeof(*c));
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 512, AT_IN, ROWS);
	rig_add(r, (struct nmc_isa_mvm){ .c.opcode = NMC_OP_MVM, .set = set, .in = { AT_IN, 0, 0 }, .out = { AT_OUT, 4 * OUTPUTS, 0 },
					 .columns = converters ? AT_COLUMN : 0, .adc_bits = converters ? 12 : 0,
					 .rows = ROWS, .cols = OUTPUTS, .vectors = 1 });
	rig_move(r, NMC_OP_STORE, SLOT_DATA, 0, AT_OUT, 4 * OUTPUTS);
	rig_finish(r);
	memcpy(out, r->data, 4 * OUTPUTS);
}

static void idle(struct rig *r, unsigned int set, uint64_t ns)
{
	rig_begin(r);
	rig_add(r, (struct nmc_isa_control){ .c.opcode = NMC_OP_IDLE, .set = set, .time = ns });
	rig_finish(r);
}

static void inject(struct rig *r, struct card_device_fault f)
{
	char error[256] = "";

	if (card_inject(r->card, &f, error, sizeof(error)))
		fail_msg("%s", error);
}

/* A card with a past: programmings in part and in whole, ages, warmth, faults. */
static struct rig *lived(void)
{
	struct rig *r = made();
	int32_t out[OUTPUTS];
	unsigned int set;

	for (set = 0; set < RIG_SETS; set++) {
		program(r, set, ROWS);
		idle(r, set, HOUR);
		program(r, set, 5);
		multiply(r, set, out);
	}
	card_temperature(r->card, 340);
	idle(r, 0, 2 * HOUR);
	idle(r, 1, HOUR);
	inject(r, (struct card_device_fault){ .kind = CARD_DEVICE_DRIFT, .tile = 0, .row = CARD_ALL, .share = 0.2, .factor = 2 });
	inject(r, (struct card_device_fault){ .kind = CARD_DEVICE_DEAD, .tile = CARD_ALL, .row = 1, .col = 1 });
	return r;
}

/* Everything that can be seen of both is the same; only seeing it takes event numbers, of both. */
static void same(struct rig *a, struct rig *b)
{
	struct nmc_tile_log la[12], lb[12];
	struct nmc_tileset_info ia, ib;
	float ga[CELLS], gb[CELLS], ta[CELLS], tb[CELLS];
	int32_t x[OUTPUTS], y[OUTPUTS];
	unsigned int set;

	for (set = 0; set < RIG_SETS; set++) {
		struct nmc_sqe info = { .opcode = NMC_ADMIN_TILESET_INFO, .id = a->table.sets[set].set, .bytes = sizeof(ia) };

		assert_int_equal(a->table.sets[set].set, b->table.sets[set].set);
		assert_int_equal(card_oracle(a->card, a->table.sets[set].set, 0, ga, ta), 0);
		assert_int_equal(card_oracle(b->card, b->table.sets[set].set, 0, gb, tb), 0);
		assert_memory_equal(ga, gb, sizeof(ga));
		assert_memory_equal(ta, tb, sizeof(ta));
		multiply(a, set, x);
		multiply(b, set, y);
		assert_memory_equal(x, y, sizeof(x));
		info.addr = (uintptr_t)&ia;
		rig_admin(a, info, NULL);
		info.addr = (uintptr_t)&ib;
		rig_admin(b, info, NULL);
		ib.generation = ia.generation;
		assert_memory_equal(&ia, &ib, sizeof(ia));
	}
	rig_admin(a, (struct nmc_sqe){ .opcode = NMC_ADMIN_GET_LOG, .index = NMC_LOG_TILES, .addr = (uintptr_t)la, .bytes = sizeof(la) }, NULL);
	rig_admin(b, (struct nmc_sqe){ .opcode = NMC_ADMIN_GET_LOG, .index = NMC_LOG_TILES, .addr = (uintptr_t)lb, .bytes = sizeof(lb) }, NULL);
	assert_memory_equal(la, lb, sizeof(la));
}

static void round_trip(void **state)
{
	struct rig *a = lived(), *b;
	struct card_device_fault f;
	struct card_status sa, sb;
	unsigned int set;

	(void)state;
	save(a, file("state"));
	b = loaded(file("state"));
	attach(b, NMC_ADMIN_TILESET_OPEN);
	same(a, b);
	card_status(a->card, &sa);
	card_status(b->card, &sb);
	assert_true(sa.kelvin == 340 && sb.kelvin == 340);
	assert_int_equal(sa.used, sb.used);
	assert_int_equal(card_injected(b->card, 1, &f), 0);
	assert_int_equal(f.kind, CARD_DEVICE_DEAD);
	/* They age on, cool down, are written and worn alike. */
	for (set = 0; set < RIG_SETS; set++) {
		idle(a, set, 1000 * HOUR);
		idle(b, set, 1000 * HOUR);
	}
	same(a, b);
	card_temperature(a->card, CARD_KELVIN);
	card_temperature(b->card, CARD_KELVIN);
	card_inject_clear(a->card);
	card_inject_clear(b->card);
	for (set = 0; set < RIG_SETS; set++) {
		program(a, set, 7);
		program(b, set, 7);
		idle(a, set, HOUR);
		idle(b, set, HOUR);
	}
	same(a, b);
	/* A second trip, over a card that has lived. */
	save(b, file("state"));
	rig_admin(a, (struct nmc_sqe){ .opcode = NMC_ADMIN_CONTEXT_DESTROY, .id = 1 }, NULL);
	for (set = 0; set < RIG_SETS; set++)
		rig_admin(a, (struct nmc_sqe){ .opcode = NMC_ADMIN_TILESET_RELEASE, .id = a->table.sets[set].set }, NULL);
	assert_int_equal(load(a, file("state"), (char[256]){ 0 }), 0);
	attach(a, NMC_ADMIN_TILESET_OPEN);
	same(a, b);
	rig_free(a);
	rig_free(b);
}

/* Cells that a second pass has left alone go on from their older write after the trip as well. */
static void passes(void **state)
{
	static float ga[CELLS], gb[CELLS], once[CELLS];
	struct rig *a = made(), *b, *c = made();
	unsigned int i, same = 0;

	(void)state;
	program(a, 1, ROWS);
	program(c, 1, ROWS);
	idle(a, 1, 10 * HOUR);
	idle(c, 1, 10 * HOUR);
	program(a, 1, ROWS);
	idle(c, 1, 1000000000);
	save(a, file("state"));
	b = loaded(file("state"));
	attach(b, NMC_ADMIN_TILESET_OPEN);
	idle(a, 1, 1000 * HOUR);
	idle(b, 1, 1000 * HOUR);
	idle(c, 1, 1000 * HOUR);
	assert_int_equal(card_oracle(a->card, a->table.sets[1].set, 0, ga, NULL), 0);
	assert_int_equal(card_oracle(b->card, b->table.sets[1].set, 0, gb, NULL), 0);
	assert_int_equal(card_oracle(c->card, c->table.sets[1].set, 0, once, NULL), 0);
	assert_memory_equal(ga, gb, sizeof(ga));
	for (i = 0; i < CELLS; i++)
		same += ga[i] == once[i];
	assert_in_range(same, CELLS / 8, CELLS * 7 / 8);
	rig_free(a);
	rig_free(b);
	rig_free(c);
}

/* Volatile sets end with the power: their tiles are erased, what they wore stays. */
static void volatile_sets(void **state)
{
	struct rig *a = rig_make(options), *b;
	struct nmc_tile_log before, after;
	struct nmc_sqe logs = { .opcode = NMC_ADMIN_GET_LOG, .index = NMC_LOG_TILES, .bytes = sizeof(before) };
	struct card_status s;
	float g[CELLS];
	int i;

	(void)state;
	program(a, 0, ROWS);
	logs.addr = (uintptr_t)&before;
	rig_admin(a, logs, NULL);
	save(a, file("volatile"));
	b = loaded(file("volatile"));
	logs.addr = (uintptr_t)&after;
	rig_admin(b, logs, NULL);
	card_status(b->card, &s);
	assert_int_equal(s.used, 0);
	assert_int_equal(before.state, NMC_TILE_OWNED);
	assert_int_equal(after.state, NMC_TILE_FREE);
	assert_true(before.pulses > 0 && after.pulses > before.pulses);
	b->table.sets[0] = rig_tileset(b, 0, 2);
	assert_int_equal(card_oracle(b->card, b->table.sets[0].set, 0, g, NULL), 0);
	for (i = 0; i < CELLS; i++)
		assert_true(g[i] < 5.0f);
	rig_free(a);
	rig_free(b);
}

/* What the scrub measured does not outlive the power, and is measured again. */
static void scrub(void **state)
{
	struct rig *a = made(), *b;
	struct nmc_tile_log log;
	struct nmc_sqe logs = { .opcode = NMC_ADMIN_GET_LOG, .index = NMC_LOG_TILES, .addr = (uintptr_t)&log, .bytes = sizeof(log) };
	int32_t out[OUTPUTS];
	int i;

	(void)state;
	program(a, 0, ROWS);
	for (i = 0; i < 2000; i++)
		multiply(a, 0, out);
	rig_admin(a, logs, NULL);
	assert_true(log.scrubbed_cells > 0 && log.scrubbed_ns && log.deviation_ppm != UINT32_MAX && log.wear_max);
	save(a, file("scrub"));
	b = loaded(file("scrub"));
	rig_admin(b, logs, NULL);
	assert_int_equal(log.scrubbed_cells, 0);
	assert_int_equal(log.deviation_ppm, UINT32_MAX);
	assert_int_equal(log.deviation_max_ppm, UINT32_MAX);
	assert_int_equal(log.drift_ppm, NMC_DRIFT_UNKNOWN);
	assert_true(log.wear_max && log.programmed_ns);
	attach(b, NMC_ADMIN_TILESET_OPEN);
	for (i = 0; i < 2000; i++)
		multiply(b, 0, out);
	rig_admin(b, logs, NULL);
	assert_true(log.scrubbed_cells > 0 && log.deviation_ppm != UINT32_MAX);
	rig_free(a);
	rig_free(b);
}

/* In use a card is not loaded; nor is the state of another kind of card. */
static void refused(void **state)
{
	static const struct {
		struct card_options options;
		const char *says;
	} others[] = {
		{ { .classes = "pcm,rram,digital", .tiles = 4, .rows = ROWS, .cols = COLS, .seed = 4 }, "seed 3, not 4" },
		{ { .classes = "pcm,rram,digital", .tiles = 5, .rows = ROWS, .cols = COLS, .seed = 3 }, "4 tiles" },
		{ { .classes = "pcm,rram,digital", .tiles = 4, .rows = 8, .cols = COLS, .seed = 3 }, "16 x 8" },
		{ { .classes = "pcm,rram", .tiles = 4, .rows = ROWS, .cols = COLS, .seed = 3 }, "3 classes" },
		{ { .classes = "pcm,ideal,digital", .tiles = 4, .rows = ROWS, .cols = COLS, .seed = 3 }, "not ideal" },
	};
	struct rig *a = lived(), *b;
	char error[256];
	unsigned int i;

	(void)state;
	save(a, file("state"));
	assert_int_equal(load(a, file("state"), error), -EBUSY);
	assert_non_null(strstr(error, "in use"));
	for (i = 0; i < sizeof(others) / sizeof(*others); i++) {
		b = card_off(&others[i].options);
		assert_int_equal(load(b, file("state"), error), -EINVAL);
		if (!strstr(error, others[i].says))
			fail_msg("\"%s\" lacks \"%s\"", error, others[i].says);
		rig_free(b);
	}
	b = card_off(&options);
	assert_int_equal(load(b, file("nowhere"), error), -ENOENT);
	assert_int_equal(load(b, folder, error), -EPROTO);
	assert_int_equal(load(b, "/dev/null", error), -EPROTO);
	assert_int_equal(card_save(b->card, "/dev/null", error, sizeof(error)), -EINVAL);
	assert_int_equal(card_save(b->card, file("no/where"), error, sizeof(error)), -ENOENT);
	rig_free(b);
	rig_free(a);
}

static uint8_t *slurp(const char *path, size_t *bytes)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = malloc(1 << 20);

	assert_non_null(f);
	*bytes = fread(data, 1, 1 << 20, f);
	fclose(f);
	return data;
}

static void spill(const char *path, const uint8_t *data, size_t bytes)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, bytes, f), bytes);
	fclose(f);
}

static bool is_refusal(int ret)
{
	return ret == -EBADMSG || ret == -EPROTO || ret == -EPROTONOSUPPORT;
}

/* Flipped bits, cut lengths: refused, and the card is what it was. */
static void damaged(void **state)
{
	struct rig *a = lived(), *b;
	uint8_t *good, *bad;
	size_t bytes, i;
	char error[256];

	(void)state;
	save(a, file("state"));
	good = slurp(file("state"), &bytes);
	b = loaded(file("state"));
	bad = malloc(bytes + 1);
	for (i = 0; i < bytes; i += i < 1000 ? 1 : 7) {
		memcpy(bad, good, bytes);
		bad[i] ^= 1u << i % 8;
		spill(file("bad"), bad, bytes);
		if (!is_refusal(load(b, file("bad"), error)))
			fail_msg("byte %zu flipped is taken", i);
	}
	for (i = 0; i < bytes; i += 1 + i / 64) {
		spill(file("bad"), good, i);
		if (!is_refusal(load(b, file("bad"), error)))
			fail_msg("%zu bytes are taken", i);
	}
	memcpy(bad, good, bytes);
	bad[bytes] = 0;
	spill(file("bad"), bad, bytes + 1);
	assert_true(is_refusal(load(b, file("bad"), error)));
	attach(b, NMC_ADMIN_TILESET_OPEN);
	same(a, b);
	free(good);
	free(bad);
	rig_free(a);
	rig_free(b);
}

/* Start of section @n of a kind in a file, NULL if there is none. */
static uint8_t *section(uint8_t *data, size_t bytes, uint32_t kind, unsigned int n)
{
	uint8_t *at = data + 16;
	uint32_t k;
	uint64_t length;

	while (at + 24 <= data + bytes) {
		memcpy(&k, at, 4);
		memcpy(&length, at + 8, 8);
		if (k == kind && !n--)
			return at;
		at += 24 + length;
	}
	return NULL;
}

static void make_right(uint8_t *at)
{
	uint64_t length;
	uint32_t crc;

	memcpy(&length, at + 8, 8);
	crc = state_crc(0, at + 24, length);
	memcpy(at + 16, &crc, 4);
	crc = state_crc(0, at, 20);
	memcpy(at + 20, &crc, 4);
}

/* Files whose checksums are right and whose content cannot be. */
static void impossible(void **state)
{
	enum { WRITES = 8 + 12 + 4 + 8 };	/* of a tile: event, time, kelvin, counts */
	static const struct {
		const char *what;
		enum state_kind kind;
		unsigned int n;
		int at;			/* in the payload; negative: in the header */
		unsigned int bytes;
		uint64_t value;
	} cases[] = {
		{ "temperature", STATE_CARD, 0, 8 + 16 + 3 * (32 + 8), 4, 0x7fc00000 },
		{ "directory version", STATE_DIRECTORY, 0, 0, 4, 2 },
		{ "directory sets", STATE_DIRECTORY, 0, 4, 4, 2 },
		{ "directory many sets", STATE_DIRECTORY, 0, 4, 4, 0xffffffff },
		{ "directory tiles", STATE_DIRECTORY, 0, 8, 4, 11 },
		{ "set index", STATE_DIRECTORY, 0, 16 + 16, 4, 1024 },
		{ "set generation", STATE_DIRECTORY, 0, 16 + 20, 4, 0 },
		{ "set tiles", STATE_DIRECTORY, 0, 16 + 24, 2, 3 },
		{ "set class", STATE_DIRECTORY, 0, 16 + 26, 1, 1 },
		{ "no such class", STATE_DIRECTORY, 0, 16 + 26, 1, 200 },
		{ "two sets of one name", STATE_DIRECTORY, 0, 16 + 32 + 1, 1, 1 },
		{ "tile state", STATE_DIRECTORY, 0, 16 + 3 * 112, 1, 77 },
		{ "tile incomplete in the directory", STATE_DIRECTORY, 0, 16 + 3 * 112, 1, NMC_TILE_INCOMPLETE },
		{ "tile owner", STATE_DIRECTORY, 0, 16 + 3 * 112 + 2, 2, 9 },
		{ "tile owner beyond", STATE_DIRECTORY, 0, 16 + 3 * 112 + 2, 2, 5000 },
		{ "set id 0", STATE_SETS, 0, 0, 4, 0 },
		{ "set id", STATE_SETS, 0, 0, 4, 1025 },
		{ "a set twice", STATE_SETS, 0, 0, 4, 2 },
		{ "time behind", STATE_SETS, 0, 4, 8, 0 },
		{ "rate", STATE_SETS, 0, 4 + 48, 8, 0 },
		{ "rate beyond", STATE_SETS, 0, 4 + 48, 8, 1ull << 41 },
		{ "set temperature", STATE_SETS, 0, 4 + 56, 4, 0x7fc00000 },
		{ "log bytes", STATE_LOGS, 0, 0, 4, sizeof(struct nmc_tile_log) + 8 },
		{ "log count", STATE_LOGS, 0, 4, 4, 13 },
		{ "incomplete", STATE_LOGS, 0, 8, 4, 2 },
		{ "faults", STATE_FAULTS, 0, 0, 4, 257 },
		{ "fault kind", STATE_FAULTS, 0, 4, 4, 77 },
		{ "fault share", STATE_FAULTS, 0, 20, 8, 0x7ff8000000000000 },
		{ "event", STATE_TILE, 0, 0, 8, 0 },
		{ "event beyond", STATE_TILE, 0, 0, 8, 1ull << 56 },
		{ "tile temperature", STATE_TILE, 0, 20, 4, 0x7fc00000 },
		{ "no writes", STATE_TILE, 0, 24, 4, 0 },
		{ "many writes", STATE_TILE, 0, 24, 4, 0xffffffff },
		{ "many defects", STATE_TILE, 0, 28, 4, 0xffffffff },
		{ "write ages", STATE_TILE, 0, WRITES + 16, 4, 2 },
		{ "write event", STATE_TILE, 0, WRITES, 8, 1ull << 60 },
		{ "target", STATE_TILE, 0, WRITES + 2 * 20, 2, 0x7fff },
		{ "conductance", STATE_TILE, 0, WRITES + 2 * 20 + 2 * CELLS, 4, 0x7fc00000 },
		{ "conductance beyond", STATE_TILE, 0, WRITES + 2 * 20 + 2 * CELLS, 4, 0x7f000000 },
		{ "exponent", STATE_TILE, 0, WRITES + 2 * 20 + 6 * CELLS, 2, 0x8000 },
		{ "write of a cell", STATE_TILE, 0, WRITES + 2 * 20 + 8 * CELLS, 2, 2 },
		{ "tile number", STATE_TILE, 0, -20, 4, 99 },
		{ "a tile twice", STATE_TILE, 0, -20, 4, 4 },
		{ "end count", STATE_END, 0, -20, 4, 3 },
		{ "kind", STATE_SETS, 0, -24, 4, 4 },
		{ "unknown kind", STATE_TILE, 0, -24, 4, 8 },
		{ "end at once", STATE_TILE, 0, -24, 4, STATE_END },
	};
	struct rig *a = lived(), *b;
	uint8_t *good, *bad, *at;
	char error[256];
	size_t bytes;
	unsigned int i;

	(void)state;
	save(a, file("state"));
	good = slurp(file("state"), &bytes);
	bad = malloc(bytes);
	b = loaded(file("state"));
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		memcpy(bad, good, bytes);
		at = section(bad, bytes, cases[i].kind, cases[i].n);
		assert_non_null(at);
		memcpy(at + 24 + cases[i].at, &cases[i].value, cases[i].bytes);
		make_right(at);
		spill(file("bad"), bad, bytes);
		if (!is_refusal(load(b, file("bad"), error)))
			fail_msg("%s: taken", cases[i].what);
	}
	attach(b, NMC_ADMIN_TILESET_OPEN);
	same(a, b);
	free(good);
	free(bad);
	rig_free(a);
	rig_free(b);
}

/* The disk is full: the file before stays, and nothing beside it. */
static void full_disk(void **state)
{
	struct rlimit before, small = { 0 };
	struct rig *a = lived();
	uint8_t *was, *is;
	size_t bytes, now;
	char error[256];
	size_t limit;

	(void)state;
	save(a, file("state"));
	was = slurp(file("state"), &bytes);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	for (limit = 0; limit < bytes; limit += 97) {
		small = (struct rlimit){ .rlim_cur = limit, .rlim_max = before.rlim_max };
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
		assert_int_equal(card_save(a->card, file("state"), error, sizeof(error)), -EFBIG);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
		assert_int_equal(access(file("state.new"), F_OK), -1);
	}
	is = slurp(file("state"), &now);
	assert_int_equal(bytes, now);
	assert_memory_equal(was, is, bytes);
	free(was);
	free(is);
	rig_free(a);
}

#define LARGE		256
#define TILES		8

struct work {
	struct rig *r;
	uint64_t progress;
};

static void *work(void *arg)
{
	struct work *w = arg;

	card_job(w->r->card, &w->r->sqe, &card_dma_process, NULL, &w->progress, &w->r->cqe);
	return NULL;
}

/* A card of one class with a persistent set of eight tiles of 256 x 256. */
static struct rig *large(unsigned int opcode, const char *path)
{
	const struct card_options o = { .classes = "rram", .tiles = TILES + 2, .rows = LARGE, .cols = LARGE, .seed = 1, .threads = 1 };
	struct nmc_tileset_config c = { .class = 0, .tiles = TILES, .flags = NMC_TILESET_PERSISTENT, .uuid = { 9 } };
	struct rig *r = card_off(&o);
	uint64_t result = 0;
	char error[256];

	if (path && load(r, path, error))
		fail_msg("%s", error);
	assert_int_equal(rig_admin(r, (struct nmc_sqe){ .opcode = opcode, .addr = (uintptr_t)&c, .bytes = sizeof(c) }, &result),
			 NMC_STATUS_OK);
	r->table.sets[0] = (struct nmc_set_ref){ .set = (uint32_t)result, .generation = result >> 32 };
	r->table.sets[1] = rig_tileset(r, 0, 1);
	r->table.sets[2] = rig_tileset(r, 0, 1);
	rig_context(r, 1, r->table.sets, RIG_SETS);
	return r;
}

/* Programs the tiles of a mask. */
static void stream(struct rig *r, unsigned int mask)
{
	unsigned int t;

	rig_begin(r);
	r->stream.head.sram_bytes = 1 << 20;
	rig_add(r, (struct nmc_isa_fill){ .c.opcode = NMC_OP_FILL, .dst = { 0, 2 * LARGE, 0 }, .rows = LARGE, .words = LARGE / 2,
					  .value = 0x20002000 });
	for (t = 0; t < TILES; t++)
		if (mask & 1u << t)
			rig_add(r, (struct nmc_isa_program){ .c.opcode = NMC_OP_PROGRAM, .tile = t, .data = { 0, 2 * LARGE, 0 },
							     .report = 1 << 19, .rows = LARGE, .cols = LARGE });
	rig_control(r, NMC_OP_END);
	r->stream.head.insns = r->insns;
	r->table.head = (struct nmc_job_table){ sizeof(r->table), RIG_SETS, RIG_SLOTS, 0 };
	r->sqe.stream_bytes = NMC_ISA_INSN_BYTES * (r->insns + 1);
}

/*
 * The power goes in the middle of a programming. What was programmed is as without, what was begun says that it is incomplete,
 * the rest is erased; programming what is not whole, and nothing else, makes the set whole.
 */
static void power_loss(void **state)
{
	static float g[LARGE * LARGE], whole[TILES][LARGE * LARGE];
	unsigned int attempt, t, mask, incomplete = 0, done;
	struct nmc_tile_log log[TILES];
	struct card_set_status s;
	struct rig *r;
	struct work w;
	pthread_t thread;
	char error[256] = "";

	(void)state;
	r = large(NMC_ADMIN_TILESET_CREATE, NULL);
	stream(r, 0xff);
	rig_run(r);
	assert_int_equal(r->cqe.status, NMC_STATUS_OK);
	for (t = 0; t < TILES; t++)
		card_oracle(r->card, r->table.sets[0].set, t, whole[t], NULL);
	rig_free(r);
	for (attempt = 0; !incomplete && attempt < 20; attempt++) {
		r = large(NMC_ADMIN_TILESET_CREATE, NULL);
		stream(r, 0xff);
		w = (struct work){ .r = r };
		assert_int_equal(pthread_create(&thread, NULL, work, &w), 0);
		while (__atomic_load_n(&w.progress, __ATOMIC_RELAXED) < 4)
			;
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 + 300000 * attempt }, NULL);
		assert_int_equal(card_power_loss(r->card, file("cut"), error, sizeof(error)), 0);
		pthread_join(thread, NULL);
		assert_int_equal(card_set_status(r->card, r->table.sets[0].set, &s), 0);
		incomplete = s.incomplete;
		rig_free(r);
	}
	assert_int_equal(incomplete, 1);
	r = large(NMC_ADMIN_TILESET_OPEN, file("cut"));
	rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_GET_LOG, .index = NMC_LOG_TILES, .addr = (uintptr_t)log, .bytes = sizeof(log) }, NULL);
	for (t = 0, mask = 0, done = 0; t < TILES; t++) {
		card_oracle(r->card, r->table.sets[0].set, t, g, NULL);
		if (log[t].state == NMC_TILE_INCOMPLETE || !log[t].programmed_ns) {
			assert_true(log[t].state == NMC_TILE_INCOMPLETE || log[t].state == NMC_TILE_PERSISTENT);
			assert_memory_not_equal(g, whole[t], sizeof(g));
			mask |= 1u << t;
			continue;
		}
		assert_int_equal(log[t].converged > LARGE * LARGE * 9 / 10, 1);
		done++;
	}
	assert_true(done >= 3 && done < TILES);
	stream(r, mask);
	rig_run(r);
	assert_int_equal(r->cqe.status, NMC_STATUS_OK);
	assert_int_equal(card_set_status(r->card, r->table.sets[0].set, &s), 0);
	assert_int_equal(s.incomplete, 0);
	assert_int_equal(s.tiles, TILES);
	rig_free(r);
}

/* Off, no time passes, unless the card follows the wall clock. */
static void time_off(void **state)
{
	struct card_options by_wall = options;
	struct rig *a = lived(), *b;
	struct card_set_status was, is;
	char error[256];

	(void)state;
	card_set_status(a->card, a->table.sets[0].set, &was);
	save(a, file("state"));
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	b = loaded(file("state"));
	card_set_status(b->card, a->table.sets[0].set, &is);
	assert_true(was.time_ns == is.time_ns);
	rig_free(b);
	by_wall.wall_clock = true;
	b = card_off(&by_wall);
	assert_int_equal(load(b, file("state"), error), 0);
	card_set_status(b->card, a->table.sets[0].set, &is);
	assert_true(is.time_ns >= was.time_ns + 20000000);
	rig_free(b);
	rig_free(a);
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const names[] = { "state", "bad", "volatile", "scrub", "cut" };
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(file(names[i]));
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(passes),
		cmocka_unit_test(volatile_sets),
		cmocka_unit_test(scrub),
		cmocka_unit_test(refused),
		cmocka_unit_test(damaged),
		cmocka_unit_test(impossible),
		cmocka_unit_test(full_disk),
		cmocka_unit_test(power_loss),
		cmocka_unit_test(time_off),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
