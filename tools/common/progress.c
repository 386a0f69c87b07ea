// SPDX-License-Identifier: MIT
/*
 * A progress bar on standard error, if that is a terminal.
 */
#include <stdio.h>
#include <unistd.h>
#include "common/progress.h"

#define WIDTH 40

void progress_draw(const char *what, size_t done, size_t total)
{
	size_t filled = total ? done * WIDTH / total : WIDTH, i;

	if (!isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r%-12s [", what);
	for (i = 0; i < WIDTH; i++)
		fputc(i < filled ? '#' : ' ', stderr);
	fprintf(stderr, "] %zu/%zu%s", done, total, done == total ? "\n" : "");
	fflush(stderr);
}

void progress_clear(void)
{
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}
