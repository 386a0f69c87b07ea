// SPDX-License-Identifier: MIT
/*
 * Injected faults have exactly their effect: on their cells, columns and tiles, on nothing else, and not where a product
 * leaves defects out. What lies under them comes back.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include "tests/unit/core_rig.h"

#define ROWS	16
#define COLS	8
#define CELLS	(ROWS * COLS)
#define OUTPUTS	(COLS / 2)
#define HOUR	3600000000000ull
#define VECTORS	1024u

enum { AT_TARGET = 0, AT_REPORT = 1024, AT_COLUMN = 2048, AT_IN = 4096, AT_OUT = 8192 };

static struct rig *make(const char *classes)
{
	return rig_make((struct card_options){ .classes = classes, .tiles = 4, .rows = ROWS, .cols = COLS, .seed = 1, .threads = 1 });
}

/* Programs tile 0 of a set to the middle of the range, or to 5 where the set holds integers. */
static void program(struct rig *r, unsigned int set)
{
	int i;

	rig_begin(r);
	for (i = 0; i < CELLS; i++)
		((int16_t *)r->data)[i] = set == SET_DIGITAL ? 5 : NMC_CONDUCTANCE_MAX / 2;
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 0, AT_TARGET, 2 * CELLS);
	rig_add(r, (struct nmc_isa_program){ .c.opcode = NMC_OP_PROGRAM, .set = set, .data = { AT_TARGET, 2 * COLS, 0 },
					     .report = AT_REPORT, .rows = ROWS, .cols = COLS });
	rig_move(r, NMC_OP_STORE, SLOT_DATA, 1024, AT_REPORT, sizeof(struct nmc_isa_report));
	rig_finish(r);
}

static const struct nmc_isa_report *report(const struct rig *r)
{
	return (const void *)(r->data + 1024);
}

static void add_mvm(struct rig *r, unsigned int set, unsigned int flags, unsigned int vectors)
{
	const bool converters = set != SET_DIGITAL;
	struct nmc_isa_column *c = (void *)(r->data + 256);
	int i;

	for (i = 0; i < COLS; i++)
		c[i] = (struct nmc_isa_column){ .adc_mult = 1, .adc_shift = 14, .scale_mult = 1 };
	for (i = 0; i < ROWS; i++)
		r->data[512 + i] = (uint8_t)(i + 1);
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 256, AT_COLUMN, COLS * sizeof(*c));
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 512, AT_IN, ROWS);
	rig_add(r, (struct nmc_isa_mvm){ .c.opcode = NMC_OP_MVM, .c.flags = flags, .set = set, .in = { AT_IN, 0, 0 },
					 .out = { AT_OUT, 4 * OUTPUTS, 0 }, .columns = converters ? AT_COLUMN : 0,
					 .adc_bits = converters ? 12 : 0, .rows = ROWS, .cols = OUTPUTS, .vectors = vectors });
}

/* One product of tile 0 of a set. */
static void multiply(struct rig *r, unsigned int set, unsigned int flags, int32_t *out)
{
	rig_begin(r);
	add_mvm(r, set, flags, 1);
	rig_move(r, NMC_OP_STORE, SLOT_DATA, 0, AT_OUT, 4 * OUTPUTS);
	rig_finish(r);
	memcpy(out, r->data, 4 * OUTPUTS);
}

