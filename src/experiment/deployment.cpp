#include "experiment/deployment.h"

#include "core/error.h"
#include "deploy/onnx_network.h"
#include "models/model_onnx.h"

namespace limbeck {
namespace {

bool is_on_processor(const Network& network) {
  return network.parameters().empty() || network.parameters().front().value.device().is_cpu();
}

/// The network's ONNX file in onnxruntime; nullptr, and why, where it has none.
std::shared_ptr<OnnxNetwork> as_file(Deployed& network, std::vector<std::string>& notes) {
  try {
    const std::string content = model_onnx(network.model, network.files);
    network.row.onnxruntime = FileCost{.bytes = content.size(), .cost = {}};
    return std::make_shared<OnnxNetwork>(content, network.row.name, network.model.description.scale);
  } catch (const Error& problem) {
    network.row.onnxruntime.reset();
    notes.push_back(fmt::format("'{}' was not measured as an ONNX file: {}", network.row.name, problem.what()));
    return nullptr;
  }
}

}  // namespace

void measure_deployment(std::vector<Deployed>& networks, const CostOptions& options, std::vector<std::string>& notes) {
  const bool has_runtime = onnxruntime_version().has_value();
  std::vector<std::shared_ptr<OnnxNetwork>> files;
  std::vector<InferenceMaker> makers;
  std::vector<Cost*> places;  // where what each of them costs goes
  for (Deployed& network : networks) {
    const Shape& input = network.model.description.input;
    std::shared_ptr<OnnxNetwork> file = std::dynamic_pointer_cast<OnnxNetwork>(network.model.network);
    if (file != nullptr) {
      network.row.onnxruntime = FileCost{.bytes = network.row.bytes, .cost = {}};
    } else {
      if (!network.model.description.quantized) {
        network.row.cost.emplace();
        makers.push_back(inference_of(*network.model.network, input));
        places.push_back(&*network.row.cost);
      }
      if (has_runtime && is_on_processor(*network.model.network)) file = as_file(network, notes);
    }
    if (file == nullptr) continue;
    files.push_back(file);
    makers.push_back(inference_of(*file, input));
    places.push_back(&network.row.onnxruntime->cost);
  }
  const std::vector<Cost> costs = measure_costs(makers, options);
  for (size_t i = 0; i < costs.size(); ++i) *places[i] = costs[i];
  if (!has_runtime)
    notes.push_back(fmt::format("The ONNX files that ship were not measured: onnxruntime was not found; {}",
                                how_to_get_onnxruntime()));
  std::erase_if(networks, [](const Deployed& network) { return !network.row.cost && !network.row.onnxruntime; });
}

}  // namespace limbeck
