#include "docker/death.h"

#include "unit/test.h"

#include <signal.h>

static struct arena arena;

static struct container_death describe(struct death_facts facts)
{
	struct container_death death;
	death_describe(&arena, &facts, &death);
	return death;
}

TEST(its_own_end)
{
	struct container_death death = describe((struct death_facts){.exit_code = 0});
	CHECK_STR(death.kind, "exit");
	CHECK_STR(death.reason, "ended by itself, with success (exit code 0)");
	death = describe((struct death_facts){.exit_code = 3});
	CHECK_STR(death.reason, "ended by itself with exit code 3");
	death = describe((struct death_facts){.exit_code = 139});
	CHECK_STR(death.reason, "ended by itself with exit code 139, as a shell reports a program that SIGSEGV ended");
	arena_done(&arena);
}

TEST(signals_and_who_sent_them)
{
	struct container_death death =
	    describe((struct death_facts){.exit_code = 139, .signal = SIGSEGV, .core = true});
	CHECK_STR(death.sender, "kernel");
	CHECK_STR(death.reason, "ended by the kernel with SIGSEGV: an invalid memory access, its core was dumped");
	death = describe((struct death_facts){.exit_code = 137, .signal = SIGKILL});
	CHECK_STR(death.sender, "process");
	CHECK_STR(death.signal_name, "SIGKILL");
	death = describe((struct death_facts){.exit_code = 138, .signal = SIGUSR1, .sent = SIGUSR1});
	CHECK_STR(death.sender, "user");
	death = describe((struct death_facts){.cause = DEATH_STOP,
					      .exit_code = 137,
					      .signal = SIGKILL,
					      .sent = SIGKILL,
					      .grace_over = true,
					      .grace_s = 10});
	CHECK_STR(death.kind, "signal");
	CHECK_STR(death.reason, "the user stopped it; it did not end within 10 seconds and was killed (SIGKILL)");
	death = describe((struct death_facts){.cause = DEATH_STOP, .exit_code = 5, .sent = SIGTERM});
	CHECK_STR(death.kind, "exit");
	CHECK_STR(death.reason, "the user stopped it (SIGTERM): it ended with exit code 5");
	death = describe((struct death_facts){.exit_code = 137, .signal = 36});
	CHECK_STR(death.signal_name, "SIGRTMIN+2");
	arena_done(&arena);
}

TEST(out_of_memory_of_itself_and_of_a_child)
{
	struct death_facts facts = {
	    .exit_code = 137, .signal = SIGKILL, .pid = 100, .oom = {16 << 20, 1, 100, (char *)"sh"}};
	struct container_death death = describe(facts);
	CHECK_STR(death.kind, "oom");
	CHECK_STR(death.sender, "kernel");
	CHECK_STR(death.reason, "ran out of memory: the kernel killed sh (process 100) at the memory limit of 16MiB");
	CHECK_INT(death.oom->kills, 1);
	facts = (struct death_facts){.exit_code = 1, .pid = 100, .oom = {16 << 20, 3, 107, (char *)"worker"}};
	death = describe(facts);
	CHECK_STR(death.kind, "oom");
	CHECK_STR(
	    death.reason,
	    "ran out of memory: the kernel killed worker (process 107) at the memory limit of 16MiB, the last of 3; "
	    "then the container ended with exit code 1");
	facts.exit_code = 0; /* it got over it */
	death = describe(facts);
	CHECK_STR(death.kind, "exit");
	CHECK_INT(death.oom->kills, 3);
	arena_done(&arena);
}

TEST(what_did_not_start_and_what_was_lost)
{
	struct container_death death = describe(
	    (struct death_facts){.cause = DEATH_START, .exit_code = 127, .step = "program", .error = "no such"});
	CHECK_STR(death.kind, "start");
	CHECK_STR(death.step, "program");
	CHECK_STR(death.reason, "could not be started (program): no such");
	CHECK_STR(describe((struct death_facts){.cause = DEATH_REBOOT}).kind, "reboot");
	CHECK_STR(describe((struct death_facts){.cause = DEATH_MONITOR}).kind, "monitor");
	death = describe((struct death_facts){
	    .cause = DEATH_HEALTH, .exit_code = 143, .signal = SIGTERM, .sent = SIGTERM, .error = "refused"});
	CHECK_STR(death.kind, "health");
	CHECK_STR(death.reason,
		  "its health check failed: ended by SIGTERM through the engine; the last check said: refused");
	arena_done(&arena);
}
