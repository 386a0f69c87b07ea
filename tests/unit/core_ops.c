// SPDX-License-Identifier: MIT
/*
 * Sequencer: what each instruction does when it is right: data movement, slots by page list, loops and strides,
 * vector unit through the stream, products and programming on integer tiles, time and counters.
 */
#include <unistd.h>
#include "core_rig.h"

static const int32_t *words(struct rig *r, size_t offset)
{
	return (const int32_t *)(r->data + offset);
}

static void empty_job(void **state)
{
	struct rig *r = rig_small();

	(void)state;
	rig_finish(r);
	assert_int_equal(r->cqe.cookie, 7);
	assert_int_equal(r->cqe.result, 2);	/* one instruction */
	rig_free(r);
}

static void strided_move(void **state)
{
	struct rig *r = rig_small();
	int i, k;

	(void)state;
	for (i = 0; i < 256; i++)
		r->read_only[i] = i;
	rig_add(r, (struct nmc_isa_move){ .c.opcode = NMC_OP_LOAD, .slot = SLOT_READ_ONLY, .sram = { 100, 7, 0 },
					  .slot_offset = 3, .slot_pitch = 20, .rows = 5, .row_bytes = 7 });
	rig_add(r, (struct nmc_isa_move){ .c.opcode = NMC_OP_STORE, .slot = SLOT_DATA, .sram = { 100, 7, 0 },
					  .slot_offset = 1, .slot_pitch = 10, .rows = 5, .row_bytes = 7 });
	rig_finish(r);
	for (i = 0; i < 5; i++)
		for (k = 0; k < 10; k++)
			assert_int_equal(r->data[1 + 10 * i + k], k < 7 ? 3 + 20 * i + k : 0);
	/* A pitch of zero reads one row again and again. */
	rig_begin(r);
	rig_add(r, (struct nmc_isa_move){ .c.opcode = NMC_OP_LOAD, .slot = SLOT_READ_ONLY, .sram = { 0, 4, 0 },
					  .slot_offset = 8, .rows = 3, .row_bytes = 4 });
	rig_move(r, NMC_OP_STORE, SLOT_DATA, 0, 0, 12);
	rig_finish(r);
	assert_memory_equal(r->data, "\x08\x09\x0a\x0b\x08\x09\x0a\x0b\x08\x09\x0a\x0b", 12);
	rig_free(r);
}

/* Steps of a job that moves @rows rows of @row_bytes bytes, seen by the host while it does. */
static uint64_t progress_of_move(struct rig *r, uint32_t rows, uint32_t row_bytes)
{
	uint64_t progress = 0;

	rig_begin(r);
	r->stream.head.sram_bytes = 4 << 20;
	rig_add(r, (struct nmc_isa_move){ .c.opcode = NMC_OP_LOAD, .slot = SLOT_READ_ONLY, .sram = { 0, row_bytes + 1, 0 },
					  .rows = rows, .row_bytes = row_bytes });
	rig_control(r, NMC_OP_END);
	r->stream.head.insns = r->insns;
	r->sqe.stream_bytes = NMC_ISA_INSN_BYTES * (r->insns + 1);
	card_job(r->card, &r->sqe, &card_dma_process, NULL, &progress, &r->cqe);
	assert_int_equal(r->cqe.status, NMC_STATUS_OK);
	return progress;
}

/* A long move is not one step: it tells slow from stuck as it goes. */
static void moves_progress(void **state)
{
	struct rig *r = rig_small();
	void *big = calloc(4, 1 << 20);

	(void)state;
	r->table.slots[SLOT_READ_ONLY].addr = (uintptr_t)big;
	r->table.slots[SLOT_READ_ONLY].length = 4 << 20;
	assert_int_equal(progress_of_move(r, 1, 16), 2);
	assert_int_equal(progress_of_move(r, 1, (7 << 19) - 1), 2 + 3);
	assert_int_equal(progress_of_move(r, 3 * 4096 + 10, 1), 2 + 3);
	free(big);
	rig_free(r);
}

/* The slot begins 1000 bytes into the first page of its list; pages lie in an order of their own. */
static uint8_t *listed(struct rig *r, uint64_t offset)
{
	uint64_t at = offset + 1000;

	return (uint8_t *)(uintptr_t)r->list[at / NMC_PAGE_BYTES] + at % NMC_PAGE_BYTES;
}

