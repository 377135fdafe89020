#include "docker/cdi.h"
#include "unit/test.h"

static struct err err;
static struct arena arena;

TEST(cdi_names)
{
	char *kind, *name;
	CHECK(cdi_name_parse(&arena, "vendor.com/class=name:0", &kind, &name));
	CHECK_STR(kind, "vendor.com/class");
	CHECK_STR(name, "name:0");
	static const char *const none[] = {
	    "/dev/null", "/dev/a:/dev/b", "vendor/class", "v/c=", "/c=x", "v/=x", "a b/c=d"};
	for (size_t i = 0; i < array_size(none); i++)
		CHECK(!cdi_name_parse(&arena, none[i], &kind, &name));
	arena_done(&arena);
}

TEST(gpus_forms)
{
	struct device_request request;
	CHECK_OK(gpus_parse(&arena, "all", &request, &err));
	CHECK_INT(request.count, -1);
	CHECK_STR(request.capabilities.items[0].values[0], "gpu");
	CHECK_OK(gpus_parse(&arena, "2", &request, &err));
	CHECK_INT(request.count, 2);
	CHECK_OK(gpus_parse(&arena, "\"device=0,1\",capabilities=utility", &request, &err));
	CHECK_INT(request.count, 0);
	CHECK_STR(request.device_ids[1], "1");
	CHECK_STR(request.capabilities.items[0].values[0], "utility");
	CHECK_ERR(gpus_parse(&arena, "what=1", &request, &err), EINVAL);
	CHECK_ERR(gpus_parse(&arena, "few", &request, &err), EINVAL);
	CHECK_ERR(gpus_parse(&arena, "", &request, &err), EINVAL);
	arena_done(&arena);
}
