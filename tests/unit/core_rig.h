/* SPDX-License-Identifier: MIT */
/*
 * Rig for tests of the sequencer: a small card, one context with one tile set a class, and a stream that is
 * put together instruction by instruction and run through the in-process door.
 */
#ifndef NMC_TEST_CORE_RIG_H
#define NMC_TEST_CORE_RIG_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "card/card.h"

#define RIG_INSNS	64
#define RIG_SLOT_BYTES	16384
#define RIG_ALL_GROUPS	(1u << NMC_GROUP_CONTROL | 1u << NMC_GROUP_DATA | 1u << NMC_GROUP_MVM | 1u << NMC_GROUP_MVM_T | \
			 1u << NMC_GROUP_VECTOR | 1u << NMC_GROUP_PROGRAM)

enum rig_slot { SLOT_STREAM, SLOT_DATA, SLOT_READ_ONLY, SLOT_WRITE_ONLY, SLOT_LISTED, RIG_SLOTS };
enum rig_class { SET_RRAM, SET_IDEAL, SET_DIGITAL, RIG_SETS };

struct rig_table {
	struct nmc_job_table head;
	struct nmc_set_ref sets[RIG_SETS];
	struct nmc_slot slots[RIG_SLOTS];
};

struct rig {
	struct card *card;
	struct rig_table table __attribute__((aligned(64)));
	struct nmc_sqe_job sqe;
	struct {
		struct nmc_isa_header head;
		uint8_t insn[RIG_INSNS][NMC_ISA_INSN_BYTES];
	} stream __attribute__((aligned(64)));
	uint8_t data[RIG_SLOT_BYTES] __attribute__((aligned(64)));
	uint8_t read_only[RIG_SLOT_BYTES];
	uint8_t write_only[RIG_SLOT_BYTES];
	uint8_t pages[4][NMC_PAGE_BYTES] __attribute__((aligned(NMC_PAGE_BYTES)));
	uint64_t list[4];
	unsigned int insns;
	struct nmc_cqe cqe;
};

static inline unsigned int rig_admin(struct rig *r, struct nmc_sqe sqe, uint64_t *result)
{
	struct nmc_cqe cqe;

	card_admin(r->card, &sqe, &card_dma_process, &cqe);
	if (result)
		*result = cqe.result;
	return cqe.status;
}

static inline struct nmc_set_ref rig_tileset(struct rig *r, unsigned int class, unsigned int tiles)
{
	struct nmc_tileset_config config = { .class = class, .tiles = tiles };
	uint64_t result = 0;

	assert_int_equal(rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_TILESET_CREATE,
							.addr = (uintptr_t)&config, .bytes = sizeof(config) },
				   &result), NMC_STATUS_OK);
	return (struct nmc_set_ref){ .set = (uint32_t)result, .generation = result >> 32 };
}

static inline void rig_context(struct rig *r, uint32_t id, struct nmc_set_ref *sets, uint32_t count)
{
	struct nmc_sqe sqe = { .opcode = NMC_ADMIN_CONTEXT_CREATE, .id = id, .count = count };

	sqe.addr = count ? (uintptr_t)sets : 0;
	sqe.bytes = count * sizeof(*sets);
	assert_int_equal(rig_admin(r, sqe, NULL), NMC_STATUS_OK);
}

static inline void rig_slots(struct rig *r)
{
	struct nmc_slot *s = r->table.slots;
	unsigned int i;

	s[SLOT_STREAM] = (struct nmc_slot){ (uintptr_t)&r->stream, 0, sizeof(r->stream), 0, NMC_SLOT_READ };
	s[SLOT_DATA] = (struct nmc_slot){ (uintptr_t)r->data, 0, RIG_SLOT_BYTES, 0, NMC_SLOT_READ | NMC_SLOT_WRITE };
	s[SLOT_READ_ONLY] = (struct nmc_slot){ (uintptr_t)r->read_only, 0, RIG_SLOT_BYTES, 0, NMC_SLOT_READ };
	s[SLOT_WRITE_ONLY] = (struct nmc_slot){ (uintptr_t)r->write_only, 0, RIG_SLOT_BYTES, 0, NMC_SLOT_WRITE };
	/* Pages in an order of their own, the slot beginning in the middle of the first. */
	for (i = 0; i < 4; i++)
		r->list[i] = (uintptr_t)r->pages[i ^ 2];
	s[SLOT_LISTED] = (struct nmc_slot){ (uintptr_t)r->list, 1000, 4 * NMC_PAGE_BYTES - 1000, 4,
					    NMC_SLOT_READ | NMC_SLOT_WRITE | NMC_SLOT_PAGE_LIST };
}

