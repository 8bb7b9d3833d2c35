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

  add_library(${target} STATIC ${sources})
  target_include_directories(${target} PUBLIC "${include_root}")
  target_link_libraries(${target} PRIVATE limbeck_compiler ${ARG_LIBRARIES})
  foreach(used IN LISTS ARG_USES)
    target_link_libraries(${target} PRIVATE limbeck_${used})
  endforeach()
  if(ARG_TORCH)
    limbeck_use_torch(${target})
    # Files without tensors are spared the header.
    foreach(source IN LISTS sources)
      file(STRINGS "${source}" torch_includes REGEX "#include (<(torch|ATen)/|\"(nn|data/dataset|loss|teacher|train|experiment)/)")
      if(NOT torch_includes)
        set_source_files_properties("${source}" PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
      endif()
    endforeach()
  endif()
endfunction()

# LibTorch's headers take 10 s to read; one precompiled header serves every target. It holds what most files use and no
# more: with the whole of <torch/torch.h> in it, each file would take four times as long as with this.
function(limbeck_use_torch target)
  target_link_libraries(${target} PRIVATE limbeck_torch)
  if(NOT TARGET limbeck_torch_headers)
    file(WRITE "${PROJECT_BINARY_DIR}/generated/torch_headers.cpp" "")
    add_library(limbeck_torch_headers OBJECT "${PROJECT_BINARY_DIR}/generated/torch_headers.cpp")
    target_link_libraries(limbeck_torch_headers PRIVATE limbeck_compiler limbeck_torch)
    target_precompile_headers(limbeck_torch_headers PRIVATE <torch/types.h> <torch/utils.h>
      <torch/csrc/autograd/custom_function.h>)
  endif()
  target_precompile_headers(${target} REUSE_FROM limbeck_torch_headers)
endfunction()
