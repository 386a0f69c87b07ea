// SPDX-License-Identifier: MIT
/*
 * Measurements of cells as CSV.
 */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nmc-deck/csv.h"

#define FIELDS	16	/* most columns of a line */
#define FIELD	64	/* longest field */
#define NONE	FIELDS

enum { CELL, TARGET, TIME, G, PULSE, COLUMNS };

static const struct {
	const char *name;
	double low;
	double high;
	bool integer;
	bool optional;
} columns[COLUMNS] = {
	[CELL] = { "cell", 0, 4294967295.0, true, false },
	[TARGET] = { "target_us", 0, 1e6, false, false },
	[TIME] = { "time_s", 0, 3e9, false, false },
	[G] = { "g_us", -1e6, 1.25e6, false, false },
	[PULSE] = { "pulse", 0, 1e6, true, true },
};

/**
 * struct reading - a text being read
 * @name: stands for it in texts
 * @line: number of the line, from 1
 * @at: column of the file that holds each of ours; NONE
 * @fields: columns of the file
 * @csv: readings
 * @error: for the reason of a failure
 * @bytes: its size
 */
struct reading {
	const char *name;
	unsigned long line;
	unsigned int at[COLUMNS];
	unsigned int fields;
	struct csv *csv;
	char *error;
	size_t bytes;
};

/* Fields of a line, cut out of it. */
struct fields {
	char text[FIELDS][FIELD];
	unsigned int count;
};

static int bad(const struct reading *r, const char *column, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int bad(const struct reading *r, const char *column, const char *format, ...)
{
	char reason[192];
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	snprintf(r->error, r->bytes, "%s:%lu: %s%s%s", r->name, r->line, column, *column ? ": " : "", reason);
	return -1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Field @text of @n characters without blanks and quotes around it. */
static int cut(const struct reading *r, const char *text, size_t n, struct fields *f)
{
	char column[24];
	size_t i;

	snprintf(column, sizeof(column), "column %u", f->count + 1);
	if (f->count == FIELDS)
		return bad(r, "", "more than %d columns", FIELDS);
	for (; n && is_blank(*text); n--)
		text++;
	while (n && is_blank(text[n - 1]))
		n--;
	if (n > 1 && *text == '"' && text[n - 1] == '"') {
		text++;
		n -= 2;
	}
	if (n >= FIELD)
		return bad(r, column, "longer than %d characters", FIELD - 1);
	for (i = 0; i < n; i++)
		if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] >= 0x7f || text[i] == '"')
			return bad(r, column, "holds a character that is none of a number or name");
	memcpy(f->text[f->count], text, n);
	f->text[f->count++][n] = '\0';
	return 0;
}

static int split(const struct reading *r, const char *line, size_t n, struct fields *f)
{
	const char *end = line + n, *comma;
	int ret = 0;

	f->count = 0;
	while (!ret) {
		comma = memchr(line, ',', (size_t)(end - line));
		ret = cut(r, line, (size_t)((comma ? comma : end) - line), f);
		if (!comma)
			break;
		line = comma + 1;
	}
	return ret;
}

static int read_header(struct reading *r, const struct fields *f)
{
	unsigned int i, c;

	for (c = 0; c < COLUMNS; c++)
		r->at[c] = NONE;
	for (i = 0; i < f->count; i++) {
		for (c = 0; c < COLUMNS && strcmp(columns[c].name, f->text[i]); c++)
			;
		if (c == COLUMNS)
			return bad(r, f->text[i], "no such column; there are cell, target_us, time_s, g_us, pulse");
		if (r->at[c] != NONE)
			return bad(r, f->text[i], "stands twice");
		r->at[c] = i;
	}
	for (c = 0; c < COLUMNS; c++)
		if (r->at[c] == NONE && !columns[c].optional)
			return bad(r, columns[c].name, "the column is missing");
	r->fields = f->count;
	return 0;
}

static int read_number(const struct reading *r, unsigned int c, const char *text, double *value)
{
	char *end;

	if (!*text)
		return bad(r, columns[c].name, "is empty");
	*value = strspn(text, "0123456789+-.eE") == strlen(text) ? strtod(text, &end) : NAN;
	if (isnan(*value) || *end)
		return bad(r, columns[c].name, "%s is not a decimal number", text);
	if (!(*value >= columns[c].low && *value <= columns[c].high))
		return bad(r, columns[c].name, "%s is out of range: %.10g to %.10g", text, columns[c].low, columns[c].high);
	if (columns[c].integer && *value != floor(*value))
		return bad(r, columns[c].name, "%s is not an integer", text);
	return 0;
}

