// SPDX-License-Identifier: MIT
/*
 * Decks, where they come from: those shipped with the card, which are part of the program, and files.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "card/cell/deck_read.h"

const char *deck_shipped(unsigned int index, const char **text)
{
	unsigned int i;

	for (i = 0; i < index && deck_files[i].name; i++)
		;
	if (text)
		*text = deck_files[i].text;
	return deck_files[i].name;
}

static int load_shipped(const char *name, struct deck *deck, char *error, size_t error_bytes)
{
	char file[DECK_NAME + 8], names[512] = "";
	size_t i, n = 0;

	for (i = 0; deck_files[i].name; i++) {
		if (!strcmp(deck_files[i].name, name)) {
			snprintf(file, sizeof(file), "%s.yaml", name);
			return deck_parse(deck_files[i].text, strlen(deck_files[i].text), file, deck, error,
					  error_bytes);
		}
		if (n < sizeof(names))
			n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", n ? ", " : "",
					      deck_files[i].name);
	}
	snprintf(error, error_bytes, "%s: no such deck; there are %s, and files by their path", name, names);
	return -ENOENT;
}

static int read_file(int fd, char *text, size_t *bytes)
{
	struct stat st;
	ssize_t n = 1;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	for (*bytes = 0; *bytes <= DECK_BYTES && n; *bytes += n > 0 ? (size_t)n : 0) {
		n = read(fd, text + *bytes, DECK_BYTES + 1 - *bytes);
		if (n < 0 && errno != EINTR)
			return -errno;
	}
	return 0;
}

static int load_file(const char *path, struct deck *deck, char *error, size_t error_bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), ret = fd < 0 ? -errno : 0;
	char *text = malloc(DECK_BYTES + 1);
	size_t bytes = 0;

	if (!ret)
		ret = text ? read_file(fd, text, &bytes) : -ENOMEM;
	if (fd >= 0)
		close(fd);
	if (ret)
		snprintf(error, error_bytes, "%s: %s", path, ret == -EINVAL ? "not a regular file" : strerror(-ret));
	else
		ret = deck_parse(text, bytes, path, deck, error, error_bytes);
	free(text);
	return ret;
}

int deck_load(const char *name, struct deck *deck, char *error, size_t error_bytes)
{
	memset(deck, 0, sizeof(*deck));
	if (strpbrk(name, "/."))
		return load_file(name, deck, error, error_bytes);
	return load_shipped(name, deck, error, error_bytes);
}