static void page_list(void **state)
{
	struct rig *r = rig_small();
	uint32_t i, bytes = 4 * NMC_PAGE_BYTES - 1000;

	(void)state;
	for (i = 0; i < bytes; i++)
		*listed(r, i) = i * 7 + i / 251;
	rig_move(r, NMC_OP_LOAD, SLOT_LISTED, 5, 0, 10000);
	rig_move(r, NMC_OP_STORE, SLOT_DATA, 0, 0, 10000);
	rig_finish(r);
	for (i = 0; i < 10000; i++)
		assert_int_equal(r->data[i], (uint8_t)((i + 5) * 7 + (i + 5) / 251));
	rig_begin(r);
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 0, 0, 10000);
	rig_move(r, NMC_OP_STORE, SLOT_LISTED, bytes - 10000, 0, 10000);
	rig_finish(r);
	for (i = 0; i < 10000; i++)
		assert_int_equal(*listed(r, bytes - 10000 + i), r->data[i]);
	assert_int_equal(*listed(r, bytes - 10001), (uint8_t)((bytes - 10001) * 7 + (bytes - 10001) / 251));
	rig_free(r);
}

/* The stream itself may lie in a page list. */
static void listed_stream(void **state)
{
	struct rig *r = rig_small();
	const uint8_t *stream = (const uint8_t *)&r->stream;
	uint32_t i;

	(void)state;
	rig_move(r, NMC_OP_STORE, SLOT_DATA, 0, 0, 8);
	rig_control(r, NMC_OP_END);
	r->stream.head.insns = 2;
	r->table.slots[SLOT_LISTED].offset = 4096 - 64;
	r->table.slots[SLOT_LISTED].length = 192;
	for (i = 0; i < 192; i++)
		*listed(r, i + 4096 - 64 - 1000) = stream[i];
	memset(r->data, 1, 8);
	r->sqe.stream_slot = SLOT_LISTED;
	r->sqe.stream_bytes = 192;
	assert_int_equal(rig_run(r), NMC_STATUS_OK);
	assert_int_equal(words(r, 0)[0], 0);
	rig_free(r);
}

static void sram_is_zeroed(void **state)
{
	struct rig *r = rig_small();
	uint32_t i;

	(void)state;
	rig_add(r, (struct nmc_isa_fill){ .c.opcode = NMC_OP_FILL, .dst = { 0, 65536, 0 }, .words = 16384, .rows = 1,
					  .value = 0xdeadbeef });
	rig_move(r, NMC_OP_STORE, SLOT_DATA, 0, 65536 - 4096, 4096);
	rig_finish(r);
	assert_int_equal(words(r, 0)[1023], (int32_t)0xdeadbeef);
	rig_begin(r);
	rig_move(r, NMC_OP_STORE, SLOT_DATA, 0, 65536 - 4096, 4096);
	rig_finish(r);
	for (i = 0; i < 1024; i++)
		assert_int_equal(words(r, 0)[i], 0);
	rig_free(r);
}

static void loop_strides(void **state)
{
	struct rig *r = rig_small();
	int i, outer, inner;

	(void)state;
	for (i = 0; i < 64; i++)
		r->read_only[i] = i;
	/* Three times: four single bytes, walking up the slot by 2 and down SRAM by 3. */
	rig_add(r, (struct nmc_isa_control){ .c.opcode = NMC_OP_LOOP, .count = 3, .body = 4 });
	rig_add(r, (struct nmc_isa_control){ .c.opcode = NMC_OP_LOOP, .count = 4, .body = 1 });
	rig_add(r, (struct nmc_isa_move){ .c.opcode = NMC_OP_LOAD, .slot = SLOT_READ_ONLY,
					  .sram = { 20, 1, (uint32_t)-3 }, .slot_offset = 5, .slot_stride = 2,
					  .rows = 1, .row_bytes = 1 });
	/* The strides of the outer body follow the outer loop. */
	rig_add(r, (struct nmc_isa_move){ .c.opcode = NMC_OP_STORE, .slot = SLOT_DATA, .sram = { 8, 16, 0 },
					  .slot_offset = 100, .slot_stride = (uint64_t)-16, .rows = 1, .row_bytes = 16 });
	rig_add(r, (struct nmc_isa_fill){ .c.opcode = NMC_OP_FILL, .dst = { 8, 16, 4 }, .words = 1, .rows = 1,
					  .value = 0x55555555 });
	rig_finish(r);
	for (outer = 0; outer < 3; outer++) {
		const uint8_t *row = r->data + 100 - 16 * outer;

		for (inner = 0; inner < 4; inner++)
			assert_int_equal(row[12 - 3 * inner], 5 + 2 * inner);
		for (i = 0; i < outer && i < 2; i++)
			assert_int_equal(row[4 * i + 1], 0x55);
	}
	rig_free(r);
}

