#include "models/model_export.h"

#include "core/error.h"
#include "core/json.h"
#include "models/model_json.h"
#include "models/model_onnx.h"

namespace limbeck {

std::string export_extension(const fs::path& out, const std::string& flag) {
  const std::string extension = out.extension();
  if (extension != ".safetensors" && extension != ".pt" && extension != ".onnx")
    throw Error(ErrorKind::usage,
                fmt::format("{} '{}': expected a name that ends in .onnx, .pt or .safetensors", flag, out.string()));
  return extension;
}

fs::path description_file(const fs::path& out) {
  return fs::path(out).replace_extension(".json");
}

void write_exported(const Model& model, const fs::path& out, const fs::path& made_from, const OnnxOptions& onnx) {
  const std::string extension = out.extension();
  if (extension == ".onnx") {
    write_file(out, model_onnx(model, {made_from}, onnx));
  } else if (extension == ".pt") {
    export_torchscript(out, *model.network, model.description);
  } else {
    save_model(out, *model.network, model.description);
    write_file(description_file(out), model_json(model, out, made_from).dump(1) + "\n");
  }
}

}  // namespace limbeck