static int add_row(struct reading *r, const double *value)
{
	struct csv *csv = r->csv;

	if (csv->count == CSV_ROWS)
		return bad(r, "", "more than %u readings in all", CSV_ROWS);
	if (csv->count == csv->room) {
		size_t room = csv->room ? 2 * csv->room : 1024;
		struct csv_row *more = realloc(csv->rows, room * sizeof(*more));

		if (!more)
			return bad(r, "", "out of memory");
		csv->rows = more;
		csv->room = room;
	}
	csv->rows[csv->count++] = (struct csv_row){
		.cell = (uint32_t)value[CELL],
		.pulses = r->at[PULSE] == NONE ? -1 : (int32_t)value[PULSE],
		.target_us = (float)value[TARGET],
		.g_us = (float)value[G],
		.time_s = value[TIME],
	};
	return 0;
}

static int read_row(struct reading *r, const struct fields *f)
{
	double value[COLUMNS] = { 0 };
	unsigned int c;
	int ret = 0;

	if (f->count != r->fields)
		return bad(r, "", "%u columns, the header has %u", f->count, r->fields);
	for (c = 0; c < COLUMNS && !ret; c++)
		if (r->at[c] != NONE)
			ret = read_number(r, c, f->text[r->at[c]], &value[c]);
	return ret ? ret : add_row(r, value);
}

static int read_line(struct reading *r, const char *line, size_t n)
{
	struct fields f;
	size_t i;

	if (n && line[n - 1] == '\r')
		n--;
	for (i = 0; i < n && is_blank(line[i]); i++)
		;
	if (i == n || line[i] == '#')
		return 0;
	if (split(r, line, n, &f))
		return -1;
	return r->fields ? read_row(r, &f) : read_header(r, &f);
}

int csv_parse(const char *data, size_t size, const char *name, struct csv *csv, char *error, size_t bytes)
{
	struct reading r = { .name = name, .csv = csv, .error = error, .bytes = bytes };
	const char *end = data + size, *next;
	size_t before = csv->count;

	if (size >= 3 && !memcmp(data, "\xef\xbb\xbf", 3))	/* byte order mark */
		data += 3;
	for (; data < end; data = next + 1) {
		next = memchr(data, '\n', (size_t)(end - data));
		next = next ? next : end;
		r.line++;
		if (read_line(&r, data, (size_t)(next - data)))
			return -1;
		if (next == end)
			break;
	}
	if (!r.fields)
		return bad(&r, "", "no header line: cell,target_us,time_s,g_us");
	return csv->count > before ? 0 : bad(&r, "", "no reading");
}

static int cannot_read(const char *path, const char *why, char *error, size_t bytes)
{
	snprintf(error, bytes, "%s: %s", path, why);
	return -1;
}

static int read_whole(FILE *f, const char *path, char **data, size_t *size, char *error, size_t bytes)
{
	size_t room = 0, n;

	do {
		char *more;

		if (*size > CSV_BYTES)
			return cannot_read(path, "longer than 256 MiB", error, bytes);
		room = room ? 2 * room : 65536;
		more = realloc(*data, room);
		if (!more)
			return cannot_read(path, "out of memory", error, bytes);
		*data = more;
		n = fread(*data + *size, 1, room - *size, f);
		*size += n;
	} while (*size == room);
	return ferror(f) ? cannot_read(path, strerror(errno), error, bytes) : 0;
}

int csv_read(const char *path, struct csv *csv, char *error, size_t bytes)
{
	FILE *f = fopen(path, "rbe");
	char *data = NULL;
	size_t size = 0;
	int ret;

	if (!f)
		return cannot_read(path, strerror(errno), error, bytes);
	ret = read_whole(f, path, &data, &size, error, bytes);
	fclose(f);
	if (!ret)
		ret = csv_parse(data, size, path, csv, error, bytes);
	free(data);
	return ret;
}

void csv_free(struct csv *csv)
{
	free(csv->rows);
	*csv = (struct csv){ 0 };
}
