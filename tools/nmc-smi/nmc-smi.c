// SPDX-License-Identifier: MIT
/*
 * nmc-smi: what NMC cards are there, what they hold and who uses them. Needs no privilege beyond opening the card.
 */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "common/output.h"
#include "nmc-smi/tiles.h"

#define COMMAND_EVENTS	(TILES_HEALTH + 1)

static const char usage[] =
	"Usage: nmc-smi [OPTION]... [drift | retention | wear | health | events]\n"
	"Reports NMC cards: tiles, jobs, energy, processes; health of their tiles.\n"
	"\n"
	"  drift      how far the cells of each tile are from their targets\n"
	"  retention  how far they will be, and when they pass the threshold\n"
	"  wear       pulses that cells have seen, broken cells\n"
	"  health     a verdict for monitoring: exit status 0 ok, 1 warning, 2 critical, 3 unknown\n"
	"  events     the cards' error log\n"
	"\n"
	"  -L, --list-cards       one line a card\n"
	"  -q, --full             everything about each card\n"
	"  -i, --id N             only card N of the list\n"
	"      --device URI       a card by URI (for instance sim:) instead of the kernel's cards\n"
	"      --query FIELDS     comma separated fields, see --help-query\n"
	"      --format FORMAT    with --query: csv[,noheader][,nounits]\n"
	"      --help-query       list the fields\n"
	"      --json             everything as JSON, schema 1\n"
	"      --plot FILE        also a picture of drift, retention, wear or health: FILE.svg\n"
	"      --threshold PCT    deviation that is too much, percent of gmax, instead of the card's own\n"
	"      --wear-threshold PCT  wear of a cell that is too much, percent of the endurance, likewise\n"
	"      --deck FILE        a deck that a class of the cards is made of, for retention and health; may be repeated\n"
	"      --follow           with events: go on with what comes, until interrupted\n"
	"  -l, --loop SECONDS     repeat until interrupted\n"
	"  -h, --help             this text\n"
	"  -V, --version          version\n"
	"\n"
	"What is not available is N/A or null. Processes of other users are summed as not visible.\n"
	"Exit status: 0 success, 1 failure, 2 wrong usage, 4 no card that can be opened.\n";

#define MAX_DECKS	16

struct arguments {
	void (*show)(const struct smi *s);
	const char *device;
	const char *query;
	const char *format;
	const char *plot;
	const char *deck[MAX_DECKS];
	unsigned int decks;
	int id;
	int command;		/* enum tiles_command, COMMAND_EVENTS, -1 for none */
	bool json;
	bool follow;
	double threshold;
	double wear_limit;
	double loop;
};

static struct card_view views[SMI_MAX_CARDS];
static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
}

/* nmc-smi itself has the card open only to ask. */
static void leave_out_self(struct smi_card *c)
{
	int i, n = c->clients < SMI_MAX_CLIENTS ? c->clients : SMI_MAX_CLIENTS;

	for (i = 0; i < n && c->client[i].pid != getpid(); i++)
		;
	if (i == n)
		return;
	memmove(&c->client[i], &c->client[i + 1], (size_t)(n - i - 1) * sizeof(c->client[0]));
	c->clients--;
}

static int ask(struct smi_card *c, struct nmc_device *d)
{
	int ret;

	c->info.size = sizeof(c->info);
	c->health.size = sizeof(c->health);
	ret = nmc_device_info(d, &c->info);
	if (!ret)
		ret = nmc_device_health(d, &c->health);
	for (c->classes = 0; !ret && c->classes < SMI_MAX_CLASSES && c->classes < c->info.classes; c->classes++) {
		c->class[c->classes].size = sizeof(c->class[0]);
		ret = nmc_device_class(d, c->classes, &c->class[c->classes]);
	}
	if (!ret) {
		c->clients = nmc_device_clients(d, c->client, SMI_MAX_CLIENTS, &c->hidden_tiles);
		ret = c->clients < 0 ? c->clients : 0;
		if (!ret)
			leave_out_self(c);
	}
	return ret;
}

