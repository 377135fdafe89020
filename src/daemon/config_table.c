#include "daemon/config.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <string.h>

JSON_TYPE(address_pool, F_STR(struct address_pool, base, "base", JSON_REQUIRED),
	  F_I64(struct address_pool, size, "size", JSON_REQUIRED));

static int check_address(const char *text, struct err *err)
{
	unsigned char address[16];
	if (inet_pton(AF_INET, text, address) != 1 && inet_pton(AF_INET6, text, address) != 1)
		return err_set(err, EINVAL, "\"%s\" is not an IP address", text);
	return 0;
}

static int check_network(const char *text, struct err *err)
{
	const char *slash = strchr(text, '/');
	auto_free char *address = x_strndup(text, slash ? (size_t)(slash - text) : strlen(text));
	unsigned char bytes[4];
	int64_t length;
	struct err ignored;
	if (!*text)
		return 0;
	if (!slash || inet_pton(AF_INET, address, bytes) != 1 ||
	    number_parse(slash + 1, 8, 30, "prefix", &length, &ignored) < 0)
		return err_set(err, EINVAL, "\"%s\" is not an IPv4 address with a prefix length from 8 to 30", text);
	return 0;
}

static int check_host(const char *text, struct err *err)
{
	const char *path = text_after(text, "unix://");
	if (path) {
		if (path[0] != '/' || strlen(path) > 107)
			return err_set(err, EINVAL, "\"%s\": an absolute path of at most 107 bytes must follow unix://",
				       text);
		return 0;
	}
	const char *address = text_after(text, "tcp://");
	if (address) {
		const char *colon = strrchr(address, ':');
		int64_t port;
		struct err ignored;
		if (!colon || number_parse(colon + 1, 1, 65535, "port", &port, &ignored) < 0)
			return err_set(err, EINVAL, "\"%s\": ADDRESS:PORT must follow tcp://", text);
		return 0;
	}
	if (text_equal(text, "fd://"))
		return 0;
	return err_set(err, EINVAL, "\"%s\" is none of unix:///PATH, tcp://ADDRESS:PORT, fd://", text);
}

/* Names of interfaces and of nft tables: 15 bytes at most, letters, digits, '_', '-', '.'. */
static int check_name(const char *text, struct err *err)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
	size_t length = strlen(text);
	if (length == 0 || length > 15 || strspn(text, allowed) != length || text[0] == '.' || text[0] == '-')
		return err_set(err, EINVAL, "\"%s\" is not a name of 1 to 15 letters, digits, '_', '-' or '.'", text);
	return 0;
}

static int check_cgroup(const char *text, struct err *err)
{
	if (text[0] != '/' || !text[1] || strstr(text, "//") || strstr(text, "/..") || strstr(text, "/./") ||
	    text_ends(text, "/"))
		return err_set(err, EINVAL, "\"%s\" is not a path like /tug", text);
	return 0;
}

static int check_live_restore(const char *text, struct err *err)
{
	if (text_equal(text, "false"))
		return err_set(err, EOPNOTSUPP, "false: tug's containers always outlive the engine");
	return 0;
}

/* "https://host[:port][/path]", or REGISTRY= in front of it. */
static int check_mirror(const char *text, struct err *err)
{
	const char *scheme = strstr(text, "://"), *equals = strchr(text, '=');
	const char *url = equals && scheme && equals < scheme ? equals + 1 : text;
	const char *host = text_after(url, "https://");
	host = host ? host : text_after(url, "http://");
	if (!host || !*host || *host == '/' || strpbrk(host, "@?# "))
		return err_set(err, EINVAL,
			       "\"%s\": invalid mirror: an http or https URL without user and query is wanted", text);
	return 0;
}

static int check_insecure(const char *text, struct err *err)
{
	if (!*text || strstr(text, "://") || strpbrk(text, " @?#"))
		return err_set(err, EINVAL,
			       "\"%s\": insecure registry should not contain '://': HOST[:PORT] or ADDRESS/LENGTH",
			       text);
	return 0;
}

static int check_folder(const char *text, struct err *err)
{
	return text[0] == '/' ? 0 : err_set(err, EINVAL, "\"%s\" is not an absolute path", text);
}

static const char *const levels[] = {"debug", "info", "warn", "error", "fatal", NULL};
static const char *const formats[] = {"text", "json", NULL};
static const char *const drivers[] = {"json-file", "none", NULL};

#define AT(member) .offset = offsetof(struct daemon_config, member)

