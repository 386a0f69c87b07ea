// SPDX-License-Identifier: MIT
/*
 * nmc-bench: how fast products, submission and programming are, beside this machine's own limits in the same run.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "common/output.h"
#include "nmc-bench/bench.h"

enum { EXIT_USAGE = 2, EXIT_DEVICE = 4 };

static const char usage[] =
	"Usage: nmc-bench [OPTION]... mvm|submit|program\n"
	"  mvm      products on one tile: vectors a second, beside OpenBLAS sgemm of the same shape\n"
	"  submit   empty jobs: latency at depth 1, rate at --depth, doorbells, interrupts and register accesses a job\n"
	"  program  program-and-verify: cells a second, pulses\n"
	"\n"
	"      --device URI    as nmc-run; default the first card\n"
	"      --class NAME    tile class (mvm, program)\n"
	"      --seconds S     time spent on each figure (default 1)\n"
	"      --threads N     threads of the sgemm yardstick (default all processors)\n"
	"      --batch N       vectors of a product (default 128)\n"
	"      --depth N       jobs in flight (default 32, at most 64)\n"
	"      --json          figures as JSON\n"
	"  -h, --help          this text\n"
	"  -V, --version       version\n"
	"\n"
	"All times are wall time of this machine. Exit status: 0 success, 1 failure, 2 wrong usage, 4 no device.\n";

double bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void add_number(struct json_object *o, const char *key, double x)
{
	json_object_object_add(o, key, json_object_new_double(x));
}

static const struct option options[] = {
	{ "device", required_argument, NULL, 'd' },
	{ "class", required_argument, NULL, 'c' },
	{ "seconds", required_argument, NULL, 's' },
	{ "threads", required_argument, NULL, 't' },
	{ "batch", required_argument, NULL, 'b' },
	{ "depth", required_argument, NULL, 'q' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

struct arguments {
	struct bench b;
	const char *device;
	bool json;
	int (*run)(const struct bench *b, struct json_object *o);
};

static int count(const char *what, const char *text, unsigned int most, unsigned int *out)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || !n || n > most) {
		fprintf(stderr, "nmc-bench: --%s %s: not a number from 1 to %u\n", what, text, most);
		return EXIT_USAGE;
	}
	*out = (unsigned int)n;
	return 0;
}

static int one_option(struct arguments *a, int option)
{
	char *end;

	switch (option) {
	case 'd':
		a->device = optarg;
		return 0;
	case 'c':
		a->b.class_name = optarg;
		return 0;
	case 's':
		a->b.seconds = strtod(optarg, &end);
		if (!*end && end != optarg && a->b.seconds > 0 && a->b.seconds <= 3600)
			return 0;
		fprintf(stderr, "nmc-bench: --seconds %s: not a time up to 3600\n", optarg);
		return EXIT_USAGE;
	case 't':
		return count("threads", optarg, 1024, &a->b.threads);
	case 'b':
		return count("batch", optarg, 4096, &a->b.batch);
	case 'q':
		return count("depth", optarg, 64, &a->b.depth);
	case 'j':
		a->json = true;
		return 0;
	case 'h':
		fputs(usage, stdout);
		return -1;
	case 'V':
		printf("nmc-bench %s\n", nmc_version());
		return -1;
	default:
		fputs("Try nmc-bench --help.\n", stderr);
		return EXIT_USAGE;
	}
}

/* 0, an exit status, or -1 to end with success. */
static int parse(int argc, char **argv, struct arguments *a)
{
	static const struct {
		const char *name;
		int (*run)(const struct bench *b, struct json_object *o);
	} benches[] = { { "mvm", bench_mvm }, { "submit", bench_submit }, { "program", bench_program } };
	int option, ret = 0;
	size_t i;

	while (!ret && (option = getopt_long(argc, argv, "hV", options, NULL)) != -1)
		ret = one_option(a, option);
	if (ret)
		return ret;
	for (i = 0; optind + 1 == argc && i < 3; i++)
		if (!strcmp(argv[optind], benches[i].name))
			a->run = benches[i].run;
	if (!a->run)
		fputs("nmc-bench: mvm, submit or program is needed; try nmc-bench --help\n", stderr);
	return a->run ? 0 : EXIT_USAGE;
}

static void print_text(struct json_object *o, const char *prefix)
{
	char name[96];

	json_object_object_foreach(o, key, value) {
		snprintf(name, sizeof(name), "%s%s", prefix, key);
		if (json_object_is_type(value, json_type_double)) {
			printf("%-44s %14.6g\n", name, json_object_get_double(value));
		} else if (json_object_is_type(value, json_type_object)) {
			snprintf(name, sizeof(name), "%s%s.", prefix, key);
			print_text(value, name);
		} else {
			printf("%-44s %14s\n", name, json_object_get_string(value));
		}
	}
}

static int run(struct arguments *a, const char *name)
{
	struct nmc_device_info info = NMC_DEVICE_INFO_INIT;
	struct json_object *o;
	int ret;

	ret = nmc_device_open(a->device, &a->b.device);
	if (ret || nmc_device_info(a->b.device, &info)) {
		fprintf(stderr, "nmc-bench: %s\n", nmc_last_error());
		nmc_device_close(a->b.device);
		return ret == -EINVAL ? EXIT_USAGE : EXIT_DEVICE;
	}
	if (a->b.class_name && nmc_device_find_class(a->b.device, a->b.class_name) < 0) {
		fprintf(stderr, "nmc-bench: %s\n", nmc_last_error());
		nmc_device_close(a->b.device);
		return EXIT_USAGE;
	}
	o = json_object_new_object();
	json_object_object_add(o, "bench", json_object_new_string(name));
	json_object_object_add(o, "device", json_object_new_string(info.uri));
	ret = a->run(&a->b, o);
	if (ret)
		fprintf(stderr, "nmc-bench: %s\n", nmc_last_error());
	else if (a->json)
		puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	else
		print_text(o, "");
	json_object_put(o);
	nmc_device_close(a->b.device);
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct arguments a = { .b = { .seconds = 1, .batch = 128, .depth = 32 } };
	int ret;

	a.b.threads = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
	ret = parse(argc, argv, &a);
	if (!ret)
		ret = run(&a, argv[argc - 1]);
	return output_end("nmc-bench", ret < 0 ? EXIT_SUCCESS : ret);
}
