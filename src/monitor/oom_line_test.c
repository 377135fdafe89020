#include "monitor/oom_line.h"

#include "unit/test.h"

static const char line[] =
    "6,1,2,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=abc,mems_allowed=0,oom_memcg=/tug/abc,"
    "task_memcg=/tug/abc,task=a,pid=7,b,pid=4711,uid=0";

TEST(the_victim_is_read)
{
	pid_t pid;
	char name[20];
	CHECK(oom_line_read(line, "/tug/abc", &pid, name, sizeof name));
	CHECK_INT(pid, 4711);
	CHECK_STR(name, "a,pid=7,b");
	CHECK(oom_line_read("oom-kill:constraint=X,task_memcg=/outer/tug/abc/below,task=x,pid=3,uid=0\n", "/tug/abc",
			    &pid, name, sizeof name));
	CHECK_INT(pid, 3);
	CHECK(oom_line_read(line, "/tug/abc", &pid, name, 3));
	CHECK_STR(name, "a,");
}

TEST(other_lines_are_not)
{
	static const char *const lines[] = {"",
					    "oom-kill:",
					    "oom-kill:constraint=X,task_memcg=/tug/abcd,task=x,pid=3,uid=0",
					    "oom-kill:constraint=X,task_memcg=/tug/abc,task=x,pid=x,uid=0",
					    "oom-kill:constraint=X,task_memcg=/tug/abc,task=x,pid=3",
					    "oom-kill:constraint=X,task_memcg=/b,task=/tug/abc,pid=3,uid=0",
					    "oom-kill:constraint=X,task_memcg=/tug/abc,pid=3,uid=0"};
	pid_t pid;
	char name[20];
	for (size_t i = 0; i < array_size(lines); i++)
		CHECK(!oom_line_read(lines[i], "/tug/abc", &pid, name, sizeof name));
}
