/*
 * What a command writes to a file or standard output as it comes: save, export.
 */
#pragma once

#include "cli/command.h"

/*
 * GETs path and writes the body to `output` ("" or NULL: standard output, which must not be a terminal). A file appears
 * under its name only when it is whole.
 */
int download(struct cli *cli, const char *path, const char *output, struct err *err) must_check;