static void loop_fault_iteration(void **state)
{
	struct rig *r = rig_small();

	(void)state;
	rig_add(r, (struct nmc_isa_control){ .c.opcode = NMC_OP_LOOP, .count = 9, .body = 2 });
	rig_add(r, (struct nmc_isa_control){ .c.opcode = NMC_OP_LOOP, .count = 100000, .body = 1 });
	rig_add(r, (struct nmc_isa_fill){ .c = { NMC_OP_FILL, 0, 99 }, .dst = { 0, 4, 16 }, .words = 1, .rows = 1 });
	assert_int_equal(rig_run(r), NMC_STATUS_FAULT);
	assert_int_equal(r->cqe.fault.cause, NMC_FAULT_SRAM);
	assert_int_equal(r->cqe.fault.insn, 2);
	assert_int_equal(r->cqe.fault.iteration, 4096);
	assert_int_equal(r->cqe.fault.tag, 99);
	rig_begin(r);
	rig_add(r, (struct nmc_isa_control){ .c.opcode = NMC_OP_LOOP, .count = 9, .body = 1 });
	rig_add(r, (struct nmc_isa_fill){ .c.opcode = NMC_OP_FILL, .dst = { 8, 4, (uint32_t)-4 }, .words = 1, .rows = 1 });
	assert_int_equal(rig_run(r), NMC_STATUS_FAULT);
	assert_int_equal(r->cqe.fault.cause, NMC_FAULT_SRAM);
	assert_int_equal(r->cqe.fault.iteration, 3);
	rig_free(r);
}

static void loop_nesting(void **state)
{
	struct rig *r = rig_small();
	struct nmc_isa_counters c;
	int i;

	(void)state;
	/* Four deep, all ending together: 1 + 2 (1 + 2 (1 + 2 (1 + 2))) instructions. */
	for (i = 0; i < 4; i++)
		rig_add(r, (struct nmc_isa_control){ .c.opcode = NMC_OP_LOOP, .count = 2, .body = 4 - i });
	rig_control(r, NMC_OP_NOP);
	rig_control(r, NMC_OP_COUNTERS);
	rig_move(r, NMC_OP_STORE, SLOT_DATA, 0, 0, sizeof(c));
	rig_finish(r);
	memcpy(&c, r->data, sizeof(c));
	assert_int_equal(c.insns, 1 + 2 * (1 + 2 * (1 + 2 * (1 + 2))) + 1);
	rig_begin(r);
	for (i = 0; i < 5; i++)
		rig_add(r, (struct nmc_isa_control){ .c.opcode = NMC_OP_LOOP, .count = 2, .body = 5 - i });
	rig_control(r, NMC_OP_NOP);
	assert_int_equal(rig_run(r), NMC_STATUS_FAULT);
	assert_int_equal(r->cqe.fault.cause, NMC_FAULT_LOOP);
	assert_int_equal(r->cqe.fault.insn, 4);
	/* A body that crosses its enclosing one. */
	rig_begin(r);
	rig_add(r, (struct nmc_isa_control){ .c.opcode = NMC_OP_LOOP, .count = 1, .body = 2 });
	rig_add(r, (struct nmc_isa_control){ .c.opcode = NMC_OP_LOOP, .count = 1, .body = 2 });
	rig_control(r, NMC_OP_NOP);
	rig_control(r, NMC_OP_NOP);
	assert_int_equal(rig_run(r), NMC_STATUS_FAULT);
	assert_int_equal(r->cqe.fault.cause, NMC_FAULT_LOOP);
	assert_int_equal(r->cqe.fault.insn, 1);
	rig_free(r);
}

