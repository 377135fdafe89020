/*
 * What `make install` puts beside the programs, out of the same tables as --help: manual pages and bash completion.
 * Used by the program tug-manual while building; not part of `tug`.
 */
#pragma once

#include "cli/command.h"

/* The page's name without section: "tug-run", "tug-image-inspect". In a buffer of the caller. */
void manual_name(const struct command *command, char out_name[64]);
void manual_command(const struct command *command, FILE *out); /* roff, with man's macros */
void manual_tug(FILE *out);				       /* tug(1) */
void manual_completion(FILE *out);			       /* a script for bash */
