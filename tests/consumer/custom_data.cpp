// A data set of one's own, from tensors in memory, on which a recipe distils; stopped half-way and resumed.
// Usage: custom_data FOLDER
#include <torch/torch.h>

#include <limbeck/components.h>
#include <limbeck/dataset.h>
#include <limbeck/predictor.h>
#include <limbeck/process.h>
#include <limbeck/run.h>

#include <iostream>

namespace {

// Points [N, 2] of a chessboard of 3 x 3 fields: which colour?
limbeck::Split draw_points(int64_t count) {
  const torch::Tensor points = torch::rand({count, 2}) * 3;
  return {.inputs = points, .labels = points.floor().sum(1).remainder(2).to(torch::kLong)};
}

void register_chessboard(limbeck::Catalogue& catalogue) {
  torch::manual_seed(7);  // the same points in each run, so that it can be resumed
  const limbeck::Split train = draw_points(4000), test = draw_points(1000);
  catalogue.add<limbeck::Dataset, limbeck::NoOptions, const limbeck::DataFolders&>(
      limbeck::Slot::data, {.name = "chessboard", .summary = "Points on a chessboard and the colour of their field."},
      [=](const limbeck::NoOptions&, const limbeck::DataFolders&) {
        auto data = std::make_unique<limbeck::Dataset>();
        data->name = "chessboard";
        data->classes = {"white", "black"};
        data->train = train;
        data->test = test;
        data->scale = 1;  // networks see the coordinates as they are
        return data;
      });
}

constexpr const char* kRecipe = R"(
name: chessboard
data: { source: chessboard, validation: 500 }
networks: { large: { mlp: [200, 200] }, small: { mlp: [40] } }
stages:
  - { name: teacher, train: large, epochs: 20, batch_size: 32, optimizer: { adam: 0.01 } }
  - { name: distilled, train: small, epochs: 20, batch_size: 32, optimizer: { adam: 0.01 }, teacher: teacher,
      loss: [ soft_targets: { temperature: 2, weight: 0.9 }, hard_labels: { weight: 0.1 } ] }
)";

}  // namespace

int main(int argc, char** argv) try {
  limbeck::settle_process(argv);
  if (argc != 2) throw limbeck::Error("usage: custom_data FOLDER");
  limbeck::add_components(register_chessboard);

  std::stop_source stop;
  limbeck::RunOptions options{.out = argv[1], .stop = stop.get_token()};
  try {
    limbeck::run_recipe({.text = kRecipe}, options, [&](const limbeck::Event& event) {
      const auto* epoch = std::get_if<limbeck::EpochDone>(&event);
      if (epoch != nullptr && epoch->stage == "distilled" && epoch->epoch == 10) stop.request_stop();
    });
  } catch (const limbeck::Error& error) {
    if (error.kind() != limbeck::ErrorKind::interrupted) throw;
    std::cout << error.what() << "\n";
  }
  options.stop = {};
  const limbeck::RunSummary run = limbeck::run_recipe({.text = kRecipe}, options);

  const limbeck::Predictor predictor(run.stage("distilled").weights.front());
  const std::vector<float> corners = {0.5F, 0.5F, 1.5F, 0.5F};
  for (const limbeck::Prediction& prediction : predictor.predict(corners))
    std::cout << predictor.classes()[prediction.label] << "\n";
  std::cout << "accuracy " << run.stage("distilled").number("test", "accuracy") << "\n";
} catch (const limbeck::Error& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
