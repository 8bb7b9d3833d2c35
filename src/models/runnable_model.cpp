#include "models/runnable_model.h"

#include "core/error.h"
#include "programs/torchscript_file.h"

namespace limbeck {
namespace {

/// The description in a file that Limbeck wrote; nullopt for others. An ONNX file prepares its input itself.
std::optional<ModelDescription> described_in(const fs::path& file, const std::optional<ProgramFormat>& format) {
  if (format && *format != ProgramFormat::torchscript) return std::nullopt;
  const Metadata metadata = format ? Metadata(read_torchscript_file(file).extra) : load_tensors(file).metadata;
  if (format && !metadata.contains("limbeck.input")) return std::nullopt;
  return description_from(metadata, file);
}

}  // namespace

Model load_runnable(const fs::path& file, const InputOptions& input, const RunnableOptions& options) {
  std::optional<ProgramFormat> format = program_format(file);
  const std::optional<ModelDescription> described = described_in(file, format);
  if (described && !input.empty())
    throw Error(ErrorKind::usage,
                fmt::format("'{}' says itself what its input is; --input is for files that Limbeck did "
                            "not write",
                            file.string()));
  ModelDescription description = described.value_or(ModelDescription{.input_options = input});
  if (!options.prepared) description.input_options = {};
  description.input = options.example;
  if (format) description.network = program_in(file, *format, description.network);
  const fs::path program = file.parent_path() / "model.pt";
  if (!format && brings_program(description) && fs::exists(program))
    description.network = program_in(program, ProgramFormat::torchscript, description.network);
  return load_as(description, file);
}

Model make_runnable(const Choice& network, const InputOptions& input, const RunnableOptions& options) {
  if (is_graph(network))
    throw Error(ErrorKind::usage, fmt::format("'{}' has no weights; name a file of them", network.name()));
  ModelDescription description{
      .network = resolve(network), .input = options.example, .classes = {}, .input_options = {}};
  if (options.prepared) description.input_options = input;
  return load_as(description, files_of(network).front());
}

}  // namespace limbeck
