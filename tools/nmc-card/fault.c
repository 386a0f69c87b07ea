// SPDX-License-Identifier: MIT
/*
 * Faults of cells, columns and tiles as words: "stuck-low share=5% seed=1 tile=3".
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fault.h"

enum field {
	FIELD_TILE	= 1 << 0,
	FIELD_CELL	= 1 << 1,
	FIELD_SHARE	= 1 << 2,
	FIELD_SEED	= 1 << 3,
	FIELD_FACTOR	= 1 << 4,
	FIELD_OFFSET	= 1 << 5,
	FIELD_OUTPUT	= 1 << 6,
	FIELD_CODE	= 1 << 7,
	FIELD_CELLS	= FIELD_TILE | FIELD_CELL | FIELD_SHARE | FIELD_SEED,
};

static const struct {
	const char *name;
	unsigned int takes;
} kinds[] = {
	[CARD_DEVICE_STUCK_LOW] = { "stuck-low", FIELD_CELLS },
	[CARD_DEVICE_STUCK_HIGH] = { "stuck-high", FIELD_CELLS },
	[CARD_DEVICE_DEAD] = { "dead", FIELD_CELLS },
	[CARD_DEVICE_DRIFT] = { "drift", FIELD_CELLS | FIELD_FACTOR | FIELD_OFFSET },
	[CARD_DEVICE_NOISE] = { "noise", FIELD_CELLS | FIELD_FACTOR },
	[CARD_DEVICE_COLUMN] = { "column", FIELD_TILE | FIELD_OUTPUT | FIELD_CODE },
	[CARD_DEVICE_TILE] = { "tile", FIELD_TILE },
};

static const char *const fields[] = { "tile", "cell", "share", "seed", "factor", "offset", "output", "code" };

#define COUNT(array)	(sizeof(array) / sizeof(*(array)))

/* The number ends where the text does. */
static bool whole(const char *text, const char *end)
{
	return end != text && !*end && *text != ' ' && !errno;
}

static bool take_u32(const char *text, uint32_t *n)
{
	unsigned long long x;
	char *end;

	errno = 0;
	x = strtoull(text, &end, 0);
	*n = (uint32_t)x;
	return *text >= '0' && *text <= '9' && whole(text, end) && x < CARD_ALL;
}

static bool take_u64(const char *text, uint64_t *n)
{
	char *end;

	errno = 0;
	*n = strtoull(text, &end, 0);
	return *text >= '0' && *text <= '9' && whole(text, end);
}

static bool take_int(const char *text, int32_t *n)
{
	char *end;
	long x;

	errno = 0;
	x = strtol(text, &end, 0);
	*n = (int32_t)x;
	return whole(text, end) && x == *n;
}

/* A number, with % a hundredth of it. */
static bool take_real(const char *text, double *n)
{
	char *end;

	errno = 0;
	*n = strtod(text, &end);
	if (end != text && *end == '%') {
		*n /= 100;
		end++;
	}
	return whole(text, end);
}

static bool take_float(const char *text, float *n)
{
	double x;
	bool ok = take_real(text, &x);

	*n = ok ? (float)x : 0.0f;
	return ok;
}

/* "ROW,COLUMN" */
static bool take_cell(char *text, struct card_device_fault *f)
{
	char *comma = strchr(text, ',');
	bool ok;

	if (!comma)
		return false;
	*comma = 0;
	ok = take_u32(text, &f->row) && take_u32(comma + 1, &f->col);
	*comma = ',';
	return ok;
}

static bool take(unsigned int field, char *text, struct card_device_fault *f)
{
	switch (field) {
	case FIELD_TILE:
		f->tile = CARD_ALL;
		return !strcmp(text, "all") || take_u32(text, &f->tile);
	case FIELD_CELL:
		return take_cell(text, f);
	case FIELD_SHARE:
		return take_real(text, &f->share);
	case FIELD_SEED:
		return take_u64(text, &f->seed);
	case FIELD_FACTOR:
		return take_float(text, &f->factor);
	case FIELD_OFFSET:
		return take_float(text, &f->offset);
	case FIELD_OUTPUT:
		return take_u32(text, &f->col);
	default:
		return take_int(text, &f->code);
	}
}

