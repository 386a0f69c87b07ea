// SPDX-License-Identifier: MIT
/*
 * The kernel door: /dev/accel/accelN of the nmc driver. Opening, finding, buffers, tile sets and events.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <numa.h>
#include <numaif.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>
#include "drm/nmc_accel.h"
#include "libnmc/device/accel.h"
#include "libnmc/error.h"

int accel_failed(struct accel *a, const char *what)
{
	if (errno == ENODEV)
		return fail(-ENODEV, "accel:%u is gone: the card was removed or stopped answering", a->number);
	return fail(-errno, "accel:%u: %s: %s", a->number, what, strerror(errno));
}

int accel_ioctl(struct accel *a, unsigned long request, void *arg, const char *what)
{
	return drmIoctl(a->fd, request, arg) ? accel_failed(a, what) : 0;
}

/* The card's NUMA node, or -1 where there is nothing to choose. */
static int node_of(struct device *d)
{
	struct nmc_device_info info = NMC_DEVICE_INFO_INIT;

	if (numa_available() < 0 || numa_max_node() < 1 || accel_info(d, &info))
		return -1;
	return info.numa_node;
}

static void accel_near(struct device *d)
{
	if (accel_of(d)->node >= 0)
		numa_run_on_node(accel_of(d)->node);
}

#define NODES_MAX	1024	/* no kernel has more */

/* Memory policy of a thread. */
struct policy {
	int mode;
	unsigned long nodes[NODES_MAX / 8 / sizeof(unsigned long)];
};

/* Puts the calling thread's policy aside for memory of @node; whether that was possible. */
static bool prefer_node(int node, struct policy *aside)
{
	struct policy near = { .mode = MPOL_PREFERRED };
	unsigned int bits = 8 * sizeof(near.nodes[0]);

	if (node < 0 || node >= NODES_MAX || get_mempolicy(&aside->mode, aside->nodes, NODES_MAX + 1, NULL, 0))
		return false;
	near.nodes[(unsigned int)node / bits] = 1ul << (unsigned int)node % bits;
	return !set_mempolicy(near.mode, near.nodes, NODES_MAX + 1);
}

/* The kernel allocates and pins a buffer when it makes it, by the policy of the thread that asks. */
static int bo_create(struct accel *a, struct drm_nmc_bo_create *bo)
{
	struct policy aside;
	bool near = prefer_node(a->node, &aside);
	int ret = accel_ioctl(a, DRM_IOCTL_NMC_BO_CREATE, bo, "buffer");

	if (near)
		set_mempolicy(aside.mode, aside.nodes, NODES_MAX + 1);
	return ret;
}

static void accel_close(struct device *d)
{
	struct accel *a = accel_of(d);

	close(a->fd);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

static int accel_buffer_create(struct device *d, size_t bytes, uint64_t *handle, void **data)
{
	struct accel *a = accel_of(d);
	struct drm_nmc_bo_create bo = { .size = bytes };
	int ret = bo_create(a, &bo);

	if (ret)
		return ret;
	*data = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, a->fd, (off_t)bo.offset);
	if (*data == MAP_FAILED) {
		ret = fail(-errno, "accel:%u: cannot map a buffer of %zu bytes: %s", a->number, bytes, strerror(errno));
		drmCloseBufferHandle(a->fd, bo.handle);
		return ret;
	}
	*handle = bo.handle;
	return 0;
}

static void accel_buffer_destroy(struct device *d, uint64_t handle, void *data, size_t bytes)
{
	munmap(data, bytes);
	drmCloseBufferHandle(accel_of(d)->fd, (uint32_t)handle);
}

static int accel_set_create(struct device *d, const struct device_set *want, uint32_t *set, uint32_t *free)
{
	struct accel *a = accel_of(d);
	struct drm_nmc_tileset_create t = { .class_id = want->class_index, .tiles = want->tiles };

	*free = 0;
	if (want->uuid) {
		t.flags = DRM_NMC_TILESET_PERSISTENT;
		memcpy(t.uuid, want->uuid, sizeof(t.uuid));
		strncpy(t.label, want->label, sizeof(t.label) - 1);
	}
	if (drmIoctl(a->fd, DRM_IOCTL_NMC_TILESET_CREATE, &t)) {
		if (errno != ENOSPC)
			return accel_failed(a, "tile set");
		*free = t.free;
		return fail(-ENOSPC, "%u tiles wanted, %u are free", want->tiles, t.free);
	}
	*set = t.handle;
	return 0;
}

static int accel_set_open(struct device *d, const uint8_t *uuid, uint32_t *set)
{
	struct drm_nmc_tileset_open o = { 0 };
	int ret;

	memcpy(o.uuid, uuid, sizeof(o.uuid));
	ret = accel_ioctl(accel_of(d), DRM_IOCTL_NMC_TILESET_OPEN, &o, "persistent tile set");
	*set = o.handle;
	return ret;
}

static void accel_set_destroy(struct device *d, uint32_t set, bool erase)
{
	struct drm_nmc_tileset_info info = { .handle = set };
	struct drm_nmc_tileset_close c = { .handle = set };
	int fd = accel_of(d)->fd;

	if (erase && !drmIoctl(fd, DRM_IOCTL_NMC_TILESET_INFO, &info) && info.flags & DRM_NMC_TILESET_PERSISTENT)
		c.flags = DRM_NMC_TILESET_ERASE;
	drmIoctl(fd, DRM_IOCTL_NMC_TILESET_CLOSE, &c);
}

static int accel_set_time(struct device *d, uint32_t set, uint64_t *ns)
{
	struct drm_nmc_tileset_info info = { .handle = set };
	int ret = accel_ioctl(accel_of(d), DRM_IOCTL_NMC_TILESET_INFO, &info, "tile set");

	*ns = info.time_ns;
	return ret;
}

