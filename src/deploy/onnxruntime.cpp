#include "deploy/onnxruntime.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <vector>

#include "core/error.h"
#include "core/files.h"

namespace limbeck {

/// What onnxruntime_c_api.h declares, as far as it is used here.
namespace onnxruntime {

struct OrtStatus;
struct OrtEnv;
struct OrtSession;
struct OrtSessionOptions;
struct OrtValue;
struct OrtMemoryInfo;
struct OrtTensorTypeAndShapeInfo;
enum ElementType { kFloat32 = 1, kUint8 = 2 };
constexpr int kOnlyFatal = 4, kArenaAllocator = 1, kDefaultMemory = 0;

struct ApiBase {
  const void* const* (*table)(uint32_t version);
  const char* (*version)();
};

/// The functions of OrtApi by their places, all of version 1: ort_api_1_to_… in onnxruntime_c_api.cc.
struct OrtApi {
  explicit OrtApi(const void* const* table) {
    const auto take = [&](auto& function, size_t place) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(const_cast<void*>(table[place]));
    };
    take(message, 2);
    take(create_environment, 3);
    take(create_session, 8);
    take(run, 9);
    take(create_options, 10);
    take(set_threads_within, 24);
    take(set_threads_between, 25);
    take(create_tensor, 49);
    take(tensor_data, 51);
    take(element_type, 60);
    take(dimension_count, 61);
    take(dimensions, 62);
    take(tensor_info, 65);
    take(create_cpu_memory, 69);
    take(release_status, 93);
    take(release_session, 95);
    take(release_value, 96);
    take(release_tensor_info, 99);
    take(release_options, 100);
  }

  const char* (*message)(const OrtStatus*);
  OrtStatus* (*create_environment)(int logging, const char* name, OrtEnv**);
  OrtStatus* (*create_session)(const OrtEnv*, const void* model, size_t bytes, const OrtSessionOptions*, OrtSession**);
  OrtStatus* (*run)(OrtSession*, const void* options, const char* const* inputs, const OrtValue* const* values,
                    size_t input_count, const char* const* outputs, size_t output_count, OrtValue** results);
  OrtStatus* (*create_options)(OrtSessionOptions**);
  OrtStatus* (*set_threads_within)(OrtSessionOptions*, int);
  OrtStatus* (*set_threads_between)(OrtSessionOptions*, int);
  OrtStatus* (*create_tensor)(const OrtMemoryInfo*, void* data, size_t bytes, const int64_t* shape, size_t rank,
                              ElementType, OrtValue**);
  OrtStatus* (*tensor_data)(OrtValue*, void**);
  OrtStatus* (*element_type)(const OrtTensorTypeAndShapeInfo*, ElementType*);
  OrtStatus* (*dimension_count)(const OrtTensorTypeAndShapeInfo*, size_t*);
  OrtStatus* (*dimensions)(const OrtTensorTypeAndShapeInfo*, int64_t*, size_t);
  OrtStatus* (*tensor_info)(const OrtValue*, OrtTensorTypeAndShapeInfo**);
  OrtStatus* (*create_cpu_memory)(int allocator, int memory, OrtMemoryInfo**);
  void (*release_status)(OrtStatus*);
  void (*release_session)(OrtSession*);
  void (*release_value)(OrtValue*);
  void (*release_tensor_info)(OrtTensorTypeAndShapeInfo*);
  void (*release_options)(OrtSessionOptions*);

  /// Throws Error with what onnxruntime says where a call failed.
  void check(OrtStatus* status, const std::string& what) const {
    if (status == nullptr) return;
    const std::string why = message(status);
    release_status(status);
    throw Error(fmt::format("onnxruntime cannot {}: {}", what, why));
  }
};

template <class T>
using Owned = std::unique_ptr<T, void (*)(T*)>;

/// An opened library is never closed: it keeps threads.
struct Library {
  std::string version;
  OrtApi api;
  OrtEnv* environment = nullptr;
  OrtMemoryInfo* memory = nullptr;
};

}  // namespace onnxruntime

