// SPDX-License-Identifier: MIT
/*
 * The listening socket: one virtual machine after another.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include "card/pcie/vfu.h"

#define STALL_SECONDS	5	/* a client that leaves a message unfinished for so long is dropped */

/**
 * struct card_server - a vfio-user endpoint
 * @endpoint: the card behind PCIe
 * @thread: serves the socket
 * @listener: listening socket
 * @end: eventfd that ends the thread
 * @path: of the socket
 * @lock: protects @client
 * @client: the client that is served, -1 if none
 */
struct card_server {
	struct endpoint *endpoint;
	pthread_t thread;
	int listener;
	int end;
	char *path;
	pthread_mutex_t lock;
	int client;
};

static void set_client(struct card_server *s, int fd)
{
	pthread_mutex_lock(&s->lock);
	if (s->client >= 0)
		close(s->client);
	s->client = fd;
	pthread_mutex_unlock(&s->lock);
}

/* The client went away: its memory and interrupts are gone, the card is as after a reset. */
static void forget_client(struct card_server *s)
{
	struct endpoint *e = s->endpoint;

	set_client(s, -1);
	endpoint_reset(e);
	dma_unmap_all(&e->host.dma);
	irq_disable(&e->host.irq);
}

static void accept_client(struct card_server *s)
{
	const struct timeval stall = { .tv_sec = STALL_SECONDS };
	int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &stall, sizeof(stall));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &stall, sizeof(stall));
		set_client(s, fd);
	}
}

static void *server_thread(void *arg)
{
	struct card_server *s = arg;

	prctl(PR_SET_NAME, "nmc-socket");
	for (;;) {
		/* While one client is served the next waits in the socket's queue. */
		struct pollfd p[2] = { { .fd = s->end, .events = POLLIN },
				       { .fd = s->client >= 0 ? s->client : s->listener, .events = POLLIN } };

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			break;
		if (p[0].revents)
			break;
		if (!p[1].revents)
			continue;
		if (s->client < 0)
			accept_client(s);
		else if (vfu_serve(s->endpoint, s->client))
			forget_client(s);
	}
	if (s->client >= 0)
		forget_client(s);
	return NULL;
}

static int complain(char *error, size_t bytes, int err, const char *path, const char *what)
{
	snprintf(error, bytes, "%s: %s: %s", path, what, strerror(-err));
	return err;
}

/* A socket that nobody listens on is left over from a process that died. */
static bool stale(const struct sockaddr_un *path)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool dead = fd >= 0 && connect(fd, (const void *)path, sizeof(*path)) && errno == ECONNREFUSED;

	if (fd >= 0)
		close(fd);
	return dead;
}

int card_socket_listen(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd, err;

	if (strlen(path) >= sizeof(at.sun_path))
		return -ENAMETOOLONG;
	strcpy(at.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (stale(&at))
		unlink(path);
	if (!bind(fd, (const void *)&at, sizeof(at)) && !listen(fd, 4))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static void server_free(struct card_server *s)
{
	if (s->listener >= 0)
		close(s->listener);
	if (s->end >= 0)
		close(s->end);
	pthread_mutex_destroy(&s->lock);
	free(s->path);
	free(s);
}

static int check_entries(unsigned int entries, char *error, size_t error_bytes)
{
	if (!entries || (entries >= 2 && entries <= NMC_MAX_ENTRIES && !(entries & (entries - 1))))
		return 0;
	snprintf(error, error_bytes, "entries=%u: a power of two from 2 to %u", entries, NMC_MAX_ENTRIES);
	return -EINVAL;
}

int card_server_start(struct card *card, const struct card_server_options *options, struct card_server **server,
		      char *error, size_t error_bytes)
{
	struct card_server *s;
	int ret = check_entries(options->entries, error, error_bytes);

	*server = NULL;
	if (ret)
		return ret;
	s = calloc(1, sizeof(*s));
	if (!s)
		return complain(error, error_bytes, -ENOMEM, options->socket, "server");
	pthread_mutex_init(&s->lock, NULL);
	s->client = -1;
	s->end = eventfd(0, EFD_CLOEXEC);
	s->listener = card_socket_listen(options->socket);
	ret = s->listener < 0 ? s->listener : 0;
	if (ret) {
		complain(error, error_bytes, ret, options->socket,
			 ret == -EADDRINUSE ? "another card serves this socket" : "socket");
	} else {
		s->path = strdup(options->socket);
		ret = s->path ? endpoint_create(card, options, &s->endpoint) : -ENOMEM;
		if (!ret && pthread_create(&s->thread, NULL, server_thread, s)) {
			endpoint_destroy(s->endpoint);
			ret = -EAGAIN;
		}
		if (ret) {
			unlink(options->socket);
			complain(error, error_bytes, ret, options->socket, "endpoint");
		}
	}
	if (ret) {
		server_free(s);
		return ret;
	}
	*server = s;
	return 0;
}

/* A client in the middle of a message is not waited for. */
static void hang_up(struct card_server *s)
{
	pthread_mutex_lock(&s->lock);
	if (s->client >= 0)
		shutdown(s->client, SHUT_RDWR);
	pthread_mutex_unlock(&s->lock);
}

void card_server_stop(struct card_server *server)
{
	uint64_t one = 1;

	if (!server)
		return;
	unlink(server->path);
	if (write(server->end, &one, sizeof(one)) == sizeof(one)) {
		hang_up(server);
		pthread_join(server->thread, NULL);
	}
	endpoint_destroy(server->endpoint);
	server_free(server);
}

void card_server_inject(struct card_server *server, enum card_fault fault)
{
	endpoint_inject(server->endpoint, fault);
}

int card_server_counters(struct card_server *server, unsigned int queue, struct nmc_queue_log *log)
{
	return endpoint_log(server->endpoint, queue, log) ? 0 : -ENOENT;
}
