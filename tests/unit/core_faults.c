// SPDX-License-Identifier: MIT
/*
 * Sequencer: every error cause, by table: one instruction that is wrong in one way, and the exact fault record
 * that must come back. The job after it runs as if nothing had happened.
 */
#include "core_rig.h"
#include "card/core/tiles.h"

/* A case is an instruction that is right in all but what it overrides. */
#if defined(__clang__)
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#else
#pragma GCC diagnostic ignored "-Woverride-init"
#endif

#define SRAM	65536u
#define TAG	0xfeed

union insn {
	struct nmc_isa_common c;
	struct nmc_isa_control control;
	struct nmc_isa_move move;
	struct nmc_isa_fill fill;
	struct nmc_isa_vector vector;
	struct nmc_isa_mvm mvm;
	struct nmc_isa_program program;
	uint8_t raw[NMC_ISA_INSN_BYTES];
};

struct fault_case {
	const char *name;
	union insn insn;
	enum nmc_isa_cause cause;
	uint32_t object;
	int64_t offset;		/* -1: not looked at */
};

#define C(op)		.c.opcode = (op), .c.tag = TAG
#define CONTROL(op, ...) { .control = { C(op), __VA_ARGS__ } }
#define MOVE(op, ...)	{ .move = { C(op), .slot = SLOT_DATA, .rows = 1, .row_bytes = 16, .sram.pitch = 16, \
				    .slot_pitch = 16, __VA_ARGS__ } }
#define FILL(...)	{ .fill = { C(NMC_OP_FILL), .words = 4, .rows = 1, .dst.pitch = 16, __VA_ARGS__ } }
#define VECTOR(op, ...)	{ .vector = { C(op), .src = { 0, 64, 0 }, .dst = { 4096, 64, 0 }, .n = 16, .vectors = 2, \
				      __VA_ARGS__ } }
#define REQUANT(...)	VECTOR(NMC_OP_REQUANT, .aux = 8192, .lo = -127, .hi = 127, __VA_ARGS__)
/* Tiles of the rig: 16 rows, 8 columns, digital. */
#define MVM(...)	{ .mvm = { C(NMC_OP_MVM), .set = SET_DIGITAL, .in = { 0, 16, 0 }, .out = { 4096, 32, 0 }, \
				   .vectors = 2, .rows = 16, .cols = 8, __VA_ARGS__ } }
#define MVM_T(...)	{ .mvm = { C(NMC_OP_MVM_T), .set = SET_DIGITAL, .in = { 0, 16, 0 }, .out = { 4096, 64, 0 }, \
				   .vectors = 2, .rows = 16, .cols = 8, __VA_ARGS__ } }
#define MVM_T_RRAM(...)	{ .mvm = { C(NMC_OP_MVM_T), .set = SET_RRAM, .in = { 0, 16, 0 }, .out = { 4096, 64, 0 }, \
				   .columns = 2048, .adc_bits = 8, .vectors = 2, .rows = 16, .cols = 4, __VA_ARGS__ } }
#define MVM_RRAM(...)	{ .mvm = { C(NMC_OP_MVM), .set = SET_RRAM, .in = { 0, 16, 0 }, .out = { 4096, 32, 0 }, \
				   .columns = 2048, .adc_bits = 8, .vectors = 2, .rows = 16, .cols = 4, __VA_ARGS__ } }
#define PROGRAM(op, ...) { .program = { C(op), .set = SET_DIGITAL, .data = { 0, 16, 0 }, .report = 4096, .rows = 16, \
					.cols = 8, __VA_ARGS__ } }
#define READ(...)	{ .program = { C(NMC_OP_READ), .set = SET_DIGITAL, .data = { 0, 16, 0 }, .rows = 16, .cols = 8, \
				       __VA_ARGS__ } }
#define ERASE(...)	{ .program = { C(NMC_OP_ERASE), .set = SET_DIGITAL, .report = 4096, .rows = 16, .cols = 8, \
				       __VA_ARGS__ } }

