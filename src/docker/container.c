#include "docker/container.h"

#include "base/text.h"

JSON_TYPE(container_create, CONTAINER_CONFIG_ROWS(struct container_create, config.),
	  F_OBJECT(struct container_create, host, "HostConfig", 0, host_config),
	  F_OBJECT(struct container_create, networking, "NetworkingConfig", 0, networking_config));

JSON_TYPE(container_created, F_STR(struct container_created, id, "Id", 0),
	  F_STRV(struct container_created, warnings, "Warnings", 0));

JSON_TYPE(container_state, F_STR(struct container_state, status, "Status", 0),
	  F_BOOL(struct container_state, running, "Running", 0), F_BOOL(struct container_state, paused, "Paused", 0),
	  F_BOOL(struct container_state, restarting, "Restarting", 0),
	  F_BOOL(struct container_state, oom_killed, "OOMKilled", 0), F_BOOL(struct container_state, dead, "Dead", 0),
	  F_I64(struct container_state, pid, "Pid", 0), F_I64(struct container_state, exit_code, "ExitCode", 0),
	  F_STR(struct container_state, error, "Error", 0), F_STR(struct container_state, started_at, "StartedAt", 0),
	  F_STR(struct container_state, finished_at, "FinishedAt", 0),
	  F_POINTER(struct container_state, health, "Health", JSON_OMIT, health_state),
	  F_I64(struct container_state, log_dropped, "LogDropped", JSON_OMIT),
	  F_POINTER(struct container_state, death, "Death", JSON_OMIT, container_death));

JSON_TYPE(graph_driver, F_MAP(struct graph_driver, data, "Data", JSON_NULLABLE),
	  F_STR(struct graph_driver, name, "Name", 0));

JSON_TYPE(mount_point, F_STR(struct mount_point, type, "Type", JSON_OMIT),
	  F_STR(struct mount_point, name, "Name", JSON_OMIT), F_STR(struct mount_point, source, "Source", 0),
	  F_STR(struct mount_point, destination, "Destination", 0),
	  F_STR(struct mount_point, driver, "Driver", JSON_OMIT), F_STR(struct mount_point, mode, "Mode", 0),
	  F_BOOL(struct mount_point, rw, "RW", 0), F_STR(struct mount_point, propagation, "Propagation", 0));

JSON_TYPE(container_inspect, F_STR(struct container_inspect, id, "Id", 0),
	  F_STR(struct container_inspect, created, "Created", 0), F_STR(struct container_inspect, path, "Path", 0),
	  F_STRV(struct container_inspect, args, "Args", 0),
	  F_OBJECT(struct container_inspect, state, "State", 0, container_state),
	  F_STR(struct container_inspect, image, "Image", 0),
	  F_STR(struct container_inspect, resolv_conf_path, "ResolvConfPath", 0),
	  F_STR(struct container_inspect, hostname_path, "HostnamePath", 0),
	  F_STR(struct container_inspect, hosts_path, "HostsPath", 0),
	  F_STR(struct container_inspect, log_path, "LogPath", 0), F_STR(struct container_inspect, name, "Name", 0),
	  F_I64(struct container_inspect, restart_count, "RestartCount", 0),
	  F_STR(struct container_inspect, driver, "Driver", 0),
	  F_STR(struct container_inspect, platform, "Platform", 0),
	  F_STR(struct container_inspect, mount_label, "MountLabel", 0),
	  F_STR(struct container_inspect, process_label, "ProcessLabel", 0),
	  F_STR(struct container_inspect, apparmor_profile, "AppArmorProfile", 0),
	  F_STRV(struct container_inspect, exec_ids, "ExecIDs", JSON_NULLABLE),
	  F_POINTER(struct container_inspect, host, "HostConfig", 0, host_config),
	  F_OBJECT(struct container_inspect, graph_driver, "GraphDriver", 0, graph_driver),
	  F_OPT_I64(struct container_inspect, size_rw, "SizeRw", JSON_OMIT),
	  F_OPT_I64(struct container_inspect, size_root_fs, "SizeRootFs", JSON_OMIT),
	  F_LIST(struct container_inspect, mounts, "Mounts", 0, mount_point),
	  F_POINTER(struct container_inspect, config, "Config", 0, container_config),
	  F_OBJECT(struct container_inspect, network_settings, "NetworkSettings", 0, network_settings));

JSON_TYPE(summary_host, F_STR(struct summary_host, network_mode, "NetworkMode", JSON_OMIT),
	  F_MAP(struct summary_host, annotations, "Annotations", JSON_OMIT));

JSON_TYPE(container_summary, F_STR(struct container_summary, id, "Id", 0),
	  F_STRV(struct container_summary, names, "Names", 0), F_STR(struct container_summary, image, "Image", 0),
	  F_STR(struct container_summary, image_id, "ImageID", 0),
	  F_STR(struct container_summary, command, "Command", 0),
	  F_I64(struct container_summary, created, "Created", 0),
	  F_LIST(struct container_summary, ports, "Ports", 0, port_summary),
	  F_OPT_I64(struct container_summary, size_rw, "SizeRw", JSON_OMIT),
	  F_OPT_I64(struct container_summary, size_root_fs, "SizeRootFs", JSON_OMIT),
	  F_MAP(struct container_summary, labels, "Labels", 0), F_STR(struct container_summary, state, "State", 0),
	  F_STR(struct container_summary, status, "Status", 0),
	  F_STR(struct container_summary, reason, "Reason", JSON_OMIT),
	  F_STR(struct container_summary, reason_kind, "ReasonKind", JSON_OMIT),
	  F_OBJECT(struct container_summary, host, "HostConfig", 0, summary_host),
	  F_OBJECT(struct container_summary, network_settings, "NetworkSettings", 0, summary_networks),
	  F_LIST(struct container_summary, mounts, "Mounts", 0, mount_point));

JSON_TYPE(wait_error, F_STR(struct wait_error, message, "Message", 0));

JSON_TYPE(container_wait, F_I64(struct container_wait, status_code, "StatusCode", 0),
	  F_POINTER(struct container_wait, error, "Error", JSON_OMIT, wait_error));

JSON_TYPE(container_top, F_STRV(struct container_top, titles, "Titles", 0),
	  F_LIST(struct container_top, processes, "Processes", 0, string_row));

int container_create_check(const struct container_create *request, struct err *err)
{
	int rc = container_config_check(&request->config, err);
	return rc < 0 ? rc : host_config_check(&request->host, err);
}
