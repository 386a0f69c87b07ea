// SPDX-License-Identifier: GPL-2.0-only
/*
 * A small product on tiles of class digital: programmed, multiplied and compared exactly, with
 * operands that cross pages, in native and in foreign memory, and by two contexts at once.
 */
#include "kselftest_harness.h"
#include "nmc_test.h"

#define ROWS		24
#define COLS		20
#define VECTORS		130
#define WEIGHTS_AT	0
#define REPORT_AT	4096
#define IN_AT		8192
#define OUT_AT		16384
#define SRAM		65536
#define GROUPS		(1 << NMC_GROUP_CONTROL | 1 << NMC_GROUP_DATA | 1 << NMC_GROUP_MVM | \
			 1 << NMC_GROUP_MVM_T | 1 << NMC_GROUP_PROGRAM)
#define DATA_IN		5000		/* crosses a page with every few vectors */
#define DATA_OUT	20001		/* and is not aligned */

FIXTURE(mvm) {
	int fd;
	uint32_t ctx;
	struct test_stream program;
	struct test_stream product;
	struct test_bo data;
};

static void add_move(struct test_stream *s, uint16_t op, uint32_t sram, uint64_t offset,
		     uint32_t rows, uint32_t bytes)
{
	struct nmc_isa_move *m = stream_add(s, op);

	m->slot = 1;
	m->sram.addr = sram;
	m->sram.pitch = bytes;
	m->slot_offset = offset;
	m->slot_pitch = bytes;
	m->rows = rows;
	m->row_bytes = bytes;
}

static void add_program(struct test_stream *s)
{
	struct nmc_isa_program *p = stream_add(s, NMC_OP_PROGRAM);

	p->data.addr = WEIGHTS_AT;
	p->data.pitch = 2 * COLS;
	p->report = REPORT_AT;
	p->rows = ROWS;
	p->cols = COLS;
}

static void add_mvm(struct test_stream *s)
{
	struct nmc_isa_mvm *m = stream_add(s, NMC_OP_MVM);

	m->in.addr = IN_AT;
	m->in.pitch = ROWS;
	m->out.addr = OUT_AT;
	m->out.pitch = 4 * COLS;
	m->vectors = VECTORS;
	m->rows = ROWS;
	m->cols = COLS;
}

static int weight(unsigned int row, unsigned int col)
{
	return (int)((row * 37 + col * 101) % 255) - 127;
}

static int code(unsigned int vector, unsigned int row)
{
	return (int)((vector * 53 + row * 29) % 255) - 127;
}

static void fill_data(struct test_bo *data)
{
	int16_t *weights = data->map;
	int8_t *in = (int8_t *)data->map + DATA_IN;
	unsigned int i, j;

	for (i = 0; i < ROWS; i++)
		for (j = 0; j < COLS; j++)
			weights[i * COLS + j] = weight(i, j);
	for (i = 0; i < VECTORS; i++)
		for (j = 0; j < ROWS; j++)
			in[i * ROWS + j] = code(i, j);
}

static unsigned int wrong_results(const struct test_bo *data)
{
	const uint8_t *out = (const uint8_t *)data->map + DATA_OUT;
	unsigned int v, i, j, wrong = 0;

	for (v = 0; v < VECTORS; v++) {
		for (j = 0; j < COLS; j++) {
			int32_t sum = 0, got;

			for (i = 0; i < ROWS; i++)
				sum += code(v, i) * weight(i, j);
			memcpy(&got, out + 4 * (v * COLS + j), sizeof(got));
			wrong += got != sum;
		}
	}
	return wrong;
}

