#include "programs/program_network.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/script.h>
#include <torch/version.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "core/error.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/nearest.h"
#include "core/random.h"
#include "kernels/plain_operations.h"
#include "kernels/torch_compatibility.h"
#include "nn/inference.h"
#include "programs/product_count.h"
#include "programs/returned_outputs.h"
#include "programs/tapped_program.h"
#include "programs/torch_reason.h"

namespace limbeck {

/// One tensor of a module, in the place where the program looks for it.
struct TensorSlot {
  std::string name;  ///< "layer1.0.conv1.weight"
  c10::intrusive_ptr<c10::ivalue::Object> owner;
  size_t place = 0;
  bool is_parameter = false;

  at::Tensor tensor() const { return owner->getSlot(place).toTensor(); }
};

namespace {

using Module = torch::jit::Module;

constexpr int64_t kTried = 3;  // examples on which a program is tried; of two, the statistics of a batch norm are those
                               // of their difference alone

Module load_module(const fs::path& file, const std::string& content, at::Device device) {
  try {
    std::istringstream stream(content);
    return torch::jit::load(stream, device);
  } catch (const std::exception& error) {
    throw Error(fmt::format("'{}' cannot be loaded as TorchScript by LibTorch {}: {}", file.string(), TORCH_VERSION,
                            torch_reason(error)));
  }
}

/// The constants of all functions of a program: what a frozen one has in the place of parameters.
std::vector<at::Tensor> constants_of(const Module& module) {
  std::vector<at::Tensor> constants;
  const std::function<void(const torch::jit::Block*)> collect = [&](const torch::jit::Block* block) {
    for (const torch::jit::Node* node : block->nodes()) {
      if (node->kind() == torch::jit::prim::Constant && node->hasAttribute(torch::jit::attr::value) &&
          node->kindOf(torch::jit::attr::value) == torch::jit::AttributeKind::t)
        constants.push_back(node->t(torch::jit::attr::value));
      for (const torch::jit::Block* inner : node->blocks()) collect(inner);
    }
  };
  for (torch::jit::Function* function : module._ivalue()->compilation_unit()->get_functions())
    if (auto* with_graph = torch::jit::tryToGraphFunction(*function)) collect(with_graph->graph()->block());
  return constants;
}

/// LibTorch believes what a file says of a tensor's place in its memory.
bool lies_in_storage(const at::Tensor& tensor) {
  if (!tensor.has_storage() || tensor.numel() == 0) return true;
  int64_t last = tensor.storage_offset();
  if (last < 0) return false;
  for (int64_t dimension = 0; dimension < tensor.dim(); ++dimension) {
    const int64_t extent = tensor.size(dimension), stride = tensor.stride(dimension);
    int64_t reach = 0;
    if (stride < 0 || __builtin_mul_overflow(extent - 1, stride, &reach) || __builtin_add_overflow(last, reach, &last))
      return false;
  }
  return static_cast<size_t>(last) < tensor.storage().nbytes() / tensor.element_size();
}

std::vector<TensorSlot> tensor_slots(const Module& module) {
  std::vector<TensorSlot> slots;
  for (const auto& [path, part] : module.named_modules()) {
    const c10::intrusive_ptr<c10::ivalue::Object> object = part._ivalue();
    const c10::ClassTypePtr type = object->type();
    for (size_t i = 0; i < type->numAttributes(); ++i) {
      const c10::IValue value = object->getSlot(i);
      if (!value.isTensor() || !value.toTensor().defined()) continue;
      slots.push_back({path.empty() ? type->getAttributeName(i) : path + "." + type->getAttributeName(i), object, i,
                       type->is_parameter(i)});
    }
  }
  return slots;
}

void write_module(const fs::path& file, const Module& module, const std::map<std::string, std::string>& extra) {
  try {
    std::ostringstream stream;
    module.save(stream, {extra.begin(), extra.end()});
    write_file(file, stream.str());
  } catch (const c10::Error& error) {
    throw Error(fmt::format("cannot write '{}' as TorchScript: {}", file.string(), torch_reason(error)));
  }
}

/// Seeds LibTorch's generator as a function of what the pass is of.
void seed_generator(const Noise& noise) {
  const auto first = noise.ids.numel() > 0 ? noise.ids[0].item<int64_t>() : 0;
  constexpr uint32_t kLane = 255;  // dropout nodes of graphs count from 0
  const auto words = philox(
      {noise.seed, Purpose::dropout, static_cast<uint32_t>(noise.epoch.number()), static_cast<uint32_t>(first), kLane},
      0);
  at::manual_seed(static_cast<uint64_t>(words[0]) << 32 | words[1]);
}

}  // namespace

/// A program with its weights as constants, as LibTorch rewrites it once for the processor: batch norm multiplied into
/// convolutions, tensors in oneDNN's order where LibTorch can.
struct FrozenProgram : PreparedForm {
  std::optional<Module>
      module;  ///< nothing where LibTorch cannot make it, or it gives something else for `seen` than the plain program

