// SPDX-License-Identifier: MIT
/*
 * Hostile IDX files, as they stand after unpacking.
 */
#include <stdlib.h>
#include "common/vectors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *body;
	uint64_t dim[8], all = 1;
	char error[64];
	int dims = idx_parse(data, size, "fuzz", 1, 8, dim, &body, error, sizeof(error)), i;

	for (i = 0; i < dims; i++)
		all *= dim[i];
	if (dims > 0 && (body < data || body + all != data + size || idx_bound(data, size) != size))
		abort();
	return 0;
}
