// SPDX-License-Identifier: MIT
/*
 * Health of tiles as a picture, drawn by gnuplot: its standard output is the file, its standard input the script.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "nmc-smi/tiles.h"

#define DAY_S	86400.0

extern char **environ;

static void head(FILE *f, const struct card_view *v, const char *what)
{
	fprintf(f, "set terminal svg size 960,480 dynamic background rgb 'white'\n");
	fprintf(f, "set title 'Card %u: %s'\nset grid\nset key top left\n", v->card->index, what);
}

static void threshold(FILE *f, const struct card_view *v)
{
	fprintf(f, "%g with lines lc rgb 'red' title 'threshold'", 100.0 * v->threshold);
}

static void bars(FILE *f, const struct card_view *v, bool wear)
{
	unsigned int i;

	head(f, v, wear ? "pulses of the most worn cell by tile" : "deviation from target by tile");
	fprintf(f, "set xlabel 'tile'\nset ylabel '%s'\nset xrange [-1:%u]\nset yrange [0:*]\n", wear ? "pulses" :
		"RMS deviation, % of gmax", v->tiles);
	fprintf(f, "set boxwidth 0.8\nset style fill solid 0.6\nplot '-' with boxes title '%s'", wear ? "wear" : "deviation");
	if (!wear) {
		fprintf(f, ", ");
		threshold(f, v);
	}
	fprintf(f, "\n");
	for (i = 0; i < v->tiles; i++) {
		const struct tile_view *t = &v->tile[i];

		if (wear)
			fprintf(f, "%u %llu\n", t->info.tile, (unsigned long long)t->info.wear_max);
		else
			fprintf(f, "%u %g\n", t->info.tile, isnan(t->age_s) ? 0.0 : 100.0 * (double)t->info.deviation);
	}
	fprintf(f, "e\n");
}

static void points(FILE *f, const struct card_view *v, bool band)
{
	unsigned int i;

	for (i = 0; i < TILES_POINTS; i++) {
		const struct nmc_prediction *p = &v->curve[i];
		double days = (double)p->age_ns * 1e-9 / DAY_S;

		if (band)
			fprintf(f, "%g %g %g\n", days, 100 * p->low, 100 * p->high);
		else
			fprintf(f, "%g %g\n", days, 100 * p->deviation);
	}
	fprintf(f, "e\n");
}

static void curve(FILE *f, const struct card_view *v)
{
	const struct tile_view *t = &v->tile[v->curve_tile];
	char title[64];

	snprintf(title, sizeof(title), "retention of tile %u, the worst", t->info.tile);
	head(f, v, title);
	fprintf(f, "set xlabel 'days since programming'\nset ylabel 'RMS deviation, %% of gmax'\nset logscale x\nset yrange [0:*]\n");
	fprintf(f, "plot '-' with filledcurves fs transparent solid 0.25 title '90 %% interval', "
		"'-' with lines lw 2 title 'predicted', '-' with points pt 7 title 'measured', ");
	threshold(f, v);
	fprintf(f, "\n");
	points(f, v, true);
	points(f, v, false);
	fprintf(f, "%g %g\ne\n", t->age_s / DAY_S, 100.0 * (double)t->info.deviation);
}

static int start(pid_t *pid, int in, int out)
{
	char *argv[] = { "gnuplot", NULL };
	posix_spawn_file_actions_t actions;
	int err;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	err = posix_spawnp(pid, "gnuplot", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return err;
}

/* Script into the pipe, wait; 0 or -1 after a message. */
static int feed(const struct card_view *v, enum tiles_command command, int to, pid_t pid)
{
	FILE *f = fdopen(to, "w");
	int status = -1;

	signal(SIGPIPE, SIG_IGN);	/* gnuplot may end early: its status tells */
	if (f && command == TILES_RETENTION)
		curve(f, v);
	else if (f)
		bars(f, v, command == TILES_WEAR);
	if (f)
		fclose(f);
	else
		close(to);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	signal(SIGPIPE, SIG_DFL);
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "nmc-smi: --plot: gnuplot failed\n");
		return -1;
	}
	return 0;
}

static int draw(const struct card_view *v, enum tiles_command command, int file)
{
	int pipes[2], err;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC)) {
		fprintf(stderr, "nmc-smi: --plot: %s\n", strerror(errno));
		return -1;
	}
	err = start(&pid, pipes[0], file);
	close(pipes[0]);
	if (err) {
		close(pipes[1]);
		fprintf(stderr, "nmc-smi: --plot: gnuplot cannot be started: %s; install package gnuplot-nox\n", strerror(err));
		return -1;
	}
	return feed(v, command, pipes[1], pid);
}

int tiles_plot(const struct card_view *v, unsigned int cards, enum tiles_command command, const char *path)
{
	unsigned int i;
	int file, ret;

	for (i = 0; i < cards && *v->card->error; i++)
		v++;
	if (i == cards)
		return 0;
	if (command == TILES_RETENTION && v->curve_tile < 0) {
		fprintf(stderr, "nmc-smi: --plot: no tile has been measured yet, there is nothing to draw\n");
		return -1;
	}
	file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (file < 0) {
		fprintf(stderr, "nmc-smi: --plot: %s: %s\n", path, strerror(errno));
		return -1;
	}
	ret = draw(v, command, file);
	close(file);
	if (ret)
		unlink(path);
	return ret;
}