static const struct fault_case cases[] = {
	/* opcodes and groups */
	{ "control opcode", CONTROL(NMC_ISA_OP(0, 8)), NMC_FAULT_OPCODE, 0, NMC_ISA_OP(0, 8) },
	{ "data opcode", CONTROL(NMC_ISA_OP(1, 4)), NMC_FAULT_OPCODE, 0, NMC_ISA_OP(1, 4) },
	{ "mvm opcode", CONTROL(NMC_ISA_OP(2, 1)), NMC_FAULT_OPCODE, 0, -1 },
	{ "mvm_t opcode", CONTROL(NMC_ISA_OP(3, 1)), NMC_FAULT_OPCODE, 0, -1 },
	{ "vector opcode", CONTROL(NMC_ISA_OP(4, 6)), NMC_FAULT_OPCODE, 0, -1 },
	{ "program opcode", CONTROL(NMC_ISA_OP(5, 3)), NMC_FAULT_OPCODE, 0, -1 },

	/* control */
	{ "nop flags", { .control = { C(NMC_OP_NOP), .c.flags = 1 } }, NMC_FAULT_RESERVED, 0, -1 },
	{ "nop reserved0", CONTROL(NMC_OP_NOP, .reserved0 = 1), NMC_FAULT_RESERVED, 0, -1 },
	{ "nop reserved", CONTROL(NMC_OP_NOP, .reserved = { 0, 0, 0, 1 }), NMC_FAULT_RESERVED, 0, -1 },
	{ "nop operand", CONTROL(NMC_OP_NOP, .time = 1), NMC_FAULT_RESERVED, 0, -1 },
	{ "end operand", CONTROL(NMC_OP_END, .count = 1), NMC_FAULT_RESERVED, 0, -1 },
	{ "fence operand", CONTROL(NMC_OP_FENCE, .sram = 8), NMC_FAULT_RESERVED, 0, -1 },
	{ "idle operand", CONTROL(NMC_OP_IDLE, .time = 1, .sram = 8), NMC_FAULT_RESERVED, 0, -1 },
	{ "idle set", CONTROL(NMC_OP_IDLE, .set = 3), NMC_FAULT_SET_INDEX, 3, 3 },
	{ "idle until set", CONTROL(NMC_OP_IDLE_UNTIL, .set = 0xffff), NMC_FAULT_SET_INDEX, 0xffff, -1 },
	{ "timestamp set", CONTROL(NMC_OP_TIMESTAMP, .set = 3), NMC_FAULT_SET_INDEX, 3, -1 },
	{ "timestamp align", CONTROL(NMC_OP_TIMESTAMP, .sram = 4), NMC_FAULT_ALIGN, 0, 4 },
	{ "timestamp sram", CONTROL(NMC_OP_TIMESTAMP, .sram = SRAM - 8), NMC_FAULT_SRAM, 0, SRAM + 8 },
	{ "counters sram", CONTROL(NMC_OP_COUNTERS, .sram = SRAM), NMC_FAULT_SRAM, 0, -1 },
	{ "counters align", CONTROL(NMC_OP_COUNTERS, .sram = 2), NMC_FAULT_ALIGN, 0, 2 },
	{ "loop count", CONTROL(NMC_OP_LOOP, .count = 0, .body = 1), NMC_FAULT_LOOP, 0, -1 },
	{ "loop body", CONTROL(NMC_OP_LOOP, .count = 1, .body = 0), NMC_FAULT_LOOP, 0, -1 },
	{ "loop end", CONTROL(NMC_OP_LOOP, .count = 1, .body = 2), NMC_FAULT_LOOP, 0, -1 },
	{ "loop huge", CONTROL(NMC_OP_LOOP, .count = 1, .body = UINT32_MAX), NMC_FAULT_LOOP, 0, -1 },

	/* data movement */
	{ "load flags", { .move = { C(NMC_OP_LOAD), .c.flags = 1 } }, NMC_FAULT_RESERVED, 0, -1 },
	{ "load reserved0", MOVE(NMC_OP_LOAD, .reserved0 = 1), NMC_FAULT_RESERVED, 0, -1 },
	{ "load reserved", MOVE(NMC_OP_LOAD, .reserved = 1), NMC_FAULT_RESERVED, 0, -1 },
	{ "load rows", MOVE(NMC_OP_LOAD, .rows = 0), NMC_FAULT_OPERAND, 0, -1 },
	{ "load bytes", MOVE(NMC_OP_LOAD, .row_bytes = 0), NMC_FAULT_OPERAND, 0, -1 },
	{ "load slot", MOVE(NMC_OP_LOAD, .slot = RIG_SLOTS), NMC_FAULT_SLOT_INDEX, RIG_SLOTS, -1 },
	{ "load from write-only", MOVE(NMC_OP_LOAD, .slot = SLOT_WRITE_ONLY), NMC_FAULT_SLOT_ACCESS, SLOT_WRITE_ONLY, -1 },
	{ "store to read-only", MOVE(NMC_OP_STORE, .slot = SLOT_READ_ONLY), NMC_FAULT_SLOT_ACCESS, SLOT_READ_ONLY, -1 },
	{ "store to the stream", MOVE(NMC_OP_STORE, .slot = SLOT_STREAM), NMC_FAULT_SLOT_ACCESS, SLOT_STREAM, -1 },
	{ "load slot end", MOVE(NMC_OP_LOAD, .slot_offset = RIG_SLOT_BYTES - 15), NMC_FAULT_SLOT_BOUNDS, SLOT_DATA,
	  RIG_SLOT_BYTES + 1 },
	{ "load list end", MOVE(NMC_OP_LOAD, .slot = SLOT_LISTED, .slot_offset = 4 * NMC_PAGE_BYTES - 1015),
	  NMC_FAULT_SLOT_BOUNDS, SLOT_LISTED, 4 * NMC_PAGE_BYTES - 999 },
	{ "load slot far", MOVE(NMC_OP_LOAD, .slot_offset = INT64_MAX), NMC_FAULT_SLOT_BOUNDS, SLOT_DATA, -1 },
	{ "load slot wrap", MOVE(NMC_OP_LOAD, .slot_offset = UINT64_MAX - 7), NMC_FAULT_OVERFLOW, 0, -1 },
	{ "load pitch wrap", MOVE(NMC_OP_LOAD, .rows = 3, .slot_pitch = UINT64_MAX / 2 + 1), NMC_FAULT_OVERFLOW, SLOT_DATA,
	  -1 },
	{ "load extent wrap", MOVE(NMC_OP_LOAD, .rows = 2, .slot_pitch = UINT64_MAX), NMC_FAULT_OVERFLOW, SLOT_DATA, -1 },
	{ "load sram end", MOVE(NMC_OP_LOAD, .sram.addr = SRAM - 15), NMC_FAULT_SRAM, 0, SRAM + 1 },
	{ "load sram far", MOVE(NMC_OP_LOAD, .sram.addr = UINT32_MAX), NMC_FAULT_SRAM, 0, UINT32_MAX },
	{ "load rows huge", MOVE(NMC_OP_LOAD, .rows = UINT32_MAX, .row_bytes = UINT32_MAX, .sram.pitch = UINT32_MAX),
	  NMC_FAULT_SRAM, 0, -1 },
	{ "load rows overlap", MOVE(NMC_OP_LOAD, .rows = 2, .sram.pitch = 15), NMC_FAULT_OPERAND, 0, 15 },
	{ "store rows overlap", MOVE(NMC_OP_STORE, .rows = 2, .slot_pitch = 15), NMC_FAULT_OPERAND, SLOT_DATA, 15 },
	{ "fill flags", { .fill = { C(NMC_OP_FILL), .c.flags = 1 } }, NMC_FAULT_RESERVED, 0, -1 },
	{ "fill reserved", FILL(.reserved = { 0, 0, 0, 0, 0, 0, 0, 1 }), NMC_FAULT_RESERVED, 0, -1 },
	{ "fill words", FILL(.words = 0), NMC_FAULT_OPERAND, 0, -1 },
	{ "fill rows", FILL(.rows = 0), NMC_FAULT_OPERAND, 0, -1 },
	{ "fill align", FILL(.dst.addr = 2), NMC_FAULT_ALIGN, 0, 2 },
	{ "fill pitch align", FILL(.rows = 2, .dst.pitch = 18), NMC_FAULT_ALIGN, 0, -1 },
	{ "fill overlap", FILL(.rows = 2, .dst.pitch = 12), NMC_FAULT_OPERAND, 0, 12 },
	{ "fill sram", FILL(.dst.addr = SRAM - 12), NMC_FAULT_SRAM, 0, SRAM + 4 },
	{ "fill huge", FILL(.words = UINT32_MAX), NMC_FAULT_SRAM, 0, -1 },

	/* vector unit and COPY */
	{ "add flags", { .vector = { C(NMC_OP_ADD), .c.flags = 1 } }, NMC_FAULT_RESERVED, 0, -1 },
	{ "requant flags", { .vector = { C(NMC_OP_REQUANT), .c.flags = 2 } }, NMC_FAULT_RESERVED, 0, -1 },
	{ "add reserved", VECTOR(NMC_OP_ADD, .reserved = { 0, 0, 1 }), NMC_FAULT_RESERVED, 0, -1 },
	{ "add aux", VECTOR(NMC_OP_ADD, .aux = 4), NMC_FAULT_RESERVED, 0, -1 },
	{ "relu clip", VECTOR(NMC_OP_RELU, .hi = 1), NMC_FAULT_RESERVED, 0, -1 },
	{ "copy aux", VECTOR(NMC_OP_COPY, .aux = 4), NMC_FAULT_RESERVED, 0, -1 },
	{ "add n", VECTOR(NMC_OP_ADD, .n = 0), NMC_FAULT_OPERAND, 0, -1 },
	{ "add vectors", VECTOR(NMC_OP_ADD, .vectors = 0), NMC_FAULT_OPERAND, 0, -1 },
	{ "add src align", VECTOR(NMC_OP_ADD, .src.addr = 1), NMC_FAULT_ALIGN, 0, 1 },
	{ "add dst align", VECTOR(NMC_OP_ADD, .dst.addr = 4098), NMC_FAULT_ALIGN, 0, 4098 },
	{ "add src sram", VECTOR(NMC_OP_ADD, .src.addr = SRAM - 64), NMC_FAULT_SRAM, 0, SRAM + 64 },
	{ "add dst sram", VECTOR(NMC_OP_ADD, .dst.addr = SRAM - 64), NMC_FAULT_SRAM, 0, SRAM + 64 },
	{ "add n huge", VECTOR(NMC_OP_ADD, .n = UINT32_MAX, .vectors = UINT32_MAX), NMC_FAULT_SRAM, 0, -1 },
	{ "add shifted", VECTOR(NMC_OP_ADD, .dst = { 4, 64, 0 }), NMC_FAULT_OPERAND, 0, 4 },
	{ "add overlapping rows", VECTOR(NMC_OP_ADD, .dst.pitch = 60), NMC_FAULT_OPERAND, 0, 60 },
	{ "add other pitch", VECTOR(NMC_OP_ADD, .dst = { 0, 128, 0 }), NMC_FAULT_OPERAND, 0, 0 },
	{ "bias in dst", VECTOR(NMC_OP_BIAS, .aux = 4096), NMC_FAULT_OPERAND, 0, 4096 },
	{ "bias align", VECTOR(NMC_OP_BIAS, .aux = 8194), NMC_FAULT_ALIGN, 0, 8194 },
	{ "bias sram", VECTOR(NMC_OP_BIAS, .aux = SRAM - 60), NMC_FAULT_SRAM, 0, SRAM + 4 },
	{ "lut sram", VECTOR(NMC_OP_LUT, .aux = SRAM - 252), NMC_FAULT_SRAM, 0, SRAM + 4 },
	{ "lut in dst", VECTOR(NMC_OP_LUT, .aux = 4000), NMC_FAULT_OPERAND, 0, 4000 },
	{ "requant lo", REQUANT(.lo = -128), NMC_FAULT_OPERAND, 0, -1 },
	{ "requant hi", REQUANT(.hi = 128), NMC_FAULT_OPERAND, 0, -1 },
	{ "requant lo > hi", REQUANT(.lo = 2, .hi = 1), NMC_FAULT_OPERAND, 0, -1 },
	{ "requant aux sram", REQUANT(.aux = SRAM - 4), NMC_FAULT_SRAM, 0, SRAM + 4 },
	{ "requant shift", REQUANT(.aux = 12288), NMC_FAULT_OPERAND, 0, 63 },
	{ "requant reserved", REQUANT(.aux = 12296), NMC_FAULT_RESERVED, 0, 12296 },
	{ "requant last", { .vector = { .c = { NMC_OP_REQUANT, NMC_VECTOR_PER_ELEMENT, TAG }, .src = { 0, 64, 0 },
					.dst = { 4096, 16, 0 }, .n = 16, .vectors = 2, .aux = 12288 - 120 } },
	  NMC_FAULT_OPERAND, 0, 63 },
	{ "requant each sram", { .vector = { .c = { NMC_OP_REQUANT, NMC_VECTOR_PER_ELEMENT, TAG }, .src = { 0, 64, 0 },
					     .dst = { 4096, 16, 0 }, .n = 16, .vectors = 2, .aux = SRAM - 120 } },
	  NMC_FAULT_SRAM, 0, SRAM + 8 },
	{ "argmax dst align", VECTOR(NMC_OP_ARGMAX, .dst.addr = 4097), NMC_FAULT_ALIGN, 0, 4097 },
	{ "argmax dst rows", VECTOR(NMC_OP_ARGMAX, .dst.pitch = 0), NMC_FAULT_OPERAND, 0, 0 },

	/* products */
	{ "mvm flags", { .mvm = { C(NMC_OP_MVM), .c.flags = 1 << 10 } }, NMC_FAULT_RESERVED, 0, -1 },
	{ "mvm reserved0", MVM(.reserved0 = 1), NMC_FAULT_RESERVED, 0, -1 },
	{ "mvm reserved", MVM(.reserved = { 0, 0, 0, 0, 0, 0, 1 }), NMC_FAULT_RESERVED, 0, -1 },
	{ "mvm set", MVM(.set = 3), NMC_FAULT_SET_INDEX, 3, 3 },
	{ "mvm tile", MVM(.tile = 2), NMC_FAULT_TILE_INDEX, 2, 2 },
	{ "mvm tile far", MVM(.tile = UINT32_MAX), NMC_FAULT_TILE_INDEX, UINT32_MAX, -1 },
	{ "mvm rows", MVM(.rows = 0), NMC_FAULT_OPERAND, 0, -1 },
	{ "mvm cols", MVM(.cols = 0), NMC_FAULT_OPERAND, 0, -1 },
	{ "mvm vectors", MVM(.vectors = 0), NMC_FAULT_OPERAND, 0, -1 },
	{ "mvm row bounds", MVM(.first_row = 1), NMC_FAULT_TILE_BOUNDS, 0, 17 },
	{ "mvm col bounds", MVM(.first_col = 1), NMC_FAULT_TILE_BOUNDS, 0, 9 },
	{ "mvm row bounds far", MVM(.first_row = 0xffff, .rows = 0xffff), NMC_FAULT_TILE_BOUNDS, 0, -1 },
	{ "mvm pair bounds", MVM_RRAM(.cols = 5), NMC_FAULT_TILE_BOUNDS, 0, 5 },
	{ "mvm out align", MVM(.out.addr = 4098), NMC_FAULT_ALIGN, 0, 4098 },
	{ "mvm in sram", MVM(.in.addr = SRAM - 16), NMC_FAULT_SRAM, 0, SRAM + 16 },
	{ "mvm out sram", MVM(.out.addr = SRAM - 32), NMC_FAULT_SRAM, 0, SRAM + 32 },
	{ "mvm vectors huge", MVM(.vectors = UINT32_MAX), NMC_FAULT_SRAM, 0, -1 },
	{ "mvm out rows", MVM(.out.pitch = 28), NMC_FAULT_OPERAND, 0, 28 },
	{ "mvm in place", MVM(.out.addr = 0), NMC_FAULT_OPERAND, 0, 0 },
	{ "mvm digital adc", MVM(.adc_bits = 8), NMC_FAULT_RESERVED, 0, -1 },
	{ "mvm digital columns", MVM(.columns = 8), NMC_FAULT_RESERVED, 0, 8 },
	{ "mvm code -128", MVM(.in.addr = 16384), NMC_FAULT_OPERAND, 0, 16384 + 16 },
	{ "mvm adc few", MVM_RRAM(.adc_bits = 3), NMC_FAULT_OPERAND, 0, 3 },
	{ "mvm adc many", MVM_RRAM(.adc_bits = 13), NMC_FAULT_OPERAND, 0, 13 },
	{ "mvm columns align", MVM_RRAM(.columns = 2052), NMC_FAULT_ALIGN, 0, 2052 },
	{ "mvm columns sram", MVM_RRAM(.columns = SRAM - 56), NMC_FAULT_SRAM, 0, SRAM + 8 },
	{ "mvm columns in out", MVM_RRAM(.columns = 4096), NMC_FAULT_OPERAND, 0, 4096 },
	{ "column reserved", MVM_RRAM(.columns = 20480), NMC_FAULT_RESERVED, 0, 20480 + 16 },
	{ "column flags", MVM_RRAM(.columns = 20480 + 32), NMC_FAULT_RESERVED, 0, 20480 + 32 },
	{ "column adc shift", MVM_RRAM(.columns = 20480 + 48), NMC_FAULT_OPERAND, 0, 20480 + 48 },
	{ "column scale shift", MVM_RRAM(.columns = 20480 + 64), NMC_FAULT_OPERAND, 0, 20480 + 64 },
	{ "column source unasked", MVM_RRAM(.columns = 20480 + 80), NMC_FAULT_RESERVED, 0, 20480 + 80 },
	{ "column source bounds", MVM_RRAM(.columns = 20480 + 96), NMC_FAULT_TILE_BOUNDS, 0, 20480 + 96 },
	{ "column source twice", MVM_RRAM(.columns = 20480 + 112), NMC_FAULT_OPERAND, 0, 20480 + 112 + 16 },
	{ "column reserved0", MVM_RRAM(.columns = 20480 + 144), NMC_FAULT_RESERVED, 0, 20480 + 144 },
	{ "mvm_t flags", { .mvm = { C(NMC_OP_MVM_T), .c.flags = 1 << 10 } }, NMC_FAULT_RESERVED, 0, -1 },
	{ "mvm_t reserved", MVM_T(.reserved = { 1 }), NMC_FAULT_RESERVED, 0, -1 },
	{ "mvm_t set", MVM_T(.set = 3), NMC_FAULT_SET_INDEX, 3, 3 },
	{ "mvm_t rows", MVM_T(.rows = 0), NMC_FAULT_OPERAND, 0, -1 },
	{ "mvm_t cols", MVM_T(.cols = 0), NMC_FAULT_OPERAND, 0, -1 },
	{ "mvm_t row bounds", MVM_T(.first_row = 1), NMC_FAULT_TILE_BOUNDS, 0, 17 },
	{ "mvm_t col bounds", MVM_T(.first_col = 1), NMC_FAULT_TILE_BOUNDS, 0, 9 },
	{ "mvm_t pair bounds", MVM_T_RRAM(.cols = 5), NMC_FAULT_TILE_BOUNDS, 0, 5 },
	{ "mvm_t in sram", MVM_T(.in.addr = SRAM - 23), NMC_FAULT_SRAM, 0, SRAM + 1 },
	{ "mvm_t out sram", MVM_T(.out.addr = SRAM - 124), NMC_FAULT_SRAM, 0, SRAM + 4 },
	{ "mvm_t out rows", MVM_T(.out.pitch = 60), NMC_FAULT_OPERAND, 0, 60 },
	{ "mvm_t in place", MVM_T(.out.addr = 16), NMC_FAULT_OPERAND, 0, 16 },
	{ "mvm_t code -128", MVM_T(.in.addr = 16384), NMC_FAULT_OPERAND, 0, 16384 + 16 },
	{ "mvm_t digital columns", MVM_T(.columns = 8), NMC_FAULT_RESERVED, 0, 8 },
	{ "mvm_t columns sram", MVM_T_RRAM(.columns = SRAM - 248), NMC_FAULT_SRAM, 0, SRAM + 8 },
	{ "mvm_t columns in out", MVM_T_RRAM(.columns = 4096 - 248), NMC_FAULT_OPERAND, 0, 4096 - 248 },
	{ "mvm_t row converter flags", MVM_T_RRAM(.columns = 32768), NMC_FAULT_RESERVED, 0, 32768 + 240 },
	{ "mvm_t row converter source", MVM_T_RRAM(.columns = 20480 + 96), NMC_FAULT_RESERVED, 0, 20480 + 96 },

	/* programming */
	{ "program flags", { .program = { C(NMC_OP_PROGRAM), .c.flags = 1 } }, NMC_FAULT_RESERVED, 0, -1 },
	{ "program reserved0", PROGRAM(NMC_OP_PROGRAM, .reserved0 = 1), NMC_FAULT_RESERVED, 0, -1 },
	{ "program reserved", PROGRAM(NMC_OP_PROGRAM, .reserved = { 0, 0, 0, 0, 1 }), NMC_FAULT_RESERVED, 0, -1 },
	{ "program set", PROGRAM(NMC_OP_PROGRAM, .set = 9), NMC_FAULT_SET_INDEX, 9, -1 },
	{ "program tile", PROGRAM(NMC_OP_PROGRAM, .tile = 2), NMC_FAULT_TILE_INDEX, 2, -1 },
	{ "program rows", PROGRAM(NMC_OP_PROGRAM, .rows = 0), NMC_FAULT_OPERAND, 0, -1 },
	{ "program cols", PROGRAM(NMC_OP_PROGRAM, .cols = 0), NMC_FAULT_OPERAND, 0, -1 },
	{ "program row bounds", PROGRAM(NMC_OP_PROGRAM, .rows = 17), NMC_FAULT_TILE_BOUNDS, 0, 17 },
	{ "program col bounds", PROGRAM(NMC_OP_PROGRAM, .first_col = 2), NMC_FAULT_TILE_BOUNDS, 0, 10 },
	{ "program align", PROGRAM(NMC_OP_PROGRAM, .data.addr = 1), NMC_FAULT_ALIGN, 0, 1 },
	{ "program sram", PROGRAM(NMC_OP_PROGRAM, .data.addr = SRAM - 16), NMC_FAULT_SRAM, 0, SRAM + 240 },
	{ "program report align", PROGRAM(NMC_OP_PROGRAM, .report = 4), NMC_FAULT_ALIGN, 0, 4 },
	{ "program report sram", PROGRAM(NMC_OP_PROGRAM, .report = SRAM - 8), NMC_FAULT_SRAM, 0, -1 },
	{ "program weight", PROGRAM(NMC_OP_PROGRAM, .data.addr = 24576), NMC_FAULT_OPERAND, 0, 24576 + 16 },
	{ "program conductance", PROGRAM(NMC_OP_PROGRAM, .set = SET_RRAM, .data.addr = 28672), NMC_FAULT_OPERAND, 0, 28672 },
	{ "read report", READ(.report = 8), NMC_FAULT_RESERVED, 0, -1 },
	{ "read band", READ(.band = 1), NMC_FAULT_RESERVED, 0, -1 },
	{ "read pulses", READ(.max_pulses = 1), NMC_FAULT_RESERVED, 0, -1 },
	{ "read rows overlap", READ(.data.pitch = 14), NMC_FAULT_OPERAND, 0, 14 },
	{ "read sram", READ(.data.addr = SRAM), NMC_FAULT_SRAM, 0, -1 },
	{ "erase data", ERASE(.data.addr = 8), NMC_FAULT_RESERVED, 0, -1 },
	{ "erase band", ERASE(.band = 1), NMC_FAULT_RESERVED, 0, -1 },
	{ "erase bounds", ERASE(.first_row = 1), NMC_FAULT_TILE_BOUNDS, 0, 17 },
};