/* One product backwards: rows are converted. */
static void multiply_back(struct rig *r, unsigned int set, int32_t *out)
{
	struct nmc_isa_column *c = (void *)(r->data + 256);
	int i;

	rig_begin(r);
	for (i = 0; i < ROWS; i++)
		c[i] = (struct nmc_isa_column){ .adc_mult = 1, .adc_shift = 14, .scale_mult = 1 };
	for (i = 0; i < OUTPUTS; i++)
		r->data[1024 + i] = (uint8_t)(i + 1);
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 256, AT_COLUMN, ROWS * sizeof(*c));
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 1024, AT_IN, OUTPUTS);
	rig_add(r, (struct nmc_isa_mvm){ .c.opcode = NMC_OP_MVM_T, .c.flags = NMC_MVM_NO_READ_NOISE, .set = set, .in = { AT_IN, 0, 0 },
					 .out = { AT_OUT, 4 * ROWS, 0 }, .columns = AT_COLUMN, .adc_bits = 12, .rows = ROWS,
					 .cols = OUTPUTS, .vectors = 1 });
	rig_move(r, NMC_OP_STORE, SLOT_DATA, 0, AT_OUT, 4 * ROWS);
	rig_finish(r);
	memcpy(out, r->data, 4 * ROWS);
}

static void idle(struct rig *r, uint64_t ns)
{
	rig_begin(r);
	rig_add(r, (struct nmc_isa_control){ .c.opcode = NMC_OP_IDLE, .set = 0, .time = ns });
	rig_finish(r);
}

static void look(struct rig *r, unsigned int set, float *g)
{
	assert_int_equal(card_oracle(r->card, r->table.sets[set].set, 0, g, NULL), 0);
}

static void inject(struct rig *r, struct card_device_fault f)
{
	char error[256] = "";

	if (card_inject(r->card, &f, error, sizeof(error)))
		fail_msg("%s", error);
}

static unsigned int differ(const float *a, const float *b)
{
	unsigned int i, n = 0;

	for (i = 0; i < CELLS; i++)
		n += a[i] != b[i];
	return n;
}

static void single_cells(void **state)
{
	struct rig *r = make("rram,ideal,digital");
	float before[CELLS], after[CELLS], low, high;
	unsigned int set;

	(void)state;
	for (set = SET_RRAM; set <= SET_IDEAL; set++) {
		uint32_t tile = set * 4;

		program(r, set);
		look(r, set, before);
		inject(r, (struct card_device_fault){ .kind = CARD_DEVICE_STUCK_LOW, .tile = tile, .row = 3, .col = 2 });
		inject(r, (struct card_device_fault){ .kind = CARD_DEVICE_STUCK_HIGH, .tile = tile, .row = 4, .col = 7 });
		inject(r, (struct card_device_fault){ .kind = CARD_DEVICE_DEAD, .tile = tile, .row = 5, .col = 0 });
		look(r, set, after);
		low = after[3 * COLS + 2];
		high = after[4 * COLS + 7];
		assert_true(low < before[3 * COLS + 2] && high > 1.5f * before[4 * COLS + 7]);
		assert_true(after[5 * COLS] == 0.0f);
		assert_int_equal(differ(before, after), 3);
		card_inject_clear(r->card);
		look(r, set, after);
		assert_memory_equal(before, after, sizeof(before));
	}
	rig_free(r);
}

/* Rows have converters of their own: those of columns may break. */
static void a_column_is_no_row(void **state)
{
	struct rig *r = make("rram,ideal,digital");
	int32_t before[ROWS], after[ROWS], out[OUTPUTS];
	int i;

	(void)state;
	program(r, SET_RRAM);
	multiply_back(r, SET_RRAM, before);
	for (i = 0; i < OUTPUTS; i++)
		inject(r, (struct card_device_fault){ .kind = CARD_DEVICE_COLUMN, .tile = 0, .col = (uint32_t)i, .code = 1234 });
	multiply_back(r, SET_RRAM, after);
	assert_memory_equal(before, after, sizeof(before));
	multiply(r, SET_RRAM, NMC_MVM_NO_READ_NOISE, out);
	assert_int_equal(out[0], 1234);
	rig_free(r);
}

