// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctls with arguments made from a fixed seed: mostly sensible values with some that are not. Jobs
 * that are right but for a few words, and streams of random instructions, get further into driver
 * and card. Whatever comes back is right as long as the kernel lives and a job still runs afterwards.
 */
#include "kselftest_harness.h"
#include "nmc_test.h"

#define ROUNDS		20000
#define ARENA		65536
#define GUARD		65536		/* answers must not run into the program's own memory */

FIXTURE(fuzz) {
	int fd;
	uint8_t *arena;
};

FIXTURE_SETUP(fuzz)
{
	self->fd = nmc_open_device();
	ASSERT_GE(self->fd, 0);
	self->arena = mmap(NULL, ARENA + GUARD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->arena);
	ASSERT_EQ(0, mprotect(self->arena + ARENA, GUARD, PROT_NONE));
}

FIXTURE_TEARDOWN(fuzz)
{
	close(self->fd);
}

static uint64_t state = 0x9e3779b97f4a7c15ull;

static uint64_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint32_t value32(void)
{
	static const uint32_t special[] = { 0,	0,  0,	0,  1,	  2,	      3,
					    16, 24, 64, 65, 4096, 0x7fffffff, 0xffffffff };

	return next() % 4 ? special[next() % ARRAY_SIZE(special)] : next() % 300;
}

static const struct {
	unsigned long request;
	uint32_t bytes;
	uint32_t pointers[3];
} calls[] = {
	{ DRM_IOCTL_NMC_DEV_QUERY, sizeof(struct drm_nmc_dev_query), { 16 } },
	{ DRM_IOCTL_NMC_BO_CREATE, sizeof(struct drm_nmc_bo_create), { 0 } },
	{ DRM_IOCTL_NMC_BO_INFO, sizeof(struct drm_nmc_bo_info), { 0 } },
	{ DRM_IOCTL_NMC_BO_WAIT, sizeof(struct drm_nmc_bo_wait), { 0 } },
	{ DRM_IOCTL_NMC_TILESET_CREATE, sizeof(struct drm_nmc_tileset_create), { 0 } },
	{ DRM_IOCTL_NMC_TILESET_OPEN, sizeof(struct drm_nmc_tileset_open), { 0 } },
	{ DRM_IOCTL_NMC_TILESET_CLOSE, sizeof(struct drm_nmc_tileset_close), { 0 } },
	{ DRM_IOCTL_NMC_TILESET_INFO, sizeof(struct drm_nmc_tileset_info), { 0 } },
	{ DRM_IOCTL_NMC_CONTEXT_CREATE, sizeof(struct drm_nmc_context_create), { 8 } },
	{ DRM_IOCTL_NMC_CONTEXT_DESTROY, sizeof(struct drm_nmc_context_destroy), { 0 } },
	{ DRM_IOCTL_NMC_SUBMIT, sizeof(struct drm_nmc_submit), { 8, 16, 24 } },
	{ DRM_IOCTL_NMC_JOB_RESULT, sizeof(struct drm_nmc_job_result), { 0 } },
	{ DRM_IOCTL_NMC_EVENT_SUBSCRIBE, sizeof(struct drm_nmc_event_subscribe), { 0 } },
};

static void garbage(void *to, size_t bytes)
{
	uint32_t *word = to;
	size_t i;

	for (i = 0; i < bytes / 4; i++)
		word[i] = next() % 3 ? 0 : value32();
}

static void one_call(int fd, uint8_t *arena)
{
	unsigned int c = next() % ARRAY_SIZE(calls), i;
	uint8_t args[256];
	uint64_t pointer;

	garbage(args, calls[c].bytes);
	garbage(arena, 4096);
	for (i = 0; i < 3 && calls[c].pointers[i]; i++) {
		pointer = next() % 8 ? (uintptr_t)arena + next() % ARENA : next();
		memcpy(args + calls[c].pointers[i], &pointer, sizeof(pointer));
	}
	/* No buffer of gigabytes: that would test the memory of the machine. */
	if (calls[c].request == DRM_IOCTL_NMC_BO_CREATE)
		memset(args + 3, 0, 1 + 4);
	/* No wait: that would test the patience of the caller. */
	if (calls[c].request == DRM_IOCTL_NMC_BO_WAIT)
		memset(args + 8, 0, 8);
	/* No set that outlives the file. */
	if (calls[c].request == DRM_IOCTL_NMC_TILESET_CREATE)
		memset(args + 8, 0, 4);
	nmc_call(fd, calls[c].request, args);
}

static int a_job_runs(int fd)
{
	struct drm_nmc_job_result result = { 0 };
	struct test_stream s;
	struct test_job job;
	uint32_t ctx;
	int err = context_create(fd, NULL, 0, &ctx);

	if (!err)
		err = stream_create(fd, &s, 1 << NMC_GROUP_CONTROL, 0, 1, 0);
	if (err)
		return err;
	stream_end(&s);
	job_init(&job, ctx, &s);
	err = job_run(fd, &job, &result);
	return err ?: -(int)result.status;
}

