// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver is unbound while a file, a mapping, an export and jobs are alive, and bound again.
 * Last of the suites, because the node goes away. Needs root.
 */
#include <limits.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include "kselftest_harness.h"
#include "nmc_test.h"

#define TRIES	100		/* tenths of a second */

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

TEST_HARNESS_MAIN
