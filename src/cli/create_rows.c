#include "cli/create_options.h"

const struct create_options create_defaults = {.sig_proxy = true, .stop_timeout = -2, .memory_swappiness = -1};

#define S(member, name, letter, value, help) O_STRING(struct create_options, member, name, letter, value, help)
#define L(member, name, letter, value, help) O_LIST(struct create_options, member, name, letter, value, help)
#define B(member, name, letter, help) O_BOOL(struct create_options, member, name, letter, help)
#define N(member, name, letter, help) O_NUMBER(struct create_options, member, name, letter, help)
#define Z(member, name, letter, help) O_SIZE(struct create_options, member, name, letter, help, 0)

/* One row a line, in the order of the names; what is not there yet comes last. */
/* clang-format off */
#define CREATE_ROWS \
	L(add_host, "add-host", 0, "list", "Add a custom host-to-IP mapping (host:ip)"), \
	L(annotation, "annotation", 0, "map", "Add an annotation to the container (passed to the runtime)"), \
	L(attach, "attach", 'a', "list", "Attach to STDIN, STDOUT or STDERR"), \
	N(blkio_weight, "blkio-weight", 0, "Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)"), \
	L(blkio_weight_device, "blkio-weight-device", 0, "list", "Block IO weight (relative device weight)"), \
	L(cap_add, "cap-add", 0, "list", "Add Linux capabilities"), \
	L(cap_drop, "cap-drop", 0, "list", "Drop Linux capabilities"), \
	S(cgroup_parent, "cgroup-parent", 0, "string", "Optional parent cgroup for the container"), \
	S(cgroupns, "cgroupns", 0, "string", "Cgroup namespace to use (host|private)"), \
	S(cidfile, "cidfile", 0, "string", "Write the container ID to the file"), \
	N(cpu_period, "cpu-period", 0, "Limit CPU CFS period in microseconds"), \
	N(cpu_quota, "cpu-quota", 0, "Limit CPU CFS quota in microseconds"), \
	N(cpu_rt_period, "cpu-rt-period", 0, "Limit CPU real-time period in microseconds"), \
	N(cpu_rt_runtime, "cpu-rt-runtime", 0, "Limit CPU real-time runtime in microseconds"), \
	N(cpu_shares, "cpu-shares", 'c', "CPU shares (relative weight)"), \
	O_CPUS(struct create_options, cpus, "cpus", "Number of CPUs"), \
	S(cpuset_cpus, "cpuset-cpus", 0, "string", "CPUs in which to allow execution (0-3, 0,1)"), \
	S(cpuset_mems, "cpuset-mems", 0, "string", "MEMs in which to allow execution (0-3, 0,1)"), \
	L(device, "device", 0, "list", "Add a host device to the container"), \
	L(device_cgroup_rule, "device-cgroup-rule", 0, "list", "Add a rule to the cgroup allowed devices list"), \
	L(device_read_bps, "device-read-bps", 0, "list", "Limit read rate (bytes per second) from a device"), \
	L(device_read_iops, "device-read-iops", 0, "list", "Limit read rate (IO per second) from a device"), \
	L(device_write_bps, "device-write-bps", 0, "list", "Limit write rate (bytes per second) to a device"), \
	L(device_write_iops, "device-write-iops", 0, "list", "Limit write rate (IO per second) to a device"), \
	L(dns, "dns", 0, "list", "Set custom DNS servers"), \
	O_LIST_HIDDEN(struct create_options, dns_option, "dns-opt"), \
	L(dns_option, "dns-option", 0, "list", "Set DNS options"), \
	L(dns_search, "dns-search", 0, "list", "Set custom DNS search domains"), \
	S(domainname, "domainname", 0, "string", "Container NIS domain name"), \
	S(entrypoint, "entrypoint", 0, "string", "Overwrite the default ENTRYPOINT of the image"), \
	L(env, "env", 'e', "list", "Set environment variables"), \
	L(env_file, "env-file", 0, "list", "Read in a file of environment variables"), \
	L(expose, "expose", 0, "list", "Expose a port or a range of ports"), \
	S(gpus, "gpus", 0, "gpu-request", "GPU devices to add to the container ('all' to pass all GPUs)"), \
	L(group_add, "group-add", 0, "list", "Add additional groups to join"), \
	S(health_cmd, "health-cmd", 0, "string", "Command to run to check health"), \
	S(health_interval, "health-interval", 0, "duration", "Time between running the check (default 0s)"), \
	S(health_on_failure, "health-on-failure", 0, "string", "Action once unhealthy: none, restart, stop, kill"), \
	N(health_retries, "health-retries", 0, "Consecutive failures needed to report unhealthy"), \
	S(health_start_interval, "health-start-interval", 0, "duration", "Time between running the check during the start period (default 0s)"), \
	S(health_start_period, "health-start-period", 0, "duration", "Start period for the container to initialize before starting health-retries countdown (default 0s)"), \
	S(health_timeout, "health-timeout", 0, "duration", "Maximum time to allow one check to run (default 0s)"), \
	S(hostname, "hostname", 'h', "string", "Container host name"), \
	B(init, "init", 0, "Run an init inside the container that forwards signals and reaps processes"), \
	B(interactive, "interactive", 'i', "Keep STDIN open even if not attached"), \
	S(ipc, "ipc", 0, "string", "IPC mode to use"), \
	L(label, "label", 'l', "list", "Set meta data on a container"), \
	L(label_file, "label-file", 0, "list", "Read in a line delimited file of labels"), \
	S(log_driver, "log-driver", 0, "string", "Logging driver for the container"), \
	L(log_opt, "log-opt", 0, "list", "Log driver options"), \
	Z(memory, "memory", 'm', "Memory limit"), \
	O_SIZE(struct create_options, ignored, "kernel-memory", 0, "", OPTION_HIDDEN), \
	Z(memory_reservation, "memory-reservation", 0, "Memory soft limit"), \
	O_SIZE(struct create_options, memory_swap, "memory-swap", 0, "Swap limit equal to memory plus swap: '-1' to enable unlimited swap", OPTION_MINUS_ONE), \
	N(memory_swappiness, "memory-swappiness", 0, "Tune container memory swappiness (0 to 100) (default -1)"), \
	L(mount, "mount", 0, "mount", "Attach a filesystem mount to the container"), \
	S(name, "name", 0, "string", "Assign a name to the container"), \
	O_LIST_HIDDEN(struct create_options, network, "net"), \
	O_LIST_HIDDEN(struct create_options, network_alias, "net-alias"), \
	L(network_alias, "network-alias", 0, "list", "Add network-scoped alias for the container"), \
	S(ip, "ip", 0, "ip", "IPv4 address (e.g., 172.30.100.104)"), \
	S(ip6, "ip6", 0, "ip", "IPv6 address (e.g., 2001:db8::33)"), \
	L(link, "link", 0, "list", "Add link to another container"), \
	L(link_local_ip, "link-local-ip", 0, "list", "Container IPv4/IPv6 link-local addresses"), \
	S(mac_address, "mac-address", 0, "string", "Container MAC address (e.g., 92:d0:c6:0a:29:33)"), \
	L(network, "network", 0, "network", "Connect a container to a network"), \
	B(no_healthcheck, "no-healthcheck", 0, "Disable any container-specified HEALTHCHECK"), \
	B(oom_kill_disable, "oom-kill-disable", 0, "Disable OOM Killer"), \
	N(oom_score_adj, "oom-score-adj", 0, "Tune host's OOM preferences (-1000 to 1000)"), \
	S(pid, "pid", 0, "string", "PID namespace to use"), \
	N(pids_limit, "pids-limit", 0, "Tune container pids limit (set -1 for unlimited)"), \
	S(platform, "platform", 0, "string", "Set platform if server is multi-platform capable"), \
	B(privileged, "privileged", 0, "Give extended privileges to this container"), \
	L(publish, "publish", 'p', "list", "Publish a container's port(s) to the host"), \
	B(publish_all, "publish-all", 'P', "Publish all exposed ports to random ports"), \
	S(pull, "pull", 0, "string", "Pull image before running (\"always\", \"missing\", \"never\")"), \
	B(quiet, "quiet", 'q', "Suppress the pull output"), \
	B(read_only, "read-only", 0, "Mount the container's root filesystem as read only"), \
	S(restart, "restart", 0, "string", "Restart policy to apply when a container exits (default \"no\")"), \
	B(remove, "rm", 0, "Automatically remove the container when it exits"), \
	S(runtime, "runtime", 0, "string", "Runtime to use for this container"), \
	L(security_opt, "security-opt", 0, "list", "Security Options"), \
	Z(shm_size, "shm-size", 0, "Size of /dev/shm"), \
	S(stop_signal, "stop-signal", 0, "string", "Signal to stop the container"), \
	N(stop_timeout, "stop-timeout", 0, "Timeout (in seconds) to stop a container"), \
	L(sysctl, "sysctl", 0, "map", "Sysctl options"), \
	L(tmpfs, "tmpfs", 0, "list", "Mount a tmpfs directory"), \
	B(tty, "tty", 't', "Allocate a pseudo-TTY"), \
	L(ulimit, "ulimit", 0, "ulimit", "Ulimit options"), \
	S(user, "user", 'u', "string", "Username or UID (format: <name|uid>[:<group|gid>])"), \
	S(userns, "userns", 0, "string", "User namespace to use"), \
	S(uts, "uts", 0, "string", "UTS namespace to use"), \
	L(volume, "volume", 'v', "list", "Bind mount a volume"), \
	S(volume_driver, "volume-driver", 0, "string", "Optional volume driver for the container"), \
	L(volumes_from, "volumes-from", 0, "list", "Mount volumes from the specified container(s)"), \
	S(workdir, "workdir", 'w', "string", "Working directory inside the container"), \
	O_ABSENT("cpu-count", "int", ""), \
	O_ABSENT("cpu-percent", "int", ""), \
	O_ABSENT_BOOL("disable-content-trust", ""), \
	O_ABSENT("io-maxbandwidth", "bytes", ""), \
	O_ABSENT("io-maxiops", "uint64", ""), \
	O_ABSENT("isolation", "string", ""), \
	O_ABSENT("storage-opt", "list", ""), \
	O_ABSENT_BOOL("use-api-socket", "")
/* clang-format on */

const struct option_row create_rows[] = {CREATE_ROWS, O_END};

const struct option_row run_rows[] = {
    CREATE_ROWS,
    B(detach, "detach", 'd', "Run container in background and print container ID"),
    S(detach_keys, "detach-keys", 0, "string", "Override the key sequence for detaching a container"),
    B(sig_proxy, "sig-proxy", 0, "Proxy received signals to the process (default true)"),
    O_END,
};
