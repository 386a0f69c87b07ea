// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bad streams: each is stopped alone, with the instruction and the cause, its fence carries EIO,
 * and the next job of the same context runs.
 */
#include "kselftest_harness.h"
#include "nmc_test.h"

#define SRAM	4096
#define GROUPS	(1 << NMC_GROUP_CONTROL | 1 << NMC_GROUP_DATA | 1 << NMC_GROUP_MVM)

FIXTURE(fault) {
	int fd;
	uint32_t ctx;
	struct test_stream s;
	struct test_bo data;
};

FIXTURE_VARIANT(fault) {
	void (*build)(struct test_stream *s);
	uint32_t cause;
	uint32_t insn;
};

static void bad_opcode(struct test_stream *s)
{
	stream_add(s, NMC_ISA_OP(NMC_GROUP_CONTROL, 0xee));
}

static void bad_reserved(struct test_stream *s)
{
	struct nmc_isa_control *c = stream_add(s, NMC_OP_NOP);

	c->reserved[3] = 1;
}

static void bad_slot_index(struct test_stream *s)
{
	struct nmc_isa_move *m = stream_add(s, NMC_OP_LOAD);

	m->slot = 7;
	m->rows = 1;
	m->row_bytes = 4;
}

static void bad_slot_bounds(struct test_stream *s)
{
	struct nmc_isa_move *m = stream_add(s, NMC_OP_LOAD);

	m->slot = 1;
	m->slot_offset = 4096 - 3;
	m->rows = 1;
	m->row_bytes = 4;
}

static void bad_slot_access(struct test_stream *s)
{
	struct nmc_isa_move *m = stream_add(s, NMC_OP_STORE);

	m->slot = 0;
	m->rows = 1;
	m->row_bytes = 4;
}

static void bad_overflow(struct test_stream *s)
{
	struct nmc_isa_move *m = stream_add(s, NMC_OP_LOAD);

	m->slot = 1;
	m->slot_offset = ~0ull - 1;
	m->rows = 1;
	m->row_bytes = 4;
}

static void bad_sram(struct test_stream *s)
{
	struct nmc_isa_fill *f = stream_add(s, NMC_OP_FILL);

	f->dst.addr = SRAM - 4;
	f->words = 2;
	f->rows = 1;
}

static void bad_tile(struct test_stream *s)
{
	struct nmc_isa_mvm *m = stream_add(s, NMC_OP_MVM);

	m->tile = 5;
	m->in.pitch = 16;
	m->out.addr = 1024;
	m->out.pitch = 64;
	m->vectors = 1;
	m->rows = 16;
	m->cols = 16;
}

static void bad_set(struct test_stream *s)
{
	struct nmc_isa_control *c = stream_add(s, NMC_OP_IDLE);

	c->set = 3;
	c->time = 1;
}

static void bad_loop(struct test_stream *s)
{
	struct nmc_isa_control *c = stream_add(s, NMC_OP_LOOP);

	c->count = 1;
	c->body = 100;
}

static void bad_undeclared(struct test_stream *s)
{
	stream_add(s, NMC_OP_RELU);
}

static void bad_unsupported(struct test_stream *s)
{
	s->header->groups |= 1 << NMC_GROUP_PROBE;
}

static void bad_magic(struct test_stream *s)
{
	s->header->magic++;
}

static void bad_version(struct test_stream *s)
{
	s->header->major++;
}

static void bad_no_end(struct test_stream *s)
{
	stream_add(s, NMC_OP_NOP);
	s->header->insns = s->insns;
}

#define FAULT(name, why, where)						\
	FIXTURE_VARIANT_ADD(fault, name) {				\
		.build = bad_##name, .cause = NMC_FAULT_##why, .insn = where,	\
	}

FAULT(opcode, OPCODE, 1);
FAULT(reserved, RESERVED, 1);
FAULT(slot_index, SLOT_INDEX, 1);
FAULT(slot_bounds, SLOT_BOUNDS, 1);
FAULT(slot_access, SLOT_ACCESS, 1);
FAULT(overflow, OVERFLOW, 1);
FAULT(sram, SRAM, 1);
FAULT(tile, TILE_INDEX, 1);
FAULT(set, SET_INDEX, 1);
FAULT(loop, LOOP, 1);
FAULT(undeclared, GROUP_UNDECLARED, 1);
FAULT(unsupported, GROUP_UNSUPPORTED, NMC_FAULT_NO_INSN);
FAULT(magic, HEADER, NMC_FAULT_NO_INSN);
FAULT(version, VERSION, NMC_FAULT_NO_INSN);
FAULT(no_end, NO_END, 2);

FIXTURE_SETUP(fault)
{
	uint32_t set;
	int class_id;

	self->fd = nmc_open_device();
	ASSERT_GE(self->fd, 0);
	class_id = class_find(self->fd, NMC_TECH_DIGITAL);
	ASSERT_GE(class_id, 0);
	ASSERT_EQ(0, tileset_create(self->fd, class_id, 1, &set));
	ASSERT_EQ(0, context_create(self->fd, &set, 1, &self->ctx));
	ASSERT_EQ(0, bo_create(self->fd, 4096, &self->data));
	ASSERT_EQ(0, stream_create(self->fd, &self->s, GROUPS, SRAM, 2, 1));
}

FIXTURE_TEARDOWN(fault)
{
	close(self->fd);
}

/* One good instruction first, so that the index says something. */
TEST_F(fault, is_reported)
{
	struct drm_nmc_job_result result;
	struct test_job job;
	uint32_t sync;

	stream_add(&self->s, NMC_OP_NOP);
	variant->build(&self->s);
	if (variant->build != bad_no_end)
		stream_end(&self->s);
	job_init(&job, self->ctx, &self->s);
	job_slot(&job, &self->data, DRM_NMC_SLOT_READ | DRM_NMC_SLOT_WRITE);
	ASSERT_EQ(0, syncobj_create(self->fd, &sync));
	job_out(&job, sync, 0);
	ASSERT_EQ(0, job_run(self->fd, &job, &result));
	EXPECT_EQ(NMC_STATUS_FAULT, result.status);
	EXPECT_EQ(variant->cause, result.fault.cause);
	EXPECT_EQ(variant->insn, result.fault.insn);
	EXPECT_EQ(-EIO, syncobj_status(self->fd, sync));
}

TEST_F(fault, leaves_the_context_alive)
{
	struct drm_nmc_job_result result;
	struct test_stream good;
	struct test_job job;

	variant->build(&self->s);
	job_init(&job, self->ctx, &self->s);
	job_slot(&job, &self->data, DRM_NMC_SLOT_READ | DRM_NMC_SLOT_WRITE);
	ASSERT_EQ(0, job_submit(self->fd, &job));
	ASSERT_EQ(0, stream_create(self->fd, &good, 1 << NMC_GROUP_CONTROL, 0, 1, 0));
	stream_end(&good);
	job_init(&job, self->ctx, &good);
	ASSERT_EQ(0, job_run(self->fd, &job, &result));
	EXPECT_EQ(NMC_STATUS_OK, result.status);
}

TEST_HARNESS_MAIN
