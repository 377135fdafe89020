/*
 * The command line as a whole: finds the command, reads its options, runs it.
 */
#pragma once

int cli_main(int argc, char **argv); /* the exit status */
