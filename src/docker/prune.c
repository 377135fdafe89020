#include "docker/prune.h"

#include "base/text.h"
#include "base/time.h"
#include "docker/duration.h"

JSON_TYPE(container_prune_answer, F_STRV(struct container_prune_answer, deleted, "ContainersDeleted", JSON_NULLABLE),
	  F_I64(struct container_prune_answer, reclaimed, "SpaceReclaimed", 0));

int prune_until(const struct filters *filters, int64_t now_ns, int64_t *out_wall_ns, struct err *err)
{
	enum { SECONDS_MAX = 2000000000 };
	char *const *values = filters_values(filters, "until");
	int64_t number;
	struct err ignored;
	if (!values) {
		*out_wall_ns = INT64_MAX;
		return 0;
	}
	if (values[1])
		return err_set(err, EINVAL, "more than one until filter specified");
	if (number_parse(values[0], 0, SECONDS_MAX, "until", &number, &ignored) == 0) {
		*out_wall_ns = number * 1000000000;
		return 0;
	}
	if (time_parse_rfc3339(values[0], out_wall_ns) == 0)
		return 0;
	if (duration_parse(values[0], &number, &ignored) < 0)
		return err_set(err, EINVAL, "invalid filter 'until=[%s]'", values[0]);
	*out_wall_ns = now_ns - number;
	return 0;
}

bool prune_fits_labels(const struct filters *filters, const struct json_map *labels)
{
	if (!filters_fit_labels(filters, "label", labels))
		return false;
	for (char *const *unwanted = filters_values(filters, "label!"); unwanted && *unwanted; unwanted++) {
		char *one[] = {*unwanted, NULL};
		struct filter filter = {"label!", one};
		if (filters_fit_labels(&(struct filters){&filter, 1}, "label!", labels))
			return false;
	}
	return true;
}
