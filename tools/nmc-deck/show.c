// SPDX-License-Identifier: MIT
/*
 * What decks there are, what they may say, and whether they are good.
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include "nmc-deck/nmc-deck.h"

static void add_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, text && *text ? json_object_new_string(text) : NULL);
}

static void add_number(struct json_object *o, const char *key, double x)
{
	json_object_object_add(o, key, json_object_new_double(x));
}

static int put_json(struct json_object *o)
{
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
	return 0;
}

static struct json_object *new_report(const char *key, struct json_object *array)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "schema", json_object_new_int(1));
	json_object_object_add(o, key, array);
	return o;
}

static struct json_object *info_json(const struct nmc_deck_info *info)
{
	struct json_object *o = json_object_new_object();

	add_text(o, "name", info->name);
	add_text(o, "title", info->title);
	add_text(o, "source", info->source);
	add_text(o, "technology", info->technology);
	add_text(o, "response", info->response);
	add_text(o, "ageing", info->ageing);
	json_object_object_add(o, "volatile", json_object_new_boolean(info->leaks));
	json_object_object_add(o, "levels", info->levels ? json_object_new_int((int)info->levels) : NULL);
	add_number(o, "gmin_us", (double)info->gmin_us);
	add_number(o, "gmax_us", (double)info->gmax_us);
	return o;
}

static void info_line(const struct nmc_deck_info *info)
{
	char range[32], levels[16] = "analog";

	snprintf(range, sizeof(range), "%.4g - %.4g", (double)info->gmin_us, (double)info->gmax_us);
	if (info->levels)
		snprintf(levels, sizeof(levels), "%u", info->levels);
	printf("%-11s %-10s %-15s %-7s %-12s %-8s %s\n", info->name, info->technology, range, levels, info->response,
	       info->leaks ? "leaks" : info->ageing, info->title);
}

int run_list(const struct tool *t)
{
	struct json_object *array = t->json ? json_object_new_array() : NULL;
	const char *name;
	unsigned int i;

	if (!t->json)
		printf("%-11s %-10s %-15s %-7s %-12s %-8s %s\n", "NAME", "TECHNOLOGY", "RANGE (uS)", "LEVELS", "PULSES",
		       "AGEING", "TITLE");
	for (i = 0; (name = nmc_deck_shipped(i)); i++) {
		struct nmc_deck_info info = NMC_DECK_INFO_INIT;
		struct nmc_deck *deck;

		if (nmc_deck_load(name, &deck))
			return tool_fail(EXIT_FAILURE, "%s", nmc_last_error());
		nmc_deck_info(deck, &info);
		nmc_deck_destroy(deck);
		if (t->json)
			json_object_array_add(array, info_json(&info));
		else
			info_line(&info);
	}
	return t->json ? put_json(new_report("decks", array)) : 0;
}

int run_show(const struct tool *t)
{
	const char *text = nmc_deck_text(t->operands[0]);

	if (!text)
		return tool_fail(EXIT_INPUT, "%s; nmc-deck list shows those that are", nmc_last_error());
	fputs(text, stdout);
	return 0;
}

static void value_text(const struct nmc_deck_key *k, double value, char *text, size_t bytes)
{
	snprintf(text, bytes, "%.7g%s%s", value, *k->unit ? " " : "", k->unit);
}

static bool has_range(const struct nmc_deck_key *k)
{
	return strcmp(k->kind, "word") && strcmp(k->kind, "flag");
}

static void default_text(const struct nmc_deck_key *k, char *text, size_t bytes)
{
	if (k->required)
		snprintf(text, bytes, "required");
	else if (*k->needed)
		snprintf(text, bytes, "needed by %s", k->needed);
	else if (!strcmp(k->kind, "number") || !strcmp(k->kind, "integer"))
		value_text(k, k->standard, text, bytes);
	else if (!strcmp(k->kind, "word"))
		snprintf(text, bytes, "%.*s", (int)strcspn(k->choices, ","), k->choices);
	else
		snprintf(text, bytes, "%s", strcmp(k->kind, "flag") ? "none" : "false");
}

static void key_text(const struct nmc_deck_key *k)
{
	char low[48], high[48], standard[160];

	value_text(k, k->low, low, sizeof(low));
	value_text(k, k->high, high, sizeof(high));
	default_text(k, standard, sizeof(standard));
	printf("%s\n    %s\n    %s", k->path, k->meaning, k->kind);
	if (!strcmp(k->kind, "text"))
		printf(" of %g to %g bytes", k->low, k->high);
	else if (has_range(k))
		printf(", %s to %s", low, high);
	else if (*k->choices)
		printf(": %s", k->choices);
	printf("; default: %s", standard);
	if (*k->units)
		printf("; units: %s", k->units);
	if (*k->models)
		printf("; pulse models: %s", k->models);
	putchar('\n');
}

static struct json_object *key_json(const struct nmc_deck_key *k)
{
	bool number = !strcmp(k->kind, "number") || !strcmp(k->kind, "integer");
	struct json_object *o = json_object_new_object();

	add_text(o, "key", k->path);
	add_text(o, "kind", k->kind);
	add_text(o, "unit", k->unit);
	add_text(o, "units", k->units);
	add_text(o, "choices", k->choices);
	add_text(o, "models", k->models);
	add_text(o, "needed_by", k->needed);
	json_object_object_add(o, "required", json_object_new_boolean(k->required));
	json_object_object_add(o, "low", has_range(k) ? json_object_new_double(k->low) : NULL);
	json_object_object_add(o, "high", has_range(k) ? json_object_new_double(k->high) : NULL);
	json_object_object_add(o, "default", number && !k->required ? json_object_new_double(k->standard) : NULL);
	add_text(o, "meaning", k->meaning);
	return o;
}

int run_keys(const struct tool *t)
{
	struct json_object *array = t->json ? json_object_new_array() : NULL;
	struct nmc_deck_key key = NMC_DECK_KEY_INIT;
	unsigned int i;

	for (i = 0; !nmc_deck_key(i, &key); i++) {
		if (t->json)
			json_object_array_add(array, key_json(&key));
		else
			key_text(&key);
	}
	return t->json ? put_json(new_report("keys", array)) : 0;
}

/* "FILE:LINE: KEY: reason" in its parts; a text without line or key is a reason alone. */
static struct json_object *refusal(const char *file, const char *text)
{
	struct json_object *o = json_object_new_object();
	size_t n = strlen(file), key;
	char *at;
	long line;

