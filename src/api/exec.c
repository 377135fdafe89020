#include "api/resource.h"

#include "api/call.h"
#include "api/connection.h"
#include "api/stream_type.h"

void handle_exec_create(struct exchange *x)
{
	struct exec_config config = {0};
	struct id_response created = {0};
	struct err err;
	if (!exchange_decode(x, &table_exec_config, false, &config))
		return;
	if (!config.cmd || !config.cmd[0]) {
		exchange_refuse(x, 400, "No exec command specified");
		return;
	}
	if (engine_exec_create(x->engine, &x->arena, x->name, &config, &created, &err) < 0)
		exchange_fail(x, &err);
	else
		exchange_struct(x, 201, &table_id_response, &created);
}

void handle_exec_start(struct exchange *x)
{
	struct exec_start start = {0};
	struct err err;
	bool raw;
	if (!exchange_decode(x, &table_exec_start, true, &start))
		return;
	if (engine_exec_check(x->engine, x->name, &start, &raw, &err) < 0) {
		exchange_fail(x, &err);
		return;
	}
	if (start.detach) {
		engine_exec_start(x->engine, x->name, &start, -1, NULL, 0, &exchange_call_new(x, 200)->call);
		return;
	}
	auto_buf preface = BUF_INIT(HTTP_HEAD_MAX + 2 * EXCHANGE_ROOM);
	int fd;
	if (exchange_hijack(x, stream_type(x, raw), &fd, &preface, &err) < 0)
		exchange_abort(x);
	else
		engine_exec_start(x->engine, x->name, &start, fd, buf_str(&preface), preface.len, NULL);
}

void handle_exec_inspect(struct exchange *x)
{
	struct exec_inspect inspect = {0};
	struct err err;
	if (engine_exec_inspect(x->engine, &x->arena, x->name, &inspect, &err) < 0)
		exchange_fail(x, &err);
	else
		exchange_struct(x, 200, &table_exec_inspect, &inspect);
}

void handle_exec_resize(struct exchange *x)
{
	struct err err;
	int64_t height, width;
	if (query_number(&x->query, "h", 0, UINT16_MAX, 0, &height, &err) < 0 ||
	    query_number(&x->query, "w", 0, UINT16_MAX, 0, &width, &err) < 0 ||
	    engine_exec_resize(x->engine, x->name, (uint16_t)height, (uint16_t)width, &err) < 0)
		exchange_fail(x, &err);
	else
		exchange_empty(x, 200);
}
