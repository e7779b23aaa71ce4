/* terminal.c - whether somebody looks on.  SPDX-License-Identifier: GPL-2.0-or-later */
#define _POSIX_C_SOURCE 200809L
#include "terminal.h"

#ifdef _WIN32
#include <io.h>
#define isatty _isatty
#define fileno _fileno
#else
#include <unistd.h>
#endif

bool
is_terminal(FILE *f)
{
    return isatty(fileno(f)) != 0;
}