FIXTURE_SETUP(mvm)
{
	uint32_t set;
	int class_id;

	self->fd = nmc_open_device();
	ASSERT_GE(self->fd, 0);
	class_id = class_find(self->fd, NMC_TECH_DIGITAL);
	ASSERT_GE(class_id, 0);
	ASSERT_EQ(0, tileset_create(self->fd, class_id, 1, &set));
	ASSERT_EQ(0, context_create(self->fd, &set, 1, &self->ctx));
	ASSERT_EQ(0, bo_create(self->fd, 65536, &self->data));
	fill_data(&self->data);
	ASSERT_EQ(0, stream_create(self->fd, &self->program, GROUPS, SRAM, 2, 1));
	add_move(&self->program, NMC_OP_LOAD, WEIGHTS_AT, 0, ROWS, 2 * COLS);
	add_program(&self->program);
	stream_end(&self->program);
	ASSERT_EQ(0, stream_create(self->fd, &self->product, GROUPS, SRAM, 2, 1));
	add_move(&self->product, NMC_OP_LOAD, IN_AT, DATA_IN, VECTORS, ROWS);
	add_mvm(&self->product);
	add_move(&self->product, NMC_OP_STORE, OUT_AT, DATA_OUT, VECTORS, 4 * COLS);
	stream_end(&self->product);
}

FIXTURE_TEARDOWN(mvm)
{
	close(self->fd);
}

static int run(int fd, uint32_t ctx, struct test_stream *s, struct test_bo *data,
	       struct drm_nmc_job_result *result)
{
	struct test_job job;

	job_init(&job, ctx, s);
	job_slot(&job, data, DRM_NMC_SLOT_READ | DRM_NMC_SLOT_WRITE);
	return job_run(fd, &job, result);
}

TEST_F(mvm, exact)
{
	struct drm_nmc_job_result result;

	ASSERT_EQ(0, run(self->fd, self->ctx, &self->program, &self->data, &result));
	ASSERT_EQ(NMC_STATUS_OK, result.status);
	EXPECT_GT(result.modelled_ns, 0);
	EXPECT_GT(result.energy_fj, 0);
	ASSERT_EQ(0, run(self->fd, self->ctx, &self->product, &self->data, &result));
	ASSERT_EQ(NMC_STATUS_OK, result.status);
	EXPECT_EQ(0, wrong_results(&self->data));
}

/* The same weights the other way: columns are driven, rows converted. */
TEST_F(mvm, exact_backwards)
{
	int8_t *in = (int8_t *)self->data.map + DATA_IN;
	const uint8_t *out = (const uint8_t *)self->data.map + DATA_OUT;
	struct drm_nmc_job_result result;
	unsigned int v, i, j, wrong = 0;
	struct test_stream s;
	struct nmc_isa_mvm *m;

	ASSERT_EQ(0, run(self->fd, self->ctx, &self->program, &self->data, &result));
	ASSERT_EQ(NMC_STATUS_OK, result.status);
	for (v = 0; v < VECTORS; v++)
		for (j = 0; j < COLS; j++)
			in[v * COLS + j] = code(v, j);
	ASSERT_EQ(0, stream_create(self->fd, &s, GROUPS, SRAM, 2, 1));
	add_move(&s, NMC_OP_LOAD, IN_AT, DATA_IN, VECTORS, COLS);
	m = stream_add(&s, NMC_OP_MVM_T);
	*m = (struct nmc_isa_mvm) {
		.c.opcode = NMC_OP_MVM_T, .in = { IN_AT, COLS, 0 },
		.out = { OUT_AT, 4 * ROWS, 0 }, .vectors = VECTORS, .rows = ROWS, .cols = COLS,
	};
	add_move(&s, NMC_OP_STORE, OUT_AT, DATA_OUT, VECTORS, 4 * ROWS);
	stream_end(&s);
	ASSERT_EQ(0, run(self->fd, self->ctx, &s, &self->data, &result));
	ASSERT_EQ(NMC_STATUS_OK, result.status);
	for (v = 0; v < VECTORS; v++) {
		for (i = 0; i < ROWS; i++) {
			int32_t sum = 0, got;

			for (j = 0; j < COLS; j++)
				sum += code(v, j) * weight(i, j);
			memcpy(&got, out + 4 * (v * ROWS + i), sizeof(got));
			wrong += got != sum;
		}
	}
	EXPECT_EQ(0, wrong);
}

