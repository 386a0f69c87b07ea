// SPDX-License-Identifier: MIT
/*
 * Decks, functions of conductance: how they are written and what value they have. Values come from IEEE-exact
 * operations alone, so that every machine has the same tables.
 */
#include <errno.h>
#include <float.h>
#include <stdio.h>
#include <string.h>
#include "card/cell/deck_read.h"
#include "card/cell/gauss.h"

#define LOWEST	1e-6	/* of x under ln and power, and of microsiemens under log10 */

static double polynomial(const double *c, double x)
{
	double sum = 0.0;
	int k;

	for (k = DECK_POLY - 1; k >= 0; k--)
		sum = c[k] + sum * x;
	return sum;
}

static double variable(const struct deck_curve *c, double g, double gmax)
{
	switch (c->of) {
	case DECK_OF_R:
		return g / gmax;
	case DECK_OF_G:
		return g / c->per;
	case DECK_OF_LOG10_G:
		return (double)log_poly((float)((g > LOWEST ? g : LOWEST) / c->per)) / 2.302585092994046;
	}
	return 0.0;
}

float deck_curve_at(const struct deck_curve *c, float g, float gmax)
{
	double x, y, log_x;

	if (!c->given)
		return 0.0f;
	x = variable(c, (double)g, (double)gmax);
	if (x >= c->above)
		return (float)polynomial(c->upper, x);
	y = polynomial(c->poly, x);
	log_x = (double)log_poly((float)(x > LOWEST ? x : LOWEST));
	if (c->ln != 0.0)
		y += c->ln * log_x;
	if (c->power != 0.0)
		y += c->power * (double)exp_poly((float)(c->exponent * log_x));
	if (c->saturation != 0.0)
		y += c->saturation * (1.0 - (double)exp_poly((float)(-x / c->scale)));
	return (float)(y < c->min ? c->min : y > c->max ? c->max : y);
}

double deck_iv_fit(double g, double gmax, double nl2, double nl3)
{
	double top = 1.25 * gmax, half = 0.5 * top, fit = 1.0, turn = nl3 != 0.0 ? -0.5 * nl2 / nl3 : 0.0;
	double end = nl2 + nl3, middle = turn > 0.0 && turn < 1.0 ? 0.5 * nl2 * turn : 0.0;	/* extremes over V */
	double up = end > middle ? end : middle, down = end < middle ? end : middle;

	fit = up > top - g ? (top > g ? (top - g) / up : 0.0) : fit;
	fit = -down * fit > g ? g / -down : fit;
	fit = nl2 * fit > half || -nl2 * fit > half ? half / (nl2 < 0.0 ? -nl2 : nl2) : fit;
	return nl3 * fit > half || -nl3 * fit > half ? half / (nl3 < 0.0 ? -nl3 : nl3) : fit;
}

/* "r", "g/uS", "log10(g/uS)" */
static int read_of(struct reader *r, const struct node *n, const char *path, struct deck_curve *c)
{
	char unit[16] = "";
	int end = 0;

	if (n->kind == NODE_SCALAR && !strcmp(n->text, "r")) {
		c->of = DECK_OF_R;
		return 0;
	}
	if (sscanf(n->text, "g/%15[A-Za-z]%n", unit, &end) == 1 && !n->text[end]) {
		c->of = DECK_OF_G;
	} else {
		end = 0;
		c->of = DECK_OF_LOG10_G;
		if (sscanf(n->text, "log10(g/%15[A-Za-z])%n", unit, &end) != 1 || !end || n->text[end])
			unit[0] = '\0';
	}
	if (!*unit || !deck_unit(&deck_siemens, unit))
		return deck_bad(r, n->line, path, "%s%sis none of r, g/uS, log10(g/uS) (or nS, mS, S)",
				deck_quote(n->text).text, *n->text ? " " : "");
	c->per = deck_unit(&deck_siemens, unit)->factor;
	return 0;
}

/* Up to @max pure numbers, at least @min. */
static int read_list(struct reader *r, const struct node *n, const char *path, unsigned int min, unsigned int max,
		     double *out)
{
	const struct node *item = n->child;
	unsigned int count = 0;
	int ret;

	if (n->kind != NODE_LIST)
		return deck_bad(r, n->line, path, "a list of numbers is expected: [...]");
	for (; item; item = item->next) {
		if (count == max)
			return deck_bad(r, n->line, path, "more than %u numbers", max);
		ret = deck_number(r, item, path, &deck_pure, &out[count++]);
		if (ret)
			return ret;
	}
	return count < min ? deck_bad(r, n->line, path, "%u numbers, at least %u", count, min) : 0;
}

static int read_power(struct reader *r, const struct node *n, const char *path, struct deck_curve *c)
{
	double pair[2];
	int ret = read_list(r, n, path, 2, 2, pair);

	if (ret)
		return ret;
	c->power = pair[0];
	c->exponent = pair[1];
	if (c->exponent < -6.0 || c->exponent > 6.0)
		return deck_bad(r, n->line, path, "exponent %g is not in -6 to 6", c->exponent);
	return 0;
}

