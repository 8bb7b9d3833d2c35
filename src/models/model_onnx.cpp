#include "models/model_onnx.h"

#include "core/hash.h"
#include "core/json.h"
#include "results/run_folder.h"

namespace limbeck {

std::string model_onnx(const Model& model, const std::vector<fs::path>& made_from, OnnxOptions options) {
  options.scale = model.description.scale;
  options.metadata = metadata_of(model.description);
  Hasher weights;
  for (const fs::path& file : made_from) weights.add(read_file(file));
  options.metadata["limbeck.weights"] = weights.fingerprint();
  if (const std::optional<Json> stage = StageFolder(made_from.front().parent_path()).finished();
      stage && made_from.size() == 1)
    options.metadata["limbeck.fingerprint"] = stage->value("fingerprint", "");
  return to_onnx(*model.network, model.description.input, options);
}

}  // namespace limbeck