static void vector_chain(void **state)
{
	static const int32_t src[2][4] = { { 10, -20, INT32_MAX, 7 }, { -1, 5, 6, INT32_MIN } };
	static const int32_t bias[4] = { 1, 2, 3, -4 };
	struct rig *r = rig_small();
	struct nmc_isa_requant q = { .mult = 1, .shift = 1 };
	struct nmc_isa_counters c;
	int8_t table[256];
	int i;

	(void)state;
	memcpy(r->data, src, sizeof(src));
	memcpy(r->data + 32, bias, sizeof(bias));
	memcpy(r->data + 48, &q, sizeof(q));
	for (i = 0; i < 256; i++)
		table[i] = (int8_t)(127 - i);
	memcpy(r->data + 64, table, 256);
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 0, 0, 320);
	/* bias at 1024, add to itself, ReLU in place, requantise, table, largest. */
	rig_add(r, (struct nmc_isa_vector){ .c.opcode = NMC_OP_BIAS, .src = { 0, 16, 0 }, .dst = { 1024, 16, 0 },
					    .aux = 32, .n = 4, .vectors = 2 });
	rig_add(r, (struct nmc_isa_vector){ .c.opcode = NMC_OP_COPY, .src = { 1024, 16, 0 }, .dst = { 2048, 32, 0 },
					    .n = 16, .vectors = 2 });
	rig_add(r, (struct nmc_isa_vector){ .c.opcode = NMC_OP_ADD, .src = { 1024, 16, 0 }, .dst = { 2048, 32, 0 },
					    .n = 4, .vectors = 2 });
	rig_add(r, (struct nmc_isa_vector){ .c.opcode = NMC_OP_ARGMAX, .src = { 2048, 32, 0 }, .dst = { 3072, 4, 0 },
					    .n = 4, .vectors = 2 });
	rig_add(r, (struct nmc_isa_vector){ .c.opcode = NMC_OP_RELU, .src = { 2048, 32, 0 }, .dst = { 2048, 32, 0 },
					    .n = 4, .vectors = 2 });
	rig_add(r, (struct nmc_isa_vector){ .c.opcode = NMC_OP_REQUANT, .src = { 2048, 32, 0 }, .dst = { 4096, 4, 0 },
					    .aux = 48, .n = 4, .vectors = 2, .lo = (uint32_t)-127, .hi = 100 });
	rig_add(r, (struct nmc_isa_vector){ .c.opcode = NMC_OP_LUT, .src = { 4096, 4, 0 }, .dst = { 5120, 4, 0 },
					    .aux = 64, .n = 4, .vectors = 2 });
	rig_add(r, (struct nmc_isa_control){ .c.opcode = NMC_OP_COUNTERS, .sram = 6144 });
	rig_move(r, NMC_OP_STORE, SLOT_DATA, 0, 1024, 8192);
	rig_finish(r);
	assert_memory_equal(words(r, 0), ((int32_t[]){ 11, -18, INT32_MAX, 3, 0, 7, 9, INT32_MIN }), 32);
	assert_memory_equal(words(r, 1024), ((int32_t[]){ 22, 0, INT32_MAX, 6 }), 16);
	assert_memory_equal(words(r, 1056), ((int32_t[]){ 0, 14, 18, 0 }), 16);
	assert_memory_equal(words(r, 2048), ((int32_t[]){ 2, 2 }), 8);
	assert_memory_equal(r->data + 3072, ((int8_t[]){ 11, 0, 100, 3, 0, 7, 9, 0 }), 8);
	assert_memory_equal(r->data + 4096, ((int8_t[]){ -12, -1, -101, -4, -1, -8, -10, -1 }), 8);
	memcpy(&c, r->data + 5120, sizeof(c));
	assert_int_equal(c.saturations, 4);	/* two in BIAS, two in ADD */
	rig_free(r);
}

/* Programs tile @tile of the integer set with w[i][k] = (3 i + 5 k) % 255 - 127 and reads it back. */
static int16_t weight(int i, int k)
{
	return (3 * i + 5 * k) % 255 - 127;
}

