#include "engine/prune_filter.h"

#include "base/text.h"
#include "base/time.h"
#include "docker/duration.h"

static int until_read(const char *text, int64_t *out_ns, struct err *err)
{
	struct err ignored;
	int64_t value;
	enum { YEAR_9999 = 253402300799 / 1000 };
	if (number_parse(text, 0, (int64_t)YEAR_9999 * 1000, "until", &value, &ignored) == 0)
		*out_ns = value * 1000000000;
	else if (duration_parse(text, &value, &ignored) == 0)
		*out_ns = time_wall_ns() - value;
	else if (time_parse_rfc3339(text, out_ns) < 0)
		return err_set(err, EINVAL, "invalid filter 'until=%s': not a time and not a duration", text);
	return 0;
}

int prune_filters(const struct filters *filters, int64_t *out_until_ns, struct err *err)
{
	static const char *const known[] = {"label", "label!", "until"};
	for (size_t i = 0; i < filters->count; i++) {
		bool found = false;
		for (size_t k = 0; k < array_size(known) && !found; k++)
			found = text_equal(filters->items[i].key, known[k]);
		if (!found)
			return err_set(err, EINVAL, "invalid filter '%s'", filters->items[i].key);
	}
	char *const *until = filters_values(filters, "until");
	if (until && until[1])
		return err_set(err, EINVAL, "more than one until filter specified");
	return until ? until_read(until[0], out_until_ns, err) : 0;
}

/* label!=X takes away what fits X. */
bool prune_fits(const struct filters *filters, const struct json_map *labels)
{
	if (!filters_fit_labels(filters, "label", labels))
		return false;
	char *const *unwanted = filters_values(filters, "label!");
	for (; unwanted && *unwanted; unwanted++) {
		char *one[] = {*unwanted, NULL};
		struct filter filter = {"label!", one};
		if (filters_fit_labels(&(struct filters){&filter, 1}, "label!", labels))
			return false;
	}
	return true;
}