/* One "key=value"; the bit of its field, or 0 after a message. */
static unsigned int take_word(char *word, struct card_device_fault *f, char *error, size_t bytes)
{
	char *value = strchr(word, '=');
	size_t length = value ? (size_t)(value - word) : 0;
	unsigned int i;

	for (i = 0; value && i < COUNT(fields); i++) {
		if (strlen(fields[i]) != length || memcmp(fields[i], word, length) || !(kinds[f->kind].takes & 1u << i))
			continue;
		if (take(1u << i, value + 1, f))
			return 1u << i;
		snprintf(error, bytes, "fault %s: \"%s\" is not understood", kinds[f->kind].name, word);
		return 0;
	}
	snprintf(error, bytes, "fault %s: \"%s\" is not of it", kinds[f->kind].name, word);
	return 0;
}

/* What a kind cannot do without. */
static const char *lacks(const struct card_device_fault *f, unsigned int given)
{
	unsigned int takes = kinds[f->kind].takes;

	if (takes & FIELD_CELL && !(given & (FIELD_CELL | FIELD_SHARE)))
		return "share=PART or cell=ROW,COLUMN is missing";
	if (given & FIELD_CELL && given & FIELD_SHARE)
		return "share= and cell= exclude each other";
	if (takes & FIELD_FACTOR && !(given & (FIELD_FACTOR | FIELD_OFFSET)))
		return takes & FIELD_OFFSET ? "factor= or offset= is missing" : "factor= is missing";
	if (takes & FIELD_OUTPUT && !(given & FIELD_OUTPUT))
		return "output=N is missing";
	if (takes == FIELD_TILE && !(given & FIELD_TILE))
		return "tile=N or tile=all is missing";
	return NULL;
}

int fault_parse(char *words, struct card_device_fault *f, char *error, size_t bytes)
{
	char *save, *word = strtok_r(words, " ", &save);
	const char *missing;
	unsigned int k, bit, given = 0;

	for (k = 0; word && k < COUNT(kinds) && strcmp(kinds[k].name, word); k++)
		;
	if (!word || k == COUNT(kinds))
		return -ENOENT;
	*f = (struct card_device_fault){ .kind = (enum card_device_kind)k, .tile = CARD_ALL, .row = CARD_ALL, .factor = 1.0f };
	while ((word = strtok_r(NULL, " ", &save))) {
		bit = take_word(word, f, error, bytes);
		if (!bit)
			return -EINVAL;
		given |= bit;
	}
	missing = lacks(f, given);
	if (!missing)
		return 0;
	snprintf(error, bytes, "fault %s: %s", kinds[k].name, missing);
	return -EINVAL;
}

void fault_text(const struct card_device_fault *f, char *text, size_t bytes)
{
	unsigned int takes = kinds[f->kind].takes;
	char tile[16] = "all", where[80] = "", what[80] = "";

	if (f->tile != CARD_ALL)
		snprintf(tile, sizeof(tile), "%u", f->tile);
	if (takes & FIELD_CELL && f->row != CARD_ALL)
		snprintf(where, sizeof(where), " cell=%u,%u", f->row, f->col);
	else if (takes & FIELD_CELL)
		snprintf(where, sizeof(where), " share=%.6g seed=%llu", f->share, (unsigned long long)f->seed);
	if (takes & FIELD_OFFSET)
		snprintf(what, sizeof(what), " factor=%.6g offset=%.6g", (double)f->factor, (double)f->offset);
	else if (takes & FIELD_FACTOR)
		snprintf(what, sizeof(what), " factor=%.6g", (double)f->factor);
	else if (takes & FIELD_OUTPUT)
		snprintf(what, sizeof(what), " output=%u code=%d", f->col, f->code);
	snprintf(text, bytes, "%s tile=%s%s%s", kinds[f->kind].name, tile, where, what);
}
