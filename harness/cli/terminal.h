/* terminal.h - what standard output and standard error are connected to. */
#ifndef RH_CLI_TERMINAL_H
#define RH_CLI_TERMINAL_H

#include <stdbool.h>

/* May this stream be coloured? It is a terminal that knows how, and NO_COLOR is not set
 * (https://no-color.org: set and not empty). */
bool rh_cli_colour(int descriptor);

/* Its width in columns; 0: not a terminal. */
unsigned rh_cli_columns(int descriptor);

#endif
