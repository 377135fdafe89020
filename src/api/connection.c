#include "api/connection.h"

#include "api/browser.h"
#include "api/route.h"
#include "base/log.h"

#include <string.h>
#include <sys/socket.h>

#define SECONDS 1000000000LL
enum { READ_HEAD = 4 << 10, READ_BODY = 64 << 10 };
enum { HEAD_SECONDS = 30, BODY_SECONDS = 120, SEND_SECONDS = 60, LINGER_SECONDS = 2 };

static void connection_advance(struct connection *c);

/* --- life --- */

static void exchange_clear(struct connection *c)
{
	struct exchange *x = &c->exchange;
	arena_done(&x->arena);
	buf_done(&x->body);
	buf_reset(&c->fields);
	*x = (struct exchange){.engine = c->api->engine, .loop = c->api->loop, .body = BUF_INIT(EXCHANGE_BODY_MAX)};
	c->active = c->handled = c->answered = c->streaming = c->chunked = c->body_rests = c->filled = false;
}

void connection_close(struct connection *c)
{
	if (c->active && c->handled && c->exchange.gone) {
		c->active = false;
		c->exchange.gone(&c->exchange);
	}
	exchange_clear(c);
	loop_io_remove(&c->io);
	loop_timer_stop(&c->timer);
	if (c->scheduled)
		loop_task_remove(&c->task);
	if (c->io.fd >= 0)
		close(c->io.fd);
	buf_done(&c->in);
	buf_done(&c->out);
	buf_done(&c->fields);
	*(c->previous ? &c->previous->next : &c->api->first) = c->next;
	if (c->next)
		c->next->previous = c->previous;
	c->api->count--;
	free(c);
}

static void task_run(struct loop_task *task)
{
	struct connection *c = container_of(task, struct connection, task);
	c->scheduled = false;
	connection_advance(c);
}

void connection_schedule(struct connection *c)
{
	if (c->scheduled)
		return;
	c->scheduled = true;
	loop_task_add(c->api->loop, &c->task, task_run);
}

static void timer_fired(struct loop_timer *timer)
{
	connection_close(container_of(timer, struct connection, timer));
}

/* --- input --- */

/* Reads once. False when the connection has ended meanwhile. */
static bool input_read(struct connection *c)
{
	size_t want = c->state == CONNECTION_HEAD ? READ_HEAD : READ_BODY;
	char *room = buf_room(&c->in, want);
	if (!room)
		return true; /* what is there must be dealt with first */
	ssize_t size = recv(c->io.fd, room, want, 0);
	if (size > 0)
		buf_grown(&c->in, (size_t)size);
	else if (size == 0)
		c->peer_ended = true;
	else if (errno != EAGAIN && errno != EINTR)
		return false;
	return true;
}

/* A request that is not HTTP, too large, or a web page's: answer and end. */
static void request_refuse(struct connection *c, const struct err *err)
{
	c->last = true;
	c->active = true;
	c->head.method = "GET";
	c->exchange.head = &c->head;
	exchange_refuse(&c->exchange,
			err->code == EFBIG	  ? 431
			: err->code == EOPNOTSUPP ? 501
			: err->code == EPERM	  ? 403
						  : 400,
			"%s", err->msg);
}

static void handler_call(struct connection *c)
{
	c->handled = true;
	c->exchange.route->handle(&c->exchange);
}

