// SPDX-License-Identifier: MIT
/*
 * Opening a card by URI, and the questions that go straight to it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "libnmc/device/device.h"
#include "libnmc/error.h"
#include "libnmc/sized.h"

#define HOW_TO_GET_ONE \
	"try --device sim: or NMC_DEVICE=sim: for a card in this process, or load nmc.ko and check that " \
	"/dev/accel/accel* exists and is readable (group render)"

static int open_number(const char *uri, const char *text, struct device **reach)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || n > 255)
		return fail(-EINVAL, "%s: \"%s\" is not the number of an accel node", uri, text);
	return accel_open((unsigned int)n, reach);
}

static int open_uri(const char *uri, struct device **reach)
{
	if (!strncmp(uri, "sim:", 4))
		return sim_open(uri + 4, reach);
	if (!strncmp(uri, "accel:", 6))
		return open_number(uri, uri + 6, reach);
	return fail(-EINVAL, "\"%s\" is not a device; accel:N and sim:CLASSES?tiles=T&seed=S are", uri);
}

/* The first card that can be opened; else why the first one cannot. */
static int first_uri(char *uri, size_t bytes)
{
	struct nmc_device_entry entries[16];
	int i, n = accel_enumerate(entries, 16);

	if (n < 0)
		return n;
	for (i = 0; i < n && i < 16; i++) {
		if (entries[i].error)
			continue;
		snprintf(uri, bytes, "%s", entries[i].uri);
		return 0;
	}
	if (n)
		return fail(entries[0].error, "%s cannot be opened: %s; " HOW_TO_GET_ONE, entries[0].uri,
			    strerror(-entries[0].error));
	return fail(-ENODEV, "no card found; " HOW_TO_GET_ONE);
}

int nmc_device_open(const char *uri, struct nmc_device **device)
{
	const char *wanted = uri ? uri : getenv("NMC_DEVICE");
	struct nmc_device *d = calloc(1, sizeof(*d));
	int ret = 0;

	*device = NULL;
	if (!d)
		return fail_memory();
	if (wanted && *wanted)
		snprintf(d->uri, sizeof(d->uri), "%s", wanted);
	else
		ret = first_uri(d->uri, sizeof(d->uri));
	if (!ret)
		ret = open_uri(wanted && *wanted ? wanted : d->uri, &d->reach);
	if (ret) {
		free(d);
		return ret;
	}
	pthread_mutex_init(&d->lock, NULL);
	d->refs = 1;
	*device = d;
	return 0;
}

void device_get(struct nmc_device *device)
{
	__atomic_add_fetch(&device->refs, 1, __ATOMIC_RELAXED);
}

void device_put(struct nmc_device *device)
{
	unsigned int i;

	if (__atomic_sub_fetch(&device->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (i = 0; i < DEVICE_LAWS; i++)
		law_close(device->law[i]);
	device->reach->ops->close(device->reach);
	while (device->decks)
		free(device->deck[--device->decks]);
	pthread_mutex_destroy(&device->lock);
	free(device);
}

void nmc_device_close(struct nmc_device *device)
{
	if (device)
		device_put(device);
}

int nmc_device_enumerate(struct nmc_device_entry *entries, unsigned int count)
{
	return accel_enumerate(entries, count);
}

int nmc_device_info(struct nmc_device *device, struct nmc_device_info *info)
{
	struct nmc_device_info full = { .size = sizeof(full) };
	int ret = device->reach->ops->info(device->reach, &full);

	if (ret)
		return ret;
	memcpy(full.uri, device->uri, sizeof(full.uri));
	return give(info, &full, sizeof(full), "struct nmc_device_info");
}

int nmc_device_class(struct nmc_device *device, unsigned int index, struct nmc_class_info *info)
{
	struct nmc_class_info full = { .size = sizeof(full) };
	int ret = device->reach->ops->classes(device->reach, index, &full);

	return ret ? ret : give(info, &full, sizeof(full), "struct nmc_class_info");
}

int nmc_device_find_class(struct nmc_device *device, const char *name)
{
	char list[256] = "";
	struct nmc_class_info info;
	unsigned int i;
	size_t used = 0;

	for (i = 0; !device->reach->ops->classes(device->reach, i, &info); i++) {
		if (!strcmp(info.name, name))
			return (int)i;
		if (used < sizeof(list))
			used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "", info.name);
	}
	return fail(-ENOENT, "the card has no tile class \"%s\"; it has %s", name, list);
}

const char *nmc_tile_status_name(unsigned int status)
{
	static const char *const names[NMC_TILE_STATUSES] = {
		"free", "erasing", "owned", "persistent", "incomplete", "retired",
	};

	return status < NMC_TILE_STATUSES ? names[status] : "unknown";
}

int nmc_device_health(struct nmc_device *device, struct nmc_health *health)
{
	struct nmc_health full = { .size = sizeof(full) };
	int ret = device->reach->ops->health(device->reach, &full);

	return ret ? ret : give(health, &full, sizeof(full), "struct nmc_health");
}

int nmc_device_tiles(struct nmc_device *device, unsigned int first, struct nmc_tile_info *tiles, unsigned int count)
{
	return device->reach->ops->tiles(device->reach, first, tiles, count);
}

int nmc_device_queue(struct nmc_device *device, unsigned int queue, struct nmc_queue_info *info)
{
	return device->reach->ops->queue(device->reach, queue, info);
}

int nmc_device_errors(struct nmc_device *device, struct nmc_error_info *errors, unsigned int count)
{
	return device->reach->ops->errors(device->reach, errors, count);
}

int nmc_device_clients(struct nmc_device *device, struct nmc_client_info *clients, unsigned int count,
		       uint32_t *hidden_tiles)
{
	return device->reach->ops->clients(device->reach, clients, count, hidden_tiles);
}

int nmc_device_subscribe(struct nmc_device *device, uint64_t mask)
{
	return device->reach->ops->subscribe(device->reach, mask);
}

int nmc_device_event_fd(struct nmc_device *device)
{
	return device->reach->ops->event_fd(device->reach);
}

int nmc_device_read_event(struct nmc_device *device, struct nmc_event *event)
{
	return device->reach->ops->read_event(device->reach, event);
}

int64_t deadline_of(int64_t timeout_ns)
{
	struct timespec now;
	int64_t at;

	if (timeout_ns < 0)
		return INT64_MAX;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (__builtin_add_overflow((int64_t)now.tv_sec * 1000000000 + now.tv_nsec, timeout_ns, &at))
		return INT64_MAX;
	return at;
}
