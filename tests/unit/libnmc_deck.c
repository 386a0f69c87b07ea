// SPDX-License-Identifier: MIT
/*
 * Decks through the public header: what is shipped, a deck made of the values of another, and what the rig shows of it
 * against the figures that the decks' sources state.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "nmc.h"

#define CELLS	16384

static float g[4 * CELLS];

static struct nmc_deck *load(const char *name)
{
	struct nmc_deck *deck = NULL;

	if (nmc_deck_load(name, &deck))
		fail_msg("%s", nmc_last_error());
	return deck;
}

static double rms(const float *x, unsigned int n, double from)
{
	double sum = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		sum += (x[i] - from) * (x[i] - from);
	return sqrt(sum / n);
}

static double mean(const float *x, unsigned int n)
{
	double sum = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		sum += x[i];
	return sum / n;
}

static void shipped(void **state)
{
	unsigned int i;
	const char *name;

	(void)state;
	for (i = 0; (name = nmc_deck_shipped(i)); i++) {
		struct nmc_deck_info info = NMC_DECK_INFO_INIT;
		struct nmc_deck *deck = load(name);

		assert_int_equal(nmc_deck_info(deck, &info), 0);
		assert_string_equal(info.name, name);
		assert_true(info.gmax_us > info.gmin_us);
		assert_non_null(nmc_deck_text(name));
		nmc_deck_destroy(deck);
	}
	assert_int_equal(i, 16);
	assert_null(nmc_deck_text("nothing"));
}

/* Every value of @deck as a deck of its own, one key a line. */
static size_t rewrite(const struct nmc_deck *deck, char *text, size_t room)
{
	struct nmc_deck_key key = NMC_DECK_KEY_INIT;
	char value[4096], indent[32];
	size_t n = 0;
	unsigned int i;

	*indent = '\0';
	for (i = 0; !nmc_deck_key(i, &key); i++) {
		const char *path = strncmp(key.path, "spread[]", 8) ? key.path : "spread", *dot, *at = path;

		if (!strcmp(key.path, "spread[].sigma") || nmc_deck_value(deck, path, value, sizeof(value)))
			continue;
		for (dot = strchr(at, '.'); dot; at = dot + 1, dot = strchr(at, '.')) {
			size_t length = (size_t)(dot - path);

			if (strncmp(indent, path, length) || indent[length] != '.')
				n += (size_t)snprintf(text + n, room - n, "%*s%.*s:\n", at > path ? 2 : 0, "",
						      (int)(dot - at), at);
		}
		snprintf(indent, sizeof(indent), "%.*s", (int)(at - path), path);
		n += (size_t)snprintf(text + n, room - n, "%*s%s: %s\n",
				      at == path ? 0 : strchr(path, '.') + 1 == at ? 2 : 4, "", at, value);
	}
	assert_true(n < room);
	return n;
}

static void rewritten(void **state)
{
	static char text[65536], again[65536];
	unsigned int i;
	const char *name;

	(void)state;
	for (i = 0; (name = nmc_deck_shipped(i)); i++) {
		struct nmc_deck *deck = load(name), *copy;
		size_t n = rewrite(deck, text, sizeof(text));

		if (nmc_deck_parse(text, n, name, &copy))
			fail_msg("%s\n%s", nmc_last_error(), text);
		rewrite(copy, again, sizeof(again));
		assert_string_equal(text, again);
		nmc_deck_destroy(deck);
		nmc_deck_destroy(copy);
	}
}

