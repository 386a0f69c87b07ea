// SPDX-License-Identifier: MIT
/*
 * nmc-smi: what NMC cards are there, what they hold and who uses them. Needs no privilege beyond opening the card.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "common/output.h"
#include "nmc-smi/smi.h"

enum { EXIT_USAGE = 2, EXIT_DEVICE = 4 };

static const char usage[] =
	"Usage: nmc-smi [OPTION]...\n"
	"Reports NMC cards: tiles, jobs, energy, processes.\n"
	"\n"
	"  -L, --list-cards       one line a card\n"
	"  -q, --full             everything about each card\n"
	"  -i, --id N             only card N of the list\n"
	"      --device URI       a card by URI (for instance sim:) instead of the kernel's cards\n"
	"      --query FIELDS     comma separated fields, see --help-query\n"
	"      --format FORMAT    with --query: csv[,noheader][,nounits]\n"
	"      --help-query       list the fields\n"
	"      --json             everything as JSON, schema 1\n"
	"  -l, --loop SECONDS     repeat until interrupted\n"
	"  -h, --help             this text\n"
	"  -V, --version          version\n"
	"\n"
	"What is not available is N/A or null. Processes of other users are summed as not visible.\n"
	"Exit status: 0 success, 1 failure, 2 wrong usage, 4 no card that can be opened.\n";

struct arguments {
	void (*show)(const struct smi *s);
	const char *device;
	const char *query;
	const char *format;
	int id;
	double loop;
};

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

static int add_card(struct smi *s, const char *uri)
{
	struct smi_card *c = &s->card[s->count];
	struct nmc_device *d;
	int ret;

	memset(c, 0, sizeof(*c));
	c->index = s->count++;
	snprintf(c->uri, sizeof(c->uri), "%s", uri);
	ret = nmc_device_open(uri, &d);
	if (!ret) {
		ret = ask(c, d);
		nmc_device_close(d);
	}
	if (ret)
		snprintf(c->error, sizeof(c->error), "%s", nmc_last_error());
	return ret;
}

/* All cards of the kernel; NMC_DEVICE or --device names one instead. 0 or an exit status. */
static int collect(struct smi *s, const char *device)
{
	struct nmc_device_entry entries[SMI_MAX_CARDS];
	int i, n;

	s->count = 0;
	device = device ? device : getenv("NMC_DEVICE");
	if (device && *device) {
		if (!add_card(s, device))
			return 0;
		fprintf(stderr, "nmc-smi: %s\n", s->card[0].error);
		return EXIT_DEVICE;
	}
	n = nmc_device_enumerate(entries, SMI_MAX_CARDS);
	for (i = 0; i < n && i < SMI_MAX_CARDS; i++)
		add_card(s, entries[i].uri);
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

static int once(const struct arguments *a, bool again)
{
	static struct smi s;
	int ret = collect(&s, a->device);

	if (!ret)
		ret = keep_only(&s, a->id);
	if (ret)
		return ret;
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

	while (!ret && a->loop > 0 && !ended && !fflush(stdout)) {
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
	return optind < argc ? wrong("unexpected argument", argv[optind]) : 0;
}

int main(int argc, char **argv)
{
	const struct sigaction action = { .sa_handler = on_signal };
	struct arguments a = { .show = show_table, .format = "csv", .id = -1 };
	int ret = parse(argc, argv, &a);

	if (!ret) {
		sigaction(SIGINT, &action, NULL);
		sigaction(SIGTERM, &action, NULL);
		ret = run(&a);
	}
	return output_end("nmc-smi", ret < 0 ? EXIT_SUCCESS : ret);
}
