#include "docker/port_spec.h"
#include "unit/test.h"

static struct arena arena;

static void check_one(const char *text, int container, enum port_protocol protocol, const char *ip, const char *host)
{
	struct err err;
	struct port_publish_list list;
	CHECK_OK(port_publish_parse(&arena, text, &list, &err));
	CHECK_INT(list.count, 1);
	CHECK_INT(list.items[0].container.number, container);
	CHECK_INT(list.items[0].container.protocol, protocol);
	CHECK_STR(list.items[0].host_ip, ip);
	CHECK_STR(list.items[0].host_port, host);
}

TEST(publish_forms)
{
	check_one("80", 80, PORT_TCP, "", "");
	check_one("8080:80", 80, PORT_TCP, "", "8080");
	check_one("53:53/udp", 53, PORT_UDP, "", "53");
	check_one("127.0.0.1:8080:80/TCP", 80, PORT_TCP, "127.0.0.1", "8080");
	check_one("127.0.0.1::80", 80, PORT_TCP, "127.0.0.1", "");
	check_one("[::1]:8080:80", 80, PORT_TCP, "::1", "8080");
	check_one("8000-8010:80", 80, PORT_TCP, "", "8000-8010");
	arena_done(&arena);
}

TEST(publish_ranges)
{
	struct err err;
	struct port_publish_list list;
	CHECK_OK(port_publish_parse(&arena, "8000-8002:90-92/udp", &list, &err));
	CHECK_INT(list.count, 3);
	CHECK_INT(list.items[2].container.number, 92);
	CHECK_STR(list.items[2].host_port, "8002");
	CHECK_OK(port_publish_parse(&arena, "90-91", &list, &err));
	CHECK_INT(list.count, 2);
	CHECK_STR(list.items[1].host_port, "");
	arena_done(&arena);
}

TEST(publish_refuses)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
	    {"", "no port specified: <empty>"},
	    {"8080:", "no port specified: 8080:<empty>"},
	    {"x:80", "invalid hostPort: x"},
	    {"99999:80", "invalid hostPort: 99999"},
	    {"80:x", "invalid containerPort: x"},
	    {"80:0", "invalid containerPort: 0"},
	    {"-1:80", "invalid hostPort: -1"},
	    {"80:80/icmp", "invalid proto: icmp"},
	    {"1.2.3:80:80", "invalid IP address: 1.2.3"},
	    {"80-81:90-92", "invalid ranges specified"},
	    {"9-8:80", "the range ends before it begins"},
	};
	struct err err;
	struct port_publish_list list;
	for (size_t i = 0; i < array_size(rows); i++) {
		CHECK_ERR(port_publish_parse(&arena, rows[i].text, &list, &err), EINVAL);
		CHECK_CONTAINS(err.msg, rows[i].message);
	}
	arena_done(&arena);
}

TEST(port_keys)
{
	struct err err;
	struct port port;
	CHECK_OK(port_parse("80", &port, &err));
	CHECK_INT(port.protocol, PORT_TCP);
	CHECK_OK(port_parse("132/sctp", &port, &err));
	CHECK_STR(port_protocol_name(port.protocol), "sctp");
	CHECK_ERR(port_parse("80-81", &port, &err), EINVAL);
	CHECK_ERR(port_parse("080x", &port, &err), EINVAL);
}
