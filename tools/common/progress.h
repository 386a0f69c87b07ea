/* SPDX-License-Identifier: MIT */
/*
 * A progress bar on standard error, if that is a terminal.
 */
#ifndef NMC_PROGRESS_H
#define NMC_PROGRESS_H

#include <stddef.h>

/* Draws the bar; the call with @done equal to @total ends its line. */
void progress_draw(const char *what, size_t done, size_t total);

/* Wipes an unfinished bar. */
void progress_clear(void);

#endif
