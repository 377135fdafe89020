#include "storage/database.h"
#include "unit/test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

static char *path_here(const char *name)
{
	char cwd[256];
	CHECK(getcwd(cwd, sizeof cwd));
	return x_printf("%s/%s", cwd, name);
}

static const char *const steps[] = {
    "CREATE TABLE thing (name TEXT PRIMARY KEY, number INTEGER, data BLOB) STRICT;"
    "CREATE TABLE part (thing TEXT NOT NULL REFERENCES thing(name)) STRICT",
    "ALTER TABLE thing ADD COLUMN note TEXT",
};

static struct database *open_here(void)
{
	struct err err;
	struct database *db;
	auto_free char *path = path_here("tug.db");
	CHECK_OK(database_open(path, &db, &err));
	CHECK_OK(database_migrate(db, "thing", steps, 2, &err));
	return db;
}

static int64_t count(struct database *db)
{
	struct err err;
	auto_query struct query *query = NULL;
	CHECK_OK(database_query(db, "SELECT count(*) FROM thing", NULL, &query, &err));
	CHECK_INT(query_next(query, &err), 1);
	return query_i64(query, 0);
}

static const char insert[] = "INSERT INTO thing (name, number, data) VALUES (?, ?, ?)";

TEST(database_keeps_rows)
{
	struct err err;
	struct database *db = open_here();
	CHECK_OK(database_run(db, insert, BIND(bind_text("a"), bind_i64(-5), bind_blob("\0x", 2)), &err));
	CHECK_OK(database_run(db, insert, BIND(bind_text("b"), bind_i64(7), bind_blob(NULL, 0)), &err));
	CHECK_INT(database_changes(db), 1);
	database_close(db);

	db = open_here();
	struct query *query;
	size_t size;
	CHECK_OK(database_query(db, "SELECT name, number, data, note FROM thing ORDER BY name", NULL, &query, &err));
	CHECK_INT(query_next(query, &err), 1);
	CHECK_STR(query_text(query, 0), "a");
	CHECK_INT(query_i64(query, 1), -5);
	CHECK(memcmp(query_blob(query, 2, &size), "\0x", 2) == 0 && size == 2);
	CHECK(query_text(query, 3) == NULL);
	CHECK_INT(query_next(query, &err), 1);
	CHECK(query_blob(query, 2, &size) == NULL);
	CHECK_INT(query_next(query, &err), 0);
	query_done(query);
	database_close(db);
}

TEST(database_rules_have_codes)
{
	struct err err;
	struct database *db = open_here();
	CHECK_OK(database_run(db, insert, BIND(bind_text("a"), bind_i64(1), bind_text(NULL)), &err));
	CHECK_ERR(database_run(db, insert, BIND(bind_text("a"), bind_i64(1), bind_text(NULL)), &err), EEXIST);
	CHECK_OK(database_run(db, "INSERT INTO part VALUES ('a')", NULL, &err));
	CHECK_ERR(database_run(db, "DELETE FROM thing", NULL, &err), EBUSY);
	CHECK_ERR(database_run(db, "INSERT INTO part VALUES ('z')", NULL, &err), EBUSY);
	CHECK_ERR(database_run(db, "SELECT * FROM nowhere", NULL, &err), EINVAL);
	database_close(db);
}

TEST(database_transactions_nest)
{
	struct err err;
	struct database *db = open_here();
	CHECK_OK(database_begin(db, &err));
	CHECK_OK(database_begin(db, &err));
	CHECK_OK(database_run(db, insert, BIND(bind_text("a"), bind_i64(1), bind_text(NULL)), &err));
	CHECK_OK(database_commit(db, &err));
	CHECK_OK(database_commit(db, &err));
	CHECK_INT(count(db), 1);

	CHECK_OK(database_begin(db, &err));
	CHECK_OK(database_run(db, insert, BIND(bind_text("b"), bind_i64(1), bind_text(NULL)), &err));
	CHECK_OK(database_begin(db, &err));
	database_rollback(db);
	CHECK_ERR(database_commit(db, &err), ECANCELED);
	CHECK_INT(count(db), 1);

	CHECK_OK(database_begin(db, &err));
	CHECK_OK(database_run(db, insert, BIND(bind_text("c"), bind_i64(1), bind_text(NULL)), &err));
	database_rollback(db);
	CHECK_INT(count(db), 1);
	database_close(db);
}

