// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the suites share.
 */
#include <linux/sync_file.h>
#include <linux/udmabuf.h>
#include <time.h>
#include "nmc_test.h"

#define ACCEL_NODES	64

int nmc_call(int fd, unsigned long request, void *arg)
{
	int ret;

	do {
		ret = ioctl(fd, request, arg);
	} while (ret && errno == EINTR);
	return ret ? -errno : 0;
}

static bool is_nmc(int fd)
{
	char name[16] = "";
	struct drm_version version = { .name = name, .name_len = sizeof(name) - 1 };

	return !nmc_call(fd, DRM_IOCTL_VERSION, &version) && !strcmp(name, NMC_ACCEL_NAME);
}

int nmc_open_device(void)
{
	const char *path = getenv("NMC_TEST_DEVICE");
	char node[64];
	int i, fd;

	if (path)
		return open(path, O_RDWR | O_CLOEXEC);
	for (i = 0; i < ACCEL_NODES; i++) {
		snprintf(node, sizeof(node), "/dev/accel/accel%d", i);
		fd = open(node, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (is_nmc(fd))
			return fd;
		close(fd);
	}
	return -1;
}

int bo_create(int fd, uint64_t size, struct test_bo *bo)
{
	struct drm_nmc_bo_create create = { .size = size };
	int err = nmc_call(fd, DRM_IOCTL_NMC_BO_CREATE, &create);

	if (err)
		return err;
	bo->handle = create.handle;
	bo->size = create.size;
	bo->offset = create.offset;
	bo->map = mmap(NULL, bo->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, bo->offset);
	return bo->map == MAP_FAILED ? -errno : 0;
}

void bo_destroy(int fd, struct test_bo *bo)
{
	struct drm_gem_close close_args = { .handle = bo->handle };

	munmap(bo->map, bo->size);
	nmc_call(fd, DRM_IOCTL_GEM_CLOSE, &close_args);
}

int bo_export(int fd, uint32_t handle, int *dmabuf)
{
	struct drm_prime_handle prime = { .handle = handle, .flags = DRM_CLOEXEC | DRM_RDWR };
	int err = nmc_call(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime);

	*dmabuf = prime.fd;
	return err;
}

int bo_import(int fd, int dmabuf, uint32_t *handle)
{
	struct drm_prime_handle prime = { .fd = dmabuf };
	int err = nmc_call(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime);

	*handle = prime.handle;
	return err;
}

int foreign_dmabuf(uint64_t bytes, int *memfd)
{
	struct udmabuf_create create = { .size = bytes, .flags = UDMABUF_FLAGS_CLOEXEC };
	int dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	int fd;

	*memfd = memfd_create("nmc", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	if (dev < 0 || *memfd < 0 || ftruncate(*memfd, bytes) ||
	    fcntl(*memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		return -errno;
	create.memfd = *memfd;
	fd = ioctl(dev, UDMABUF_CREATE, &create);
	close(dev);
	return fd < 0 ? -errno : fd;
}

int syncobj_create(int fd, uint32_t *handle)
{
	struct drm_syncobj_create create = { 0 };
	int err = nmc_call(fd, DRM_IOCTL_SYNCOBJ_CREATE, &create);

	*handle = create.handle;
	return err;
}

static int64_t deadline(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec + WAIT_S) * 1000000000ll + now.tv_nsec;
}

int syncobj_wait(int fd, uint32_t handle, uint64_t point)
{
	struct drm_syncobj_timeline_wait wait = {
		.handles = (uintptr_t)&handle, .points = (uintptr_t)&point, .count_handles = 1,
		.timeout_nsec = deadline(), .flags = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT,
	};

	return nmc_call(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &wait);
}

int syncobj_export(int fd, uint32_t handle, int *sync_file)
{
	struct drm_syncobj_handle export = {
		.handle = handle,
		.flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
		.fd = -1,
	};
	int err = nmc_call(fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &export);

	*sync_file = export.fd;
	return err;
}

int sync_file_status(int sync_file)
{
	struct sync_file_info info = { 0 };
	int err = nmc_call(sync_file, SYNC_IOC_FILE_INFO, &info);

	return err ? err : info.status;
}

int syncobj_status(int fd, uint32_t handle)
{
	int sync_file, status = syncobj_export(fd, handle, &sync_file);

	if (status)
		return status;
	status = sync_file_status(sync_file);
	close(sync_file);
	return status;
}

int query(int fd, uint32_t type, uint32_t index, void *item, uint32_t bytes)
{
	struct drm_nmc_dev_query args = {
		.type = type, .index = index, .count = 1, .size = bytes, .pointer = (uintptr_t)item,
	};
	int err = nmc_call(fd, DRM_IOCTL_NMC_DEV_QUERY, &args);

	return err ? err : args.count == 1 ? 0 : -ENOENT;
}

int class_find(int fd, uint32_t technology)
{
	struct drm_nmc_class info;
	int i, err;

	for (i = 0; ; i++) {
		err = query(fd, DRM_NMC_QUERY_CLASS, i, &info, sizeof(info));
		if (err || info.technology == technology)
			return err ? err : i;
	}
}

int tileset_create(int fd, uint32_t class_id, uint32_t tiles, uint32_t *handle)
{
	struct drm_nmc_tileset_create args = { .class_id = class_id, .tiles = tiles };
	int err = nmc_call(fd, DRM_IOCTL_NMC_TILESET_CREATE, &args);

	*handle = args.handle;
	return err;
}

int tileset_close(int fd, uint32_t handle, uint32_t flags)
{
	struct drm_nmc_tileset_close args = { .handle = handle, .flags = flags };

	return nmc_call(fd, DRM_IOCTL_NMC_TILESET_CLOSE, &args);
}

int context_create(int fd, const uint32_t *sets, uint32_t count, uint32_t *handle)
{
	struct drm_nmc_context_create args = {
		.sets = (uintptr_t)sets, .set_count = count, .set_stride = sizeof(*sets),
	};
	int err = nmc_call(fd, DRM_IOCTL_NMC_CONTEXT_CREATE, &args);

	*handle = args.handle;
	return err;
}

int context_destroy(int fd, uint32_t handle)
{
	struct drm_nmc_context_destroy args = { .handle = handle };

	return nmc_call(fd, DRM_IOCTL_NMC_CONTEXT_DESTROY, &args);
}

int stream_create(int fd, struct test_stream *s, uint32_t groups, uint32_t sram, uint16_t slots,
		  uint16_t sets)
{
	int err;

	memset(s, 0, sizeof(*s));
	err = bo_create(fd, 16384, &s->bo);
	if (err)
		return err;
	s->header = s->bo.map;
	s->header->magic = NMC_ISA_MAGIC;
	s->header->major = NMC_ISA_MAJOR;
	s->header->minor = NMC_ISA_MINOR;
	s->header->groups = groups;
	s->header->sram_bytes = sram;
	s->header->slots = slots;
	s->header->sets = sets;
	return 0;
}

void *stream_add(struct test_stream *s, uint16_t opcode)
{
	uint8_t *insn = (uint8_t *)s->bo.map + NMC_ISA_INSN_BYTES * ++s->insns;

	memset(insn, 0, NMC_ISA_INSN_BYTES);
	memcpy(insn, &opcode, sizeof(opcode));
	s->header->insns = s->insns;
	return insn;
}

void stream_nops(struct test_stream *s, uint32_t outer, uint32_t inner)
{
	struct nmc_isa_control *loop = stream_add(s, NMC_OP_LOOP);

	loop->count = outer;
	loop->body = 2;
	loop = stream_add(s, NMC_OP_LOOP);
	loop->count = inner;
	loop->body = 1;
	stream_add(s, NMC_OP_NOP);
}

void stream_end(struct test_stream *s)
{
	stream_add(s, NMC_OP_END);
}

void job_init(struct test_job *job, uint32_t context, const struct test_stream *s)
{
	memset(job, 0, sizeof(*job));
	job->submit.context = context;
	job->submit.slots = (uintptr_t)job->slots;
	job->submit.slot_stride = sizeof(*job->slots);
	job->submit.stream_bytes = NMC_ISA_INSN_BYTES * (s->insns + 1ull);
	job_slot(job, &s->bo, DRM_NMC_SLOT_READ);
}

void job_slot(struct test_job *job, const struct test_bo *bo, uint32_t flags)
{
	struct drm_nmc_slot *slot = &job->slots[job->submit.slot_count++];

	slot->handle = bo->handle;
	slot->flags = flags;
	slot->size = bo->size;
}

void job_in(struct test_job *job, uint32_t syncobj, uint64_t point)
{
	struct drm_nmc_sync *sync = &job->in[job->submit.in_count++];

	sync->handle = syncobj;
	sync->point = point;
	job->submit.in_syncs = (uintptr_t)job->in;
	job->submit.sync_stride = sizeof(*sync);
}

void job_out(struct test_job *job, uint32_t syncobj, uint64_t point)
{
	struct drm_nmc_sync *sync = &job->out[job->submit.out_count++];

	sync->handle = syncobj;
	sync->point = point;
	job->submit.out_syncs = (uintptr_t)job->out;
	job->submit.sync_stride = sizeof(*sync);
}

int job_submit(int fd, struct test_job *job)
{
	job->submit.job = 0;
	return nmc_call(fd, DRM_IOCTL_NMC_SUBMIT, &job->submit);
}

int job_result(int fd, uint32_t context, uint64_t id, struct drm_nmc_job_result *result)
{
	memset(result, 0, sizeof(*result));
	result->context = context;
	result->job = id;
	return nmc_call(fd, DRM_IOCTL_NMC_JOB_RESULT, result);
}

int job_run(int fd, struct test_job *job, struct drm_nmc_job_result *result)
{
	struct drm_syncobj_destroy destroy = { 0 };
	int err = syncobj_create(fd, &destroy.handle);

	if (err)
		return err;
	job_out(job, destroy.handle, 0);
	err = job_submit(fd, job);
	if (!err)
		err = syncobj_wait(fd, destroy.handle, 0);
	if (!err)
		err = job_result(fd, job->submit.context, job->submit.job, result);
	job->submit.out_count--;
	nmc_call(fd, DRM_IOCTL_SYNCOBJ_DESTROY, &destroy);
	return err;
}
