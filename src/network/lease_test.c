#include "network/lease.h"
#include "unit/test.h"

static struct err err;
static struct lease_set set;

static void begin(const char *subnet, const char *range)
{
	struct subnet whole, part = {0};
	CHECK_OK(subnet_parse(subnet, &whole, &err));
	if (range)
		CHECK_OK(subnet_parse(range, &part, &err));
	lease_set_init(&set, &whole, &part);
}

static void check_next(const char *expected)
{
	struct address address;
	char text[ADDRESS_TEXT];
	CHECK_OK(lease_take_lowest(&set, &address, &err));
	address_text(&address, text);
	CHECK_STR(text, expected);
}

static struct address address(const char *text)
{
	struct address result;
	CHECK_OK(address_parse(text, &result, &err));
	return result;
}

TEST(lowest_first_and_given_back)
{
	begin("10.0.0.0/29", NULL);
	struct address gateway = address("10.0.0.1"), third = address("10.0.0.3"), other = address("10.0.1.3"), more;
	CHECK_OK(lease_take(&set, &gateway, &err));
	CHECK_OK(lease_take(&set, &third, &err));
	CHECK_ERR(lease_take(&set, &third, &err), EEXIST);
	CHECK_ERR(lease_take(&set, &other, &err), EINVAL);
	check_next("10.0.0.2");
	check_next("10.0.0.4");
	check_next("10.0.0.5");
	check_next("10.0.0.6");
	CHECK_ERR(lease_take_lowest(&set, &more, &err), ENOSPC);
	lease_give(&set, &third);
	check_next("10.0.0.3");
	lease_set_done(&set);
}

TEST(a_range_is_kept_to)
{
	begin("10.0.0.0/16", "10.0.5.0/30");
	check_next("10.0.5.0");
	check_next("10.0.5.1");
	check_next("10.0.5.2");
	check_next("10.0.5.3");
	struct address more, outside = address("10.0.9.9");
	CHECK_ERR(lease_take_lowest(&set, &more, &err), ENOSPC);
	CHECK_OK(lease_take(&set, &outside, &err));
	lease_set_done(&set);
}

TEST(six_and_tiny_networks)
{
	begin("fd00::/64", NULL);
	check_next("fd00::1");
	check_next("fd00::2");
	lease_set_done(&set);
	begin("10.0.0.8/31", NULL);
	check_next("10.0.0.8");
	check_next("10.0.0.9");
	lease_set_done(&set);
	begin("10.0.0.8/32", NULL);
	check_next("10.0.0.8");
	lease_set_done(&set);
}
