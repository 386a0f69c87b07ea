// SPDX-License-Identifier: MIT
/*
 * The cost model: every row of the table in Documentation/card/numerics.rst, one instruction at a time, and the oracle,
 * which costs nothing.
 */
#include "core_rig.h"

#define FJ	1ull
#define PJ	1000ull
#define INSN_PJ	10ull

union insn {
	struct nmc_isa_control control;
	struct nmc_isa_move move;
	struct nmc_isa_fill fill;
	struct nmc_isa_mvm mvm;
	struct nmc_isa_vector vector;
	struct nmc_isa_program program;
	uint8_t raw[NMC_ISA_INSN_BYTES];
};

/**
 * struct cost_case - one row of the table, for an operation of a size that gives whole nanoseconds
 * @name: the row
 * @insn: the operation
 * @ns: what it costs beyond an instruction
 * @fj: energy beyond that of an instruction
 */
struct cost_case {
	const char *name;
	union insn insn;
	uint64_t ns;
	uint64_t fj;
};

#define MOVE(op, ...)	{ .move = { .c.opcode = op, .slot = SLOT_DATA, __VA_ARGS__ } }
#define ONE_ROW		.rows = 1, .row_bytes = 1024, .sram.pitch = 1024
#define STRIDED		.rows = 16, .row_bytes = 64, .sram.pitch = 64, .slot_pitch = 128
#define VECTOR(op, ...)	{ .vector = { .c.opcode = op, .src = { 0, 256, 0 }, .dst = { 8192, 256, 0 }, .n = 64, \
				      .vectors = 16, __VA_ARGS__ } }
#define MVM(...)	{ .mvm = { .c.opcode = NMC_OP_MVM, .in = { 0, 16, 0 }, .out = { 8192, 32, 0 }, .vectors = 3, \
				   .rows = 16, __VA_ARGS__ } }
#define MVM_T(...)	{ .mvm = { .c.opcode = NMC_OP_MVM_T, .in = { 0, 16, 0 }, .out = { 8192, 64, 0 }, .vectors = 3, \
				   .rows = 16, __VA_ARGS__ } }
#define CELLS(op, ...)	{ .program = { .c.opcode = op, .rows = 16, .cols = 8, __VA_ARGS__ } }
#define WITH_DATA	.data = { 0, 16, 0 }
#define WITH_REPORT	.report = 8192

static const struct cost_case cases[] = {
	{ "instruction", { .control.c.opcode = NMC_OP_NOP }, 0, 0 },
	{ "LOAD", MOVE(NMC_OP_LOAD, ONE_ROW), 500 + 64, 100 * PJ + 1024 * 40 * PJ },
	{ "STORE", MOVE(NMC_OP_STORE, ONE_ROW), 500 + 64, 100 * PJ + 1024 * 40 * PJ },
	{ "LOAD strided", MOVE(NMC_OP_LOAD, STRIDED), 500 + 64 + 8, 100 * PJ + 1024 * 40 * PJ + 16 * 2 * PJ },
	{ "STORE strided", MOVE(NMC_OP_STORE, STRIDED), 500 + 64 + 8, 100 * PJ + 1024 * 40 * PJ + 16 * 2 * PJ },
	{ "FILL", { .fill = { .c.opcode = NMC_OP_FILL, .words = 256, .rows = 1, .dst.pitch = 1024 } }, 4 + 16,
	  1 * PJ + 1024 * 80 * FJ },
	{ "COPY", VECTOR(NMC_OP_COPY), 4 + 16, 1 * PJ + 1024 * 80 * FJ },
	{ "ADD", VECTOR(NMC_OP_ADD), 8 + 16, 2 * PJ + 1024 * 100 * FJ },
	{ "BIAS", VECTOR(NMC_OP_BIAS, .aux = 16384), 8 + 16, 2 * PJ + 1024 * 100 * FJ },
	{ "RELU", VECTOR(NMC_OP_RELU), 8 + 16, 2 * PJ + 1024 * 100 * FJ },
	{ "ARGMAX", VECTOR(NMC_OP_ARGMAX), 8 + 16, 2 * PJ + 1024 * 100 * FJ },
	{ "REQUANT", VECTOR(NMC_OP_REQUANT, .aux = 16384, .lo = -127, .hi = 127), 10 + 32, 2 * PJ + 1024 * 1500 * FJ },
	{ "LUT", VECTOR(NMC_OP_LUT, .aux = 16384), 8 + 16, 2 * PJ + 1024 * 150 * FJ },
	{ "MVM rram", MVM(.set = SET_RRAM, .cols = 4, .adc_bits = 8, .columns = 16384), 3 * 100,
	  3 * (16 * 50 * FJ + 16 * 8 * 2 * FJ + 4 * 1500 * FJ) },
	{ "MVM ideal", MVM(.set = SET_IDEAL, .cols = 4, .adc_bits = 8, .columns = 16384), 3 * 100,
	  3 * (16 * 50 * FJ + 16 * 8 * 2 * FJ + 4 * 1500 * FJ) },
	{ "MVM digital", MVM(.set = SET_DIGITAL, .cols = 8), 3 * 64, 3 * 16 * 8 * 50 * FJ },
	{ "MVM_T rram", MVM_T(.set = SET_RRAM, .cols = 3, .adc_bits = 8, .columns = 16384), 3 * 100,
	  3 * (6 * 50 * FJ + 16 * 6 * 2 * FJ + 16 * 1500 * FJ) },
	{ "MVM_T digital", MVM_T(.set = SET_DIGITAL, .cols = 8), 3 * 64, 3 * 16 * 8 * 50 * FJ },
	{ "PROGRAM ideal", CELLS(NMC_OP_PROGRAM, .set = SET_IDEAL, WITH_DATA, WITH_REPORT), 16 * 1100, 16 * 8 * 10 * FJ },
	{ "PROGRAM digital", CELLS(NMC_OP_PROGRAM, .set = SET_DIGITAL, WITH_DATA, WITH_REPORT), 16 * 10, 16 * 8 * 10 * FJ },
	{ "ERASE rram", CELLS(NMC_OP_ERASE, .set = SET_RRAM, WITH_REPORT), 16 * 10000, 16 * 8 * 200 * PJ },
	{ "ERASE ideal", CELLS(NMC_OP_ERASE, .set = SET_IDEAL, WITH_REPORT), 16 * 1100, 16 * 8 * 10 * FJ },
	{ "ERASE digital", CELLS(NMC_OP_ERASE, .set = SET_DIGITAL, WITH_REPORT), 16 * 10, 16 * 8 * 10 * FJ },
	{ "READ", CELLS(NMC_OP_READ, .set = SET_RRAM, WITH_DATA), 16 * 100, 16 * 8 * 25 * FJ },
};