static int read_saturation(struct reader *r, const struct node *n, const char *path, struct deck_curve *c)
{
	double pair[2];
	int ret = read_list(r, n, path, 2, 2, pair);

	if (ret)
		return ret;
	c->saturation = pair[0];
	c->scale = pair[1];
	return c->scale > 0.0 ? 0 : deck_bad(r, n->line, path, "scale %g is not above 0", c->scale);
}

static int read_unit(struct reader *r, const struct node *n, const char *path, const struct key *key,
		     double *factor)
{
	const struct unit *u = n->kind == NODE_SCALAR ? deck_unit(key->dimension, n->text) : NULL;
	char units[128];

	deck_units(key->dimension, units, sizeof(units));
	if (!u && !*key->dimension->base)
		return deck_bad(r, n->line, path, "%s: this curve is a pure number", deck_quote(n->text).text);
	if (!u || !*n->text)
		return deck_bad(r, n->line, path, "%s is not a unit of %s (%s)", deck_quote(n->text).text,
				key->dimension->name, units);
	*factor = u->factor;
	return 0;
}

static int read_part(struct reader *r, const struct node *n, const char *path, const struct key *key,
		     struct deck_curve *c, double *factor)
{
	if (!strcmp(n->key, "of"))
		return read_of(r, n, path, c);
	if (!strcmp(n->key, "unit"))
		return read_unit(r, n, path, key, factor);
	if (!strcmp(n->key, "poly"))
		return read_list(r, n, path, 1, DECK_POLY, c->poly);
	if (!strcmp(n->key, "ln"))
		return deck_number(r, n, path, &deck_pure, &c->ln);
	if (!strcmp(n->key, "power"))
		return read_power(r, n, path, c);
	if (!strcmp(n->key, "saturation"))
		return read_saturation(r, n, path, c);
	if (!strcmp(n->key, "min"))
		return deck_number(r, n, path, &deck_pure, &c->min);
	if (!strcmp(n->key, "max"))
		return deck_number(r, n, path, &deck_pure, &c->max);
	if (!strcmp(n->key, "above"))
		return deck_number(r, n, path, &deck_pure, &c->above);
	if (!strcmp(n->key, "upper"))
		return read_list(r, n, path, 1, DECK_POLY, c->upper);
	return deck_bad(r, n->line, path,
			"unknown; a curve has of, unit, poly, ln, power, saturation, min, max, above, upper");
}

static void scale_curve(struct deck_curve *c, double factor)
{
	int k;

	for (k = 0; k < DECK_POLY; k++) {
		c->poly[k] *= factor;
		c->upper[k] *= factor;
	}
	c->ln *= factor;
	c->power *= factor;
	c->saturation *= factor;
	c->min = c->min > -FLT_MAX ? c->min * factor : c->min;
	c->max = c->max < FLT_MAX ? c->max * factor : c->max;
}

static const struct node *part(const struct node *n, const char *key)
{
	const struct node *p = n->child;

	while (p && strcmp(p->key, key))
		p = p->next;
	return p;
}

/* What the parts of a curve must be to one another. */
static int curve_check(struct reader *r, const struct node *n, const char *path, const struct key *key,
		       const struct deck_curve *c)
{
	const struct node *log_part = part(n, "ln") ? part(n, "ln") : part(n, "power");

	if (!part(n, "of"))
		return deck_bad(r, n->line, path, "a curve needs of: r, g/uS or log10(g/uS)");
	if (*key->dimension->base && !part(n, "unit"))
		return deck_bad(r, n->line, path, "a curve of %s needs unit", key->dimension->name);
	if (!part(n, "above") != !part(n, "upper"))
		return deck_bad(r, n->line, path, "above and upper go together");
	if (c->of == DECK_OF_LOG10_G && log_part)
		return deck_bad(r, log_part->line, path, "%s of a logarithm, which can be negative", log_part->key);
	if (c->min >= c->max)
		return deck_bad(r, n->line, path, "min %g is not below max %g", c->min, c->max);
	return 0;
}

int deck_curve(struct reader *r, const struct node *n, const char *path, const struct key *key,
	       struct deck_curve *c)
{
	const struct node *p;
	double factor = 1.0;
	char name[PATH + 16];
	int ret = 0;

	*c = (struct deck_curve){
		.given = true,
		.of = DECK_OF_R,
		.per = 1.0,
		.scale = 1.0,
		.min = -FLT_MAX,
		.max = FLT_MAX,
		.above = FLT_MAX,
	};
	if (n->kind == NODE_SCALAR)
		return deck_number(r, n, path, key->dimension, &c->poly[0]);
	if (n->kind != NODE_MAP)
		return deck_bad(r, n->line, path, "a number or a curve is expected: { of: r, poly: [...] }");
	for (p = n->child; p && !ret; p = p->next) {
		snprintf(name, sizeof(name), "%s.%s", path, deck_quote(p->key).text);
		ret = read_part(r, p, name, key, c, &factor);
	}
	if (!ret)
		ret = curve_check(r, n, path, key, c);
	scale_curve(c, factor);
	return ret;
}
