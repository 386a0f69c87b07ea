// SPDX-License-Identifier: MIT
/*
 * The last word of a tool about its standard output.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include "common/output.h"

int output_end(const char *tool, int status)
{
	bool failed = ferror(stdout);

	failed |= fclose(stdout) != 0;
	if (!failed || status)
		return status;
	fprintf(stderr, "%s: standard output cannot be written\n", tool);
	return EXIT_FAILURE;
}
