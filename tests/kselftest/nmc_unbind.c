// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver is unbound while a file, a mapping, an export and jobs are alive, and bound again; the
 * cells of a persistent tile set stay what they were. Last of the suites, because the node goes away.
 * Needs root.
 */
#include <limits.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "kselftest_harness.h"
#include "nmc_test.h"

#define TRIES	100		/* tenths of a second */
#define EVENTS_UNREAD	64	/* that a file keeps, beside the last one */

FIXTURE(unbind) {
	int fd;
	uint32_t ctx;
	uint32_t sync;
	struct test_stream slow;
	struct test_job job;
	char address[64];
};

static int find_address(int fd, char *address, size_t bytes)
{
	char path[64], target[PATH_MAX], *slash;
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u/device", major(st.st_rdev),
		 minor(st.st_rdev));
	if (!realpath(path, target))
		return -errno;
	slash = strrchr(target, '/');
	snprintf(address, bytes, "%s", slash + 1);
	return 0;
}

static int driver_write(const char *file, const char *address)
{
	char path[64];
	int fd, err = 0;

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/nmc/%s", file);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return -errno;
	if (write(fd, address, strlen(address)) < 0)
		err = -errno;
	close(fd);
	return err;
}

FIXTURE_SETUP(unbind)
{
	uint32_t set;

	ASSERT_EQ(0, geteuid());
	self->fd = nmc_open_device();
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, find_address(self->fd, self->address, sizeof(self->address)));
	ASSERT_EQ(0, tileset_create(self->fd, class_find(self->fd, NMC_TECH_DIGITAL), 1, &set));
	ASSERT_EQ(0, context_create(self->fd, &set, 1, &self->ctx));
	ASSERT_EQ(0, stream_create(self->fd, &self->slow, 1 << NMC_GROUP_CONTROL, 0, 1, 1));
	stream_nops(&self->slow, 60000, 1000);
	stream_end(&self->slow);
	job_init(&self->job, self->ctx, &self->slow);
	ASSERT_EQ(0, syncobj_create(self->fd, &self->sync));
}

/* The device, once it is there; -1 if it does not come. */
static int wait_device(void)
{
	int i, fd = nmc_open_device();

	for (i = 0; i < TRIES && fd < 0; i++) {
		usleep(100000);
		fd = nmc_open_device();
	}
	return fd;
}

FIXTURE_TEARDOWN(unbind)
{
	int fd;

	close(self->fd);
	driver_write("bind", self->address);
	fd = wait_device();
	EXPECT_GE(fd, 0) {
		TH_LOG("the device did not come back");
	}
	close(fd);
}

TEST_F_TIMEOUT(unbind, with_everything_open, 120)
{
	struct drm_nmc_event e = { 0 };
	struct drm_nmc_bo_create args = { .size = 4096 };
	struct drm_nmc_job_result result;
	struct pollfd end = { .events = POLLIN };
	int i, dmabuf;

	for (i = 0; i < 200; i++)
		ASSERT_EQ(0, job_submit(self->fd, &self->job));
	job_out(&self->job, self->sync, 0);
	ASSERT_EQ(0, job_submit(self->fd, &self->job));
	ASSERT_EQ(0, bo_export(self->fd, self->slow.bo.handle, &dmabuf));
	ASSERT_EQ(0, syncobj_export(self->fd, self->sync, &end.fd));
	ASSERT_EQ(0, driver_write("unbind", self->address));

	/* Every fence is signalled and says why; the node itself answers nothing, not even core's calls. */
	ASSERT_EQ(1, poll(&end, 1, WAIT_S * 1000));
	EXPECT_EQ(-ENODEV, sync_file_status(end.fd));
	EXPECT_EQ(-ENODEV, syncobj_wait(self->fd, self->sync, 0));
	/* The last event is there; nothing else answers. */
	ASSERT_EQ(sizeof(e), read(self->fd, &e, sizeof(e)));
	EXPECT_EQ(NMC_EVENT_DEVICE_LOST, e.type);
	EXPECT_EQ(-ENODEV, nmc_call(self->fd, DRM_IOCTL_NMC_BO_CREATE, &args));
	EXPECT_EQ(-ENODEV, job_submit(self->fd, &self->job));
	EXPECT_EQ(-ENODEV, job_result(self->fd, self->ctx, 1, &result));
	/* What was mapped is ordinary memory now. */
	((volatile uint8_t *)self->slow.bo.map)[8192] = 7;
	EXPECT_EQ(7, ((volatile uint8_t *)self->slow.bo.map)[8192]);
	close(dmabuf);
	close(end.fd);
}