/* Shares: about as many cells as asked for, more with a larger share and those of the smaller among them, by seed. */
static void shares(void **state)
{
	struct rig *r = make("rram,ideal,digital"), *other = make("rram,ideal,digital");
	float before[CELLS], few[CELLS], many[CELLS], again[CELLS];
	unsigned int i;

	(void)state;
	program(r, SET_RRAM);
	program(other, SET_RRAM);
	look(r, SET_RRAM, before);
	inject(r, (struct card_device_fault){ .kind = CARD_DEVICE_DEAD, .tile = CARD_ALL, .row = CARD_ALL, .share = 0.1, .seed = 9 });
	look(r, SET_RRAM, few);
	card_inject_clear(r->card);
	inject(r, (struct card_device_fault){ .kind = CARD_DEVICE_DEAD, .tile = 0, .row = CARD_ALL, .share = 0.5, .seed = 9 });
	look(r, SET_RRAM, many);
	inject(other, (struct card_device_fault){ .kind = CARD_DEVICE_DEAD, .tile = 0, .row = CARD_ALL, .share = 0.5, .seed = 9 });
	look(other, SET_RRAM, again);
	assert_memory_equal(many, again, sizeof(many));
	assert_in_range(differ(before, few), 4, 26);
	assert_in_range(differ(before, many), 44, 84);
	for (i = 0; i < CELLS; i++)
		assert_true(few[i] != 0.0f || many[i] == 0.0f);
	card_inject_clear(other->card);
	inject(other, (struct card_device_fault){ .kind = CARD_DEVICE_DEAD, .tile = 0, .row = CARD_ALL, .share = 0.5, .seed = 10 });
	look(other, SET_RRAM, again);
	assert_true(differ(many, again) > 0);
	inject(other, (struct card_device_fault){ .kind = CARD_DEVICE_DEAD, .tile = 0, .row = CARD_ALL, .share = 1.0 });
	look(other, SET_RRAM, again);
	for (i = 0; i < CELLS; i++)
		assert_true(again[i] == 0.0f);
	rig_free(r);
	rig_free(other);
}

/* Programming meets the broken cells, reports them, and does the sound ones no other way than without. */
static void programming(void **state)
{
	struct rig *sound = make("rram,ideal,digital"), *r = make("rram,ideal,digital");
	float a[CELLS], b[CELLS];
	unsigned int i, broken = 0;
	uint32_t given_up;

	(void)state;
	program(sound, SET_RRAM);
	given_up = report(sound)->given_up;
	inject(r, (struct card_device_fault){ .kind = CARD_DEVICE_STUCK_LOW, .tile = 0, .row = CARD_ALL, .share = 0.2 });
	program(r, SET_RRAM);
	look(sound, SET_RRAM, a);
	look(r, SET_RRAM, b);
	broken = differ(a, b);
	assert_in_range(broken, 10, 45);
	assert_int_equal(report(r)->given_up, given_up + broken);
	card_inject_clear(r->card);
	look(r, SET_RRAM, b);
	for (i = 0; i < CELLS; i++)
		assert_true(b[i] > 0.5f * a[i] && b[i] < 2.0f * a[i]);
	inject(r, (struct card_device_fault){ .kind = CARD_DEVICE_DEAD, .tile = 4, .row = 1, .col = 1 });
	program(r, SET_IDEAL);
	assert_int_equal(report(r)->given_up, 1);
	assert_int_equal(report(r)->converged, CELLS - 1);
	rig_free(sound);
	rig_free(r);
}

