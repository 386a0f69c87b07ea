// SPDX-License-Identifier: MIT
/*
 * nmc-deck: decks, which are descriptions of cell technologies: shows, checks and draws them, and makes them of
 * measurements.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "common/output.h"
#include "nmc-deck/nmc-deck.h"

static const char usage[] =
	"Usage: nmc-deck [OPTION]... COMMAND [ARGUMENT]...\n"
	"Decks describe cell technologies. DECK is the name of a shipped deck or the path of a deck file.\n"
	"\n"
	"  list              the shipped decks\n"
	"  show NAME         text of a shipped deck, to be copied and edited\n"
	"  keys              every key that a deck may have\n"
	"  check FILE...     whether deck files are good; if not, where and why\n"
	"  plot DECK         levels, pulses, retention and current as a picture (SVG, needs gnuplot)\n"
	"  metrics DECK      figures that compare technologies\n"
	"  sample DECK       what a measurement of such cells would give, as CSV\n"
	"  table DECK        what cells are off by at each target and age, for programs that train or simulate\n"
	"  fit CSV...        a deck made of measurements; needs --name and --like\n"
	"\n"
	"  -o, --output FILE  where plot, sample and fit write; - or none for standard output\n"
	"      --force        replace that file\n"
	"      --json         list, keys, check, metrics, table: for programs\n"
	"      --seed N       seed of the cells that are looked at (default 1)\n"
	"      --cells N      cells a level (sample: 200; plot, metrics, table: 2048), at most 65536\n"
	"      --targets N    sample, table: levels, evenly spaced over the deck's targets (default 11)\n"
	"      --ages LIST    sample, table: times after the write, as 1s,1h,1d,30d,1y (default 1s,1min,1h,1d,2d)\n"
	"      --name NAME    fit: name of the tile class\n"
	"      --like DECK    fit: gives everything that is not measured, and whether cells relax or drift\n"
	"      --title TEXT   fit: one line for people\n"
	"      --source TEXT  fit: where the measurements come from\n"
	"      --degree N     fit: of the polynomials of the spread (default 4)\n"
	"  -h, --help         this text\n"
	"  -V, --version      version\n"
	"\n"
	"Exit status: 0 success, 1 failure, 2 wrong usage, 3 a deck or CSV file is missing or bad.\n";

int tool_fail(int status, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("nmc-deck: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return status;
}

enum { OPT_FORCE = 256, OPT_JSON, OPT_SEED, OPT_CELLS, OPT_TARGETS, OPT_AGES, OPT_NAME, OPT_LIKE, OPT_TITLE,
       OPT_SOURCE, OPT_DEGREE };

static const struct option options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "force", no_argument, NULL, OPT_FORCE },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "cells", required_argument, NULL, OPT_CELLS },
	{ "targets", required_argument, NULL, OPT_TARGETS },
	{ "ages", required_argument, NULL, OPT_AGES },
	{ "name", required_argument, NULL, OPT_NAME },
	{ "like", required_argument, NULL, OPT_LIKE },
	{ "title", required_argument, NULL, OPT_TITLE },
	{ "source", required_argument, NULL, OPT_SOURCE },
	{ "degree", required_argument, NULL, OPT_DEGREE },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static int number(const char *text, unsigned long long least, unsigned long long most, unsigned long long *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno && *out >= least && *out <= most)
		return 0;
	return tool_fail(EXIT_USAGE, "\"%.60s\" is not a number from %llu to %llu", text, least, most);
}

/* One age of a list, of @length characters. */
static int one_age(struct tool *t, const char *text, size_t length)
{
	static const struct {
		const char *name;
		double s;
	} units[] = { { "s", 1 }, { "min", 60 }, { "h", 3600 }, { "d", DAY }, { "y", YEAR }, { "ms", 1e-3 }, { "us", 1e-6 } };
	char copy[32] = "", *unit;
	double age;
	size_t i;

	if (length < sizeof(copy))
		memcpy(copy, text, length);
	age = copy[strspn(copy, "0123456789")] == 'x' ? -1 : strtod(copy, &unit);
	if (*copy < '0' || *copy > '9' || age < 0 || t->age_count == MAX_AGES)
		return tool_fail(EXIT_USAGE, "--ages: \"%.*s\" is not a time, as 1s,1h,1d; at most %d", (int)length, text,
				 MAX_AGES);
	for (i = 0; i < sizeof(units) / sizeof(*units) && strcmp(unit, units[i].name); i++)
		;
	if (i == sizeof(units) / sizeof(*units) || age * units[i].s > 3e9)
		return tool_fail(EXIT_USAGE, "--ages: \"%s\": units are us, ms, s, min, h, d, y, and 95 years the most",
				 copy);
	age *= units[i].s;
	if (t->age_count && age <= t->ages[t->age_count - 1])
		return tool_fail(EXIT_USAGE, "--ages: \"%s\" is not after the one before it", copy);
	t->ages[t->age_count++] = age;
	return 0;
}

