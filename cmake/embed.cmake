# limbeck_embedded_texts(TARGET HEADER NAME=FILE...): compiles text files into the target. HEADER declares the constants
# NAME, each `extern const char* const`; each is the text of its FILE, begun on a line of its own. Needs no node.
#
# The file is also the script of that step: cmake -DOUT=... -DHEADER=... "-DTEXTS=NAME=FILE|..." -P embed.cmake
function(limbeck_embedded_texts target header)
  string(REGEX REPLACE "[/.]" "_" stem "${header}")
  set(generated "${PROJECT_BINARY_DIR}/generated/embedded_${stem}.cpp")
  list(TRANSFORM ARGN REPLACE "^[^=]+=" "" OUTPUT_VARIABLE files)
  list(JOIN ARGN "|" texts)
  add_custom_command(OUTPUT "${generated}"
    COMMAND "${CMAKE_COMMAND}" "-DOUT=${generated}" "-DHEADER=${header}" "-DTEXTS=${texts}"
      -P "${PROJECT_SOURCE_DIR}/cmake/embed.cmake"
    DEPENDS ${files} "${PROJECT_SOURCE_DIR}/cmake/embed.cmake"
    COMMENT "Embedding the texts of ${header}" VERBATIM)
  target_sources(${target} PRIVATE "${generated}")
endfunction()

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  set(content "// Generated: do not edit.\n#include \"${HEADER}\"\n\nnamespace limbeck {\n\n")
  string(REPLACE "|" ";" texts "${TEXTS}")
  foreach(text IN LISTS texts)
    string(REGEX MATCH "^([^=]+)=(.+)$" matched "${text}")
    set(name "${CMAKE_MATCH_1}")
    file(READ "${CMAKE_MATCH_2}" read)
    string(APPEND content "const char* const ${name} = R\"limbeck(\n${read})limbeck\";\n\n")
  endforeach()
  file(WRITE "${OUT}" "${content}}  // namespace limbeck\n")
endif()
