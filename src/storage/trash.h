/*
 * What is removed is first renamed into trash/, at once and atomically, and deleted later: by the trash job, which the
 * engine starts when something was put there, and at start. A crash in between costs nothing but that.
 */
#pragma once

#include "base/error.h"

/* Renames name below dir into trash/ under a random name. A missing one is fine. */
int trash_put(int data, int dir, const char *name, struct err *err) must_check;

/* Every entry of staging/ goes to trash/: for the start of the engine, before any job runs. */
int trash_staging(int data, struct err *err) must_check;

bool trash_is_empty(int data);

/* Deletes what is in the directory trash (a descriptor of it). Goes on behind an entry that fails; the first error. */
int trash_empty(int trash, struct err *err) must_check;

/* `tugd job trash`: descriptor 4 is the directory trash/. No output on 3 but {"result":{}} or the error. */
int trash_job_main(int argc, char **argv);
