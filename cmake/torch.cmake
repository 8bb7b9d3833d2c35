# LibTorch: Debian's 1.13 or 2.6, or one's own 2.x; what differs in the sources lives in
# src/kernels/torch_compatibility.h.
# And oneDNN, which takes matrix products where LibTorch uses the same library.
set(torch_in_environment "$ENV{LIMBECK_TORCH}")
if(torch_in_environment)
  get_filename_component(torch_in_environment "${torch_in_environment}" ABSOLUTE)
endif()
set(LIMBECK_TORCH "${torch_in_environment}" CACHE PATH
  "A LibTorch of one's own: an unpacked libtorch zip, or pip's site-packages/torch; empty: the system's")
if(DEFINED ENV{LIMBECK_TORCH} AND NOT torch_in_environment STREQUAL LIMBECK_TORCH)
  message(WARNING "LIMBECK_TORCH is '${torch_in_environment}' in the environment and '${LIMBECK_TORCH}' in this "
    "folder, which holds; cmake --fresh takes that of the environment")
endif()
if(DEFINED LIMBECK_TORCH_BEFORE AND NOT LIMBECK_TORCH_BEFORE STREQUAL LIMBECK_TORCH)
  message(FATAL_ERROR "LIMBECK_TORCH was '${LIMBECK_TORCH_BEFORE}' and is '${LIMBECK_TORCH}': configure this folder "
    "anew, with cmake --fresh (scripts/build.sh does), for CMake keeps what it found of the former")
endif()
set(kineto_LIBRARY torch)  # is inside of LibTorch, whose configuration warns where it is not beside it
if(LIMBECK_TORCH)
  if(NOT EXISTS "${LIMBECK_TORCH}/share/cmake/Torch/TorchConfig.cmake")
    message(FATAL_ERROR "LIMBECK_TORCH='${LIMBECK_TORCH}' holds no LibTorch: it has no "
      "share/cmake/Torch/TorchConfig.cmake. Expected the folder 'libtorch' of an unpacked "
      "libtorch zip, or that of pip's package, site-packages/torch")
  endif()
  # Without this, its configuration finds the targets and libraries of a LibTorch of the system's.
  list(PREPEND CMAKE_PREFIX_PATH "${LIMBECK_TORCH}")
  find_package(Torch REQUIRED PATHS "${LIMBECK_TORCH}/share/cmake/Torch" NO_DEFAULT_PATH)
  list(POP_FRONT CMAKE_PREFIX_PATH)
else()
  find_package(Torch REQUIRED)
endif()
set(LIMBECK_TORCH_BEFORE "${LIMBECK_TORCH}" CACHE INTERNAL "")

# limbeck_location(OUT TARGET): the file of an imported library.
function(limbeck_location out target)
  get_target_property(configurations ${target} IMPORTED_CONFIGURATIONS)
  list(GET configurations 0 configuration)
  get_target_property(location ${target} IMPORTED_LOCATION_${configuration})
  set(${out} "${location}" PARENT_SCOPE)
endfunction()
limbeck_location(LIMBECK_TORCH_CPU torch_cpu)
message(STATUS "LibTorch ${Torch_VERSION}: ${LIMBECK_TORCH_CPU}")
if(TORCH_CXX_FLAGS MATCHES "_GLIBCXX_USE_CXX11_ABI=0")
  message(FATAL_ERROR "This LibTorch is built for GCC's old interface of std::string, and the system's "
    "libraries are not; take a zip with cxx11-abi in its name, or version 2.7 and newer")
endif()

add_library(limbeck_torch INTERFACE)
find_package(OpenMP REQUIRED)  # LibTorch's parallel_for is a template that needs it in every file
target_link_libraries(limbeck_torch INTERFACE ${TORCH_LIBRARIES} OpenMP::OpenMP_CXX)
target_include_directories(limbeck_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
separate_arguments(LIMBECK_TORCH_FLAGS UNIX_COMMAND "${TORCH_CXX_FLAGS}")
target_compile_options(limbeck_torch INTERFACE ${LIMBECK_TORCH_FLAGS} -Wno-pedantic)

# limbeck_uses_system_dnnl(OUT): whether LibTorch is linked with the very oneDNN that find_package found. Builds from
# pytorch.org hold a copy inside; a second one beside it, in one process, would be another version of the same symbols.
function(limbeck_uses_system_dnnl out)
  set(${out} OFF PARENT_SCOPE)
  if(NOT TARGET DNNL::dnnl)
    return()
  endif()
  limbeck_location(dnnl DNNL::dnnl)
  execute_process(COMMAND "${CMAKE_READELF}" -d "${LIMBECK_TORCH_CPU}" OUTPUT_VARIABLE of_torch ERROR_QUIET)
  execute_process(COMMAND "${CMAKE_READELF}" -d "${dnnl}" OUTPUT_VARIABLE of_dnnl ERROR_QUIET)
  if(of_dnnl MATCHES "SONAME[^\n]*\\[([^]\n]+)\\]")
    string(FIND "${of_torch}" "Shared library: [${CMAKE_MATCH_1}]" place)
    if(NOT place EQUAL -1)
      set(${out} ON PARENT_SCOPE)
    endif()
  endif()
endfunction()

set(LIMBECK_DNNL AUTO CACHE STRING
  "Matrix products by oneDNN directly: AUTO (where LibTorch uses the system's), ON, OFF")
set_property(CACHE LIMBECK_DNNL PROPERTY STRINGS AUTO ON OFF)
if(LIMBECK_DNNL STREQUAL "AUTO")
  find_package(dnnl QUIET)
  limbeck_uses_system_dnnl(LIMBECK_HAS_DNNL)
elseif(LIMBECK_DNNL)
  find_package(dnnl REQUIRED)
  set(LIMBECK_HAS_DNNL ON)
else()
  set(LIMBECK_HAS_DNNL OFF)
endif()
if(LIMBECK_HAS_DNNL)
  message(STATUS "Matrix products: by the system's oneDNN ${dnnl_VERSION} directly")
else()
  message(STATUS "Matrix products: through LibTorch alone (LIMBECK_DNNL=${LIMBECK_DNNL})")
endif()
