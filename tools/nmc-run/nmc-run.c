// SPDX-License-Identifier: MIT
/*
 * nmc-run: runs a network from an ONNX file on a card and reports accuracy, speed and modelled cost.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "common/duration.h"
#include "common/output.h"
#include "nmc-run/nmc-run.h"

static const char usage[] =
	"Usage: nmc-run [OPTION]... MODEL.onnx --images FILE [--labels FILE]\n"
	"       nmc-run [OPTION]... MODEL.onnx --input X.npy [--output Y.npy]\n"
	"Runs a dense network from an ONNX file on the tiles of an NMC card.\n"
	"\n"
	"      --device URI       accel:N, or sim:CLASSES?tiles=T&seed=S for a card in this process\n"
	"                         (default: NMC_DEVICE, else the first /dev/accel card)\n"
	"      --class NAME       tile class, one that the card has (default: its first)\n"
	"      --seed N           seed of a sim: card\n"
	"      --images FILE      IDX images, plain or gzip; bytes are scaled to 0..1\n"
	"      --labels FILE      IDX labels, plain or gzip\n"
	"      --input FILE       NPY vectors instead of images\n"
	"      --output FILE      write the network's outputs as NPY\n"
	"      --raw-output FILE  write the card's int32 results of the last layer, as they are\n"
	"      --limit N          use the first N vectors only\n"
	"      --calibrate N      vectors that set the converters' ranges, the first N (default 256; labels are not used)\n"
	"      --calibrate FILE   the same from the vectors of an NPY file\n"
	"      --batch N          vectors in one step on the card (default: what fits)\n"
	"      --age TIME         let card time pass between programming and running: 1s, 1h, 30d, 1y\n"
	"      --ages LIST        accuracy at each of these ages, as in 1s,1h,1d,30d,1y,10y\n"
	"      --plot FILE.svg    draw accuracy over --ages\n"
	"      --compensate LIST  how converter ranges follow drift: none, global (one factor a tile), column (default none)\n"
	"      --baseline WHAT    what compensation compares with: card (as programmed, noise included) or ideal (default card)\n"
	"      --seeds N          N cards with seeds from --seed on: mean accuracy and its 95 % confidence interval\n"
	"      --breakdown        accuracy with each cause of a loss left out in turn\n"
	"      --scheme SCHEME    how weights lie in cells: differential, offset, slices[:N[:BITS]], devices[:N[:SIGNIFICANCE]]\n"
	"      --passes N[:TIME]  program N times, TIME apart (default 1s), so that cells that relax do so less\n"
	"      --repair           find broken cells after programming and place the weights around them\n"
	"      --spares N         tiles that --repair may move to from those with too many broken cells\n"
	"      --calibrate-converters  take offset and gain errors out of each output's conversion\n"
	"      --refresh PERCENT  once aged, program cells anew that are farther from their target than this part of the range\n"
	"      --persist NAME     leave the network on its tiles, where the same command finds it again; writes what is missing\n"
	"      --forget           with --persist: erase it at the end\n"
	"      --show-plan        print how the network lies on the tiles\n"
	"      --tile-report      what programming took and left, tile by tile\n"
	"      --json             report as JSON\n"
	"  -h, --help             this text\n"
	"  -V, --version          version\n"
	"\n"
	"Exit status: 0 success, 1 failure, 2 wrong usage, 3 bad input file, 4 no device, 5 the network does not fit,\n"
	"130 interrupted.\n";

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

bool run_interrupted(void)
{
	return interrupted;
}

int run_fail(int status, const char *text)
{
	char shown[1024];

	snprintf(shown, sizeof(shown), "%s", text);
	fprintf(stderr, "nmc-run: %s\n", nmc_printable(shown));
	return status;
}

enum { OPT_DEVICE = 256, OPT_CLASS, OPT_SEED, OPT_IMAGES, OPT_LABELS, OPT_INPUT, OPT_OUTPUT, OPT_RAW, OPT_LIMIT,
       OPT_CALIBRATE, OPT_BATCH, OPT_SEEDS, OPT_AGE, OPT_AGES, OPT_PLOT, OPT_COMPENSATE, OPT_BASELINE, OPT_BREAKDOWN,
       OPT_SCHEME, OPT_PASSES, OPT_REPAIR, OPT_SPARES, OPT_CONVERTERS, OPT_REFRESH, OPT_PERSIST, OPT_FORGET, OPT_PLAN,
       OPT_TILES, OPT_JSON };

static const struct option options[] = {
	{ "device", required_argument, NULL, OPT_DEVICE },
	{ "class", required_argument, NULL, OPT_CLASS },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "images", required_argument, NULL, OPT_IMAGES },
	{ "labels", required_argument, NULL, OPT_LABELS },
	{ "input", required_argument, NULL, OPT_INPUT },
	{ "output", required_argument, NULL, OPT_OUTPUT },
	{ "raw-output", required_argument, NULL, OPT_RAW },
	{ "limit", required_argument, NULL, OPT_LIMIT },
	{ "calibrate", required_argument, NULL, OPT_CALIBRATE },
	{ "batch", required_argument, NULL, OPT_BATCH },
	{ "seeds", required_argument, NULL, OPT_SEEDS },
	{ "age", required_argument, NULL, OPT_AGE },
	{ "ages", required_argument, NULL, OPT_AGES },
	{ "plot", required_argument, NULL, OPT_PLOT },
	{ "compensate", required_argument, NULL, OPT_COMPENSATE },
	{ "baseline", required_argument, NULL, OPT_BASELINE },
	{ "breakdown", no_argument, NULL, OPT_BREAKDOWN },
	{ "scheme", required_argument, NULL, OPT_SCHEME },
	{ "passes", required_argument, NULL, OPT_PASSES },
	{ "repair", no_argument, NULL, OPT_REPAIR },
	{ "spares", required_argument, NULL, OPT_SPARES },
	{ "calibrate-converters", no_argument, NULL, OPT_CONVERTERS },
	{ "refresh", required_argument, NULL, OPT_REFRESH },
	{ "persist", required_argument, NULL, OPT_PERSIST },
	{ "forget", no_argument, NULL, OPT_FORGET },
	{ "show-plan", no_argument, NULL, OPT_PLAN },
	{ "tile-report", no_argument, NULL, OPT_TILES },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static int number(const char *text, unsigned long long least, unsigned long long most, unsigned long long *out)
{
	char line[160], *end;

	errno = 0;
	*out = strtoull(text, &end, 0);
	if (*text >= '0' && *text <= '9' && !*end && !errno && *out >= least && *out <= most)
		return 0;
	snprintf(line, sizeof(line), "\"%.60s\" is not a number from %llu to %llu", text, least, most);
	return run_fail(EXIT_USAGE, line);
}

static int numeric_option(struct run_options *o, int option, const char *text)
{
	unsigned long long n;
	int ret;

	if (option == OPT_CALIBRATE && (*text < '0' || *text > '9')) {
		o->calibrate_file = text;
		return 0;
	}
	o->calibrate_file = option == OPT_CALIBRATE ? NULL : o->calibrate_file;
	ret = number(text, option == OPT_SEED ? 0 : 1, option == OPT_SEED ? ~0ull :
		     option == OPT_SEEDS ? RUN_SEEDS : 0xffffffffull, &n);

	if (ret)
		return ret;
	switch (option) {
	case OPT_SEED:
		o->seed = n;
		o->seeded = true;
		break;
	case OPT_SEEDS:
		o->seeds = (unsigned int)n;
		o->seeded = true;
		break;
	case OPT_LIMIT:
		o->limit = n;
		break;
	case OPT_CALIBRATE:
		o->calibrate = n;
		break;
	case OPT_SPARES:
		o->spares = (uint32_t)n;
		break;
	default:
		o->batch = (uint32_t)n;
	}
	return 0;
}

static int text_option(struct run_options *o, int option, const char *text)
{
	const char **const to[] = { &o->device, &o->class_name, NULL, &o->images, &o->labels, &o->input, &o->output,
				    &o->raw_output };

	if (option == OPT_SEED || option > OPT_RAW)
		return numeric_option(o, option, text);
	*to[option - OPT_DEVICE] = text;
	return 0;
}

static int study_option(struct run_options *o, int option, const char *text)
{
	switch (option) {
	case OPT_AGE:
	case OPT_AGES:
		o->study |= option == OPT_AGES;
		if (option == OPT_AGE && strchr(text, ','))
			return run_fail(EXIT_USAGE, "--age takes one age; --ages takes a list");
		return study_ages(o, text);
	case OPT_PLOT:
		o->plot = text;
		if (strlen(text) > 4 && !strcmp(text + strlen(text) - 4, ".svg"))
			return 0;
		return run_fail(EXIT_USAGE, "--plot writes SVG: name the file NAME.svg");
	case OPT_COMPENSATE:
		return study_hows(o, text);
	case OPT_BASELINE:
		o->baseline = !strcmp(text, "ideal");
		if (o->baseline || !strcmp(text, "card"))
			return 0;
		return run_fail(EXIT_USAGE, "--baseline is card or ideal");
	default:
		o->breakdown = true;
		return 0;
	}
}

/* A name, and for those that have several parts how many and of what kind: slices:8:1, devices:2:4. */
static int scheme_option(struct run_options *o, const char *text)
{
	size_t length = strcspn(text, ":");
	const char *name, *kind = NULL;
	char *end = (char *)text + length;

	o->parts = 0;
	o->slice_bits = 0;
	o->significance = 0.0f;
	for (o->scheme = 0; (name = nmc_scheme_name(o->scheme)); o->scheme++)
		if (strlen(name) == length && !memcmp(name, text, length))
			break;
	if (name && *end && o->scheme >= NMC_SCHEME_SLICES && end[1] >= '1' && end[1] <= '9')
		o->parts = (uint32_t)strtoul(end + 1, &end, 10);
	if (o->parts && *end && end[1] >= '1' && end[1] <= '9')
		kind = end + 1;
	if (kind && o->scheme == NMC_SCHEME_SLICES)
		o->slice_bits = (uint32_t)strtoul(kind, &end, 10);
	else if (kind)
		o->significance = strtof(kind, &end);
	o->pairs = o->scheme == NMC_SCHEME_DIFFERENTIAL;
	if (name && !*end)
		return 0;
	return run_fail(EXIT_USAGE, "--scheme is differential, offset, slices:N:BITS or devices:N:SIGNIFICANCE");
}

