// SPDX-License-Identifier: MIT
/*
 * Decks, the way back: what stands behind a key as a deck would state it, so that a deck can be made of another.
 */
#include <errno.h>
#include <float.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "card/cell/deck_read.h"

/**
 * struct writing - a text in progress
 * @text: the caller's buffer
 * @room: its size
 * @bytes: length of the text, which may exceed @room
 */
struct writing {
	char *text;
	size_t room;
	size_t bytes;
};

static void put(struct writing *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct writing *w, const char *format, ...)
{
	size_t left = w->bytes < w->room ? w->room - w->bytes : 0;
	va_list args;

	va_start(args, format);
	w->bytes += (size_t)vsnprintf(left ? w->text + w->bytes : NULL, left, format, args);
	va_end(args);
}

/* The shortest decimal that is read as the same number, of single or double precision. */
static void put_real(struct writing *w, double x, bool is_float)
{
	char text[40];
	int digits;

	for (digits = 6; digits < 18; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, x);
		if (is_float ? strtof(text, NULL) == (float)x : strtod(text, NULL) == x)
			break;
	}
	put(w, "%s", text);
}

static void put_unit(struct writing *w, const struct key *k)
{
	if (*k->dimension->base)
		put(w, " %s", k->dimension->base);
}

static void put_list(struct writing *w, const char *key, const double *c, unsigned int count)
{
	unsigned int i;

	while (count > 1 && c[count - 1] == 0.0)
		count--;
	put(w, ", %s: [", key);
	for (i = 0; i < count; i++) {
		put(w, "%s", i ? ", " : "");
		put_real(w, c[i], false);
	}
	put(w, "]");
}

static void put_pair(struct writing *w, const char *key, double a, double b)
{
	put(w, ", %s: [", key);
	put_real(w, a, false);
	put(w, ", ");
	put_real(w, b, false);
	put(w, "]");
}

static void put_of(struct writing *w, const struct deck_curve *c)
{
	const struct unit *u = deck_siemens.unit;

	while (u->name && u->factor != c->per)
		u++;
	if (c->of == DECK_OF_R)
		put(w, "{ of: r");
	else
		put(w, c->of == DECK_OF_G ? "{ of: g/%s" : "{ of: log10(g/%s)", u->name);
}

static void put_bound(struct writing *w, const char *key, double x)
{
	put(w, ", %s: ", key);
	put_real(w, x, false);
}

static void put_curve(struct writing *w, const struct key *k, const struct deck_curve *c)
{
	put_of(w, c);
	if (*k->dimension->base)
		put(w, ", unit: %s", k->dimension->base);
	put_list(w, "poly", c->poly, DECK_POLY);
	if (c->ln != 0.0)
		put_bound(w, "ln", c->ln);
	if (c->power != 0.0)
		put_pair(w, "power", c->power, c->exponent);
	if (c->saturation != 0.0)
		put_pair(w, "saturation", c->saturation, c->scale);
	if (c->min > -FLT_MAX)
		put_bound(w, "min", c->min);
	if (c->max < FLT_MAX)
		put_bound(w, "max", c->max);
	if (c->above < FLT_MAX) {
		put_bound(w, "above", c->above);
		put_list(w, "upper", c->upper, DECK_POLY);
	}
	put(w, " }");
}

