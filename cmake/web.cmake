# limbeck_web_assets(TARGET): bundles web/ and embeds it in the target, so that the program stays one file. The npm
# packages are installed where they are missing or older than package-lock.json. Without node (LIMBECK_WEB=OFF) the
# program has no pages.
option(LIMBECK_WEB "Bundle the pages of `limbeck serve` (needs node and npm)" ON)

function(limbeck_web_assets target)
  set(generated "${PROJECT_BINARY_DIR}/generated/web_assets.cpp")
  if(NOT LIMBECK_WEB)
    file(CONFIGURE OUTPUT "${generated}" @ONLY CONTENT
"// Generated: a program without pages.
#include \"serve/assets.h\"
namespace limbeck {
std::span<const Asset> web_assets() { return {}; }
}  // namespace limbeck
")
    target_sources(${target} PRIVATE "${generated}")
    return()
  endif()
  find_program(LIMBECK_NODE NAMES node nodejs REQUIRED)
  find_program(LIMBECK_NPM npm REQUIRED)
  set(web "${PROJECT_SOURCE_DIR}/web")
  set(installed "${web}/node_modules/.package-lock.json")
  add_custom_command(OUTPUT "${installed}"
    COMMAND "${LIMBECK_NPM}" ci --ignore-scripts --silent
    COMMAND "${CMAKE_COMMAND}" -E touch "${installed}"
    DEPENDS "${web}/package.json" "${web}/package-lock.json"
    WORKING_DIRECTORY "${web}" COMMENT "Installing the npm packages of web/" VERBATIM)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${web}/src/*")
  set(bundle "${PROJECT_BINARY_DIR}/web")
  add_custom_command(OUTPUT "${generated}"
    COMMAND "${LIMBECK_NODE}" "${web}/build.mjs" "${bundle}" "${generated}"
    DEPENDS "${web}/build.mjs" "${installed}" ${sources}
    COMMENT "Bundling web/" VERBATIM)
  target_sources(${target} PRIVATE "${generated}")
endfunction()