static void refused(void **state)
{
	static const char bad[] = "deck: 1\nname: x\ngmaks: 3 uS\n";
	struct nmc_deck_rig rig = NMC_DECK_RIG_INIT;
	struct nmc_deck_staircase s = NMC_DECK_STAIRCASE_INIT;
	const double back[] = { 2, 1 };
	struct nmc_deck *deck;
	char value[8];

	(void)state;
	assert_int_equal(nmc_deck_load("nothing", &deck), -ENOENT);
	assert_non_null(strstr(nmc_last_error(), "rram"));
	assert_int_equal(nmc_deck_load("./nothing.yaml", &deck), -ENOENT);
	assert_int_equal(nmc_deck_parse(bad, sizeof(bad) - 1, "bad.yaml", &deck), -EINVAL);
	assert_string_equal(nmc_last_error(), "bad.yaml:3: gmaks: no such key; gmax is near");
	deck = load("ideal");
	assert_int_equal(nmc_deck_pulses(deck, &rig, &s, g), -ENOTSUP);
	assert_int_equal(nmc_deck_program(deck, &rig, -1, back, 1, g, NULL), -EINVAL);
	assert_int_equal(nmc_deck_program(deck, &rig, NAN, back, 1, g, NULL), -EINVAL);
	assert_int_equal(nmc_deck_program(deck, &rig, 1, back, 2, g, NULL), -EINVAL);
	rig.cells = 65537;
	assert_int_equal(nmc_deck_program(deck, &rig, 1, back, 1, g, NULL), -EINVAL);
	rig.size = 0;
	assert_int_equal(nmc_deck_program(deck, &rig, 1, back, 1, g, NULL), -EINVAL);
	assert_int_equal(nmc_deck_value(deck, "nothing", value, sizeof(value)), -EINVAL);
	assert_int_equal(nmc_deck_value(deck, "levels", value, sizeof(value)), -ENOENT);
	assert_int_equal(nmc_deck_value(deck, "title", value, sizeof(value)), -ENOSPC);
	nmc_deck_destroy(deck);
}

/* The published spread of rram, and of pcm with its mean drift; 16384 cells know an RMS to 0.6 %, 2.5 % is 4.5 sigma. */
static void published(void **state)
{
	static const double r[] = { 0.2, 0.4, 0.6, 0.8, 1.0 };
	static const double second[] = { 2.136, 2.218, 1.805, 1.460, 1.103 }, day[] = { 3.438, 4.004, 3.714, 3.247, 2.651 };
	const double ages[] = { 1, 86400 }, decay = pow((86400 + 20) / 20.0, -0.049);
	struct nmc_deck_report report = NMC_DECK_REPORT_INIT;
	struct nmc_deck_rig rig = NMC_DECK_RIG_INIT;
	struct nmc_deck *deck = load("rram");
	unsigned int i;

	(void)state;
	rig.cells = CELLS;
	rig.seed = 1;
	for (i = 0; i < 5; i++) {
		rig.tile = i;
		assert_int_equal(nmc_deck_program(deck, &rig, (float)(40 * r[i]), ages, 2, g, &report), 0);
		assert_true(report.converged > 0.99 && report.mean_pulses > 4 && report.mean_pulses < 15);
		assert_float_equal(rms(g, CELLS, report.target_us), second[i], 0.025 * second[i]);
		assert_float_equal(rms(g + CELLS, CELLS, report.target_us), day[i], 0.025 * day[i]);
	}
	nmc_deck_destroy(deck);
	deck = load("pcm");
	assert_int_equal(nmc_deck_program(deck, &rig, 20, ages, 2, g, &report), 0);
	assert_float_equal(rms(g, CELLS, mean(g, CELLS)), 1.0847, 0.025 * 1.0847);
	assert_float_equal(mean(g + CELLS, CELLS) / mean(g, CELLS), decay / pow(21 / 20.0, -0.049), 0.003);
	nmc_deck_destroy(deck);
}

