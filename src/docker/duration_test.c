#include "docker/duration.h"
#include "unit/test.h"

TEST(duration_reads_go)
{
	struct err err;
	int64_t ns;
	CHECK_OK(duration_parse("1h2m3.5s", &ns, &err));
	CHECK_INT(ns, 3723500000000LL);
	CHECK_OK(duration_parse("-300ms", &ns, &err));
	CHECK_INT(ns, -300000000);
	CHECK_OK(duration_parse("1.5h", &ns, &err));
	CHECK_INT(ns, 5400000000000LL);
	CHECK_OK(duration_parse("0", &ns, &err));
	CHECK_INT(ns, 0);
	CHECK_OK(duration_parse("5\u00b5s", &ns, &err));
	CHECK_INT(ns, 5000);
}

TEST(duration_refuses)
{
	struct err err;
	int64_t ns = 5;
	static const char *const texts[] = {"",		  "5", "s", "1x", ".s", "1h ", "--1s", "99999999999999999999h",
					    "9999999999h"};
	for (size_t i = 0; i < array_size(texts); i++)
		CHECK_ERR(duration_parse(texts[i], &ns, &err), EINVAL);
	CHECK_STR(err.msg, "invalid duration \"9999999999h\"");
	CHECK_INT(ns, 5);
}

TEST(duration_for_people)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} rows[] = {{0, "Less than a second"}, {1, "1 second"},		 {59, "59 seconds"},	{60, "About a minute"},
		    {119, "About a minute"},   {120, "2 minutes"},	 {3599, "59 minutes"},	{3600, "About an hour"},
		    {5401, "2 hours"},	       {47 * 3600, "47 hours"},	 {48 * 3600, "2 days"}, {336 * 3600, "2 weeks"},
		    {1440 * 3600, "2 months"}, {17520 * 3600, "2 years"}};
	char text[DURATION_TEXT];
	for (size_t i = 0; i < array_size(rows); i++) {
		duration_human(rows[i].seconds * 1000000000, text);
		CHECK_STR(text, rows[i].text);
	}
}

TEST(durations_as_go_prints_them)
{
	static const struct {
		int64_t ns;
		const char *text;
	} rows[] = {{0, "0s"},
		    {1, "1ns"},
		    {1500, "1.5µs"},
		    {100000000, "100ms"},
		    {1000000000, "1s"},
		    {1500000000, "1.5s"},
		    {90000000000, "1m30s"},
		    {3600000000000, "1h0m0s"},
		    {-1500000000, "-1.5s"}};
	for (size_t i = 0; i < array_size(rows); i++) {
		char text[DURATION_TEXT];
		duration_go(rows[i].ns, text);
		CHECK_STR(text, rows[i].text);
	}
}
