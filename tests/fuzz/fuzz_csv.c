// SPDX-License-Identifier: MIT
/*
 * Fuzz target: any bytes as CSV of measurements. They are refused with a text, or every reading is finite and in range.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "nmc-deck/csv.h"

#define CHECK(condition) do { if (!(condition)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[256] = "", *exact = malloc(size ? size : 1);
	struct csv csv = { 0 };
	size_t i;
	int ret;

	if (!exact)
		return 0;
	memcpy(exact, data, size);
	ret = csv_parse(exact, size, "fuzz", &csv, error, sizeof(error));
	free(exact);
	if (ret)
		CHECK(!strncmp(error, "fuzz:", 5) && error[5]);
	else
		CHECK(csv.count);
	for (i = 0; i < csv.count; i++) {
		const struct csv_row *row = &csv.rows[i];

		CHECK(row->target_us >= 0 && row->target_us <= 1e6f && row->time_s >= 0 && row->time_s <= 3e9);
		CHECK(isfinite(row->g_us) && row->pulses >= -1 && row->pulses <= 1000000);
	}
	csv_free(&csv);
	return 0;
}
