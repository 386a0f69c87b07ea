// SPDX-License-Identifier: MIT
/*
 * Messages over the socket, with their descriptors.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "card/pcie/vfu.h"

/*
 * Takes the descriptors of one received piece. What a message may not have is closed, here or, beyond the room that
 * there was for them, by the kernel.
 */
static void take_fds(struct msghdr *msg, struct vfu_message *m)
{
	struct cmsghdr *c;

	if (msg->msg_flags & MSG_CTRUNC)
		m->fd_excess = true;
	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t i, n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (m->fd_count < VFU_MAX_FDS) {
				m->fds[m->fd_count++] = fd;
			} else {
				m->fd_excess = true;
				close(fd);
			}
		}
	}
}

/* Exactly @bytes bytes; -1 if the client is gone. */
static int receive(int fd, void *to, size_t bytes, struct vfu_message *m)
{
	size_t done = 0;

	while (done < bytes) {
		union {
			struct cmsghdr head;
			char room[CMSG_SPACE(sizeof(int) * VFU_MAX_FDS)];
		} control;
		struct iovec v = { (uint8_t *)to + done, bytes - done };
		struct msghdr msg = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control,
				      .msg_controllen = sizeof(control) };
		ssize_t n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		take_fds(&msg, m);
		done += (size_t)n;
	}
	return 0;
}

static int transmit(int fd, const void *header, size_t header_bytes, const void *data, size_t bytes)
{
	struct iovec v[2] = { { (void *)header, header_bytes }, { (void *)data, bytes } };
	struct msghdr msg = { .msg_iov = v, .msg_iovlen = 2 };
	size_t left = header_bytes + bytes;

	while (left) {
		ssize_t n = sendmsg(fd, &msg, MSG_NOSIGNAL);
		unsigned int i;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		left -= (size_t)n;
		for (i = 0; i < 2; i++) {
			size_t step = (size_t)n < v[i].iov_len ? (size_t)n : v[i].iov_len;

			v[i].iov_base = (uint8_t *)v[i].iov_base + step;
			v[i].iov_len -= step;
			n -= (ssize_t)step;
		}
	}
	return 0;
}

static int answer(struct endpoint *e, int fd, struct vfu_message *m)
{
	struct vfu_reply reply = { .bytes = 0 };
	int error = m->fd_excess ? EINVAL : vfu_handle(e, m, &reply);
	struct vfu_header h = m->header;

	if (h.flags & VFU_FLAG_NO_REPLY)
		return 0;
	if (error)
		reply.bytes = 0;
	h.flags = VFU_FLAG_REPLY | (error ? VFU_FLAG_ERROR : 0);
	h.error = (uint32_t)error;
	h.size = (uint32_t)(sizeof(h) + reply.bytes);
	return transmit(fd, &h, sizeof(h), reply.data, reply.bytes);
}

int vfu_serve(struct endpoint *e, int fd)
{
	uint8_t data[VFU_MAX_MESSAGE];
	struct vfu_message m = { .data = data };
	unsigned int i;
	int ret = receive(fd, &m.header, sizeof(m.header), &m);

	if (!ret && (m.header.size < sizeof(m.header) || m.header.size - sizeof(m.header) > sizeof(data) ||
		     m.header.flags & VFU_FLAG_TYPE))
		ret = -1;
	if (!ret) {
		m.bytes = m.header.size - sizeof(m.header);
		ret = receive(fd, data, m.bytes, &m);
	}
	if (!ret)
		ret = answer(e, fd, &m);
	for (i = 0; i < m.fd_count; i++)
		if (m.fds[i] >= 0)
			close(m.fds[i]);
	return ret;
}