/* Begins a new stream: everything declared, 64 KiB of SRAM. */
static inline void rig_begin(struct rig *r)
{
	memset(&r->stream, 0, sizeof(r->stream));
	r->stream.head = (struct nmc_isa_header){ .magic = NMC_ISA_MAGIC, .major = NMC_ISA_MAJOR,
						  .minor = NMC_ISA_MINOR, .groups = RIG_ALL_GROUPS,
						  .sram_bytes = 65536, .slots = RIG_SLOTS, .sets = RIG_SETS };
	r->insns = 0;
	r->table.head = (struct nmc_job_table){ sizeof(r->table), RIG_SETS, RIG_SLOTS, 0 };
	r->sqe = (struct nmc_sqe_job){ .opcode = NMC_QUEUE_JOB, .cookie = 7, .table = (uintptr_t)&r->table,
				       .table_bytes = sizeof(r->table), .context = 1, .stream_slot = SLOT_STREAM };
}

/* Appends an instruction of any shape. */
#define rig_add(r, ...)	memcpy((r)->stream.insn[(r)->insns++], &(__VA_ARGS__), NMC_ISA_INSN_BYTES)

static inline void rig_control(struct rig *r, unsigned int opcode)
{
	rig_add(r, (struct nmc_isa_control){ .c.opcode = opcode });
}

/* Moves one row between a slot and SRAM. */
static inline void rig_move(struct rig *r, unsigned int opcode, unsigned int slot, uint64_t offset, uint32_t sram,
			    uint32_t bytes)
{
	rig_add(r, (struct nmc_isa_move){ .c.opcode = opcode, .slot = slot, .slot_offset = offset, .sram.addr = sram,
					  .sram.pitch = bytes, .slot_pitch = bytes, .rows = 1, .row_bytes = bytes });
}

/* Runs the stream as it stands; the header and the descriptor may have been spoiled by the test. */
static inline unsigned int rig_run(struct rig *r)
{
	if (!r->stream.head.insns)
		r->stream.head.insns = r->insns;
	if (!r->sqe.stream_bytes)
		r->sqe.stream_bytes = NMC_ISA_INSN_BYTES * (r->insns + 1);
	card_job(r->card, &r->sqe, &card_dma_process, NULL, NULL, &r->cqe);
	return r->cqe.status;
}

/* Ends the stream and expects success. */
static inline void rig_finish(struct rig *r)
{
	rig_control(r, NMC_OP_END);
	rig_run(r);
	if (r->cqe.status)
		print_error("cause %u at %u, object %u, offset %#llx\n", r->cqe.fault.cause, r->cqe.fault.insn,
			    r->cqe.fault.object, (unsigned long long)r->cqe.fault.offset);
	assert_int_equal(r->cqe.status, NMC_STATUS_OK);
	assert_int_equal(r->cqe.fault.cause, NMC_FAULT_NONE);
}

static inline struct rig *rig_make(struct card_options options)
{
	struct rig *r = NULL;
	char error[128] = "";

	assert_int_equal(posix_memalign((void **)&r, NMC_PAGE_BYTES, sizeof(*r)), 0);
	memset(r, 0, sizeof(*r));
	if (card_create(&options, &r->card, error, sizeof(error)))
		fail_msg("%s", error);
	for (unsigned int i = 0; i < RIG_SETS; i++)
		r->table.sets[i] = rig_tileset(r, i, 2);
	rig_context(r, 1, r->table.sets, RIG_SETS);
	rig_slots(r);
	rig_begin(r);
	return r;
}

/* Tiles of 16 x 8, two a class in use of four. */
static inline struct rig *rig_small(void)
{
	return rig_make((struct card_options){ .tiles = 4, .rows = 16, .cols = 8, .seed = 1, .threads = 1 });
}

static inline void rig_free(struct rig *r)
{
	card_destroy(r->card);
	free(r);
}

#endif
