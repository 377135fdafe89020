#include "registry/resolve.h"

#include "base/buffer.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

/* An address as 16 bytes, IPv4 mapped. */
static bool address_read(const char *text, unsigned char out_bytes[16])
{
	memset(out_bytes, 0, 10);
	memset(out_bytes + 10, 0xff, 2);
	return inet_pton(AF_INET, text, out_bytes + 12) == 1 || inet_pton(AF_INET6, text, out_bytes) == 1;
}

static bool is_mapped(const unsigned char bytes[16])
{
	static const unsigned char front[12] = {[10] = 0xff, [11] = 0xff};
	return memcmp(bytes, front, sizeof front) == 0;
}

/* This host, any address, link-local. */
static bool is_local(const unsigned char bytes[16])
{
	static const unsigned char one[16] = {[15] = 1}, none[16] = {0};
	if (is_mapped(bytes))
		return bytes[12] == 127 || bytes[12] == 0 || (bytes[12] == 169 && bytes[13] == 254);
	return memcmp(bytes, one, 16) == 0 || memcmp(bytes, none, 16) == 0 ||
	       (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80);
}

bool resolver_is_loopback(const char *host)
{
	unsigned char bytes[16];
	static const unsigned char one[16] = {[15] = 1};
	if (strcasecmp(host, "localhost") == 0 ||
	    (strlen(host) > 10 && strcasecmp(host + strlen(host) - 10, ".localhost") == 0))
		return true;
	return address_read(host, bytes) &&
	       ((is_mapped(bytes) && bytes[12] == 127) || memcmp(bytes, one, sizeof one) == 0);
}

bool network_has(const char *network, const char *host)
{
	unsigned char base[16], address[16];
	int64_t length = 128;
	struct err ignored;
	const char *slash = strchr(network, '/');
	auto_free char *front = x_strndup(network, slash ? (size_t)(slash - network) : strlen(network));
	if (!address_read(front, base) || !address_read(host, address))
		return false;
	bool four = is_mapped(base);
	if (slash && number_parse(slash + 1, 0, four ? 32 : 128, "prefix", &length, &ignored) < 0)
		return false;
	if (slash && four)
		length += 96;
	for (int64_t bit = 0; bit < length; bit++)
		if ((base[bit / 8] ^ address[bit / 8]) & (0x80 >> (bit % 8)))
			return false;
	return true;
}

static bool suffix_fits(const char *item, const char *host)
{
	bool only_below = item[0] == '.';
	const char *name = only_below ? item + 1 : item;
	size_t length = strlen(name), whole = strlen(host);
	if (!only_below && strcasecmp(name, host) == 0)
		return true;
	return whole > length && host[whole - length - 1] == '.' && strcasecmp(host + whole - length, name) == 0;
}

bool no_proxy_fits(const char *list, const char *host, const char *port)
{
	auto_strv char **items = strv_split(list ? list : "", ',');
	for (char **item = items; *item; item++) {
		char *text = *item + strspn(*item, " ");
		text[strcspn(text, " ")] = 0;
		char *colon = strrchr(text, ':');
		/* An IPv6 address has more than one colon and no port. */
		if (colon && strchr(text, ':') == colon && text_is_digits(colon + 1)) {
			if (!text_equal(colon + 1, port))
				continue;
			*colon = 0;
		}
		if (*text && (text_equal(text, "*") || network_has(text, host) || suffix_fits(text, host)))
			return true;
	}
	return false;
}

static struct resolved *known(const struct resolver *resolver, const char *key)
{
	for (struct resolved *at = resolver->first; at; at = at->next)
		if (text_equal(at->key, key))
			return at;
	return NULL;
}

static void address_add(struct buf *pin, const struct addrinfo *item, bool *out_local)
{
	char text[INET6_ADDRSTRLEN];
	unsigned char bytes[16];
	bool six = item->ai_family == AF_INET6;
	const void *address = six ? (const void *)&((const struct sockaddr_in6 *)(const void *)item->ai_addr)->sin6_addr
				  : (const void *)&((const struct sockaddr_in *)(const void *)item->ai_addr)->sin_addr;
	if (!inet_ntop(item->ai_family, address, text, sizeof text) || !address_read(text, bytes))
		return;
	*out_local = *out_local || is_local(bytes);
	bool first = pin->data[pin->len - 1] == ':';
	buf_printf(pin, "%s%s%s%s", first ? "" : ",", six ? "[" : "", text, six ? "]" : "");
}

static int look_up(struct resolver *resolver, const char *host, const char *port, const char *key,
		   struct resolved **out_entry, struct err *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *list = NULL;
	unsigned char bytes[16];
	bool number = address_read(host, bytes), local = false;
	auto_buf pin = BUF_INIT(4096);
	if (number)
		hints.ai_flags = AI_NUMERICHOST;
	int rc = getaddrinfo(host, port, &hints, &list);
	if (rc == EAI_NONAME || rc == EAI_ADDRFAMILY ||
	    rc == EAI_NODATA) { /* a machine with loopback only has no "configured" address */
		hints.ai_flags = 0;
		rc = getaddrinfo(host, port, &hints, &list);
	}
	if (rc != 0)
		return err_set(err, EHOSTUNREACH, "lookup %s: %s", host,
			       rc == EAI_NONAME || rc == EAI_NODATA ? "no such host" : gai_strerror(rc));
	buf_printf(&pin, "%s:%s:", host, port);
	for (const struct addrinfo *item = list; item; item = item->ai_next)
		address_add(&pin, item, &local);
	freeaddrinfo(list);
	struct resolved *entry = x_alloc(sizeof *entry);
	*entry = (struct resolved){.next = resolver->first, .key = x_strdup(key), .local = local};
	entry->pin = buf_take(&pin);
	resolver->first = entry;
	*out_entry = entry;
	return 0;
}

int resolver_look(struct resolver *resolver, const char *host, const char *port, bool local, struct err *err)
{
	auto_free char *key = x_printf("%s:%s", host, port);
	struct resolved *entry = known(resolver, key);
	int rc = entry ? 0 : look_up(resolver, host, port, key, &entry, err);
	if (rc < 0)
		return rc;
	if (entry->local && !local)
		return err_set(err, EACCES,
			       "%s is an address of this host or of its link: a registry elsewhere must not lead there",
			       host);
	return 0;
}

void resolver_done(struct resolver *resolver)
{
	while (resolver->first) {
		struct resolved *entry = resolver->first;
		resolver->first = entry->next;
		free(entry->key);
		free(entry->pin);
		free(entry);
	}
}
