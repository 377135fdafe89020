/* Real devices, tables and sockets, each test in a network namespace of its own. Needs root. */
#include "network/network.h"
#include "network/bridge.h"
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

static const struct network_config config = {
    .bridge = "tugtest0", .nft_table = "tugtest", .mtu = 1500, .ready = 1, .ip_forward = true, .ip_masq = true};

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

static struct network *open_network(void)
{
	struct network *network;
	CHECK_OK(network_open(loop, &config, &network, &err));
	return network;
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

TEST(none_has_only_loopback)
{
	host_begin();
	struct network *network = open_network();
	struct network_endpoint *endpoint;
	int namespace;
	CHECK_OK(network_connect(network, NETWORK_NONE, NULL, 0, &endpoint, &namespace, &err));
	CHECK_STR(endpoint->address, "");
	int server = server_in(namespace, SOCK_STREAM, 80);
	check_connects(namespace, "127.0.0.1", 80, server, NULL);
	struct link_info link;
	CHECK_OK(link_find(&route, "tugtest0", &link, &err));
	CHECK_INT(link.index, 0);
	close(server);
	close(namespace);
	network_disconnect(network, endpoint);
	network_close(network);
	host_end();
}

TEST(bridge_takes_the_first_pool_beside_the_routes)
{
	host_begin();
	uint8_t mac[MAC_SIZE] = {2, 0, 0, 0, 0, 1};
	struct link_info other;
	struct subnet taken = {0xac110501, 24}; /* 172.17.5.1 */
	CHECK_OK(link_make_bridge(&route, "other0", mac, 1500, &err));
	CHECK_OK(link_find(&route, "other0", &other, &err));
	CHECK_OK(link_add_address(&route, other.index, &taken, &err));
	struct network *network = open_network();
	struct network_endpoint *endpoint;
	int namespace;
	CHECK_OK(network_connect(network, NETWORK_BRIDGE, NULL, 0, &endpoint, &namespace, &err));
	CHECK_STR(endpoint->address, "172.18.0.2");
	CHECK_STR(endpoint->gateway, "172.18.0.1");
	CHECK_STR(endpoint->mac, "02:42:ac:12:00:02");
	CHECK_INT(endpoint->prefix, 16);
	close(namespace);
	network_disconnect(network, endpoint);
	network_close(network);
	host_end();
}

TEST(containers_and_host_reach_each_other)
{
	host_begin();
	struct network *network = open_network();
	struct network_endpoint *first, *second;
	int a, b;
	char from[16];
	CHECK_OK(network_connect(network, NETWORK_BRIDGE, NULL, 0, &first, &a, &err));
	CHECK_OK(loop_once(loop, 1000, &err)); /* settles, fills */
	CHECK_OK(network_connect(network, NETWORK_BRIDGE, NULL, 0, &second, &b, &err));
	CHECK_STR(first->address, "172.17.0.2");
	CHECK_STR(second->address, "172.17.0.3");
	int server = server_in(a, SOCK_STREAM, 80);
	check_connects(b, first->address, 80, server, from);
	CHECK_STR(from, "172.17.0.3");
	check_connects(-1, first->address, 80, server, from);
	CHECK_STR(from, "172.17.0.1");
	int host = server_in(-1, SOCK_STREAM, 81);
	check_connects(a, first->gateway, 81, host, from);
	CHECK_STR(from, "172.17.0.2");
	close(server), close(host), close(a), close(b);
	network_disconnect(network, first);
	network_disconnect(network, second);
	network_close(network);
	host_end();
}

TEST(published_ports_from_everywhere)
{
	host_begin();
	struct network *network = open_network();
	struct network_endpoint *first, *second;
	int a, b;
	char from[16];
	struct network_publish ports[] = {tcp_port("", 8080, 80), udp_port("", 8053, 53)};
	CHECK_OK(network_connect(network, NETWORK_BRIDGE, ports, 2, &first, &a, &err));
	CHECK_OK(network_connect(network, NETWORK_BRIDGE, NULL, 0, &second, &b, &err));
	CHECK_INT(first->binding_count, 2);
	CHECK_INT(first->bindings[0].host_port, 8080);
	CHECK_STR(first->bindings[0].host_ip, "0.0.0.0");
	int web = server_in(a, SOCK_STREAM, 80), names = server_in(a, SOCK_DGRAM, 53);
	check_connects(-1, "127.0.0.1", 8080, web, from);
	CHECK_STR(from, "172.17.0.1");
	check_connects(-1, "172.17.0.1", 8080, web, NULL);
	check_connects(b, "172.17.0.1", 8080, web, NULL); /* another container */
	check_connects(a, "172.17.0.1", 8080, web, NULL); /* itself */
	int client = socket_in(-1, SOCK_DGRAM);
	send_to(client, "127.0.0.1", 8053, "question");
	check_receives(names, "question");
	close(client), close(web), close(names), close(a), close(b);
	network_disconnect(network, first);
	network_disconnect(network, second);
	network_close(network);
	host_end();
}

TEST(udp_finds_the_next_container)
{
	host_begin();
	struct network *network = open_network();
	struct network_endpoint *first, *second;
	int a, b;
	struct network_publish port = udp_port("", 8053, 53);
	CHECK_OK(network_connect(network, NETWORK_BRIDGE, &port, 1, &first, &a, &err));
	int old = server_in(a, SOCK_DGRAM, 53), client = socket_in(-1, SOCK_DGRAM);
	send_to(client, "127.0.0.1", 8053, "one");
	check_receives(old, "one");
	network_disconnect(network, first);
	CHECK_OK(loop_once(loop, 1000, &err)); /* another address is taken meanwhile */
	CHECK_OK(loop_once(loop, 1000, &err));
	CHECK_OK(network_connect(network, NETWORK_BRIDGE, NULL, 0, &first, &b, &err));
	close(b);
	CHECK_OK(network_connect(network, NETWORK_BRIDGE, &port, 1, &second, &b, &err));
	int new = server_in(b, SOCK_DGRAM, 53);
	send_to(client, "127.0.0.1", 8053, "two");
	check_receives(new, "two");
	check_nothing(old);
	close(client), close(old), close(new), close(a), close(b);
	network_disconnect(network, first);
	network_disconnect(network, second);
	network_close(network);
	host_end();
}

TEST(a_port_is_had_once)
{
	host_begin();
	struct network *network = open_network();
	struct network_endpoint *first, *second;
	int a, b;
	struct network_publish ports[] = {tcp_port("", 8081, 81), tcp_port("", 8080, 80)};
	CHECK_OK(network_connect(network, NETWORK_BRIDGE, ports + 1, 1, &first, &a, &err));
	CHECK_ERR(network_connect(network, NETWORK_BRIDGE, ports, 2, &second, &b, &err), EADDRINUSE);
	CHECK_STR(err.msg, "Bind for 0.0.0.0:8080 failed: port is already allocated");
	int other = server_in(-1, SOCK_STREAM, 8081); /* what was reserved before the failure is free again */
	CHECK_ERR(network_connect(network, NETWORK_BRIDGE, ports, 1, &second, &b, &err), EADDRINUSE);
	CHECK_STR(err.msg, "failed to bind host port 0.0.0.0:8081/tcp: address already in use");
	struct network_publish range = {.container = {81, PORT_TCP}, .first = 8080, .last = 8082};
	CHECK_OK(network_connect(network, NETWORK_BRIDGE, &range, 1, &second, &b, &err));
	CHECK_INT(second->bindings[0].host_port, 8082);
	network_disconnect(network, second);
	close(b);
	struct network_publish any = {.container = {81, PORT_TCP}};
	CHECK_OK(network_connect(network, NETWORK_BRIDGE, &any, 1, &second, &b, &err));
	CHECK(second->bindings[0].host_port >= 1024);
	struct network_publish ipv6 = tcp_port("::1", 8090, 80), foreign = tcp_port("192.0.2.1", 8090, 80);
	struct network_endpoint *third;
	CHECK_ERR(network_connect(network, NETWORK_BRIDGE, &ipv6, 1, &third, &b, &err), EOPNOTSUPP);
	CHECK_ERR(network_connect(network, NETWORK_BRIDGE, &foreign, 1, &third, &b, &err), EADDRNOTAVAIL);
	close(other), close(a), close(b);
	network_disconnect(network, first);
	network_disconnect(network, second);
	network_close(network);
	host_end();
}

TEST(ports_stay_open_over_a_restart)
{
	host_begin();
	struct network *network = open_network();
	struct network_endpoint *stays, *goes, *new;
	int a, b, c;
	struct network_publish ports[] = {tcp_port("", 8080, 80), tcp_port("", 8081, 80)};
	CHECK_OK(network_connect(network, NETWORK_BRIDGE, ports, 1, &stays, &a, &err));
	CHECK_OK(network_connect(network, NETWORK_BRIDGE, ports + 1, 1, &goes, &b, &err));
	struct network_binding recorded = stays->bindings[0];
	int server = server_in(a, SOCK_STREAM, 80);
	network_close(network);
	close(b);
	check_connects(-1, "127.0.0.1", 8080, server, NULL);

	network = open_network();
	CHECK_OK(network_adopt(network, "172.17.0.2", &recorded, 1, &stays, &err));
	CHECK_STR(stays->gateway, "172.17.0.1");
	CHECK_ERR(network_adopt(network, "172.17.0.2", NULL, 0, &new, &err), EEXIST);
	CHECK_OK(loop_once(loop, 1000, &err)); /* settles */
	check_connects(-1, "127.0.0.1", 8080, server, NULL);
	CHECK_ERR(network_connect(network, NETWORK_BRIDGE, ports, 1, &new, &c, &err), EADDRINUSE);
	CHECK_OK(network_connect(network, NETWORK_BRIDGE, ports + 1, 1, &new, &c, &err)); /* the map had it: gone */
	CHECK_STR(new->address, "172.17.0.3");
	close(server), close(a), close(c);
	network_disconnect(network, stays);
	network_disconnect(network, new);
	network_close(network);
	host_end();
}

TEST(a_flushed_table_comes_back)
{
	host_begin();
	struct network *network = open_network();
	struct network_endpoint *first, *second;
	int a, b;
	struct network_publish ports[] = {tcp_port("", 8080, 80), tcp_port("", 8081, 80)};
	CHECK_OK(network_connect(network, NETWORK_BRIDGE, ports, 1, &first, &a, &err));
	auto_netlink netfilter = {.fd = -1};
	CHECK_OK(netlink_open(NETLINK_NETFILTER, &netfilter, &err));
	CHECK_OK(nft_delete(&netfilter, "tugtest", &err));
	CHECK_OK(network_connect(network, NETWORK_BRIDGE, ports + 1, 1, &second, &b, &err));
	int server = server_in(a, SOCK_STREAM, 80);
	check_connects(-1, "127.0.0.1", 8080, server, NULL);
	close(server), close(a), close(b);
	network_disconnect(network, first);
	network_disconnect(network, second);
	network_close(network);
	host_end();
}

/* A host on a network of its own, whose default route is this host. */
static int neighbour(void)
{
	uint8_t mac[MAC_SIZE] = {2, 0, 0, 0, 0, 1};
	struct link_info lan;
	struct subnet own = {0x0a090901, 24}; /* 10.9.9.1 */
	CHECK_OK(link_make_bridge(&route, "lan0", mac, 1500, &err));
	CHECK_OK(link_find(&route, "lan0", &lan, &err));
	CHECK_OK(link_add_address(&route, lan.index, &own, &err));
	struct sandbox_place place = {
	    .route = &route, .bridge = lan.index, .mtu = 1500, .address = {0x0a090902, 24}, .gateway = 0x0a090901};
	int namespace;
	CHECK_OK(sandbox_make(&home, &place, &namespace, &err));
	/* Without lo 127.0.0.1 is an address like any other there. */
	CHECK(setns(namespace, CLONE_NEWNET) == 0);
	auto_netlink inside = {.fd = -1};
	CHECK_OK(netlink_open(NETLINK_ROUTE, &inside, &err));
	CHECK(setns(home.namespace_fd, CLONE_NEWNET) == 0);
	auto_batch batch = NETLINK_BATCH_INIT;
	struct {
		uint8_t family, pad;
		uint16_t type;
		int32_t index;
		uint32_t flags, change;
	} down = {.index = 1, .change = IFF_UP};
	netlink_begin(&batch, "lo down", 16 /* RTM_NEWLINK */, NLM_F_ACK, &down, sizeof down);
	CHECK_OK(netlink_send(&inside, &batch, &err));
	return namespace;
}

/* N-01, N-02: what is published on loopback, and what is not published, cannot be reached by a neighbour. */
TEST(a_neighbour_reaches_only_what_is_published)
{
	host_begin();
	struct network *network = open_network();
	struct network_endpoint *endpoint;
	int container, lan = neighbour();
	struct network_publish ports[] = {udp_port("127.0.0.1", 7000, 5000), udp_port("", 7001, 5001)};
	CHECK_OK(network_connect(network, NETWORK_BRIDGE, ports, 2, &endpoint, &container, &err));
	int local = server_in(container, SOCK_DGRAM, 5000), open = server_in(container, SOCK_DGRAM, 5001),
	    private = server_in(container, SOCK_DGRAM, 5002), client = socket_in(lan, SOCK_DGRAM),
	    here = socket_in(-1, SOCK_DGRAM);
	send_to(client, "10.9.9.1", 7001, "hello");
	check_receives(open, "hello");
	send_to(client, "127.0.0.1", 7000, "forged");
	send_to(client, "10.9.9.1", 7000, "not here");
	send_to(client, endpoint->address, 5000, "direct");
	send_to(client, endpoint->address, 5002, "direct");
	send_to(client, "10.9.9.1", 7001, "again"); /* the same way, behind the others */
	check_receives(open, "again");
	check_nothing(local);
	check_nothing(private);
	send_to(here, "127.0.0.1", 7000, "home");
	check_receives(local, "home");
	close(local), close(open), close(private), close(client), close(here), close(lan), close(container);
	network_disconnect(network, endpoint);
	network_close(network);
	host_end();
}

/* A container must not reach services that the host has on loopback, although the bridge has route_localnet. */
TEST(a_container_does_not_reach_loopback_of_the_host)
{
	host_begin();
	struct network *network = open_network();
	struct network_endpoint *endpoint;
	int container;
	CHECK_OK(network_connect(network, NETWORK_BRIDGE, NULL, 0, &endpoint, &container, &err));
	int secret = server_in(-1, SOCK_DGRAM, 6000), open = server_in(-1, SOCK_DGRAM, 6001);
	CHECK(setns(container, CLONE_NEWNET) == 0);
	auto_netlink inside = {.fd = -1};
	CHECK_OK(netlink_open(NETLINK_ROUTE, &inside, &err));
	CHECK(setns(home.namespace_fd, CLONE_NEWNET) == 0);
	auto_batch batch = NETLINK_BATCH_INIT;
	struct {
		uint8_t family, pad;
		uint16_t type;
		int32_t index;
		uint32_t flags, change;
	} down = {.index = 1, .change = IFF_UP};
	netlink_begin(&batch, "lo down", 16 /* RTM_NEWLINK */, NLM_F_ACK, &down, sizeof down);
	CHECK_OK(netlink_send(&inside, &batch, &err));
	int client = socket_in(container, SOCK_DGRAM);
	send_to(client, "172.17.0.1", 6001, "hello");
	check_receives(open, "hello");
	send_to(client, "127.0.0.1", 6000, "forged");
	send_to(client, "172.17.0.1", 6001, "again");
	check_receives(open, "again");
	check_nothing(secret);
	close(secret), close(open), close(client), close(container);
	network_disconnect(network, endpoint);
	network_close(network);
	host_end();
}

TEST(purge_leaves_nothing)
{
	host_begin();
	bool before, now, mark = true;
	CHECK_OK(forwarding_get(&before, &err));
	struct network *network = open_network();
	struct network_endpoint *endpoint;
	int namespace;
	struct network_publish port = tcp_port("", 8080, 80);
	CHECK_OK(network_connect(network, NETWORK_BRIDGE, &port, 1, &endpoint, &namespace, &err));
	CHECK_OK(forwarding_get(&now, &err));
	CHECK(now);
	network_close(network);
	/* The mark survives a second engine, which finds forwarding switched on. */
	network = open_network();
	CHECK_OK(loop_once(loop, 1000, &err));
	network_close(network);
	CHECK_OK(network_purge(&config, &err));
	CHECK_OK(network_purge(&config, &err));
	CHECK_OK(forwarding_get(&now, &err));
	CHECK_INT(now, before);
	struct link_info link;
	CHECK_OK(link_find(&route, "tugtest0", &link, &err));
	CHECK_INT(link.index, 0);
	auto_netlink netfilter = {.fd = -1};
	CHECK_OK(netlink_open(NETLINK_NETFILTER, &netfilter, &err));
	CHECK_OK(nft_read_mark(&netfilter, "tugtest", &mark, &err));
	CHECK(!mark);
	close(namespace);
	host_end();
}

TEST(bad_configuration_is_named)
{
	host_begin();
	struct network *network;
	struct network_config bad = config;
	bad.bridge = "..";
	CHECK_ERR(network_open(loop, &bad, &network, &err), EINVAL);
	bad = config;
	bad.bip = "172.17.0.0/16";
	CHECK_ERR(network_open(loop, &bad, &network, &err), EINVAL);
	CHECK_CONTAINS(err.msg, "bip: ");
	bad = config;
	struct network_pool pool = {"10.0.0.0/16", 8};
	bad.pools = &pool;
	bad.pool_count = 1;
	CHECK_ERR(network_open(loop, &bad, &network, &err), EINVAL);
	CHECK_CONTAINS(err.msg, "default-address-pools: 10.0.0.0/16");
	host_end();
}
