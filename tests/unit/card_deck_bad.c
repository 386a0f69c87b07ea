// SPDX-License-Identifier: MIT
/*
 * Bad decks: everything wrong is refused with file, line, key and reason, and nothing of the deck is left.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "card/cell/deck.h"

/* Six lines; then one, four and nine */
#define HEAD	"deck: 1\nname: t\ntitle: T\nsource: S\ntechnology: rram\ngmax: 40 uS\n"
#define EXACT	HEAD "pulse: { model: exact }\n"
#define PULSES	"  up: { volt: 1 V, width: 1 us, step: 1 uS }\n  down: { volt: 1 V, width: 1 us, step: 1 uS }\n"
#define FILAMENT HEAD "program: { band: 1 uS }\npulse:\n  model: filament\n" PULSES
#define WEIGHT(model, min, max, step) \
	HEAD "program: { band: 1 uS }\npulse:\n  model: " model "\n  weight_min: " min "\n  weight_max: " max \
	"\n  weight_step: " step "\n  up: { volt: 1 V, width: 1 us }\n  down: { volt: 1 V, width: 1 us }\n"

static struct deck deck;
static char error[512];

static const struct bad {
	const char *text;
	const char *want;
} structure[] = {
	{ "", "t.yaml:1: an empty file" },
	{ "# nothing\n", "t.yaml:2: an empty file" },
	{ "deck\n", "t.yaml:1: not a deck: keys with values are expected" },
	{ "- deck: 1\n", "t.yaml:1: not a deck: keys with values are expected" },
	{ "name: t\ndeck: 1\n", "t.yaml:1: not a deck: the first key is deck: 1" },
	{ "{}\n", "t.yaml:1: not a deck: the first key is deck: 1" },
	{ "deck: 2\n", "t.yaml:1: deck: 2 is out of range: 1 to 1" },
	{ EXACT "gmin: 1 uS\ngmin: 2 uS\n", "t.yaml:9: gmin: stands twice, first in line 8" },
	{ EXACT "gmin: &a 1 uS\n", "t.yaml:8: an anchor; decks have none" },
	{ EXACT "read: &a { white: 1 uS }\n", "t.yaml:8: an anchor; decks have none" },
	{ EXACT "spread: &a []\n", "t.yaml:8: an anchor; decks have none" },
	{ EXACT "gmin: *a\n", "t.yaml:8: an alias; decks have none" },
	{ EXACT "<<: *a\n", "t.yaml:8: an alias; decks have none" },
	{ EXACT "gmin: !!float 1\n", "t.yaml:8: a tag; decks have none" },
	{ EXACT "read: !x {}\n", "t.yaml:8: a tag; decks have none" },
	{ EXACT "spread: !x []\n", "t.yaml:8: a tag; decks have none" },
	{ EXACT "? [a]\n: 1\n", "t.yaml:8: a key must be a word" },
	{ EXACT "---\ndeck: 1\n", "t.yaml:8: a second document; a deck is one" },
	{ EXACT "...\n---\ndeck: 1\n", "t.yaml:9: a second document; a deck is one" },
	{ EXACT "read: { white: 1 uS\n", "t.yaml:9: not YAML: did not find expected ',' or '}' while parsing a flow mapping" },
	{ EXACT "\tgmin: 1 uS\n", "t.yaml:8: not YAML: found character that cannot start any token while scanning for the "
				 "next token" },
	{ EXACT "gmin: 1 uS: 2\n", "t.yaml:8: not YAML: mapping values are not allowed in this context" },
	{ EXACT "title2: \"\\0\"\n", "t.yaml:8: a NUL character" },
	{ EXACT "a: {b: {c: {d: {e: {f: {g: 1}}}}}}\n", "t.yaml:8: nested deeper than 6" },
	{ EXACT "a: [[[[[[[[[[[1]]]]]]]]]]]\n", "t.yaml:8: nested deeper than 6" },
	{ EXACT "\xff\n", "t.yaml:1: not YAML: invalid leading UTF-8 octet" },
};

