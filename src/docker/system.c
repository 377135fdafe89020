#include "docker/system.h"

JSON_TYPE(version_platform, F_STR(struct version_platform, name, "Name", 0));

JSON_TYPE(version_component, F_STR(struct version_component, name, "Name", 0),
	  F_STR(struct version_component, version, "Version", 0),
	  F_MAP(struct version_component, details, "Details", 0));

JSON_TYPE(version_info, F_OBJECT(struct version_info, platform, "Platform", 0, version_platform),
	  F_LIST(struct version_info, components, "Components", 0, version_component),
	  F_STR(struct version_info, version, "Version", 0), F_STR(struct version_info, api_version, "ApiVersion", 0),
	  F_STR(struct version_info, min_api_version, "MinAPIVersion", 0),
	  F_STR(struct version_info, git_commit, "GitCommit", 0),
	  F_STR(struct version_info, go_version, "GoVersion", 0), F_STR(struct version_info, os, "Os", 0),
	  F_STR(struct version_info, arch, "Arch", 0), F_STR(struct version_info, kernel_version, "KernelVersion", 0),
	  F_BOOL(struct version_info, experimental, "Experimental", JSON_OMIT),
	  F_STR(struct version_info, build_time, "BuildTime", JSON_OMIT));

JSON_TYPE(info_plugins, F_STRV(struct info_plugins, volume, "Volume", 0),
	  F_STRV(struct info_plugins, network, "Network", 0),
	  F_STRV(struct info_plugins, authorization, "Authorization", JSON_NULLABLE),
	  F_STRV(struct info_plugins, log, "Log", 0));

JSON_TYPE(info_runtime, F_STR(struct info_runtime, path, "path", 0));
JSON_TYPE(info_commit, F_STR(struct info_commit, id, "ID", 0));
JSON_TYPE(info_address_pool, F_STR(struct info_address_pool, base, "Base", 0),
	  F_I64(struct info_address_pool, size, "Size", 0));

JSON_TYPE(info_swarm, F_STR(struct info_swarm, node_id, "NodeID", 0),
	  F_STR(struct info_swarm, node_addr, "NodeAddr", 0),
	  F_STR(struct info_swarm, local_node_state, "LocalNodeState", 0),
	  F_BOOL(struct info_swarm, control_available, "ControlAvailable", 0),
	  F_STR(struct info_swarm, error, "Error", 0), F_RAW(struct info_swarm, remote_managers, "RemoteManagers", 0));

JSON_TYPE(info_registry, F_STRV(struct info_registry, insecure_registry_cidrs, "InsecureRegistryCIDRs", 0),
	  F_MAP(struct info_registry, index_configs, "IndexConfigs", 0),
	  F_STRV(struct info_registry, mirrors, "Mirrors", 0));

JSON_TYPE(info_firewall, F_STR(struct info_firewall, driver, "Driver", 0));

JSON_TYPE(
    system_info, F_STR(struct system_info, id, "ID", 0), F_I64(struct system_info, containers, "Containers", 0),
    F_I64(struct system_info, containers_running, "ContainersRunning", 0),
    F_I64(struct system_info, containers_paused, "ContainersPaused", 0),
    F_I64(struct system_info, containers_stopped, "ContainersStopped", 0),
    F_I64(struct system_info, images, "Images", 0), F_STR(struct system_info, driver, "Driver", 0),
    F_LIST(struct system_info, driver_status, "DriverStatus", 0, string_row),
    F_OBJECT(struct system_info, plugins, "Plugins", 0, info_plugins),
    F_BOOL(struct system_info, memory_limit, "MemoryLimit", 0), F_BOOL(struct system_info, swap_limit, "SwapLimit", 0),
    F_BOOL(struct system_info, cpu_cfs_period, "CpuCfsPeriod", 0),
    F_BOOL(struct system_info, cpu_cfs_quota, "CpuCfsQuota", 0), F_BOOL(struct system_info, cpu_shares, "CPUShares", 0),
    F_BOOL(struct system_info, cpu_set, "CPUSet", 0), F_BOOL(struct system_info, pids_limit, "PidsLimit", 0),
    F_BOOL(struct system_info, ipv4_forwarding, "IPv4Forwarding", 0), F_BOOL(struct system_info, debug, "Debug", 0),
    F_I64(struct system_info, fds, "NFd", 0), F_BOOL(struct system_info, oom_kill_disable, "OomKillDisable", 0),
    F_I64(struct system_info, goroutines, "NGoroutines", 0), F_STR(struct system_info, system_time, "SystemTime", 0),
    F_STR(struct system_info, logging_driver, "LoggingDriver", 0),
    F_STR(struct system_info, cgroup_driver, "CgroupDriver", 0),
    F_STR(struct system_info, cgroup_version, "CgroupVersion", 0),
    F_I64(struct system_info, event_listeners, "NEventsListener", 0),
    F_STR(struct system_info, kernel_version, "KernelVersion", 0),
    F_STR(struct system_info, operating_system, "OperatingSystem", 0),
    F_STR(struct system_info, os_version, "OSVersion", 0), F_STR(struct system_info, os_type, "OSType", 0),
    F_STR(struct system_info, architecture, "Architecture", 0),
    F_STR(struct system_info, index_server_address, "IndexServerAddress", 0),
    F_OBJECT(struct system_info, registry, "RegistryConfig", 0, info_registry),
    F_I64(struct system_info, cpus, "NCPU", 0), F_I64(struct system_info, mem_total, "MemTotal", 0),
    F_RAW(struct system_info, generic_resources, "GenericResources", 0),
    F_STR(struct system_info, docker_root_dir, "DockerRootDir", 0),
    F_STR(struct system_info, http_proxy, "HttpProxy", 0), F_STR(struct system_info, https_proxy, "HttpsProxy", 0),
    F_STR(struct system_info, no_proxy, "NoProxy", 0), F_STR(struct system_info, name, "Name", 0),
    F_STRV(struct system_info, labels, "Labels", 0),
    F_BOOL(struct system_info, experimental_build, "ExperimentalBuild", 0),
    F_STR(struct system_info, server_version, "ServerVersion", 0),
    F_OBJECT_MAP(struct system_info, runtimes, "Runtimes", 0, info_runtime),
    F_STR(struct system_info, default_runtime, "DefaultRuntime", 0),
    F_OBJECT(struct system_info, swarm, "Swarm", 0, info_swarm),
    F_BOOL(struct system_info, live_restore_enabled, "LiveRestoreEnabled", 0),
    F_STR(struct system_info, isolation, "Isolation", 0), F_STR(struct system_info, init_binary, "InitBinary", 0),
    F_OBJECT(struct system_info, containerd_commit, "ContainerdCommit", 0, info_commit),
    F_OBJECT(struct system_info, runc_commit, "RuncCommit", 0, info_commit),
    F_OBJECT(struct system_info, init_commit, "InitCommit", 0, info_commit),
    F_STRV(struct system_info, security_options, "SecurityOptions", 0),
    F_LIST(struct system_info, default_address_pools, "DefaultAddressPools", JSON_OMIT, info_address_pool),
    F_OBJECT(struct system_info, firewall, "FirewallBackend", 0, info_firewall),
    F_STRV(struct system_info, cdi_spec_dirs, "CDISpecDirs", 0),
    F_STRV(struct system_info, warnings, "Warnings", JSON_NULLABLE));
