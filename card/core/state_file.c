// SPDX-License-Identifier: MIT
/*
 * State files: sections, checksums, and a write that a crash can interrupt anywhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "card/core/state_file.h"

static const char magic[8] = { 'N', 'M', 'C', 'S', 'T', 'A', 'T', 'E' };

/* Beginning of the file. */
struct file_head {
	char magic[8];
	uint32_t version;
	uint32_t crc;
};

/* Beginning of a section. */
struct section_head {
	uint32_t kind;
	uint32_t index;
	uint64_t bytes;
	uint32_t payload_crc;
	uint32_t crc;
};

_Static_assert(sizeof(struct file_head) == 16 && sizeof(struct section_head) == 24, "no padding");

static void make_table(uint32_t table[256])
{
	uint32_t i, k, c;

	for (i = 0; i < 256; i++) {
		for (k = 0, c = i; k < 8; k++)
			c = c & 1 ? c >> 1 ^ 0x82f63b78u : c >> 1;
		table[i] = c;
	}
}

uint32_t state_crc(uint32_t crc, const void *data, size_t bytes)
{
	const uint8_t *p = data;
	uint32_t table[256];

	make_table(table);
	crc = ~crc;
	while (bytes--)
		crc = crc >> 8 ^ table[(crc ^ *p++) & 0xff];
	return ~crc;
}

/* A name that cannot be replaced by a file, such as that of a device, is refused. */
static int check_place(const char *path)
{
	struct stat st;

	if (!stat(path, &st))
		return S_ISREG(st.st_mode) ? 0 : -EINVAL;
	return errno == ENOENT ? 0 : -errno;
}

int state_create(struct state_out *o, const char *path)
{
	struct file_head head = { .version = STATE_VERSION };
	int ret = check_place(path);

	if (ret)
		return ret;
	if (snprintf(o->path, sizeof(o->path), "%s", path) >= (int)sizeof(o->path))
		return -ENAMETOOLONG;
	snprintf(o->temporary, sizeof(o->temporary), "%s.new", o->path);
	o->sections = 0;
	o->fd = open(o->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (o->fd < 0)
		return -errno;
	memcpy(head.magic, magic, sizeof(magic));
	head.crc = state_crc(0, &head, offsetof(struct file_head, crc));
	if (write(o->fd, &head, sizeof(head)) == sizeof(head))
		return 0;
	ret = errno ? -errno : -EIO;
	state_abandon(o);
	return ret;
}

static int write_all(int fd, const void *data, size_t bytes)
{
	const uint8_t *p = data;

	while (bytes) {
		ssize_t n = write(fd, p, bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		p += n;
		bytes -= (size_t)n;
	}
	return 0;
}

int state_put(struct state_out *o, enum state_kind kind, uint32_t index, const struct store *payload)
{
	struct section_head head = { .kind = kind, .index = index, .bytes = payload->used };
	int ret;

	if (payload->failed)
		return -ENOMEM;
	if (payload->used > STATE_SECTION_BYTES)
		return -EFBIG;
	head.payload_crc = state_crc(0, payload->data, payload->used);
	head.crc = state_crc(0, &head, offsetof(struct section_head, crc));
	ret = write_all(o->fd, &head, sizeof(head));
	if (!ret)
		ret = write_all(o->fd, payload->data, payload->used);
	o->sections++;
	return ret;
}

/* The folder remembers the new name only once it has been synchronised itself. */
static int sync_folder(const char *path)
{
	char folder[4096];
	char *slash;
	int fd, ret;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (!slash)
		strcpy(folder, ".");
	else
		slash[slash == folder] = 0;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = fsync(fd) && errno != EINVAL ? -errno : 0;
	close(fd);
	return ret;
}

int state_commit(struct state_out *o)
{
	const struct store none = { 0 };
	int ret = state_put(o, STATE_END, o->sections, &none);

	if (!ret && fsync(o->fd))
		ret = -errno;
	if (!ret && rename(o->temporary, o->path))
		ret = -errno;
	if (ret) {
		state_abandon(o);
		return ret;
	}
	close(o->fd);
	return sync_folder(o->path);
}

void state_abandon(struct state_out *o)
{
	close(o->fd);
	unlink(o->temporary);
}

static int read_all(struct state_in *in, void *data, size_t bytes)
{
	uint8_t *p = data;

	if (bytes > in->left)
		return -EBADMSG;
	in->left -= bytes;
	while (bytes) {
		ssize_t n = read(in->fd, p, bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EBADMSG;
		p += n;
		bytes -= (size_t)n;
	}
	return 0;
}

static int check_head(struct state_in *in)
{
	struct file_head head;
	int ret = read_all(in, &head, sizeof(head));

	if (ret == -EBADMSG || (!ret && memcmp(head.magic, magic, sizeof(magic))))
		return -EPROTO;
	if (ret)
		return ret;
	if (head.crc != state_crc(0, &head, offsetof(struct file_head, crc)))
		return -EBADMSG;
	return head.version == STATE_VERSION ? 0 : -EPROTONOSUPPORT;
}

int state_open(struct state_in *in, const char *path)
{
	struct stat st;
	int ret;

	*in = (struct state_in){ .fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) };
	if (in->fd < 0)
		return -errno;
	ret = fstat(in->fd, &st) ? -errno : S_ISREG(st.st_mode) ? 0 : -EPROTO;
	in->left = ret ? 0 : (uint64_t)st.st_size;
	if (!ret)
		ret = check_head(in);
	if (ret)
		state_close(in);
	return ret;
}

static int make_room(struct state_in *in, size_t bytes)
{
	uint8_t *more;

	if (bytes <= in->room)
		return 0;
	more = realloc(in->buffer, bytes);
	if (!more)
		return -ENOMEM;
	in->buffer = more;
	in->room = bytes;
	return 0;
}

int state_next(struct state_in *in)
{
	struct section_head head;
	int ret = read_all(in, &head, sizeof(head));

	if (ret)
		return ret;
	if (head.crc != state_crc(0, &head, offsetof(struct section_head, crc)) || head.bytes > STATE_SECTION_BYTES ||
	    head.bytes > in->left)
		return -EBADMSG;
	ret = make_room(in, head.bytes ? head.bytes : 1);
	if (!ret)
		ret = read_all(in, in->buffer, head.bytes);
	if (ret)
		return ret;
	if (head.payload_crc != state_crc(0, in->buffer, head.bytes))
		return -EBADMSG;
	in->kind = head.kind;
	in->index = head.index;
	in->payload = (struct fetch){ .data = in->buffer, .left = head.bytes };
	return 0;
}

void state_close(struct state_in *in)
{
	if (in->fd >= 0)
		close(in->fd);
	free(in->buffer);
	in->buffer = NULL;
}
