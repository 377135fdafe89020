#include "network/ports.h"
#include "base/file.h"
#include "base/text.h"
#include "network/subnet.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

void port_table_done(struct port_table *table)
{
	free(table->items);
	*table = (struct port_table){0};
}

static bool is_allocated(const struct port_table *table, const struct port_entry *wanted)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct port_entry *entry = &table->items[i];
		if (entry->port == wanted->port && entry->protocol == wanted->protocol &&
		    (entry->host == wanted->host || !entry->host || !wanted->host))
			return true;
	}
	return false;
}

static void table_add(struct port_table *table, const struct port_entry *entry)
{
	if ((table->count & (table->count - 1)) == 0) {
		size_t room = table->count ? 2 * table->count : 1;
		table->items = x_realloc(table->items, room * sizeof *table->items);
	}
	table->items[table->count++] = *entry;
}

/* Whether the host has the port free: by taking it. 0 or -errno. */
static int hold(const struct port_entry *entry, int *out_socket)
{
	*out_socket = -1;
	if (entry->protocol == PORT_SCTP)
		return 0; /* most kernels have no SCTP sockets; other packets are redirected all the same */
	bool tcp = entry->protocol == PORT_TCP;
	auto_fd int fd = socket(AF_INET, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
	int on = 1;
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_port = htons(entry->port), .sin_addr.s_addr = htonl(entry->host)};
	if (fd < 0)
		return -errno;
	/* For TCP connections of an older listener that are still in TIME_WAIT; listen() then tells whether it lives.
	 */
	if ((tcp && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) ||
	    bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 || (tcp && listen(fd, 1) < 0))
		return -errno;
	*out_socket = take_fd(&fd);
	return 0;
}

static int entry_parse(enum port_protocol protocol, const char *host_ip, uint16_t port, struct port_entry *out_entry,
		       struct err *err)
{
	struct port_entry entry = {.protocol = protocol, .port = port};
	if (strchr(host_ip, ':'))
		return err_set(
		    err, EOPNOTSUPP,
		    "cannot publish a port on %s: the bridge has no IPv6 (not there yet); use an IPv4 address",
		    host_ip);
	if (address_parse(host_ip, &entry.host, err) < 0)
		return err_wrap(err, "invalid IP address: %s", host_ip);
	*out_entry = entry;
	return 0;
}

static int say_allocated(const struct port_entry *entry, struct err *err)
{
	char host[NETWORK_ADDRESS_TEXT];
	address_text(entry->host, host);
	return err_set(err, EADDRINUSE, "Bind for %s:%u failed: port is already allocated", host, entry->port);
}

static int say_taken(const struct port_entry *entry, int code, struct err *err)
{
	char host[NETWORK_ADDRESS_TEXT];
	address_text(entry->host, host);
	const char *words = code == EADDRINUSE ? "address already in use" : strerror(code);
	return err_set(err, code, "failed to bind host port %s:%u/%s: %s", host, entry->port,
		       port_protocol_name(entry->protocol), words);
}

/* The host's own range for such ports, as Docker takes it. */
static void any_range(uint16_t *out_first, uint16_t *out_last)
{
	enum { FIRST = 32768, LAST = 60999 };
	auto_buf text = BUF_INIT(64);
	struct err ignored;
	int64_t first = FIRST, last = LAST;
	if (file_read(AT_FDCWD, "/proc/sys/net/ipv4/ip_local_port_range", &text, &ignored) == 0 && text.data) {
		text.data[strcspn(text.data, "\n")] = 0;
		char *blank = strpbrk(text.data, "\t ");
		if (blank) {
			*blank = 0;
			int64_t a, b;
			if (number_parse(text.data, 1, UINT16_MAX, "range", &a, &ignored) == 0 &&
			    number_parse(blank + 1, a, UINT16_MAX, "range", &b, &ignored) == 0) {
				first = a;
				last = b;
			}
		}
	}
	*out_first = (uint16_t)first;
	*out_last = (uint16_t)last;
}

static int take_first_free(struct port_table *table, struct port_entry entry, uint16_t first, uint16_t last,
			   uint16_t start, struct port_entry *out_entry, int *out_socket, struct err *err)
{
	uint32_t count = (uint32_t)last - first + 1;
	int result = err_set(err, EADDRINUSE, "all ports from %u to %u are allocated", first, last);
	for (uint32_t i = 0; i < count; i++) {
		entry.port = (uint16_t)(first + (start - first + i) % count);
		if (is_allocated(table, &entry)) {
			if (count == 1)
				return say_allocated(&entry, err);
			continue;
		}
		int held = hold(&entry, out_socket);
		if (held == 0) {
			*out_entry = entry;
			return 0;
		}
		result = say_taken(&entry, -held, err);
		if (held != -EADDRINUSE && held != -EACCES)
			return result;
	}
	return result;
}

int port_reserve(struct port_table *table, const struct network_publish *request, const char *default_ip,
		 struct network_binding *out_binding, int *out_socket, struct err *err)
{
	struct port_entry entry;
	struct network_binding binding = {.container = request->container};
	const char *host_ip = text_empty(request->host_ip) ? default_ip : request->host_ip;
	if (entry_parse(request->container.protocol, host_ip, 0, &entry, err) < 0)
		return -err->code;
	uint16_t first = request->first, last = request->last, start = first;
	if (first == 0) {
		any_range(&first, &last);
		start = table->next >= first && table->next <= last ? table->next : first;
	}
	int socket;
	if (take_first_free(table, entry, first, last, start, &entry, &socket, err) < 0)
		return -err->code;
	if (request->first == 0)
		table->next = (uint16_t)(entry.port + 1);
	table_add(table, &entry);
	address_text(entry.host, binding.host_ip);
	binding.host_port = entry.port;
	*out_binding = binding;
	*out_socket = socket;
	return 0;
}

int port_adopt(struct port_table *table, const struct network_binding *binding, int *out_socket, struct err *err)
{
	struct port_entry entry;
	if (entry_parse(binding->container.protocol, binding->host_ip, binding->host_port, &entry, err) < 0)
		return -err->code;
	if (is_allocated(table, &entry))
		return say_allocated(&entry, err);
	(void)hold(&entry, out_socket);
	table_add(table, &entry);
	return 0;
}

void port_release(struct port_table *table, const struct network_binding *binding)
{
	struct err ignored;
	uint32_t host = 0;
	(void)!address_parse(binding->host_ip, &host, &ignored);
	for (size_t i = 0; i < table->count; i++) {
		const struct port_entry *entry = &table->items[i];
		if (entry->port == binding->host_port && entry->protocol == binding->container.protocol &&
		    entry->host == host) {
			table->items[i] = table->items[--table->count];
			return;
		}
	}
}
