/* terminal.h - whether somebody looks on, and what they type.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CLI_TERMINAL_H
#define ESPIAL_CLI_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

bool is_terminal(FILE *f);
/* How wide it is; 0 where f is none, or nobody knows. */
unsigned terminal_columns(FILE *f);

/* From now on Ctrl+C does not end the program: the second one ends what it waits for, the third
 * one the program. */
void count_interrupts(void);
unsigned num_interrupts(void);
/* While another program has the terminal. */
void ignore_interrupts(bool ignore);
/* A pipe that nobody reads any more is an error of writing, and not the end of the program. */
void bear_closed_pipes(void);

#endif
