#include "api/browser.h"

#include "unit/test.h"

#include <string.h>

static int check(const char *fields)
{
	static char text[1024];
	struct http_head head;
	struct err err;
	snprintf(text, sizeof text, "POST /containers/create HTTP/1.1\r\n%s\r\n", fields);
	CHECK_OK(http_head_parse(text, strlen(text), &head, &err));
	return browser_check(&head, "Engine.Example", &err);
}

TEST(programs_may_ask)
{
	CHECK_INT(check("Host: 127.0.0.1:2375\r\nContent-Type: application/json\r\n"), 0);
	CHECK_INT(check("Host: [::1]:2375\r\n"), 0);
	CHECK_INT(check("Host: [fe80::1]\r\n"), 0);
	CHECK_INT(check("Host: localhost\r\n"), 0);
	CHECK_INT(check("Host: docker:2375\r\n"), 0);
	CHECK_INT(check("Host: api.moby.localhost\r\n"), 0);
	CHECK_INT(check("Host: engine.example:2375\r\nSec-Fetch-Site: none\r\n"), 0);
	CHECK_INT(check("Host: 10.0.0.1\r\nContent-Type: application/x-tar\r\n"), 0);
}

TEST(web_pages_may_not)
{
	CHECK_INT(check("Host: 127.0.0.1:2375\r\nOrigin: http://evil.example\r\n"), -EPERM);
	CHECK_INT(check("Host: 127.0.0.1:2375\r\nOrigin: null\r\n"), -EPERM);
	CHECK_INT(check("Host: 127.0.0.1:2375\r\nSec-Fetch-Site: cross-site\r\n"), -EPERM);
	CHECK_INT(check("Host: 127.0.0.1:2375\r\nContent-Type: text/plain;charset=UTF-8\r\n"), -EPERM);
	CHECK_INT(check("Host: evil.example:2375\r\n"), -EPERM);
	CHECK_INT(check("Host: engine.example.evil.example\r\n"), -EPERM);
	CHECK_INT(check("Host: 127.0.0.1.evil.example\r\n"), -EPERM);
	CHECK_INT(check("Host: [evil.example]\r\n"), -EPERM);
}
