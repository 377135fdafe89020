#include "api/route.h"

#include "base/text.h"
#include "docker/system.h"
#include "unit/test.h"

static struct arena arena;
static const struct route *route;
static const char *name;

static enum route_result find(const char *method, const char *path)
{
	name = NULL;
	return route_find(&arena, method, path, DOCKER_API_MINOR_MAX, &route, &name);
}

TEST(names_may_hold_slashes)
{
	CHECK_INT(find("GET", "/images/registry:5000/a/b:c/json"), ROUTE_FOUND);
	CHECK_STR(route->pattern, "/images/{}/json");
	CHECK_STR(name, "registry:5000/a/b:c");
	CHECK_INT(find("DELETE", "/images/a/b"), ROUTE_FOUND);
	CHECK_STR(name, "a/b");
	arena_done(&arena);
}

TEST(fixed_paths_come_before_names)
{
	CHECK_INT(find("GET", "/images/json"), ROUTE_FOUND);
	CHECK_STR(route->pattern, "/images/json");
	CHECK_INT(find("POST", "/containers/create"), ROUTE_FOUND);
	CHECK_STR(route->pattern, "/containers/create");
	arena_done(&arena);
}

TEST(nothing_else_is_found)
{
	static const char *const paths[] = {
	    "",	     "/",	"/containers", "/containers/", "/containers//json", "/images//json",
	    "/_pin", "/_ping/", "/exec/json",  "//_ping",      "/containers/json/"};
	for (size_t i = 0; i < array_size(paths); i++) {
		if (find("GET", paths[i]) == ROUTE_FOUND)
			test_fail(__FILE__, __LINE__, "%s is found as %s", paths[i], route->pattern);
	}
	arena_done(&arena);
}

TEST(method_counts)
{
	CHECK_INT(find("GET", "/containers/x/start"), ROUTE_METHOD);
	CHECK_INT(find("get", "/_ping"), ROUTE_METHOD);
	CHECK_INT(find("HEAD", "/_ping"), ROUTE_FOUND);
	arena_done(&arena);
}

TEST(rows_are_whole)
{
	for (size_t i = 0; i < route_count; i++) {
		const struct route *row = &routes[i];
		bool absent = row->flags & ROUTE_ABSENT;
		CHECK(absent ? row->what && !row->handle : row->handle && !row->what);
		CHECK(row->since >= DOCKER_API_MINOR_MIN && row->since <= DOCKER_API_MINOR_MAX);
		/* A row must be reachable: what it stands for finds itself. */
		auto_buf path = BUF_INIT(256);
		const char *hole = strstr(row->pattern, "{}");
		buf_append(&path, row->pattern, hole ? (size_t)(hole - row->pattern) : strlen(row->pattern));
		if (hole)
			buf_printf(&path, "name%s", hole + 2);
		CHECK_INT(find(row->method, path.data), ROUTE_FOUND);
		CHECK_STR(route->pattern, row->pattern);
	}
	arena_done(&arena);
}