/* Data of the cases that need some: it is loaded into SRAM before the instruction under test. */
static void fill_data(struct rig *r)
{
	struct nmc_isa_requant *q = (void *)r->data;
	struct nmc_isa_column *column = (void *)(r->data + 64);

	q[0].shift = 63;
	q[1].reserved[2] = 1;
	r->data[32 + 16] = 0x80;	/* DAC codes: second vector */
	column[1].reference = 1;
	column[2].flags = NMC_COLUMN_REFERENCE;
	column[3].adc_shift = 48;
	column[4].scale_shift = 32;
	column[5].source = 1;
	column[6].flags = column[7].flags = NMC_COLUMN_SOURCE;
	column[6].source = 4;
	column[7].source = 1;
	column[9].reserved0 = 1;
	((struct nmc_isa_column *)(r->data + 1024))[15].flags = NMC_COLUMN_PAIR_AFTER_ADC;
	((int16_t *)(r->data + 256))[8] = -128;
	((int16_t *)(r->data + 512))[3] = NMC_CONDUCTANCE_MAX + 1;
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 0, 12288, 16);
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 32, 16384, 32);
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 64, 20480, 160);
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 256, 24576, 256);
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 512, 28672, 256);
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 1024, 32768, 256);
}

static void check_case(struct rig *r, const struct fault_case *c)
{
	uint32_t at;

	rig_begin(r);
	fill_data(r);
	at = r->insns;
	rig_add(r, c->insn);
	rig_control(r, NMC_OP_END);
	rig_run(r);
	if (r->cqe.fault.cause != c->cause || r->cqe.fault.object != c->object ||
	    (c->offset >= 0 && r->cqe.fault.offset != (uint64_t)c->offset))
		print_error("%s: cause %u object %u offset %llu\n", c->name, r->cqe.fault.cause, r->cqe.fault.object,
			    (unsigned long long)r->cqe.fault.offset);
	assert_int_equal(r->cqe.status, NMC_STATUS_FAULT);
	assert_int_equal(r->cqe.fault.cause, c->cause);
	assert_int_equal(r->cqe.fault.object, c->object);
	if (c->offset >= 0)
		assert_int_equal(r->cqe.fault.offset, c->offset);
	assert_int_equal(r->cqe.fault.insn, at);
	assert_int_equal(r->cqe.fault.tag, c->insn.c.tag);
	assert_int_equal(r->cqe.fault.iteration, 0);
	rig_begin(r);
	rig_finish(r);
}