/* @view: also its tiles, NULL for none. */
static int add_card(struct smi *s, const char *uri, struct card_view *view, const struct arguments *a)
{
	struct smi_card *c = &s->card[s->count];
	struct nmc_device *d;
	unsigned int i;
	int ret;

	memset(c, 0, sizeof(*c));
	c->index = s->count++;
	snprintf(c->uri, sizeof(c->uri), "%s", uri);
	if (view)
		*view = (struct card_view){ .card = c };
	ret = nmc_device_open(uri, &d);
	if (!ret) {
		ret = ask(c, d);
		for (i = 0; !ret && i < a->decks; i++)
			if (nmc_device_add_deck(d, a->deck[i]))
				fprintf(stderr, "nmc-smi: card %u: --deck: %s\n", c->index, nmc_last_error());
		if (!ret && view)
			ret = tiles_collect(view, d, a->threshold, a->wear_limit,
					    a->json || a->command == TILES_RETENTION || a->command == TILES_HEALTH);
		nmc_device_close(d);
	}
	if (ret)
		snprintf(c->error, sizeof(c->error), "%s", ret == -ENOMEM ? strerror(ENOMEM) : nmc_last_error());
	return ret;
}

/* All cards of the kernel; NMC_DEVICE or --device names one instead. 0 or an exit status. */
static int collect(struct smi *s, const struct arguments *a)
{
	bool tiles = a->command >= 0 && a->command < COMMAND_EVENTS;
	struct nmc_device_entry entries[SMI_MAX_CARDS];
	const char *device = a->device ? a->device : getenv("NMC_DEVICE");
	int i, n;

	s->count = 0;
	if (device && *device) {
		n = add_card(s, device, tiles ? &views[0] : NULL, a);
		if (!n)
			return 0;
		fprintf(stderr, "nmc-smi: %s\n", s->card[0].error);
		if (n != -EINVAL)
			return EXIT_DEVICE;
		return a->command == TILES_HEALTH ? VERDICT_UNKNOWN : EXIT_USAGE;
	}
	n = nmc_device_enumerate(entries, SMI_MAX_CARDS);
	for (i = 0; i < n && i < SMI_MAX_CARDS; i++)
		add_card(s, entries[i].uri, tiles ? &views[i] : NULL, a);
	if (n > 0)
		return 0;
	fprintf(stderr, "nmc-smi: %s\n", n < 0 ? nmc_last_error() :
		"no card found; is nmc.ko loaded? (a card in this process: nmc-smi --device sim:)");
	return EXIT_DEVICE;
}

static int keep_only(struct smi *s, int id)
{
	if (id < 0)
		return 0;
	if ((unsigned int)id >= s->count) {
		fprintf(stderr, "nmc-smi: there is no card %d; there are %u, from 0 on\n", id, s->count);
		return EXIT_DEVICE;
	}
	s->card[0] = s->card[id];
	if (id) {
		free(views[0].tile);
		views[0] = views[id];
		views[id] = (struct card_view){ 0 };
	}
	views[0].card = &s->card[0];
	s->count = 1;
	return 0;
}

/* What is shown of cards of which none could be asked is no success. */
static int judge(const struct smi *s)
{
	unsigned int i;

	for (i = 0; i < s->count; i++)
		if (!*s->card[i].error)
			return 0;
	fprintf(stderr, "nmc-smi: %s\n", s->card[0].error);
	return EXIT_DEVICE;
}

/* What is known to be bad is worse than what is not known, whatever the order of the cards. */
static enum verdict worse(enum verdict a, enum verdict b)
{
	static const unsigned int rank[] = {
		[VERDICT_OK] = 0, [VERDICT_UNKNOWN] = 1, [VERDICT_WARNING] = 2, [VERDICT_CRITICAL] = 3,
	};

	return rank[a] < rank[b] ? b : a;
}

