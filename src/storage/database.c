#include "storage/database.h"

#include "base/map.h"
#include "base/text.h"

#include <sqlite3.h>

enum {
	APPLICATION_ID = 0x74756772, /* "tugr" */
	FORMAT = 1,		     /* user_version: of the file as a whole; modules have versions of their own */
	BUSY_MS = 1000,		     /* another process in the file is a mistake; it gets this long to go away */
};

struct query {
	struct database *database;
	sqlite3_stmt *statement;
	bool cached, busy;
};

struct database {
	sqlite3 *sqlite;
	char *path;
	struct map statements; /* SQL to struct query */
	unsigned depth;	       /* of transactions */
	bool broken;	       /* an inner level was rolled back */
};

static int error_code(int extended)
{
	switch (extended) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
		return EEXIST;
	case SQLITE_CONSTRAINT_FOREIGNKEY:
		return EBUSY;
	}
	switch (extended & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return EUCLEAN;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return EBUSY;
	case SQLITE_FULL:
		return ENOSPC;
	case SQLITE_READONLY:
		return EROFS;
	case SQLITE_CANTOPEN:
		return ENOENT;
	case SQLITE_NOMEM:
		return ENOMEM;
	case SQLITE_IOERR:
		return EIO;
	}
	return EINVAL;
}

static int fail(struct database *database, const char *what, struct err *err)
{
	int code = error_code(sqlite3_extended_errcode(database->sqlite));
	const char *text = sqlite3_errmsg(database->sqlite);
	if (code == EUCLEAN)
		return err_set(err, code,
			       "%s is damaged or not tug's record (%s): move it away to start with an empty one, or "
			       "put back a copy",
			       database->path, text);
	if (code == EBUSY && (sqlite3_errcode(database->sqlite) & 0xff) != SQLITE_CONSTRAINT)
		return err_set(err, code, "%s is in use by another process", database->path);
	return err_set(err, code, "%s: %s: %s", database->path, what, text);
}

/* --- statements --- */

static int statement_get(struct database *database, const char *sql, struct query **out_query, struct err *err)
{
	struct query *query = map_get(&database->statements, sql);
	if (query && !query->busy) {
		*out_query = query;
		return 0;
	}
	sqlite3_stmt *statement;
	bool cached = !query;
	if (sqlite3_prepare_v3(database->sqlite, sql, -1, cached ? SQLITE_PREPARE_PERSISTENT : 0, &statement, NULL))
		return fail(database, sql, err);
	query = x_alloc(sizeof *query);
	*query = (struct query){.database = database, .statement = statement, .cached = cached};
	if (cached)
		map_put(&database->statements, sql, query);
	*out_query = query;
	return 0;
}

static int bind_one(sqlite3_stmt *statement, int at, const struct bind *bind)
{
	switch (bind->kind) {
	case BIND_NULL:
		return sqlite3_bind_null(statement, at);
	case BIND_I64:
		return sqlite3_bind_int64(statement, at, bind->number);
	case BIND_TEXT:
		return sqlite3_bind_text(statement, at, bind->data, -1, SQLITE_STATIC);
	case BIND_BLOB:
		return sqlite3_bind_blob64(statement, at, bind->data, bind->size, SQLITE_STATIC);
	case BIND_END:
		break;
	}
	BUG("bind kind %d", (int)bind->kind);
}

int database_query(struct database *database, const char *sql, const struct bind *binds, struct query **out_query,
		   struct err *err)
{
	struct query *query = NULL;
	int result = statement_get(database, sql, &query, err);
	if (result < 0)
		return result;
	query->busy = true;
	int count = 0;
	for (; binds && binds[count].kind != BIND_END; count++) {
		if (bind_one(query->statement, count + 1, &binds[count])) {
			result = fail(database, sql, err);
			query_done(query);
			return result;
		}
	}
	if (count != sqlite3_bind_parameter_count(query->statement))
		BUG("%d values for: %s", count, sql);
	*out_query = query;
	return 0;
}