static void instructions(void **state)
{
	struct rig *r = rig_small();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_case(r, &cases[i]);
	rig_free(r);
}

/* Every opcode that is not implemented, declared or not. */
static void unimplemented_groups(void **state)
{
	struct rig *r = rig_small();
	unsigned int op, group;

	(void)state;
	for (op = 0; op < 0x10000; op++) {
		group = NMC_ISA_OP_GROUP(op);
		if (group < 32 && (RIG_ALL_GROUPS & 1u << group))
			continue;
		rig_begin(r);
		rig_add(r, (struct nmc_isa_control){ .c = { op, 0, TAG } });
		assert_int_equal(rig_run(r), NMC_STATUS_FAULT);
		assert_int_equal(r->cqe.fault.cause, NMC_FAULT_GROUP_UNSUPPORTED);
		assert_int_equal(r->cqe.fault.insn, 0);
		assert_int_equal(r->cqe.fault.tag, TAG);
		assert_int_equal(r->cqe.fault.offset, op);
	}
	for (group = 0; group < 32; group++) {
		if (RIG_ALL_GROUPS & 1u << group)
			continue;
		rig_begin(r);
		rig_control(r, NMC_OP_END);
		r->stream.head.groups |= 1u << group;
		assert_int_equal(rig_run(r), NMC_STATUS_FAULT);
		assert_int_equal(r->cqe.fault.cause, NMC_FAULT_GROUP_UNSUPPORTED);
		assert_int_equal(r->cqe.fault.insn, NMC_FAULT_NO_INSN);
		assert_int_equal(r->cqe.fault.object, group);
	}
	rig_free(r);
}

