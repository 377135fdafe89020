#include "base/time.h"
#include "unit/test.h"

TEST(time_round_trip)
{
	char text[TIME_TEXT];
	int64_t value;
	time_rfc3339(1763925156123456789, text);
	CHECK_STR(text, "2025-11-23T19:12:36.123456789Z");
	CHECK_INT(time_parse_rfc3339(text, &value), 0);
	CHECK_INT(value, 1763925156123456789);
	time_rfc3339_short(1763925156120000000, text);
	CHECK_STR(text, "2025-11-23T19:12:36.12Z");
	time_rfc3339_short(1763925156000000000, text);
	CHECK_STR(text, "2025-11-23T19:12:36Z");
}

TEST(time_parse_is_strict)
{
	int64_t value = 0;
	CHECK_INT(time_parse_rfc3339("2025-11-23T20:12:36+01:00", &value), 0);
	CHECK_INT(value, 1763925156000000000);
	CHECK_INT(time_parse_rfc3339("2025-11-23", &value), -EINVAL);
	CHECK_INT(time_parse_rfc3339("2025-13-23T20:12:36Z", &value), -EINVAL);
	CHECK_INT(time_parse_rfc3339("2025-11-23T20:12:36.Z", &value), -EINVAL);
	CHECK_INT(time_parse_rfc3339("2025-11-23T20:12:36Zx", &value), -EINVAL);
}
