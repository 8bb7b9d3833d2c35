# cpack: Debian packages of what is installed. limbeck holds the program and the shared library, liblimbeck-dev what
# others build with. Which packages they need is read from the libraries that they are linked with.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME limbeck)
set(CPACK_PACKAGE_VENDOR "The Limbeck authors")
set(CPACK_PACKAGE_CONTACT "The Limbeck authors <authors@limbeck.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL program debian development debian_development)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_COMPONENT_PROGRAM_GROUP program)
set(CPACK_COMPONENT_DEBIAN_GROUP program)
set(CPACK_COMPONENT_DEVELOPMENT_GROUP development)
set(CPACK_COMPONENT_DEBIAN_DEVELOPMENT_GROUP development)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS OFF)

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME limbeck)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS libopenblas0-pthread)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)  # and runs ldconfig
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_DEBIAN_PROGRAM_DESCRIPTION "Knowledge distillation on LibTorch: trains small networks from large ones.
 The program limbeck, its recipes, and the shared library of programs that embed it.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME liblimbeck-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
# And the headers of the LibTorch whose libraries the program is linked with.
set(torch_headers "")
if(NOT LIMBECK_TORCH)
  execute_process(COMMAND dpkg-query -W -f "\${Version}" libtorch-dev OUTPUT_VARIABLE torch_version ERROR_QUIET)
  string(REGEX REPLACE "-[^-]*$" "" torch_version "${torch_version}")
  set(torch_headers ", libtorch-dev (>= ${torch_version})")
endif()
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "limbeck (= ${PROJECT_VERSION})${torch_headers}")
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "Headers and CMake package of Limbeck.
 What a C++ program needs to embed Limbeck: find_package(limbeck) gives the target limbeck::limbeck.")
include(CPack)
