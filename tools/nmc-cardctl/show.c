// SPDX-License-Identifier: MIT
/*
 * Answers of the card as a person reads them.
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include "nmc-cardctl/cardctl.h"

void cardctl_json(struct json_object *answer)
{
	puts(json_object_to_json_string_ext(answer, JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE));
}

static struct json_object *field(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(o, key, &value);
	return value;
}

static uint64_t number(struct json_object *o, const char *key)
{
	return json_object_get_uint64(field(o, key));
}

static const char *duration(uint64_t ns, char *text, size_t bytes)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = { { "y", 31536000e9 }, { "d", 86400e9 }, { "h", 3600e9 }, { "min", 60e9 }, { "s", 1e9 }, { "ms", 1e6 },
		      { "us", 1e3 }, { "ns", 1 } };
	unsigned int i = 0;

	while (i + 1 < sizeof(units) / sizeof(*units) && (double)ns < units[i].ns)
		i++;
	snprintf(text, bytes, "%.4g %s", (double)ns / units[i].ns, units[i].name);
	return text;
}

static void show_status(struct json_object *o)
{
	struct json_object *sets = field(o, "sets"), *faults = field(o, "faults"), *state = field(o, "state");
	char text[32];
	size_t i;

	printf("temperature  %.6g C\n", json_object_get_double(field(o, "temperature_c")));
	printf("tiles        %" PRIu64 " of %" PRIu64 " in use, %" PRIu64 " incomplete\n", number(o, "tiles_used"),
	       number(o, "tiles"), number(o, "tiles_incomplete"));
	printf("memory       %.1f MiB of cells\n", (double)number(o, "memory_bytes") / 1048576.0);
	if (json_object_is_type(state, json_type_string))
		printf("state file   %s\n", json_object_get_string(state));
	for (i = 0; i < json_object_array_length(sets); i++) {
		struct json_object *s = json_object_array_get_idx(sets, i);

		printf("set %-8" PRIu64 " %" PRIu64 " tiles, %" PRIu64 " incomplete, card time %s\n", number(s, "set"),
		       number(s, "tiles"), number(s, "incomplete"), duration(number(s, "time_ns"), text, sizeof(text)));
	}
	for (i = 0; faults && i < json_object_array_length(faults); i++)
		printf("fault        %s\n", json_object_get_string(json_object_array_get_idx(faults, i)));
}

static void show_counters(struct json_object *o)
{
	struct json_object *queues = field(o, "queues");
	size_t i;

	printf("queue       jobs  doorbells  interrupts  mmio reads  mmio writes  busy (card time)\n");
	for (i = 0; i < json_object_array_length(queues); i++) {
		struct json_object *q = json_object_array_get_idx(queues, i);
		char text[32];

		printf("%5" PRIu64 " %10" PRIu64 " %10" PRIu64 " %11" PRIu64 " %11" PRIu64 " %12" PRIu64 "  %s\n",
		       number(q, "queue"), number(q, "jobs"), number(q, "doorbells"), number(q, "interrupts"),
		       number(q, "mmio_reads"), number(q, "mmio_writes"),
		       duration(number(q, "modelled_busy_ns"), text, sizeof(text)));
	}
}

void cardctl_show(const char *command, struct json_object *answer)
{
	char text[32];

	if (!strcmp(command, "status")) {
		show_status(answer);
		return;
	}
	if (!strcmp(command, "counters")) {
		show_counters(answer);
		return;
	}
	if (!strcmp(command, "age")) {
		printf("aged by %s\n", duration(number(answer, "aged_ns"), text, sizeof(text)));
		return;
	}
	json_object_object_foreach(answer, key, value)
		printf("%s: %s\n", key, json_object_get_string(value));
}
