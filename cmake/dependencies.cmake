# Every outside library but LibTorch, once. Those of the parts that may be left out (cmake/parts.cmake) are looked for
# where the part is built; limbeck_sound and its like are targets without content elsewhere.
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_library(LIMBECK_XXHASH xxhash REQUIRED)
find_path(LIMBECK_RANDOM123_INCLUDE Random123/philox.h REQUIRED)

add_library(limbeck_yaml INTERFACE)
if(TARGET yaml-cpp::yaml-cpp)
  target_link_libraries(limbeck_yaml INTERFACE yaml-cpp::yaml-cpp)
else()
  target_link_libraries(limbeck_yaml INTERFACE yaml-cpp)
endif()

add_library(limbeck_http INTERFACE)
if(LIMBECK_SERVE)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(LIMBECK_HTTPLIB REQUIRED IMPORTED_TARGET cpp-httplib)
  find_package(OpenSSL REQUIRED)  # its own threads call it, in httplib.h
  target_link_libraries(limbeck_http INTERFACE PkgConfig::LIMBECK_HTTPLIB OpenSSL::Crypto)
endif()

add_library(limbeck_onnx INTERFACE)
if(LIMBECK_ONNX)
  find_package(Protobuf REQUIRED)
  find_library(LIMBECK_ONNX_LIBRARY onnx REQUIRED)
  find_library(LIMBECK_ONNX_PROTO_LIBRARY onnx_proto REQUIRED)
  target_link_libraries(limbeck_onnx INTERFACE
    ${LIMBECK_ONNX_LIBRARY} ${LIMBECK_ONNX_PROTO_LIBRARY} protobuf::libprotobuf)
  target_compile_definitions(limbeck_onnx INTERFACE ONNX_NAMESPACE=onnx ONNX_ML=1)
endif()

add_library(limbeck_gloo INTERFACE)
if(LIMBECK_RANKS)
  # LibTorch holds or links the library; its header of c10d's group wants Gloo's. The system's are those of the system's
  # LibTorch.
  if(LIMBECK_TORCH)
    find_path(LIMBECK_GLOO_INCLUDE gloo/algorithm.h PATHS ${TORCH_INCLUDE_DIRS} NO_DEFAULT_PATH)
  else()
    find_path(LIMBECK_GLOO_INCLUDE gloo/algorithm.h REQUIRED)
  endif()
  if(LIMBECK_GLOO_INCLUDE)
    target_include_directories(limbeck_gloo SYSTEM INTERFACE ${LIMBECK_GLOO_INCLUDE})
    target_compile_definitions(limbeck_gloo INTERFACE USE_C10D_GLOO)
  else()
    message(STATUS "Several processes: left out, for this LibTorch comes without Gloo's headers")
    set(LIMBECK_RANKS OFF)
    list(APPEND LIMBECK_LEFT_OUT RANKS)
  endif()
endif()

add_library(limbeck_sound INTERFACE)
if(LIMBECK_SOUND)
  find_library(LIMBECK_SNDFILE sndfile REQUIRED)
  target_link_libraries(limbeck_sound INTERFACE ${LIMBECK_SNDFILE})
endif()

add_library(limbeck_archives INTERFACE)
if(LIMBECK_ARCHIVES)
  find_package(LibArchive REQUIRED)
  target_link_libraries(limbeck_archives INTERFACE LibArchive::LibArchive)
endif()

add_library(limbeck_downloads INTERFACE)
if(LIMBECK_DOWNLOADS)
  find_package(CURL REQUIRED)
  target_link_libraries(limbeck_downloads INTERFACE CURL::libcurl)
endif()

add_library(limbeck_pictures INTERFACE)
if(LIMBECK_PICTURES)
  find_package(JPEG REQUIRED)  # libjpeg-turbo: its colour spaces of four bytes are used
  find_library(LIMBECK_SPNG spng REQUIRED)
  target_link_libraries(limbeck_pictures INTERFACE JPEG::JPEG ${LIMBECK_SPNG})
endif()