static const struct bad keys[] = {
	{ EXACT "gmim: 1 uS\n", "t.yaml:8: gmim: no such key; gmin is near" },
	{ EXACT "read: { whit: 1 uS }\n", "t.yaml:8: read.whit: no such key; read.white is near" },
	{ EXACT "raed: { white: 1 uS }\n", "t.yaml:8: raed: no such key; read is near" },
	{ EXACT "spraed: []\n", "t.yaml:8: spraed: no such key; spread is near" },
	{ EXACT "memristance: 3\n", "t.yaml:8: memristance: no such key" },
	{ EXACT "read.white: 3 uS\nread: 3\n", "t.yaml:9: read: is a section; keys with values are expected" },
	{ EXACT "spread: { at: 1 s }\n", "t.yaml:8: spread: a list is expected: - { at: TIME, sigma: CURVE }" },
	{ EXACT "spread:\n  - 3\n", "t.yaml:9: spread: an entry is { at: TIME, sigma: CURVE }" },
	{ EXACT "spread:\n  - { at: 1 s }\n", "t.yaml:9: spread[0].sigma: is missing" },
	{ EXACT "spread:\n  - { sigma: 1 uS }\n", "t.yaml:9: spread[0].at: is missing" },
	{ EXACT "spread:\n  - { at: 1 s, sigma: 1 uS }\n  - { to: 1 s }\n",
	  "t.yaml:10: spread[1].to: no such key; an entry has at and sigma" },
	{ EXACT "spread: [{}, {}, {}]\n", "t.yaml:8: spread[0].at: is missing" },
	{ "deck: 1\n", "t.yaml:1: name: is missing" },
	{ "deck: 1\nname: t\ntitle: T\nsource: S\ntechnology: rram\npulse: { model: exact }\n", "t.yaml:1: gmax: is missing" },
	{ HEAD "pulse: { cycle: 3 }\n", "t.yaml:7: pulse.model: is missing" },
	{ HEAD "pulse: { model: filament }\n", "t.yaml:1: program.band: is missing; pulse.model filament needs it" },
	{ HEAD "program: { band: 1 uS }\npulse:\n  model: filament\n  up: { volt: 1 V, width: 1 us }\n",
	  "t.yaml:10: pulse.up.step: is missing; pulse.model filament needs it" },
	{ HEAD "program: { band: 1 uS }\npulse: { model: linear }\n",
	  "t.yaml:8: pulse.weight_min: is missing; pulse.model linear needs it" },
	{ HEAD "program: { band: 1 uS }\npulse: { model: switching }\n",
	  "t.yaml:8: pulse.switch_volt: is missing; pulse.model switching needs it" },
	{ EXACT "program: { band: 1 uS }\n", "t.yaml:8: program.band: means nothing to pulse.model exact" },
	{ FILAMENT "  exp_a: 3\n", "t.yaml:12: pulse.exp_a: means nothing to pulse.model filament" },
	{ FILAMENT "  cycle_additive: true\n", "t.yaml:12: pulse.cycle_additive: means nothing to pulse.model filament" },
};