static int accel_subscribe(struct device *d, uint64_t mask)
{
	struct drm_nmc_event_subscribe s = { .mask = mask };

	return accel_ioctl(accel_of(d), DRM_IOCTL_NMC_EVENT_SUBSCRIBE, &s, "events");
}

static int accel_event_fd(struct device *d)
{
	return accel_of(d)->fd;
}

static int accel_read_event(struct device *d, struct nmc_event *event)
{
	struct drm_nmc_event e;
	ssize_t n;

	do {
		n = read(accel_of(d)->fd, &e, sizeof(e));
		if (n < 0 && errno != EINTR)
			return errno == EAGAIN ? -EAGAIN : fail(-errno, "events: %s", strerror(errno));
		if (!n)
			return -EAGAIN;
	} while (n < (ssize_t)sizeof(e) || e.base.type != DRM_NMC_EVENT);
	*event = (struct nmc_event){ .kind = e.type, .object = e.object, .sequence = e.sequence, .dropped = e.dropped,
				     .value = e.value };
	return 0;
}

static const struct device_ops accel_ops = {
	.close = accel_close,
	.near = accel_near,
	.info = accel_info,
	.classes = accel_classes,
	.health = accel_health,
	.tiles = accel_tiles,
	.queue = accel_queue,
	.errors = accel_errors,
	.clients = accel_clients,
	.subscribe = accel_subscribe,
	.event_fd = accel_event_fd,
	.read_event = accel_read_event,
	.buffer_create = accel_buffer_create,
	.buffer_destroy = accel_buffer_destroy,
	.set_create = accel_set_create,
	.set_open = accel_set_open,
	.set_destroy = accel_set_destroy,
	.set_time = accel_set_time,
	.context_create = accel_context_create,
	.context_destroy = accel_context_destroy,
	.submit = accel_submit,
	.wait = accel_wait,
};

/* Whether the node belongs to this driver; a negative errno if it cannot be opened. */
static int open_node(unsigned int number, int *fd)
{
	char path[64];
	drmVersionPtr version;
	bool ours;

	snprintf(path, sizeof(path), "/dev/accel/accel%u", number);
	*fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (*fd < 0)
		return -errno;
	version = drmGetVersion(*fd);
	ours = version && !strcmp(version->name, NMC_ACCEL_NAME);
	drmFreeVersion(version);
	if (ours)
		return 0;
	close(*fd);
	return -ENOTTY;
}

/* The driver's name of a node from sysfs, which needs no permission. */
static bool node_is_ours(unsigned int number, char *pci, size_t bytes)
{
	char path[64], link[PATH_MAX], *name;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/class/accel/accel%u/device/driver", number);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return false;
	link[n] = 0;
	name = strrchr(link, '/');
	if (!name || strcmp(name + 1, NMC_ACCEL_NAME))
		return false;
	snprintf(path, sizeof(path), "/sys/class/accel/accel%u/device", number);
	n = readlink(path, link, sizeof(link) - 1);
	link[n < 0 ? 0 : n] = 0;
	name = strrchr(link, '/');
	snprintf(pci, bytes, "%.*s", (int)bytes - 1, name ? name + 1 : "");
	return true;
}

static void describe_entry(unsigned int number, struct nmc_device_entry *e)
{
	struct nmc_device_info info = NMC_DEVICE_INFO_INIT;
	struct device *d;

	snprintf(e->uri, sizeof(e->uri), "accel:%u", number);
	e->name[0] = 0;
	e->error = accel_open(number, &d);
	if (e->error)
		return;
	e->error = accel_info(d, &info);
	memcpy(e->name, info.name, sizeof(e->name));
	accel_close(d);
}

static int by_number(const struct dirent **a, const struct dirent **b)
{
	return strverscmp((*a)->d_name, (*b)->d_name);
}

static int is_accel(const struct dirent *e)
{
	return !strncmp(e->d_name, "accel", 5);
}

int accel_enumerate(struct nmc_device_entry *entries, unsigned int count)
{
	struct dirent **names;
	int i, n = scandir("/sys/class/accel", &names, is_accel, by_number);
	unsigned int found = 0;

	if (n < 0)
		return errno == ENOENT ? 0 : fail(-errno, "/sys/class/accel: %s", strerror(errno));
	for (i = 0; i < n; i++) {
		unsigned int number = (unsigned int)strtoul(names[i]->d_name + 5, NULL, 10);
		char pci[32];

		if (node_is_ours(number, pci, sizeof(pci))) {
			if (found < count) {
				memcpy(entries[found].pci, pci, sizeof(pci));
				describe_entry(number, &entries[found]);
			}
			found++;
		}
		free(names[i]);
	}
	free(names);
	return (int)found;
}

int accel_open(unsigned int number, struct device **device)
{
	struct accel *a = calloc(1, sizeof(*a));
	int ret;

	if (!a)
		return fail_memory();
	ret = open_node(number, &a->fd);
	if (ret) {
		free(a);
		if (ret == -ENOTTY)
			return fail(-ENODEV, "/dev/accel/accel%u belongs to another driver", number);
		if (ret == -EACCES)
			return fail(ret, "/dev/accel/accel%u: permission denied; join the group render", number);
		return fail(ret == -ENOENT ? -ENODEV : ret, "/dev/accel/accel%u: %s; is nmc.ko loaded?", number,
			    strerror(-ret));
	}
	a->number = number;
	a->device.ops = &accel_ops;
	pthread_mutex_init(&a->lock, NULL);
	a->node = node_of(&a->device);
	*device = &a->device;
	return 0;
}
