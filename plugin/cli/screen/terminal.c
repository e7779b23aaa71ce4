/* terminal.c - whether somebody looks on, and what they type.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#define _POSIX_C_SOURCE 200809L
#include "terminal.h"

#include <signal.h>

#ifdef _WIN32
#include <io.h>
#include <windows.h>
#define isatty _isatty
#define fileno _fileno
#else
#include <sys/ioctl.h>
#include <unistd.h>
#endif

bool
is_terminal(FILE *f)
{
    return isatty(fileno(f)) != 0;
}

unsigned
terminal_columns(FILE *f)
{
#ifdef _WIN32
    CONSOLE_SCREEN_BUFFER_INFO info;

    if (is_terminal(f) &&
        GetConsoleScreenBufferInfo((HANDLE)_get_osfhandle(fileno(f)), &info)) {
        return (unsigned)(info.srWindow.Right - info.srWindow.Left + 1);
    }
#else
    struct winsize size;

    if (is_terminal(f) && ioctl(fileno(f), TIOCGWINSZ, &size) == 0) {
        return size.ws_col;
    }
#endif
    return 0;
}

static volatile sig_atomic_t interrupts;

static void note_interrupt(int number);

/* Whether a call that waits goes on after it. */
static void
handle(bool goes_on)
{
#ifdef _WIN32
    (void)goes_on;
    (void)signal(SIGINT, note_interrupt);
#else
    struct sigaction what = { .sa_handler = note_interrupt };

    what.sa_flags = goes_on ? SA_RESTART : 0;
    sigaction(SIGINT, &what, NULL);
#endif
}

static void
note_interrupt(int number)
{
    interrupts = interrupts + 1;
    if (interrupts == 1) {
        handle(false);
    } else {
        (void)signal(number, SIG_DFL);
    }
}

void
count_interrupts(void)
{
    handle(true);
}

unsigned
num_interrupts(void)
{
    return (unsigned)interrupts;
}

void
ignore_interrupts(bool ignore)
{
    (void)signal(SIGINT, ignore ? SIG_IGN : SIG_DFL);
}

void
bear_closed_pipes(void)
{
#ifndef _WIN32
    (void)signal(SIGPIPE, SIG_IGN);
#endif
}
