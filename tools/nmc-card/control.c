// SPDX-License-Identifier: MIT
/*
 * The control socket.
 */
#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include "command.h"
#include "control.h"

#define LINE_BYTES	4608	/* a command and a path */

struct control {
	struct command_card *card;
	pthread_t thread;
	int listener;
	int end;
	const char *path;
};

/* Reads up to a newline; -1 if the other side is gone, silent or too long. */
static int read_line(int fd, char *line, size_t bytes)
{
	size_t used = 0;

	while (used < bytes) {
		ssize_t n = read(fd, line + used, bytes - used);
		char *end;

		if (n <= 0)
			return -1;
		end = memchr(line + used, '\n', (size_t)n);
		used += (size_t)n;
		if (end) {
			*end = 0;
			return 0;
		}
	}
	return -1;
}

static void serve_one(struct control *c, int fd)
{
	const struct timeval patience = { .tv_sec = 2 };
	struct json_object *answer;
	char line[LINE_BYTES];

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (read_line(fd, line, sizeof(line)))
		return;
	answer = command_carry_out(c->card, line);
	dprintf(fd, "%s\n", json_object_to_json_string(answer));
	json_object_put(answer);
}

static void *control_thread(void *arg)
{
	struct control *c = arg;

	for (;;) {
		struct pollfd p[2] = { { .fd = c->end, .events = POLLIN }, { .fd = c->listener, .events = POLLIN } };
		int fd;

		if ((poll(p, 2, -1) < 0 && errno != EINTR) || p[0].revents)
			return NULL;
		if (!p[1].revents)
			continue;
		fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		serve_one(c, fd);
		close(fd);
		if (c->card->power_lost)
			_exit(CONTROL_POWER_LOST);
	}
}

static int address(const char *path, struct sockaddr_un *a)
{
	if (strlen(path) >= sizeof(a->sun_path))
		return -ENAMETOOLONG;
	a->sun_family = AF_UNIX;
	strcpy(a->sun_path, path);
	return 0;
}

static int control_open(struct control *c, const char *path)
{
	c->path = path;
	c->listener = card_socket_listen(path);
	if (c->listener < 0)
		return c->listener;
	c->end = eventfd(0, EFD_CLOEXEC);
	if (c->end >= 0 && !pthread_create(&c->thread, NULL, control_thread, c))
		return 0;
	unlink(path);
	return -EAGAIN;
}

int control_start(const char *path, struct command_card *card, struct control **control, char *error, size_t bytes)
{
	struct control *c = calloc(1, sizeof(*c));
	int ret = -ENOMEM;

	*control = NULL;
	if (c) {
		c->card = card;
		c->listener = -1;
		c->end = -1;
		ret = control_open(c, path);
	}
	if (!ret) {
		*control = c;
		return 0;
	}
	snprintf(error, bytes, "%s: control socket: %s", path, strerror(-ret));
	if (c && c->listener >= 0)
		close(c->listener);
	if (c && c->end >= 0)
		close(c->end);
	free(c);
	return ret;
}

void control_stop(struct control *control)
{
	uint64_t one = 1;

	if (!control)
		return;
	unlink(control->path);
	if (write(control->end, &one, sizeof(one)) == sizeof(one))
		pthread_join(control->thread, NULL);
	close(control->listener);
	close(control->end);
	free(control);
}

int control_command(const char *path, int argc, char **argv)
{
	struct sockaddr_un to = { 0 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), ret = address(path, &to), i;
	bool error = false, first = true;
	char text[4096];
	ssize_t n;

	if (!ret && (fd < 0 || connect(fd, (const void *)&to, sizeof(to))))
		ret = -errno;
	if (ret) {
		fprintf(stderr, "nmc-card: %s: %s; is a card running with this --control?\n", path, strerror(-ret));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	for (i = 0; i < argc; i++)
		dprintf(fd, "%s%s", argv[i], i + 1 < argc ? " " : "\n");
	while ((n = read(fd, text, sizeof(text))) > 0) {
		error |= first && n > 9 && !memcmp(text, "{ \"error\"", 9);
		first = false;
		fwrite(text, 1, (size_t)n, error ? stderr : stdout);
	}
	close(fd);
	return error || first ? -1 : 0;
}