static const struct bad values[] = {
	{ EXACT "gmin: 5 mV\n", "t.yaml:8: gmin: 5 mV is not a conductance (nS, uS, mS, S)" },
	{ EXACT "gmin: 5\n", "t.yaml:8: gmin: 5 has no unit; conductance is given in nS, uS, mS, S" },
	{ EXACT "gmin: five uS\n", "t.yaml:8: gmin: five uS is not a number" },
	{ EXACT "gmin: 0x10 uS\n", "t.yaml:8: gmin: 0x10 uS is not a conductance (nS, uS, mS, S)" },
	{ EXACT "gmin: 1_0 uS\n", "t.yaml:8: gmin: 1_0 uS is not a conductance (nS, uS, mS, S)" },
	{ EXACT "gmin: 1,5 uS\n", "t.yaml:8: gmin: 1,5 uS is not a conductance (nS, uS, mS, S)" },
	{ EXACT "gmin: inf\n", "t.yaml:8: gmin: inf is not a number" },
	{ EXACT "gmin: .nan\n", "t.yaml:8: gmin: .nan is not a number" },
	{ EXACT "gmin: 1e400 uS\n", "t.yaml:8: gmin: 1e400 uS is too large" },
	{ EXACT "gmin: [1 uS]\n", "t.yaml:8: gmin: one number is expected" },
	{ EXACT "gmin:\n", "t.yaml:8: gmin:  is not a number" },
	{ EXACT "gmin: -1 uS\n", "t.yaml:8: gmin: -1 uS is out of range: 0 uS to 1000000 uS" },
	{ EXACT "gmin: \"a\\nb\\x07\"\n", "t.yaml:8: gmin: a?b? is not a number" },
	{ EXACT "gmin: 01234567890123456789012345678901234567890123456789 V\n",
	  "t.yaml:8: gmin: 012345678901234567890123456789012345678901234567... is not a conductance (nS, uS, mS, S)" },
	{ EXACT "levels: 3 uS\n", "t.yaml:8: levels: 3 uS is not a pure number" },
	{ EXACT "levels: 3.5\n", "t.yaml:8: levels: 3.5 is not an integer" },
	{ EXACT "levels: 1e9\n", "t.yaml:8: levels: 1e9 is out of range: 0 to 65536" },
	{ EXACT "defects: { dead: 1 uS }\n", "t.yaml:8: defects.dead: 1 uS is not a pure number or a share in %" },
	{ EXACT "defects: { dead: 101 % }\n", "t.yaml:8: defects.dead: 101 % is out of range: 0 to 1" },
	{ EXACT "drift: { t0: 3 m }\n", "t.yaml:8: drift.t0: 3 m is not a time (ns, us, ms, s, min, h, d, y)" },
	{ EXACT "cost: { verify: 1 d }\n", "t.yaml:8: cost.verify: 1 d is not a pulse length (ns, us, ms, s)" },
	{ EXACT "thermal: { reference: 20 F }\n", "t.yaml:8: thermal.reference: 20 F is not a temperature (K, C)" },
	{ EXACT "thermal: { reference: 900 C }\n", "t.yaml:8: thermal.reference: 900 C is out of range: 100 K to 600 K" },
	{ EXACT "wires: { driven: left }\n", "t.yaml:8: wires.driven: left is none of first, last, both" },
	{ EXACT "wires: { read: [last] }\n", "t.yaml:8: wires.read: is none of last, first, both" },
	{ EXACT "wires: { passive: yes }\n", "t.yaml:8: wires.passive: true or false is expected" },
	{ "deck: 1\ntechnology: rom\n", "t.yaml:2: technology: rom is none of ideal, rram, pcm, fefet, ecram, mtj, flash, capacitor" },
	{ "deck: 1\npulse: { model: [] }\n",
	  "t.yaml:2: pulse.model: is none of exact, filament, constant, linear, soft-bounds, exponential, switching" },
	{ "deck: 1\ntitle: \"a\\tb\"\n", "t.yaml:2: title: a control character in the text" },
	{ "deck: 1\ntitle: ''\n", "t.yaml:2: title: text is expected" },
	{ "deck: 1\ntitle: { a: b }\n", "t.yaml:2: title: text is expected" },
	{ "deck: 1\nname: abcdefghijklmnopqrstuvwxyz0123456\n", "t.yaml:2: name: 33 bytes of text, at most 31" },
	{ "deck: 1\nname: R/AM\ntitle: T\nsource: S\ntechnology: rram\ngmax: 1 uS\npulse: { model: exact }\n",
	  "t.yaml:2: name: R/AM: lower-case letters, digits and hyphens only" },
};

