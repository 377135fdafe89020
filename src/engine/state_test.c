#include "engine/state.h"

#include "unit/test.h"

TEST(a_life_from_creation_to_removal)
{
	static const enum state life[] = {STATE_CREATED,  STATE_STARTING, STATE_RUNNING, STATE_STOPPING, STATE_STOPPED,
					  STATE_STARTING, STATE_RUNNING,  STATE_STOPPED, STATE_REMOVING, STATE_REMOVED};
	for (size_t i = 0; i + 1 < array_size(life); i++)
		CHECK(state_may(life[i], life[i + 1]));
}

TEST(what_is_gone_stays_gone)
{
	for (int to = 0; to < STATE_COUNT; to++)
		CHECK(!state_may(STATE_REMOVED, (enum state)to));
	CHECK(!state_may(STATE_RUNNING, STATE_REMOVING));
	CHECK(!state_may(STATE_CREATED, STATE_RUNNING));
	CHECK(!state_may(STATE_REMOVING, STATE_STARTING));
}

TEST(docker_sees_its_own_words)
{
	CHECK_STR(state_docker(STATE_STOPPED, true), "exited");
	CHECK_STR(state_docker(STATE_ERROR, false), "created");
	CHECK_STR(state_docker(STATE_ERROR, true), "exited");
	CHECK_STR(state_docker(STATE_STOPPING, true), "running");
	CHECK(state_is_running(STATE_STOPPING) && !state_is_running(STATE_STARTING));
}
