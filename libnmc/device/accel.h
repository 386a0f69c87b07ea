/* SPDX-License-Identifier: MIT */
/*
 * The kernel door's parts.
 */
#ifndef NMC_ACCEL_DOOR_H
#define NMC_ACCEL_DOOR_H

#include <pthread.h>
#include "libnmc/device/device.h"

#define ACCEL_SYNCS	1024	/* jobs of a context that the driver admits at a time, DRM_NMC_SUBMIT */

/**
 * struct accel_context - a context
 * @handle: kernel handle
 * @sync: syncobjs, made when first used: number n % %ACCEL_SYNCS holds the fence of job n, or of one after it has ended
 * @order: held while a job is submitted, so that syncobjs follow ids
 * @next: id that the next job will have; atomic
 */
struct accel_context {
	uint32_t handle;
	uint32_t sync[ACCEL_SYNCS];
	pthread_mutex_t order;
	uint64_t next;
	struct accel_context *list;
};

/**
 * struct accel - an open /dev/accel node
 * @device: what the library sees
 * @fd: the node
 * @number: accel number
 * @node: NUMA node of the card, -1 if it does not matter
 * @lock: protects @contexts
 * @contexts: contexts of this handle
 */
struct accel {
	struct device device;
	int fd;
	unsigned int number;
	int node;
	pthread_mutex_t lock;
	struct accel_context *contexts;
};

static inline struct accel *accel_of(struct device *d)
{
	return (struct accel *)d;
}

/* Failure of a call that left errno, @what it was; says so where the card is gone. */
int accel_failed(struct accel *a, const char *what);

/* ioctl with a text on failure. */
int accel_ioctl(struct accel *a, unsigned long request, void *arg, const char *what);

/* One typed query of @count items; returns the items answered. */
int accel_query(struct accel *a, uint32_t type, uint32_t index, uint32_t count, void *items, uint32_t size,
		const char *what);

int accel_info(struct device *d, struct nmc_device_info *info);
int accel_classes(struct device *d, unsigned int index, struct nmc_class_info *info);
int accel_health(struct device *d, struct nmc_health *health);
int accel_tiles(struct device *d, unsigned int first, struct nmc_tile_info *tiles, unsigned int count);
int accel_queue(struct device *d, unsigned int queue, struct nmc_queue_info *info);
int accel_errors(struct device *d, struct nmc_error_info *errors, unsigned int count);
int accel_clients(struct device *d, struct nmc_client_info *clients, unsigned int count, uint32_t *hidden);

int accel_context_create(struct device *d, const uint32_t *sets, unsigned int count, uint32_t *context);
void accel_context_destroy(struct device *d, uint32_t context);
int accel_submit(struct device *d, uint32_t context, const struct device_job *job, uint64_t *id);
int accel_wait(struct device *d, uint32_t context, uint64_t id, int64_t timeout_ns, struct device_result *result);

#endif