TEST_F_TIMEOUT(fuzz, kernel_survives, 300)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		if (i % 1000 == 999) {
			close(self->fd);
			self->fd = nmc_open_device();
			ASSERT_GE(self->fd, 0);
		}
		one_call(self->fd, self->arena);
	}
	close(self->fd);
	self->fd = nmc_open_device();
	EXPECT_EQ(0, a_job_runs(self->fd));
}

#define DAMAGED		4000
#define STREAMS		1500
#define INSNS		12
#define SRAM		4096
#define LONG_S		20	/* streams are given up that have not ended by then, all together */
#define GROUPS		(1 << NMC_GROUP_CONTROL | 1 << NMC_GROUP_DATA | 1 << NMC_GROUP_MVM | \
			 1 << NMC_GROUP_MVM_T | 1 << NMC_GROUP_VECTOR | 1 << NMC_GROUP_PROGRAM)

FIXTURE(fuzz_job) {
	int fd;
	uint32_t ctx;
	uint32_t sync;
	struct test_stream s;
	struct test_bo data;
	struct test_job job;
};

FIXTURE_SETUP(fuzz_job)
{
	struct nmc_isa_move *m;
	uint32_t set;

	self->fd = nmc_open_device();
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, tileset_create(self->fd, class_find(self->fd, NMC_TECH_DIGITAL), 1, &set));
	ASSERT_EQ(0, context_create(self->fd, &set, 1, &self->ctx));
	ASSERT_EQ(0, bo_create(self->fd, 4096, &self->data));
	ASSERT_EQ(0, stream_create(self->fd, &self->s, GROUPS, SRAM, 2, 1));
	m = stream_add(&self->s, NMC_OP_LOAD);
	m->slot = 1;
	m->rows = 1;
	m->row_bytes = 64;
	stream_end(&self->s);
	ASSERT_EQ(0, syncobj_create(self->fd, &self->sync));
	job_init(&self->job, self->ctx, &self->s);
	job_slot(&self->job, &self->data, DRM_NMC_SLOT_READ | DRM_NMC_SLOT_WRITE);
	job_out(&self->job, self->sync, 0);
	ASSERT_EQ(0, job_submit(self->fd, &self->job));
	ASSERT_EQ(0, syncobj_wait(self->fd, self->sync, 0));
	ASSERT_EQ(1, syncobj_status(self->fd, self->sync));
	job_in(&self->job, self->sync, 0);
}

FIXTURE_TEARDOWN(fuzz_job)
{
	close(self->fd);
}

/* Changes one word of @bytes: to another value, by one bit, or by a little. */
static void damage(void *what, size_t bytes)
{
	uint32_t *word = (uint32_t *)what + next() % (bytes / 4);

	switch (next() % 3) {
	case 0:
		*word = value32();
		break;
	case 1:
		*word ^= 1u << next() % 32;
		break;
	default:
		*word += next() % 9 - 4;
	}
}

/* The last job of a context ended, or a second was not enough. */
static int ended(int fd, uint32_t sync)
{
	struct pollfd end = { .events = POLLIN };
	int n;

	if (syncobj_export(fd, sync, &end.fd))
		return -1;
	n = poll(&end, 1, 1000);
	close(end.fd);
	return n;
}

TEST_F_TIMEOUT(fuzz_job, damaged_submits, 120)
{
	struct drm_nmc_job_result result;
	int i, n, accepted = 0;

	for (i = 0; i < DAMAGED; i++) {
		struct test_job job = self->job;

		job.submit.slots = (uintptr_t)job.slots;
		job.submit.in_syncs = (uintptr_t)job.in;
		job.submit.out_syncs = (uintptr_t)job.out;
		for (n = next() % 3; n >= 0; n--) {
			switch (next() % 4) {
			case 0:
				damage(job.slots, 2 * sizeof(*job.slots));
				break;
			case 1:
				damage(next() % 2 ? job.in : job.out, sizeof(*job.in));
				break;
			default:
				damage(&job.submit, sizeof(job.submit));
			}
		}
		accepted += !job_submit(self->fd, &job);
	}
	/* Some of the damage does not matter, and some must. */
	EXPECT_GT(accepted, 0);
	EXPECT_LT(accepted, DAMAGED);
	/* The context lives, and everything before in it has ended. */
	self->job.submit.in_count = 0;
	ASSERT_EQ(0, job_run(self->fd, &self->job, &result));
	EXPECT_EQ(NMC_STATUS_OK, result.status);
}

