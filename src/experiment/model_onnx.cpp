#include "experiment/model_onnx.h"

#include "core/hash.h"

namespace limbeck {

std::string model_onnx(const Model& model, const fs::path& made_from, OnnxOptions options) {
  options.scale = model.description.scale;
  options.metadata = metadata_of(model.description);
  options.metadata["limbeck.fingerprint"] = Hasher().add(read_file(made_from)).fingerprint();
  return to_onnx(*model.network, model.description.input, options);
}

}  // namespace limbeck
