#include "app/onnx_file.h"

#include "core/hash.h"

namespace limbeck {

void write_onnx(const fs::path& out, const Model& model, const fs::path& model_file, OnnxOptions options) {
  options.scale = model.description.scale;
  options.metadata = metadata_of(model.description);
  options.metadata["limbeck.fingerprint"] = Hasher().add(read_file(model_file)).fingerprint();
  write_file(out, to_onnx(*model.network, model.description.input, options));
}

}  // namespace limbeck
