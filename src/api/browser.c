#include "api/browser.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <string.h>

/* What is in front of the port; brackets stay. */
static void host_cut(const char *field, char *out_host, size_t size)
{
	const char *bracket = strchr(field, ']');
	const char *colon = strrchr(bracket ? bracket : field, ':');
	snprintf(out_host, size, "%.*s", (int)(colon ? (size_t)(colon - field) : strlen(field)), field);
}

/* An address, a name without a point, which no name server of the world has, or our own. */
static bool host_is_ours(const char *host, const char *own)
{
	struct in6_addr address;
	char inside[INET6_ADDRSTRLEN + 2];
	size_t size = strlen(host);
	if (size > 2 && host[0] == '[' && host[size - 1] == ']' && size < sizeof inside) {
		snprintf(inside, sizeof inside, "%.*s", (int)size - 2, host + 1);
		return inet_pton(AF_INET6, inside, &address) == 1;
	}
	return inet_pton(AF_INET, host, &address) == 1 || !strchr(host, '.') || text_ends(host, ".localhost") ||
	       strcasecmp(host, own) == 0;
}

int browser_check(const struct http_head *head, const char *own, struct err *err)
{
	const char *site = http_head_field(head, "Sec-Fetch-Site"), *type = http_head_field(head, "Content-Type");
	const char *field = http_head_field(head, "Host");
	char host[256];
	if (http_head_field(head, "Origin") || (site && !text_equal(site, "none")))
		return err_set(err, EPERM, "requests of web pages are refused");
	if (type && (text_after(type, "text/plain") || text_after(type, "multipart/form-data")))
		return err_set(err, EPERM, "a body of the type %.64s is what web pages send: refused", type);
	host_cut(field ? field : "", host, sizeof host);
	if (!host_is_ours(host, own))
		return err_set(err, EPERM,
			       "the engine is not called %.64s: use its address, or its host's own name (%s)", host,
			       own);
	return 0;
}
