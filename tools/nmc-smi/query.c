// SPDX-License-Identifier: MIT
/*
 * What nmc-smi gives to programs: fields as CSV, everything as JSON.
 */
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "nmc-smi/smi.h"

/**
 * struct field - one value of a card
 * @name: for --query
 * @unit: unit, empty for none
 * @value: the value; NULL if it is not available
 */
struct field {
	const char *name;
	const char *unit;
	struct json_object *(*value)(const struct smi_card *c);
};

static struct json_object *text(const char *t)
{
	return *t ? json_object_new_string(t) : NULL;
}

#define COUNT(name, expression) \
	static struct json_object *field_##name(const struct smi_card *c) \
	{ \
		return json_object_new_uint64(expression); \
	}
#define TEXT(name, expression) \
	static struct json_object *field_##name(const struct smi_card *c) \
	{ \
		return text(expression); \
	}

COUNT(index, c->index)
TEXT(uri, c->uri)
TEXT(name, c->info.name)
TEXT(pci, c->info.pci)
TEXT(firmware, c->info.firmware)
TEXT(driver, c->info.driver)
COUNT(tiles_total, c->info.tiles)
COUNT(tiles_free, smi_free(c))
COUNT(tiles_used, c->info.tiles - smi_free(c))
COUNT(tiles_retired, c->health.tiles_by_status[NMC_TILE_STATUS_RETIRED])
COUNT(uptime, c->health.uptime_ms)
COUNT(busy_wall, c->health.wall_busy_ns)
COUNT(busy_modelled, c->health.modelled_busy_ns)
COUNT(jobs, c->health.jobs)
COUNT(faults, c->health.faults)
COUNT(errors, c->health.errors)
COUNT(macs, c->health.macs)
COUNT(conversions, c->health.conversions)
COUNT(clips, c->health.clips)
COUNT(pulses, c->health.pulses)
COUNT(processes, (uint64_t)c->clients)

/* As text: it may not fit into the numbers that readers of JSON have. */
static struct json_object *field_serial(const struct smi_card *c)
{
	char serial[17];

	snprintf(serial, sizeof(serial), "%016llx", (unsigned long long)c->info.serial);
	return json_object_new_string(serial);
}

static struct json_object *field_temperature(const struct smi_card *c)
{
	return isnan(c->health.temperature_c) ? NULL : json_object_new_double((double)c->health.temperature_c);
}

static struct json_object *field_energy(const struct smi_card *c)
{
	return json_object_new_double(c->health.energy_j);
}

static const struct field fields[] = {
	{ "index", "", field_index }, { "uri", "", field_uri }, { "name", "", field_name }, { "pci", "", field_pci },
	{ "serial", "", field_serial }, { "firmware", "", field_firmware }, { "driver", "", field_driver },
	{ "tiles.total", "", field_tiles_total }, { "tiles.used", "", field_tiles_used },
	{ "tiles.free", "", field_tiles_free }, { "tiles.retired", "", field_tiles_retired },
	{ "temperature", "C", field_temperature }, { "uptime", "ms", field_uptime },
	{ "busy.wall", "ns", field_busy_wall }, { "busy.modelled", "ns", field_busy_modelled },
	{ "energy.modelled", "J", field_energy }, { "jobs", "", field_jobs }, { "faults", "", field_faults },
	{ "errors", "", field_errors }, { "macs", "", field_macs }, { "conversions", "", field_conversions },
	{ "clips", "", field_clips }, { "pulses", "", field_pulses }, { "processes", "", field_processes },
};
#define FIELDS (sizeof(fields) / sizeof(*fields))

void show_fields(void)
{
	size_t i;

	for (i = 0; i < FIELDS; i++)
		printf("%s%s%s%s\n", fields[i].name, *fields[i].unit ? " [" : "", fields[i].unit,
		       *fields[i].unit ? "]" : "");
}

static const struct field *find_field(const char *name, size_t length)
{
	size_t i;

	for (i = 0; i < FIELDS; i++)
		if (strlen(fields[i].name) == length && !memcmp(fields[i].name, name, length))
			return &fields[i];
	return NULL;
}

static int parse_fields(const char *list, const struct field **to, size_t *count)
{
	for (*count = 0; *list; list += strspn(list, ", ")) {
		size_t length = strcspn(list, ", ");
		const struct field *f = find_field(list, length);

		if (!f || *count == 64) {
			fprintf(stderr, "nmc-smi: --query: \"%.*s\" is not a field; see nmc-smi --help-query\n",
				(int)length, list);
			return -1;
		}
		to[(*count)++] = f;
		list += length;
	}
	if (!*count)
		fprintf(stderr, "nmc-smi: --query: no field; see nmc-smi --help-query\n");
	return *count ? 0 : -1;
}

