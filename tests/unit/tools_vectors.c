// SPDX-License-Identifier: MIT
/*
 * Readers of IDX and NPY: what is right is read, what lies is refused with a reason that names it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>
#include <cmocka.h>
#include "common/vectors.h"

static char path[64];
static char error[512];

static int make_path(void **unused)
{
	(void)unused;
	snprintf(path, sizeof(path), "/tmp/nmc-vectors-%d", getpid());
	return 0;
}

static int drop_path(void **unused)
{
	(void)unused;
	unlink(path);
	return 0;
}

static void put(const void *data, size_t size, int packed)
{
	gzFile f = gzopen(path, packed ? "wb" : "wbT");

	assert_non_null(f);
	assert_int_equal(gzwrite(f, data, (unsigned int)size), size);
	assert_int_equal(gzclose(f), Z_OK);
}

#define IMAGES "\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x02\x00\xff\x33\x66"
#define IDX_1_GIB "\0\0\x08\x02\0\0\x80\0\0\0\x80\0"
#define NPY_4_GIB "\x93NUMPY\x01\0\x41\0" \
	"{'descr': '<f4', 'fortran_order': False, 'shape': (32768, 32768)}"
#define LABELS "\0\0\x08\x01\0\0\0\x03\x07\x08\x09"

static void reads_images(void **unused)
{
	struct vectors v;
	int packed;

	(void)unused;
	for (packed = 0; packed < 2; packed++) {
		put(IMAGES, sizeof(IMAGES) - 1, packed);
		assert_int_equal(idx_read_images(path, &v, error, sizeof(error)), 0);
		assert_int_equal(v.count, 2);
		assert_int_equal(v.width, 2);
		assert_true(v.values[0] == 0.0f && v.values[1] == 1.0f && v.values[2] == 0.2f && v.values[3] == 0.4f);
		free(v.values);
	}
}

static void reads_labels(void **unused)
{
	struct labels l;

	(void)unused;
	put(LABELS, sizeof(LABELS) - 1, 0);
	assert_int_equal(idx_read_labels(path, &l, error, sizeof(error)), 0);
	assert_int_equal(l.count, 3);
	assert_memory_equal(l.values, "\x07\x08\x09", 3);
	free(l.values);
}

static void refuse_images(const void *data, size_t size, const char *why)
{
	struct vectors v;

	put(data, size, 0);
	assert_int_equal(idx_read_images(path, &v, error, sizeof(error)), -1);
	assert_non_null(strstr(error, path));
	assert_non_null(strstr(error, why));
}

static void refuses_bad_idx(void **unused)
{
	(void)unused;
	refuse_images("", 0, "not an IDX file");
	refuse_images("hello world", 11, "not an IDX file");
	refuse_images(LABELS, sizeof(LABELS) - 1, "images and labels swapped");
	refuse_images("\0\0\x0d\x02\0\0\0\x01\0\0\0\x01\0\0\0\0", 16, "unsigned bytes");
	refuse_images(IMAGES, sizeof(IMAGES) - 2, "the file holds 3");
	refuse_images(IMAGES "x", sizeof(IMAGES), "the file holds 5");
	refuse_images("\0\0\x08\x03\0\0\0\x02\0\0", 10, "truncated in the header");
	refuse_images("\0\0\x08\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16, "larger than 1 GiB");
	refuse_images("\0\0\x08\x02\0\0\0\0\0\0\0\x01", 12, "zero");
}

static void refuses_truncated_gzip(void **unused)
{
	struct vectors v;
	uint8_t data[4096];
	FILE *f;
	size_t n;

	(void)unused;
	put(IMAGES, sizeof(IMAGES) - 1, 1);
	f = fopen(path, "rb");
	n = fread(data, 1, sizeof(data), f);
	fclose(f);
	f = fopen(path, "wb");
	assert_int_equal(fwrite(data, 1, n - 10, f), n - 10);
	fclose(f);
	assert_int_equal(idx_read_images(path, &v, error, sizeof(error)), -1);
}

/* 64 MiB out of some 64 KiB: no more than the header states is unpacked, whichever the format. */
static void refuses_gzip_bomb(void **unused)
{
	const size_t size = 64 << 20;
	uint8_t *data = calloc(1, size), *whole;
	struct vectors v;
	size_t n;

	(void)unused;
	assert_non_null(data);
	memcpy(data, IMAGES, sizeof(IMAGES) - 1);
	put(data, size, 1);
	assert_int_equal(idx_read_images(path, &v, error, sizeof(error)), -1);
	assert_non_null(strstr(error, "more data than its header states"));
	memcpy(data, "\x93NUMPY\x01", 8);
	put(data, size, 1);
	assert_int_equal(npy_read(path, &v, error, sizeof(error)), -1);
	assert_non_null(strstr(error, "gzip"));
	data[0] = 'x';
	put(data, size, 1);
	assert_int_equal(idx_read_images(path, &v, error, sizeof(error)), -1);
	assert_non_null(strstr(error, "not an IDX file"));
	assert_int_equal(file_read(path, idx_bound, true, &whole, &n, error, sizeof(error)), 0);
	assert_int_equal(n, FILE_HEAD);
	free(whole);
	assert_int_equal(file_read(path, npy_bound, true, &whole, &n, error, sizeof(error)), 0);
	assert_int_equal(n, FILE_HEAD);
	free(whole);
	free(data);
}

