# limbeck_component(NAME [TORCH] [USES component...] [LIBRARIES library...] [REGISTERS folder...])
#
# One static library per folder of src/. A component sees the headers of the components that it names in USES and no
# others: each has an include root of its own that holds a link to its folder, and all links are private, so that an
# include against the direction of dependency does not compile.
#
# REGISTERS: each file of the named sub-folder defines `void register_FILE(Catalogue&)`; the list of calls is generated
# from the folder, so that a new loss or architecture is one new file.
function(limbeck_component name)
  cmake_parse_arguments(ARG "TORCH" "" "USES;LIBRARIES;REGISTERS" ${ARGN})
  set(folder "${PROJECT_SOURCE_DIR}/src/${name}")
  set(target limbeck_${name})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${folder}/*.cpp")
  limbeck_choose_parts(sources ${name})
  set(include_root "${PROJECT_BINARY_DIR}/include_roots/${name}")
  file(MAKE_DIRECTORY "${include_root}")
  file(CREATE_LINK "${folder}" "${include_root}/${name}" SYMBOLIC)

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

  # A registered file stands alone: whoever adds one need not know what names the others have.
  list(TRANSFORM ARG_REGISTERS REPLACE "(.+)" "${folder}/\\1/" OUTPUT_VARIABLE alone)
  limbeck_joined(sources "${name}" "${PROJECT_SOURCE_DIR}/src" "${alone}" ${sources})
  add_library(${target} STATIC ${sources})
  target_include_directories(${target} PUBLIC "${include_root}")
  target_link_libraries(${target} PRIVATE limbeck_compiler ${ARG_LIBRARIES})
  foreach(used IN LISTS ARG_USES)
    target_link_libraries(${target} PRIVATE limbeck_${used})
  endforeach()
  if(ARG_TORCH)
    limbeck_use_torch(${target})
  endif()
endfunction()

# LibTorch without its umbrella headers: a file names the operators that it calls (<ATen/ops/cat.h>), which LibTorch's own
# headers then do as well. <torch/types.h> costs three times as much as <ATen/core/Tensor.h>; tests/includes_test.py says
# which files may include it all the same.
function(limbeck_use_torch target)
  target_link_libraries(${target} PRIVATE limbeck_torch)
  target_compile_definitions(${target} PRIVATE AT_PER_OPERATOR_HEADERS)
endfunction()

option(LIMBECK_JOIN_SOURCES "Compile several source files in one unit" ON)

# limbeck_joined(OUT NAME ROOT ALONE file...): the files as OUT, eight at a time in a unit that includes them, so that they
# share the reading of their headers. The units name their files relative to ROOT, an include folder of the target, so that
# ccache knows them in another checkout (CMake's own UNITY_BUILD writes absolute names). On their own stand files in the
# folders ALONE, and those with loops over numbers, which gain by -O3; everything else only takes longer to compile with it.
function(limbeck_joined out name root alone)
  set(result "")
  set(units 0)
  set(files 0)
  set(content "")
  foreach(source IN LISTS ARGN)
    set(joins ${LIMBECK_JOIN_SOURCES})
    foreach(folder IN LISTS alone)
      string(FIND "${source}" "${folder}" place)
      if(place EQUAL 0)
        set(joins OFF)
      endif()
    endforeach()
    string(FIND "${source}" "${root}/" place)
    if(NOT place EQUAL 0)
      set(joins OFF)
    else()
      file(STRINGS "${source}" kernels REGEX "#include (\"core/vectorize.h\"|<ATen/Parallel.h>)")
      if(kernels)
        set_source_files_properties("${source}" PROPERTIES COMPILE_OPTIONS "$<$<CONFIG:Release>:-O3>")
        set(joins OFF)
      endif()
    endif()
    if(joins)
      file(RELATIVE_PATH relative "${root}" "${source}")
      string(APPEND content "#include \"${relative}\"\n")
      math(EXPR files "${files} + 1")
      if(files EQUAL 8)
        limbeck_write_unit(result "${name}_${units}" "${content}")
        math(EXPR units "${units} + 1")
        set(files 0)
        set(content "")
      endif()
    else()
      list(APPEND result "${source}")
    endif()
  endforeach()
  if(content)
    limbeck_write_unit(result "${name}_${units}" "${content}")
  endif()
  set(${out} "${result}" PARENT_SCOPE)
endfunction()

macro(limbeck_write_unit list name content)
  set(unit "${PROJECT_BINARY_DIR}/generated/joined/${name}.cpp")
  file(CONFIGURE OUTPUT "${unit}" @ONLY CONTENT "// Generated.\n${content}")
  list(APPEND ${list} "${unit}")
endmacro()
