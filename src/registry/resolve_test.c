#include "registry/resolve.h"

#include "unit/test.h"

TEST(loopback_by_name_and_number)
{
	static const char *const yes[] = {"localhost", "LOCALHOST", "a.localhost", "127.0.0.1", "127.9.9.9", "::1"};
	static const char *const no[] = {"localhost.example", "128.0.0.1", "10.0.0.1", "::2", "registry", "0.0.0.0"};
	for (size_t i = 0; i < array_size(yes); i++)
		CHECK(resolver_is_loopback(yes[i]));
	for (size_t i = 0; i < array_size(no); i++)
		CHECK(!resolver_is_loopback(no[i]));
}

TEST(no_proxy_by_gos_rules)
{
	CHECK(no_proxy_fits("*", "a.b", "443"));
	CHECK(no_proxy_fits("x, example.com", "example.com", "443"));
	CHECK(no_proxy_fits("example.com", "r.example.com", "443"));
	CHECK(!no_proxy_fits(".example.com", "example.com", "443"));
	CHECK(no_proxy_fits(".example.com", "r.example.com", "443"));
	CHECK(!no_proxy_fits("example.com", "badexample.com", "443"));
	CHECK(no_proxy_fits("example.com:5000", "example.com", "5000"));
	CHECK(!no_proxy_fits("example.com:5000", "example.com", "443"));
	CHECK(no_proxy_fits("10.0.0.0/8", "10.2.3.4", "443"));
	CHECK(!no_proxy_fits("10.0.0.0/8", "11.2.3.4", "443"));
	CHECK(no_proxy_fits("fd00::/8", "fd00::1", "443"));
	CHECK(!no_proxy_fits("", "a", "1"));
	CHECK(!no_proxy_fits(NULL, "a", "1"));
}

TEST(resolver_refuses_what_leads_to_this_host)
{
	struct err err;
	struct resolver resolver = {0};
	CHECK_OK(resolver_look(&resolver, "127.0.0.1", "5000", true, &err));
	CHECK_STR(resolver.first->pin, "127.0.0.1:5000:127.0.0.1");
	/* Once allowed does not mean allowed for everybody. */
	CHECK_ERR(resolver_look(&resolver, "127.0.0.1", "5000", false, &err), EACCES);
	CHECK_ERR(resolver_look(&resolver, "169.254.169.254", "80", false, &err), EACCES);
	CHECK_ERR(resolver_look(&resolver, "::1", "80", false, &err), EACCES);
	CHECK_OK(resolver_look(&resolver, "192.0.2.1", "80", false, &err));
	resolver_done(&resolver);
}
