// SPDX-License-Identifier: MIT
/*
 * Commands of the control socket: counters, time, temperature, faults, status. A command is a line of words; its answer is
 * one JSON object.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "common/duration.h"
#include "fault.h"

#define KELVIN_0C	273.15

static struct json_object *refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

static struct json_object *refuse(const char *format, ...)
{
	struct json_object *o = json_object_new_object();
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	json_object_object_add(o, "error", json_object_new_string(text));
	return o;
}

static void add_number(struct json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_uint64(value));
}

static void add_real(struct json_object *o, const char *key, double value)
{
	char text[40];

	snprintf(text, sizeof(text), "%.9g", value);
	json_object_object_add(o, key, json_object_new_double_s(value, text));
}

static const char *const faults[] = {
	[CARD_FAULT_NONE] = "none",
	[CARD_FAULT_ALL_ONES] = "all-ones",
	[CARD_FAULT_HANG_FIRMWARE] = "hang-firmware",
	[CARD_FAULT_HANG_QUEUES] = "hang-queues",
	[CARD_FAULT_CORRUPT_COMPLETION] = "corrupt-completion",
	[CARD_FAULT_FATAL] = "fatal",
};

static struct json_object *queue_json(unsigned int queue, const struct nmc_queue_log *log)
{
	const struct {
		const char *key;
		uint64_t value;
	} fields[] = {
		{ "generation", log->generation }, { "jobs", log->jobs }, { "doorbells", log->doorbells },
		{ "interrupts", log->interrupts }, { "wall_busy_ns", log->wall_busy_ns },
		{ "modelled_busy_ns", log->modelled_busy_ns }, { "mmio_reads", log->mmio_reads },
		{ "mmio_writes", log->mmio_writes }, { "heartbeat_reads", log->heartbeat_reads },
	};
	struct json_object *o = json_object_new_object();
	size_t i;

	json_object_object_add(o, "queue", json_object_new_int((int)queue));
	for (i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		json_object_object_add(o, fields[i].key, json_object_new_uint64(fields[i].value));
	return o;
}

static struct json_object *counters(struct command_card *c, const char *arguments)
{
	struct json_object *o = json_object_new_object(), *queues = json_object_new_array();
	unsigned int i;

	(void)arguments;
	for (i = 0; i <= NMC_MAX_QUEUES; i++) {
		struct nmc_queue_log log;

		if (!card_server_counters(c->server, i, &log))
			json_object_array_add(queues, queue_json(i, &log));
	}
	json_object_object_add(o, "schema", json_object_new_int(1));
	json_object_object_add(o, "queues", queues);
	return o;
}

static struct json_object *faulty(const char *text)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "fault", json_object_new_string(text));
	return o;
}

/* A fault of cells, a column or a tile. */
static struct json_object *inject_device(struct command_card *c, const char *arguments)
{
	struct card_device_fault fault;
	char words[512], error[256] = "";
	int ret;

	if (snprintf(words, sizeof(words), "%s", arguments) >= (int)sizeof(words))
		return refuse("fault: too long");
	ret = fault_parse(words, &fault, error, sizeof(error));
	if (ret == -ENOENT)
		return refuse("fault: none, all-ones, hang-firmware, hang-queues, corrupt-completion or fatal of the "
			      "endpoint; stuck-low, stuck-high, dead, drift or noise of cells, column, tile, and clear for these");
	if (!ret)
		ret = card_inject(c->card, &fault, error, sizeof(error));
	if (ret)
		return refuse("%s", error);
	fault_text(&fault, words, sizeof(words));
	return faulty(words);
}

static struct json_object *inject(struct command_card *c, const char *arguments)
{
	unsigned int i;

	for (i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		if (strcmp(faults[i], arguments))
			continue;
		card_server_inject(c->server, (enum card_fault)i);
		return faulty(arguments);
	}
	if (strcmp(arguments, "clear"))
		return inject_device(c, arguments);
	card_inject_clear(c->card);
	return faulty(arguments);
}

/* The whole card, each tile set at the end of the job that executes on it. */
static struct json_object *age(struct command_card *c, const char *arguments)
{
	struct json_object *o;
	uint64_t ns;
	int ret = duration_parse(arguments, strlen(arguments), &ns);

	if (ret)
		return refuse("age: a time such as 90s, 1h, 30d or 1y is needed, at most 100y");
	card_age(c->card, ns);
	o = json_object_new_object();
	add_number(o, "aged_ns", ns);
	return o;
}

/* Degrees Celsius, with or without the letter. */
static struct json_object *temperature(struct command_card *c, const char *arguments)
{
	struct json_object *o;
	char *end;
	double celsius = strtod(arguments, &end);

