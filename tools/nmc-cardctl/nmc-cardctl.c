// SPDX-License-Identifier: MIT
/*
 * nmc-cardctl: tells a card in software what silicon does by itself: age, grow warm, break, lose power. Speaks with the
 * control socket of nmc-card.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/duration.h"
#include "common/output.h"
#include "nmc-cardctl/cardctl.h"

enum { EXIT_USAGE = 2, EXIT_CARD = 4 };

static const char usage[] =
	"Usage: nmc-cardctl [OPTION]... COMMAND [ARGUMENT]...\n"
	"Tells a card that nmc-card serves to age, to grow warm, to break.\n"
	"\n"
	"      --socket PATH      control socket of the card (default $NMC_CARD_CONTROL)\n"
	"      --json             the card's answer as JSON\n"
	"  -h, --help             this text\n"
	"  -V, --version          version\n"
	"\n"
	"Commands:\n"
	"  status                 temperature, tiles in use, card time of the tile sets\n"
	"  counters               counters of the queues\n"
	"  age TIME               lets the whole card age: 90s, 1h, 30d, 1y\n"
	"  temperature C          temperature of the die in degrees Celsius\n"
	"  fault NAME             endpoint: none, all-ones, hang-firmware, hang-queues,\n"
	"                         corrupt-completion, fatal\n"
	"  fault KIND KEY=VALUE.. cells: stuck-low, stuck-high, dead, drift, noise; column; tile\n"
	"  fault clear            takes faults of cells, columns and tiles back\n"
	"  save [FILE]            writes the state of the card (default: its --state file)\n"
	"  load FILE              puts the card into a state\n"
	"  power-loss             the power goes, in the middle of whatever the card does\n"
	"\n"
	"Exit status: 0 success, 1 the card refused, 2 wrong usage, 4 no card answers.\n";

struct arguments {
	const char *socket;
	bool json;
};

/**
 * struct command - a command as it is checked here; the card checks the rest
 * @name: its name
 * @least: arguments that it needs
 * @most: arguments that it takes
 * @form: what they are
 */
static const struct command {
	const char *name;
	int least;
	int most;
	const char *form;
} commands[] = {
	{ "status", 0, 0, "" },
	{ "counters", 0, 0, "" },
	{ "age", 1, 1, " TIME" },
	{ "temperature", 1, 1, " C" },
	{ "save", 0, 1, " [FILE]" },
	{ "load", 1, 1, " FILE" },
	{ "power-loss", 0, 0, "" },
	{ "fault", 1, 8, " NAME [KEY=VALUE]..." },
};

static const struct option options[] = {
	{ "socket", required_argument, NULL, 's' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static int wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int wrong(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "nmc-cardctl: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "; try nmc-cardctl --help\n");
	return EXIT_USAGE;
}

/* 0, an exit status, or -1 to end with success. */
static int parse(int argc, char **argv, struct arguments *a)
{
	int option;

	a->socket = getenv("NMC_CARD_CONTROL");
	while ((option = getopt_long(argc, argv, "+hV", options, NULL)) != -1) {
		switch (option) {
		case 's':
			a->socket = optarg;
			break;
		case 'j':
			a->json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return -1;
		case 'V':
			puts("nmc-cardctl " NMC_TOOL_VERSION);
			return -1;
		default:
			fprintf(stderr, "try nmc-cardctl --help\n");
			return EXIT_USAGE;
		}
	}
	return 0;
}

/* What can be told to be wrong without the card. */
static int check(int argc, char **argv)
{
	const struct command *c = commands, *end = commands + sizeof(commands) / sizeof(*commands);
	uint64_t ns;
	int i;

	while (c < end && strcmp(c->name, argv[0]))
		c++;
	if (c == end)
		return wrong("\"%s\" is no command", argv[0]);
	if (argc - 1 < c->least || argc - 1 > c->most)
		return wrong("the form is: nmc-cardctl %s%s", c->name, c->form);
	for (i = 0; i < argc; i++)
		if (!argv[i][0] || strchr(argv[i], '\n'))
			return wrong("an argument is empty or has more than one line");
	if (!strcmp(c->name, "age") && duration_parse(argv[1], strlen(argv[1]), &ns))
		return wrong("age %s: a time such as 90s, 1h, 30d or 1y is needed, at most 100y", argv[1]);
	return 0;
}

static int run(const struct arguments *a, int argc, char **argv)
{
	struct json_object *answer;
	const char *error;
	char line[CARDCTL_LINE];
	int ret;

	if (!argc)
		return wrong("which command?");
	ret = check(argc, argv);
	if (ret)
		return ret;
	if (!a->socket || !*a->socket)
		return wrong("--socket PATH is missing, and NMC_CARD_CONTROL is not set");
	ret = cardctl_line(argc, argv, line, sizeof(line));
	if (ret)
		return wrong("%s: %s", argv[argc - 1], strerror(-ret));
	ret = cardctl_ask(a->socket, line, &answer);
	if (ret) {
		fprintf(stderr, "nmc-cardctl: %s: %s; is a card running with this --control?\n", a->socket,
			ret == -EPROTO ? "no answer" : strerror(-ret));
		return EXIT_CARD;
	}
	error = cardctl_error(answer);
	if (error)
		fprintf(stderr, "nmc-cardctl: %s\n", error);
	if (a->json)
		cardctl_json(answer);
	else if (!error)
		cardctl_show(argv[0], answer);
	ret = error ? EXIT_FAILURE : EXIT_SUCCESS;
	cardctl_free(answer);
	return ret;
}

int main(int argc, char **argv)
{
	struct arguments a = { 0 };
	int ret = parse(argc, argv, &a);

	if (!ret)
		ret = run(&a, argc - optind, argv + optind);
	return output_end("nmc-cardctl", ret < 0 ? EXIT_SUCCESS : ret);
}
