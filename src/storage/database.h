/*
 * The record: one SQLite file, written by one process, the engine.
 *
 * WAL with synchronous=FULL: what was committed survives a power cut. Each module keeps its own tables and brings them
 * up to date with database_migrate. Statements are prepared once and kept, found by the address and text of the SQL.
 *
 *     ... database_begin(db, err) ...
 *     ... database_run(db, "INSERT INTO tag VALUES (?, ?)", BIND(bind_text(name), bind_text(id)), err) ...
 *     ... database_commit(db, err) ...                      on failure: database_rollback(db)
 *
 *     auto_query struct query *query = NULL;
 *     int more = database_query(db, "SELECT id FROM tag WHERE name = ?", BIND(bind_text(name)), &query, err);
 *     while (more == 0 && (more = query_next(query, err)) > 0)
 *             use(query_text(query, 0));
 *
 * A file that is damaged or was written by a newer tug is refused with a sentence that says so, and left alone.
 */
#pragma once

#include "base/error.h"

#include <stdint.h>

struct database;

/* path is absolute. -EUCLEAN: damaged or not a database. -EBUSY: another process holds it. */
int database_open(const char *path, struct database **out_database, struct err *err) must_check;
void database_close(struct database *database); /* takes NULL */

/* Step i (from 0) brings the tables of `module` from version i to i + 1; all missing ones run in one transaction. */
int database_migrate(struct database *database, const char *module, const char *const *steps, size_t count,
		     struct err *err) must_check;

/* Transactions nest: only the outermost commit writes; a rollback on any level undoes the whole, and later commits of
 * outer levels fail with -ECANCELED. */
int database_begin(struct database *database, struct err *err) must_check;
int database_commit(struct database *database, struct err *err) must_check;
void database_rollback(struct database *database);

enum bind_kind { BIND_END, BIND_NULL, BIND_I64, BIND_TEXT, BIND_BLOB };
struct bind {
	enum bind_kind kind;
	int64_t number;
	const void *data; /* read before the call returns, or, for a query, until query_done */
	size_t size;
};
#define BIND(...)                          \
	(const struct bind[])              \
	{                                  \
		__VA_ARGS__, (struct bind) \
		{                          \
			.kind = BIND_END   \
		}                          \
	}
static inline struct bind bind_i64(int64_t number)
{
	return (struct bind){.kind = BIND_I64, .number = number};
}
static inline struct bind bind_text(const char *text) /* NULL: SQL's NULL */
{
	return (struct bind){.kind = text ? BIND_TEXT : BIND_NULL, .data = text};
}
static inline struct bind bind_blob(const void *data, size_t size)
{
	return (struct bind){.kind = data ? BIND_BLOB : BIND_NULL, .data = data, .size = size};
}

/* One statement without rows; binds may be NULL. -EEXIST where a UNIQUE or PRIMARY KEY rule is hurt, -EBUSY for a
 * foreign key that is still referred to. */
int database_run(struct database *database, const char *sql, const struct bind *binds, struct err *err) must_check;
int64_t database_changes(const struct database *database); /* rows that the last database_run changed */

/* A query in progress. One and the same SQL text can run nested in itself. */
struct query;
int database_query(struct database *database, const char *sql, const struct bind *binds, struct query **out_query,
		   struct err *err) must_check;
int query_next(struct query *query, struct err *err) must_check; /* 1: a row, 0: no more, -errno */
void query_done(struct query *query);				 /* takes NULL */

/* Columns of the row, from 0; valid until the next query_next or query_done. */
const char *query_text(struct query *query, int column); /* NULL for SQL's NULL */
int64_t query_i64(struct query *query, int column);
const void *query_blob(struct query *query, int column, size_t *out_size);

static inline void cleanup_query(struct query **query)
{
	query_done(*query);
}
#define auto_query __attribute__((cleanup(cleanup_query)))
