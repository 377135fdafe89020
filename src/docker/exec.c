#include "docker/exec.h"

JSON_TYPE(exec_config, F_STR(struct exec_config, user, "User", 0),
	  F_BOOL(struct exec_config, privileged, "Privileged", 0), F_BOOL(struct exec_config, tty, "Tty", 0),
	  F_LIST(struct exec_config, console_size, "ConsoleSize", JSON_OMIT, number_item),
	  F_BOOL(struct exec_config, attach_stdin, "AttachStdin", 0),
	  F_BOOL(struct exec_config, attach_stderr, "AttachStderr", 0),
	  F_BOOL(struct exec_config, attach_stdout, "AttachStdout", 0), F_BOOL(struct exec_config, detach, "Detach", 0),
	  F_STR(struct exec_config, detach_keys, "DetachKeys", 0),
	  F_STRV(struct exec_config, env, "Env", JSON_NULLABLE),
	  F_STR(struct exec_config, working_dir, "WorkingDir", 0),
	  F_STRV(struct exec_config, cmd, "Cmd", JSON_NULLABLE));

JSON_TYPE(exec_start, F_BOOL(struct exec_start, detach, "Detach", 0), F_BOOL(struct exec_start, tty, "Tty", 0),
	  F_LIST(struct exec_start, console_size, "ConsoleSize", JSON_OMIT, number_item));

JSON_TYPE(exec_process, F_BOOL(struct exec_process, tty, "tty", 0),
	  F_STR(struct exec_process, entrypoint, "entrypoint", 0),
	  F_STRV(struct exec_process, arguments, "arguments", 0),
	  F_BOOL(struct exec_process, privileged, "privileged", 0),
	  F_STR(struct exec_process, user, "user", JSON_OMIT));

JSON_TYPE(exec_inspect, F_STR(struct exec_inspect, id, "ID", 0), F_BOOL(struct exec_inspect, running, "Running", 0),
	  F_OPT_I64(struct exec_inspect, exit_code, "ExitCode", 0),
	  F_OBJECT(struct exec_inspect, process, "ProcessConfig", 0, exec_process),
	  F_BOOL(struct exec_inspect, open_stdin, "OpenStdin", 0),
	  F_BOOL(struct exec_inspect, open_stderr, "OpenStderr", 0),
	  F_BOOL(struct exec_inspect, open_stdout, "OpenStdout", 0),
	  F_BOOL(struct exec_inspect, can_remove, "CanRemove", 0),
	  F_STR(struct exec_inspect, container_id, "ContainerID", 0),
	  F_STR(struct exec_inspect, detach_keys, "DetachKeys", 0), F_I64(struct exec_inspect, pid, "Pid", 0));
