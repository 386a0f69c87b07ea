// SPDX-License-Identifier: MIT
/*
 * Structures that begin with their size.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include "libnmc/error.h"
#include "libnmc/sized.h"

static int copy(void *to, const void *from, uint32_t theirs, size_t ours, const char *what)
{
	const size_t head = sizeof(theirs);

	if (theirs <= head)
		return fail(-EINVAL, "%s: size is not set; begin with its NMC_*_INIT", what);
	memcpy((uint8_t *)to + head, (const uint8_t *)from + head, (theirs < ours ? theirs : ours) - head);
	return 0;
}

int give(void *theirs, const void *ours, size_t bytes, const char *what)
{
	uint32_t size;

	memcpy(&size, theirs, sizeof(size));
	return copy(theirs, ours, size, bytes, what);
}

int take(void *ours, const void *theirs, size_t bytes, const char *what)
{
	uint32_t size;

	memcpy(&size, theirs, sizeof(size));
	return copy(ours, theirs, size, bytes, what);
}
