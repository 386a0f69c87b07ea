/* SPDX-License-Identifier: MIT */
/*
 * Measurements of cells as CSV: a header line with the columns cell, target_us, time_s, g_us and, if wanted, pulse, in
 * any order; then a line a reading. Empty lines and lines that begin with # are passed over.
 */
#ifndef NMC_CSV_H
#define NMC_CSV_H

#include <stddef.h>
#include <stdint.h>

#define CSV_BYTES	(256u << 20)	/* longest file */
#define CSV_ROWS	4000000u	/* most readings */

/**
 * struct csv_row - a reading
 * @cell: number of the cell
 * @pulses: pulses that its programming took; -1 if not stated
 * @target_us: what it was programmed to, microsiemens
 * @g_us: what was read
 * @time_s: after the last pulse; 0 is the verify read
 */
struct csv_row {
	uint32_t cell;
	int32_t pulses;
	float target_us;
	float g_us;
	double time_s;
};

/**
 * struct csv - readings, in the order of the files
 * @rows: the readings
 * @count: how many
 * @room: room in @rows
 */
struct csv {
	struct csv_row *rows;
	size_t count;
	size_t room;
};

/**
 * csv_parse() - adds the readings of a text
 * @data: the text
 * @size: its length
 * @name: stands for it in the error text
 * @csv: added to; to be given to csv_free()
 * @error: filled on failure with "FILE:LINE: COLUMN: reason"
 * @bytes: its size
 *
 * Return: 0 or -1.
 */
int csv_parse(const char *data, size_t size, const char *name, struct csv *csv, char *error, size_t bytes);

/* The same from a file. */
int csv_read(const char *path, struct csv *csv, char *error, size_t bytes);

void csv_free(struct csv *csv);

#endif