static const union insn {
	struct nmc_isa_control control;
	struct nmc_isa_move move;
	struct nmc_isa_fill fill;
	struct nmc_isa_mvm mvm;
	struct nmc_isa_vector vector;
	struct nmc_isa_program program;
	uint8_t bytes[NMC_ISA_INSN_BYTES];
} valid[] = {
	{ .control = { .c.opcode = NMC_OP_LOOP, .count = 3, .body = 1 } },
	{ .control = { .c.opcode = NMC_OP_FENCE } },
	{ .control = { .c.opcode = NMC_OP_TIMESTAMP, .sram = 64 } },
	{ .control = { .c.opcode = NMC_OP_COUNTERS, .sram = 128 } },
	{ .control = { .c.opcode = NMC_OP_IDLE, .time = 1000 } },
	{ .move = { .c.opcode = NMC_OP_LOAD, .slot = 1, .sram = { 0, 64, 0 }, .slot_pitch = 64,
		    .rows = 4, .row_bytes = 64 } },
	{ .move = { .c.opcode = NMC_OP_STORE, .slot = 1, .sram = { 512, 64, 0 }, .slot_pitch = 64,
		    .rows = 4, .row_bytes = 64 } },
	{ .fill = { .c.opcode = NMC_OP_FILL, .dst = { 1024, 64, 0 }, .words = 16, .rows = 4 } },
	{ .mvm = { .c.opcode = NMC_OP_MVM, .in = { 0, 8, 0 }, .out = { 1024, 32, 0 }, .vectors = 4,
		   .rows = 8, .cols = 8 } },
	{ .mvm = { .c.opcode = NMC_OP_MVM_T, .in = { 0, 8, 0 }, .out = { 1024, 32, 0 },
		   .vectors = 4, .rows = 8, .cols = 8 } },
	{ .vector = { .c.opcode = NMC_OP_COPY, .src = { 0, 64, 0 }, .dst = { 2048, 64, 0 }, .n = 64,
		      .vectors = 4 } },
	{ .vector = { .c.opcode = NMC_OP_RELU, .src = { 0, 64, 0 }, .dst = { 2048, 64, 0 }, .n = 16,
		      .vectors = 4 } },
	{ .vector = { .c.opcode = NMC_OP_ARGMAX, .src = { 0, 64, 0 }, .dst = { 2048, 4, 0 }, .n = 16,
		      .vectors = 4 } },
	{ .program = { .c.opcode = NMC_OP_PROGRAM, .data = { 3072, 16, 0 }, .report = 3584,
		       .rows = 8, .cols = 8 } },
	{ .program = { .c.opcode = NMC_OP_READ, .data = { 3072, 16, 0 }, .rows = 8, .cols = 8 } },
	{ .program = { .c.opcode = NMC_OP_ERASE, .report = 3584, .rows = 8, .cols = 8 } },
};

/* One that is right, mostly, or right but for a word or two, or nothing but noise. */
static void random_insn(struct test_stream *s)
{
	uint32_t *word = stream_add(s, 0);
	int i;

	memcpy(word, &valid[next() % ARRAY_SIZE(valid)], NMC_ISA_INSN_BYTES);
	for (i = next() % 8; i < 2; i++)
		damage(word, NMC_ISA_INSN_BYTES);
	if (!(next() % 64))
		for (i = 0; i < NMC_ISA_INSN_BYTES / 4; i++)
			word[i] = next();
}

TEST_F_TIMEOUT(fuzz_job, random_streams, 120)
{
	struct drm_nmc_job_result result;
	int i, n, good = 0, slow = 0;

	self->job.submit.in_count = 0;
	for (i = 0; i < STREAMS && slow < LONG_S; i++) {
		self->s.insns = 0;
		for (n = next() % INSNS; n >= 0; n--)
			random_insn(&self->s);
		stream_end(&self->s);
		if (!(next() % 16))
			damage(self->s.header, sizeof(*self->s.header));
		self->job.submit.stream_bytes = NMC_ISA_INSN_BYTES * (self->s.insns + 1ull);
		ASSERT_EQ(0, job_submit(self->fd, &self->job));
		n = ended(self->fd, self->sync);
		ASSERT_GE(n, 0);
		slow += !n;
		if (n && !job_result(self->fd, self->ctx, self->job.submit.job, &result))
			good += result.status == NMC_STATUS_OK;
		*self->s.header = (struct nmc_isa_header){
			.magic = NMC_ISA_MAGIC, .major = NMC_ISA_MAJOR, .minor = NMC_ISA_MINOR,
			.groups = GROUPS, .sram_bytes = SRAM, .slots = 2, .sets = 1,
		};
	}
	TH_LOG("%d of %d streams ended well, %d took longer than a second", good, i, slow);
	EXPECT_GT(good, 0);
	close(self->fd);
	self->fd = nmc_open_device();
	EXPECT_EQ(0, a_job_runs(self->fd));
}

TEST_HARNESS_MAIN