/* Every kind of fault at once on an analog tile; a product that leaves defects out is the same bit for bit. */
static void no_defects(void **state)
{
	struct rig *sound = make("pcm,ideal,digital"), *r = make("pcm,ideal,digital");
	int32_t a[OUTPUTS], b[OUTPUTS];

	(void)state;
	program(sound, 0);
	program(r, 0);
	idle(sound, HOUR);
	idle(r, HOUR);
	inject(r, (struct card_device_fault){ .kind = CARD_DEVICE_STUCK_HIGH, .row = CARD_ALL, .share = 0.2 });
	inject(r, (struct card_device_fault){ .kind = CARD_DEVICE_DRIFT, .row = CARD_ALL, .share = 0.5, .factor = 2, .offset = 0.1f });
	inject(r, (struct card_device_fault){ .kind = CARD_DEVICE_NOISE, .row = CARD_ALL, .share = 0.5, .factor = 4 });
	inject(r, (struct card_device_fault){ .kind = CARD_DEVICE_COLUMN, .col = 1, .code = 77 });
	multiply(sound, 0, 0, a);
	multiply(r, 0, NMC_MVM_NO_DEFECTS, b);
	assert_memory_equal(a, b, sizeof(a));
	multiply(sound, 0, 0, a);
	multiply(r, 0, 0, b);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_int_equal(b[1], 77);
	card_inject_clear(r->card);
	multiply(sound, 0, 0, a);
	multiply(r, 0, 0, b);
	assert_memory_equal(a, b, sizeof(a));
	rig_free(sound);
	rig_free(r);
}

/* An offset multiplies by (t/t0)^-offset; a factor of 0 stops a cell. Nothing happens at once, and nothing to others. */
static void drifting(void **state)
{
	struct rig *r = make("pcm,ideal,digital");
	float fresh[CELLS], aged[CELLS], faulty[CELLS], once;
	unsigned int i;

	(void)state;
	program(r, 0);
	look(r, 0, fresh);
	idle(r, 1000 * HOUR);
	look(r, 0, aged);
	inject(r, (struct card_device_fault){ .kind = CARD_DEVICE_DRIFT, .row = 2, .col = 3, .factor = 1, .offset = 0.05f });
	inject(r, (struct card_device_fault){ .kind = CARD_DEVICE_DRIFT, .row = 7, .col = 1, .factor = 0 });
	look(r, 0, faulty);
	for (i = 0; i < CELLS; i++)
		assert_true(i == 2 * COLS + 3 || i == 7 * COLS + 1 || faulty[i] == aged[i]);
	once = faulty[2 * COLS + 3] / aged[2 * COLS + 3];
	assert_true(once > 0.3f && once < 0.6f);	/* 3.6e6 s, t0 of the order of 20 s and less */
	assert_true(faulty[7 * COLS + 1] > aged[7 * COLS + 1]);
	assert_true(fabsf(faulty[7 * COLS + 1] / fresh[7 * COLS + 1] - 1.0f) < 0.1f);
	inject(r, (struct card_device_fault){ .kind = CARD_DEVICE_DRIFT, .row = 2, .col = 3, .factor = 1, .offset = 0.05f });
	look(r, 0, faulty);
	assert_true(fabsf(faulty[2 * COLS + 3] / aged[2 * COLS + 3] - once * once) < 1e-4f);
	rig_free(r);
}

/* Variance of each output over many reads. */
static void variances(struct rig *r, double *var)
{
	double sum[OUTPUTS] = { 0 }, square[OUTPUTS] = { 0 };
	const int32_t *out = (const void *)r->data;
	unsigned int v, i;

	rig_begin(r);
	add_mvm(r, 0, 0, VECTORS);
	rig_move(r, NMC_OP_STORE, SLOT_DATA, 0, AT_OUT, VECTORS * 4 * OUTPUTS);
	for (i = 0; i < OUTPUTS; i++)
		((struct nmc_isa_column *)(r->data + 256))[i].adc_shift = 6;
	rig_finish(r);
	for (v = 0; v < VECTORS; v++)
		for (i = 0; i < OUTPUTS; i++) {
			sum[i] += out[v * OUTPUTS + i];
			square[i] += (double)out[v * OUTPUTS + i] * out[v * OUTPUTS + i];
		}
	for (i = 0; i < OUTPUTS; i++)
		var[i] = square[i] / VECTORS - sum[i] / VECTORS * (sum[i] / VECTORS);
}

