# Every outside library, once. LibTorch may be Debian's 1.13 or a newer 2.x: what differs in the sources lives in
# src/nn/torch_compatibility.h.
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(CURL REQUIRED)
find_package(LibArchive REQUIRED)
find_package(JPEG REQUIRED)  # libjpeg-turbo: its colour spaces of four bytes are used
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(OpenMP REQUIRED)
find_package(Torch REQUIRED)
find_package(dnnl QUIET)  # optional: without it matrix products go through LibTorch alone

find_library(LIMBECK_XXHASH xxhash REQUIRED)
find_library(LIMBECK_SPNG spng REQUIRED)
find_library(LIMBECK_SNDFILE sndfile REQUIRED)
find_path(LIMBECK_RANDOM123_INCLUDE Random123/philox.h REQUIRED)

add_library(limbeck_torch INTERFACE)
# LibTorch's parallel_for is a template that needs OpenMP in every file.
target_link_libraries(limbeck_torch INTERFACE ${TORCH_LIBRARIES} OpenMP::OpenMP_CXX)
target_include_directories(limbeck_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
separate_arguments(LIMBECK_TORCH_FLAGS UNIX_COMMAND "${TORCH_CXX_FLAGS}")
target_compile_options(limbeck_torch INTERFACE ${LIMBECK_TORCH_FLAGS} -Wno-pedantic)

find_package(Protobuf REQUIRED)
find_library(LIMBECK_ONNX onnx REQUIRED)
find_library(LIMBECK_ONNX_PROTO onnx_proto REQUIRED)
add_library(limbeck_onnx INTERFACE)
target_link_libraries(limbeck_onnx INTERFACE ${LIMBECK_ONNX} ${LIMBECK_ONNX_PROTO} protobuf::libprotobuf)
target_compile_definitions(limbeck_onnx INTERFACE ONNX_NAMESPACE=onnx ONNX_ML=1)

add_library(limbeck_yaml INTERFACE)
if(TARGET yaml-cpp::yaml-cpp)
  target_link_libraries(limbeck_yaml INTERFACE yaml-cpp::yaml-cpp)
else()
  target_link_libraries(limbeck_yaml INTERFACE yaml-cpp)
endif()

find_package(PkgConfig REQUIRED)
pkg_check_modules(LIMBECK_HTTPLIB REQUIRED IMPORTED_TARGET cpp-httplib)
