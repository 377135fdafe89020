/*
 * Children that nobody knows: a process that was to join the container is made by one that has joined already, and when
 * both are killed on the way (the container ends meanwhile) its number never reached us. It must be reaped all the
 * same: the container's first process does not go before the last zombie of its PID namespace.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Ends and reaps every child of this process that is_known denies. Needs /proc/PID/task/TID/children. */
void stray_reap(bool (*is_known)(pid_t pid));
