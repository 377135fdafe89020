/*
 * Shapes that several of the Engine API's documents share.
 *
 * Plain structs with JSON tables; everything decoded lives in the arena that was given to json_decode. No I/O.
 */
#pragma once

#include "base/json.h"

/* One member of an object that is used as a set: {"80/tcp": {}, "53/udp": {}}. */
struct set_member {
	char *key;
};
JSON_DECLARE(set_member);

/* One item of a list of numbers: [40, 120]. */
struct number_item {
	int64_t value;
};
JSON_DECLARE(number_item);

/* One item of a list of lists of strings: [["a", "b"], ["c"]]. */
struct string_row {
	char **values;
};
JSON_DECLARE(string_row);

/* The answer to commit and exec create. */
struct id_response {
	char *id;
};
JSON_DECLARE(id_response);
