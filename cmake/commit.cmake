# The commit that is built, for --version and results.json: generated/commit.h, which only src/core/version.cpp
# includes. Configured again where the commit changes; empty outside of a repository.
find_package(Git QUIET)
set(LIMBECK_COMMIT "")
if(Git_FOUND)
  execute_process(COMMAND "${GIT_EXECUTABLE}" rev-parse --short=12 HEAD
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}" OUTPUT_VARIABLE LIMBECK_COMMIT
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  execute_process(COMMAND "${GIT_EXECUTABLE}" rev-parse --path-format=absolute --git-path logs/HEAD
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}" OUTPUT_VARIABLE log OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(LIMBECK_COMMIT AND EXISTS "${log}")
    set_property(DIRECTORY "${PROJECT_SOURCE_DIR}" APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${log}")
  endif()
endif()
file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/generated/commit.h" CONTENT
  "#define LIMBECK_COMMIT \"@LIMBECK_COMMIT@\"  // generated\n" @ONLY)