TEST_F(mvm, in_order_without_waiting)
{
	struct drm_nmc_job_result result;
	struct test_job job;

	job_init(&job, self->ctx, &self->program);
	job_slot(&job, &self->data, DRM_NMC_SLOT_READ);
	ASSERT_EQ(0, job_submit(self->fd, &job));
	ASSERT_EQ(0, run(self->fd, self->ctx, &self->product, &self->data, &result));
	ASSERT_EQ(NMC_STATUS_OK, result.status);
	EXPECT_EQ(0, wrong_results(&self->data));
}

/* A buffer of another open file by PRIME; of another card where NMC_TEST_PEER names its node. */
TEST_F(mvm, through_an_imported_buffer)
{
	const char *node = getenv("NMC_TEST_PEER");
	int dmabuf, peer = node ? open(node, O_RDWR | O_CLOEXEC) : nmc_open_device();
	struct drm_nmc_job_result result;
	struct test_bo theirs, imported;

	ASSERT_GE(peer, 0);
	ASSERT_EQ(0, bo_create(peer, self->data.size, &theirs));
	fill_data(&theirs);
	ASSERT_EQ(0, bo_export(peer, theirs.handle, &dmabuf));
	imported = theirs;
	ASSERT_EQ(0, bo_import(self->fd, dmabuf, &imported.handle));
	close(dmabuf);
	ASSERT_EQ(0, run(self->fd, self->ctx, &self->program, &imported, &result));
	ASSERT_EQ(NMC_STATUS_OK, result.status);
	ASSERT_EQ(0, run(self->fd, self->ctx, &self->product, &imported, &result));
	ASSERT_EQ(NMC_STATUS_OK, result.status);
	EXPECT_EQ(0, wrong_results(&theirs));
	close(peer);
}

/* A product on memory that another driver made: operands in, results out. */
TEST_F(mvm, on_foreign_memory)
{
	struct drm_nmc_job_result result;
	int memfd, dmabuf = foreign_dmabuf(65536, &memfd);
	struct test_bo foreign = { .size = 65536 };

	ASSERT_GE(dmabuf, 0);
	foreign.map = mmap(NULL, foreign.size, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
	ASSERT_NE(MAP_FAILED, foreign.map);
	fill_data(&foreign);
	ASSERT_EQ(0, bo_import(self->fd, dmabuf, &foreign.handle));
	ASSERT_EQ(0, run(self->fd, self->ctx, &self->program, &foreign, &result));
	ASSERT_EQ(NMC_STATUS_OK, result.status);
	ASSERT_EQ(0, run(self->fd, self->ctx, &self->product, &foreign, &result));
	ASSERT_EQ(NMC_STATUS_OK, result.status);
	EXPECT_EQ(0, wrong_results(&foreign));
	bo_destroy(self->fd, &foreign);
	close(dmabuf);
	close(memfd);
}

/* A tile that was given up is erased before another set owns it: the old weights must not be found. */
TEST_F(mvm, another_set_starts_erased)
{
	struct drm_nmc_job_result result;
	uint32_t set, ctx;
	const uint8_t *out = (const uint8_t *)self->data.map + DATA_OUT;
	unsigned int i, nonzero = 0;

	ASSERT_EQ(0, run(self->fd, self->ctx, &self->program, &self->data, &result));
	ASSERT_EQ(0, tileset_create(self->fd, class_find(self->fd, NMC_TECH_DIGITAL), 1, &set));
	ASSERT_EQ(0, context_create(self->fd, &set, 1, &ctx));
	ASSERT_EQ(0, run(self->fd, ctx, &self->product, &self->data, &result));
	if (result.status == NMC_STATUS_FAULT) {
		EXPECT_EQ(NMC_FAULT_TILE_STATE, result.fault.cause);
		return;
	}
	for (i = 0; i < 4 * VECTORS * COLS; i++)
		nonzero += out[i] != 0;
	EXPECT_EQ(0, nonzero);
}

TEST_HARNESS_MAIN
