// SPDX-License-Identifier: MIT
/*
 * Decks, from a tree to struct deck: each key is looked up in the table and stored; then come the defaults, what
 * is missing and what does not belong.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "card/cell/deck_read.h"

#define FAR	3	/* edits that a suggestion may be away */

static int take_map(struct reader *r, const struct node *map, const char *prefix);

static const struct key *find_key(const struct key *table, const char *path)
{
	const struct key *k;

	for (k = table; k->path; k++)
		if (!strcmp(k->path, path))
			return k;
	return NULL;
}

static bool is_section(const char *path)
{
	size_t n = strlen(path);
	const struct key *k;

	for (k = deck_keys; k->path; k++)
		if (!strncmp(k->path, path, n) && k->path[n] == '.')
			return true;
	return false;
}

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	a = a < b ? a : b;
	return a < c ? a : c;
}

/* Letters to insert, remove, replace or swap with their neighbour that make @b of @a, both shorter than PATH. */
static unsigned int edits(const char *a, const char *b)
{
	unsigned int d[PATH][PATH], i, j, n = (unsigned int)strlen(a), m = (unsigned int)strlen(b);

	for (i = 0; i <= n; i++)
		d[i][0] = i;
	for (j = 0; j <= m; j++)
		d[0][j] = j;
	for (i = 1; i <= n; i++) {
		for (j = 1; j <= m; j++) {
			d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d[i][j] = min3(d[i][j], d[i - 2][j - 2] + 1, PATH);
		}
	}
	return d[n][m];
}

/* Names the nearest key of the table, or the keys' sections, of which every dot ends one. */
static int unknown_key(struct reader *r, const struct node *n, const char *path)
{
	unsigned int best = FAR + 1, distance;
	char name[PATH], nearest[PATH] = "spread";
	const struct key *k;
	size_t i;

	if (edits(path, "spread") <= FAR)
		best = edits(path, "spread");
	for (k = deck_keys; k->path; k++) {
		for (i = 1; i <= strlen(k->path); i++) {
			if (k->path[i] && k->path[i] != '.')
				continue;
			snprintf(name, sizeof(name), "%.*s", (int)i, k->path);
			distance = edits(path, name);
			if (distance < best) {
				best = distance;
				strcpy(nearest, name);
			}
		}
	}
	if (best > FAR)
		return deck_bad(r, n->line, path, "no such key");
	return deck_bad(r, n->line, path, "no such key; %s is near", nearest);
}

/* Entry @index of "spread". */
static int take_spread(struct reader *r, const struct node *entry, unsigned int index)
{
	struct deck_spread *spread = &r->deck->spread[index];
	const struct node *n;
	const struct key *k;
	char path[PATH], seen = 0;
	int ret;

	if (entry->kind != NODE_MAP)
		return deck_bad(r, entry->line, "spread", "an entry is { at: TIME, sigma: CURVE }");
	for (n = entry->child; n; n = n->next) {
		snprintf(path, sizeof(path), "spread[].%s", deck_quote(n->key).text);
		k = find_key(deck_spread_keys, path);
		snprintf(path, sizeof(path), "spread[%u].%s", index, deck_quote(n->key).text);
		if (!k)
			return deck_bad(r, n->line, path, "no such key; an entry has at and sigma");
		ret = deck_value(r, n, path, k, (char *)spread + k->offset);
		if (ret)
			return ret;
		seen |= 1 << (k - deck_spread_keys);
	}
	snprintf(path, sizeof(path), "spread[%u].%s", index, seen & 1 ? "sigma" : "at");
	r->spread_line[index] = entry->line;
	return seen == 3 ? 0 : deck_bad(r, entry->line, path, "is missing");
}

static int take_spreads(struct reader *r, const struct node *list)
{
	const struct node *n;
	int ret;

	if (list->kind != NODE_LIST)
		return deck_bad(r, list->line, "spread", "a list is expected: - { at: TIME, sigma: CURVE }");
	for (n = list->child; n; n = n->next) {
		if (r->deck->spreads == DECK_SPREADS)
			return deck_bad(r, n->line, "spread", "more than %d entries", DECK_SPREADS);
		ret = take_spread(r, n, r->deck->spreads++);
		if (ret)
			return ret;
	}
	return 0;
}

static int take_node(struct reader *r, const struct node *n, const char *path)
{
	const struct key *k = find_key(deck_keys, path);

	if (!strcmp(path, "spread"))
		return take_spreads(r, n);
	if (k) {
		r->line[k - deck_keys] = n->line;
		return deck_value(r, n, path, k, (char *)r->deck + k->offset);
	}
	if (!is_section(path))
		return unknown_key(r, n, path);
	if (n->kind != NODE_MAP)
		return deck_bad(r, n->line, path, "is a section; keys with values are expected");
	return take_map(r, n, path);
}

