# Manual pages and completion, made by tug-manual out of the table of commands, and where `make install` puts them.
if(NOT TARGET tug_cli OR CMAKE_CROSSCOMPILING)
	return()
endif()
add_executable(tug-manual ${CMAKE_SOURCE_DIR}/src/cli/main_manual.c)
target_link_libraries(tug-manual PRIVATE tug_cli)
set_target_properties(tug-manual PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tools)
set(manual ${CMAKE_BINARY_DIR}/manual)
add_custom_command(
	OUTPUT ${manual}/tug.1 ${manual}/tug.bash
	COMMAND ${CMAKE_COMMAND} -E make_directory ${manual}
	COMMAND tug-manual ${manual}
	DEPENDS tug-manual
	COMMENT "Writing manual pages and completion")
add_custom_target(manual ALL DEPENDS ${manual}/tug.1 ${manual}/tug.bash)
install(DIRECTORY ${manual}/ DESTINATION share/man/man1 FILES_MATCHING PATTERN "*.1")
install(FILES ${manual}/tug.bash DESTINATION share/bash-completion/completions RENAME tug)