	end += *end == 'C';
	if (end == arguments || *end)
		return refuse("temperature: degrees Celsius are needed, as 85 or 85C");
	if (!(celsius >= 200 - KELVIN_0C && celsius <= 500 - KELVIN_0C))
		return refuse("temperature: -73.15 to 226.85 degrees Celsius");
	card_temperature(c->card, (float)(celsius + KELVIN_0C));
	o = json_object_new_object();
	add_real(o, "temperature_c", celsius);
	return o;
}

static struct json_object *sets_json(const struct command_card *c)
{
	struct json_object *sets = json_object_new_array();
	struct card_set_status s;
	uint32_t i;

	for (i = 1; i <= NMC_MAX_TILESETS; i++) {
		struct json_object *o;

		if (card_set_status(c->card, i, &s))
			continue;
		o = json_object_new_object();
		add_number(o, "set", i);
		add_number(o, "tiles", s.tiles);
		add_number(o, "incomplete", s.incomplete);
		add_number(o, "time_ns", s.time_ns);
		json_object_array_add(sets, o);
	}
	return sets;
}

static struct json_object *faults_json(const struct command_card *c)
{
	struct json_object *list = json_object_new_array();
	struct card_device_fault fault;
	unsigned int i;
	char text[256];

	for (i = 0; !card_injected(c->card, i, &fault); i++) {
		fault_text(&fault, text, sizeof(text));
		json_object_array_add(list, json_object_new_string(text));
	}
	return list;
}

static struct json_object *status(struct command_card *c, const char *arguments)
{
	struct json_object *o = json_object_new_object();
	struct card_status s;

	(void)arguments;
	card_status(c->card, &s);
	json_object_object_add(o, "schema", json_object_new_int(1));
	add_real(o, "temperature_c", (double)s.kelvin - KELVIN_0C);
	add_number(o, "tiles", s.tiles);
	add_number(o, "tiles_used", s.used);
	add_number(o, "tiles_incomplete", s.incomplete);
	add_number(o, "memory_bytes", s.memory);
	json_object_object_add(o, "state", c->state ? json_object_new_string(c->state) : NULL);
	json_object_object_add(o, "sets", sets_json(c));
	json_object_object_add(o, "faults", faults_json(c));
	return o;
}

static struct json_object *file_json(const char *key, const char *path)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, key, json_object_new_string(path));
	return o;
}

static struct json_object *save(struct command_card *c, const char *arguments)
{
	const char *path = *arguments ? arguments : c->state;
	char error[512] = "";

	if (!path)
		return refuse("save: where? the card runs without --state FILE");
	if (card_save(c->card, path, error, sizeof(error)))
		return refuse("save: %s", error);
	return file_json("saved", path);
}

static struct json_object *load(struct command_card *c, const char *arguments)
{
	char error[512] = "";

	if (card_load(c->card, arguments, error, sizeof(error)))
		return refuse("load: %s", error);
	return file_json("loaded", arguments);
}

/* The host sees a card that is gone, and not one completion more. */
static struct json_object *power_loss(struct command_card *c, const char *arguments)
{
	char error[512] = "";

	(void)arguments;
	card_server_inject(c->server, CARD_FAULT_ALL_ONES);
	c->power_lost = true;
	if (card_power_loss(c->card, c->state, error, sizeof(error)))
		return refuse("power-loss: %s", error);
	return file_json("power_lost", c->state ? c->state : "");
}

/**
 * struct command - a command
 * @name: first word
 * @takes: whether it needs words after that
 * @carry_out: given those
 */
static const struct command {
	const char *name;
	enum { NOTHING, SOMETHING, EITHER } takes;
	struct json_object *(*carry_out)(struct command_card *c, const char *arguments);
} commands[] = {
	{ "counters", NOTHING, counters },
	{ "status", NOTHING, status },
	{ "age", SOMETHING, age },
	{ "temperature", SOMETHING, temperature },
	{ "save", EITHER, save },
	{ "load", SOMETHING, load },
	{ "power-loss", NOTHING, power_loss },
	{ "fault", SOMETHING, inject },
};

struct json_object *command_carry_out(struct command_card *c, const char *line)
{
	size_t i, word = strcspn(line, " ");
	const char *rest = line + word + strspn(line + word, " ");
	char known[512] = "";

	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		const struct command *k = &commands[i];

		if (i)
			strcat(known, i + 1 < sizeof(commands) / sizeof(*commands) ? ", " : " and ");
		strcat(known, k->name);
		if (strlen(k->name) != word || memcmp(k->name, line, word))
			continue;
		if (k->takes != EITHER && (k->takes == SOMETHING) == !*rest)
			return refuse(*rest ? "%s takes nothing" : "%s: what? nothing follows", k->name);
		return k->carry_out(c, rest);
	}
	return refuse("unknown command; %s are known", known);
}