const struct config_row config_rows[] = {
    {"data-root", .type = CONFIG_PATH, AT(data_root), .initial = "/var/lib/tug",
     .help = "what is kept: images, containers, the record"},
    {"exec-root", .type = CONFIG_PATH, AT(exec_root), .initial = "/run/tug",
     .help = "what is gone after a boot: sockets, running containers"},
    {"pidfile", .letter = 'p', .type = CONFIG_PATH, AT(pidfile), .initial = "",
     .help = "write the engine's process id here"},
    {"hosts", .flag = "host", .letter = 'H', .type = CONFIG_LIST, AT(hosts), .check = check_host, .initial = "",
     .help = "listen on unix:///PATH, tcp://ADDRESS:PORT, fd:// (default: unix://EXEC-ROOT/tug.sock)"},
    {"group", .letter = 'G', .type = CONFIG_TEXT, AT(group), .initial = "",
     .help = "owner group of unix sockets (default: tug, where it exists)"},
    {"auto-start", .type = CONFIG_BOOL, AT(auto_start), .initial = "true", .reload = true,
     .help = "let `tug` start an engine where none listens"},
    {"debug", .letter = 'D', .type = CONFIG_BOOL, AT(debug), .initial = "false", .reload = true,
     .help = "as --log-level debug"},
    {"log-level", .letter = 'l', .type = CONFIG_CHOICE, AT(log_level), .choices = levels, .initial = "info",
     .reload = true, .help = "of the engine's own log: debug, info, warn, error, fatal"},
    {"log-format", .type = CONFIG_CHOICE, AT(log_format), .choices = formats, .initial = "text",
     .help = "of the engine's own log: text, json"},
    {"log-file", .type = CONFIG_PATH, AT(log_file), .initial = "", .help = "the engine's own log also goes here"},
    {"log-journald", .type = CONFIG_BOOL, AT(log_journald), .initial = "false",
     .help = "the engine's own log also goes to the journal"},
    {"bridge", .letter = 'b', .type = CONFIG_TEXT, AT(bridge), .check = check_name, .initial = "tug0",
     .help = "name of the default bridge, made when it is missing"},
    {"bip", .type = CONFIG_TEXT, AT(bip), .check = check_network, .initial = "",
     .help = "address of the default bridge (default: from the first free pool)"},
    {"default-address-pools", .flag = "default-address-pool", .type = CONFIG_POOLS, AT(address_pools), .initial = "",
     .help = "base=ADDRESS/LENGTH,size=LENGTH: where networks take their addresses from"},
    {"mtu", .type = CONFIG_NUMBER, AT(mtu), .min = 68, .max = 65535, .initial = "1500",
     .help = "of the default bridge"},
    {"network-pool", .type = CONFIG_NUMBER, AT(network_pool), .min = 0, .max = 64, .initial = "2",
     .help = "network namespaces that are kept ready"},
    {"nft-table", .type = CONFIG_TEXT, AT(nft_table), .check = check_name, .initial = "tug",
     .help = "name of tug's nftables tables"},
    {"ip", .type = CONFIG_TEXT, AT(ip), .check = check_address, .initial = "0.0.0.0",
     .help = "host address of published ports that name none"},
    {"ip-forward", .type = CONFIG_BOOL, AT(ip_forward), .initial = "true", .help = "switch IPv4 forwarding on"},
    {"ip-masq", .type = CONFIG_BOOL, AT(ip_masq), .initial = "true",
     .help = "masquerade what leaves the default bridge"},
    {"dns", .type = CONFIG_LIST, AT(dns), .check = check_address, .initial = "", .help = "name servers for containers"},
    {"dns-opts", .flag = "dns-opt", .type = CONFIG_LIST, AT(dns_options), .initial = "",
     .help = "resolver options for containers"},
    {"cdi-spec-dirs", .type = CONFIG_LIST, AT(cdi_spec_dirs), .initial = "/etc/cdi,/var/run/cdi",
     .help = "directories of CDI specifications"},
    {"dns-search", .type = CONFIG_LIST, AT(dns_search), .initial = "", .help = "search domains for containers"},
    {"cgroup-parent", .type = CONFIG_TEXT, AT(cgroup_parent), .check = check_cgroup, .initial = "/tug",
     .help = "the cgroup below which containers get theirs"},
    {"default-shm-size", .type = CONFIG_SIZE, AT(shm_size), .min = 4096, .max = INT64_MAX, .initial = "64m",
     .reload = true, .help = "size of /dev/shm"},
    {"default-stop-timeout", .type = CONFIG_NUMBER, AT(stop_timeout_s), .min = 0, .max = 1 << 20, .initial = "10",
     .reload = true, .help = "seconds between the stop signal and SIGKILL"},
    {"no-new-privileges", .type = CONFIG_BOOL, AT(no_new_privileges), .initial = "false", .help = "for all containers"},
    {"log-driver", .type = CONFIG_CHOICE, AT(log_driver), .choices = drivers, .initial = "json-file", .reload = true,
     .help = "of containers: json-file, none"},
    {"log-opts", .flag = "log-opt", .type = CONFIG_MAP, AT(log_options), .initial = "max-size=20m max-file=3",
     .reload = true, .help = "of containers: max-size=SIZE, max-file=COUNT"},
    {"labels", .flag = "label", .type = CONFIG_LIST, AT(labels), .initial = "", .reload = true,
     .help = "key=value: labels of this engine"},
    {"registry-mirrors", .flag = "registry-mirror", .type = CONFIG_LIST, AT(registry_mirrors), .check = check_mirror,
     .initial = "", .reload = true,
     .help = "URL, or REGISTRY=URL: asked before docker.io, or before REGISTRY, in this order"},
    {"insecure-registries", .flag = "insecure-registry", .type = CONFIG_LIST, AT(insecure_registries),
     .check = check_insecure, .initial = "", .reload = true,
     .help = "HOST[:PORT] or network: https without verification, then http"},
    {"registry-certs", .type = CONFIG_LIST, AT(registry_certs), .check = check_folder,
     .initial = "/etc/tug/certs.d /etc/docker/certs.d", .reload = true,
     .help = "folders with HOST:PORT/*.crt, *.cert and *.key of registries"},
    {"http-proxy", .type = CONFIG_TEXT, AT(http_proxy), .initial = "", .reload = true,
     .help = "for registries that are spoken to by http (default: from the environment)"},
    {"https-proxy", .type = CONFIG_TEXT, AT(https_proxy), .initial = "", .reload = true,
     .help = "for registries (default: from the environment)"},
    {"no-proxy", .type = CONFIG_TEXT, AT(no_proxy), .initial = "", .reload = true,
     .help = "hosts, domains and networks that are reached without a proxy"},
    {"proxies", .flag = "proxy", .type = CONFIG_MAP, AT(proxies), .initial = "", .reload = true,
     .help = "http-proxy=URL, https-proxy=URL, no-proxy=LIST, as Docker's file has them"},
    {"max-concurrent-downloads", .type = CONFIG_NUMBER, AT(downloads), .min = 1, .max = 256, .initial = "16",
     .reload = true, .help = "layers of one pull at once"},
    {"max-concurrent-uploads", .type = CONFIG_NUMBER, AT(uploads), .min = 1, .max = 256, .initial = "5", .reload = true,
     .help = "layers of one push at once"},
    {"max-download-attempts", .type = CONFIG_NUMBER, AT(download_attempts), .min = 1, .max = 100, .initial = "5",
     .reload = true, .help = "of one request to a registry, before it counts as failed"},
    {"registry-timeout", .type = CONFIG_NUMBER, AT(registry_timeout_s), .min = 1, .max = 3600, .initial = "15",
     .reload = true, .help = "seconds without a byte after which a transfer has stalled"},
    {"tls", .type = CONFIG_BOOL, AT(tls), .initial = "true",
     .help = "false: listen on tcp:// although whoever reaches it is root on this host"},
    {"live-restore", .type = CONFIG_BOOL, AT(live_restore), .check = check_live_restore, .initial = "true",
     .help = "containers outlive the engine: always true"},
};
const size_t config_row_count = array_size(config_rows);