/* All cells three times as noisy: nine times the variance, within five of its standard errors (4.4 % each). */
static void noisy(void **state)
{
	struct rig *r = make("rram,ideal,digital");
	double quiet[OUTPUTS], loud[OUTPUTS], silent[OUTPUTS];
	unsigned int i;

	(void)state;
	program(r, 0);
	variances(r, quiet);
	inject(r, (struct card_device_fault){ .kind = CARD_DEVICE_NOISE, .row = CARD_ALL, .share = 1, .factor = 3 });
	variances(r, loud);
	card_inject_clear(r->card);
	inject(r, (struct card_device_fault){ .kind = CARD_DEVICE_NOISE, .row = CARD_ALL, .share = 1, .factor = 0 });
	variances(r, silent);
	for (i = 0; i < OUTPUTS; i++) {
		assert_true(quiet[i] > 0);
		assert_true(fabs(loud[i] / quiet[i] / 9 - 1) < 5 * 0.062);
		assert_true(silent[i] == 0);
	}
	rig_free(r);
}

/* A broken converter gives its code, within the converter's range, and leaves the others alone. */
static void columns(void **state)
{
	struct rig *r = make("rram,ideal,digital");
	int32_t before[OUTPUTS], after[OUTPUTS];
	unsigned int set;

	(void)state;
	for (set = SET_IDEAL; set <= SET_DIGITAL; set++) {
		program(r, set);
		multiply(r, set, 0, before);
		inject(r, (struct card_device_fault){ .kind = CARD_DEVICE_COLUMN, .tile = CARD_ALL, .col = 2, .code = -300 });
		inject(r, (struct card_device_fault){ .kind = CARD_DEVICE_COLUMN, .tile = set * 4, .col = 3 });
		multiply(r, set, 0, after);
		assert_int_equal(after[0], before[0]);
		assert_int_equal(after[1], before[1]);
		assert_int_equal(after[2], -300);
		assert_int_equal(after[3], 0);
		card_inject_clear(r->card);
	}
	rig_free(r);
}

static void operate(struct rig *r, unsigned int opcode, unsigned int tile)
{
	rig_begin(r);
	rig_add(r, (struct nmc_isa_program){ .c.opcode = opcode, .set = SET_RRAM, .tile = tile, .rows = ROWS, .cols = COLS,
					     .report = opcode == NMC_OP_READ ? 0 : AT_REPORT,
					     .data = opcode == NMC_OP_ERASE ? (struct nmc_isa_sram){ 0 } :
									      (struct nmc_isa_sram){ AT_TARGET, 2 * COLS, 0 } });
	rig_control(r, NMC_OP_END);
	rig_run(r);
}

/* A failed tile answers nothing; released it is retired. The set's other tile goes on. */
static void failed_tile(void **state)
{
	struct rig *r = make("rram,ideal,digital");
	struct nmc_tile_log log = { 0 };
	unsigned int opcode;

	(void)state;
	program(r, SET_RRAM);
	inject(r, (struct card_device_fault){ .kind = CARD_DEVICE_TILE, .tile = 0 });
	for (opcode = NMC_OP_PROGRAM; opcode <= NMC_OP_ERASE; opcode++) {
		operate(r, opcode, 0);
		assert_int_equal(r->cqe.status, NMC_STATUS_FAULT);
		assert_int_equal(r->cqe.fault.cause, NMC_FAULT_TILE_FAILED);
		assert_int_equal(r->cqe.fault.offset, 0);
		operate(r, opcode, 1);
		assert_int_equal(r->cqe.status, NMC_STATUS_OK);
	}
	rig_begin(r);
	add_mvm(r, SET_RRAM, 0, 1);
	rig_control(r, NMC_OP_END);
	rig_run(r);
	assert_int_equal(r->cqe.fault.cause, NMC_FAULT_TILE_FAILED);
	rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_CONTEXT_DESTROY, .id = 1 }, NULL);
	rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_TILESET_RELEASE, .id = r->table.sets[SET_RRAM].set }, NULL);
	assert_int_equal(rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_GET_LOG, .index = NMC_LOG_TILES,
							.addr = (uintptr_t)&log, .bytes = sizeof(log) }, NULL), NMC_STATUS_OK);
	assert_int_equal(log.state, NMC_TILE_RETIRED);
	rig_free(r);
}