static long peak_mib(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_maxrss >> 10;
}

/* Files of some GiB that take no room on the disk: their size tells, no memory is taken to read them into. */
static void refuses_sparse_files(void **unused)
{
	static const struct {
		off_t size;
		const char *why;
	} cases[] = { { 6ll << 30, "more data than its header states" }, { 2ll << 30, "less data than its header states" } };
	long before = peak_mib();
	struct vectors v;
	size_t i;

	(void)unused;
	for (i = 0; i < 2; i++) {
		put(NPY_4_GIB, sizeof(NPY_4_GIB) - 1, 0);
		assert_int_equal(truncate(path, cases[i].size), 0);
		assert_int_equal(npy_read(path, &v, error, sizeof(error)), -1);
		assert_non_null(strstr(error, cases[i].why));
		put(IDX_1_GIB, sizeof(IDX_1_GIB) - 1, 0);
		assert_int_equal(truncate(path, cases[i].size / 3), 0);
		assert_int_equal(idx_read_images(path, &v, error, sizeof(error)), -1);
		assert_non_null(strstr(error, cases[i].why));
	}
	assert_true(peak_mib() - before < 128);
}

/* The bound is what npy_parse() accepts, to the byte; a header that is too long for it has none. */
static void bounds_npy(void **unused)
{
	uint8_t data[FILE_HEAD + 256] = NPY_4_GIB;
	size_t size = sizeof(NPY_4_GIB) - 1;
	struct vectors v;

	(void)unused;
	assert_int_equal(npy_bound(data, size), size + (4ull << 30));
	assert_int_equal(npy_bound(data, size - 1), 0);
	assert_int_equal(npy_bound((const uint8_t *)IMAGES, sizeof(IMAGES) - 1), 0);
	memset(data + size, ' ', sizeof(data) - size);
	data[8] = 0;
	data[9] = FILE_HEAD >> 8;
	assert_int_equal(npy_bound(data, FILE_HEAD), 0);
	assert_int_equal(npy_parse(data, sizeof(data), path, &v, error, sizeof(error)), -1);
	assert_non_null(strstr(error, "4096"));
}

/* The bound is what idx_parse() accepts, to the byte. */
static void bounds_idx(void **unused)
{
	(void)unused;
	assert_int_equal(idx_bound((const uint8_t *)IMAGES, sizeof(IMAGES) - 1), sizeof(IMAGES) - 1);
	assert_int_equal(idx_bound((const uint8_t *)LABELS, sizeof(LABELS) - 1), sizeof(LABELS) - 1);
	assert_int_equal(idx_bound((const uint8_t *)IMAGES, 15), 0);
	assert_int_equal(idx_bound((const uint8_t *)"\0\0\x08\x02\0\1\0\0\0\1\0\0", 12), 0);
}

static void npy_round_trip(void **unused)
{
	float values[6] = { 1, -2, 3.5f, 0, 1e30f, -1e-30f };
	struct vectors out = { 2, 3, values }, in;

	(void)unused;
	assert_int_equal(npy_write(path, &out, error, sizeof(error)), 0);
	assert_int_equal(npy_read(path, &in, error, sizeof(error)), 0);
	assert_int_equal(in.count, 2);
	assert_int_equal(in.width, 3);
	assert_memory_equal(in.values, values, sizeof(values));
	free(in.values);
}