static void program_digital(struct rig *r, uint32_t tile)
{
	int16_t *w = (int16_t *)r->data;
	int i, k;

	for (i = 0; i < 16; i++)
		for (k = 0; k < 8; k++)
			w[8 * i + k] = weight(i, k);
	rig_begin(r);
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 0, 0, 256);
	rig_add(r, (struct nmc_isa_program){ .c.opcode = NMC_OP_PROGRAM, .set = SET_DIGITAL, .tile = tile,
					     .data = { 0, 16, 0 }, .report = 1024, .rows = 16, .cols = 8 });
	rig_add(r, (struct nmc_isa_program){ .c.opcode = NMC_OP_READ, .set = SET_DIGITAL, .tile = tile,
					     .data = { 2048, 16, 0 }, .rows = 16, .cols = 8 });
	rig_move(r, NMC_OP_STORE, SLOT_DATA, 1024, 1024, 2048);
	rig_finish(r);
}

static void program_and_read(void **state)
{
	struct rig *r = rig_small();
	struct nmc_isa_report report;
	const int16_t *read = (const int16_t *)(r->data + 2048);
	int i;

	(void)state;
	program_digital(r, 1);
	memcpy(&report, r->data + 1024, sizeof(report));
	assert_int_equal(report.cells, 128);
	assert_int_equal(report.converged, 128);
	for (i = 0; i < 128; i++)
		assert_int_equal(read[i], weight(i / 8, i % 8));
	/* A region of it erased: the rest stays. */
	rig_begin(r);
	rig_add(r, (struct nmc_isa_program){ .c.opcode = NMC_OP_ERASE, .set = SET_DIGITAL, .tile = 1, .report = 1024,
					     .first_row = 2, .rows = 3, .first_col = 4, .cols = 2 });
	rig_add(r, (struct nmc_isa_program){ .c.opcode = NMC_OP_READ, .set = SET_DIGITAL, .tile = 1,
					     .data = { 2048, 16, 0 }, .rows = 16, .cols = 8 });
	rig_move(r, NMC_OP_STORE, SLOT_DATA, 2048, 2048, 256);
	rig_finish(r);
	for (i = 0; i < 128; i++) {
		int row = i / 8, col = i % 8;
		bool erased = row >= 2 && row < 5 && col >= 4 && col < 6;

		assert_int_equal(read[i], erased ? 0 : weight(row, col));
	}
	rig_free(r);
}

static void products(void **state)
{
	struct rig *r = rig_small();
	int8_t *in = (int8_t *)r->data;
	int v, i, k;

	(void)state;
	program_digital(r, 0);
	for (i = 0; i < 5 * 12; i++)
		in[i] = (int8_t)((i * 37) % 255 - 127);
	rig_begin(r);
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 0, 0, 60);
	rig_add(r, (struct nmc_isa_mvm){ .c.opcode = NMC_OP_MVM, .set = SET_DIGITAL, .in = { 0, 12, 0 },
					 .out = { 1024, 20, 0 }, .vectors = 5, .first_row = 3, .rows = 12,
					 .first_col = 2, .cols = 5 });
	rig_add(r, (struct nmc_isa_mvm){ .c.opcode = NMC_OP_MVM, .c.flags = NMC_MVM_ACCUMULATE, .set = SET_DIGITAL,
					 .in = { 0, 12, 0 }, .out = { 1024, 20, 0 }, .vectors = 5, .first_row = 3,
					 .rows = 12, .first_col = 2, .cols = 5 });
	rig_move(r, NMC_OP_STORE, SLOT_DATA, 1024, 1024, 100);
	rig_finish(r);
	for (v = 0; v < 5; v++) {
		for (k = 0; k < 5; k++) {
			int32_t sum = 0;

			for (i = 0; i < 12; i++)
				sum += in[12 * v + i] * weight(i + 3, k + 2);
			assert_int_equal(words(r, 1024)[5 * v + k], 2 * sum);
		}
	}
	rig_free(r);
}

