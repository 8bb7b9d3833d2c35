#include "limbeck/export.h"

#include "api/guarded.h"
#include "models/model_export.h"
#include "models/model_files.h"

namespace limbeck {

void export_model(const fs::path& model, const fs::path& file, const ExportOptions& options) {
  guarded([&] {
    const std::string extension = export_extension(file, "export_model:");
    if (extension != ".onnx" && (options.softmax || options.bytes))
      throw Error(ErrorKind::usage, fmt::format("softmax and bytes are of ONNX files; '{}' is none", file.string()));
    const fs::path from = model_file(model);
    refuse_onnx(from, "export");
    const Model loaded = load_model(from);
    if (options.bytes && !takes_pictures(loaded.description))
      throw Error(ErrorKind::usage, fmt::format("bytes is of networks that take pictures; '{}' takes {}", from.string(),
                                                to_text(loaded.description.input)));
    write_exported(loaded, file, from, {.softmax = options.softmax, .bytes = options.bytes});
  });
}

}  // namespace limbeck