/* Tables, JSON and picture of the tiles; health answers its verdict. */
static int show_tiles(const struct smi *s, const struct arguments *a)
{
	enum verdict worst = VERDICT_OK;
	unsigned int i;

	if (a->json)
		tiles_json(views, s->count, a->command);
	else
		tiles_table(views, s->count, a->command);
	if (a->plot && tiles_plot(views, s->count, a->command, a->plot))
		return a->command == TILES_HEALTH ? VERDICT_UNKNOWN : EXIT_FAILURE;
	for (i = 0; i < s->count; i++)
		worst = worse(worst, *s->card[i].error ? VERDICT_UNKNOWN : views[i].verdict);
	if (a->command != TILES_HEALTH)
		return 0;
	/* A verdict that nobody could read is none. */
	return fflush(stdout) ? VERDICT_UNKNOWN : (int)worst;
}

static void free_views(void)
{
	unsigned int i;

	for (i = 0; i < SMI_MAX_CARDS; i++) {
		free(views[i].tile);
		views[i].tile = NULL;
		views[i].tiles = 0;
	}
}

static int show_command(const struct smi *s, const struct arguments *a)
{
	int ret = judge(s);

	if (ret && a->command == COMMAND_EVENTS)
		return ret;
	if (a->command == COMMAND_EVENTS)
		return events_show(s, a->follow, a->json, &ended);
	return ret ? ret : show_tiles(s, a);
}

static int once(const struct arguments *a, bool again)
{
	static struct smi s;
	int ret;

	free_views();
	ret = collect(&s, a);

	if (!ret)
		ret = keep_only(&s, a->id);
	if (ret)
		return ret;
	if (a->command >= 0)
		return show_command(&s, a);
	if (!a->query)
		a->show(&s);
	else if (show_query(&s, a->query, a->format, again))
		return EXIT_USAGE;
	return judge(&s);
}

/* Sleeps, shorter if a signal asks for the end, even one that comes just before. */
static void pause_for(double seconds)
{
	struct timespec t = { .tv_sec = (time_t)seconds };
	sigset_t ends, before;

	t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, &before);
	if (!ended)
		ppoll(NULL, 0, &t, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static int run(const struct arguments *a)
{
	int ret = once(a, false);

	while ((!ret || (a->command == TILES_HEALTH && ret < VERDICT_UNKNOWN)) && a->loop > 0 && !ended && !fflush(stdout)) {
		pause_for(a->loop);
		if (!ended)
			ret = once(a, true);
	}
	return ret;
}

static const struct option options[] = {
	{ "list-cards", no_argument, NULL, 'L' },
	{ "full", no_argument, NULL, 'q' },
	{ "id", required_argument, NULL, 'i' },
	{ "device", required_argument, NULL, 'd' },
	{ "query", required_argument, NULL, 'Q' },
	{ "format", required_argument, NULL, 'f' },
	{ "help-query", no_argument, NULL, 'F' },
	{ "json", no_argument, NULL, 'j' },
	{ "plot", required_argument, NULL, 'P' },
	{ "threshold", required_argument, NULL, 'T' },
	{ "wear-threshold", required_argument, NULL, 'W' },
	{ "deck", required_argument, NULL, 'D' },
	{ "follow", no_argument, NULL, 'w' },
	{ "loop", required_argument, NULL, 'l' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static int wrong(const char *what, const char *value)
{
	fprintf(stderr, "nmc-smi: %s \"%s\"; try nmc-smi --help\n", what, value);
	return EXIT_USAGE;
}

static int parse_command(char **words, struct arguments *a)
{
	static const char *const commands[] = { "drift", "retention", "wear", "health", "events" };

	for (a->command = COMMAND_EVENTS; *words && a->command >= 0; a->command--)
		if (!strcmp(*words, commands[a->command]))
			break;
	if (!*words)
		a->command = -1;
	else if (a->command < 0)
		return wrong("drift, retention, wear, health and events are commands, not", *words);
	else if (words[1])
		return wrong("unexpected argument", words[1]);
	if (a->follow && a->command != COMMAND_EVENTS)
		return wrong("--follow goes with events, not with", *words ? *words : "");
	if ((a->plot || a->threshold > 0 || a->wear_limit > 0) && (a->command < 0 || a->command == COMMAND_EVENTS))
		return wrong("--plot, --threshold and --wear-threshold go with drift, retention, wear and health, not with", *words ? *words : "");
	return 0;
}

/* Monitoring takes 2 for critical: what is wrong with the question is unknown. */
static bool asks_for_health(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], "health"))
			return true;
	return false;
}

