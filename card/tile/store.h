/* SPDX-License-Identifier: MIT */
/*
 * Bytes of a state file on their way out and in: little-endian, without padding, never beyond their end.
 */
#ifndef NMC_CARD_STORE_H
#define NMC_CARD_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values are copied as they are");

/**
 * struct store - bytes that grow
 * @data: they
 * @used: how many
 * @room: allocated
 * @failed: memory lacked; what was added since is lost
 */
struct store {
	uint8_t *data;
	size_t used;
	size_t room;
	bool failed;
};

static inline void store_bytes(struct store *s, const void *from, size_t bytes)
{
	size_t room = s->room ? s->room : 4096;
	uint8_t *more;

	while (room - s->used < bytes)
		room *= 2;
	if (room != s->room && !s->failed) {
		more = realloc(s->data, room);
		s->failed = !more;
		s->data = more ? more : s->data;
		s->room = more ? room : s->room;
	}
	if (s->failed || !bytes)
		return;
	memcpy(s->data + s->used, from, bytes);
	s->used += bytes;
}

static inline void store_u8(struct store *s, uint8_t x) { store_bytes(s, &x, sizeof(x)); }
static inline void store_u32(struct store *s, uint32_t x) { store_bytes(s, &x, sizeof(x)); }
static inline void store_u64(struct store *s, uint64_t x) { store_bytes(s, &x, sizeof(x)); }
static inline void store_float(struct store *s, float x) { store_bytes(s, &x, sizeof(x)); }
static inline void store_double(struct store *s, double x) { store_bytes(s, &x, sizeof(x)); }

/**
 * struct fetch - bytes that are taken from the front
 * @data: the rest
 * @left: how many
 * @bad: more was wanted than was there; everything is zero from then on
 */
struct fetch {
	const uint8_t *data;
	size_t left;
	bool bad;
};

/* The next bytes in place; NULL if there are not so many. */
static inline const void *fetch_in_place(struct fetch *f, size_t bytes)
{
	const uint8_t *at = f->data;

	f->bad |= bytes > f->left;
	if (f->bad)
		return NULL;
	f->data += bytes;
	f->left -= bytes;
	return at;
}

static inline void fetch_bytes(struct fetch *f, void *to, size_t bytes)
{
	const void *from = fetch_in_place(f, bytes);

	if (from && bytes)
		memcpy(to, from, bytes);
	else if (bytes)
		memset(to, 0, bytes);
}

static inline uint8_t fetch_u8(struct fetch *f) { uint8_t x; fetch_bytes(f, &x, sizeof(x)); return x; }
static inline uint32_t fetch_u32(struct fetch *f) { uint32_t x; fetch_bytes(f, &x, sizeof(x)); return x; }
static inline uint64_t fetch_u64(struct fetch *f) { uint64_t x; fetch_bytes(f, &x, sizeof(x)); return x; }
static inline float fetch_float(struct fetch *f) { float x; fetch_bytes(f, &x, sizeof(x)); return x; }
static inline double fetch_double(struct fetch *f) { double x; fetch_bytes(f, &x, sizeof(x)); return x; }

/* All was there, and nothing is left. */
static inline bool fetch_end(const struct fetch *f)
{
	return !f->bad && !f->left;
}

#endif
