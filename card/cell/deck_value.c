// SPDX-License-Identifier: MIT
/*
 * Decks, one value at a time: numbers with their units, integers, words and text, each checked against its key.
 */
#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "card/cell/deck_read.h"

#define DIGITS	64	/* longest number */

int deck_bad(struct reader *r, unsigned int line, const char *path, const char *format, ...)
{
	char reason[512];
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	snprintf(r->error, r->error_bytes, "%s:%u: %s%s%s", r->file, line, path, *path ? ": " : "", reason);
	return -EINVAL;
}

struct quote deck_quote(const char *text)
{
	size_t i, n = strlen(text);
	struct quote q;

	for (i = 0; i < n && i < QUOTE; i++)
		q.text[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i];
	strcpy(q.text + i, i < n ? "..." : "");
	return q;
}

const struct unit *deck_unit(const struct dimension *d, const char *name)
{
	const struct unit *u;

	for (u = d->unit; u->name; u++)
		if (!strcmp(u->name, name))
			return u;
	return NULL;
}

void deck_units(const struct dimension *d, char *text, size_t bytes)
{
	const struct unit *u;
	size_t n = 0;

	*text = '\0';
	for (u = d->unit; u->name; u++)
		if (*u->name && n < bytes)
			n += (size_t)snprintf(text + n, bytes - n, "%s%s", n ? ", " : "", u->name);
}

/* Length of the decimal number that @text begins with, 0 if it does not: no hexadecimals, infinities, underscores. */
static size_t number_length(const char *text)
{
	size_t sign = *text == '-' || *text == '+';
	size_t whole = strspn(text + sign, "0123456789"), n = sign + whole, part = 0, e;

	if (text[n] == '.') {
		part = strspn(text + n + 1, "0123456789");
		n += 1 + part;
	}
	if (!whole && !part)
		return 0;
	if (text[n] != 'e' && text[n] != 'E')
		return n;
	e = n + 1 + (text[n + 1] == '-' || text[n + 1] == '+');
	part = strspn(text + e, "0123456789");
	return part ? e + part : n;
}

/* The number of @length characters, whatever the locale's decimal point is; correctly rounded. */
static double number_value(const char *text, size_t length)
{
	locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	char digits[DIGITS + 1];
	double value;

	memcpy(digits, text, length);
	digits[length] = '\0';
	value = c ? strtod_l(digits, NULL, c) : __builtin_nan("");
	if (c)
		freelocale(c);
	return value;
}

static int wrong_unit(struct reader *r, const struct node *n, const char *path, const struct dimension *d,
		      const char *unit)
{
	struct quote q = deck_quote(n->text);
	char units[128];

	deck_units(d, units, sizeof(units));
	if (!*d->name)
		return deck_bad(r, n->line, path, "%s is not a pure number%s", q.text,
				*units ? " or a share in %" : "");
	if (!*unit)
		return deck_bad(r, n->line, path, "%s has no unit; %s is given in %s", q.text, d->name, units);
	return deck_bad(r, n->line, path, "%s is not a %s (%s)", q.text, d->name, units);
}

int deck_number(struct reader *r, const struct node *n, const char *path, const struct dimension *d, double *value)
{
	const struct unit *u;
	const char *unit;
	size_t length;

	if (n->kind != NODE_SCALAR)
		return deck_bad(r, n->line, path, "one number is expected");
	length = number_length(n->text);
	if (!length || length > DIGITS)
		return deck_bad(r, n->line, path, "%s is not a number", deck_quote(n->text).text);
	unit = n->text + length + strspn(n->text + length, " ");
	u = deck_unit(d, unit);
	if (!u)
		return wrong_unit(r, n, path, d, unit);
	*value = number_value(n->text, length) * u->factor + u->offset;
	if (!__builtin_isfinite(*value) || *value > 1e30 || *value < -1e30)
		return deck_bad(r, n->line, path, "%s is too large", deck_quote(n->text).text);
	return 0;
}

static int out_of_range(struct reader *r, const struct node *n, const char *path, const struct key *key)
{
	const char *unit = key->dimension->base, *space = *unit ? " " : "";

	return deck_bad(r, n->line, path, "%s is out of range: %.7g%s%s to %.7g%s%s", deck_quote(n->text).text,
			key->low, space, unit, key->high, space, unit);
}

static int put_number(struct reader *r, const struct node *n, const char *path, const struct key *key, float *field)
{
	double value;
	int ret = deck_number(r, n, path, key->dimension, &value);

	if (ret)
		return ret;
	*field = (float)value;
	return value < key->low || value > key->high ? out_of_range(r, n, path, key) : 0;
}

static int put_integer(struct reader *r, const struct node *n, const char *path, const struct key *key,
		       uint32_t *field)
{
	double value;
	int ret = deck_number(r, n, path, key->dimension, &value);

	if (ret)
		return ret;
	if (value < key->low || value > key->high)
		return out_of_range(r, n, path, key);
	*field = (uint32_t)value;
	return *field == value ? 0 : deck_bad(r, n->line, path, "%s is not an integer", deck_quote(n->text).text);
}

void deck_words(const struct choice *c, char *text, size_t bytes)
{
	size_t n = 0;

	*text = '\0';
	for (; c && c->name; c++)
		if (n < bytes)
			n += (size_t)snprintf(text + n, bytes - n, "%s%s", n ? ", " : "", c->name);
}

static int put_choice(struct reader *r, const struct node *n, const char *path, const struct key *key,
		      uint32_t *field)
{
	const struct choice *c;
	char words[128];

	for (c = key->choice; c->name; c++) {
		if (n->kind == NODE_SCALAR && !strcmp(n->text, c->name)) {
			*field = c->value;
			return 0;
		}
	}
	deck_words(key->choice, words, sizeof(words));
	return deck_bad(r, n->line, path, "%s%sis none of %s", deck_quote(n->text).text, *n->text ? " " : "",
			words);
}

static int put_bool(struct reader *r, const struct node *n, const char *path, bool *field)
{
	bool is_true = !strcmp(n->text, "true");

	*field = is_true;
	return is_true || !strcmp(n->text, "false") ? 0 : deck_bad(r, n->line, path, "true or false is expected");
}

static int put_string(struct reader *r, const struct node *n, const char *path, const struct key *key, char *field)
{
	size_t i, bytes = strlen(n->text);

	if (n->kind != NODE_SCALAR || bytes < key->low)
		return deck_bad(r, n->line, path, "text is expected");
	if (bytes > key->high)
		return deck_bad(r, n->line, path, "%zu bytes of text, at most %.0f", bytes, key->high);
	for (i = 0; i < bytes; i++)
		if ((unsigned char)n->text[i] < 0x20 || n->text[i] == 0x7f)
			return deck_bad(r, n->line, path, "a control character in the text");
	memcpy(field, n->text, bytes + 1);
	return 0;
}

int deck_value(struct reader *r, const struct node *n, const char *path, const struct key *key, void *field)
{
	switch (key->kind) {
	case DECK_NUMBER:
		return put_number(r, n, path, key, field);
	case DECK_INTEGER:
		return put_integer(r, n, path, key, field);
	case DECK_CHOICE:
		return put_choice(r, n, path, key, field);
	case DECK_BOOL:
		return put_bool(r, n, path, field);
	case DECK_STRING:
		return put_string(r, n, path, key, field);
	case DECK_CURVE:
		return deck_curve(r, n, path, key, field);
	}
	return deck_bad(r, n->line, path, "cannot be read");
}