static void backward_products(void **state)
{
	struct rig *r = rig_small();
	struct nmc_isa_counters *c = (struct nmc_isa_counters *)(r->data + 2048);
	int8_t *in = (int8_t *)r->data;
	int v, i, k;

	(void)state;
	program_digital(r, 0);
	for (i = 0; i < 5 * 7; i++)
		in[i] = (int8_t)((i * 37) % 255 - 127);
	rig_begin(r);
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 0, 0, 35);
	rig_add(r, (struct nmc_isa_mvm){ .c.opcode = NMC_OP_MVM_T, .set = SET_DIGITAL, .in = { 0, 7, 0 },
					 .out = { 1024, 52, 0 }, .vectors = 5, .first_row = 3, .rows = 13,
					 .first_col = 1, .cols = 7 });
	rig_add(r, (struct nmc_isa_mvm){ .c.opcode = NMC_OP_MVM_T, .c.flags = NMC_MVM_ACCUMULATE, .set = SET_DIGITAL,
					 .in = { 0, 7, 0 }, .out = { 1024, 52, 0 }, .vectors = 5, .first_row = 3,
					 .rows = 13, .first_col = 1, .cols = 7 });
	rig_add(r, (struct nmc_isa_control){ .c.opcode = NMC_OP_COUNTERS, .sram = 4096 });
	rig_move(r, NMC_OP_STORE, SLOT_DATA, 1024, 1024, 260);
	rig_move(r, NMC_OP_STORE, SLOT_DATA, 2048, 4096, sizeof(*c));
	rig_finish(r);
	for (v = 0; v < 5; v++) {
		for (i = 0; i < 13; i++) {
			int32_t sum = 0;

			for (k = 0; k < 7; k++)
				sum += in[7 * v + k] * weight(i + 3, k + 1);
			assert_int_equal(words(r, 1024)[13 * v + i], 2 * sum);
		}
	}
	assert_int_equal(c->macs, 2 * 5 * 13 * 7);
	assert_int_equal(c->conversions, 0);
	rig_free(r);
}

/* Ideal tile, pair (20000, 10000) in every row: 4 outputs times code 2 make 80000, halved 12 times. */
static void backward_analog(void **state)
{
	struct rig *r = rig_small();
	int16_t *target = (int16_t *)(r->data + 64);
	struct nmc_isa_column *column = (struct nmc_isa_column *)(r->data + 512);
	struct nmc_isa_counters *c = (struct nmc_isa_counters *)(r->data + 4096);
	int i;

	(void)state;
	for (i = 0; i < 128; i++)
		target[i] = i % 2 ? 10000 : 20000;
	memset(r->data, 2, 16);
	for (i = 0; i < 16; i++)
		column[i] = (struct nmc_isa_column){ .adc_mult = 1, .adc_shift = (uint8_t)(i < 15 ? 12 : 8), .scale_mult = (uint16_t)(i + 1) };
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 0, 0, 1024);
	rig_add(r, (struct nmc_isa_program){ .c.opcode = NMC_OP_PROGRAM, .set = SET_IDEAL, .data = { 64, 16, 0 },
					     .report = 4096, .rows = 16, .cols = 8 });
	rig_add(r, (struct nmc_isa_mvm){ .c.opcode = NMC_OP_MVM_T, .set = SET_IDEAL, .in = { 0, 4, 0 },
					 .out = { 2048, 64, 0 }, .columns = 512, .vectors = 2, .rows = 16, .cols = 4,
					 .adc_bits = 6 });
	rig_add(r, (struct nmc_isa_control){ .c.opcode = NMC_OP_COUNTERS, .sram = 8192 });
	rig_move(r, NMC_OP_STORE, SLOT_DATA, 1024, 2048, 128);
	rig_move(r, NMC_OP_STORE, SLOT_DATA, 4096, 8192, sizeof(*c));
	rig_finish(r);
	for (i = 0; i < 32; i++)
		assert_int_equal(words(r, 1024)[i], (i % 16 < 15 ? 20 : 31) * (i % 16 + 1));
	assert_int_equal(c->conversions, 32);
	assert_int_equal(c->clips, 2);
	assert_int_equal(c->macs, 2 * 16 * 8);
	rig_free(r);
}

