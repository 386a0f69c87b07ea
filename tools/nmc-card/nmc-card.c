// SPDX-License-Identifier: MIT
/*
 * nmc-card: a card in software behind a vfio-user socket, for virtual machines; or, without --socket, a command to
 * one that runs.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "card/card.h"
#include "common/output.h"
#include "command.h"
#include "control.h"

enum { EXIT_USAGE = 2 };

static const char usage[] =
	"Usage: nmc-card --socket PATH [OPTION]...\n"
	"       nmc-card --control PATH COMMAND\n"
	"Serves an NMC card in software over vfio-user, or gives a command to one.\n"
	"\n"
	"      --socket PATH      listen for virtual machines here\n"
	"      --control PATH     control socket: offer it (with --socket) or use it\n"
	"      --classes LIST     tile classes, comma separated: digital, names of shipped decks, paths of deck files\n"
	"                         (default rram,ideal,digital)\n"
	"      --tiles N          tiles of each class (default 64)\n"
	"      --rows N           rows of a tile (default 256)\n"
	"      --cols N           columns of a tile (default 256)\n"
	"      --seed N           seed of all randomness (default 0)\n"
	"      --serial N         serial number (default derived from the seed)\n"
	"      --engines N        jobs at once (default 2)\n"
	"      --queues N         I/O queues (default 8)\n"
	"      --entries N        most entries of a ring, a power of two (default 4096)\n"
	"      --threads N        host threads that share one product (default all processors)\n"
	"      --simd {on,off}    vector instructions of the host where it has them (default on)\n"
	"      --irq KIND         msix, msi or intx (default msix)\n"
	"      --state FILE       power up as FILE says if it exists, write it at the end\n"
	"      --wall-clock       card time also advances with wall time; runs are then not reproducible\n"
	"  -h, --help             this text\n"
	"  -V, --version          version\n"
	"\n"
	"Commands: those of nmc-cardctl(1)\n"
	"A line \"ready PATH\" on standard output says that the socket listens.\n"
	"Exit status: 0 success, 1 failure, 2 wrong usage, 3 power lost (nmc-cardctl power-loss).\n";

struct arguments {
	struct card_options card;
	struct card_server_options server;
	const char *control;
	const char *state;
};

static int wrong(const char *format, const char *value)
{
	fprintf(stderr, "nmc-card: ");
	fprintf(stderr, format, value);
	fprintf(stderr, "; try nmc-card --help\n");
	return EXIT_USAGE;
}

static int number(const char *name, const char *text, unsigned long long limit, unsigned long long *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 0);
	if (*text >= '0' && *text <= '9' && !*end && !errno && *out <= limit)
		return 0;
	fprintf(stderr, "nmc-card: --%s %s: not a number up to %llu\n", name, text, limit);
	return EXIT_USAGE;
}

static int irq_kind(const char *text, enum card_irq *irq)
{
	static const char *const names[] = { [CARD_IRQ_MSIX] = "msix", [CARD_IRQ_MSI] = "msi", [CARD_IRQ_INTX] = "intx" };
	unsigned int i;

	for (i = 0; i < 3; i++)
		if (!strcmp(names[i], text)) {
			*irq = (enum card_irq)i;
			return 0;
		}
	return wrong("--irq %s: msix, msi or intx", text);
}

static int simd(const char *text, bool *plain_c)
{
	*plain_c = !strcmp(text, "off");
	return *plain_c || !strcmp(text, "on") ? 0 : wrong("--simd %s: on or off", text);
}

static const struct option options[] = {
	{ "socket", required_argument, NULL, 's' },
	{ "control", required_argument, NULL, 'c' },
	{ "classes", required_argument, NULL, 'C' },
	{ "tiles", required_argument, NULL, 't' },
	{ "rows", required_argument, NULL, 'r' },
	{ "cols", required_argument, NULL, 'l' },
	{ "seed", required_argument, NULL, 'S' },
	{ "serial", required_argument, NULL, 'N' },
	{ "engines", required_argument, NULL, 'e' },
	{ "queues", required_argument, NULL, 'q' },
	{ "entries", required_argument, NULL, 'E' },
	{ "threads", required_argument, NULL, 'T' },
	{ "simd", required_argument, NULL, 'p' },
	{ "irq", required_argument, NULL, 'i' },
	{ "state", required_argument, NULL, 'f' },
	{ "wall-clock", no_argument, NULL, 'w' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

/* Options with a count, at least 1. */
static int count_option(struct arguments *a, int option, const char *name, const char *text)
{
	unsigned long long n;
	unsigned int *to = option == 't' ? &a->card.tiles : option == 'r' ? &a->card.rows :
			   option == 'l' ? &a->card.cols : option == 'e' ? &a->card.engines :
			   option == 'q' ? &a->card.queues : option == 'E' ? &a->server.entries :
			   &a->card.threads;
	int ret = number(name, text, 0xffffffff, &n);

	if (ret)
		return ret;
	if (!n)
		return wrong("--%s must be at least 1", name);
	*to = (unsigned int)n;
	return 0;
}