int query_next(struct query *query, struct err *err)
{
	int step = sqlite3_step(query->statement);
	if (step == SQLITE_ROW)
		return 1;
	if (step == SQLITE_DONE)
		return 0;
	return fail(query->database, sqlite3_sql(query->statement), err);
}

void query_done(struct query *query)
{
	if (!query)
		return;
	sqlite3_reset(query->statement);
	sqlite3_clear_bindings(query->statement);
	query->busy = false;
	if (!query->cached) {
		sqlite3_finalize(query->statement);
		free(query);
	}
}

const char *query_text(struct query *query, int column)
{
	return (const char *)sqlite3_column_text(query->statement, column);
}

int64_t query_i64(struct query *query, int column)
{
	return sqlite3_column_int64(query->statement, column);
}

const void *query_blob(struct query *query, int column, size_t *out_size)
{
	const void *data = sqlite3_column_blob(query->statement, column);
	*out_size = (size_t)sqlite3_column_bytes(query->statement, column);
	return data;
}

int database_run(struct database *database, const char *sql, const struct bind *binds, struct err *err)
{
	auto_query struct query *query = NULL;
	int result = database_query(database, sql, binds, &query, err);
	while (result == 0 && (result = query_next(query, err)) > 0)
		result = 0;
	return result;
}

int64_t database_changes(const struct database *database)
{
	return sqlite3_changes64(database->sqlite);
}

/* --- transactions --- */

int database_begin(struct database *database, struct err *err)
{
	if (database->depth == 0) {
		int result = database_run(database, "BEGIN IMMEDIATE", NULL, err);
		if (result < 0)
			return result;
		database->broken = false;
	}
	database->depth++;
	return 0;
}

int database_commit(struct database *database, struct err *err)
{
	if (!database->depth)
		BUG("commit without begin");
	if (database->broken) {
		database_rollback(database);
		return err_set(err, ECANCELED, "%s: the transaction was rolled back inside", database->path);
	}
	if (database->depth == 1) {
		int result = database_run(database, "COMMIT", NULL, err);
		if (result < 0) {
			database_rollback(database);
			return result;
		}
	}
	database->depth--;
	return 0;
}

void database_rollback(struct database *database)
{
	struct err ignored;
	if (!database->depth)
		BUG("rollback without begin");
	database->broken = true;
	/* SQLite may have rolled back by itself already (a full disk): then there is nothing to undo. */
	if (--database->depth == 0 && !sqlite3_get_autocommit(database->sqlite) &&
	    database_run(database, "ROLLBACK", NULL, &ignored) < 0)
		database->broken = true;
}

/* --- opening --- */

static int read_number(struct database *database, const char *sql, int64_t *out_number, struct err *err)
{
	auto_query struct query *query = NULL;
	int result = database_query(database, sql, NULL, &query, err);
	if (result == 0)
		result = query_next(query, err);
	if (result < 0)
		return result;
	*out_number = result ? query_i64(query, 0) : 0;
	return 0;
}

static int check_sound(struct database *database, struct err *err)
{
	auto_query struct query *query = NULL;
	int result = database_query(database, "PRAGMA quick_check(1)", NULL, &query, err);
	if (result == 0)
		result = query_next(query, err);
	if (result < 0)
		return result;
	if (!result || !text_equal(query_text(query, 0), "ok"))
		return err_set(err, EUCLEAN,
			       "%s is damaged (%s): move it away to start with an empty one, or put back a copy",
			       database->path, result ? query_text(query, 0) : "no answer");
	return 0;
}

/* A file that is not empty must be ours and not newer than we are. */
static int check_ours(struct database *database, struct err *err)
{
	int64_t id, format, tables;
	int result = read_number(database, "PRAGMA application_id", &id, err);
	if (result == 0)
		result = read_number(database, "PRAGMA user_version", &format, err);
	if (result == 0)
		result = read_number(database, "SELECT count(*) FROM sqlite_schema", &tables, err);
	if (result < 0)
		return result;
	if (tables && id != APPLICATION_ID)
		return err_set(err, EUCLEAN, "%s is a database, but not tug's record: move it away", database->path);
	if (format > FORMAT)
		return err_set(err, EPROTO,
			       "%s was written by a newer tug (format %d, this one knows %d): use that one",
			       database->path, (int)format, FORMAT);
	return 0;
}

