// SPDX-License-Identifier: MIT
/*
 * A file that appears under its name when it is complete, and replaces another only when that is wanted.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "nmc-deck/nmc-deck.h"

static int cannot(const char *path)
{
	return tool_fail(EXIT_FAILURE, "%s: %s", path, strerror(errno));
}

static int exists(const char *path)
{
	return tool_fail(EXIT_FAILURE, "%s exists; --force replaces it", path);
}

int output_open(const struct tool *t, struct output *o)
{
	mode_t mask = umask(0);
	int fd;

	umask(mask);
	*o = (struct output){ .f = stdout };
	if (!t->output || !strcmp(t->output, "-"))
		return 0;
	o->path = t->output;
	if (!t->force && !access(o->path, F_OK))
		return exists(o->path);
	if (snprintf(o->partial, sizeof(o->partial), "%s.XXXXXX", o->path) >= (int)sizeof(o->partial))
		return tool_fail(EXIT_USAGE, "the name of the output is too long");
	fd = mkostemp(o->partial, O_CLOEXEC);
	if (fd < 0)
		return cannot(o->path);
	fchmod(fd, 0666 & ~mask);
	o->f = fdopen(fd, "w");
	if (o->f)
		return 0;
	close(fd);
	unlink(o->partial);
	return tool_fail(EXIT_FAILURE, "out of memory");
}

int output_close(const struct tool *t, struct output *o, int status)
{
	bool failed;

	if (!o->path)
		return status;
	failed = ferror(o->f);
	failed |= fclose(o->f) != 0;
	if (!status && failed)
		status = cannot(o->path);
	if (!status && !t->force && link(o->partial, o->path))
		status = errno == EEXIST ? exists(o->path) : cannot(o->path);
	if (!status && t->force && rename(o->partial, o->path))
		status = cannot(o->path);
	if (status || !t->force)
		unlink(o->partial);
	return status;
}
