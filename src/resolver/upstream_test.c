#include "resolver/upstream.h"
#include "unit/test.h"

#include <arpa/inet.h>

TEST(name_servers_are_read)
{
	struct upstream list[UPSTREAMS_MAX];
	char text[INET6_ADDRSTRLEN];
	CHECK_INT(upstream_read("# nameserver 9.9.9.9\nnameserver 10.0.0.1\r\n\tnameserver\tfe80::1%lo\n"
				"search nameserver\nnameserver\nnameserver x\noptions ndots:5\nnameserver fd00::1",
				list),
		  3);
	CHECK_STR(inet_ntop(AF_INET, &list[0].address.four.sin_addr, text, sizeof text), "10.0.0.1");
	CHECK_INT(ntohs(list[0].address.four.sin_port), 53);
	CHECK_STR(inet_ntop(AF_INET6, &list[1].address.six.sin6_addr, text, sizeof text), "fe80::1");
	CHECK_INT(list[1].address.six.sin6_scope_id, 1);
	CHECK_STR(inet_ntop(AF_INET6, &list[2].address.six.sin6_addr, text, sizeof text), "fd00::1");
	CHECK_INT(upstream_read("", list), 0);
}

TEST(more_name_servers_than_are_asked)
{
	struct upstream list[UPSTREAMS_MAX];
	auto_free char *text = x_strdup("");
	for (int i = 0; i < 20; i++) {
		char *more = x_printf("%snameserver 10.0.0.%d\n", text, i);
		free(text);
		text = more;
	}
	CHECK_INT(upstream_read(text, list), UPSTREAMS_MAX);
}
