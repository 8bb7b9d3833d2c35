#pragma once
// One seed's run of a recipe: its data as this seed divides them, its stages in order, and the networks trained so far.
//
//   Json results = SeedRun({.recipe = recipe, .dataset = data, .events = events, .folder = folder, .seed = 1}).run();
#include <ATen/core/Tensor.h>

#include <map>
#include <memory>

#include "core/events.h"
#include "data/dataset.h"
#include "experiment/experiment.h"
#include "experiment/run_folder.h"
#include "experiment/specialist_groups.h"
#include "experiment/spoken_frames.h"
#include "nn/input.h"
#include "nn/network.h"
#include "recipe/recipe.h"
#include "teacher/stored_views.h"
#include "teacher/view_accuracy.h"
#include "train/trainer.h"

namespace limbeck {

struct SeedRunSetup {
  const Recipe& recipe;
  const Dataset& dataset;
  const DataFingerprints& data;
  const EventBus& events;
  at::Device device;
  RunFolder folder;
  uint64_t seed = 0;
  std::vector<fs::path> reuse = {};       ///< run folders whose finished stages are taken over where they are the same
  Recorder recorder = {};                 ///< of the passes of training; empty: they are launched one by one
  bool deployment = false;                ///< measure what each network costs where it is used
  std::vector<std::string> command = {};  ///< by which the run was started
};

/// Moves a folder's results aside where they were made of something else, and says so.
void set_aside_results(const RunFolder& folder, const std::string& made_of, const EventBus& events);

/// In what the products of a stage's passes are made. Throws Error where the recipe asks for what the device has not.
Precision precision_of(const StageRecipe& stage, at::Device device);

class SeedRun {
 public:
  /// Checks everything about data and teachers that can be checked before work.
  explicit SeedRun(const SeedRunSetup& setup);
  /// Runs what is not done and returns what results.json holds.
  Json run();
  /// A fingerprint of all that the results depend on: recipe, seed, data, device, networks that were given.
  std::string made_of() const;
  /// A notice for each stage that is still to be trained, from random weights, in very few steps.
  void tell_few_steps() const;
  /// See Experiment.
  int64_t help();
  void visit_stores(const std::string& stage, StoreAccess access,
                    const std::function<void(const StageRecipe&, StoredViews&)>& use);

 private:
  void check(const StageRecipe& stage);
  /// Whether the teacher's outputs lie in a file already, all of them, and the teacher is not trained by the recipe, so
  /// that one can be compared with the other. (One that is not full may be in the hands of another process.)
  bool has_given_store(const StageRecipe& stage) const;
  void check_network(const StageRecipe& stage) const;
  std::shared_ptr<Network> network(const std::string& name);
  Json settings_of(const StageRecipe& stage);
  void take_over(const StageRecipe& stage, const std::string& fingerprint) const;
  /// Where the stage is finished with other settings: moves what it left aside, and says so.
  void set_aside(const StageRecipe& stage, const Json& settings) const;
  /// The folders of the networks that the stage is made of, where they are others than its own.
  std::vector<StageFolder> members_of(const StageRecipe& stage) const;
  /// From here on the stage's files are of another training: what is of the one before goes first, and the record of
  /// the stage whose member it is.
  void begin_anew(const StageRecipe& stage, const Json& settings);

