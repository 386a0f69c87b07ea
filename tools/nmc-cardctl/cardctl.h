/* SPDX-License-Identifier: MIT */
/*
 * nmc-cardctl: the way to the card and its answers.
 */
#ifndef NMC_CARDCTL_H
#define NMC_CARDCTL_H

#include <stddef.h>

#define CARDCTL_LINE	4608	/* longest line that a card takes */

struct json_object;

/* The command as one line, files by their absolute paths. 0 or a negative errno. */
int cardctl_line(int argc, char **argv, char *line, size_t bytes);

/* Asks the card; @answer is to be given to cardctl_free(). 0, -EPROTO without a proper answer, or another negative errno. */
int cardctl_ask(const char *socket, const char *line, struct json_object **answer);

/* Why the card refused; NULL if it did not. */
const char *cardctl_error(struct json_object *answer);

/* The answer as JSON, and as a person reads it. */
void cardctl_json(struct json_object *answer);
void cardctl_show(const char *command, struct json_object *answer);

void cardctl_free(struct json_object *answer);

#endif
