/* SPDX-License-Identifier: MIT */
/*
 * The thread's last error: a text that says what, where and what to do.
 */
#ifndef NMC_ERROR_H
#define NMC_ERROR_H

/* Records a text and returns @error, so that callers can return it. */
int fail(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for lack of memory. */
int fail_memory(void);

#endif
