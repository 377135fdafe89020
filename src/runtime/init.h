/*
 * tug-init: the process that becomes a container's program, executed from a sealed memory file, so that what a
 * container can reach as /proc/PID/exe is never a file of the host's (CVE-2019-5736). It takes its orders from the
 * socket it is started with: what to do, the plan in a sealed file, descriptors. base only.
 */
#pragma once

#include "runtime/exec.h"

/* The maker's side: starts it and sends the orders. mine and theirs are the two ends of a socket pair. */
int init_spawn_container(const struct plan *plan, const struct apply_input *input, bool no_cgroup, int theirs, int mine,
			 pid_t *out_pid, struct err *err) must_check;
int init_spawn_exec(const struct plan_process *process, const struct exec_input *input, int theirs, int mine,
		    pid_t *out_pid, struct err *err) must_check;

/* A program's whole file in sealed memory, under this name. */
int init_seal(int program, const char *name, int *out_fd, struct err *err) must_check;

/* The program's side: argv[1] is the socket's number, argv[2] how many descriptors from 3 on are the program's. */
#define INIT_NAME "tug-init"
int init_main(int argc, char **argv);