static void analog_products(void **state)
{
	struct rig *r = rig_small();
	int16_t *target = (int16_t *)(r->data + 64);
	struct nmc_isa_column *column = (struct nmc_isa_column *)(r->data + 512);
	struct nmc_isa_counters *c = (struct nmc_isa_counters *)(r->data + 2048);
	int i;

	(void)state;
	/* Ideal tile: pair (20000, 10000) in every row; 16 rows times code 2 makes 320000, halved 19 times. */
	for (i = 0; i < 128; i++)
		target[i] = i % 2 ? 10000 : 20000;
	memset(r->data, 2, 16);
	for (i = 0; i < 4; i++)
		column[i] = (struct nmc_isa_column){ .adc_mult = 1, .adc_shift = 12 + i, .scale_mult = 1,
						     .flags = i == 3 ? NMC_COLUMN_PAIR_AFTER_ADC : 0 };
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 0, 0, 1024);
	rig_add(r, (struct nmc_isa_program){ .c.opcode = NMC_OP_PROGRAM, .set = SET_IDEAL, .data = { 64, 16, 0 },
					     .report = 4096, .rows = 16, .cols = 8 });
	rig_add(r, (struct nmc_isa_mvm){ .c.opcode = NMC_OP_MVM, .set = SET_IDEAL, .in = { 0, 16, 0 },
					 .out = { 2048, 16, 0 }, .columns = 512, .vectors = 1, .rows = 16, .cols = 4,
					 .adc_bits = 6 });
	rig_add(r, (struct nmc_isa_control){ .c.opcode = NMC_OP_COUNTERS, .sram = 3072 });
	rig_move(r, NMC_OP_STORE, SLOT_DATA, 1024, 2048, 2048);
	rig_finish(r);
	/* 78.125 clips at 31, 39.06 clips, 19.53 -> 20; converted one by one 19.53 -> 20 less 9.77 -> 10. */
	assert_memory_equal(words(r, 1024), ((int32_t[]){ 31, 31, 20, 10 }), 16);
	assert_int_equal(c->clips, 2);
	assert_int_equal(c->conversions, 5);
	assert_int_equal(c->macs, 128);
	rig_free(r);
}

/* Results of physical outputs in an order of the stream's own, each with what is wrong with that output. */
static void mapped_results(void **state)
{
	const struct card_device_fault broken = { .kind = CARD_DEVICE_COLUMN, .tile = CARD_ALL, .col = 3, .code = 5 };
	struct rig *r = rig_small();
	int16_t *target = (int16_t *)(r->data + 64);
	struct nmc_isa_column *column = (struct nmc_isa_column *)(r->data + 512);
	char error[128];
	int i, minor;

	(void)state;
	for (i = 0; i < 128; i++)
		target[i] = i % 2 ? 0 : 1024 * (i % 8 / 2 + 1);
	memset(r->data, 2, 16);
	for (i = 0; i < 3; i++)
		column[i] = (struct nmc_isa_column){ .adc_mult = 1, .adc_shift = 14, .scale_mult = 1 };
	column[0].flags = column[2].flags = NMC_COLUMN_SOURCE;
	column[0].source = 2;
	column[2].source = 3;
	for (minor = 1; minor >= 0; minor--) {
		rig_begin(r);
		r->stream.head.minor = (uint16_t)minor;
		rig_move(r, NMC_OP_LOAD, SLOT_DATA, 0, 0, 1024);
		rig_add(r, (struct nmc_isa_program){ .c.opcode = NMC_OP_PROGRAM, .set = SET_IDEAL, .data = { 64, 16, 0 },
						     .report = 4096, .rows = 16, .cols = 8 });
		rig_add(r, (struct nmc_isa_mvm){ .c.opcode = NMC_OP_MVM, .set = SET_IDEAL, .in = { 0, 16, 0 },
						 .out = { 2048, 12, 0 }, .columns = 512, .vectors = 1, .rows = 16,
						 .cols = 3, .adc_bits = 6 });
		rig_move(r, NMC_OP_STORE, SLOT_DATA, 1024, 2048, 1024);
		rig_control(r, NMC_OP_END);
		rig_run(r);
		if (!minor)
			break;
		assert_int_equal(r->cqe.status, NMC_STATUS_OK);
		assert_memory_equal(words(r, 1024), ((int32_t[]){ 6, 4, 8 }), 12);
		assert_int_equal(card_inject(r->card, &broken, error, sizeof(error)), 0);
	}
	assert_int_equal(r->cqe.fault.cause, NMC_FAULT_RESERVED);
	assert_int_equal(r->cqe.fault.offset, 512);
	rig_begin(r);
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 0, 0, 1024);
	rig_add(r, (struct nmc_isa_mvm){ .c.opcode = NMC_OP_MVM, .set = SET_IDEAL, .in = { 0, 16, 0 }, .out = { 2048, 12, 0 },
					 .columns = 512, .vectors = 1, .rows = 16, .cols = 3, .adc_bits = 6 });
	rig_move(r, NMC_OP_STORE, SLOT_DATA, 1024, 2048, 1024);
	rig_finish(r);
	assert_memory_equal(words(r, 1024), ((int32_t[]){ 6, 4, 5 }), 12);
	rig_free(r);
}

