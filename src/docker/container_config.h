/*
 * What a container is made of that does not depend on the host: Docker's container.Config, also part of an image.
 */
#pragma once

#include "docker/shape.h"

struct health_config {
	char **test; /* {"NONE"}, {"CMD", args...}, {"CMD-SHELL", command}; empty: the image's */
	int64_t interval_ns;
	int64_t timeout_ns;
	int64_t start_period_ns;
	int64_t start_interval_ns;
	int64_t retries;
	char *on_failure; /* tug's own: "none", "restart", "stop", "kill"; left out when empty */
};
JSON_DECLARE(health_config);

/* Strings are "" or NULL when absent, lists NULL; "Entrypoint": [""] takes the image's entry point away. */
struct container_config {
	char *hostname;
	char *domainname;
	char *user;
	bool attach_stdin;
	bool attach_stdout;
	bool attach_stderr;
	JSON_LIST(struct set_member) exposed_ports; /* "80/tcp" */
	bool tty;
	bool open_stdin;
	bool stdin_once;
	char **env;
	char **cmd;
	struct health_config *healthcheck;
	bool args_escaped; /* Windows only; accepted and kept */
	char *image;
	JSON_LIST(struct set_member) volumes;
	char *working_dir;
	char **entrypoint;
	bool network_disabled;
	char *mac_address;
	char **on_build;
	struct json_map labels;
	char *stop_signal;
	int64_t *stop_timeout; /* seconds; NULL: 10 */
	char **shell;
};
JSON_DECLARE(container_config);

/* The rows of container_config inside struct T at `at` ("" or "member."): the create request has them at its top. */
#define CONTAINER_CONFIG_ROWS(T, at)                                                                                  \
	F_STR(T, at hostname, "Hostname", 0), F_STR(T, at domainname, "Domainname", 0), F_STR(T, at user, "User", 0), \
	    F_BOOL(T, at attach_stdin, "AttachStdin", 0), F_BOOL(T, at attach_stdout, "AttachStdout", 0),             \
	    F_BOOL(T, at attach_stderr, "AttachStderr", 0),                                                           \
	    F_OBJECT_MAP(T, at exposed_ports, "ExposedPorts", JSON_OMIT, set_member), F_BOOL(T, at tty, "Tty", 0),    \
	    F_BOOL(T, at open_stdin, "OpenStdin", 0), F_BOOL(T, at stdin_once, "StdinOnce", 0),                       \
	    F_STRV(T, at env, "Env", JSON_NULLABLE), F_STRV(T, at cmd, "Cmd", JSON_NULLABLE),                         \
	    F_POINTER(T, at healthcheck, "Healthcheck", JSON_OMIT, health_config),                                    \
	    F_BOOL(T, at args_escaped, "ArgsEscaped", JSON_OMIT), F_STR(T, at image, "Image", 0),                     \
	    F_OBJECT_MAP(T, at volumes, "Volumes", JSON_NULLABLE, set_member),                                        \
	    F_STR(T, at working_dir, "WorkingDir", 0), F_STRV(T, at entrypoint, "Entrypoint", JSON_NULLABLE),         \
	    F_BOOL(T, at network_disabled, "NetworkDisabled", JSON_OMIT),                                             \
	    F_STR(T, at mac_address, "MacAddress", JSON_OMIT), F_STRV(T, at on_build, "OnBuild", JSON_NULLABLE),      \
	    F_MAP(T, at labels, "Labels", 0), F_STR(T, at stop_signal, "StopSignal", JSON_OMIT),                      \
	    F_OPT_I64(T, at stop_timeout, "StopTimeout", JSON_OMIT), F_STRV(T, at shell, "Shell", JSON_OMIT)

/* Refuses by name what is known to Docker and not there yet (MacAddress). -EOPNOTSUPP; -EINVAL. */
int container_config_check(const struct container_config *config, struct err *err) must_check;