static int ages(struct tool *t, const char *text)
{
	int ret = 0;

	for (t->age_count = 0; !ret;) {
		size_t length = strcspn(text, ",");

		ret = one_age(t, text, length);
		if (!text[length])
			break;
		text += length + 1;
	}
	return ret;
}

static int numeric_option(struct tool *t, int option, const char *text)
{
	unsigned long long n;
	int ret;

	if (option == OPT_SEED)
		ret = number(text, 0, ~0ull, &n);
	else
		ret = number(text, option == OPT_DEGREE ? 0 : option == OPT_TARGETS ? 2 : 1,
			     option == OPT_DEGREE ? 5 : option == OPT_TARGETS ? 1024 : 65536, &n);
	if (ret)
		return ret;
	switch (option) {
	case OPT_SEED:
		t->seed = n;
		break;
	case OPT_CELLS:
		t->cells = (unsigned int)n;
		break;
	case OPT_TARGETS:
		t->targets = (unsigned int)n;
		break;
	default:
		t->degree = (unsigned int)n;
	}
	return 0;
}

static int text_option(struct tool *t, int option, const char *text)
{
	const char **const to[] = { &t->name, &t->like, &t->title, &t->source };

	if (option == 'o') {
		t->output = text;
		return 0;
	}
	if (option == OPT_AGES)
		return ages(t, text);
	if (option < OPT_NAME || option > OPT_SOURCE)
		return numeric_option(t, option, text);
	*to[option - OPT_NAME] = text;
	return 0;
}

/* 0, an exit status, or -1 to end with success. */
static int parse(int argc, char **argv, struct tool *t)
{
	int option, ret = 0;

	while (!ret && (option = getopt_long(argc, argv, "o:hV", options, NULL)) != -1) {
		switch (option) {
		case OPT_FORCE:
			t->force = true;
			break;
		case OPT_JSON:
			t->json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return -1;
		case 'V':
			printf("nmc-deck %s\n", nmc_version());
			return -1;
		case '?':
			fputs("Try nmc-deck --help.\n", stderr);
			return EXIT_USAGE;
		default:
			ret = text_option(t, option, optarg);
		}
	}
	return ret;
}

static const struct command {
	const char *name;
	const char *operand;	/* what it is called, NULL if there is none */
	bool many;
	int (*run)(const struct tool *t);
} commands[] = {
	{ "list", NULL, false, run_list },
	{ "show", "NAME", false, run_show },
	{ "keys", NULL, false, run_keys },
	{ "check", "FILE", true, run_check },
	{ "plot", "DECK", false, run_plot },
	{ "metrics", "DECK", false, run_metrics },
	{ "sample", "DECK", false, run_sample },
	{ "table", "DECK", false, run_table },
	{ "fit", "CSV", true, run_fit },
};

static int run(struct tool *t, const char *name)
{
	const struct command *c = commands, *end = c + sizeof(commands) / sizeof(*commands);

	while (c < end && strcmp(c->name, name))
		c++;
	if (c == end)
		return tool_fail(EXIT_USAGE, "%.60s is no command; try nmc-deck --help", name);
	if (!c->operand && t->count)
		return tool_fail(EXIT_USAGE, "%s takes no argument", c->name);
	if (c->operand && (!t->count || (t->count > 1 && !c->many)))
		return tool_fail(EXIT_USAGE, "%s takes %s %s; try nmc-deck --help", c->name, c->many ? "at least one" : "one",
				 c->operand);
	return c->run(t);
}

int main(int argc, char **argv)
{
	struct tool t = { .seed = 1, .targets = 11, .degree = 4, .ages = { 1, 60, 3600, DAY, 2 * DAY }, .age_count = 5 };
	int ret = parse(argc, argv, &t);

	if (ret)
		return output_end("nmc-deck", ret < 0 ? EXIT_SUCCESS : ret);
	if (optind == argc)
		return tool_fail(EXIT_USAGE, "a command is needed; try nmc-deck --help");
	signal(SIGPIPE, SIG_IGN);	/* what is not written is said */
	t.operands = argv + optind + 1;
	t.count = (unsigned int)(argc - optind - 1);
	return output_end("nmc-deck", run(&t, argv[optind]));
}
