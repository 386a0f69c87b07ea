// SPDX-License-Identifier: MIT
/*
 * The URI of an in-process card: "CLASSES?tiles=T&seed=S&threads=N&rows=R&cols=C&simd=on|off".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "libnmc/device/sim.h"
#include "libnmc/error.h"

static int number(const char *spec, const char *value, size_t length, uint64_t limit, uint64_t *out)
{
	char text[24], *end;

	if (!length || length >= sizeof(text) || value[0] < '0' || value[0] > '9')
		return fail(-EINVAL, "sim:%.128s: \"%.*s\" is not a number", spec, (int)length, value);
	memcpy(text, value, length);
	text[length] = 0;
	errno = 0;
	*out = strtoull(text, &end, 0);
	if (*end || errno || *out > limit)
		return fail(-EINVAL, "sim:%.128s: \"%s\" is not a number up to %llu", spec, text, (unsigned long long)limit);
	return 0;
}

static int set_option(const char *spec, const char *key, size_t key_length, const char *value, size_t length,
		      struct card_options *o)
{
	const struct {
		const char *key;
		unsigned int *to;
	} numbers[] = {
		{ "tiles", &o->tiles }, { "threads", &o->threads }, { "rows", &o->rows }, { "cols", &o->cols },
		{ "engines", &o->engines },
	};
	uint64_t n = 0;
	size_t i;
	int ret;

	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		if (strlen(numbers[i].key) != key_length || memcmp(numbers[i].key, key, key_length))
			continue;
		ret = number(spec, value, length, UINT32_MAX, &n);
		if (ret)
			return ret;
		if (!n)
			return fail(-EINVAL, "sim:%.128s: %s must be at least 1", spec, numbers[i].key);
		*numbers[i].to = (unsigned int)n;
		return 0;
	}
	if (key_length == 4 && !memcmp(key, "seed", 4))
		return number(spec, value, length, UINT64_MAX, &o->seed);
	if (key_length == 4 && !memcmp(key, "simd", 4) && length == 3 && !memcmp(value, "off", 3)) {
		o->plain_c = true;
		return 0;
	}
	if (key_length == 4 && !memcmp(key, "simd", 4) && length == 2 && !memcmp(value, "on", 2))
		return 0;
	return fail(-EINVAL, "sim:%.128s: option \"%.*s=%.*s\" is unknown; tiles, seed, threads, rows, cols, engines and simd=on|off are",
		    spec, (int)key_length, key, (int)length, value);
}

int sim_parse(const char *spec, struct card_options *options, char *classes, size_t bytes)
{
	size_t length = strcspn(spec, "?");
	const char *at = spec + length;

	memset(options, 0, sizeof(*options));
	if (length >= bytes)
		return fail(-EINVAL, "sim:%.64s...: the list of tile classes has %zu characters, at most %zu are taken", spec, length, bytes - 1);
	memcpy(classes, spec, length);
	classes[length] = 0;
	options->classes = length ? classes : NULL;
	while (*at) {
		const char *key = at + 1, *value;
		size_t whole = strcspn(key, "&"), key_length = strcspn(key, "=");
		int ret;

		if (key_length >= whole)
			return fail(-EINVAL, "sim:%.128s: \"%.*s\" is not of the form key=value", spec, (int)whole, key);
		value = key + key_length + 1;
		ret = set_option(spec, key, key_length, value, whole - key_length - 1, options);
		if (ret)
			return ret;
		at = key + whole;
	}
	return 0;
}
