/* Real devices, tables and sockets, each test in a network namespace of its own. Needs root. */
#include "network/network.h"
#include "network/forwarding.h"
#include "network/link_address.h"
#include "network/nft.h"
#include "network/sandbox.h"
#include "unit/test.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

static struct err err;
static struct loop *loop;
static struct sandbox_home home;
static struct netlink route;

static struct networks *networks;
static struct network *bridge;

static const struct networks_config config = {.nft_table = "tugtest", .ready = 1, .ip_forward = true};

static void host_begin(void)
{
	if (geteuid() != 0)
		test_skip("needs root");
	CHECK(unshare(CLONE_NEWNET) == 0);
	CHECK_OK(loop_new(&loop, &err));
	CHECK_OK(sandbox_home_open(&home, &err));
	CHECK_OK(netlink_open(NETLINK_ROUTE, &route, &err));
	CHECK_OK(link_set_up(&route, 1, &err));
}

static void host_end(void)
{
	loop_free(loop);
	close(home.namespace_fd);
	netlink_done(&route);
}

/* Networks with the default bridge, and more of them. */
static int add(const char *name, const char *driver, const char *subnet, struct json_map options,
	       struct network **out_network)
{
	struct network_range ranges[3] = {0};
	struct network_spec spec = {.id = name,
				    .name = name,
				    .driver = driver,
				    .four = true,
				    .options = &options,
				    .ranges = ranges,
				    .standard = strcmp(name, "bridge") == 0};
	if (subnet) {
		CHECK_OK(subnet_parse(subnet, &ranges[0].subnet, &err));
		spec.range_count = 1;
		if (ranges[0].subnet.address.bits == 128) {
			spec.four = false;
			spec.six = true;
		}
	}
	return network_add(networks, &spec, out_network, &err);
}

static struct json_map no_options;

static void networks_begin(void)
{
	static struct json_pair name = {(char *)"com.docker.network.bridge.name", (char *)"tugtest0"};
	CHECK_OK(networks_open(loop, &config, &networks, &err));
	CHECK_OK(add("bridge", "bridge", NULL, (struct json_map){&name, 1}, &bridge));
}

/* What a container has: a namespace, an endpoint, ports. */
struct box {
	struct network_endpoint *endpoint;
	struct network_ports *ports;
	int namespace;
	char address[ADDRESS_TEXT], gateway[ADDRESS_TEXT];
};

static int box_open_on(struct network *network, const struct network_publish *ports, size_t count, struct box *out_box)
{
	struct box box = {0};
	int result = network_attach_first(network, &(struct network_request){0}, &box.namespace, &box.endpoint, &err);
	if (result < 0)
		return result;
	result = network_publish(networks, box.endpoint, address_is_set(&box.endpoint->place.six) ? box.endpoint : NULL,
				 ports, count, &box.ports, &err);
	if (result < 0) {
		close(box.namespace);
		network_detach(box.endpoint, -1);
		return result;
	}
	address_text(&box.endpoint->place.four, box.address);
	address_text(&box.endpoint->place.gateway_four, box.gateway);
	*out_box = box;
	return 0;
}

static int box_open(const struct network_publish *ports, size_t count, struct box *out_box)
{
	return box_open_on(bridge, ports, count, out_box);
}

static void box_close(struct box *box)
{
	close(box->namespace);
	network_unpublish(box->ports);
	network_detach(box->endpoint, -1);
}

/* --- sockets in a namespace --- */

static struct sockaddr_in address_of(const char *address, uint16_t port)
{
	struct sockaddr_in result = {.sin_family = AF_INET, .sin_port = htons(port)};
	CHECK(inet_pton(AF_INET, address, &result.sin_addr) == 1);
	return result;
}

static int socket_in(int namespace, int type)
{
	CHECK(namespace < 0 || setns(namespace, CLONE_NEWNET) == 0);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	CHECK(fd >= 0);
	CHECK(setns(home.namespace_fd, CLONE_NEWNET) == 0);
	return fd;
}