TEST(database_query_nests_in_itself)
{
	struct err err;
	struct database *db = open_here();
	CHECK_OK(database_run(db, insert, BIND(bind_text("a"), bind_i64(1), bind_text(NULL)), &err));
	CHECK_OK(database_run(db, insert, BIND(bind_text("b"), bind_i64(2), bind_text(NULL)), &err));
	static const char sql[] = "SELECT name FROM thing WHERE number >= ? ORDER BY name";
	auto_query struct query *outer = NULL;
	int pairs = 0;
	CHECK_OK(database_query(db, sql, BIND(bind_i64(1)), &outer, &err));
	while (query_next(outer, &err) > 0) {
		auto_query struct query *inner = NULL;
		CHECK_OK(database_query(db, sql, BIND(bind_i64(1)), &inner, &err));
		while (query_next(inner, &err) > 0)
			pairs++;
	}
	CHECK_INT(pairs, 4);
	query_done(take(outer));
	database_close(db);
}

/* What was committed is there after the process ended without a word; what was not is gone. */
TEST(database_survives_a_kill)
{
	pid_t pid = fork();
	if (pid == 0) {
		struct err err;
		struct database *db = open_here();
		CHECK_OK(database_run(db, insert, BIND(bind_text("kept"), bind_i64(1), bind_text(NULL)), &err));
		CHECK_OK(database_begin(db, &err));
		CHECK_OK(database_run(db, insert, BIND(bind_text("lost"), bind_i64(1), bind_text(NULL)), &err));
		kill(getpid(), SIGKILL);
	}
	int status;
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	struct database *db = open_here();
	CHECK_INT(count(db), 1);
	database_close(db);
}

static void write_file(const char *name, const void *data, size_t size, off_t at)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && pwrite(fd, data, size, at) == (ssize_t)size);
	close(fd);
}

TEST(database_refuses_what_is_not_its_own)
{
	struct err err;
	struct database *db;
	auto_free char *path = path_here("tug.db");
	write_file("tug.db", "this is not a database, but a letter to my mother................................", 80,
		   0);
	CHECK_ERR(database_open(path, &db, &err), EUCLEAN);
	CHECK_CONTAINS(err.msg, "tug.db");
	CHECK_CONTAINS(err.msg, "move it away");
}

TEST(database_names_damage)
{
	struct err err;
	struct database *db = open_here();
	char big[2000];
	memset(big, 'x', sizeof big);
	for (int i = 0; i < 50; i++) {
		char name[16];
		snprintf(name, sizeof name, "n%d", i);
		CHECK_OK(
		    database_run(db, insert, BIND(bind_text(name), bind_i64(i), bind_blob(big, sizeof big)), &err));
	}
	database_close(db);
	char noise[4096];
	memset(noise, 0xa5, sizeof noise);
	write_file("tug.db", noise, sizeof noise, 8192);
	auto_free char *path = path_here("tug.db");
	CHECK_ERR(database_open(path, &db, &err), EUCLEAN);
	CHECK_CONTAINS(err.msg, "damaged");
}

TEST(database_refuses_a_newer_one)
{
	struct err err;
	struct database *db = open_here();
	CHECK_ERR(database_migrate(db, "thing", steps, 1, &err), EPROTO);
	CHECK_CONTAINS(err.msg, "newer tug");
	CHECK_OK(database_run(db, "PRAGMA user_version = 9", NULL, &err));
	database_close(db);
	auto_free char *path = path_here("tug.db");
	CHECK_ERR(database_open(path, &db, &err), EPROTO);
	CHECK_CONTAINS(err.msg, "newer tug");
}

TEST(database_migrates_as_a_whole)
{
	static const char *const broken[] = {"CREATE TABLE one (a TEXT)", "CREATE TABLE oops ("};
	struct err err;
	struct database *db = open_here();
	CHECK_ERR(database_migrate(db, "broken", broken, 2, &err), EINVAL);
	CHECK_ERR(database_run(db, "SELECT * FROM one", NULL, &err), EINVAL);
	CHECK_OK(database_migrate(db, "broken", broken, 1, &err));
	database_close(db);
}

TEST(database_has_one_process)
{
	struct err err;
	struct database *db = open_here(), *second;
	auto_free char *path = path_here("tug.db");
	CHECK_ERR(database_open(path, &second, &err), EBUSY);
	CHECK_CONTAINS(err.msg, "in use by another process");
	database_close(db);
}