static int passes_option(struct run_options *o, const char *text)
{
	char *end;
	unsigned long passes = strtoul(text, &end, 10);

	o->passes = (uint32_t)passes;
	o->pass_wait_ns = 0;
	if (*text >= '1' && *text <= '9' && passes <= RUN_PASSES &&
	    (!*end || (*end == ':' && !duration_parse(end + 1, strlen(end + 1), &o->pass_wait_ns) && o->pass_wait_ns)))
		return 0;
	return run_fail(EXIT_USAGE, "--passes takes a number from 1 to 16, and a time as in 3:1min");
}

static int refresh_option(struct run_options *o, const char *text)
{
	char *end;

	o->refresh = strtod(text, &end) / 100.0;
	if (end > text && (!*end || !strcmp(end, "%")) && o->refresh > 0.0 && o->refresh <= 1.0)
		return 0;
	return run_fail(EXIT_USAGE, "--refresh takes a part of the range in percent, above 0 and at most 100");
}

/* 0, an exit status, or -1 to end with success. */
static int parse(int argc, char **argv, struct run_options *o)
{
	int option, ret = 0;

	while (!ret && (option = getopt_long(argc, argv, "hV", options, NULL)) != -1) {
		switch (option) {
		case OPT_PLAN:
			o->show_plan = true;
			break;
		case OPT_TILES:
			o->tile_report = true;
			break;
		case OPT_PERSIST:
			o->persist = optarg;
			break;
		case OPT_FORGET:
			o->forget = true;
			break;
		case OPT_SCHEME:
			ret = scheme_option(o, optarg);
			break;
		case OPT_PASSES:
			ret = passes_option(o, optarg);
			break;
		case OPT_REFRESH:
			ret = refresh_option(o, optarg);
			break;
		case OPT_CONVERTERS:
			o->converters = true;
			break;
		case OPT_REPAIR:
			o->repair = true;
			break;
		case OPT_SPARES:
			ret = numeric_option(o, option, optarg);
			break;
		case OPT_JSON:
			o->json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return -1;
		case 'V':
			printf("nmc-run %s\n", nmc_version());
			return -1;
		case '?':
			fputs("Try nmc-run --help.\n", stderr);
			return EXIT_USAGE;
		case OPT_AGE:
		case OPT_AGES:
		case OPT_PLOT:
		case OPT_COMPENSATE:
		case OPT_BASELINE:
		case OPT_BREAKDOWN:
			ret = study_option(o, option, optarg);
			break;
		default:
			ret = text_option(o, option, optarg);
		}
	}
	if (ret)
		return ret;
	if (optind + 1 != argc)
		return run_fail(EXIT_USAGE, "one MODEL.onnx is needed; try nmc-run --help");
	o->model = argv[optind];
	if (!o->images == !o->input)
		return run_fail(EXIT_USAGE, "either --images or --input is needed; try nmc-run --help");
	if (o->forget && !o->persist)
		return run_fail(EXIT_USAGE, "--forget goes with --persist");
	if (o->persist && o->repair)
		return run_fail(EXIT_USAGE, "--repair and --persist contradict each other: what was found would be lost with the run");
	if (o->labels && !o->images)
		return run_fail(EXIT_USAGE, "--labels goes with --images");
	if (o->spares && !o->repair)
		return run_fail(EXIT_USAGE, "--spares goes with --repair, which is what moves to them");
	return 0;
}

