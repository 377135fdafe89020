#include "resolver/upstream.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>

enum { DNS = 53 };

int upstream_parse(const char *text, struct upstream *out_upstream, struct err *err)
{
	struct upstream upstream = {.size = 0};
	auto_free char *bare = x_strndup(text, strcspn(text, "%"));
	const char *device = strchr(text, '%');
	if (!device && inet_pton(AF_INET, text, &upstream.address.four.sin_addr) == 1) {
		upstream.address.four.sin_family = AF_INET;
		upstream.address.four.sin_port = htons(DNS);
		upstream.size = sizeof upstream.address.four;
	} else if (inet_pton(AF_INET6, bare, &upstream.address.six.sin6_addr) == 1) {
		upstream.address.six.sin6_family = AF_INET6;
		upstream.address.six.sin6_port = htons(DNS);
		upstream.address.six.sin6_scope_id = device ? if_nametoindex(device + 1) : 0;
		upstream.size = sizeof upstream.address.six;
	} else {
		return err_set(err, EINVAL, "invalid name server: not an IP address");
	}
	*out_upstream = upstream;
	return 0;
}

size_t upstream_read(const char *resolv_conf, struct upstream out_upstreams[UPSTREAMS_MAX])
{
	static const char blank[] = " \t\r";
	size_t count = 0;
	auto_strv char **lines = strv_split(resolv_conf, '\n');
	for (char **line = lines; *line && count < UPSTREAMS_MAX; line++) {
		char *rest = NULL;
		struct err ignored;
		const char *keyword = strtok_r(*line, blank, &rest), *server = strtok_r(NULL, blank, &rest);
		if (keyword && server && text_equal(keyword, "nameserver") &&
		    upstream_parse(server, &out_upstreams[count], &ignored) == 0)
			count++;
	}
	return count;
}
