# The shared library of programs that embed Limbeck: every room below `api`, of which it exports what the headers in
# include/limbeck declare. Its name holds major and minor version: liblimbeck.so.0.3.
get_property(public_headers GLOBAL PROPERTY LIMBECK_PUBLIC_HEADERS)
file(GLOB headers RELATIVE "${PROJECT_SOURCE_DIR}/include/limbeck" CONFIGURE_DEPENDS
  "${PROJECT_SOURCE_DIR}/include/limbeck/*.h")
list(TRANSFORM headers REPLACE "\\.h$" "")
list(SORT headers)
list(SORT public_headers)
if(NOT headers STREQUAL public_headers)
  message(FATAL_ERROR "include/limbeck holds the headers ${headers}, and the components in src/CMakeLists.txt say that "
    "they implement ${public_headers}: each header is of one component")
endif()

file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/generated/library.cpp" CONTENT "// Generated: rooms have the sources.\n")
add_library(limbeck_library SHARED "${PROJECT_BINARY_DIR}/generated/library.cpp")
add_library(limbeck::limbeck ALIAS limbeck_library)
set(rooms core recipe results device data speech kernels nn programs loss ranks teacher train deploy models experiment
  report api)
list(TRANSFORM rooms PREPEND limbeck_)
target_link_libraries(limbeck_library PRIVATE ${rooms})
# What nothing in the library calls is there for its users.
list(JOIN rooms "," listed)
set_target_properties(limbeck_library PROPERTIES LINK_LIBRARY_OVERRIDE "WHOLE_ARCHIVE,${listed}"
  OUTPUT_NAME limbeck EXPORT_NAME limbeck LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib"
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
target_include_directories(limbeck_library INTERFACE "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
  "$<INSTALL_INTERFACE:include>")
target_compile_features(limbeck_library INTERFACE cxx_std_20)
