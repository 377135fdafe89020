#include "api/resource.h"

#include "api/download.h"
#include "engine/save.h"

static void images_save(struct exchange *x, char *const *names)
{
	struct download *download = download_new(x, "application/x-tar");
	struct err err;
	const struct engine_save save = {names, query_list(&x->arena, &x->query, "platform", false)};
	if (engine_save(x->engine, &save, &download->sink, &download->job, &err) < 0)
		exchange_fail(x, &err);
}

void handle_image_save(struct exchange *x)
{
	char *names[] = {(char *)x->name, NULL};
	images_save(x, names);
}

void handle_image_save_all(struct exchange *x)
{
	images_save(x, query_list(&x->arena, &x->query, "names", true));
}
