// SPDX-License-Identifier: MIT
/*
 * Pictures by gnuplot.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "common/gnuplot.h"

extern char **environ;

void gnuplot_style(FILE *f, unsigned int width, unsigned int height)
{
	fprintf(f, "set encoding utf8\n"
		"set terminal svg size %u,%u noenhanced font 'sans-serif,14' background '#ffffff'\n"
		"set border 3 lc '#555555'\nset tics nomirror out textcolor '#333333'\nset grid lc '#dddddd' lt 1 lw 1\n"
		"set style fill transparent solid 0.35 noborder\n"
		"set linetype 1 lc '#0072b2'\nset linetype 2 lc '#d55e00'\nset linetype 3 lc '#009e73'\n"
		"set linetype 4 lc '#cc79a7'\nset linetype 5 lc '#e69f00'\nset linetype 6 lc '#56b4e9'\n"
		"set linetype 7 lc '#7f5f2f'\nset linetype 8 lc '#444444'\n", width, height);
}

void gnuplot_text(FILE *f, const char *text)
{
	fputc('\'', f);
	for (; *text; text++)
		fprintf(f, *text == '\'' ? "''" : "%c", (unsigned char)*text < 0x20 ? ' ' : *text);
	fputc('\'', f);
}

static int fails(char *error, size_t room, const char *what, int err)
{
	snprintf(error, room, "%s: %s", what, strerror(err));
	return -1;
}

static int start(pid_t *pid, int in, int out)
{
	static char *const argv[] = { (char *)"gnuplot", (char *)"-d", (char *)"-", NULL };
	posix_spawn_file_actions_t actions;
	int err;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	err = posix_spawnp(pid, "gnuplot", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return err;
}

/* gnuplot may end early: that is no reason to end with it. */
static bool feed(const char *text, size_t bytes, int to)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction before;

	sigaction(SIGPIPE, &ignore, &before);
	while (bytes) {
		ssize_t n = write(to, text, bytes);

		if (n < 0 && errno != EINTR)
			break;
		text += n > 0 ? n : 0;
		bytes -= n > 0 ? (size_t)n : 0;
	}
	sigaction(SIGPIPE, &before, NULL);
	return !bytes;
}

int gnuplot_draw(const char *commands, size_t bytes, int to, char *error, size_t room)
{
	int pipes[2], status = 0, err;
	bool fed = false;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC))
		return fails(error, room, "gnuplot cannot be run", errno);
	err = start(&pid, pipes[0], to);
	close(pipes[0]);
	if (!err)
		fed = feed(commands, bytes, pipes[1]);
	close(pipes[1]);
	if (err == ENOENT) {
		snprintf(error, room, "gnuplot, which draws, is not installed (package gnuplot-nox)");
		return -1;
	}
	if (err)
		return fails(error, room, "gnuplot cannot be run", err);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (fed && !status)
		return 0;
	snprintf(error, room, "gnuplot failed");
	return -1;
}

int gnuplot_file(const char *commands, size_t bytes, const char *path, char *error, size_t room)
{
	mode_t mask = umask(0);
	char *partial;
	int ret, fd;

	umask(mask);
	if (asprintf(&partial, "%s.XXXXXX", path) < 0)
		return fails(error, room, path, ENOMEM);
	fd = mkostemp(partial, O_CLOEXEC);
	if (fd < 0) {
		ret = fails(error, room, path, errno);
		free(partial);
		return ret;
	}
	fchmod(fd, 0666 & ~mask);
	ret = gnuplot_draw(commands, bytes, fd, error, room);
	if (close(fd) && !ret)
		ret = fails(error, room, path, errno);
	if (!ret && rename(partial, path))
		ret = fails(error, room, path, errno);
	if (ret)
		unlink(partial);
	free(partial);
	return ret;
}