static int set_up(struct database *database, struct err *err)
{
	static const char *const steps[] = {
	    "PRAGMA locking_mode = EXCLUSIVE", "PRAGMA journal_mode = WAL",	     "PRAGMA synchronous = FULL",
	    "PRAGMA foreign_keys = ON",	       "PRAGMA trusted_schema = OFF",	     "PRAGMA cache_size = -1024",
	    "PRAGMA temp_store = MEMORY",      "PRAGMA application_id = 0x74756772",
	};
	sqlite3_busy_timeout(database->sqlite, BUSY_MS);
	int result = check_ours(database, err);
	for (size_t i = 0; result == 0 && i < array_size(steps); i++)
		result = database_run(database, steps[i], NULL, err);
	if (result == 0)
		result = check_sound(database, err);
	if (result == 0)
		result = database_begin(database, err);
	if (result < 0)
		return result;
	result = database_run(database, "PRAGMA user_version = 1", NULL, err);
	if (result == 0)
		result =
		    database_run(database,
				 "CREATE TABLE IF NOT EXISTS module (name TEXT PRIMARY KEY, version INTEGER NOT NULL) "
				 "STRICT",
				 NULL, err);
	if (result < 0) {
		database_rollback(database);
		return result;
	}
	return database_commit(database, err);
}

int database_open(const char *path, struct database **out_database, struct err *err)
{
	struct database *database = x_alloc(sizeof *database);
	database->path = x_strdup(path);
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	int result = 0;
	if (sqlite3_open_v2(path, &database->sqlite, flags, NULL))
		result = fail(database, "open", err);
	if (result == 0)
		result = set_up(database, err);
	if (result < 0) {
		database_close(database);
		return result;
	}
	*out_database = database;
	return 0;
}

void database_close(struct database *database)
{
	if (!database)
		return;
	size_t position = 0;
	const char *sql;
	void *query;
	while (map_next(&database->statements, &position, &sql, &query)) {
		sqlite3_finalize(((struct query *)query)->statement);
		free(query);
	}
	map_done(&database->statements);
	if (sqlite3_close(database->sqlite))
		BUG("%s is closed with a query in progress", database->path);
	free(database->path);
	free(database);
}

static int migrate_steps(struct database *database, const char *module, const char *const *steps, size_t from,
			 size_t count, struct err *err)
{
	for (size_t i = from; i < count; i++)
		if (sqlite3_exec(database->sqlite, steps[i], NULL, NULL, NULL))
			return fail(database, steps[i], err);
	return database_run(database, "INSERT OR REPLACE INTO module (name, version) VALUES (?, ?)",
			    BIND(bind_text(module), bind_i64((int64_t)count)), err);
}

int database_migrate(struct database *database, const char *module, const char *const *steps, size_t count,
		     struct err *err)
{
	auto_query struct query *query = NULL;
	int result =
	    database_query(database, "SELECT version FROM module WHERE name = ?", BIND(bind_text(module)), &query, err);
	if (result == 0)
		result = query_next(query, err);
	if (result < 0)
		return result;
	int64_t version = result ? query_i64(query, 0) : 0;
	query_done(take(query));
	if (version < 0 || (uint64_t)version > count)
		return err_set(err, EPROTO,
			       "%s was written by a newer tug (%s has version %d, this one knows %zu): use that one",
			       database->path, module, (int)version, count);
	if ((size_t)version == count)
		return 0;
	result = database_begin(database, err);
	if (result < 0)
		return result;
	result = migrate_steps(database, module, steps, (size_t)version, count, err);
	if (result < 0) {
		database_rollback(database);
		return result;
	}
	return database_commit(database, err);
}