/* A queue full of other events keeps the last one's place, and nothing comes after it. */
TEST_F_TIMEOUT(unbind, last_event_has_a_place, 120)
{
	struct drm_nmc_event_subscribe all = {
		.mask = 1ull << NMC_EVENT_ERROR | 1ull << NMC_EVENT_DEVICE_LOST,
	};
	struct drm_nmc_job_result result;
	struct drm_nmc_event e = { 0 };
	struct test_stream bad;
	struct test_job job;
	int i;

	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	ASSERT_EQ(0, stream_create(self->fd, &bad, 1 << NMC_GROUP_CONTROL, 0, 1, 1));
	stream_add(&bad, NMC_ISA_OP(NMC_GROUP_CONTROL, 0xee));
	job_init(&job, self->ctx, &bad);
	ASSERT_EQ(0, nmc_call(self->fd, DRM_IOCTL_NMC_EVENT_SUBSCRIBE, &all));
	for (i = 0; i < EVENTS_UNREAD + 10; i++)
		ASSERT_EQ(0, job_run(self->fd, &job, &result));
	usleep(300000);
	ASSERT_EQ(0, driver_write("unbind", self->address));
	for (i = 0; i < EVENTS_UNREAD; i++) {
		ASSERT_EQ(sizeof(e), read(self->fd, &e, sizeof(e)));
		EXPECT_EQ(NMC_EVENT_ERROR, e.type);
	}
	ASSERT_EQ(sizeof(e), read(self->fd, &e, sizeof(e)));
	EXPECT_EQ(NMC_EVENT_DEVICE_LOST, e.type);
	EXPECT_EQ(e.sequence, e.dropped + EVENTS_UNREAD + 1);
	EXPECT_EQ(-1, read(self->fd, &e, sizeof(e)));
	EXPECT_EQ(EAGAIN, errno);
}

struct churn {
	pthread_t thread;
	int fd;
	int rounds;
};

/* Makes and imports buffers and gives them up at once, until the device is gone. */
static void *churn(void *arg)
{
	struct churn *c = arg;
	int memfd, fd = c->fd, dmabuf = foreign_dmabuf(64 * 4096, &memfd);
	struct test_bo bo;
	uint32_t handle;
	long err = dmabuf < 0 ? dmabuf : 0;

	for (; !err; __atomic_add_fetch(&c->rounds, 1, __ATOMIC_RELAXED)) {
		struct drm_gem_close gone = { 0 };

		err = bo_create(fd, 64 * 4096, &bo);
		if (!err)
			bo_destroy(fd, &bo);
		if (!err)
			err = bo_import(fd, dmabuf, &handle);
		gone.handle = handle;
		if (!err)
			nmc_call(fd, DRM_IOCTL_GEM_CLOSE, &gone);
	}
	close(dmabuf);
	close(memfd);
	return (void *)(err == -ENODEV ? 0 : err);
}

static int churns(const struct churn *c)
{
	int i;

	for (i = 0; i < TRIES && __atomic_load_n(&c->rounds, __ATOMIC_RELAXED) < 2; i++)
		usleep(100000);
	return i < TRIES;
}

