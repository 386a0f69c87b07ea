/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the suites share: finding the device, buffers, syncobjs, command streams, jobs. Every
 * function answers 0 or a negative errno, so that a suite can say what it expected.
 */
#ifndef NMC_TEST_H
#define NMC_TEST_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "drm/nmc_accel.h"
#include "hw/nmc_regs.h"
#include "isa/nmc_isa.h"

#define WAIT_S		60		/* longest wait for a job: many times what it takes */

/* One open device; NMC_TEST_DEVICE names the node, otherwise the first that says "nmc". */
int nmc_open_device(void);
/* An ioctl, restarted when a signal interrupts it. */
int nmc_call(int fd, unsigned long request, void *arg);

/* A buffer with its mapping. */
struct test_bo {
	uint32_t handle;
	uint64_t size;
	uint64_t offset;
	void *map;
};

int bo_create(int fd, uint64_t size, struct test_bo *bo);
void bo_destroy(int fd, struct test_bo *bo);
int bo_export(int fd, uint32_t handle, int *dmabuf);
int bo_import(int fd, int dmabuf, uint32_t *handle);
/* Memory of another driver: a dma-buf that udmabuf makes of a memfd, or a negative errno. */
int foreign_dmabuf(uint64_t bytes, int *memfd);

int syncobj_create(int fd, uint32_t *handle);
/* Waits for a point (0: binary) and answers whether it came; the error of the fence is not told by it. */
int syncobj_wait(int fd, uint32_t handle, uint64_t point);
int syncobj_export(int fd, uint32_t handle, int *sync_file);
int sync_file_status(int sync_file);
/* The error of the fence in a binary syncobj, through a sync file: 1 signalled, 0 active, negative error. */
int syncobj_status(int fd, uint32_t handle);

int query(int fd, uint32_t type, uint32_t index, void *item, uint32_t bytes);
/* Index of the first class of a technology, or a negative errno. */
int class_find(int fd, uint32_t technology);
int tileset_create(int fd, uint32_t class_id, uint32_t tiles, uint32_t *handle);
int tileset_close(int fd, uint32_t handle, uint32_t flags);
int context_create(int fd, const uint32_t *sets, uint32_t count, uint32_t *handle);
int context_destroy(int fd, uint32_t handle);

/* A command stream in a buffer. */
struct test_stream {
	struct test_bo bo;
	struct nmc_isa_header *header;
	uint32_t insns;
};

int stream_create(int fd, struct test_stream *s, uint32_t groups, uint32_t sram, uint16_t slots,
		  uint16_t sets);
/* The next instruction, zeroed, 64 bytes. */
void *stream_add(struct test_stream *s, uint16_t opcode);
void stream_nops(struct test_stream *s, uint32_t outer, uint32_t inner);
void stream_end(struct test_stream *s);

/* A job: slot 0 is the stream. */
struct test_job {
	struct drm_nmc_submit submit;
	struct drm_nmc_slot slots[64];
	struct drm_nmc_sync in[64];
	struct drm_nmc_sync out[64];
};

void job_init(struct test_job *job, uint32_t context, const struct test_stream *s);
void job_slot(struct test_job *job, const struct test_bo *bo, uint32_t flags);
void job_in(struct test_job *job, uint32_t syncobj, uint64_t point);
void job_out(struct test_job *job, uint32_t syncobj, uint64_t point);
int job_submit(int fd, struct test_job *job);
/* Waits for a job by a syncobj of its own and answers its result. */
int job_run(int fd, struct test_job *job, struct drm_nmc_job_result *result);
int job_result(int fd, uint32_t context, uint64_t id, struct drm_nmc_job_result *result);

#endif