static void undeclared_groups(void **state)
{
	static const uint16_t ops[] = { NMC_OP_NOP, NMC_OP_LOAD, NMC_OP_MVM, NMC_OP_ADD, NMC_OP_PROGRAM };
	struct rig *r = rig_small();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		rig_begin(r);
		r->stream.head.groups &= ~(1u << NMC_ISA_OP_GROUP(ops[i]));
		rig_control(r, ops[i]);
		assert_int_equal(rig_run(r), NMC_STATUS_FAULT);
		assert_int_equal(r->cqe.fault.cause, NMC_FAULT_GROUP_UNDECLARED);
		assert_int_equal(r->cqe.fault.insn, 0);
	}
	rig_free(r);
}

static void expect(struct rig *r, enum nmc_isa_cause cause, uint32_t insn)
{
	rig_run(r);
	assert_int_equal(r->cqe.status, NMC_STATUS_FAULT);
	assert_int_equal(r->cqe.fault.cause, cause);
	assert_int_equal(r->cqe.fault.insn, insn);
	rig_begin(r);
	rig_control(r, NMC_OP_END);
}

static void headers(void **state)
{
	struct rig *r = rig_small();
	const uint32_t none = NMC_FAULT_NO_INSN;

	(void)state;
	rig_control(r, NMC_OP_END);
	r->stream.head.magic++;
	expect(r, NMC_FAULT_HEADER, none);
	r->stream.head.major++;
	expect(r, NMC_FAULT_VERSION, none);
	r->stream.head.minor++;
	expect(r, NMC_FAULT_VERSION, none);
	r->stream.head.insns = 2;
	expect(r, NMC_FAULT_HEADER, none);
	r->stream.head.insns = UINT32_MAX;
	expect(r, NMC_FAULT_HEADER, none);
	r->stream.head.flags = 1;
	expect(r, NMC_FAULT_RESERVED, none);
	r->stream.head.reserved[8] = 1;
	expect(r, NMC_FAULT_RESERVED, none);
	r->stream.head.sram_bytes = (4 << 20) + 1;
	expect(r, NMC_FAULT_SRAM, none);
	r->stream.head.slots = RIG_SLOTS + 1;
	expect(r, NMC_FAULT_SLOT_INDEX, none);
	r->stream.head.sets = RIG_SETS + 1;
	expect(r, NMC_FAULT_SET_INDEX, none);
	r->sqe.stream_bytes = 64;
	expect(r, NMC_FAULT_HEADER, none);
	r->sqe.stream_bytes = 129;
	expect(r, NMC_FAULT_HEADER, none);
	r->sqe.stream_bytes = 0xffffffc0;
	expect(r, NMC_FAULT_HEADER, none);
	r->sqe.stream_offset = 8;
	expect(r, NMC_FAULT_ALIGN, none);
	r->sqe.stream_offset = 1ull << 40;
	expect(r, NMC_FAULT_SLOT_BOUNDS, none);
	r->sqe.stream_slot = RIG_SLOTS;
	expect(r, NMC_FAULT_SLOT_INDEX, none);
	r->sqe.stream_slot = SLOT_WRITE_ONLY;
	expect(r, NMC_FAULT_SLOT_ACCESS, none);
	r->stream.insn[0][0] = NMC_OP_NOP;
	expect(r, NMC_FAULT_NO_END, 1);
	/* The stream may name fewer slots and sets than the job has. */
	r->stream.head.slots = 1;
	r->insns = 0;
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 0, 0, 4);
	expect(r, NMC_FAULT_SLOT_INDEX, 0);
	r->stream.head.sets = 1;
	r->insns = 0;
	rig_add(r, (struct nmc_isa_control){ .c.opcode = NMC_OP_IDLE, .set = 1 });
	expect(r, NMC_FAULT_SET_INDEX, 0);
	rig_free(r);
}