static void print_value(const struct smi_card *c, const struct field *f, bool units)
{
	struct json_object *v = *c->error && f->value != field_index && f->value != field_uri ? NULL : f->value(c);

	printf("%s%s%s", v ? json_object_get_string(v) : "N/A", v && units && *f->unit ? " " : "",
	       v && units ? f->unit : "");
	json_object_put(v);
}

/* "csv", then "noheader" and "nounits" in any order. */
static int parse_format(const char *format, bool *header, bool *units)
{
	const char *at = format;
	bool csv = false;

	for (*header = *units = true;; at++) {
		size_t length = strcspn(at, ",");

		if (length == 3 && !memcmp(at, "csv", 3)) {
			csv = true;
		} else if (length == 8 && !memcmp(at, "noheader", 8)) {
			*header = false;
		} else if (length == 7 && !memcmp(at, "nounits", 7)) {
			*units = false;
		} else {
			csv = false;
			break;
		}
		at += length;
		if (!*at)
			break;
	}
	if (!csv)
		fprintf(stderr, "nmc-smi: --format %s: csv[,noheader][,nounits] is known\n", format);
	return csv ? 0 : -1;
}

int check_query(const char *list, const char *format)
{
	const struct field *wanted[64];
	bool header, units;
	size_t n;

	return parse_format(format, &header, &units) || parse_fields(list, wanted, &n) ? -1 : 0;
}

int show_query(const struct smi *s, const char *list, const char *format, bool again)
{
	const struct field *wanted[64];
	bool header, units;
	size_t n, i, k;

	if (parse_format(format, &header, &units))
		return -1;
	header = header && !again;
	if (parse_fields(list, wanted, &n))
		return -1;
	for (i = 0; header && i < n; i++)
		printf("%s%s%s%s%s", wanted[i]->name, *wanted[i]->unit ? " [" : "", wanted[i]->unit,
		       *wanted[i]->unit ? "]" : "", i + 1 < n ? ", " : "\n");
	for (k = 0; k < s->count; k++)
		for (i = 0; i < n; i++) {
			print_value(&s->card[k], wanted[i], units);
			fputs(i + 1 < n ? ", " : "\n", stdout);
		}
	return 0;
}

static struct json_object *class_json(const struct nmc_class_info *k)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "name", json_object_new_string(k->name));
	json_object_object_add(o, "tiles", json_object_new_uint64(k->tiles));
	json_object_object_add(o, "free", json_object_new_uint64(k->free));
	json_object_object_add(o, "retired", json_object_new_uint64(k->retired));
	json_object_object_add(o, "rows", json_object_new_uint64(k->rows));
	json_object_object_add(o, "cols", json_object_new_uint64(k->cols));
	return o;
}

static struct json_object *client_json(const struct nmc_client_info *p)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "pid", json_object_new_int(p->pid));
	json_object_object_add(o, "name", json_object_new_string(p->name));
	json_object_object_add(o, "tiles", json_object_new_uint64(p->tiles));
	json_object_object_add(o, "jobs", json_object_new_uint64(p->jobs));
	json_object_object_add(o, "busy_wall_ns", json_object_new_uint64(p->busy_ns));
	json_object_object_add(o, "memory_bytes", json_object_new_uint64(p->memory_bytes));
	return o;
}

static struct json_object *card_json(const struct smi_card *c)
{
	struct json_object *o = json_object_new_object(), *classes = json_object_new_array();
	struct json_object *processes = json_object_new_array();
	unsigned int i;
	int k;

	json_object_object_add(o, "error", text(c->error));
	for (i = 0; i < FIELDS; i++)
		json_object_object_add(o, fields[i].name, *c->error && i > 1 ? NULL : fields[i].value(c));
	for (i = 0; i < c->classes; i++)
		json_object_array_add(classes, class_json(&c->class[i]));
	for (k = 0; k < c->clients && k < SMI_MAX_CLIENTS; k++)
		json_object_array_add(processes, client_json(&c->client[k]));
	json_object_object_del(o, "processes");
	json_object_object_add(o, "classes", classes);
	json_object_object_add(o, "processes", processes);
	json_object_object_add(o, "tiles_not_visible", json_object_new_uint64(c->hidden_tiles));
	return o;
}

void show_json(const struct smi *s)
{
	struct json_object *o = json_object_new_object(), *cards = json_object_new_array();
	unsigned int i;

	for (i = 0; i < s->count; i++)
		json_object_array_add(cards, card_json(&s->card[i]));
	json_object_object_add(o, "schema", json_object_new_int(1));
	json_object_object_add(o, "version", json_object_new_string(nmc_version()));
	json_object_object_add(o, "cards", cards);
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}