static int server_in(int namespace, int type, uint16_t port)
{
	int fd = socket_in(namespace, type);
	struct sockaddr_in address = address_of("0.0.0.0", port);
	CHECK(bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
	CHECK(type != SOCK_STREAM || listen(fd, 8) == 0);
	return fd;
}

/* A TCP connection arrives at server; who it comes from is returned. */
static void check_connects(int namespace, const char *address, uint16_t port, int server, char out_from[16])
{
	int client = socket_in(namespace, SOCK_STREAM | SOCK_NONBLOCK);
	struct sockaddr_in to = address_of(address, port), from;
	int r = connect(client, (struct sockaddr *)&to, sizeof to);
	if (r < 0 && errno != EINPROGRESS)
		test_fail(__FILE__, __LINE__, "connect to %s:%u: %s", address, port, strerror(errno));
	struct pollfd ready = {server, POLLIN, 0};
	if (poll(&ready, 1, 10000) != 1)
		test_fail(__FILE__, __LINE__, "nothing arrives from a connect to %s:%u", address, port);
	socklen_t size = sizeof from;
	int accepted = accept4(server, (struct sockaddr *)&from, &size, SOCK_CLOEXEC);
	CHECK(accepted >= 0);
	if (out_from)
		CHECK(inet_ntop(AF_INET, &from.sin_addr, out_from, 16) != NULL);
	close(accepted);
	close(client);
}

static void send_to(int fd, const char *address, uint16_t port, const char *text)
{
	struct sockaddr_in to = address_of(address, port);
	CHECK(sendto(fd, text, strlen(text), 0, (struct sockaddr *)&to, sizeof to) == (ssize_t)strlen(text));
}

static void check_receives(int fd, const char *text)
{
	char got[32] = "";
	struct pollfd ready = {fd, POLLIN, 0};
	CHECK(poll(&ready, 1, 10000) == 1);
	CHECK(recv(fd, got, sizeof got - 1, MSG_DONTWAIT) > 0);
	CHECK_STR(got, text);
}

static void check_nothing(int fd)
{
	char got[32] = "";
	ssize_t size = recv(fd, got, sizeof got - 1, MSG_DONTWAIT);
	if (size >= 0 || errno != EAGAIN)
		test_fail(__FILE__, __LINE__, "got \"%s\"", got);
}

static struct network_publish tcp_port(const char *host_ip, uint16_t host, uint16_t container)
{
	return (struct network_publish){
	    .container = {container, PORT_TCP}, .host_ip = host_ip, .first = host, .last = host};
}

static struct network_publish udp_port(const char *host_ip, uint16_t host, uint16_t container)
{
	return (struct network_publish){
	    .container = {container, PORT_UDP}, .host_ip = host_ip, .first = host, .last = host};
}

/* --- tests --- */

TEST(a_sandbox_has_only_loopback)
{
	host_begin();
	networks_begin();
	int namespace;
	CHECK_OK(network_sandbox(networks, &namespace, &err));
	int server = server_in(namespace, SOCK_STREAM, 80);
	check_connects(namespace, "127.0.0.1", 80, server, NULL);
	struct link_info link;
	CHECK_OK(link_find(&route, "tugtest0", &link, &err));
	CHECK_INT(link.index, 0);
	close(server);
	close(namespace);
	networks_close(networks);
	host_end();
}

static void device_add(const char *name, const char *address)
{
	uint8_t mac[MAC_SIZE] = {2, 0, 0, 0, 0, 1};
	struct link_info link;
	struct subnet own;
	CHECK_OK(subnet_parse(address, &own, &err));
	CHECK_OK(link_make_bridge(&route, name, mac, 1500, "other", &err));
	CHECK_OK(link_find(&route, name, &link, &err));
	CHECK_STR(link.mark, "other");
	CHECK_OK(link_add_address(&route, link.index, &own, &err));
}

TEST(bridge_takes_the_first_pool_beside_the_routes)
{
	host_begin();
	device_add("other0", "172.17.5.1/24");
	networks_begin();
	struct box box;
	CHECK_OK(box_open(NULL, 0, &box));
	CHECK_STR(box.address, "172.18.0.2");
	CHECK_STR(box.gateway, "172.18.0.1");
	CHECK_STR(box.endpoint->place.mac, "02:42:ac:12:00:02");
	CHECK_INT(box.endpoint->place.prefix_four, 16);
	box_close(&box);
	networks_close(networks);
	host_end();
}

TEST(containers_and_host_reach_each_other)
{
	host_begin();
	networks_begin();
	struct box first, second;
	char from[16];
	CHECK_OK(box_open(NULL, 0, &first));
	for (int i = 0; i < 3; i++)
		CHECK_OK(loop_once(loop, 1000, &err)); /* settles, fills */
	CHECK_OK(box_open(NULL, 0, &second));
	CHECK_STR(first.address, "172.17.0.2");
	CHECK_STR(second.address, "172.17.0.3");
	int server = server_in(first.namespace, SOCK_STREAM, 80);
	check_connects(second.namespace, first.address, 80, server, from);
	CHECK_STR(from, "172.17.0.3");
	check_connects(-1, first.address, 80, server, from);
	CHECK_STR(from, "172.17.0.1");
	int host = server_in(-1, SOCK_STREAM, 81);
	check_connects(first.namespace, first.gateway, 81, host, from);
	CHECK_STR(from, "172.17.0.2");
	close(server), close(host);
	box_close(&first);
	box_close(&second);
	networks_close(networks);
	host_end();
}

TEST(published_ports_from_everywhere)
{
	host_begin();
	networks_begin();
	struct box first, second;
	char from[16];
	struct network_publish ports[] = {tcp_port("", 8080, 80), udp_port("", 8053, 53)};
	CHECK_OK(box_open(ports, 2, &first));
	CHECK_OK(box_open(NULL, 0, &second));
	CHECK_INT(first.ports->count, 2);
	CHECK_INT(first.ports->bindings[0].host_port, 8080);
	CHECK(address_is_any(&first.ports->bindings[0].host));
	int web = server_in(first.namespace, SOCK_STREAM, 80), names = server_in(first.namespace, SOCK_DGRAM, 53);
	check_connects(-1, "127.0.0.1", 8080, web, from);
	CHECK_STR(from, "172.17.0.1");
	check_connects(-1, "172.17.0.1", 8080, web, NULL);
	check_connects(second.namespace, "172.17.0.1", 8080, web, NULL);
	check_connects(first.namespace, "172.17.0.1", 8080, web, NULL); /* itself */
	int client = socket_in(-1, SOCK_DGRAM);
	send_to(client, "127.0.0.1", 8053, "question");
	check_receives(names, "question");
	close(client), close(web), close(names);
	box_close(&first);
	box_close(&second);
	networks_close(networks);
	host_end();
}

TEST(udp_finds_the_next_container)
{
	host_begin();
	networks_begin();
	struct box first, second, other;
	struct network_publish port = udp_port("", 8053, 53);
	CHECK_OK(box_open(&port, 1, &first));
	int old = server_in(first.namespace, SOCK_DGRAM, 53), client = socket_in(-1, SOCK_DGRAM);
	send_to(client, "127.0.0.1", 8053, "one");
	check_receives(old, "one");
	network_unpublish(first.ports);
	network_detach(first.endpoint, -1);
	CHECK_OK(box_open(NULL, 0, &other)); /* another address is taken meanwhile */
	CHECK_OK(box_open(&port, 1, &second));
	int new = server_in(second.namespace, SOCK_DGRAM, 53);
	send_to(client, "127.0.0.1", 8053, "two");
	check_receives(new, "two");
	check_nothing(old);
	close(client), close(old), close(new), close(first.namespace);
	box_close(&second);
	box_close(&other);
	networks_close(networks);
	host_end();
}

TEST(a_port_is_had_once)
{
	host_begin();
	networks_begin();
	struct box first, second, third;
	struct network_publish ports[] = {tcp_port("", 8081, 81), tcp_port("", 8080, 80)};
	CHECK_OK(box_open(ports + 1, 1, &first));
	CHECK_ERR(box_open(ports, 2, &second), EADDRINUSE);
	CHECK_STR(err.msg, "Bind for 0.0.0.0:8080 failed: port is already allocated");
	int other = server_in(-1, SOCK_STREAM, 8081); /* what was reserved before the failure is free again */
	CHECK_ERR(box_open(ports, 1, &second), EADDRINUSE);
	CHECK_STR(err.msg, "failed to bind host port 0.0.0.0:8081/tcp: address already in use");
	struct network_publish range = {.container = {81, PORT_TCP}, .first = 8080, .last = 8082};
	CHECK_OK(box_open(&range, 1, &second));
	CHECK_INT(second.ports->bindings[0].host_port, 8082);
	box_close(&second);
	struct network_publish any = {.container = {81, PORT_TCP}};
	CHECK_OK(box_open(&any, 1, &second));
	CHECK(second.ports->bindings[0].host_port >= 1024);
	struct network_publish six = tcp_port("fd00::1", 8090, 80), foreign = tcp_port("192.0.2.1", 8090, 80);
	CHECK_ERR(box_open(&six, 1, &third), EINVAL);
	CHECK_ERR(box_open(&foreign, 1, &third), EADDRNOTAVAIL);
	close(other);
	box_close(&first);
	box_close(&second);
	networks_close(networks);
	host_end();
}

TEST(ports_stay_open_over_a_restart)
{
	host_begin();
	networks_begin();
	struct box stays, goes, new;
	struct network_endpoint *again, *other;
	struct network_publish ports[] = {tcp_port("", 8080, 80), tcp_port("", 8081, 80)};
	CHECK_OK(box_open(ports, 1, &stays));
	CHECK_OK(box_open(ports + 1, 1, &goes));
	struct network_binding recorded = stays.ports->bindings[0];
	struct network_place place = stays.endpoint->place;
	int server = server_in(stays.namespace, SOCK_STREAM, 80);
	networks_close(networks);
	close(goes.namespace);
	check_connects(-1, "127.0.0.1", 8080, server, NULL);

	networks_begin();
	CHECK_OK(network_adopt(bridge, &place, &again, &err));
	CHECK_ERR(network_adopt(bridge, &place, &other, &err), EEXIST);
	CHECK_OK(network_adopt_ports(networks, again, NULL, &recorded, 1, &stays.ports, &err));
	CHECK_OK(loop_once(loop, 1000, &err)); /* settles */
	check_connects(-1, "127.0.0.1", 8080, server, NULL);
	CHECK_ERR(box_open(ports, 1, &new), EADDRINUSE);
	CHECK_OK(box_open(ports + 1, 1, &new)); /* the map had it: gone */
	CHECK(!address_equal(&new.endpoint->place.four, &place.four));
	close(server);
	stays.endpoint = again;
	box_close(&stays);
	box_close(&new);
	networks_close(networks);
	host_end();
}

/* Whoever changes one of our tables: it is made again. */
TEST(a_flushed_table_comes_back)
{
	host_begin();
	networks_begin();
	struct box first, second;
	struct network_publish ports[] = {tcp_port("", 8080, 80), tcp_port("", 8081, 80)};
	CHECK_OK(box_open(ports, 1, &first));
	auto_netlink netfilter = {.fd = -1};
	CHECK_OK(netlink_open(NETLINK_NETFILTER, &netfilter, &err));
	CHECK_OK(nft_delete(&netfilter, "tugtest", &err));
	CHECK_OK(box_open(ports + 1, 1, &second));
	int server = server_in(first.namespace, SOCK_STREAM, 80);
	check_connects(-1, "127.0.0.1", 8080, server, NULL);
	CHECK_OK(nft_delete(&netfilter, "tugtest", &err));
	bool there = false;
	for (int i = 0; i < 50 && !there; i++) { /* nobody asks for anything */
		struct nft_change none = {0};
		CHECK_OK(loop_once(loop, 100, &err));
		struct nft_port port = {
		    .protocol = 6, .host = {0, 32}, .host_port = 8080, .address = {1, 32}, .port = 1};
		none.ports = &port;
		none.port_count = 1;
		there = nft_add(&netfilter, "tugtest", &none, &err) == -EEXIST;
	}
	CHECK(there);
	check_connects(-1, "127.0.0.1", 8080, server, NULL);
	close(server);
	box_close(&first);
	box_close(&second);
	networks_close(networks);
	host_end();
}

static void lo_down(int namespace)
{
	auto_netlink inside = {.fd = -1};
	auto_batch batch = NETLINK_BATCH_INIT;
	struct {
		uint8_t family, pad;
		uint16_t type;
		int32_t index;
		uint32_t flags, change;
	} down = {.index = 1, .change = IFF_UP};
	CHECK_OK(sandbox_netlink(&home, namespace, NETLINK_ROUTE, &inside, &err));
	netlink_begin(&batch, "lo down", 16 /* RTM_NEWLINK */, NLM_F_ACK, &down, sizeof down);
	CHECK_OK(netlink_send(&inside, &batch, &err));
}

/* A host on a network of its own, whose default route is this host; without lo 127.0.0.1 is an address like any other
 * there. */
static int neighbour(void)
{
	uint8_t mac[MAC_SIZE] = {2, 0, 0, 0, 0, 2};
	struct link_info lan, eth0;
	struct subnet own;
	struct address gateway;
	int namespace;
	auto_netlink inside = {.fd = -1};
	auto_batch batch = NETLINK_BATCH_INIT;
	device_add("lan0", "10.9.9.1/24");
	CHECK_OK(link_find(&route, "lan0", &lan, &err));
	CHECK_OK(sandbox_make(&home, &namespace, &inside, &err));
	struct link_pair pair = {
	    .name = "lan1", .bridge = lan.index, .mtu = 1500, .namespace_fd = namespace, .inside = "eth0", .mac = mac};
	CHECK_OK(link_make_pair(&route, &pair, &err));
	CHECK_OK(link_find(&inside, "eth0", &eth0, &err));
	CHECK_OK(subnet_parse("10.9.9.2/24", &own, &err));
	CHECK_OK(address_parse("10.9.9.1", &gateway, &err));
	link_put_up(&batch, eth0.index);
	link_put_address(&batch, eth0.index, &own);
	link_put_default(&batch, eth0.index, &gateway);
	CHECK_OK(netlink_send(&inside, &batch, &err));
	lo_down(namespace);
	return namespace;
}

/* N-01, N-02: what is published on loopback, and what is not published, cannot be reached by a neighbour. */
TEST(a_neighbour_reaches_only_what_is_published)
{
	host_begin();
	networks_begin();
	struct box box;
	int lan = neighbour();
	struct network_publish ports[] = {udp_port("127.0.0.1", 7000, 5000), udp_port("", 7001, 5001)};
	CHECK_OK(box_open(ports, 2, &box));
	int local = server_in(box.namespace, SOCK_DGRAM, 5000), open = server_in(box.namespace, SOCK_DGRAM, 5001),
	    private = server_in(box.namespace, SOCK_DGRAM, 5002), client = socket_in(lan, SOCK_DGRAM),
	    here = socket_in(-1, SOCK_DGRAM);
	send_to(client, "10.9.9.1", 7001, "hello");
	check_receives(open, "hello");
	send_to(client, "127.0.0.1", 7000, "forged");
	send_to(client, "10.9.9.1", 7000, "not here");
	send_to(client, box.address, 5000, "direct");
	send_to(client, box.address, 5002, "direct");
	send_to(client, "10.9.9.1", 7001, "again"); /* the same way, behind the others */
	check_receives(open, "again");
	check_nothing(local);
	check_nothing(private);
	send_to(here, "127.0.0.1", 7000, "home");
	check_receives(local, "home");
	close(local), close(open), close(private), close(client), close(here), close(lan);
	box_close(&box);
	networks_close(networks);
	host_end();
}

/* A container must not reach services that the host has on loopback, although the bridge has route_localnet. */
TEST(a_container_does_not_reach_loopback_of_the_host)
{
	host_begin();
	networks_begin();
	struct box box;
	CHECK_OK(box_open(NULL, 0, &box));
	int secret = server_in(-1, SOCK_DGRAM, 6000), open = server_in(-1, SOCK_DGRAM, 6001);
	lo_down(box.namespace);
	int client = socket_in(box.namespace, SOCK_DGRAM);
	send_to(client, "172.17.0.1", 6001, "hello");
	check_receives(open, "hello");
	send_to(client, "127.0.0.1", 6000, "forged");
	send_to(client, "172.17.0.1", 6001, "again");
	check_receives(open, "again");
	check_nothing(secret);
	close(secret), close(open), close(client);
	box_close(&box);
	networks_close(networks);
	host_end();
}

/* Several networks at once: devices are numbered, the default route follows, one network does not reach the other. */
TEST(one_container_in_two_networks)
{
	host_begin();
	networks_begin();
	struct network *red, *blue;
	CHECK_OK(add("red", "bridge", "10.50.0.0/24", no_options, &red));
	CHECK_OK(add("blue", "bridge", NULL, no_options, &blue));
	struct box both, alone;
	struct network_endpoint *second;
	CHECK_OK(box_open_on(red, NULL, 0, &both));
	CHECK_OK(box_open_on(blue, NULL, 0, &alone));
	CHECK_STR(both.address, "10.50.0.2");
	CHECK_OK(network_attach(blue, &(struct network_request){0}, both.namespace, &second, &err));
	CHECK_STR(both.endpoint->place.device, "eth0");
	CHECK_STR(second->place.device, "eth1");
	char address[ADDRESS_TEXT];
	address_text(&second->place.four, address);
	int server = server_in(alone.namespace, SOCK_DGRAM, 80), client = socket_in(both.namespace, SOCK_DGRAM),
	    isolated = server_in(both.namespace, SOCK_DGRAM, 81), other = socket_in(alone.namespace, SOCK_DGRAM);
	send_to(client, alone.address, 80, "hello");
	check_receives(server, "hello");
	send_to(other, "10.50.0.2", 81, "across");
	send_to(other, address, 81, "beside");
	check_receives(isolated, "beside");
	check_nothing(isolated);
	struct network_endpoint *all[] = {both.endpoint, second};
	const char *names[] = {"red", "blue"};
	CHECK(network_choose_gateway(all, names, 2, 32) == second);
	CHECK(network_choose_gateway(all, names, 2, 128) == NULL);
	both.endpoint->place.priority = 1;
	CHECK(network_choose_gateway(all, names, 2, 32) == both.endpoint);
	network_detach(second, both.namespace);
	struct network_endpoint *third;
	struct network_request taken = {.four = both.endpoint->place.four};
	CHECK_ERR(network_attach(red, &taken, both.namespace, &third, &err), EPERM);
	CHECK_STR(err.msg, "Address already in use");
	CHECK_OK(network_attach(blue, &(struct network_request){0}, both.namespace, &third, &err));
	CHECK_STR(third->place.device, "eth1");
	network_detach(third, -1);
	close(server), close(client), close(isolated), close(other);
	box_close(&both);
	box_close(&alone);
	network_remove(red);
	network_remove(blue);
	struct link_info link;
	CHECK_OK(link_find(&route, "br-red", &link, &err));
	CHECK_INT(link.index, 0);
	networks_close(networks);
	host_end();
}

TEST(networks_of_six)
{
	host_begin();
	networks_begin();
	struct network *six;
	CHECK_OK(add("six", "bridge", "fd00:7::/64", no_options, &six));
	struct box box;
	struct network_publish port = tcp_port("", 8080, 80);
	CHECK_OK(network_attach_first(six, &(struct network_request){0}, &box.namespace, &box.endpoint, &err));
	address_text(&box.endpoint->place.six, box.address);
	CHECK_STR(box.address, "fd00:7::2");
	CHECK_OK(network_publish(networks, NULL, box.endpoint, &port, 1, &box.ports, &err));
	CHECK_INT(box.ports->count, 1);
	CHECK_INT(box.ports->bindings[0].host.bits, 128);
	box_close(&box);
	network_remove(six);
	networks_close(networks);
	host_end();
}

TEST(bad_networks_are_named)
{
	host_begin();
	networks_begin();
	struct network *network;
	struct json_pair pair = {(char *)"com.docker.network.bridge.enable_icc", (char *)"maybe"};
	CHECK_ERR(add("x", "bogus", NULL, no_options, &network), ENOENT);
	CHECK_STR(err.msg, "plugin \"bogus\" not found");
	CHECK_ERR(add("x", "bridge", "10.1.0.5/24", no_options, &network), EINVAL);
	CHECK_CONTAINS(err.msg, "invalid subnet 10.1.0.5/24: it should be 10.1.0.0/24");
	CHECK_ERR(add("x", "bridge", "172.17.3.0/24", no_options, &network), EPERM);
	CHECK_CONTAINS(err.msg, "Pool overlaps with other one on this address space");
	CHECK_ERR(add("x", "bridge", NULL, (struct json_map){&pair, 1}, &network), EINVAL);
	CHECK_STR(err.msg, "failed to parse com.docker.network.bridge.enable_icc value: maybe (strconv.ParseBool: "
			   "parsing \"maybe\": invalid syntax)");
	CHECK_OK(add("h", "host", NULL, no_options, &network));
	CHECK_ERR(add("i", "host", NULL, no_options, &network), EPERM);
	networks_close(networks);
	host_end();
}

TEST(hundreds_of_networks)
{
	enum { COUNT = 150 };
	host_begin();
	networks_begin();
	struct network *all[COUNT];
	char names[COUNT][16];
	struct json_map options = {0};
	for (int i = 0; i < COUNT; i++) {
		char subnet[SUBNET_TEXT];
		snprintf(names[i], sizeof names[i], "n%d", i);
		snprintf(subnet, sizeof subnet, "10.77.%d.0/24", i);
		CHECK_OK(add(names[i], "bridge", subnet, options, &all[i]));
	}
	struct box box;
	CHECK_OK(box_open_on(all[COUNT - 1], NULL, 0, &box));
	CHECK_STR(box.address, "10.77.149.2");
	box_close(&box);
	networks_close(networks);
	CHECK_OK(networks_purge("tugtest", &err));
	host_end();
}

TEST(purge_leaves_nothing)
{
	host_begin();
	bool before, now, four = true, six = true;
	CHECK_OK(forwarding_get(false, &before, &err));
	networks_begin();
	struct box box;
	struct network_publish port = tcp_port("", 8080, 80);
	CHECK_OK(box_open(&port, 1, &box));
	CHECK_OK(forwarding_get(false, &now, &err));
	CHECK(now);
	networks_close(networks);
	/* The mark survives a second engine, which finds forwarding switched on. */
	networks_begin();
	CHECK_OK(loop_once(loop, 1000, &err));
	networks_close(networks);
	CHECK_OK(networks_purge("tugtest", &err));
	CHECK_OK(networks_purge("tugtest", &err));
	CHECK_OK(forwarding_get(false, &now, &err));
	CHECK_INT(now, before);
	struct link_info link;
	CHECK_OK(link_find(&route, "tugtest0", &link, &err));
	CHECK_INT(link.index, 0);
	auto_netlink netfilter = {.fd = -1};
	CHECK_OK(netlink_open(NETLINK_NETFILTER, &netfilter, &err));
	CHECK_OK(nft_read_marks(&netfilter, "tugtest", &four, &six, &err));
	CHECK(!four && !six);
	close(box.namespace);
	host_end();
}

TEST(bad_configuration_is_named)
{
	host_begin();
	struct networks_config bad = config;
	struct network_pool pool = {"10.0.0.0/16", 8};
	bad.pools = &pool;
	bad.pool_count = 1;
	CHECK_ERR(networks_open(loop, &bad, &networks, &err), EINVAL);
	CHECK_CONTAINS(err.msg, "default-address-pools: 10.0.0.0/16");
	host_end();
}