/* The job of one instruction and END. */
static void run_case(struct rig *r, const union insn *insn)
{
	rig_begin(r);
	rig_add(r, *insn);
	rig_finish(r);
}

static void table(void **state)
{
	struct rig *r = rig_small();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct cost_case *c = &cases[i];
		uint64_t ns = 2 * 2 + c->ns, fj = 2 * INSN_PJ * PJ + c->fj;

		run_case(r, &c->insn);
		if (r->cqe.result != ns || r->cqe.energy_fj != fj)
			print_error("%s: %llu ns, %llu fJ\n", c->name, (unsigned long long)r->cqe.result,
				    (unsigned long long)r->cqe.energy_fj);
		assert_int_equal(r->cqe.result, ns);
		assert_int_equal(r->cqe.energy_fj, fj);
	}
	rig_free(r);
}

/* PROGRAM of one RRAM cell by one SET pulse of 1.2 V: what the pulse costs depends on where the cell was. */
static void one_pulse(void **state)
{
	const union insn pulse = { .program = { .c.opcode = NMC_OP_PROGRAM, .set = SET_RRAM, .rows = 1, .cols = 1,
						.max_pulses = 1, WITH_DATA, WITH_REPORT } };
	struct rig *r = rig_small();
	uint64_t most, fj;
	float g[16 * 8];

	(void)state;
	assert_int_equal(card_oracle(r->card, r->table.sets[SET_RRAM].set, 0, g, NULL), 0);
	((int16_t *)r->data)[0] = NMC_CONDUCTANCE_MAX;
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 0, 0, 16);
	rig_add(r, pulse);
	rig_finish(r);
	/* 2 instructions and a LOAD of 16 bytes beside it */
	assert_int_equal(r->cqe.result, 3 * 2 + 501 + 1100 + 100);
	fj = r->cqe.energy_fj - (3 * INSN_PJ * PJ + 100 * PJ + 16 * 40 * PJ + 2 * 25 * FJ);
	most = (uint64_t)(1.2 * 1.2 * g[0] * 1000);
	assert_in_range(fj, most - 1, most + 1);
	rig_free(r);
}

static void multiply(struct rig *r, uint8_t *out, uint64_t *result)
{
	const union insn mvm = MVM(.set = SET_RRAM, .cols = 4, .adc_bits = 12, .columns = 16384);
	struct nmc_isa_column *column = (struct nmc_isa_column *)(r->data + 1024);
	int i;

	for (i = 0; i < 48; i++)
		r->data[i] = (uint8_t)(i * 5 - 120);
	for (i = 0; i < 4; i++)
		column[i] = (struct nmc_isa_column){ .adc_mult = 1, .adc_shift = 8, .scale_mult = 1 };
	rig_begin(r);
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 0, 0, 48);
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 1024, 16384, 64);
	rig_add(r, mvm);
	rig_move(r, NMC_OP_STORE, SLOT_DATA, 4096, 8192, 96);
	rig_finish(r);
	memcpy(out, r->data + 4096, 96);
	*result = r->cqe.result;
}

/* A look through the oracle moves no time, takes no event and counts nothing: the next noisy product is the same. */
static void oracle_changes_nothing(void **state)
{
	uint8_t out[2][96];
	uint64_t result[2], set_ns[2];
	struct nmc_health_log health[2];
	int look;

	(void)state;
	for (look = 0; look < 2; look++) {
		struct nmc_tileset_info info;
		struct rig *r = rig_small();
		uint32_t set = r->table.sets[SET_RRAM].set;
		uint8_t first[96];
		float g[16 * 8];

		multiply(r, first, &result[look]);
		if (look)
			assert_int_equal(card_oracle(r->card, set, 0, g, g), 0);
		multiply(r, out[look], &result[look]);
		assert_memory_not_equal(first, out[look], sizeof(first));
		assert_int_equal(rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_TILESET_INFO, .id = set,
				 .addr = (uintptr_t)&info, .bytes = sizeof(info) }, NULL), NMC_STATUS_OK);
		set_ns[look] = info.time_ns;
		assert_int_equal(rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_GET_LOG, .index = NMC_LOG_HEALTH,
				 .addr = (uintptr_t)&health[look], .bytes = sizeof(health[0]) }, NULL), NMC_STATUS_OK);
		health[look].uptime_ms = health[look].wall_busy_ns = 0;
		rig_free(r);
	}
	assert_memory_equal(out[0], out[1], sizeof(out[0]));
	assert_int_equal(result[0], result[1]);
	assert_int_equal(set_ns[0], set_ns[1]);
	assert_memory_equal(&health[0], &health[1], sizeof(health[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(one_pulse),
		cmocka_unit_test(oracle_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
