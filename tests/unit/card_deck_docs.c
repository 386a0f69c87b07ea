// SPDX-License-Identifier: MIT
/*
 * Documentation/decks.rst lists every key of a deck with units, range, default and meaning, and no other, and
 * every shipped deck. With the page as argument it is checked; without, the rows are printed, to be pasted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "card/cell/deck.h"

static const char *const model_names[] = {
	"exact", "filament", "constant", "linear", "soft-bounds", "exponential", "switching",
};

#define PULSED	0x7eu
#define WEIGHT	0x3cu

static void models(uint32_t mask, char *text, size_t bytes)
{
	size_t i, n = 0;

	if (mask == PULSED || !mask)
		snprintf(text, bytes, "%s", mask ? "all but exact" : "all");
	else if ((mask & WEIGHT) == WEIGHT)
		snprintf(text, bytes, "%s", mask == WEIGHT ? "weight models" : "filament, weight models");
	if (mask == PULSED || !mask || (mask & WEIGHT) == WEIGHT)
		return;
	for (i = 0; i < 7; i++)
		if (mask >> i & 1)
			n += (size_t)snprintf(text + n, bytes - n, "%s%s", n ? ", " : "", model_names[i]);
}

static void range(const struct deck_key *k, char *text, size_t bytes)
{
	const char *space = *k->unit ? " " : "";

	if (k->kind == DECK_CHOICE)
		snprintf(text, bytes, "%s", k->choices);
	else if (k->kind == DECK_BOOL)
		snprintf(text, bytes, "true, false");
	else if (k->kind == DECK_STRING)
		snprintf(text, bytes, "%g to %g bytes", k->low, k->high);
	else
		snprintf(text, bytes, "%g%s%s to %g%s%s", k->low, space, k->unit, k->high, space, k->unit);
}

static void standard(const struct deck_key *k, char *text, size_t bytes)
{
	if (k->required || k->needed)
		snprintf(text, bytes, "%s", k->required ? "required" : "needed");
	else if (k->kind == DECK_CHOICE)
		snprintf(text, bytes, "%.*s", (int)strcspn(k->choices, ","), k->choices);
	else if (k->kind == DECK_CURVE || k->kind == DECK_BOOL)
		snprintf(text, bytes, "%s", k->kind == DECK_CURVE ? "none" : "false");
	else
		snprintf(text, bytes, "%g%s%s", k->standard, *k->unit ? " " : "", k->unit);
}

/* The row of one key in the page's table. */
static void row(const struct deck_key *k, char *text, size_t bytes)
{
	char what[160], from[64], without[64], who[64];

	range(k, what, sizeof(what));
	standard(k, without, sizeof(without));
	models(k->models, who, sizeof(who));
	snprintf(from, sizeof(from), "%s%s", k->kind == DECK_CURVE ? "curve" : "",
		 k->kind == DECK_CURVE && *k->units ? " " : "");
	snprintf(text, bytes, "   ``%s``, \"%s%s\", \"%s\", \"%s\", \"%s\", \"%s\"\n", k->path, from, k->units,
		 what, without, who, k->meaning);
}

static char *read_page(const char *path)
{
	FILE *f = fopen(path, "r");
	char *page = calloc(1, 1 << 20);

	if (!f || !page || !fread(page, 1, (1 << 20) - 1, f)) {
		perror(path);
		exit(2);
	}
	fclose(f);
	return page;
}

/* Rows of the page that describe keys. */
static unsigned int rows(const char *page)
{
	unsigned int n = 0;

	while ((page = strstr(page, "\n   ``"))) {
		const char *end = strstr(page + 6, "``, \"");

		n += end && !memchr(page + 6, '\n', (size_t)(end - page - 6));
		page += 6;
	}
	return n;
}

/* Shipped decks that the page does not name. */
static unsigned int unnamed(const char *page)
{
	unsigned int i, n = 0;
	const char *name;
	char text[64];

	for (i = 0; page && (name = deck_shipped(i, NULL)); i++) {
		snprintf(text, sizeof(text), "* - ``%s``\n", name);
		if (!strstr(page, text)) {
			printf("no line %s", text);
			n++;
		}
	}
	return n;
}

int main(int argc, char **argv)
{
	char *page = argc > 1 ? read_page(argv[1]) : NULL, text[512];
	unsigned int i, missing = 0;
	struct deck_key k;

	for (i = 0; deck_key(i, &k); i++) {
		row(&k, text, sizeof(text));
		if (page && strstr(page, text))
			continue;
		missing++;
		printf("%s%s", page ? "missing:" : "", text);
	}
	if (page && rows(page) != i)
		printf("%u rows for %u keys\n", rows(page), i);
	i = page && (missing || rows(page) != i || unnamed(page));
	free(page);
	return (int)i;
}
