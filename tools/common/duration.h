/* SPDX-License-Identifier: MIT */
/*
 * Durations as people write them: "90s", "1h", "30d", "10y".
 */
#ifndef NMC_TOOLS_DURATION_H
#define NMC_TOOLS_DURATION_H

#include <stddef.h>
#include <stdint.h>

#define DURATION_MAX_NS	3.1536e18	/* a hundred years */

/**
 * duration_parse() - a number with a unit: ns, us, ms, s, min, h, d (24 h), y (365 d)
 * @text: text, not NUL-terminated
 * @length: its length
 * @ns: out: nanoseconds
 *
 * Return: 0, -EINVAL (no such form), -ERANGE (negative, or beyond a hundred years).
 */
int duration_parse(const char *text, size_t length, uint64_t *ns);

#endif