static void tables(void **state)
{
	struct rig *r = rig_small();
	const uint32_t none = NMC_FAULT_NO_INSN;
	struct nmc_slot slot;
	uint64_t page;

	(void)state;
	rig_control(r, NMC_OP_END);
	r->table.head.reserved = 1;
	expect(r, NMC_FAULT_RESERVED, none);
	r->table.head.bytes--;
	expect(r, NMC_FAULT_OPERAND, none);
	r->table.head.slots = 0;
	expect(r, NMC_FAULT_OPERAND, none);
	r->table.head.slots = NMC_MAX_SLOTS + 1;
	expect(r, NMC_FAULT_OPERAND, none);
	r->table.head.sets = NMC_MAX_SETS + 1;
	expect(r, NMC_FAULT_OPERAND, none);
	r->table.head.sets = 2;
	expect(r, NMC_FAULT_OPERAND, none);
	r->sqe.table_bytes = 8;
	expect(r, NMC_FAULT_OPERAND, none);
	r->sqe.table_bytes = 1 << 20;
	expect(r, NMC_FAULT_OPERAND, none);

	slot = r->table.slots[SLOT_DATA];
#define BAD_SLOT(field, value, cause) do { \
		r->table.slots[SLOT_DATA].field = (value); \
		expect(r, cause, none); \
		r->table.slots[SLOT_DATA] = slot; \
	} while (0)
	BAD_SLOT(flags, 8, NMC_FAULT_RESERVED);
	BAD_SLOT(length, 0, NMC_FAULT_OPERAND);
	BAD_SLOT(length, UINT64_MAX, NMC_FAULT_OVERFLOW);
	BAD_SLOT(pages, 1, NMC_FAULT_RESERVED);
	slot.offset = 64;
	r->table.slots[SLOT_DATA].offset = 64;
	BAD_SLOT(length, UINT64_MAX - 10, NMC_FAULT_OVERFLOW);
	slot = r->table.slots[SLOT_DATA] = r->table.slots[SLOT_LISTED];
	BAD_SLOT(pages, 3, NMC_FAULT_OPERAND);
	BAD_SLOT(pages, UINT32_MAX, NMC_FAULT_OPERAND);
	BAD_SLOT(addr, 4, NMC_FAULT_ALIGN);
	BAD_SLOT(length, 4 * NMC_PAGE_BYTES, NMC_FAULT_OPERAND);

	page = r->list[1];
	r->list[1] = page + 1;
	r->insns = 0;
	rig_move(r, NMC_OP_LOAD, SLOT_LISTED, 0, 0, 16);
	expect(r, NMC_FAULT_ALIGN, 0);
	r->list[1] = page;
	rig_free(r);
}