	add_text(o, "file", file);
	json_object_object_add(o, "ok", json_object_new_boolean(false));
	if (strncmp(text, file, n) || text[n] != ':') {
		add_text(o, "reason", text);
		return o;
	}
	text += n + 1;
	line = strtol(text, &at, 10);
	if (at == text || *at != ':') {
		add_text(o, "reason", text + strspn(text, " "));
		return o;
	}
	json_object_object_add(o, "line", json_object_new_int((int)line));
	text = at + 1 + strspn(at + 1, " ");
	key = strcspn(text, ": ");
	if (key && !strncmp(text + key, ": ", 2)) {
		json_object_object_add(o, "key", json_object_new_string_len(text, (int)key));
		text += key + 2;
	}
	add_text(o, "reason", text);
	return o;
}

static struct json_object *approval(const char *file, const struct nmc_deck_info *info)
{
	struct json_object *o = json_object_new_object();

	add_text(o, "file", file);
	json_object_object_add(o, "ok", json_object_new_boolean(true));
	json_object_object_add(o, "deck", info_json(info));
	return o;
}

/* 0 for a good deck. */
static int check_one(const struct tool *t, const char *file, struct json_object *array)
{
	struct nmc_deck_info info = NMC_DECK_INFO_INIT;
	struct nmc_deck *deck;

	if (nmc_deck_load(file, &deck)) {
		if (t->json)
			json_object_array_add(array, refusal(file, nmc_last_error()));
		else
			fprintf(stderr, "%s\n", nmc_last_error());
		return EXIT_INPUT;
	}
	nmc_deck_info(deck, &info);
	nmc_deck_destroy(deck);
	if (t->json)
		json_object_array_add(array, approval(file, &info));
	else
		printf("%s: ok: %s, %s\n", file, info.name, info.title);
	return 0;
}

int run_check(const struct tool *t)
{
	struct json_object *array = t->json ? json_object_new_array() : NULL;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < t->count; i++)
		if (check_one(t, t->operands[i], array))
			ret = EXIT_INPUT;
	if (t->json)
		put_json(new_report("files", array));
	return ret;
}

int one_deck(const struct tool *t, struct nmc_deck **deck, struct nmc_deck_info *info)
{
	if (nmc_deck_load(t->operands[0], deck))
		return tool_fail(EXIT_INPUT, "%s", nmc_last_error());
	nmc_deck_info(*deck, info);
	return 0;
}