  Json run_stage(const StageRecipe& stage);
  /// Without the rounds of alignment before it.
  Json run_stage_alone(const StageRecipe& stage);
  /// Calls run(k) for each of the stage's members, from 1, while no other process trains it; waits for those that
  /// others train.
  void share_out(const StageRecipe& stage, const std::function<void(int64_t k)>& run);
  /// Loads the stages of these names where all are finished as the recipe has them; false otherwise.
  bool load_finished(const std::vector<std::string>& names);
  /// Whether the folder has the stage as the recipe has it; what it depends on is loaded.
  bool is_finished(const StageRecipe& stage);
  bool specialist_is_finished(const StageRecipe& stage, const std::vector<int64_t>& group);
  /// What a specialist's weights depend on.
  Json specialist_settings(const StageRecipe& stage, const std::vector<int64_t>& group);
  ClassGroups find_groups(const StageRecipe& stage);
  /// The stage of this name, or the one whose replica has it; nullptr for a network with weights.
  const StageRecipe* stage_with(const std::string& name) const;
  /// Runs that stage, after what it needs.
  void run_with_inputs(const std::string& name);
  /// The stage's work, by its kind; each remembers the network and returns the stage's entry in results.json.
  Json train_stage(const StageRecipe& stage, const std::string& fingerprint);
  Json gather_replicas(const StageRecipe& stage, const std::vector<Json>& members);
  Json calibrate_stage(const StageRecipe& stage);
  /// Finds the groups, trains their specialists one after the other, and measures them together with the generalist.
  Json train_specialists(const StageRecipe& stage);
  /// One specialist, trained where it is not done yet.
  std::shared_ptr<Network> train_specialist(const StageRecipe& stage, const std::vector<int64_t>& group);
  std::shared_ptr<GraphNetwork> make_specialist(const StageRecipe& stage, const std::vector<int64_t>& group) const;
  /// The generalist with the specialists of these groups.
  std::shared_ptr<Network> load_specialists(const StageRecipe& stage, const std::vector<std::vector<int64_t>>& groups);
  /// Writes down the labels that the network gives the frames, and says how many changed.
  Json align_frames(const StageRecipe& stage, const Network& trained);
  /// What rounding cost, and what it saved: {"of", "examples", "test_examples", "errors_before", "errors_after"}, and
  /// where this build writes ONNX files, {"onnx_bytes_before", "onnx_bytes"}.
  Json quantization_numbers(const StageRecipe& stage, const Network& rounded);
  /// What follows is trained on, and measured by, these.
  void show_labels(FrameLabels labels);

  /// A network of the recipe as training finds it: drawn from the seed, or as its TorchScript file has it.
  std::shared_ptr<Network> make(const NetworkRecipe& network, uint64_t seed) const;
  /// Of the stage's form; of a stage that rounds to bytes, without the weights that it begins with.
  std::shared_ptr<Network> make_stage_network(const StageRecipe& stage) const;
  /// Another stage's network, rounded to bytes, with ranges from the stage's examples.
  std::shared_ptr<Network> make_quantized(const StageRecipe& stage);
  TrainingResult train(const StageRecipe& stage, Network& trained, const ExampleSet& examples,
                       const std::string& fingerprint);
  ExampleSet examples_of(const StageRecipe& stage) const;
  std::unique_ptr<Teacher> teacher_of(const StageRecipe& stage, TeacherContext context);
  /// A notice where the teacher is much worse on the stage's views than on the examples as they are.
  void tell_of_views(const StageRecipe& stage, const ViewAccuracy& teacher) const;
  /// The teacher of what a stage trains on; examples and augmenter outlive it.
  std::unique_ptr<Teacher> training_teacher(const StageRecipe& stage, const ExampleSet& examples,
                                            const Augmenter& augmenter);
  /// Of the stage's random numbers; all its replicas and specialists share it.
  uint64_t stream_seed(const StageRecipe& stage) const;
  /// The same, of a replica or a specialist its own.
  uint64_t seed_of(const StageRecipe& stage) const;
  /// Numbers on test, validation and train; the details go into evaluation.json.
  Json evaluate_stage(const StageRecipe& stage, const Network& trained);
  void save_weights(const StageRecipe& stage, const Network& trained) const;
  /// What every entry has: name, network, teacher, objective, evaluations, weights.
  Json entry_of(const StageRecipe& stage, const Network& trained);
  /// Of a stage, or of a network with weights.
  at::Tensor logits_on_test(const std::string& name);
  void write_examples();
  /// The memory that the stage which needs most will take; a warning where the machine has less.
  void tell_memory();
  /// Size, latency and accuracy of every network, as CostRows.
  /// [{"name", "files", "description"}] of the networks that came with weights, for those who find them again
  /// (run_networks.h).
  Json given_networks() const;
  Json deployment(const Json& stages);
  std::string conditions_of(const StageRecipe& stage, const Network& trained, Precision precision);
  EventBus metrics_writer(const StageFolder& stage_folder) const;

  SeedRunSetup setup_;
  TrainingSplit split_;
  ExampleSet validation_;
  ExampleSet test_;
  FrameLabels labels_;                                        ///< of whole splits, where they are frames of recordings
  std::map<std::string, InputOptions> inputs_;                ///< by network, what it does to pixels first
  bool only_finished_ = false;                                ///< a stage that would have to be trained is an error
  std::map<std::string, std::shared_ptr<Network>> networks_;  ///< by stage, or by name where they have weights
  std::map<std::string, std::string> fingerprints_;           ///< of what is in networks_
  std::map<std::string, at::Tensor> test_logits_;             ///< by stage: what was predicted once is not again
  std::map<std::string, at::Tensor> teacher_logits_;          ///< by split and teacher
};

}  // namespace limbeck