static void sets(void **state)
{
	struct rig *r = rig_small();
	const uint32_t none = NMC_FAULT_NO_INSN;

	(void)state;
	rig_control(r, NMC_OP_END);
	r->table.sets[1].generation++;
	expect(r, NMC_FAULT_SET_STALE, none);
	assert_int_equal(r->cqe.fault.object, 1);
	r->table.sets[1].generation--;
	r->table.sets[1].set = 99;
	expect(r, NMC_FAULT_SET_INDEX, none);
	r->table.sets[1].set = r->table.sets[0].set;
	expect(r, NMC_FAULT_OPERAND, none);
	r->table.sets[1].set = 2;
	rig_run(r);
	assert_int_equal(r->cqe.status, NMC_STATUS_OK);
	rig_free(r);
}

static void descriptors(void **state)
{
	struct rig *r = rig_small();

	(void)state;
	rig_control(r, NMC_OP_END);
	r->sqe.flags = 1;
	assert_int_equal(rig_run(r), NMC_STATUS_FIELD);
	r->sqe.flags = 0;
	r->sqe.reserved0 = 1;
	assert_int_equal(rig_run(r), NMC_STATUS_FIELD);
	r->sqe.reserved0 = 0;
	r->sqe.reserved[1] = 1;
	assert_int_equal(rig_run(r), NMC_STATUS_FIELD);
	r->sqe.reserved[1] = 0;
	r->sqe.table += 8;
	assert_int_equal(rig_run(r), NMC_STATUS_FIELD);
	r->sqe.table -= 8;
	r->sqe.opcode = 0x8002;
	assert_int_equal(rig_run(r), NMC_STATUS_OPCODE);
	r->sqe.opcode = NMC_QUEUE_JOB;
	r->sqe.context = 2;
	assert_int_equal(rig_run(r), NMC_STATUS_NOT_FOUND);
	r->sqe.context = 0;
	assert_int_equal(rig_run(r), NMC_STATUS_NOT_FOUND);
	assert_int_equal(r->cqe.cookie, 7);
	r->sqe.context = 1;
	assert_int_equal(rig_run(r), NMC_STATUS_OK);
	rig_free(r);
}

static int no_memory(void *ctx, uint64_t addr, void *buf, size_t bytes)
{
	struct rig *r = ctx;

	if (addr >= (uintptr_t)r->data && addr < (uintptr_t)r->data + sizeof(r->data))
		return -14;
	memcpy(buf, (const void *)(uintptr_t)addr, bytes);
	return 0;
}

static void dma_fault(void **state)
{
	struct rig *r = rig_small();
	struct card_dma dma = { .read = no_memory, .write = NULL, .ctx = r };

	(void)state;
	rig_control(r, NMC_OP_NOP);
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 48, 0, 16);
	rig_control(r, NMC_OP_END);
	r->stream.head.insns = 3;
	r->sqe.stream_bytes = 256;
	card_job(r->card, &r->sqe, &dma, NULL, NULL, &r->cqe);
	assert_int_equal(r->cqe.status, NMC_STATUS_FAULT);
	assert_int_equal(r->cqe.fault.cause, NMC_FAULT_DMA);
	assert_int_equal(r->cqe.fault.insn, 1);
	assert_int_equal(r->cqe.fault.object, SLOT_DATA);
	assert_int_equal(r->cqe.fault.offset, 48);
	r->sqe.table = (uintptr_t)r->data;
	card_job(r->card, &r->sqe, &dma, NULL, NULL, &r->cqe);
	assert_int_equal(r->cqe.fault.cause, NMC_FAULT_DMA);
	assert_int_equal(r->cqe.fault.insn, NMC_FAULT_NO_INSN);
	rig_free(r);
}

