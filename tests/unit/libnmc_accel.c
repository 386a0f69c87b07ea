// SPDX-License-Identifier: MIT
/*
 * The kernel door against a kernel that is not there: the system calls that it makes are answered here, so that a card
 * can lie on a node of a machine that has only one.
 */
#include <errno.h>
#include <fcntl.h>
#include <numaif.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>
#include <cmocka.h>
#include "drm/nmc_accel.h"
#include "libnmc/device/device.h"

enum { NODE = 70, BUFFER = 8192, LONGS = 1024 / 8 / sizeof(unsigned long) };

struct policy {
	int mode;
	unsigned long nodes[LONGS];
};

static struct policy now, at_create;
static int create_error;
static unsigned int created;
static int card_node = NODE, ran_on;

/* No card in this process is wanted. */
void law_close(struct law *law)
{
	assert_null(law);
}

int sim_open(const char *spec, struct device **device)
{
	(void)spec;
	(void)device;
	return -ENOTSUP;
}

/* Whatever is opened is memory that can be mapped. */
int __wrap_open(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);

int __wrap_open(const char *path, int flags, ...)
{
	int fd = memfd_create("node", 0);

	(void)flags;
	assert_string_equal(path, "/dev/accel/accel0");
	assert_int_equal(ftruncate(fd, BUFFER), 0);
	return fd;
}

int __wrap_open64(const char *path, int flags, ...)
{
	return __wrap_open(path, flags);
}

drmVersionPtr __wrap_drmGetVersion(int fd);
void __wrap_drmFreeVersion(drmVersionPtr version);
int __wrap_drmIoctl(int fd, unsigned long request, void *arg);
int __wrap_numa_available(void);
int __wrap_numa_max_node(void);
int __wrap_numa_run_on_node(int node);
long __wrap_get_mempolicy(int *mode, unsigned long *nodes, unsigned long max, void *addr, unsigned int flags);
long __wrap_set_mempolicy(int mode, const unsigned long *nodes, unsigned long max);

drmVersionPtr __wrap_drmGetVersion(int fd)
{
	static drmVersion version = { .name = NMC_ACCEL_NAME };

	(void)fd;
	return &version;
}

void __wrap_drmFreeVersion(drmVersionPtr version)
{
	(void)version;
}

int __wrap_drmIoctl(int fd, unsigned long request, void *arg)
{
	struct drm_nmc_dev_query *q = arg;

	(void)fd;
	if (request == DRM_IOCTL_NMC_DEV_QUERY && q->type == DRM_NMC_QUERY_DEVICE) {
		struct drm_nmc_device dev = { .numa_node = card_node };

		memcpy((void *)(uintptr_t)q->pointer, &dev, sizeof(dev));
		q->count = 1;
		return 0;
	}
	assert_int_equal(request, DRM_IOCTL_NMC_BO_CREATE);
	at_create = now;
	created++;
	errno = create_error;
	return create_error ? -1 : 0;
}

int __wrap_numa_available(void)
{
	return 0;
}

int __wrap_numa_max_node(void)
{
	return NODE;
}

int __wrap_numa_run_on_node(int node)
{
	ran_on = node;
	return 0;
}

long __wrap_get_mempolicy(int *mode, unsigned long *nodes, unsigned long max, void *addr, unsigned int flags)
{
	assert_true(max > NODE && max <= 8 * sizeof(now.nodes) + 1 && !addr && !flags);
	*mode = now.mode;
	memcpy(nodes, now.nodes, (max - 1) / 8);
	return 0;
}

long __wrap_set_mempolicy(int mode, const unsigned long *nodes, unsigned long max)
{
	assert_true(max > NODE && max <= 8 * sizeof(now.nodes) + 1);
	now.mode = mode;
	memcpy(now.nodes, nodes, (max - 1) / 8);
	return 0;
}

/* The kernel takes a buffer's pages when it makes it: then, and only then, the thread prefers the card's node. */
static void memory_is_near_the_card(void **state)
{
	const unsigned int bits = 8 * sizeof(unsigned long);
	const struct policy own = { .mode = MPOL_INTERLEAVE, .nodes = { 5 } };
	struct policy near = { .mode = MPOL_PREFERRED };
	struct nmc_device *device;
	struct nmc_buffer *buffer;

	(void)state;
	near.nodes[NODE / bits] = 1ul << NODE % bits;
	assert_int_equal(nmc_device_open("accel:0", &device), 0);
	now = own;
	assert_int_equal(nmc_buffer_create(device, BUFFER, &buffer), 0);
	assert_int_equal(created, 1);
	assert_memory_equal(&at_create, &near, sizeof(near));
	assert_memory_equal(&now, &own, sizeof(own));
	nmc_buffer_destroy(buffer);
	create_error = ENOMEM;
	assert_int_equal(nmc_buffer_create(device, BUFFER, &buffer), -ENOMEM);
	assert_non_null(strstr(nmc_last_error(), strerror(ENOMEM)));
	assert_int_equal(created, 2);
	assert_memory_equal(&now, &own, sizeof(own));
	nmc_device_close(device);
}

/* A thread of the library runs on the card's node, and where it likes if the card is on none. */
static void threads_are_near_the_card(void **state)
{
	struct nmc_device *device;

	(void)state;
	assert_int_equal(nmc_device_open("accel:0", &device), 0);
	ran_on = -1;
	device->reach->ops->near(device->reach);
	assert_int_equal(ran_on, NODE);
	nmc_device_close(device);
	card_node = -1;
	assert_int_equal(nmc_device_open("accel:0", &device), 0);
	ran_on = -1;
	device->reach->ops->near(device->reach);
	assert_int_equal(ran_on, -1);
	nmc_device_close(device);
	card_node = NODE;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_near_the_card),
		cmocka_unit_test(threads_are_near_the_card),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
