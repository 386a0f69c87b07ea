// SPDX-License-Identifier: MIT
/*
 * Errors in words, and the library's version.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "libnmc/error.h"
#include "nmc.h"

static _Thread_local char last_error[512] = "no error";

int fail(int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(last_error, sizeof(last_error), format, args);
	va_end(args);
	return error;
}

int fail_memory(void)
{
	return fail(-ENOMEM, "out of memory");
}

const char *nmc_last_error(void)
{
	return last_error;
}

const char *nmc_version(void)
{
	return NMC_LIBRARY_VERSION;
}

/* Errors that mean something particular here. */
#define ERRORS(X) \
	X(0, "success") \
	X(ENOSPC, "not enough free tiles") \
	X(ENODEV, "no such card, or the card is gone") \
	X(EIO, "the card reported a failed job") \
	X(ENOTSUP, "not supported by this card or library") \
	X(ETIMEDOUT, "timed out") \
	X(ECANCELED, "cancelled")

const char *nmc_strerror(int error)
{
	switch (-error) {
#define X(number, text) case number: return text;
	ERRORS(X)
#undef X
	default:
		return strerrordesc_np(-error) ? strerrordesc_np(-error) : "unknown error";
	}
}