/* Bad decks are refused before a card is asked; whether a card has such a class is each card's affair. */
static int add_deck(struct arguments *a, const char *name)
{
	struct nmc_deck *deck;

	if (a->decks == MAX_DECKS)
		return wrong("too many decks at", name);
	if (nmc_deck_load(name, &deck)) {
		fprintf(stderr, "nmc-smi: --deck: %s\n", nmc_last_error());
		return EXIT_USAGE;
	}
	nmc_deck_destroy(deck);
	a->deck[a->decks++] = name;
	return 0;
}

/* 0, an exit status, or -1 to end with success. */
static int parse(int argc, char **argv, struct arguments *a)
{
	unsigned long id;
	int option;
	char *end;

	while ((option = getopt_long(argc, argv, "Lqi:l:hV", options, NULL)) != -1) {
		switch (option) {
		case 'L':
			a->show = show_list;
			break;
		case 'q':
			a->show = show_full;
			break;
		case 'j':
			a->show = show_json;
			a->json = true;
			break;
		case 'i':
			id = strtoul(optarg, &end, 10);
			if (*optarg < '0' || *optarg > '9' || *end || id >= SMI_MAX_CARDS)
				return wrong("not the number of a card:", optarg);
			a->id = (int)id;
			break;
		case 'd':
			a->device = optarg;
			break;
		case 'Q':
			a->query = optarg;
			break;
		case 'f':
			a->format = optarg;
			break;
		case 'l':
			a->loop = strtod(optarg, &end);
			if (*end || end == optarg || !(a->loop >= 0.1 && a->loop <= 86400))
				return wrong("not an interval of 0.1 to 86400 seconds:", optarg);
			break;
		case 'P':
			a->plot = optarg;
			end = strrchr(optarg, '.');
			if (!end || strcmp(end, ".svg"))
				return wrong("a picture is a file called NAME.svg, not", optarg);
			break;
		case 'T':
			a->threshold = strtod(optarg, &end) / 100.0;
			if (*end || end == optarg || !(a->threshold > 0 && a->threshold <= 1))
				return wrong("not a percentage above 0:", optarg);
			break;
		case 'W':
			a->wear_limit = strtod(optarg, &end) / 100.0;
			if (*end || end == optarg || !(a->wear_limit > 0 && a->wear_limit <= 100))
				return wrong("not a percentage above 0:", optarg);
			break;
		case 'D':
			if (add_deck(a, optarg))
				return EXIT_USAGE;
			break;
		case 'w':
			a->follow = true;
			break;
		case 'F':
			show_fields();
			return -1;
		case 'h':
			fputs(usage, stdout);
			return -1;
		case 'V':
			printf("nmc-smi %s\n", nmc_version());
			return -1;
		default:
			fputs("Try nmc-smi --help.\n", stderr);
			return EXIT_USAGE;
		}
	}
	if (a->format && !a->query)
		return wrong("--format goes with --query; given is", a->format);
	if (a->query && a->json)
		return wrong("--query gives CSV, --json gives all fields; both were given with", a->query);
	a->format = a->format ? a->format : "csv";
	if (a->query && check_query(a->query, a->format))
		return EXIT_USAGE;
	return parse_command(argv + optind, a);
}

int main(int argc, char **argv)
{
	const struct sigaction action = { .sa_handler = on_signal };
	struct arguments a = { .show = show_table, .id = -1, .command = -1 };
	int ret;

	setlocale(LC_CTYPE, "");
	ret = parse(argc, argv, &a);
	if (ret == EXIT_USAGE && asks_for_health(argc, argv))
		ret = VERDICT_UNKNOWN;

	if (!ret) {
		sigaction(SIGINT, &action, NULL);
		sigaction(SIGTERM, &action, NULL);
		ret = run(&a);
		free_views();
	}
	return output_end("nmc-smi", ret < 0 ? EXIT_SUCCESS : ret);
}