namespace {

using namespace onnxruntime;

/// nullopt where the file is none that this processor can run.
std::optional<Library> open_library(const fs::path& file) {
  void* handle = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return std::nullopt;
  const auto base_of = reinterpret_cast<const ApiBase* (*)()>(::dlsym(handle, "OrtGetApiBase"));
  const ApiBase* base = base_of == nullptr ? nullptr : base_of();
  const void* const* table = base == nullptr ? nullptr : base->table(1);
  if (table == nullptr) return std::nullopt;
  Library library{.version = base->version(), .api = OrtApi(table)};
  library.api.check(library.api.create_environment(kOnlyFatal, "limbeck", &library.environment), "start");
  library.api.check(library.api.create_cpu_memory(kArenaAllocator, kDefaultMemory, &library.memory), "start");
  return library;
}

/// The libraries of that name in a folder and below, for whatever processors they are.
std::vector<fs::path> libraries_in(const fs::path& place) {
  if (!is_folder(place)) return {place};
  std::vector<fs::path> found;
  std::error_code problem;
  for (fs::recursive_directory_iterator at(place, problem), end; !problem && at != end; at.increment(problem))
    if (at->path().filename().string().starts_with("libonnxruntime.so")) found.push_back(at->path());
  std::sort(found.begin(), found.end());
  return found;
}

std::optional<Library> find_library() {
  std::vector<fs::path> candidates;
  const char* chosen = std::getenv("LIMBECK_ONNXRUNTIME");
  if (chosen != nullptr && *chosen != '\0') {
    candidates = libraries_in(fs::absolute(chosen));
  } else {
    candidates = libraries_in(onnxruntime_folder());
    candidates.insert(candidates.begin(), {"libonnxruntime.so.1", "libonnxruntime.so"});
  }
  for (const fs::path& file : candidates)
    if (std::optional<Library> library = open_library(file)) return library;
  return std::nullopt;
}

const std::optional<Library>& library() {
  static const std::optional<Library> kLibrary = find_library();
  return kLibrary;
}

}  // namespace

std::optional<std::string> onnxruntime_version() {
  return library() ? std::optional(library()->version) : std::nullopt;
}

const char* how_to_get_onnxruntime() {
  return "`npm install --ignore-scripts onnxruntime-node` brings it: LIMBECK_ONNXRUNTIME=node_modules/onnxruntime-node "
         "then says where it is";
}

struct OnnxSession::State {
  OnnxSessionOptions options;
  const onnxruntime::Library& found;
  onnxruntime::Owned<onnxruntime::OrtSession> session;
};

OnnxSession::OnnxSession(const std::string& model, OnnxSessionOptions options) {
  if (!library())
    throw Error(
        fmt::format("'{}' is run by onnxruntime, which was not found; {}", options.name, how_to_get_onnxruntime()));
  const OrtApi& api = library()->api;
  OrtSessionOptions* made = nullptr;
  api.check(api.create_options(&made), "start");
  const Owned<OrtSessionOptions> of_session(made, api.release_options);
  api.check(api.set_threads_within(made, options.threads), "start");
  api.check(api.set_threads_between(made, 1), "start");
  OrtSession* session = nullptr;
  api.check(api.create_session(library()->environment, model.data(), model.size(), made, &session),
            fmt::format("load '{}'", options.name));
  state_.reset(new State{std::move(options), *library(), Owned<OrtSession>(session, api.release_session)});
}

OnnxSession::~OnnxSession() = default;

at::Tensor OnnxSession::run(const std::string& input_name, const at::Tensor& input,
                            const std::string& output_name) const {
  const OrtApi& api = state_->found.api;
  const std::string what = fmt::format("run '{}'", state_->options.name);
  const at::Tensor held = input.contiguous();
  OrtValue* value = nullptr;
  api.check(api.create_tensor(state_->found.memory, held.data_ptr(), held.nbytes(), held.sizes().data(),
                              held.sizes().size(), held.scalar_type() == at::kByte ? kUint8 : kFloat32, &value),
            what);
  const Owned<OrtValue> owned_input(value, api.release_value);
  const char* const inputs[] = {input_name.c_str()};
  const char* const outputs[] = {output_name.c_str()};
  const OrtValue* const values[] = {value};
  OrtValue* result = nullptr;
  api.check(api.run(state_->session.get(), nullptr, inputs, values, 1, outputs, 1, &result), what);
  const Owned<OrtValue> owned_output(result, api.release_value);

  OrtTensorTypeAndShapeInfo* described = nullptr;
  api.check(api.tensor_info(result, &described), what);
  const Owned<OrtTensorTypeAndShapeInfo> info(described, api.release_tensor_info);
  ElementType type{};
  size_t rank = 0;
  api.check(api.element_type(described, &type), what);
  api.check(api.dimension_count(described, &rank), what);
  std::vector<int64_t> shape(rank);
  api.check(api.dimensions(described, shape.data(), rank), what);
  if (type != kFloat32)
    throw Error(fmt::format("'{}' gives elements of ONNX's type {}; expected float32", state_->options.name,
                            static_cast<int>(type)));
  at::Tensor output = at::empty(shape, at::kFloat);
  void* data = nullptr;
  api.check(api.tensor_data(result, &data), what);
  std::memcpy(output.data_ptr(), data, output.nbytes());
  return output;
}

}  // namespace limbeck