static void refused(void **state)
{
	static const struct {
		struct card_device_fault fault;
		const char *says;
	} bad[] = {
		{ { .kind = (enum card_device_kind)99 }, "kind 99" },
		{ { .kind = CARD_DEVICE_DEAD, .tile = 12, .row = CARD_ALL, .share = 0.1 }, "tiles 0 to 11" },
		{ { .kind = CARD_DEVICE_DEAD, .row = CARD_ALL, .share = 0 }, "share" },
		{ { .kind = CARD_DEVICE_DEAD, .row = CARD_ALL, .share = 1.01 }, "share" },
		{ { .kind = CARD_DEVICE_DEAD, .row = CARD_ALL, .share = NAN }, "share" },
		{ { .kind = CARD_DEVICE_DEAD, .row = ROWS, .col = 0 }, "rows are 0 to 15" },
		{ { .kind = CARD_DEVICE_DEAD, .row = 0, .col = COLS }, "columns 0 to 7" },
		{ { .kind = CARD_DEVICE_STUCK_LOW, .tile = 8, .row = 0 }, "integers" },
		{ { .kind = CARD_DEVICE_NOISE, .tile = 4, .row = 0, .factor = 2 }, "no noise" },
		{ { .kind = CARD_DEVICE_NOISE, .row = 0, .factor = 17 }, "0 to 16" },
		{ { .kind = CARD_DEVICE_NOISE, .row = 0, .factor = -1 }, "0 to 16" },
		{ { .kind = CARD_DEVICE_DRIFT, .row = 0, .factor = 2 }, "no drift exponent" },
		{ { .kind = CARD_DEVICE_DRIFT, .row = 0, .factor = 1, .offset = 2 }, "-1 to 1" },
		{ { .kind = CARD_DEVICE_COLUMN, .tile = 0, .col = OUTPUTS }, "no such output" },
		{ { .kind = CARD_DEVICE_COLUMN, .tile = 8, .col = COLS }, "no such output" },
		{ { .kind = CARD_DEVICE_COLUMN, .code = 2048 }, "2047" },
	};
	struct rig *r = make("rram,ideal,digital");
	struct card_device_fault f = { .kind = CARD_DEVICE_DEAD, .row = 0 };
	char error[256];
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		*error = 0;
		assert_int_equal(card_inject(r->card, &bad[i].fault, error, sizeof(error)), -EINVAL);
		if (!strstr(error, bad[i].says))
			fail_msg("\"%s\" lacks \"%s\"", error, bad[i].says);
		assert_int_equal(card_injected(r->card, 0, &f), -ENOENT);
	}
	f.tile = 3;
	for (i = 0; i < CARD_FAULTS; i++)
		assert_int_equal(card_inject(r->card, &f, error, sizeof(error)), 0);
	assert_int_equal(card_inject(r->card, &f, error, sizeof(error)), -ENOSPC);
	assert_int_equal(card_injected(r->card, CARD_FAULTS - 1, &f), 0);
	assert_int_equal(f.tile, 3);
	assert_int_equal(card_injected(r->card, CARD_FAULTS, &f), -ENOENT);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(single_cells),
		cmocka_unit_test(a_column_is_no_row),
		cmocka_unit_test(shares),
		cmocka_unit_test(programming),
		cmocka_unit_test(no_defects),
		cmocka_unit_test(drifting),
		cmocka_unit_test(noisy),
		cmocka_unit_test(columns),
		cmocka_unit_test(failed_tile),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
