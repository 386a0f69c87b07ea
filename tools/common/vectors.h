/* SPDX-License-Identifier: MIT */
/*
 * Files of vectors: IDX (plain or gzip) and NPY. Every reader treats its file as hostile: sizes stated in a header are
 * checked against limits before memory is taken and against the data afterwards.
 */
#ifndef NMC_VECTORS_H
#define NMC_VECTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of floats in memory. */
#define VECTORS_MAX_BYTES	(4ull << 30)

/**
 * struct vectors - a matrix of floats
 * @count: rows
 * @width: floats a row
 * @values: count x width, to be given to free()
 */
struct vectors {
	size_t count;
	size_t width;
	float *values;
};

/**
 * struct labels - a list of classes
 * @count: how many
 * @values: to be given to free()
 */
struct labels {
	size_t count;
	uint8_t *values;
};

/* All return 0, or -1 after writing what, where and what to do into @error. */

/* IDX of unsigned bytes, two or more dimensions, scaled to 0..1. */
int idx_read_images(const char *path, struct vectors *v, char *error, size_t bytes);

/* IDX of unsigned bytes, one dimension. */
int idx_read_labels(const char *path, struct labels *l, char *error, size_t bytes);

/* NPY version 1 to 3, little-endian f4, f8, i1 or u1 in C order, one or more dimensions; the first one counts. */
int npy_read(const char *path, struct vectors *v, char *error, size_t bytes);

/* NPY version 1, f4, count x width. */
int npy_write(const char *path, const struct vectors *v, char *error, size_t bytes);

/* The same readers on memory, for the fuzzers. @name stands for the file. */
int idx_parse(const uint8_t *data, size_t size, const char *name, unsigned int dims_min, unsigned int dims_max,
	      uint64_t dim[8], const uint8_t **body, char *error, size_t bytes);
int npy_parse(const uint8_t *data, size_t size, const char *name, struct vectors *v, char *error, size_t bytes);

/* What a header, or the part of it that states sizes, fits into. */
#define FILE_HEAD	4096

/* Bytes that a file must hold, by its first bytes (FILE_HEAD of them if it is that long); 0 to read no further. */
typedef uint64_t (*file_bound)(const uint8_t *head, size_t size);

/* The whole file, gzip only if @packed, or its first bytes where @bound gives 0; to be given to free(). */
int file_read(const char *path, file_bound bound, bool packed, uint8_t **data, size_t *size, char *error, size_t bytes);

/* The formats' file_bound: what idx_parse() and npy_parse() accept, to the byte. */
uint64_t idx_bound(const uint8_t *head, size_t size);
uint64_t npy_bound(const uint8_t *head, size_t size);

#endif