const char *const config_later[] = {"allow-direct-routing",
				    "authorization-plugins",
				    "bip6",
				    "bridge-accept-fwmark",
				    "builder",
				    "containerd",
				    "containerd-namespace",
				    "containerd-plugin-namespace",
				    "cpu-rt-period",
				    "cpu-rt-runtime",
				    "cri-containerd",
				    "default-cgroupns-mode",
				    "default-gateway",
				    "default-gateway-v6",
				    "default-init",
				    "default-ipc-mode",
				    "default-network-opts",
				    "default-runtime",
				    "default-ulimits",
				    "exec-opts",
				    "experimental",
				    "features",
				    "firewall-backend",
				    "fixed-cidr",
				    "fixed-cidr-v6",
				    "host-gateway-ips",
				    "icc",
				    "init",
				    "init-path",
				    "ip-forward-no-drop",
				    "iptables",
				    "ip6tables",
				    "ipv6",
				    "metrics-addr",
				    "min-api-version",
				    "network-control-plane-mtu",
				    "network-diagnostic-port",
				    "node-generic-resources",
				    "nri-opts",
				    "raw-logs",
				    "resolv-conf",
				    "rootless",
				    "runtimes",
				    "seccomp-profile",
				    "selinux-enabled",
				    "shutdown-timeout",
				    "storage-driver",
				    "storage-opts",
				    "swarm-default-advertise-addr",
				    "swarm-raft-election-tick",
				    "swarm-raft-heartbeat-tick",
				    "tlscacert",
				    "tlscert",
				    "tlskey",
				    "tlsverify",
				    "userland-proxy",
				    "userland-proxy-path",
				    "userns-remap",
				    NULL};
