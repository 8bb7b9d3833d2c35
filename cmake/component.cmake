# limbeck_component(NAME [TORCH] [COLD] [PUBLIC header...] [USES component...] [LIBRARIES library...]
#   [REGISTERS folder...])
#
# One static library per folder of src/. A component sees the headers of the components that it names in USES and no
# others: each has an include root of its own that holds a link to its folder, and all links are private, so that an
# include against the direction of dependency does not compile.
#
# PUBLIC: the headers of include/limbeck, without .h, that this component implements; those who use it see them.
#
# REGISTERS: each file of the named sub-folder defines `void register_FILE(Catalogue&)`; the list of calls is generated
# from the folder, so that a new loss or architecture is one new file.
#
# COLD: nothing here runs long, so -O1 will do, which compiles in two thirds of the time.
function(limbeck_component name)
  cmake_parse_arguments(ARG "TORCH;COLD" "" "PUBLIC;USES;LIBRARIES;REGISTERS" ${ARGN})
  set(folder "${PROJECT_SOURCE_DIR}/src/${name}")
  set(target limbeck_${name})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${folder}/*.cpp")
  limbeck_choose_parts(sources ${name})
  set(include_root "${PROJECT_BINARY_DIR}/include_roots/${name}")
  file(MAKE_DIRECTORY "${include_root}")
  file(CREATE_LINK "${folder}" "${include_root}/${name}" SYMBOLIC)
  foreach(header IN LISTS ARG_PUBLIC)
    file(MAKE_DIRECTORY "${include_root}/limbeck")
    file(CREATE_LINK "${PROJECT_SOURCE_DIR}/include/limbeck/${header}.h" "${include_root}/limbeck/${header}.h" SYMBOLIC)
  endforeach()
  set_property(GLOBAL APPEND PROPERTY LIMBECK_PUBLIC_HEADERS ${ARG_PUBLIC})

  if(ARG_REGISTERS)
    set(declarations "")
    set(calls "")
    foreach(sub IN LISTS ARG_REGISTERS)
      file(GLOB files CONFIGURE_DEPENDS "${folder}/${sub}/*.cpp")
      list(SORT files)
      foreach(file IN LISTS files)
        get_filename_component(stem "${file}" NAME_WE)
        string(APPEND declarations "void register_${stem}(Catalogue&);\n")
        string(APPEND calls "  register_${stem}(catalogue);\n")
      endforeach()
    endforeach()
    set(generated "${PROJECT_BINARY_DIR}/generated/register_${name}.cpp")
    file(CONFIGURE OUTPUT "${generated}" @ONLY CONTENT
"// Generated from the files of src/${name}: do not edit.
#include \"recipe/catalogue.h\"
namespace limbeck {
${declarations}
void register_${name}(Catalogue& catalogue) {
${calls}}
}  // namespace limbeck
")
    list(APPEND sources "${generated}")
  endif()

  list(TRANSFORM ARG_REGISTERS REPLACE "(.+)" "${folder}/\\1/" OUTPUT_VARIABLE registered)
  limbeck_joined(sources "${name}" "${PROJECT_SOURCE_DIR}/src" "${registered}" ${sources})
  add_library(${target} STATIC ${sources})
  target_include_directories(${target} PUBLIC "${include_root}")
  target_link_libraries(${target} PRIVATE limbeck_compiler ${ARG_LIBRARIES})
  foreach(used IN LISTS ARG_USES)
    target_link_libraries(${target} PRIVATE limbeck_${used})
  endforeach()
  if(ARG_TORCH)
    limbeck_use_torch(${target})
  endif()
  if(ARG_COLD)
    limbeck_cold(${target})
  endif()
endfunction()

function(limbeck_cold target)
  target_compile_options(${target} PRIVATE "$<$<CONFIG:Release>:-O1>")
endfunction()

# LibTorch without its umbrella headers: a file names the operators that it calls (<ATen/ops/cat.h>), which LibTorch's
# own headers then do as well. <torch/types.h> costs three times as much as <ATen/core/Tensor.h>;
# tests/source/test_includes.py says which files may include it all the same.
function(limbeck_use_torch target)
  target_link_libraries(${target} PRIVATE limbeck_torch)
  target_compile_definitions(${target} PRIVATE AT_PER_OPERATOR_HEADERS)
endfunction()

option(LIMBECK_JOIN_SOURCES "Compile several source files in one unit" ON)

# limbeck_joined(OUT NAME ROOT REGISTERED file...): the files as OUT, several of them in a unit that includes them, so
# that they share the reading of their headers. The units name their files relative to ROOT, an include folder of the
# target, so that ccache knows them in another checkout (CMake's own UNITY_BUILD writes absolute names). Files with
# loops over numbers stand in units of their own: they gain by -O3; everything else only takes longer to compile with
# it. Those in the folders REGISTERED, losses for example, stand in small units: they are what people change most.
function(limbeck_joined out name root registered)
  set(result "")
  set(fast "")
  foreach(group IN ITEMS "" _fast _registered)
    set(files${group} "")
  endforeach()
  foreach(source IN LISTS ARGN)
    string(FIND "${source}" "${root}/" place)
    if(NOT place EQUAL 0)
      list(APPEND result "${source}")
      continue()
    endif()
    set(group "")
    foreach(folder IN LISTS registered)
      string(FIND "${source}" "${folder}" place)
      if(place EQUAL 0)
        set(group _registered)
      endif()
    endforeach()
    file(STRINGS "${source}" loops REGEX "#include \"core/vectorize.h\"|at::parallel_for" LIMIT_COUNT 1)
    if(loops)
      set(group _fast)
    endif()
    list(APPEND files${group} "${source}")
  endforeach()
  limbeck_write_units(result "${name}" "${root}" 8 ${files})
  limbeck_write_units(result "${name}_registered" "${root}" 4 ${files_registered})
  limbeck_write_units(fast "${name}_fast" "${root}" 4 ${files_fast})
  set_source_files_properties(${fast} PROPERTIES COMPILE_OPTIONS "$<$<CONFIG:Release>:-O3>")
  set(${out} "${result};${fast}" PARENT_SCOPE)
endfunction()

# Appends to LIST units of at most COUNT of the files; where sources are not joined, the files.
function(limbeck_write_units list name root count)
  set(result "${${list}}")
  list(LENGTH ARGN length)
  if(NOT LIMBECK_JOIN_SOURCES)
    list(APPEND result ${ARGN})
    set(length 0)
  endif()
  foreach(begin RANGE 0 ${length} ${count})
    if(begin EQUAL length)
      break()
    endif()
    list(SUBLIST ARGN ${begin} ${count} files)
    set(content "// Generated.\n")
    foreach(file IN LISTS files)
      file(RELATIVE_PATH relative "${root}" "${file}")
      string(APPEND content "#include \"${relative}\"\n")
    endforeach()
    math(EXPR number "${begin} / ${count}")
    set(unit "${PROJECT_BINARY_DIR}/generated/joined/${name}_${number}.cpp")
    file(CONFIGURE OUTPUT "${unit}" @ONLY CONTENT "${content}")
    list(APPEND result "${unit}")
  endforeach()
  set(${list} "${result}" PARENT_SCOPE)
endfunction()
