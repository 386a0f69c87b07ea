// SPDX-License-Identifier: MIT
/*
 * Durations as people write them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "common/duration.h"

static const struct {
	const char *name;
	double seconds;
} units[] = {
	{ "ns", 1e-9 }, { "us", 1e-6 }, { "ms", 1e-3 }, { "s", 1 }, { "min", 60 }, { "h", 3600 }, { "d", 86400 },
	{ "y", 31536000 },
};

int duration_parse(const char *text, size_t length, uint64_t *ns)
{
	char copy[40], *end;
	double n;
	size_t i;

	if (!length || length >= sizeof(copy) || (*text != '.' && (*text < '0' || *text > '9')))
		return -EINVAL;
	memcpy(copy, text, length);
	copy[length] = 0;
	n = strtod(copy, &end);
	for (i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (strcmp(end, units[i].name))
			continue;
		n *= units[i].seconds * 1e9;
		if (!(n >= 0 && n <= DURATION_MAX_NS))
			return -ERANGE;
		*ns = (uint64_t)(n + 0.5);
		return 0;
	}
	return -EINVAL;
}
