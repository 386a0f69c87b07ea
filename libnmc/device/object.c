// SPDX-License-Identifier: MIT
/*
 * Buffers, tile sets and contexts: thin handles on what the door offers.
 */
#include <errno.h>
#include <stdlib.h>
#include "isa/nmc_isa.h"
#include "libnmc/device/device.h"
#include "libnmc/error.h"

int nmc_buffer_create(struct nmc_device *device, size_t bytes, struct nmc_buffer **buffer)
{
	struct nmc_buffer *b;
	int ret;

	*buffer = NULL;
	if (!bytes || bytes > 1ull << 32)
		return fail(-EINVAL, "a buffer has 1 byte to 4 GiB, not %zu", bytes);
	b = calloc(1, sizeof(*b));
	if (!b)
		return fail_memory();
	b->device = device;
	b->bytes = bytes;
	ret = device->reach->ops->buffer_create(device->reach, bytes, &b->handle, &b->data);
	if (ret) {
		free(b);
		return ret;
	}
	device_get(device);
	*buffer = b;
	return 0;
}

void nmc_buffer_destroy(struct nmc_buffer *buffer)
{
	if (!buffer)
		return;
	buffer->device->reach->ops->buffer_destroy(buffer->device->reach, buffer->handle, buffer->data, buffer->bytes);
	device_put(buffer->device);
	free(buffer);
}

void *nmc_buffer_data(struct nmc_buffer *buffer)
{
	return buffer->data;
}

size_t nmc_buffer_bytes(const struct nmc_buffer *buffer)
{
	return buffer->bytes;
}

static int set_new(struct nmc_device *device, const struct device_set *want, const uint8_t *open, struct nmc_tileset **set)
{
	const struct device_ops *ops = device->reach->ops;
	struct nmc_tileset *t = calloc(1, sizeof(*t));
	uint32_t free_tiles;
	int ret;

	*set = NULL;
	if (!t)
		return fail_memory();
	t->device = device;
	ret = open ? ops->set_open(device->reach, open, &t->set) : ops->set_create(device->reach, want, &t->set, &free_tiles);
	if (ret) {
		free(t);
		return ret;
	}
	*set = t;
	return 0;
}

int nmc_tileset_create(struct nmc_device *device, unsigned int class_index, unsigned int tiles, struct nmc_tileset **set)
{
	return set_new(device, &(struct device_set){ .class_index = class_index, .tiles = tiles }, NULL, set);
}

int nmc_tileset_create_persistent(struct nmc_device *device, unsigned int class_index, unsigned int tiles, const uint8_t *uuid,
				  const char *label, struct nmc_tileset **set)
{
	return set_new(device, &(struct device_set){ class_index, tiles, uuid, label }, NULL, set);
}

int nmc_tileset_open(struct nmc_device *device, const uint8_t *uuid, struct nmc_tileset **set)
{
	return set_new(device, NULL, uuid, set);
}

static void set_end(struct nmc_tileset *set, bool erase)
{
	if (!set)
		return;
	set->device->reach->ops->set_destroy(set->device->reach, set->set, erase);
	free(set);
}

void nmc_tileset_destroy(struct nmc_tileset *set)
{
	set_end(set, false);
}

void nmc_tileset_erase(struct nmc_tileset *set)
{
	set_end(set, true);
}

int nmc_context_create(struct nmc_device *device, struct nmc_tileset *const *sets, unsigned int count,
		       struct nmc_context **context)
{
	struct nmc_device_info info = NMC_DEVICE_INFO_INIT;
	struct nmc_context *c;
	uint32_t ids[16];
	unsigned int i;
	int ret;

	*context = NULL;
	if (count > 16)
		return fail(-EINVAL, "a context has at most 16 tile sets, not %u", count);
	ret = device->reach->ops->info(device->reach, &info);
	if (ret)
		return ret;
	c = calloc(1, sizeof(*c));
	if (!c)
		return fail_memory();
	c->device = device;
	c->sets = count;
	/* An older card takes streams all the same, without what they could not know. */
	c->minor = (info.isa_version & 0xffff) < NMC_ISA_MINOR ? (uint16_t)info.isa_version : NMC_ISA_MINOR;
	for (i = 0; i < count; i++)
		ids[i] = sets[i]->set;
	ret = device->reach->ops->context_create(device->reach, ids, count, &c->context);
	if (ret) {
		free(c);
		return ret;
	}
	*context = c;
	return 0;
}

void nmc_context_destroy(struct nmc_context *context)
{
	if (!context)
		return;
	context->device->reach->ops->context_destroy(context->device->reach, context->context);
	free(context);
}
