# Programs that run beside or inside every container: static, small, against musl where it is installed, with nothing in
# them that needs a packaged library. They are compiled as a whole, from the sources that keep that rule:
#
#   base      all but JSON, hashes and the log
#   runtime   the apply side: all but what compiles and prints plans (plan_*.c, cgroup_compile*.c, cgroup_scope*.c)
#   security  user.c
#
# tug_small_possible is true where they can be made so; tug_small_program(OUTPUT SOURCES...) adds the command.
find_program(MUSL_GCC musl-gcc)
set(tug_small_possible FALSE)
if(MUSL_GCC AND TUG_STATIC AND NOT TUG_SANITIZE AND NOT TUG_FUZZ AND NOT TUG_COVERAGE AND NOT CMAKE_CROSSCOMPILING)
	set(tug_small_possible TRUE)
endif()

function(tug_small_program output)
	set(src ${CMAKE_SOURCE_DIR}/src)
	file(GLOB sources CONFIGURE_DEPENDS ${src}/base/*.c ${src}/runtime/*.c ${src}/security/user.c)
	list(FILTER sources EXCLUDE REGEX "_(test|fuzz)\\.c$|/base/(json|hash|log)[a-z_]*\\.c$")
	list(FILTER sources EXCLUDE REGEX "/runtime/(plan_(compile|mounts|parts|print|process|sysctl)|cgroup_(compile|place))[a-z_]*\\.c$")
	file(GLOB headers CONFIGURE_DEPENDS ${src}/base/*.h ${src}/runtime/*.h ${src}/monitor/*.h ${src}/security/*.h)
	get_filename_component(name ${output} NAME)
	add_custom_command(
		OUTPUT ${output}
		COMMAND ${MUSL_GCC} -std=gnu17 -D_GNU_SOURCE -I${src} -idirafter /usr/include
			-idirafter /usr/include/${CMAKE_LIBRARY_ARCHITECTURE} -static -Os -flto -ffunction-sections -fdata-sections
			-fno-strict-aliasing -fstack-protector-strong -Wl,--gc-sections -Wl,-z,relro,-z,now,-z,noexecstack -s
			-o ${output} ${ARGN} ${sources}
		DEPENDS ${ARGN} ${sources} ${headers}
		COMMENT "Building ${name} against musl")
endfunction()
