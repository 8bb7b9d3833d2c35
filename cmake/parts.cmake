# Parts of the program that a build may leave out, together with the libraries that only they need.
#
# limbeck_part(NAME WHAT ROOM pattern...): the files of src/ROOM that the patterns name. With LIMBECK_NAME=OFF none of
# them is compiled; src/ROOM/without_name.cpp stands in for them, and throws an Error that says so (core/parts.h).
# limbeck_part_in(NAME ROOM pattern...): those of another room.
set(LIMBECK_PARTS "")
set(LIMBECK_LEFT_OUT "")
macro(limbeck_part_in name room)
  list(APPEND LIMBECK_${name}_ROOMS ${room})
  set(LIMBECK_${name}_PATTERNS_${room} ${ARGN})
endmacro()
macro(limbeck_part name what room)
  option(LIMBECK_${name} "${what}" ON)
  list(APPEND LIMBECK_PARTS ${name})
  set(LIMBECK_${name}_ROOMS "")
  limbeck_part_in(${name} ${room} ${ARGN})
  if(NOT LIMBECK_${name})
    list(APPEND LIMBECK_LEFT_OUT ${name})
  endif()
endmacro()

limbeck_part(SERVE "limbeck serve, pages of playgrounds (cpp-httplib, node, npm)" serve *.cpp)
# The name was that of a library's path in build folders of before.
get_property(onnx_type CACHE LIMBECK_ONNX PROPERTY TYPE)
if(onnx_type STREQUAL "FILEPATH")
  unset(LIMBECK_ONNX CACHE)
endif()
limbeck_part(ONNX "ONNX files (libonnx, protobuf; runs them by onnxruntime)" deploy
  onnx.cpp onnx_builder.cpp onnx_file.cpp onnx_original.cpp onnxruntime.cpp graph_onnx.cpp
  script_call.cpp script_memory.cpp torchscript_onnx.cpp torchscript_operations.cpp torchscript_operations/*.cpp)
limbeck_part_in(ONNX programs onnx_*.cpp onnx_operations/*.cpp)
limbeck_part(RANKS "Training in several processes (Gloo, through LibTorch's c10d)" ranks ranks.cpp store.cpp watch.cpp)
limbeck_part(SOUND "Sound files (libsndfile)" data recordings/sound_file.cpp)
limbeck_part(ARCHIVES "Data sets in the archives in which they are published (libarchive)" data published/archive.cpp)
limbeck_part(DOWNLOADS "limbeck data fetch (libcurl)" data published/download.cpp)
limbeck_part(PICTURES "JPEG and PNG files (libjpeg-turbo, libspng)" data images/jpeg.cpp images/png.cpp)

# limbeck_choose_parts(LIST ROOM): of a room's files, those that this build compiles.
function(limbeck_choose_parts list room)
  set(folder "${PROJECT_SOURCE_DIR}/src/${room}")
  foreach(part IN LISTS LIMBECK_PARTS)
    if(NOT room IN_LIST LIMBECK_${part}_ROOMS)
      continue()
    endif()
    string(TOLOWER "${part}" lower)
    set(stand_in "${folder}/without_${lower}.cpp")
    if(LIMBECK_${part})
      list(REMOVE_ITEM ${list} "${stand_in}")
    else()
      list(TRANSFORM LIMBECK_${part}_PATTERNS_${room} PREPEND "${folder}/" OUTPUT_VARIABLE patterns)
      file(GLOB files ${patterns})
      list(REMOVE_ITEM files "${stand_in}")
      list(REMOVE_ITEM ${list} ${files})
    endif()
  endforeach()
  set(${list} "${${list}}" PARENT_SCOPE)
endfunction()