/* Looks for a whole head in the input. True when something happened. */
static bool head_step(struct connection *c)
{
	struct err err;
	size_t size = c->in.len > 0 ? http_head_size(c->in.data, c->in.len, c->searched) : 0;
	c->searched = c->in.len;
	if (size == 0 && c->in.len <= HTTP_HEAD_MAX)
		return false;
	exchange_clear(c);
	c->head = (struct http_head){0};
	c->searched = 0;
	if (size == 0 || size > HTTP_HEAD_MAX) {
		err_set(&err, EFBIG, "the head of the request is larger than %d bytes", HTTP_HEAD_MAX);
		request_refuse(c, &err);
		return true;
	}
	struct exchange *x = &c->exchange;
	char *text = arena_alloc(&x->arena, size);
	memcpy(text, c->in.data, size);
	buf_consume(&c->in, size);
	if (http_head_parse(text, size, &c->head, &err) < 0 ||
	    (c->tcp && browser_check(&c->head, c->api->host, &err) < 0)) {
		request_refuse(c, &err);
		return true;
	}
	c->active = true;
	c->last = !c->head.keep_alive;
	x->head = &c->head;
	http_body_start(&c->body, c->head.chunked, c->head.length);
	c->state = c->body.state == HTTP_BODY_DONE ? CONNECTION_ANSWER : CONNECTION_BODY;
	if (!exchange_begin(x))
		return true;
	if (x->route->flags & ROUTE_BODY_STREAM)
		c->state = CONNECTION_BODY; /* also for an empty one: its end is told to the handler */
	if (c->state == CONNECTION_BODY && x->route->flags & ROUTE_BODY && c->head.length > EXCHANGE_BODY_MAX) {
		exchange_refuse(x, 413, "the body of the request is larger than %d bytes", EXCHANGE_BODY_MAX);
		return true;
	}
	if (c->body.state != HTTP_BODY_DONE && c->head.expect_continue)
		buf_text(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
	if (c->state == CONNECTION_ANSWER || x->route->flags & ROUTE_BODY_STREAM)
		handler_call(c);
	return true;
}

/* One piece of the body goes where it belongs: to the handler, into memory, or nowhere. */
static size_t body_take(struct connection *c, const char *piece, size_t size)
{
	struct exchange *x = &c->exchange;
	if (c->answered)
		return size;
	if (x->route->flags & ROUTE_BODY_STREAM)
		return x->body_data ? x->body_data(x, piece, size) : size;
	buf_append(&x->body, piece, size);
	if (x->body.overflow)
		exchange_refuse(x, 413, "the body of the request is larger than %d bytes", EXCHANGE_BODY_MAX);
	return size;
}

/* Deals with body bytes in the input. True when something happened. */
static bool body_step(struct connection *c)
{
	struct exchange *x = &c->exchange;
	if (c->body_rests || (c->in.len == 0 && c->body.state != HTTP_BODY_DONE))
		return false;
	if (c->body.state != HTTP_BODY_DONE) {
		const char *piece;
		size_t used, size;
		struct err err;
		if (http_body_read(&c->body, c->in.data, c->in.len, &used, &piece, &size, &err) < 0) {
			c->last = true;
			if (!c->answered)
				exchange_fail(x, &err);
			c->state = CONNECTION_ANSWER;
			return true;
		}
		size_t taken = size > 0 ? body_take(c, piece, size) : 0;
		if (taken < size) {
			/* The rest of the piece stays in the input, as part of what is left of the body. */
			http_body_return(&c->body, size - taken);
			used -= size - taken;
			c->body_rests = true;
		}
		buf_consume(&c->in, used);
	}
	if (c->body.state == HTTP_BODY_DONE) {
		c->state = CONNECTION_ANSWER;
		if (c->answered)
			return true;
		if (!(x->route->flags & ROUTE_BODY_STREAM))
			handler_call(c);
		else if (x->body_end)
			x->body_end(x);
	}
	return true;
}

/* --- output --- */

/* Sends what is there. False when the connection has failed. */
static bool output_send(struct connection *c)
{
	while (c->sent < c->out.len) {
		ssize_t size = send(c->io.fd, c->out.data + c->sent, c->out.len - c->sent, MSG_NOSIGNAL);
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return errno == EAGAIN;
		c->sent += (size_t)size;
		if (c->timer.loop)
			loop_timer_stop(&c->timer); /* progress: events_update starts it anew */
	}
	c->sent = 0;
	if (c->out.cap > 2 * EXCHANGE_ROOM)
		buf_done(&c->out);
	else
		buf_reset(&c->out);
	return true;
}

static void linger_start(struct connection *c)
{
	c->state = CONNECTION_LINGER;
	shutdown(c->io.fd, SHUT_WR);
	loop_timer_start(c->api->loop, &c->timer, LINGER_SECONDS * SECONDS, timer_fired);
}

/* The answer is sent: on to the next request, or to the end. */
static void exchange_over(struct connection *c)
{
	bool whole = c->state == CONNECTION_ANSWER && c->body.state == HTTP_BODY_DONE;
	exchange_clear(c);
	loop_timer_stop(&c->timer);
	if (c->last || !whole) {
		linger_start(c);
		return;
	}
	c->state = CONNECTION_HEAD;
	buf_done(&c->out);
}

/* --- the two together --- */

static uint32_t events_wanted(const struct connection *c)
{
	uint32_t events = c->out.len > 0 ? EPOLLOUT : 0;
	bool reads = c->state == CONNECTION_HEAD || c->state == CONNECTION_LINGER ||
		     (c->state == CONNECTION_BODY && !c->body_rests && !c->answered);
	if (reads && !c->peer_ended)
		events |= EPOLLIN;
	if (!c->peer_ended && c->tcp && c->active)
		events |= EPOLLRDHUP;
	return events;
}

static void timer_update(struct connection *c)
{
	int64_t seconds = 0;
	if (c->state == CONNECTION_LINGER || c->timer.loop)
		return;
	if (c->out.len > 0 && c->answered)
		seconds = SEND_SECONDS;
	else if (c->state == CONNECTION_HEAD && c->in.len > 0)
		seconds = HEAD_SECONDS;
	else if (c->state == CONNECTION_BODY && !(c->exchange.route && c->exchange.route->flags & ROUTE_BODY_STREAM))
		seconds = BODY_SECONDS;
	if (seconds > 0)
		loop_timer_start(c->api->loop, &c->timer, seconds * SECONDS, timer_fired);
}

/* Whether a step changed something, so that another one may follow. */
static bool connection_step(struct connection *c)
{
	if (c->answered) {
		if (c->out.len > 0)
			return false;
		exchange_over(c);
		return c->state == CONNECTION_HEAD;
	}
	if (c->filled && c->out.len - c->sent < EXCHANGE_ROOM) {
		c->filled = false;
		if (c->exchange.drained)
			c->exchange.drained(&c->exchange);
		return true;
	}
	if (c->streaming && c->exchange.emptied && c->out.len == 0) {
		void (*emptied)(struct exchange * x) = c->exchange.emptied;
		c->exchange.emptied = NULL;
		emptied(&c->exchange);
		return true;
	}
	enum connection_state before = c->state;
	bool moved = false;
	if (c->state == CONNECTION_HEAD)
		moved = head_step(c);
	else if (c->state == CONNECTION_BODY)
		moved = body_step(c);
	if (before != c->state)
		loop_timer_stop(&c->timer);
	return moved;
}

static void connection_advance(struct connection *c)
{
	do {
		if (c->aborted || c->state == CONNECTION_GIVEN || !output_send(c)) {
			connection_close(c);
			return;
		}
	} while (connection_step(c));
	/* The client has ended its half: a request that is not complete yet never will be. */
	bool incomplete =
	    c->state == CONNECTION_HEAD || (c->state == CONNECTION_BODY && !c->answered && !c->body_rests);
	if (c->peer_ended && (incomplete || c->state == CONNECTION_LINGER)) {
		connection_close(c);
		return;
	}
	if (c->in.len == 0)
		buf_done(&c->in); /* who waits holds no buffers */
	uint32_t events = events_wanted(c);
	if (events != c->io.events)
		loop_io_modify(&c->io, events);
	timer_update(c);
}

static void connection_ready(struct loop_io *io, uint32_t events)
{
	struct connection *c = container_of(io, struct connection, io);
	if (events & (EPOLLERR | EPOLLHUP) && !(events & EPOLLIN)) {
		connection_close(c);
		return;
	}
	if (events & EPOLLRDHUP && !(events & EPOLLIN)) {
		/* A TCP client that is gone looks like this while a handler is at work. */
		c->peer_ended = c->last = true;
		if (c->active && c->handled) {
			connection_close(c);
			return;
		}
	}
	if (c->state == CONNECTION_LINGER && events & EPOLLIN) {
		buf_reset(&c->in);
		if (!input_read(c) || c->peer_ended)
			connection_close(c);
		return;
	}
	if (events & EPOLLIN && !input_read(c)) {
		connection_close(c);
		return;
	}
	connection_advance(c);
}

void connection_open(struct api *api, int fd, bool tcp)
{
	struct connection *c = x_alloc(sizeof *c);
	struct err err;
	c->api = api;
	c->tcp = tcp;
	c->in = (struct buf)BUF_INIT(HTTP_HEAD_MAX + 2 * READ_BODY);
	c->out = (struct buf)BUF_INIT(EXCHANGE_ANSWER_MAX);
	c->fields = (struct buf)BUF_INIT(HTTP_HEAD_MAX);
	exchange_clear(c);
	if (loop_io_add(api->loop, &c->io, fd, EPOLLIN, connection_ready, &err) < 0) {
		log_error(LOG_LEVEL_ERROR, &err, "cannot serve a connection", NULL);
		close(fd);
		free(c);
		return;
	}
	c->next = api->first;
	if (c->next)
		c->next->previous = c;
	api->first = c;
	api->count++;
}
