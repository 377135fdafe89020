#include "network/ports.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"

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
		    entry->host.bits == wanted->host.bits &&
		    (address_equal(&entry->host, &wanted->host) || address_is_any(&entry->host) ||
		     address_is_any(&wanted->host)))
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

/*
 * Whether the host has the port free: by taking it. 0 or -errno. An IPv6 socket only binds: connections to ::1 are not
 * translated and must be refused at once rather than wait in a queue that nobody serves.
 */
static int hold(const struct port_entry *entry, int *out_socket)
{
	*out_socket = -1;
	if (entry->protocol == PORT_SCTP)
		return 0; /* most kernels have no SCTP sockets; other packets are redirected all the same */
	bool tcp = entry->protocol == PORT_TCP, four = entry->host.bits == 32;
	int on = 1;
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(entry->port)};
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(entry->port)};
	uint8_t bytes[ADDRESS_BYTES];
	size_t size = address_bytes(&entry->host, bytes);
	memcpy(four ? (void *)&address.sin_addr : (void *)&six.sin6_addr, bytes, size);
	auto_fd int fd = socket(four ? AF_INET : AF_INET6, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (!four && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0)
		return -errno;
	/* For TCP connections of an older listener that are still in TIME_WAIT; listen() then tells whether it lives.
	 */
	if ((tcp && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) ||
	    bind(fd, four ? (const struct sockaddr *)&address : (const struct sockaddr *)&six,
		 four ? sizeof address : sizeof six) < 0 ||
	    (tcp && four && listen(fd, 1) < 0))
		return -errno;
	*out_socket = take_fd(&fd);
	return 0;
}

enum { HOST_PORT_TEXT = ADDRESS_TEXT + 16 };

static void entry_text(const struct port_entry *entry, char out_text[HOST_PORT_TEXT])
{
	char host[ADDRESS_TEXT];
	address_text(&entry->host, host);
	snprintf(out_text, HOST_PORT_TEXT, entry->host.bits == 128 ? "[%s]:%u" : "%s:%u", host, entry->port);
}

static int say_allocated(const struct port_entry *entry, struct err *err)
{
	char text[HOST_PORT_TEXT];
	entry_text(entry, text);
	return err_set(err, EADDRINUSE, "Bind for %s failed: port is already allocated", text);
}

static int say_taken(const struct port_entry *entry, int code, struct err *err)
{
	char text[HOST_PORT_TEXT];
	entry_text(entry, text);
	const char *words = code == EADDRINUSE	    ? "address already in use"
			    : code == EADDRNOTAVAIL ? "cannot assign requested address"
						    : strerror(code);
	return err_set(err, code, "failed to bind host port %s/%s: %s", text, port_protocol_name(entry->protocol),
		       words);
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

/* One number on all addresses. -EADDRINUSE: another number may be free. */
static int take_number(struct port_table *table, const struct port_wish *wish, uint16_t number, int *out_sockets,
		       struct err *err)
{
	int sockets[PORT_HOSTS_MAX] = {-1, -1};
	struct port_entry entry = {.protocol = wish->protocol, .port = number};
	for (size_t i = 0; i < wish->host_count; i++) {
		entry.host = wish->hosts[i];
		int held = is_allocated(table, &entry) ? 1 : hold(&entry, &sockets[i]);
		if (held != 0) {
			cleanup_fds(sockets, PORT_HOSTS_MAX);
			return held > 0 ? say_allocated(&entry, err) : say_taken(&entry, -held, err);
		}
	}
	for (size_t i = 0; i < wish->host_count; i++) {
		entry.host = wish->hosts[i];
		table_add(table, &entry);
		out_sockets[i] = sockets[i];
	}
	return 0;
}

int port_reserve(struct port_table *table, const struct port_wish *wish, uint16_t *out_port, int *out_sockets,
		 struct err *err)
{
	uint16_t first = wish->first, last = wish->last, start = first;
	bool any = first == 0;
	if (any) {
		any_range(&first, &last);
		start = table->next >= first && table->next <= last ? table->next : first;
	}
	uint32_t count = (uint32_t)last - first + 1;
	for (uint32_t i = 0; i < count; i++) {
		uint16_t number = (uint16_t)(first + ((uint32_t)(start - first) + i) % count);
		int result = take_number(table, wish, number, out_sockets, err);
		if (result == 0) {
			if (any)
				table->next = (uint16_t)(number + 1);
			*out_port = number;
			return 0;
		}
		if (result != -EADDRINUSE && result != -EACCES)
			return result;
	}
	return count == 1 ? -err->code : err_set(err, EADDRINUSE, "all ports from %u to %u are allocated", first, last);
}

int port_adopt(struct port_table *table, const struct port_entry *entry, int *out_socket, struct err *err)
{
	if (is_allocated(table, entry))
		return say_allocated(entry, err);
	(void)hold(entry, out_socket);
	table_add(table, entry);
	return 0;
}

void port_release(struct port_table *table, const struct port_entry *wanted)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct port_entry *entry = &table->items[i];
		if (entry->port == wanted->port && entry->protocol == wanted->protocol &&
		    address_equal(&entry->host, &wanted->host)) {
			table->items[i] = table->items[--table->count];
			return;
		}
	}
}
