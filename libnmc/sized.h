/* SPDX-License-Identifier: MIT */
/*
 * Structures of the public header begin with their size in bytes, a uint32_t that the application's compiler sets (their
 * NMC_*_INIT): what one side knows of them and the other does not is left alone.
 */
#ifndef NMC_SIZED_H
#define NMC_SIZED_H

#include <stddef.h>

/*
 * Copies what both sides know of a structure, except its size, to the application (give) or from it (take). @bytes is
 * its size here, @what its name. Return: 0 or -EINVAL, the application's size is not set.
 */
int give(void *theirs, const void *ours, size_t bytes, const char *what);
int take(void *ours, const void *theirs, size_t bytes, const char *what);

#endif