static void time_passes(void **state)
{
	struct rig *r = rig_small();
	const uint64_t *stamp = (const uint64_t *)r->data;

	(void)state;
	rig_add(r, (struct nmc_isa_control){ .c.opcode = NMC_OP_IDLE, .set = 1, .time = 1000000 });
	rig_add(r, (struct nmc_isa_control){ .c.opcode = NMC_OP_IDLE_UNTIL, .set = 2, .time = 5000 });
	rig_add(r, (struct nmc_isa_control){ .c.opcode = NMC_OP_IDLE_UNTIL, .set = 1, .time = 5000 });
	rig_add(r, (struct nmc_isa_control){ .c.opcode = NMC_OP_TIMESTAMP, .set = 0, .sram = 0 });
	rig_add(r, (struct nmc_isa_control){ .c.opcode = NMC_OP_TIMESTAMP, .set = 1, .sram = 16 });
	rig_add(r, (struct nmc_isa_control){ .c.opcode = NMC_OP_TIMESTAMP, .set = 2, .sram = 32 });
	rig_move(r, NMC_OP_STORE, SLOT_DATA, 0, 0, 48);
	rig_finish(r);
	assert_int_equal(stamp[0], 8);			/* four instructions of 2 ns */
	assert_int_equal(stamp[2], 1000000 + 10);
	assert_int_equal(stamp[4], 5000 + 8);		/* at 4 ns it waited until 5000 */
	assert_int_equal(stamp[1] | stamp[3] | stamp[5], 0);
	assert_true(r->cqe.result < 5000);		/* idling is not the job's duration */
	assert_true(r->cqe.energy_fj > 0);
	rig_free(r);
}

/* Card time follows the wall clock where the card was told so. */
static void wall_clock(void **state)
{
	struct rig *r = rig_make((struct card_options){ .tiles = 2, .rows = 16, .cols = 8, .threads = 1,
							.wall_clock = true });
	const uint64_t *stamp = (const uint64_t *)r->data;
	uint64_t first;

	(void)state;
	rig_add(r, (struct nmc_isa_control){ .c.opcode = NMC_OP_TIMESTAMP });
	rig_move(r, NMC_OP_STORE, SLOT_DATA, 0, 0, 16);
	rig_finish(r);
	first = stamp[0];
	assert_true(first > 0);
	usleep(2000);
	rig_run(r);
	assert_true(stamp[0] >= first + 2000000);
	rig_free(r);
}

static void progress_advances(void **state)
{
	struct rig *r = rig_small();
	uint64_t progress = 0;

	(void)state;
	rig_control(r, NMC_OP_NOP);
	rig_control(r, NMC_OP_FENCE);
	rig_control(r, NMC_OP_END);
	r->stream.head.insns = 3;
	r->sqe.stream_bytes = 256;
	card_job(r->card, &r->sqe, &card_dma_process, NULL, &progress, &r->cqe);
	assert_int_equal(r->cqe.status, NMC_STATUS_OK);
	assert_int_equal(progress, 3);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_job),
		cmocka_unit_test(strided_move),
		cmocka_unit_test(moves_progress),
		cmocka_unit_test(page_list),
		cmocka_unit_test(listed_stream),
		cmocka_unit_test(sram_is_zeroed),
		cmocka_unit_test(loop_strides),
		cmocka_unit_test(loop_fault_iteration),
		cmocka_unit_test(loop_nesting),
		cmocka_unit_test(vector_chain),
		cmocka_unit_test(program_and_read),
		cmocka_unit_test(products),
		cmocka_unit_test(backward_products),
		cmocka_unit_test(backward_analog),
		cmocka_unit_test(analog_products),
		cmocka_unit_test(mapped_results),
		cmocka_unit_test(time_passes),
		cmocka_unit_test(wall_clock),
		cmocka_unit_test(progress_advances),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
