# cmake --install: the program (component program), and what others build with (component development).
# Debian's own place for libraries, whatever the prefix: its packages are made of the same build.
if(EXISTS /etc/debian_version AND CMAKE_LIBRARY_ARCHITECTURE AND NOT DEFINED CMAKE_INSTALL_LIBDIR)
  set(CMAKE_INSTALL_LIBDIR "lib/${CMAKE_LIBRARY_ARCHITECTURE}" CACHE PATH "Libraries, within the prefix")
endif()
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# A LibTorch of one's own is found where it lies now; that of the system needs no path.
set_target_properties(limbeck limbeck-engine limbeck_library PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
install(TARGETS limbeck RUNTIME COMPONENT program)
install(TARGETS limbeck-engine RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/limbeck COMPONENT program)
install(TARGETS limbeck_library EXPORT limbeck
  LIBRARY COMPONENT program NAMELINK_COMPONENT development)
install(DIRECTORY recipes/ DESTINATION ${CMAKE_INSTALL_DATADIR}/limbeck/recipes COMPONENT program
  FILES_MATCHING PATTERN "*.yaml")

# As the build has written them: app/CMakeLists.txt.
install(DIRECTORY "${PROJECT_BINARY_DIR}/share/man" "${PROJECT_BINARY_DIR}/share/bash-completion"
  "${PROJECT_BINARY_DIR}/share/limbeck" DESTINATION ${CMAKE_INSTALL_DATADIR} COMPONENT program)
set(zsh_completion "${PROJECT_BINARY_DIR}/share/zsh/site-functions/_limbeck")
install(FILES "${zsh_completion}" DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions COMPONENT zsh)
install(FILES "${zsh_completion}" DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT debian
  EXCLUDE_FROM_ALL)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/limbeck RENAME copyright COMPONENT debian
  EXCLUDE_FROM_ALL)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/liblimbeck-dev RENAME copyright
  COMPONENT debian_development EXCLUDE_FROM_ALL)

install(DIRECTORY include/limbeck DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/limbeck)
install(EXPORT limbeck FILE limbeckTargets.cmake NAMESPACE limbeck:: DESTINATION ${package_folder}
  COMPONENT development)
configure_package_config_file(cmake/limbeckConfig.cmake.in "${PROJECT_BINARY_DIR}/generated/limbeckConfig.cmake"
  INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file("${PROJECT_BINARY_DIR}/generated/limbeckConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/generated/limbeckConfig.cmake"
  "${PROJECT_BINARY_DIR}/generated/limbeckConfigVersion.cmake" DESTINATION ${package_folder} COMPONENT development)
