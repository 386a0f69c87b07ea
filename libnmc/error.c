// SPDX-License-Identifier: MIT
/*
 * Errors in words, texts that may be shown, and the library's version.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "libnmc/error.h"
#include "nmc.h"

static _Thread_local char last_error[1024] = "no error";

int fail(int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(last_error, sizeof(last_error), format, args);
	va_end(args);
	nmc_printable(last_error);
	return error;
}

int fail_memory(void)
{
	return fail(-ENOMEM, "out of memory");
}

/* Bytes of the UTF-8 character that @s begins with; 0 if it begins with none, or with a control character. */
static unsigned int character(const unsigned char *s)
{
	static const uint32_t least[] = { 0, 0x20, 0xa0, 0x800, 0x10000 };
	unsigned int i, n = *s < 0x80 ? 1 : *s >> 5 == 6 ? 2 : *s >> 4 == 14 ? 3 : *s >> 3 == 30 ? 4 : 0;
	uint32_t c = n > 1 ? *s & 0x7fu >> n : *s;

	for (i = 1; i < n; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	return c < least[n] || c == 0x7f || c >> 11 == 0xd800 >> 11 || c > 0x10ffff ? 0 : n;
}

char *nmc_printable(char *text)
{
	char *at = text;

	while (*at) {
		unsigned int n = character((const unsigned char *)at);

		if (n)
			at += n;
		else
			*at++ = '?';
	}
	return text;
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