static const struct bad curves[] = {
	{ EXACT "read: { white: [1] }\n", "t.yaml:8: read.white: a number or a curve is expected: { of: r, poly: [...] }" },
	{ EXACT "read:\n  white: { poly: [1] }\n", "t.yaml:9: read.white: a curve needs of: r, g/uS or log10(g/uS)" },
	{ EXACT "read: { white: { of: r, poly: [1] } }\n", "t.yaml:8: read.white: a curve of conductance needs unit" },
	{ EXACT "read: { white: { of: g, unit: uS } }\n",
	  "t.yaml:8: read.white.of: g is none of r, g/uS, log10(g/uS) (or nS, mS, S)" },
	{ EXACT "read: { white: { of: g/V, unit: uS } }\n",
	  "t.yaml:8: read.white.of: g/V is none of r, g/uS, log10(g/uS) (or nS, mS, S)" },
	{ EXACT "read: { white: { of: log10(g/uS, unit: uS } }\n",
	  "t.yaml:8: read.white.of: log10(g/uS is none of r, g/uS, log10(g/uS) (or nS, mS, S)" },
	{ EXACT "read: { white: { of: r, unit: V } }\n", "t.yaml:8: read.white.unit: V is not a unit of conductance (nS, uS, mS, S)" },
	{ EXACT "drift: { t0: 1 s, nu: { of: r, unit: uS } }\n", "t.yaml:8: drift.nu.unit: uS: this curve is a pure number" },
	{ EXACT "read: { white: { of: r, unit: uS, poly: 3 } }\n",
	  "t.yaml:8: read.white.poly: a list of numbers is expected: [...]" },
	{ EXACT "read: { white: { of: r, unit: uS, poly: [] } }\n", "t.yaml:8: read.white.poly: 0 numbers, at least 1" },
	{ EXACT "read: { white: { of: r, unit: uS, poly: [1, 2, 3, 4, 5, 6, 7] } }\n",
	  "t.yaml:8: read.white.poly: more than 6 numbers" },
	{ EXACT "read: { white: { of: r, unit: uS, poly: [1 uS] } }\n", "t.yaml:8: read.white.poly: 1 uS is not a pure number" },
	{ EXACT "read: { white: { of: r, unit: uS, power: [1] } }\n", "t.yaml:8: read.white.power: 1 numbers, at least 2" },
	{ EXACT "read: { white: { of: r, unit: uS, power: [1, 9] } }\n",
	  "t.yaml:8: read.white.power: exponent 9 is not in -6 to 6" },
	{ EXACT "read: { white: { of: r, unit: uS, saturation: [1, 0] } }\n",
	  "t.yaml:8: read.white.saturation: scale 0 is not above 0" },
	{ EXACT "read: { white: { of: log10(g/uS), unit: uS, ln: 1 } }\n",
	  "t.yaml:8: read.white: ln of a logarithm, which can be negative" },
	{ EXACT "read: { white: { of: r, unit: uS, min: 3, max: 2 } }\n", "t.yaml:8: read.white: min 3 is not below max 2" },
	{ EXACT "read: { white: { of: r, unit: uS, above: 3 } }\n", "t.yaml:8: read.white: above and upper go together" },
	{ EXACT "read: { white: { of: r, unit: uS, exp: 3 } }\n",
	  "t.yaml:8: read.white.exp: unknown; a curve has of, unit, poly, ln, power, saturation, min, max, above, upper" },
	{ EXACT "read:\n  white: { of: r, unit: uS, poly: [1, -2] }\n",
	  "t.yaml:9: read.white: is -0.03125 uS at 20.62 uS, out of range: 0 uS to 1000000 uS" },
	{ EXACT "spread:\n  - { at: 1 s, sigma: -1 uS }\n",
	  "t.yaml:9: spread[0].sigma: is -1 uS at 0 uS, out of range: 0 uS to 1000000 uS" },
	{ EXACT "drift: { t0: 1 s, nu: 1.5 }\n", "t.yaml:8: drift.nu: is 1.5 at 0 uS, out of range: -1 to 1" },
};

