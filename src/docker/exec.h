/*
 * The documents of exec sessions.
 */
#pragma once

#include "docker/host_config.h"

/* POST /containers/{id}/exec */
struct exec_config {
	char *user;
	bool privileged;
	bool tty;
	JSON_LIST(struct number_item) console_size; /* console_size_read */
	bool attach_stdin;
	bool attach_stderr;
	bool attach_stdout;
	bool detach;
	char *detach_keys;
	char **env;
	char *working_dir;
	char **cmd;
};
JSON_DECLARE(exec_config);

/* POST /exec/{id}/start */
struct exec_start {
	bool detach;
	bool tty;
	JSON_LIST(struct number_item) console_size;
};
JSON_DECLARE(exec_start);

struct exec_process {
	bool tty;
	char *entrypoint; /* the program */
	char **arguments;
	bool privileged;
	char *user;
};
JSON_DECLARE(exec_process);

/* GET /exec/{id}/json */
struct exec_inspect {
	char *id;
	bool running;
	int64_t *exit_code; /* NULL until it ended */
	struct exec_process process;
	bool open_stdin;
	bool open_stderr;
	bool open_stdout;
	bool can_remove;
	char *container_id;
	char *detach_keys;
	int64_t pid;
};
JSON_DECLARE(exec_inspect);