/* Every element type in every version of the header gives the same numbers. */
static void reads_npy_types(void **unused)
{
	static const double f8[] = { 0, 100, 1e-3, -128, 1e300, -1e300 };
	static const float f4[] = { 0, 100, 1e-3f, -128, 3.4e38f, -3.4e38f };
	static const uint8_t bytes[] = { 0, 100, 127, 128, 200, 255 };
	static const struct {
		const char *descr;
		size_t size;
		const void *data;
		float want[6];
	} cases[] = {
		{ "<f4", 4, f4, { 0, 100, 1e-3f, -128, 3.4e38f, -3.4e38f } },
		{ "<f8", 8, f8, { 0, 100, 1e-3f, -128, 3.4e38f, -3.4e38f } },
		{ "|u1", 1, bytes, { 0, 100, 127, 128, 200, 255 } },
		{ "<u1", 1, bytes, { 0, 100, 127, 128, 200, 255 } },
		{ "|i1", 1, bytes, { 0, 100, 127, -128, -56, -1 } },
		{ "<i1", 1, bytes, { 0, 100, 127, -128, -56, -1 } },
	};
	struct vectors v;
	size_t i;
	int version;

	(void)unused;
	for (version = 1; version <= 3; version++)
		for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
			uint8_t data[512] = "\x93NUMPY";
			size_t start = version == 1 ? 10 : 12;
			int n = snprintf((char *)data + start, 400,
					 "{'descr': '%s', 'fortran_order': False, 'shape': (2, 3), }", cases[i].descr);

			data[6] = (uint8_t)version;
			data[8] = (uint8_t)n;
			memcpy(data + start + n, cases[i].data, 6 * cases[i].size);
			put(data, start + (size_t)n + 6 * cases[i].size, 0);
			if (npy_read(path, &v, error, sizeof(error)))
				fail_msg("%s, version %d: %s", cases[i].descr, version, error);
			assert_int_equal(v.count, 2);
			assert_int_equal(v.width, 3);
			assert_memory_equal(v.values, cases[i].want, sizeof(cases[i].want));
			free(v.values);
		}
}

/* Not a number and infinite, named by position. */
static void refuses_values(void **unused)
{
	float values[6] = { 1, 2, 3, 4, 0, 6 };
	const uint32_t bad[2] = { 0x7fc00000, 0xff800000 };
	struct vectors out = { 2, 3, values }, in;
	int i;

	(void)unused;
	for (i = 0; i < 2; i++) {
		memcpy(&values[4], &bad[i], 4);
		assert_int_equal(npy_write(path, &out, error, sizeof(error)), 0);
		assert_int_equal(npy_read(path, &in, error, sizeof(error)), -1);
		assert_non_null(strstr(error, "value 1 of vector 1"));
	}
}

static void refuse_npy(const char *descr, const char *order, const char *shape, size_t body, const char *why)
{
	uint8_t data[512] = "\x93NUMPY\x01";
	struct vectors v;
	int n = snprintf((char *)data + 10, 400, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }", descr, order,
			 shape);

	data[8] = (uint8_t)n;
	put(data, 10 + (size_t)n + body, 0);
	assert_int_equal(npy_read(path, &v, error, sizeof(error)), -1);
	assert_non_null(strstr(error, why));
}

static void refuses_bad_npy(void **unused)
{
	struct vectors v;

	(void)unused;
	refuse_npy(">f4", "False", "(1, 1)", 4, "element type");
	refuse_npy("<f4", "True", "(1, 1)", 4, "C order");
	refuse_npy("<f4", "False", "(2, 2)", 12, "the file holds 12 bytes");
	refuse_npy("<f4", "False", "(2, 2)", 18, "the file holds 18 bytes");
	refuse_npy("<f4", "False", "(0, 2)", 0, "shape");
	refuse_npy("<f4", "False", "(4294967296, 4294967296)", 0, "shape");
	refuse_npy("<f4", "False", "()", 4, "shape");
	refuse_npy("<f4", "False", "(2", 8, "shape");
	put("\x93NUMPY\x01\0\xff\xff{", 11, 0);
	assert_int_equal(npy_read(path, &v, error, sizeof(error)), -1);
	put("\x93NUMPY\x01\0\xff\xff{}", 12, 0);
	assert_int_equal(npy_read(path, &v, error, sizeof(error)), -1);
	assert_non_null(strstr(error, "truncated"));
	assert_int_equal(npy_read("/nonexistent", &v, error, sizeof(error)), -1);
	assert_non_null(strstr(error, "/nonexistent"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_images),
		cmocka_unit_test(reads_labels),
		cmocka_unit_test(refuses_bad_idx),
		cmocka_unit_test(refuses_truncated_gzip),
		cmocka_unit_test(refuses_gzip_bomb),
		cmocka_unit_test(refuses_sparse_files),
		cmocka_unit_test(bounds_idx),
		cmocka_unit_test(bounds_npy),
		cmocka_unit_test(npy_round_trip),
		cmocka_unit_test(reads_npy_types),
		cmocka_unit_test(refuses_values),
		cmocka_unit_test(refuses_bad_npy),
	};

	return cmocka_run_group_tests(tests, make_path, drop_path);
}