static const struct bad contradictions[] = {
	{ EXACT "gmin: 40 uS\n", "t.yaml:8: gmin: 40 uS is not below gmax, 40 uS" },
	{ EXACT "levels: 1\n", "t.yaml:8: levels: one level holds nothing; 2 or more, or 0 for analog" },
	{ EXACT "target: { high: 41 uS }\n", "t.yaml:8: target.high: 0 to 41 uS is not within 0 to 40 uS, gmin to gmax" },
	{ EXACT "target: { low: 9 uS, high: 9 uS }\n", "t.yaml:8: target.low: 9 to 9 uS is not within 0 to 40 uS, gmin to gmax" },
	{ EXACT "target: { low: 1 uS }\nlevels: 4\n",
	  "t.yaml:8: target.low: a deck with levels is asked for all of them, from gmin to gmax" },
	{ EXACT "erased: { mean: 51 uS }\n", "t.yaml:8: erased.mean: 51 uS is above 1.25 gmax, 50 uS" },
	{ EXACT "drift: { decay: 1 s, decay_to: 51 uS }\n", "t.yaml:8: drift.decay_to: 51 uS is above 1.25 gmax, 50 uS" },
	{ EXACT "drift: { decay_to: 5 uS }\n", "t.yaml:8: drift.decay_to: nothing leaks without drift.decay" },
	{ EXACT "drift: { nu_sigma: 0.1 }\n", "t.yaml:8: drift.nu_sigma: a spread of drift.nu, which is missing" },
	{ EXACT "drift: { nu: 0.1 }\n", "t.yaml:8: drift.t0: is missing; drift.nu needs it" },
	{ HEAD "program: { band: 0 uS }\npulse:\n  model: filament\n" PULSES,
	  "t.yaml:7: program.band: accepts nothing at gmin; it must be above 0" },
	{ WEIGHT("constant", "1", "-1", "0.1"), "t.yaml:10: pulse.weight_min: 1 is not below pulse.weight_max, -1" },
	{ WEIGHT("constant", "0", "1", "3"), "t.yaml:12: pulse.weight_step: 3 is more than the whole range, 1" },
	{ WEIGHT("soft-bounds", "0", "1", "0.1"),
	  "t.yaml:10: pulse.weight_min: this model has bounds on both sides of 0, not 0 and 1" },
	{ HEAD "program: { band: 1 uS }\npulse:\n  model: switching\n  switch_volt: 1 V\n  switch_width: 0.1 V\n"
	  "  up: { volt: 1 V, width: 1 us }\n  down: { volt: 1 V, width: 1 us }\n",
	  "t.yaml:1: levels: pulse.model switching has two states; levels must be 2" },
	{ EXACT "spread:\n  - { at: 1 d, sigma: 1 uS }\n  - { at: 1 h, sigma: 1 uS }\n",
	  "t.yaml:10: spread[1].at: 3600 s is not after the entry before it, 86400 s" },
	{ EXACT "read: { pink: 1 uS, pink_relative: 0.1, time: 1 us }\n", "t.yaml:8: read.pink_relative: read.pink says it already" },
	{ EXACT "read: { pink: 1 uS }\n", "t.yaml:8: read.time: is missing; 1/f noise needs it" },
	{ EXACT "defects: { dead: 60 %, stuck_low: 50 % }\n", "t.yaml:8: defects: 1.1 of all cells are broken" },
	{ EXACT "iv: { nl2: -1 uA/V2 }\n",
	  "t.yaml:8: iv.nl2: with -0.2 uS and 0 uS beyond 0 uS at iv.read_volt, 0.2 V, I / V leaves 0 to 1.25 gmax, or one of "
	  "them is more than half of that" },
	{ EXACT "gmin: 2 uS\niv: { read_volt: 1 V, nl3: { of: r, unit: uA/V3, poly: [0, 20] } }\n",
	  "t.yaml:9: iv.nl3: with 0 uS and 16.73 uS beyond 33.47 uS at iv.read_volt, 1 V, I / V leaves 0 to 1.25 gmax, or one of "
	  "them is more than half of that" },
	{ EXACT "wires: { half_select: 1 % }\n",
	  "t.yaml:8: wires.half_select: only cells without selector are half-selected; wires.passive is not true" },
};

/* The deck is refused with exactly this text, and nothing of it is left. */
static void refuse(const struct bad *bad, size_t count)
{
	static const struct deck nothing;
	size_t i;

	for (i = 0; i < count; i++) {
		int ret = deck_parse(bad[i].text, strlen(bad[i].text), "t.yaml", &deck, error, sizeof(error));

		if (ret != -EINVAL || strcmp(error, bad[i].want))
			fail_msg("%zu: %d: %s\n  instead of: %s", i, ret, ret ? error : "", bad[i].want);
		assert_memory_equal(&deck, &nothing, sizeof(deck));
	}
}

#define REFUSE(table) \
	static void bad_##table(void **state) \
	{ \
		(void)state; \
		refuse(table, sizeof(table) / sizeof(*table)); \
	}
REFUSE(structure)
REFUSE(keys)
REFUSE(values)
REFUSE(curves)
REFUSE(contradictions)

