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
	char text[SUBNET_TEXT];
	for (; *routes; routes++) {
		struct subnet route = subnet(*routes);
		subnet_list_add(&taken, &route);
	}
	CHECK_OK(subnet_choose(subnet_docker_pools, subnet_docker_pool_count, 32, &taken, &chosen, &err));
	subnet_text(&chosen, text);
	CHECK_STR(text, expected);
	subnet_list_done(&taken);
}

TEST(networks_are_read_strictly)
{
	static const char *const bad[] = {"",
					  "172.17.0.1",
					  "172.17.0.1/",
					  "172.17.0.1/33",
					  "172.17.0/16",
					  "172.17.0.1/+8",
					  "172.17.0.1/8/8",
					  "::1/129",
					  " 10.0.0.0/8",
					  "10.0.0.256/8",
					  "fe80::1%eth0/64"};
	struct subnet result;
	char text[SUBNET_TEXT];
	for (size_t i = 0; i < array_size(bad); i++)
		CHECK_ERR(subnet_parse(bad[i], &result, &err), EINVAL);
	result = subnet("172.17.0.1/16");
	CHECK(result.address.number == 0xac110001);
	CHECK_INT(result.prefix, 16);
	CHECK(subnet_first(&result).number == 0xac110000);
	CHECK(subnet_last(&result).number == 0xac11ffff);
	CHECK(subnet_mask(&result).number == 0xffff0000);
	result = subnet("fd00:1::1/64");
	result.address = subnet_last(&result);
	subnet_text(&result, text);
	CHECK_STR(text, "fd00:1::ffff:ffff:ffff:ffff/64");
	result = subnet("::/0");
	CHECK(subnet_last(&result).number == ~(unsigned __int128)0);
}

TEST(overlap_needs_one_family)
{
	struct subnet all = subnet("0.0.0.0/0"), six = subnet("::/0"), small = subnet("10.1.0.0/24");
	struct address zero = {0, 32};
	CHECK(subnet_overlaps(&all, &small) && subnet_overlaps(&small, &all));
	CHECK(!subnet_overlaps(&six, &small) && !subnet_contains(&six, &zero));
}

TEST(pools_avoid_the_routes)
{
	check_choice((const char *const[]){NULL}, "172.17.0.0/16");
	check_choice((const char *const[]){"10.0.0.0/8", NULL}, "172.17.0.0/16");
	check_choice((const char *const[]){"172.17.9.1/32", NULL}, "172.18.0.0/16");
	check_choice((const char *const[]){"172.16.0.0/13", NULL}, "172.24.0.0/16");
	check_choice((const char *const[]){"172.16.0.0/12", NULL}, "192.168.0.0/20");
	check_choice((const char *const[]){"172.16.0.0/12", "192.168.1.0/24", NULL}, "192.168.16.0/20");
	struct subnet all = subnet("0.0.0.0/1"), half = subnet("128.0.0.0/1"), chosen;
	struct subnet_list taken = {0};
	subnet_list_add(&taken, &all);
	subnet_list_add(&taken, &half);
	CHECK_ERR(subnet_choose(subnet_docker_pools, subnet_docker_pool_count, 32, &taken, &chosen, &err), ENOSPC);
	CHECK_ERR(subnet_choose(subnet_docker_pools, subnet_docker_pool_count, 128, &taken, &chosen, &err), ENOSPC);
	subnet_list_done(&taken);
}

TEST(a_pool_at_the_end_of_all_addresses)
{
	struct subnet_pool pool = {subnet("255.255.255.0/24"), 25};
	struct subnet_list taken = {0};
	struct subnet chosen, first = subnet("255.255.255.0/25");
	char text[SUBNET_TEXT];
	subnet_list_add(&taken, &first);
	CHECK_OK(subnet_choose(&pool, 1, 32, &taken, &chosen, &err));
	subnet_text(&chosen, text);
	CHECK_STR(text, "255.255.255.128/25");
	subnet_list_add(&taken, &chosen);
	CHECK_ERR(subnet_choose(&pool, 1, 32, &taken, &chosen, &err), ENOSPC);
	subnet_list_done(&taken);
}

TEST(hundreds_of_networks_of_six)
{
	struct subnet_pool pool = {subnet("fd12:3456:789a::/48"), 64};
	struct subnet_list taken = {0};
	struct subnet chosen;
	char text[SUBNET_TEXT];
	for (int i = 0; i < 500; i++) {
		CHECK_OK(subnet_choose(&pool, 1, 128, &taken, &chosen, &err));
		subnet_list_add(&taken, &chosen);
	}
	subnet_text(&chosen, text);
	CHECK_STR(text, "fd12:3456:789a:1f3::/64");
	subnet_list_done(&taken);
}