static void same_seed(void **state)
{
	static float other[4 * CELLS];
	const double ages[] = { 1, 60 };
	struct nmc_deck_staircase s = NMC_DECK_STAIRCASE_INIT, few = NMC_DECK_STAIRCASE_INIT;
	struct nmc_deck_rig rig = NMC_DECK_RIG_INIT;
	struct nmc_deck *deck = load("reram-es");

	(void)state;
	rig.noisy = 1;
	assert_int_equal(nmc_deck_program(deck, &rig, 60, ages, 2, g, NULL), 0);
	assert_int_equal(nmc_deck_program(deck, &rig, 60, ages, 2, other, NULL), 0);
	assert_memory_equal(g, other, 2 * rig.cells * sizeof(*g));
	rig.seed = 2;
	assert_int_equal(nmc_deck_program(deck, &rig, 60, ages, 2, other, NULL), 0);
	assert_memory_not_equal(g, other, 2 * rig.cells * sizeof(*g));

	/* Points 1, 2, 3 of 6 pulses are points 2, 4, 6 of 3 pulses */
	s.start_us = few.start_us = 10;
	s.points = 6;
	s.set = 3;
	few.points = 3;
	few.set = 6;
	assert_int_equal(nmc_deck_pulses(deck, &rig, &s, g), 0);
	assert_int_equal(nmc_deck_pulses(deck, &rig, &few, other), 0);
	assert_memory_equal(g + 2 * rig.cells, other + rig.cells, rig.cells * sizeof(*g));
	assert_memory_equal(g + 6 * rig.cells, other + 3 * rig.cells, rig.cells * sizeof(*g));
	assert_true(s.set_fj > 0 && s.reset_fj > 0);
	nmc_deck_destroy(deck);
}

/* A constant step without spreads is a straight line: n steps of 2e-4 of a range of 2 weights, energy V^2 g t. */
static void straight(void **state)
{
	static char text[65536];
	struct nmc_deck_staircase s = NMC_DECK_STAIRCASE_INIT;
	struct nmc_deck_rig rig = NMC_DECK_RIG_INIT;
	struct nmc_deck_info info = NMC_DECK_INFO_INIT;
	struct nmc_deck *deck;
	double step;
	char *at;

	(void)state;
	strcpy(text, nmc_deck_text("idealised"));
	while ((at = strstr(text, "30 %")))
		memcpy(at, " 0 %", 4);
	assert_int_equal(nmc_deck_parse(text, strlen(text), "still", &deck), 0);
	assert_int_equal(nmc_deck_info(deck, &info), 0);
	rig.cells = 600;
	s.points = 4;
	s.set = 100;
	s.reset = 50;
	s.start_us = info.gmin_us;
	assert_int_equal(nmc_deck_pulses(deck, &rig, &s, g), 0);
	step = (double)(info.gmax_us - info.gmin_us) * 1e-4;
	assert_float_equal(g[4 * rig.cells + 599], info.gmin_us + 400 * step, 1e-3 * step * 400);
	assert_float_equal(g[8 * rig.cells + 599], info.gmin_us + 200 * step, 1e-3 * step * 400);
	nmc_deck_destroy(deck);
}

static void reads(void **state)
{
	struct nmc_deck *deck = load("rram");

	(void)state;
	assert_float_equal(nmc_deck_read_noise(deck, 20, 1), 0.15, 1e-3);
	assert_float_equal(nmc_deck_current(deck, 20, 0.2), 4.0, 1e-6);
	nmc_deck_destroy(deck);
	deck = load("pcm");
	assert_float_equal(nmc_deck_read_noise(deck, 25, 86400), 25 * 0.0088 * 5.0868, 2e-3);
	assert_float_equal(nmc_deck_read_noise(deck, 25, -1), 0.0, 0.0);
	nmc_deck_destroy(deck);
	deck = load("rram-milo");
	assert_float_equal(nmc_deck_current(deck, 100, 0.4), 40 - 8.2 * 0.16 - 0.6 * 0.064, 0.01);
	nmc_deck_destroy(deck);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shipped),
		cmocka_unit_test(rewritten),
		cmocka_unit_test(refused),
		cmocka_unit_test(published),
		cmocka_unit_test(same_seed),
		cmocka_unit_test(straight),
		cmocka_unit_test(reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
