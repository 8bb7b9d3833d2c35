#include "experiment/model_onnx.h"

#include "core/hash.h"
#include "experiment/run_folder.h"

namespace limbeck {

std::string model_onnx(const Model& model, const fs::path& made_from, OnnxOptions options) {
  options.scale = model.description.scale;
  options.metadata = metadata_of(model.description);
  options.metadata["limbeck.weights"] = Hasher().add(read_file(made_from)).fingerprint();
  if (const std::optional<Json> stage = StageFolder(made_from.parent_path()).finished())
    options.metadata["limbeck.fingerprint"] = stage->value("fingerprint", "");
  return to_onnx(*model.network, model.description.input, options);
}

}  // namespace limbeck