TEST_F_TIMEOUT(unbind, while_buffers_come_and_go, 120)
{
	struct churn c[2];
	void *err;
	int round, i, fd;

	for (round = 0; round < 5; round++) {
		fd = nmc_open_device();
		ASSERT_GE(fd, 0);
		for (i = 0; i < 2; i++) {
			c[i] = (struct churn){ .fd = fd };
			ASSERT_EQ(0, pthread_create(&c[i].thread, NULL, churn, &c[i]));
		}
		for (i = 0; i < 2; i++)
			ASSERT_TRUE(churns(&c[i]));
		ASSERT_EQ(0, driver_write("unbind", self->address));
		for (i = 0; i < 2; i++) {
			ASSERT_EQ(0, pthread_join(c[i].thread, &err));
			EXPECT_EQ(NULL, err);
		}
		close(fd);
		ASSERT_EQ(0, driver_write("bind", self->address));
	}
}

TEST_F_TIMEOUT(unbind, again_and_again, 240)
{
	struct drm_nmc_device d;
	int i, fd;

	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, driver_write("unbind", self->address));
		ASSERT_EQ(0, driver_write("bind", self->address));
	}
	fd = wait_device();
	ASSERT_GE(fd, 0);
	EXPECT_EQ(0, query(fd, DRM_NMC_QUERY_DEVICE, 0, &d, sizeof(d)));
	close(fd);
}

#define ROWS		8
#define COLS		8
#define CELLS		(ROWS * COLS)
#define REPORT_AT	4096
#define KEEP_UUID	"nmc_unbind"

FIXTURE(keep) {
	int fd;
	uint32_t set;
	char address[64];
	struct drm_nmc_device device;
	struct drm_nmc_tileset_info info;
	struct drm_nmc_tile tile;
	int16_t weights[CELLS];
};

FIXTURE_VARIANT(keep) {
	uint32_t technology;
	int16_t step;		/* weight i is i times this */
	int16_t band;		/* how far a read may be off the read before */
};

FIXTURE_VARIANT_ADD(keep, digital) {
	.technology = NMC_TECH_DIGITAL, .step = 2,
};

FIXTURE_VARIANT_ADD(keep, rram) {
	.technology = NMC_TECH_RRAM, .step = NMC_CONDUCTANCE_MAX / CELLS,
	.band = NMC_CONDUCTANCE_MAX / 20,
};

static void add_cells(struct test_stream *s, uint16_t op)
{
	struct nmc_isa_program *p = stream_add(s, op);

	p->data.pitch = 2 * COLS;
	p->report = op == NMC_OP_PROGRAM ? REPORT_AT : 0;
	p->rows = ROWS;
	p->cols = COLS;
}

static void add_row(struct test_stream *s, uint16_t op)
{
	struct nmc_isa_move *m = stream_add(s, op);

	m->slot = 1;
	m->rows = 1;
	m->row_bytes = 2 * CELLS;
}

/* Programs a set's first tile to @weights, or reads them from it. */
static int cells(int fd, uint32_t set, int16_t *weights, bool program)
{
	const uint32_t groups = 1 << NMC_GROUP_CONTROL | 1 << NMC_GROUP_DATA | 1 << NMC_GROUP_PROGRAM;
	struct drm_nmc_job_result result = { 0 };
	struct test_stream s;
	struct test_bo data;
	struct test_job job;
	uint32_t ctx;
	int err = context_create(fd, &set, 1, &ctx);

	if (err || bo_create(fd, 2 * CELLS, &data) || stream_create(fd, &s, groups, 8192, 2, 1))
		return err ?: -ENOMEM;
	memcpy(data.map, weights, 2 * CELLS);
	if (program)
		add_row(&s, NMC_OP_LOAD);
	add_cells(&s, program ? NMC_OP_PROGRAM : NMC_OP_READ);
	if (!program)
		add_row(&s, NMC_OP_STORE);
	stream_end(&s);
	job_init(&job, ctx, &s);
	job_slot(&job, &data, DRM_NMC_SLOT_READ | DRM_NMC_SLOT_WRITE);
	err = job_run(fd, &job, &result);
	memcpy(weights, data.map, 2 * CELLS);
	bo_destroy(fd, &data);
	bo_destroy(fd, &s.bo);
	context_destroy(fd, ctx);
	return err ?: -(int)result.status;
}

