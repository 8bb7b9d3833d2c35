#include "nn/tensor_files.h"

#include <ATen/TensorOperators.h>

#include "core/error.h"
#include "core/nearest.h"
#include "core/npy.h"
#include "nn/dtypes.h"
#include "nn/weights.h"

namespace limbeck {
namespace {

constexpr const char* kOnlyName = "tensor";

at::Tensor read_npy_tensor(const fs::path& file) {
  const NpyArray array = read_npy(file);
  return tensor_from(scalar_type_of(array.dtype).value(), array.shape, array.bytes);
}

at::Tensor read_safetensors_tensor(const TensorPlace& place) {
  const TensorMap tensors = load_tensors(place.file).tensors;
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors) names.push_back(name);
  if (place.name.empty() && tensors.size() != 1)
    throw Error(
        ErrorKind::usage,
        fmt::format("'{0}' holds {1} tensors; name one of them, as '{0}:{2}'{3}", place.file.string(), tensors.size(),
                    names.empty() ? "NAME" : names.front(), names.empty() ? "" : ": " + quoted_list(names)));
  const auto found = place.name.empty() ? tensors.begin() : tensors.find(place.name);
  if (found == tensors.end())
    throw Error(ErrorKind::usage, fmt::format("'{}' holds no tensor '{}'{}", place.file.string(), place.name,
                                              suggestion(place.name, names)));
  return found->second;
}

}  // namespace

TensorPlace tensor_place(const std::string& spec) {
  constexpr std::string_view kNpy = ".npy", kSafetensors = ".safetensors";
  if (spec.ends_with(kNpy)) return {spec, TensorPlace::Format::npy, ""};
  if (spec.ends_with(kSafetensors)) return {spec, TensorPlace::Format::safetensors, ""};
  const size_t colon = spec.find(std::string(kSafetensors) + ":");
  if (colon == std::string::npos || colon + kSafetensors.size() + 1 == spec.size())
    throw Error(ErrorKind::usage, fmt::format("'{}' is no file of a tensor; expected FILE.npy, FILE.safetensors or "
                                              "FILE.safetensors:NAME",
                                              spec));
  return {spec.substr(0, colon + kSafetensors.size()), TensorPlace::Format::safetensors,
          spec.substr(colon + kSafetensors.size() + 1)};
}

at::Tensor read_tensor_file(const std::string& spec) {
  const TensorPlace place = tensor_place(spec);
  return place.format == TensorPlace::Format::npy ? read_npy_tensor(place.file) : read_safetensors_tensor(place);
}

void write_tensor_file(const fs::path& path, const at::Tensor& tensor) {
  const TensorPlace place = tensor_place(path.string());
  if (!place.name.empty())
    throw Error(ErrorKind::usage,
                fmt::format("'{}' names a tensor in a file; expected FILE.npy or FILE.safetensors", path.string()));
  const at::Tensor host = tensor.detach().to(at::kCPU).contiguous();
  if (place.format == TensorPlace::Format::safetensors)
    save_tensors(path, {{kOnlyName, host}}, {});
  else
    write_npy(path, dtype_name(host.scalar_type()), host.sizes().vec(), bytes_of(host));
}

}  // namespace limbeck
