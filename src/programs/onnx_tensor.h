#pragma once
// The tensors of ONNX files.
#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>

#include "core/files.h"
#include "core/mapped_file.h"

namespace onnx {
class TensorProto;
}

namespace limbeck {

/// The type of LibTorch for one of ONNX (TensorProto.DataType). Throws Error where LibTorch has none.
at::ScalarType type_of_onnx(int type);

class OnnxTensorReader {
 public:
  /// file: of the model; external data lies in its folder.
  explicit OnnxTensorReader(const fs::path& file) : folder_(file.parent_path()) {}

  /// A tensor that owns its memory. Throws Error, without the file's name, if its extents, type and data do not fit
  /// each other, or if its data would lie outside of the model's folder.
  at::Tensor read(const onnx::TensorProto& tensor);

 private:
  std::string_view external_bytes(const onnx::TensorProto& tensor);

  fs::path folder_;
  std::map<std::string, std::unique_ptr<MappedFile>> files_;
};

}  // namespace limbeck