  FrozenProgram(const Module& plain, const at::Tensor& seen, const std::string& output) {
    try {
      Module copy = plain.clone();
      {
        const torch::jit::GraphOptimizerEnabledGuard rewritten(true);
        module = kOptimizesForInference ? torch::jit::optimize_for_inference(copy) : torch::jit::freeze(copy);
      }
      const torch::jit::GraphOptimizerEnabledGuard as_it_stands(false);
      if (!agree(returned_by(copy.forward({seen}), output), returned_by(module->forward({seen}), output)))
        module.reset();
    } catch (const std::exception&) {
      module.reset();
    }
  }
};

struct ProgramNetwork::Script {
  Module module;
  at::Device device = at::kCPU;
  at::ScalarType dtype = at::kFloat;
  std::vector<TensorSlot> buffers;  ///< of buffers_, in their order
  std::optional<bool> is_training;  ///< the mode that it was last put into
};

ProgramNetwork::ProgramNetwork(ProgramFormat format, ProgramOptions options, const TaskShape& task, InputOptions input)
    : format_(format),
      options_(std::move(options)),
      file_(options_.file),
      task_(task),
      input_(std::move(input)),
      script_(std::make_unique<Script>()) {
  check_options();
  load(at::kCPU);
  try_out();
}

ProgramNetwork::ProgramNetwork(const fs::path& file, const TaskShape& task, InputOptions input)
    : ProgramNetwork(ProgramFormat::torchscript, {.file = file.string()}, task, std::move(input)) {}

void ProgramNetwork::load(at::Device device) {
  const ProgramFile read = read_program_file(file_, format_, shape_seen());
  if (!content_fingerprint_.empty() && read.fingerprint != content_fingerprint_)
    throw Error(fmt::format("'{}' was changed while this program ran", file_.string()));
  content_fingerprint_ = read.fingerprint;
  onnx_graph_ = read.onnx_graph;
  only_output_ = read.only_output;
  if (options_.output == only_output_) options_.output.clear();  // there is no other
  *script_ = {load_module(file_, read.torchscript, device), device};
  collect_tensors();
}

ProgramNetwork::~ProgramNetwork() = default;

const torch::jit::Module& ProgramNetwork::module() const {
  return script_->module;
}

void ProgramNetwork::collect_tensors() {
  const std::vector<TensorSlot> slots = tensor_slots(script_->module);
  std::vector<at::Tensor> constants = constants_of(script_->module);
  const auto check = [&](const at::Tensor& tensor, const std::string& name) {
    if (!lies_in_storage(tensor))
      throw Error(fmt::format("'{}' is damaged: {} lies outside of its memory", file_.string(), name));
  };
  for (const TensorSlot& slot : slots) check(slot.tensor(), slot.name);
  for (const at::Tensor& constant : constants) check(constant, "a constant");
  parameters_.clear();
  buffers_.clear();
  script_->buffers.clear();
  parameter_count_ = 0;
  std::set<const void*> seen;  // tied weights are one tensor in several places
  std::optional<at::ScalarType> dtype;
  for (const TensorSlot& slot : slots) {
    at::Tensor tensor = slot.tensor();
    if (!seen.insert(tensor.unsafeGetTensorImpl()).second) continue;
    if (is_half(tensor)) tensor.set_data(tensor.to(at::kFloat));
    if (tensor.is_floating_point() && !dtype) dtype = tensor.scalar_type();
    if (slot.is_parameter) parameter_count_ += tensor.numel();
    if (slot.is_parameter && tensor.requires_grad()) {
      parameters_.push_back({slot.name, tensor});
    } else {
      buffers_.push_back({slot.name, tensor});
      script_->buffers.push_back(slot);
    }
  }
  for (const at::Tensor& constant : constants)
    if (constant.is_floating_point() && constant.dim() > 0 && !dtype) dtype = constant.scalar_type();
  script_->dtype = dtype.value_or(at::kFloat);
}

at::Tensor ProgramNetwork::trial_inputs() const {
  Shape shape = task_.input;
  shape.insert(shape.begin(), kTried);
  return at::linspace(0, 1, element_count(shape), at::kFloat).reshape(shape);
}

void ProgramNetwork::try_out() {
  const at::Tensor inputs = trial_inputs();
  const at::NoGradGuard no_gradient;
  Returned outputs;
  at::Tensor beside_others;  // the logits where the examples after the first are others
  const auto try_batches = [&] {
    multiply_adds_ = count_multiply_adds([&] { outputs = evaluated(inputs); });
    beside_others = evaluated(at::stack({inputs[0], inputs[2].square(), 1 - inputs[1]})).logits;
  };
  const torch::jit::GraphOptimizerEnabledGuard as_it_stands(false);
  script_->module.eval();
  script_->is_training = false;
  std::string problem;
  try {
    try_batches();
  } catch (const std::exception& error) {
    problem = torch_reason(error);
  }
  const bool takes_other =
      !problem.empty() || (outputs.logits.defined() && outputs.logits.dim() > 0 && outputs.logits.size(0) == 1);
  if (takes_other) {
    try {
      takes_one_example_ = true;
      try_batches();
    } catch (const std::exception&) {
      takes_one_example_ = false;
    }
  }
  if (!problem.empty() && !takes_one_example_)
    throw Error(fmt::format("'{}' does not take the data's examples of {}{}: {}", file_.string(), to_text(task_.input),
                            input_.empty() ? "" : fmt::format(" as {}", to_json(input_).dump()), problem));
  if (multiply_adds_) *multiply_adds_ /= kTried;
  check(outputs, beside_others);
  if (options_.returns != ReturnedValues::automatic)
    returns_ = options_.returns;
  else if (are_probabilities(at::cat({outputs.logits, beside_others})))
    returns_ = ReturnedValues::probabilities;
  returns_float16_ = outputs.logits.scalar_type() == at::kHalf;
  task_.classes = outputs.logits.size(1);
  returned_features_.clear();
  for (const auto& [feature, tensor] : outputs.features) returned_features_.push_back(feature);
}

Returned ProgramNetwork::evaluated(const at::Tensor& inputs) const {
  const auto once = [&](const at::Tensor& some) {
    return returned_by(script_->module.forward({prepared(some)}), options_.output);
  };
  if (!takes_one_example_) return once(inputs);
  std::vector<Returned> each;
  for (const at::Tensor& example : inputs.split(1)) each.push_back(once(example));
  return joined(each);
}

void ProgramNetwork::check(const Returned& outputs, const at::Tensor& beside_others) const {
  const std::string name = file_.string();
  const std::string expected = task_.classes > 0 ? std::to_string(task_.classes) : "classes";
  if (!outputs.logits.defined())
    throw Error(options_.output.empty()
                    ? fmt::format("'{}' returns no tensor; expected logits [examples, {}], alone or first in a tuple "
                                  "or dict",
                                  name, expected)
                    : fmt::format("'{}' has no output '{}' that is a tensor", name, options_.output));
  const Shape shape = outputs.logits.sizes().vec();
  const bool fits = shape.size() == 2 && shape[0] == kTried && (task_.classes == 0 || shape[1] == task_.classes);
  if (shape.size() == 2 && shape[0] == kTried && !fits) {
    const std::string choice =
        outputs.features.empty()
            ? ""
            : fmt::format("; of its outputs '{}' was taken: {}", outputs.logits_name,
                          options_.output.empty() ? "the one called 'logits', or else the first; `output` names another"
                                                  : "`output` names it");
    throw Error(
        fmt::format("'{}' tells {} classes apart, but the data has {}{}", name, shape[1], task_.classes, choice));
  }
  if (!fits || !outputs.logits.is_floating_point())
    throw Error(fmt::format("'{}' gives {} of {} for {} examples; expected logits [{}, {}]", name, to_text(shape),
                            c10::toString(outputs.logits.scalar_type()), kTried, kTried, expected));
  if (!outputs.logits.isfinite().all().item<bool>())
    throw Error(fmt::format("'{}' gives logits that are not finite for an input in [0, 1]", name));
  constexpr double kOfSpread = 0.02;  // programs that round to bytes by the range of a batch come near it
  constexpr double kOfSize = 1e-5;
  const auto own = [&](const at::Tensor& logits) { return logits[0].to(at::kDouble); };
  const at::Tensor first = own(outputs.logits);
  const double rounding =
      kOfSpread * (first.max() - first.min()).item<double>() + kOfSize * first.abs().max().item<double>();
  if (!beside_others.defined() || beside_others.sizes() != outputs.logits.sizes() ||
      (own(beside_others) - first).abs().max().item<double>() > rounding)
    throw Error(
        fmt::format("'{}' gives an example other logits when its neighbours in the batch are others, or each time: it "
                    "computes as in training. "
                    "Call .eval() before torch.jit.trace, or use torch.jit.script",
                    name));
  const bool is_in_range = ((outputs.logits >= 0) & (outputs.logits <= 1)).all().item<bool>();
  if ((options_.returns == ReturnedValues::probabilities || options_.returns == ReturnedValues::sigmoid) &&
      !is_in_range)
    throw Error(
        fmt::format("'{}' gives outputs outside of 0 to 1; they are no probabilities, as `returns` says", name));
}

std::vector<std::string> ProgramNetwork::features() const {
  std::vector<std::string> all = returned_features_;
  all.insert(all.end(), modules().begin(), modules().end());
  return all;
}

const std::vector<std::string>& ProgramNetwork::modules() const {
  const std::lock_guard lock(tapping_);
  if (!modules_) modules_ = find_modules();
  return *modules_;
}

std::vector<std::string> ProgramNetwork::find_modules() const {
  const torch::jit::GraphOptimizerEnabledGuard as_it_stands(false);
  const at::NoGradGuard no_gradient;
  std::vector<std::string> modules;
  try {
    if (script_->is_training != false) script_->module.eval();
    script_->is_training = false;
    const std::vector<std::string> paths = module_paths(script_->module);
    const int64_t examples = takes_one_example_ ? 1 : kTried;
    const at::Tensor inputs = prepared(trial_inputs().narrow(0, 0, examples).to(script_->device));
    const TappedProgram::Result all = TappedProgram(script_->module, paths).run(inputs);
    for (size_t i = 0; i < paths.size(); ++i) {
      const at::Tensor& output = all.outputs[i];
      const bool is_feature = output.dim() > 1 && output.size(0) == examples && output.is_floating_point();
      if (is_feature &&
          std::find(returned_features_.begin(), returned_features_.end(), paths[i]) == returned_features_.end())
        modules.push_back(paths[i]);
    }
  } catch (const std::exception&) {
    modules.clear();  // the program has no modules that can be told apart
  }
  return modules;
}

std::vector<std::string> ProgramNetwork::modules_in(const std::vector<std::string>& taps) const {
  std::vector<std::string> tapped;
  if (taps.empty()) return tapped;
  const std::vector<std::string>& all = modules();
  std::copy_if(taps.begin(), taps.end(), std::back_inserter(tapped),
               [&](const std::string& tap) { return std::find(all.begin(), all.end(), tap) != all.end(); });
  return tapped;
}

std::shared_ptr<const TappedProgram> ProgramNetwork::tapped(const std::vector<std::string>& modules) const {
  const std::lock_guard lock(tapping_);
  std::shared_ptr<const TappedProgram>& program = tapped_[modules];
  if (program == nullptr) program = std::make_shared<TappedProgram>(script_->module, modules);
  return program;
}

Capabilities ProgramNetwork::capabilities() const {
  return {.widest_activation =
              std::max(element_count(task_.input), estimated_widest_activation(shape_after(input_, task_.input)))};
}

Shape ProgramNetwork::shape_seen() const {
  Shape shape = shape_after(input_, task_.input);
  if (shape.size() != 3) return shape;
  if (options_.channels == InputChannels::gray_to_rgb) shape[0] = 3;
  if (options_.layout == InputLayout::nhwc) shape = {shape[1], shape[2], shape[0]};
  return shape;
}

at::Tensor ProgramNetwork::prepared(const at::Tensor& inputs) const {
  at::Tensor seen = inputs;
  for (const InputOperation& step : input_operations(input_, task_.input))
    seen = run_operation(step.operation, {seen}, {});
  if (options_.channels == InputChannels::bgr) seen = seen.flip(1);
  if (options_.channels == InputChannels::gray_to_rgb) seen = seen.expand({-1, 3, -1, -1});
  if (options_.layout == InputLayout::nhwc) seen = seen.permute({0, 2, 3, 1});
  return seen.to(script_->dtype);
}

Outputs ProgramNetwork::forward(const at::Tensor& inputs, const ForwardOptions& options) const {
  const Shape shape = inputs.sizes().slice(1).vec();
  if (shape != task_.input)
    throw Error(fmt::format("the network takes inputs of {}, got {}", to_text(task_.input), to_text(shape)));
  const std::vector<std::string> known = options.taps.empty() ? std::vector<std::string>() : features();
  for (const std::string& tap : options.taps)
    if (std::find(known.begin(), known.end(), tap) == known.end())
      throw Error(ErrorKind::usage, fmt::format("'{}' returns no feature '{}' to tap{}", file_.string(), tap,
                                                known.empty() ? "; it returns logits alone" : suggestion(tap, known)));
  try {
    return run(inputs, options);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(fmt::format("'{}' failed on inputs of {}: {}", file_.string(), to_text(inputs.sizes().vec()),
                            torch_reason(error)));
  }
}

torch::jit::Module& ProgramNetwork::program(PreparedWeights* kept) const {
  if (kept == nullptr || !script_->device.is_cpu()) return script_->module;
  if (kept->form == nullptr)
    kept->form = std::make_shared<FrozenProgram>(
        script_->module, prepared(takes_one_example_ ? trial_inputs().narrow(0, 0, 1) : trial_inputs()),
        options_.output);
  auto& frozen = dynamic_cast<FrozenProgram&>(*kept->form);
  return frozen.module ? *frozen.module : script_->module;
}

Outputs ProgramNetwork::run_one_by_one(const at::Tensor& inputs, const ForwardOptions& options) const {
  if (options.noise != nullptr)
    throw Error(ErrorKind::usage,
                fmt::format("'{}' takes one example at a time and cannot be trained; export it with a batch size that "
                            "is open",
                            file_.string()));
  std::vector<Outputs> each;
  for (const at::Tensor& example : inputs.split(1)) each.push_back(run(example, options));
  return join_parts(each);
}

Outputs ProgramNetwork::run(const at::Tensor& inputs, const ForwardOptions& options) const {
  if (takes_one_example_ && inputs.size(0) != 1) return run_one_by_one(inputs, options);
  const bool is_training = options.noise != nullptr;
  if (script_->is_training != is_training) {  // not written otherwise: threads may evaluate side by side
    script_->module.train(is_training);
    script_->is_training = is_training;
  }
  if (is_training) seed_generator(*options.noise);
  const torch::jit::GraphOptimizerEnabledGuard as_it_stands(!script_->device.is_cpu());
  const std::vector<std::string> modules = modules_in(options.taps);
  Returned returned;
  if (modules.empty()) {
    returned =
        returned_by(program(is_training ? nullptr : options.prepared).forward({prepared(inputs)}), options_.output);
  } else {
    const TappedProgram::Result result = tapped(modules)->run(prepared(inputs));
    returned = returned_by(result.returned, options_.output);
    for (size_t i = 0; i < modules.size(); ++i) returned.features[modules[i]] = result.outputs[i].to(at::kFloat);
  }
  if (is_training)
    for (size_t i = 0; i < buffers_.size(); ++i) buffers_[i].value = script_->buffers[i].tensor();
  const Shape shape = returned.logits.defined() ? returned.logits.sizes().vec() : Shape{};
  if (shape != Shape{inputs.size(0), task_.classes})
    throw Error(fmt::format("'{}' gives {} for {} examples{}; expected logits [{}, {}]", file_.string(), to_text(shape),
                            inputs.size(0), is_training ? " in training" : "", inputs.size(0), task_.classes));
  Outputs outputs;
  outputs.logits = logits_of(returned.logits.to(at::kFloat), returns_, smallest_probability());
  for (const std::string& tap : options.taps) {
    const auto found = returned.features.find(tap);
    if (found == returned.features.end())
      throw Error(ErrorKind::usage,
                  fmt::format("'{}' returns the feature '{}' in evaluation alone", file_.string(), tap));
    outputs.features[tap] = found->second;
  }
  return outputs;
}

/// Throws Error of kind usage unless the data's examples can be given to the program as the options say.
void ProgramNetwork::check_options() const {
  const Shape& raw = task_.input;
  const auto refuse = [&](const char* option, const char* expected) {
    throw Error(ErrorKind::usage, fmt::format("'{}': {} is for {}, and the data's examples are {}", file_.string(),
                                              option, expected, to_text(raw)));
  };
  if (options_.layout == InputLayout::nhwc && raw.size() != 3) refuse("layout: nhwc", "images");
  if (options_.channels == InputChannels::bgr && (raw.size() != 3 || raw[0] != 3))
    refuse("channels: bgr", "images of three channels");
  if (options_.channels == InputChannels::gray_to_rgb && (raw.size() != 3 || raw[0] != 1))
    refuse("channels: gray_to_rgb", "images of one channel");
}

double ProgramNetwork::smallest_probability() const {
  return returns_float16_ ? 0x1p-24 : std::numeric_limits<float>::min();
}

std::string ProgramNetwork::identity() const {
  return content_fingerprint_ + to_json(input_).dump() + reading();
}

std::string ProgramNetwork::reading() const {
  std::string text;
  if (returns_ == ReturnedValues::probabilities) text += "log";
  if (returns_ == ReturnedValues::sigmoid) text += "logit";
  if (!options_.output.empty()) text += "output " + options_.output;
  if (options_.layout == InputLayout::nhwc) text += "nhwc";
  if (options_.channels != InputChannels::same) text += options_.channels == InputChannels::bgr ? "bgr" : "gray";
  return text;
}

/// Constants stand in the program, which is therefore loaded anew onto the device; weights follow.
void ProgramNetwork::to(at::Device device) {
  if (device == script_->device) return;
  const std::vector<Parameter> parameters = parameters_, buffers = buffers_;
  tapped_.clear();
  load(device);
  const at::NoGradGuard no_gradient;
  for (size_t i = 0; i < parameters.size(); ++i) parameters_[i].value.copy_(parameters[i].value);
  for (size_t i = 0; i < buffers.size(); ++i) buffers_[i].value.copy_(buffers[i].value);
}

void ProgramNetwork::save(const fs::path& file, const std::map<std::string, std::string>& extra) const {
  script_->module.eval();
  script_->is_training = false;
  std::map<std::string, std::string> all = extra;
  if (!onnx_graph_.empty()) all[kOnnxGraph] = onnx_graph_;
  if (!only_output_.empty()) all[kOnlyOutput] = only_output_;
  write_module(file, script_->module, all);
}

void ProgramNetwork::save_with_input(const fs::path& file, const std::map<std::string, std::string>& extra) const {
  if (input_.empty() && options_.layout == InputLayout::nchw && options_.channels == InputChannels::same)
    return save(file, extra);
  script_->module.eval();
  script_->is_training = false;
  Module whole("Prepared");
  whole.register_module("network", script_->module);
  std::string body = "def forward(self, x):\n";
  for (const InputOperation& step : input_operations(input_, task_.input)) {
    if (const auto* resize = std::get_if<Resize>(&step.operation)) {
      const ResizeWeights weights = resize_weights(*resize, task_.input);
      whole.register_buffer("rows", weights.rows);
      whole.register_buffer("columns", weights.columns);
      body += "    x = torch.matmul(torch.matmul(self.rows, x), self.columns)\n";
    } else if (const auto* normalize = std::get_if<Normalize>(&step.operation)) {
      whole.register_buffer("mean", at::tensor(normalize->mean, at::kFloat).reshape({-1, 1, 1}));
      whole.register_buffer("deviation", at::tensor(normalize->deviation, at::kFloat).reshape({-1, 1, 1}));
      body += "    x = (x - self.mean) / self.deviation\n";
    } else {
      throw Error(fmt::format("'{}' cannot be written as TorchScript", step.name));
    }
  }
  if (options_.channels == InputChannels::bgr) body += "    x = x.flip([1])\n";
  if (options_.channels == InputChannels::gray_to_rgb) body += "    x = x.expand(-1, 3, -1, -1)\n";
  if (options_.layout == InputLayout::nhwc) body += "    x = x.permute(0, 2, 3, 1)\n";
  whole.register_buffer("kind", at::empty({0}, script_->dtype));
  whole.define(body + "    return self.network.forward(x.to(self.kind))\n");
  write_module(file, whole, extra);
}

}  // namespace limbeck