static int take_map(struct reader *r, const struct node *map, const char *prefix)
{
	char path[PATH];
	const struct node *n;
	int ret = 0;

	for (n = map->child; n && !ret; n = n->next) {
		struct quote key = deck_quote(n->key);
		int length = snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "." : "", key.text);

		if (length < PATH)
			ret = take_node(r, n, path);
		else
			ret = deck_bad(r, n->line, prefix, "no such key: %s", key.text);
	}
	return ret;
}

unsigned int deck_line(const struct reader *r, const char *path)
{
	const struct node *n = r->root, *child;
	const char *dot;

	while ((dot = strchr(path, '.'))) {
		size_t length = (size_t)(dot - path);

		for (child = n->child; child; child = child->next)
			if (strlen(child->key) == length && !memcmp(child->key, path, length))
				break;
		if (!child)
			break;
		n = child;
		path = dot + 1;
	}
	return n->line;
}

static void take_default(struct deck *deck, const struct key *k)
{
	void *field = (char *)deck + k->offset;

	if (k->kind == DECK_NUMBER)
		*(float *)field = (float)k->standard;
	else if (k->kind == DECK_INTEGER)
		*(uint32_t *)field = (uint32_t)k->standard;
	else if (k->kind == DECK_CHOICE)
		*(uint32_t *)field = k->choice[0].value;
}

static const char *model_name(const struct deck *deck)
{
	const struct choice *c;

	for (c = deck_models; c->value != deck->pulse.model; c++)
		;
	return c->name;
}

/* What the deck's pulse model needs is there, and what it does not know is not. */
static int check_presence(struct reader *r)
{
	uint32_t model = 1u << r->deck->pulse.model;
	const struct key *k;

	for (k = deck_keys; k->path; k++) {
		unsigned int line = r->line[k - deck_keys];

		if (!line && k->required)
			return deck_bad(r, deck_line(r, k->path), k->path, "is missing");
		if (!line && k->needed & model)
			return deck_bad(r, deck_line(r, k->path), k->path, "is missing; pulse.model %s needs it",
					model_name(r->deck));
		if (line && k->models && !(k->models & model))
			return deck_bad(r, line, k->path, "means nothing to pulse.model %s", model_name(r->deck));
	}
	return 0;
}

static int read_deck(struct reader *r, const char *text, size_t bytes)
{
	const struct key *k;
	int ret = deck_tree(r, text, bytes);

	if (ret)
		return ret;
	if (!r->root->child || strcmp(r->root->child->key, "deck"))
		return deck_bad(r, r->root->line, "", "not a deck: the first key is deck: 1");
	for (k = deck_keys; k->path; k++)
		take_default(r->deck, k);
	ret = take_map(r, r->root, "");
	if (!ret)
		ret = check_presence(r);
	return ret ? ret : deck_check(r);
}

int deck_parse(const char *text, size_t bytes, const char *file, struct deck *deck, char *error, size_t error_bytes)
{
	struct reader *r;
	int ret;

	memset(deck, 0, sizeof(*deck));
	if (bytes > DECK_BYTES) {
		snprintf(error, error_bytes, "%s: %zu bytes; a deck has at most %d", file, bytes, DECK_BYTES);
		return -E2BIG;
	}
	r = calloc(1, sizeof(*r));
	if (!r) {
		snprintf(error, error_bytes, "%s: out of memory", file);
		return -ENOMEM;
	}
	r->file = file;
	r->error = error;
	r->error_bytes = error_bytes;
	r->deck = deck;
	ret = read_deck(r, text, bytes);
	free(r);
	if (ret)
		memset(deck, 0, sizeof(*deck));
	return ret;
}

static void describe(const struct key *k, struct deck_key *out)
{
	*out = (struct deck_key){
		.path = k->path,
		.kind = k->kind,
		.dimension = k->dimension->name,
		.unit = k->dimension->base,
		.low = k->low,
		.high = k->high,
		.standard = k->standard,
		.required = k->required,
		.models = k->models,
		.needed = k->needed,
		.meaning = k->meaning,
	};
	deck_units(k->dimension, out->units, sizeof(out->units));
	deck_words(k->choice, out->choices, sizeof(out->choices));
}

bool deck_key(unsigned int index, struct deck_key *out)
{
	const struct key *k, *const tables[] = { deck_keys, deck_spread_keys };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		for (k = tables[i]; k->path; k++) {
			if (!index--) {
				describe(k, out);
				return true;
			}
		}
	}
	return false;
}