static void put_string(struct writing *w, const char *text)
{
	put(w, "\"");
	for (; *text; text++)
		put(w, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
	put(w, "\"");
}

static void put_word(struct writing *w, const struct key *k, uint32_t value)
{
	const struct choice *c = k->choice;

	while (c->value != value)
		c++;
	put(w, "%s", c->name);
}

static void put_value(struct writing *w, const struct key *k, const void *field)
{
	switch (k->kind) {
	case DECK_NUMBER:
		put_real(w, (double)*(const float *)field, true);
		put_unit(w, k);
		break;
	case DECK_INTEGER:
		put(w, "%u", *(const uint32_t *)field);
		break;
	case DECK_CHOICE:
		put_word(w, k, *(const uint32_t *)field);
		break;
	case DECK_BOOL:
		put(w, *(const bool *)field ? "true" : "false");
		break;
	case DECK_STRING:
		put_string(w, field);
		break;
	case DECK_CURVE:
		put_curve(w, k, field);
		break;
	}
}

static void put_spreads(struct writing *w, const struct deck *deck)
{
	const struct key *at = &deck_spread_keys[0], *sigma = &deck_spread_keys[1];
	uint32_t i;

	for (i = 0; i < deck->spreads; i++) {
		put(w, i ? ", { at: " : "[{ at: ");
		put_value(w, at, &deck->spread[i].at_s);
		put(w, ", sigma: ");
		put_value(w, sigma, &deck->spread[i].sigma);
		put(w, " }");
	}
	put(w, "]");
}

/* Keys that another one makes necessary, whatever their value. */
static bool needed_by_another(const struct deck *deck, const struct key *k)
{
	if (k->offset == offsetof(struct deck, drift.t0_s))
		return deck->drift.nu_mean.given;
	if (k->offset == offsetof(struct deck, read.pink_read_s))
		return deck->read.pink.given;
	return false;
}

/* The deck would not be the same, or not be one, without the key. */
static bool stated(const struct deck *deck, const struct key *k)
{
	const void *field = (const char *)deck + k->offset;
	uint32_t model = 1u << deck->pulse.model;

	if (k->models && !(k->models & model))
		return false;
	if (k->required || k->needed & model || needed_by_another(deck, k))
		return true;
	switch (k->kind) {
	case DECK_NUMBER:
		return *(const float *)field != (float)k->standard;
	case DECK_INTEGER:
		return *(const uint32_t *)field != (uint32_t)k->standard;
	case DECK_CHOICE:
		return *(const uint32_t *)field != k->choice[0].value;
	case DECK_BOOL:
		return *(const bool *)field;
	case DECK_CURVE:
		if (k->offset == offsetof(struct deck, read.pink) &&
		    deck->read.pink_relative != !strcmp(k->path, "read.pink_relative"))
			return false;
		return ((const struct deck_curve *)field)->given;
	default:
		return true;
	}
}

static int write_key(struct writing *w, const struct deck *deck, const char *path)
{
	const struct key *k;

	if (!strcmp(path, "spread")) {
		if (!deck->spreads)
			return -ENOENT;
		put_spreads(w, deck);
		return 0;
	}
	for (k = deck_keys; k->path && strcmp(k->path, path); k++)
		;
	if (!k->path)
		return -EINVAL;
	if (!stated(deck, k))
		return -ENOENT;
	put_value(w, k, (const char *)deck + k->offset);
	return 0;
}

int deck_write(const struct deck *deck, const char *path, char *text, size_t bytes)
{
	struct writing w = { .text = text, .room = bytes };
	locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0), old;
	int ret;

	if (!c)
		return -ENOMEM;
	old = uselocale(c);	/* numbers have a point, whatever the program's locale has */
	ret = write_key(&w, deck, path);
	uselocale(old);
	freelocale(c);
	return ret ? ret : w.bytes < bytes ? 0 : -ENOSPC;
}

static uint64_t mix(uint64_t hash, const char *text)
{
	do {
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3ull;
	} while (*text++);
	return hash;
}

uint64_t deck_digest(const struct deck *deck)
{
	uint64_t hash = 0xcbf29ce484222325ull;
	char *text = malloc(DECK_BYTES);
	const struct key *k;

	if (!text)
		return 0;
	for (k = deck_keys; k->path; k++)
		if (k->kind != DECK_STRING && !deck_write(deck, k->path, text, DECK_BYTES))
			hash = mix(mix(hash, k->path), text);
	if (!deck_write(deck, "spread", text, DECK_BYTES))
		hash = mix(mix(hash, "spread"), text);
	free(text);
	return hash;
}
