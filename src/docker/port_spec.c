#include "docker/port_spec.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <string.h>

static const char *const protocols[] = {[PORT_TCP] = "tcp", [PORT_UDP] = "udp", [PORT_SCTP] = "sctp"};

const char *port_protocol_name(enum port_protocol protocol)
{
	return protocols[protocol];
}

static int protocol_parse(const char *text, enum port_protocol *out_protocol, struct err *err)
{
	for (size_t i = 0; i < array_size(protocols); i++) {
		if (strcasecmp(text, protocols[i]) == 0) {
			*out_protocol = (enum port_protocol)i;
			return 0;
		}
	}
	return err_set(err, EINVAL, "invalid proto: %s", text);
}

int port_range_parse(const char *text, const char *what, uint16_t *out_first, uint16_t *out_last, struct err *err)
{
	int64_t first = 0, last = 0;
	if (*text) {
		const char *dash = strchr(text, '-');
		auto_free char *low = dash ? x_strndup(text, (size_t)(dash - text)) : x_strdup(text);
		struct err ignored;
		if (number_parse(low, 0, UINT16_MAX, what, &first, &ignored) < 0 ||
		    number_parse(dash ? dash + 1 : low, 0, UINT16_MAX, what, &last, &ignored) < 0)
			return err_set(err, EINVAL, "invalid %s: %s", what, text);
		if (last < first)
			return err_set(err, EINVAL, "invalid %s: %s: the range ends before it begins", what, text);
	}
	*out_first = (uint16_t)first;
	*out_last = (uint16_t)last;
	return 0;
}

int port_expose_parse(const char *text, uint16_t *out_first, uint16_t *out_last, enum port_protocol *out_protocol,
		      struct err *err)
{
	const char *slash = strchr(text, '/');
	auto_free char *numbers = slash ? x_strndup(text, (size_t)(slash - text)) : x_strdup(text);
	enum port_protocol protocol = PORT_TCP;
	if (slash && protocol_parse(slash + 1, &protocol, err) < 0)
		return -err->code;
	uint16_t first, last;
	if (port_range_parse(numbers, "containerPort", &first, &last, err) < 0)
		return -err->code;
	if (first == 0)
		return err_set(err, EINVAL, "invalid containerPort: %s", text);
	*out_first = first;
	*out_last = last;
	*out_protocol = protocol;
	return 0;
}

int port_parse(const char *text, struct port *out_port, struct err *err)
{
	uint16_t first, last;
	enum port_protocol protocol;
	if (port_expose_parse(text, &first, &last, &protocol, err) < 0)
		return -err->code;
	if (first != last)
		return err_set(err, EINVAL, "invalid port: %s: one port is wanted, not a range", text);
	*out_port = (struct port){first, protocol};
	return 0;
}

/* Splits "ip:host:container" at its last two colons; an IPv6 address loses its brackets. */
static int split(struct arena *arena, const char *text, char **out_ip, char **out_host, char **out_container,
		 struct err *err)
{
	char *ip = arena_strdup(arena, ""), *host = ip, *container = arena_strdup(arena, text);
	char *colon = strrchr(container, ':');
	if (colon) {
		*colon = 0;
		host = container;
		container = colon + 1;
		colon = strrchr(host, ':');
		if (colon) {
			*colon = 0;
			ip = host;
			host = colon + 1;
		}
	}
	size_t length = strlen(ip);
	if (length > 2 && ip[0] == '[' && ip[length - 1] == ']') {
		ip[length - 1] = 0;
		ip++;
	}
	unsigned char address[16];
	if (*ip && inet_pton(AF_INET, ip, address) != 1 && inet_pton(AF_INET6, ip, address) != 1)
		return err_set(err, EINVAL, "invalid IP address: %s", ip);
	if (!*container)
		return err_set(err, EINVAL, "no port specified: %s<empty>", text);
	*out_ip = ip;
	*out_host = host;
	*out_container = container;
	return 0;
}

int port_publish_parse(struct arena *arena, const char *text, struct port_publish_list *out_list, struct err *err)
{
	char *ip, *host, *container;
	uint16_t first, last, host_first, host_last;
	enum port_protocol protocol;
	if (split(arena, text, &ip, &host, &container, err) < 0 ||
	    port_expose_parse(container, &first, &last, &protocol, err) < 0 ||
	    port_range_parse(host, "hostPort", &host_first, &host_last, err) < 0)
		return -err->code;
	unsigned count = (unsigned)last - first + 1, host_count = (unsigned)host_last - host_first + 1;
	if (*host && host_count != count && count != 1)
		return err_set(err, EINVAL, "invalid ranges specified for container and host Ports: %s and %s",
			       container, host);
	struct port_publish *items = arena_array(arena, struct port_publish, count);
	for (unsigned i = 0; i < count; i++) {
		items[i].container = (struct port){(uint16_t)(first + i), protocol};
		items[i].host_ip = ip;
		items[i].host_port = count == 1 || !*host ? host : arena_printf(arena, "%u", host_first + i);
	}
	*out_list = (struct port_publish_list){items, count};
	return 0;
}