/* What the tables above are made of is good. */
static void bases(void **state)
{
	static const char *const good[] = { EXACT, FILAMENT, WEIGHT("linear", "-1", "1", "0.1") };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++)
		assert_int_equal(deck_parse(good[i], strlen(good[i]), "t.yaml", &deck, error, sizeof(error)), 0);
	assert_int_equal(deck_parse(good[2], strlen(good[2]), "t.yaml", &deck, error, sizeof(error)), -EINVAL);
	assert_string_equal(error, "t.yaml:13: pulse.up.gamma: is missing; pulse.model linear needs it");
}

static void sizes(void **state)
{
	char *big = malloc(DECK_BYTES + 2), *text = big;
	int i, entries = 0;

	(void)state;
	assert_non_null(big);
	memset(big, ' ', DECK_BYTES + 1);
	memcpy(big, EXACT, strlen(EXACT));
	assert_int_equal(deck_parse(big, DECK_BYTES + 1, "t.yaml", &deck, error, sizeof(error)), -E2BIG);
	assert_string_equal(error, "t.yaml: 65537 bytes; a deck has at most 65536");
	assert_int_equal(deck_parse(big, DECK_BYTES, "t.yaml", &deck, error, sizeof(error)), 0);
	text += sprintf(text, EXACT "spread:\n");
	for (i = 0; i < 9; i++)
		text += sprintf(text, "  - { at: %d s, sigma: 1 uS }\n", i + 1);
	assert_int_equal(deck_parse(big, (size_t)(text - big), "t.yaml", &deck, error, sizeof(error)), -EINVAL);
	assert_string_equal(error, "t.yaml:17: spread: more than 8 entries");
	for (text = big + sprintf(big, EXACT "levels: ["); text < big + DECK_BYTES - 8; entries++)
		text += sprintf(text, "1, ");
	assert_int_equal(deck_parse(big, (size_t)(text - big), "t.yaml", &deck, error, sizeof(error)), -EINVAL);
	assert_true(entries > 1024);
	assert_string_equal(error, "t.yaml:8: more than 1024 values");
	free(big);
}

/* Every beginning of a deck is refused or read, and the error text fits what it is given. */
static void truncations(void **state)
{
	const char *text;
	char little[8];
	size_t i, n;

	(void)state;
	for (i = 0; deck_shipped((unsigned int)i, &text); i++) {
		for (n = 0; n < strlen(text); n += 7) {
			memset(little, 0x55, sizeof(little));
			if (deck_parse(text, n, "t.yaml", &deck, little, 6)) {
				assert_string_equal(little, "t.yam");
				assert_int_equal(little[6], 0x55);
			}
		}
	}
}

static void loading(void **state)
{
	char path[] = "./deck-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, EXACT, strlen(EXACT)), strlen(EXACT));
	assert_int_equal(deck_load(path, &deck, error, sizeof(error)), 0);
	assert_string_equal(deck.name, "t");
	assert_int_equal(write(fd, "gmin: 3 V\n", 10), 10);
	assert_int_equal(deck_load(path, &deck, error, sizeof(error)), -EINVAL);
	assert_memory_equal(error, path, strlen(path));
	assert_string_equal(error + strlen(path), ":8: gmin: 3 V is not a conductance (nS, uS, mS, S)");
	close(fd);
	unlink(path);
	assert_int_equal(deck_load(path, &deck, error, sizeof(error)), -ENOENT);
	assert_int_equal(deck_load(".", &deck, error, sizeof(error)), -EINVAL);
	assert_string_equal(error, ".: not a regular file");
	assert_int_equal(deck_load("/dev/zero", &deck, error, sizeof(error)), -EINVAL);
	assert_int_equal(deck_load("rrram", &deck, error, sizeof(error)), -ENOENT);
	assert_non_null(strstr(error, "rrram: no such deck; there are capacitor, ecram"));
	assert_non_null(strstr(error, "sonos, and files by their path"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bases),
		cmocka_unit_test(bad_structure),
		cmocka_unit_test(bad_keys),
		cmocka_unit_test(bad_values),
		cmocka_unit_test(bad_curves),
		cmocka_unit_test(bad_contradictions),
		cmocka_unit_test(sizes),
		cmocka_unit_test(truncations),
		cmocka_unit_test(loading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