static int my_tile(int fd, struct drm_nmc_tile *tile)
{
	int i, err = 0;

	for (i = 0; !err; i++) {
		err = query(fd, DRM_NMC_QUERY_TILE, i, tile, sizeof(*tile));
		if (!err && tile->mine)
			break;
	}
	return err;
}

FIXTURE_SETUP(keep)
{
	struct drm_nmc_tileset_create args = {
		.tiles = 1, .flags = DRM_NMC_TILESET_PERSISTENT, .uuid = KEEP_UUID,
	};
	int i;

	self->fd = nmc_open_device();
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, find_address(self->fd, self->address, sizeof(self->address)));
	args.class_id = class_find(self->fd, variant->technology);
	ASSERT_EQ(0, nmc_call(self->fd, DRM_IOCTL_NMC_TILESET_CREATE, &args));
	self->set = args.handle;
	for (i = 0; i < CELLS; i++)
		self->weights[i] = i * variant->step;
	ASSERT_EQ(0, cells(self->fd, self->set, self->weights, true));
	ASSERT_EQ(0, cells(self->fd, self->set, self->weights, false));
	self->info.handle = self->set;
	ASSERT_EQ(0, nmc_call(self->fd, DRM_IOCTL_NMC_TILESET_INFO, &self->info));
	ASSERT_EQ(0, my_tile(self->fd, &self->tile));
	ASSERT_EQ(0, query(self->fd, DRM_NMC_QUERY_DEVICE, 0, &self->device, sizeof(self->device)));
}

FIXTURE_TEARDOWN(keep)
{
	EXPECT_EQ(0, tileset_close(self->fd, self->set, DRM_NMC_TILESET_ERASE));
	close(self->fd);
}

static unsigned int cells_off(const int16_t *a, const int16_t *b, int band)
{
	unsigned int i, off = 0;

	for (i = 0; i < CELLS; i++)
		off += abs(a[i] - b[i]) > band;
	return off;
}

TEST_F_TIMEOUT(keep, cells_of_a_persistent_set, 120)
{
	struct drm_nmc_tileset_open args = { .uuid = KEEP_UUID };
	struct drm_nmc_tileset_info info = { 0 };
	struct drm_nmc_device device;
	struct drm_nmc_tile tile;
	int16_t weights[CELLS] = { 0 };

	ASSERT_GT(self->tile.pulses, 0);
	ASSERT_GT(self->weights[CELLS - 1], (CELLS - 1) * variant->step / 2);
	ASSERT_EQ(0, driver_write("unbind", self->address));
	close(self->fd);
	ASSERT_EQ(0, driver_write("bind", self->address));
	self->fd = wait_device();
	ASSERT_GE(self->fd, 0);

	ASSERT_EQ(0, query(self->fd, DRM_NMC_QUERY_DEVICE, 0, &device, sizeof(device)));
	EXPECT_NE(0, device.epoch);
	EXPECT_EQ(self->device.epoch, device.epoch);
	ASSERT_EQ(0, nmc_call(self->fd, DRM_IOCTL_NMC_TILESET_OPEN, &args));
	self->set = args.handle;
	info.handle = args.handle;
	ASSERT_EQ(0, nmc_call(self->fd, DRM_IOCTL_NMC_TILESET_INFO, &info));
	EXPECT_EQ(self->info.id, info.id);
	/* A new generation: contexts of before do not reach it. */
	EXPECT_NE(self->info.generation, info.generation);
	EXPECT_EQ(0, info.incomplete);
	ASSERT_EQ(0, my_tile(self->fd, &tile));
	EXPECT_EQ(self->tile.tile, tile.tile);
	EXPECT_EQ(self->tile.pulses, tile.pulses);
	EXPECT_EQ(self->tile.programmed_ns, tile.programmed_ns);
	EXPECT_EQ(CELLS, tile.cells);
	EXPECT_EQ(self->tile.converged, tile.converged);
	ASSERT_EQ(0, cells(self->fd, self->set, weights, false));
	EXPECT_EQ(0, cells_off(self->weights, weights, variant->band));
}

TEST_HARNESS_MAIN
