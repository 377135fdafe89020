#include "base/map.h"
#include "unit/test.h"

static int values[5000];

static char *key_of(int i)
{
	return x_printf("key-%d", i);
}

TEST(map_keeps_what_was_put)
{
	struct map map = {0};
	CHECK(!map_get(&map, "x") && !map_remove(&map, "x"));
	for (int i = 0; i < 5000; i++) {
		auto_free char *key = key_of(i);
		CHECK(map_put(&map, key, &values[i]) == NULL);
	}
	CHECK_INT(map.count, 5000);
	for (int i = 0; i < 5000; i += 2) {
		auto_free char *key = key_of(i);
		CHECK(map_remove(&map, key) == &values[i]);
	}
	for (int i = 0; i < 5000; i++) {
		auto_free char *key = key_of(i);
		CHECK(map_get(&map, key) == (i % 2 ? &values[i] : NULL));
	}
	CHECK_INT(map.count, 2500);
	map_done(&map);
	CHECK_INT(map.count, 0);
}

TEST(map_put_replaces)
{
	struct map map = {0};
	CHECK(map_put(&map, "a", &values[0]) == NULL);
	CHECK(map_put(&map, "a", &values[1]) == &values[0]);
	CHECK(map_get(&map, "a") == &values[1]);
	CHECK_INT(map.count, 1);
	map_done(&map);
}

TEST(map_next_visits_each_once)
{
	struct map map = {0};
	bool seen[100] = {0};
	for (int i = 0; i < 100; i++) {
		auto_free char *key = key_of(i);
		map_put(&map, key, &values[i]);
	}
	size_t position = 0, count = 0;
	const char *key;
	void *value;
	while (map_next(&map, &position, &key, &value)) {
		size_t index = (size_t)((int *)value - values);
		auto_free char *expected = key_of((int)index);
		CHECK_STR(key, expected);
		CHECK(!seen[index]);
		seen[index] = true;
		count++;
	}
	CHECK_INT(count, 100);
	map_done(&map);
}
