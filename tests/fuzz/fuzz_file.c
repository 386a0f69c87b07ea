// SPDX-License-Identifier: MIT
/*
 * Hostile files as the tools open them: the input as it stands (plain, or gzip of anything), then packed by ourselves so
 * that what it holds comes through gzip whatever the fuzzer makes of it. Plain and packed, and a file and the same bytes
 * in memory, must be judged alike.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include "common/vectors.h"

#define CHECK(condition) do { if (!(condition)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char error[256];

/* What the readers make of a file: 0 or -1, and what they read. */
struct reading {
	int images_ret, labels_ret, npy_ret;
	struct vectors images, npy;
	struct labels labels;
};

static void read_file(int fd, struct reading *r)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	memset(r, 0, sizeof(*r));
	r->images_ret = idx_read_images(path, &r->images, error, sizeof(error));
	CHECK(!r->images_ret == !!r->images.values);
	r->labels_ret = idx_read_labels(path, &r->labels, error, sizeof(error));
	CHECK(!r->labels_ret == !!r->labels.values);
	r->npy_ret = npy_read(path, &r->npy, error, sizeof(error));
	CHECK(!r->npy_ret == !!r->npy.values);
}

static void drop(struct reading *r)
{
	free(r->images.values);
	free(r->labels.values);
	free(r->npy.values);
}

/* A file in memory, packed or as it is. */
static int make_file(const uint8_t *data, size_t size, bool packed)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	gzFile f;

	CHECK(fd >= 0);
	if (!packed) {
		CHECK(write(fd, data, size) == (ssize_t)size);
		return fd;
	}
	f = gzdopen(dup(fd), "wb1");
	CHECK(f && (!size || gzwrite(f, data, (unsigned int)size) == (int)size) && gzclose(f) == Z_OK);
	return fd;
}

static bool same(const struct vectors *a, const struct vectors *b)
{
	return a->count == b->count && a->width == b->width &&
	       !memcmp(a->values, b->values, a->count * a->width * sizeof(float));
}

static void compare(const uint8_t *data, size_t size, const struct reading *plain, const struct reading *packed)
{
	struct vectors v;

	CHECK(plain->images_ret == packed->images_ret && plain->labels_ret == packed->labels_ret);
	CHECK(plain->images_ret || same(&plain->images, &packed->images));
	CHECK(plain->labels_ret || (plain->labels.count == packed->labels.count &&
	      !memcmp(plain->labels.values, packed->labels.values, plain->labels.count)));
	CHECK(packed->npy_ret);
	CHECK(npy_parse(data, size, "fuzz", &v, error, sizeof(error)) == plain->npy_ret);
	CHECK(plain->npy_ret || same(&plain->npy, &v));
	free(v.values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reading plain, packed;
	int fd = make_file(data, size, false), packed_fd = make_file(data, size, true);

	read_file(fd, &plain);
	read_file(packed_fd, &packed);
	if (size < 2 || data[0] != 0x1f || data[1] != 0x8b)
		compare(data, size, &plain, &packed);
	drop(&plain);
	drop(&packed);
	close(fd);
	close(packed_fd);
	return 0;
}
