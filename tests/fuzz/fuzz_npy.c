// SPDX-License-Identifier: MIT
/*
 * Hostile NPY files.
 */
#include <stdlib.h>
#include "common/vectors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vectors v;
	char error[64];
	volatile float last;

	if (npy_parse(data, size, "fuzz", &v, error, sizeof(error)))
		return 0;
	if (!v.count || !v.width || v.count * v.width > size || npy_bound(data, size) != size)
		abort();
	last = v.values[v.count * v.width - 1];
	(void)last;
	free(v.values);
	return 0;
}
