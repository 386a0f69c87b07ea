// SPDX-License-Identifier: MIT
/*
 * One command to the control socket, one answer back.
 */
#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "nmc-cardctl/cardctl.h"

#define ANSWER_BYTES	(16u << 20)	/* more is no answer of a card */

/* The card has a working folder of its own. */
static int absolute(const char *path, char *out, size_t bytes)
{
	char here[PATH_MAX] = "";

	if (*path != '/' && !getcwd(here, sizeof(here)))
		return -errno;
	return snprintf(out, bytes, "%s%s%s", here, *here ? "/" : "", path) < (int)bytes ? 0 : -ENAMETOOLONG;
}

int cardctl_line(int argc, char **argv, char *line, size_t bytes)
{
	bool file = !strcmp(argv[0], "save") || !strcmp(argv[0], "load");
	char path[PATH_MAX];
	size_t at = 0;
	int i, ret;

	for (i = 0; i < argc; i++) {
		ret = i && file ? absolute(argv[i], path, sizeof(path)) : 0;
		if (ret)
			return ret;
		at += (size_t)snprintf(line + at, bytes - at, "%s%s", i && file ? path : argv[i], i + 1 < argc ? " " : "\n");
		if (at >= bytes)
			return -ENAMETOOLONG;
	}
	return 0;
}

static int connect_to(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd, err;

	if (strlen(path) >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	strcpy(to.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (!connect(fd, (const void *)&to, sizeof(to)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* All that comes until the card closes, as text. */
static char *read_all(int fd)
{
	size_t used = 0, room = 65536;
	char *text = malloc(room), *more;
	ssize_t n;

	while (text) {
		n = read(fd, text + used, room - used - 1);
		if (n <= 0)
			break;
		used += (size_t)n;
		if (used + 1 < room)
			continue;
		room *= 2;
		more = room <= ANSWER_BYTES ? realloc(text, room) : NULL;
		if (!more) {
			free(text);
			return NULL;
		}
		text = more;
	}
	if (text)
		text[used] = 0;
	return text;
}

int cardctl_ask(const char *path, const char *line, struct json_object **answer)
{
	int fd = connect_to(path);
	char *text = NULL;

	*answer = NULL;
	if (fd < 0)
		return fd;
	if (send(fd, line, strlen(line), MSG_NOSIGNAL) == (ssize_t)strlen(line))
		text = read_all(fd);
	close(fd);
	if (text)
		*answer = json_tokener_parse(text);
	free(text);
	if (json_object_is_type(*answer, json_type_object))
		return 0;
	cardctl_free(*answer);
	*answer = NULL;
	return -EPROTO;
}

const char *cardctl_error(struct json_object *answer)
{
	struct json_object *error;

	return json_object_object_get_ex(answer, "error", &error) ? json_object_get_string(error) : NULL;
}

void cardctl_free(struct json_object *answer)
{
	json_object_put(answer);
}