/* 0, an exit status, or -1 to end with success. */
static int parse(int argc, char **argv, struct arguments *a)
{
	unsigned long long n;
	int option, index = 0, ret = 0;

	while (!ret && (option = getopt_long(argc, argv, "hV", options, &index)) != -1) {
		switch (option) {
		case 's':
			a->server.socket = optarg;
			break;
		case 'c':
			a->control = optarg;
			break;
		case 'f':
			a->state = optarg;
			break;
		case 'C':
			a->card.classes = optarg;
			break;
		case 'S':
			ret = number("seed", optarg, ~0ull, &n);
			a->card.seed = n;
			break;
		case 'N':
			ret = number("serial", optarg, ~0ull, &n);
			a->card.serial = n;
			break;
		case 'i':
			ret = irq_kind(optarg, &a->server.irq);
			break;
		case 'p':
			ret = simd(optarg, &a->card.plain_c);
			break;
		case 'w':
			a->card.wall_clock = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return -1;
		case 'V':
			puts("nmc-card " NMC_TOOL_VERSION);
			return -1;
		case '?':
			fprintf(stderr, "try nmc-card --help\n");
			return EXIT_USAGE;
		default:
			ret = count_option(a, option, options[index].name, optarg);
		}
	}
	return ret;
}

/* Waits for SIGINT, SIGTERM or SIGHUP. */
static void wait_for_end(const sigset_t *signals)
{
	int which;

	while (sigwait(signals, &which))
		;
}

/* The card as it was when its power went, if it was ever on. */
static int power_up(struct card *card, const char *state, char *error, size_t bytes)
{
	return state && !access(state, F_OK) ? card_load(card, state, error, bytes) : 0;
}

static int serve(const struct arguments *a)
{
	struct card *card;
	struct card_server *server = NULL;
	struct command_card commanded;
	struct control *control = NULL;
	char error[512];
	sigset_t signals;
	int ret;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);	/* who asks the control socket may leave before the answer */
	ret = card_create(&a->card, &card, error, sizeof(error));
	if (ret) {
		fprintf(stderr, "nmc-card: %s\n", error);
		return ret == -EINVAL ? EXIT_USAGE : EXIT_FAILURE;
	}
	ret = power_up(card, a->state, error, sizeof(error));
	if (!ret)
		ret = card_server_start(card, &a->server, &server, error, sizeof(error));
	commanded = (struct command_card){ .card = card, .server = server, .state = a->state };
	if (!ret && a->control)
		ret = control_start(a->control, &commanded, &control, error, sizeof(error));
	if (ret) {
		fprintf(stderr, "nmc-card: %s\n", error);
	} else {
		printf("ready %s\n", a->server.socket);
		if (!fflush(stdout))
			wait_for_end(&signals);
	}
	control_stop(control);
	card_server_stop(server);
	if (!ret && a->state) {
		ret = card_save(card, a->state, error, sizeof(error));
		if (ret)
			fprintf(stderr, "nmc-card: the state is not saved: %s\n", error);
	}
	card_destroy(card);
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run(const struct arguments *a, int argc, char **argv)
{
	if (a->server.socket && !argc)
		return serve(a);
	if (a->server.socket)
		return wrong("\"%s\": a card that is being started takes no command", *argv);
	if (!a->control)
		return wrong("%s is missing", "--socket PATH or --control PATH");
	if (!argc)
		return wrong("--control %s: which command? status, age, temperature, fault, counters", a->control);
	return control_command(a->control, argc, argv) ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct arguments a = { 0 };
	int ret = parse(argc, argv, &a);

	if (!ret)
		ret = run(&a, argc - optind, argv + optind);
	return output_end("nmc-card", ret < 0 ? EXIT_SUCCESS : ret);
}
