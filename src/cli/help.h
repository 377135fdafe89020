/*
 * Help and usage, out of the table of commands.
 */
#pragma once

#include "cli/command.h"

void help_usage(const struct command *command, const char *called,
		FILE *out); /* "Usage:  tug run [OPTIONS] IMAGE ..." */
void help_command(const struct command *command, const char *called, FILE *out);
void help_group(const char *group, FILE *out); /* "container" */
void help_all(FILE *out);
bool help_has_group(const char *group);