static void aborted(void **state)
{
	struct rig *r = rig_small();
	int stop = 1;

	(void)state;
	rig_control(r, NMC_OP_END);
	r->stream.head.insns = 1;
	r->sqe.stream_bytes = 128;
	card_job(r->card, &r->sqe, &card_dma_process, &stop, NULL, &r->cqe);
	assert_int_equal(r->cqe.status, NMC_STATUS_ABORTED);
	assert_int_equal(r->cqe.fault.cause, NMC_FAULT_ABORTED);
	assert_int_equal(r->cqe.fault.insn, 0);
	stop = 0;
	card_job(r->card, &r->sqe, &card_dma_process, &stop, NULL, &r->cqe);
	assert_int_equal(r->cqe.status, NMC_STATUS_OK);
	rig_free(r);
}

static void step_limit(void **state)
{
	struct rig *r = rig_small();

	(void)state;
	r->card->max_steps = 100;
	rig_add(r, (struct nmc_isa_control){ .c.opcode = NMC_OP_LOOP, .count = 98, .body = 1 });
	rig_control(r, NMC_OP_NOP);
	rig_control(r, NMC_OP_END);
	assert_int_equal(rig_run(r), NMC_STATUS_OK);
	rig_begin(r);
	rig_add(r, (struct nmc_isa_control){ .c.opcode = NMC_OP_LOOP, .count = UINT32_MAX, .body = 1 });
	rig_add(r, (struct nmc_isa_control){ .c = { NMC_OP_NOP, 0, TAG } });
	rig_control(r, NMC_OP_END);
	assert_int_equal(rig_run(r), NMC_STATUS_FAULT);
	assert_int_equal(r->cqe.fault.cause, NMC_FAULT_LIMIT);
	assert_int_equal(r->cqe.fault.insn, 1);
	assert_int_equal(r->cqe.fault.iteration, 99);
	assert_int_equal(r->cqe.fault.tag, TAG);
	rig_free(r);
}

/* A tile whose programming never ended multiplies nothing until it has been programmed, or erased as a whole. */
static void incomplete_tile(void **state)
{
	const union insn mvm = MVM(.tile = 1), program = PROGRAM(NMC_OP_PROGRAM, .tile = 1);
	const union insn part = ERASE(.tile = 1, .rows = 15), erase = ERASE(.tile = 1);
	struct rig *r = rig_small();

	(void)state;
	tiles_incomplete(r->card, 4 + 4 + 1, true);
	rig_add(r, part);
	rig_add(r, mvm);
	assert_int_equal(rig_run(r), NMC_STATUS_FAULT);
	assert_int_equal(r->cqe.fault.cause, NMC_FAULT_TILE_STATE);
	rig_begin(r);
	rig_add(r, erase);
	rig_add(r, mvm);
	rig_finish(r);
	rig_begin(r);
	tiles_incomplete(r->card, 4 + 4 + 1, true);
	rig_add(r, mvm);
	assert_int_equal(rig_run(r), NMC_STATUS_FAULT);
	assert_int_equal(r->cqe.fault.cause, NMC_FAULT_TILE_STATE);
	assert_int_equal(r->cqe.fault.object, 1);
	rig_begin(r);
	rig_add(r, program);
	rig_add(r, mvm);
	rig_finish(r);
	rig_free(r);
}

/* A programming that is refused leaves the tile as it was: it multiplies as before. */
static void refused_program(void **state)
{
	const union insn mvm = MVM_RRAM(.rows = 16, .cols = 8);
	struct rig *r = rig_make((struct card_options){ .tiles = 4, .rows = 16, .cols = 16, .threads = 1 });
	unsigned int cell;

	(void)state;
	for (cell = 0; cell < 256; cell++) {
		const union insn one = PROGRAM(NMC_OP_PROGRAM, .set = SET_RRAM, .first_row = cell / 16, .rows = 1,
					       .first_col = cell % 16, .cols = 1);

		rig_begin(r);
		rig_add(r, one);
		rig_control(r, NMC_OP_END);
		if (rig_run(r) != NMC_STATUS_OK)
			break;
	}
	assert_in_range(cell, 32, 255);
	assert_int_equal(r->cqe.fault.cause, NMC_FAULT_LIMIT);
	rig_begin(r);
	rig_add(r, mvm);
	rig_finish(r);
	rig_free(r);
}

static void erased_never(const struct cell_tech *tech, const struct philox_stream *s, uint32_t cell, unsigned int n,
			 uint32_t draw, float *g)
{
	(void)tech;
	(void)s;
	(void)cell;
	(void)draw;
	while (n--)
		g[n] = 30.0f;
}

/* A tile that cannot be erased is retired when it is released: it belongs to nobody any more. */
static void retired_tile(void **state)
{
	struct rig *r = rig_small();
	struct cell_tech tech = *r->card->classes[SET_RRAM].tech;
	struct cell_kernels kernels = *tech.kernels;
	struct nmc_tile_class class;
	struct nmc_set_ref set;

	(void)state;
	kernels.erased = erased_never;
	tech.kernels = &kernels;
	r->card->classes[SET_RRAM].kind.tech = &tech;
	set = rig_tileset(r, SET_RRAM, 1);
	assert_int_equal(card_oracle(r->card, set.set, 0, NULL, NULL), 0);
	assert_int_equal(rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_TILESET_RELEASE, .id = set.set }, NULL),
			 NMC_STATUS_OK);
	assert_int_equal(rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_CLASS, .index = SET_RRAM,
			 .addr = (uintptr_t)&class, .bytes = sizeof(class) }, NULL), NMC_STATUS_OK);
	assert_int_equal(class.retired, 1);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instructions),
		cmocka_unit_test(unimplemented_groups),
		cmocka_unit_test(undeclared_groups),
		cmocka_unit_test(headers),
		cmocka_unit_test(tables),
		cmocka_unit_test(sets),
		cmocka_unit_test(descriptors),
		cmocka_unit_test(dma_fault),
		cmocka_unit_test(aborted),
		cmocka_unit_test(step_limit),
		cmocka_unit_test(retired_tile),
		cmocka_unit_test(refused_program),
		cmocka_unit_test(incomplete_tile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
