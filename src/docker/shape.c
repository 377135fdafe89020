#include "docker/shape.h"

const struct json_table table_set_member = {"set_member", sizeof(struct set_member), NULL, 0};

JSON_TYPE(number_item, F_I64(struct number_item, value, "", 0));
JSON_TYPE(string_row, F_STRV(struct string_row, values, "", 0));
JSON_TYPE(id_response, F_STR(struct id_response, id, "Id", 0));
