#include "models/model_json.h"

#include "core/error.h"
#include "core/json.h"
#include "core/version.h"
#include "deploy/graph_json.h"
#include "results/run_folder.h"

namespace limbeck {

Json model_json(const Model& model, const fs::path& weights, const fs::path& made_from) {
  const auto* network = dynamic_cast<const GraphNetwork*>(model.network.get());
  if (network == nullptr) throw Error(ErrorKind::usage, "the layers of a network from a file are not known");
  const ModelDescription& description = model.description;
  const Json graph = to_json(network->graph());
  Json json = {{"format", 1},
               {"written_by", fmt::format("limbeck {}", library_version())},
               {"weights", weights.filename().string()},
               {"architecture", description.network},
               {"folding", description.folding == Folding::never ? "none" : "linear bottlenecks"},
               {"classes", description.classes}};
  json.update(graph);
  json["input"]["scale"] = description.scale;
  if (!description.input_options.empty()) json["input"]["options"] = to_json(description.input_options);
  json["parameters"] = network->parameter_count();
  json["multiply_adds"] = network->graph().multiply_adds();
  json["made_from"] = {{"file", made_from.string()}};
  if (const std::optional<Json> stage = StageFolder(made_from.parent_path()).finished())
    json["made_from"]["fingerprint"] = stage->value("fingerprint", "");
  return json;
}

}  // namespace limbeck
