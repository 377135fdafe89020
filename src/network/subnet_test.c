#include "network/subnet.h"
#include "unit/test.h"

static struct err err;

static struct subnet subnet(const char *text)
{
	struct subnet result;
	CHECK_OK(subnet_parse(text, &result, &err));
	return result;
}

static void check_choice(const char *const *routes, const char *expected)
{
	struct subnet_list taken = {0};
	struct subnet chosen;
	char text[16];
	for (; *routes; routes++) {
		struct subnet route = subnet(*routes);
		subnet_list_add(&taken, &route);
	}
	CHECK_OK(subnet_choose(subnet_docker_pools, subnet_docker_pool_count, &taken, &chosen, &err));
	address_text(chosen.address, text);
	CHECK_STR(text, expected);
	subnet_list_done(&taken);
}

TEST(networks_are_read_strictly)
{
	static const char *const bad[] = {
	    "",	      "172.17.0.1",  "172.17.0.1/", "172.17.0.1/33", "172.17.0/16", "172.17.0.1/+8", "172.17.0.1/8/8",
	    "::1/64", " 10.0.0.0/8", "10.0.0.256/8"};
	struct subnet result;
	for (size_t i = 0; i < array_size(bad); i++)
		CHECK(subnet_parse(bad[i], &result, &err) < 0);
	result = subnet("172.17.0.1/16");
	CHECK_INT(result.address, 0xac110001);
	CHECK_INT(result.prefix, 16);
	CHECK_INT(subnet_first(&result), 0xac110000);
	CHECK_INT(subnet_last(&result), 0xac11ffff);
}

TEST(pools_avoid_the_routes)
{
	check_choice((const char *const[]){NULL}, "172.17.0.0");
	check_choice((const char *const[]){"10.0.0.0/8", NULL}, "172.17.0.0");
	check_choice((const char *const[]){"172.17.9.1/32", NULL}, "172.18.0.0");
	check_choice((const char *const[]){"172.16.0.0/13", NULL}, "172.24.0.0");
	check_choice((const char *const[]){"172.16.0.0/12", NULL}, "192.168.0.0");
	check_choice((const char *const[]){"172.16.0.0/12", "192.168.1.0/24", NULL}, "192.168.16.0");
	struct subnet all = {0, 1}, half = {0x80000000, 1}, chosen;
	struct subnet_list taken = {0};
	subnet_list_add(&taken, &all);
	subnet_list_add(&taken, &half);
	CHECK_ERR(subnet_choose(subnet_docker_pools, subnet_docker_pool_count, &taken, &chosen, &err), ENOSPC);
	subnet_list_done(&taken);
}

TEST(a_pool_at_the_end_of_all_addresses)
{
	struct subnet_pool pool = {{0xffffff00, 24}, 30};
	struct subnet lower = {0xffffff00, 25}, upper = {0xffffff80, 25}, chosen;
	struct subnet_list taken = {0};
	subnet_list_add(&taken, &lower);
	CHECK_OK(subnet_choose(&pool, 1, &taken, &chosen, &err));
	CHECK_INT(chosen.address, 0xffffff80);
	subnet_list_add(&taken, &upper);
	CHECK_ERR(subnet_choose(&pool, 1, &taken, &chosen, &err), ENOSPC);
	subnet_list_done(&taken);
}

TEST(the_lowest_free_address_is_taken)
{
	struct subnet network = subnet("10.0.0.1/29");
	struct address_set set;
	uint32_t address;
	address_set_init(&set, &network, network.address);
	for (uint32_t i = 2; i <= 6; i++) {
		CHECK_OK(address_take_lowest(&set, &address, &err));
		CHECK_INT(address, 0x0a000000 + i);
	}
	CHECK_ERR(address_take_lowest(&set, &address, &err), ENOSPC);
	CHECK_CONTAINS(err.msg, "no available IPv4 addresses");
	address_give(&set, 0x0a000004);
	address_give(&set, 0x0a000003);
	CHECK_OK(address_take(&set, 0x0a000004, &err));
	CHECK_ERR(address_take(&set, 0x0a000004, &err), EEXIST);
	CHECK_ERR(address_take(&set, 0x0a000001, &err), EEXIST);
	CHECK_ERR(address_take(&set, 0x0a000009, &err), EINVAL);
	CHECK_OK(address_take_lowest(&set, &address, &err));
	CHECK_INT(address, 0x0a000003);
	address_set_done(&set);
}