/* Seeds belong to cards that are made for the run. */
static int check_seeds(const struct run_options *o)
{
	const char *uri = o->device ? o->device : getenv("NMC_DEVICE");

	if (!o->seeded)
		return 0;
	if (!uri || strncmp(uri, "sim:", 4))
		return run_fail(EXIT_USAGE, "--seed and --seeds belong to a card in this process (--device sim:...); "
				"a card behind the kernel has the seed it was started with");
	if (strstr(uri, "seed="))
		return run_fail(EXIT_USAGE, "--seed and a seed in the device's URI contradict each other; give one");
	return 0;
}

/* What a study needs, and what goes with single runs only. */
static int check_study(struct run_options *o)
{
	if (!o->hows)
		o->hows = 1;
	o->study |= o->seeds > 1 || o->breakdown || o->hows > 1;
	if (o->plot && (!o->study || o->ages < 2 || !o->age[1].ns))
		return run_fail(EXIT_USAGE, "--plot draws accuracy over age: it needs --ages with two ages or more");
	if (!o->study)
		return 0;
	if (!o->labels)
		return run_fail(EXIT_USAGE, "--ages, --seeds, --breakdown and several compensations compare accuracies: "
				"they need --labels");
	if (o->output || o->raw_output || o->tile_report)
		return run_fail(EXIT_USAGE, "--output, --raw-output and --tile-report go with a single run");
	return 0;
}

int main(int argc, char **argv)
{
	const struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND };
	struct run_options o = { .calibrate = 256, .passes = 1, .seeds = 1, .argv = argv };
	int ret = parse(argc, argv, &o);

	if (!ret)
		ret = check_seeds(&o);
	if (!ret)
		ret = check_study(&o);
	if (!ret) {
		sigaction(SIGINT, &action, NULL);
		sigaction(SIGTERM, &action, NULL);
		ret = run_all(&o);
	}
	return output_end("nmc-run", ret < 0 ? EXIT_SUCCESS : ret);
}
