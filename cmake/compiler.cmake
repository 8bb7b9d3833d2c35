# Warnings, sanitizers and ccache: everything about how a file is compiled that is not a dependency.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(LIMBECK_CCACHE ccache)
if(LIMBECK_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # In depend mode a file that is not in the cache is not preprocessed once more to look it up.
  set(CMAKE_CXX_COMPILER_LAUNCHER
    "${CMAKE_COMMAND}" -E env CCACHE_DEPEND=1 "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" "${LIMBECK_CCACHE}")
endif()

set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")  # -O3 and -O1 where they pay: component.cmake
find_program(LIMBECK_MOLD mold)
if(LIMBECK_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_library(limbeck_compiler INTERFACE)
# Without these two, GCC does not vectorise loops with a square root or with a value chosen by a comparison.
target_compile_options(limbeck_compiler INTERFACE -fno-math-errno -fno-trapping-math
  -Wall -Wextra -Wpedantic -Wno-unused-parameter -Wno-missing-field-initializers
  # GCC 12 reports these for std::string at -O3 where there is nothing (GCC bugs 105329, 105562).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow>)
if(LIMBECK_SANITIZE)
  add_compile_options(-fsanitize=${LIMBECK_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${LIMBECK_SANITIZE})
endif()
