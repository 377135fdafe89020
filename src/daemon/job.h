/*
 * `tugd job KIND [ARGUMENT...]`: the engine's own binary executed again for what blocks or reads bytes from outside.
 * One table of kinds; each job's contract is with its function.
 */
#pragma once

/* argv begins with the kind and ends with NULL. The exit status. */
int job_main(char **argv);
