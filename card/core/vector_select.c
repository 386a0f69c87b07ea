// SPDX-License-Identifier: MIT
/*
 * Which build of the vector unit this machine takes.
 */
#include "card/core/vector.h"

const struct vector_ops *vector_select(int plain_c)
{
#if defined(__x86_64__)
	if (!plain_c && __builtin_cpu_supports("avx2"))
		return &vector_avx2;
#endif
	(void)plain_c;
	return &vector_plain;
}
