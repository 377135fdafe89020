#include "cli/port_text.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const char *text_or(const char *text)
{
	return text ? text : "";
}

/* By container port, address, host port, protocol. */
static int port_order(const void *a, const void *b)
{
	const struct port_summary *x = a, *y = b;
	if (x->private_port != y->private_port)
		return x->private_port < y->private_port ? -1 : 1;
	int order = strcmp(text_or(x->ip), text_or(y->ip));
	if (order != 0)
		return order;
	if (x->public_port != y->public_port)
		return x->public_port < y->public_port ? -1 : 1;
	return strcmp(text_or(x->type), text_or(y->type));
}

static void address_text(struct buf *out, const char *ip)
{
	buf_printf(out, strchr(ip, ':') ? "[%s]:" : "%s:", ip);
}

static bool same_run(const struct port_summary *first, const struct port_summary *port, uint32_t length)
{
	return port->private_port == first->private_port + length &&
	       port->public_port == (first->public_port ? first->public_port + length : 0) &&
	       strcmp(text_or(first->ip), text_or(port->ip)) == 0 &&
	       strcmp(text_or(first->type), text_or(port->type)) == 0;
}

static void run_text(struct buf *out, const struct port_summary *first, uint32_t length)
{
	char range[32] = "";
	if (length > 1)
		snprintf(range, sizeof range, "-%u", first->private_port + length - 1);
	buf_text(out, out->len > 0 ? ", " : "");
	if (first->public_port) {
		address_text(out, text_or(first->ip));
		buf_printf(out, "%u%s->", first->public_port, range);
	}
	buf_printf(out, "%u%s/%s", first->private_port, range, text_or(first->type));
}

const char *port_text(struct arena *arena, struct port_summary *ports, size_t count)
{
	auto_buf runs = BUF_INIT(1 << 20), others = BUF_INIT(1 << 20);
	auto_free bool *taken = x_alloc(count + 1);
	qsort(ports, count, sizeof *ports, port_order);
	for (size_t i = 0; i < count; i++) {
		const struct port_summary *first = &ports[i];
		if (taken[i])
			continue;
		if (first->public_port && first->public_port != first->private_port) {
			buf_text(&others, others.len > 0 ? ", " : "");
			address_text(&others, text_or(first->ip));
			buf_printf(&others, "%u->%u/%s", first->public_port, first->private_port, text_or(first->type));
			continue;
		}
		uint32_t length = 1;
		for (size_t k = i + 1; k < count; k++) {
			if (!taken[k] && same_run(first, &ports[k], length)) {
				taken[k] = true;
				length++;
			}
		}
		run_text(&runs, first, length);
	}
	if (others.len > 0)
		buf_printf(&runs, "%s%s", runs.len > 0 ? ", " : "", others.data);
	return arena_strdup(arena, buf_str(&runs));
}
