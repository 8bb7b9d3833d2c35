#include "programs/exported_operations.h"

#include <torch/csrc/jit/ir/ir.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "core/error.h"
#include "programs/exported_types.h"

namespace limbeck {
namespace {

// Sources of TorchScript, which has numbers for the types of elements, know these.
static_assert(static_cast<int>(at::kBool) == 11 && static_cast<int>(at::kDouble) == 7);

using Value = ProgramBuilder::Value;
using Values = std::vector<Value*>;
using Translation = std::function<Values(ExportedCall&)>;

Value* first(const Values& values) {
  return values.at(0);
}

Values same(ExportedCall& call) {
  return {call.value("self")};
}

/// An operation of another name, which takes these of the node's arguments.
Translation renamed(const std::string& operation, const std::vector<std::string>& arguments) {
  return [=](ExportedCall& call) {
    ExportedCall::Arguments taken;
    for (const std::string& name : arguments) taken.emplace_back(name, call.value(name));
    return Values{first(call.aten(operation, taken))};
  };
}

/// Of integers or truths, by an operation of TorchScript on numbers.
Translation arithmetic(const char* operation) {
  return [=](ExportedCall& call) {
    std::vector<torch::jit::NamedValue> arguments;
    for (size_t i = 0; i < call.arguments().size(); ++i) arguments.emplace_back(call.value(i));
    return Values{call.program().call(operation, arguments)};
  };
}

/// To another type of elements or format of memory. Copies to other devices are left out: all is where the input is.
/// _to_copy gives a tensor of its own always.
Values converted(ExportedCall& call) {
  Value* value = call.value(call.target().starts_with("prims.") ? "a" : "self");
  const bool copies = call.target() == "aten._to_copy.default" || call.flag("copy", false);
  Value* format = call.value("memory_format");
  if (call.has("dtype"))
    return call.aten("to.dtype", {{"self", value},
                                  {"dtype", call.value("dtype")},
                                  {"copy", call.program().constant(copies)},
                                  {"memory_format", format}});
  if (!copies && !call.has("memory_format")) return {value};
  return call.aten("clone", {{"self", value}, {"memory_format", format}});
}

/// _softmax, _log_softmax: of float16 as float32 where they say so.
Translation softmax(const char* operation) {
  return [=](ExportedCall& call) {
    Value* type = call.program().constant({});
    if (call.flag("half_to_float", false)) type = call.program().constant(static_cast<int64_t>(at::kFloat));
    return call.aten(operation, {{"self", call.value("self")}, {"dim", call.value("dim")}, {"dtype", type}});
  };
}

/// Softmax that gives zeros where all is −∞
Values safe_softmax(ExportedCall& call) {
  Value* self = call.value("self");
  if (call.has("dtype")) self = first(call.aten("to.dtype", {{"self", self}, {"dtype", call.value("dtype")}}));
  return {
      call.program().call_source("def softmax(x: Tensor, axis: int) -> Tensor:\n"
                                 "    blind = (x == float('-inf')).all(axis, True)\n"
                                 "    return torch.softmax(x.masked_fill(blind, 0.0), axis).masked_fill(blind, 0.0)\n",
                                 {self, call.value("dim")})};
}

Values dropout(ExportedCall& call) {
  return call.aten("dropout",
                   {{"input", call.value("input")}, {"p", call.value("p")}, {"train", call.program().training()}});
}

Values layer_norm(ExportedCall& call) {
  return renamed("layer_norm", {"input", "normalized_shape", "weight", "bias", "eps"})(call);
}

Values group_norm(ExportedCall& call) {
  return call.aten("group_norm", {{"input", call.value("input")},
                                  {"num_groups", call.value("group")},
                                  {"weight", call.value("weight")},
                                  {"bias", call.value("bias")},
                                  {"eps", call.value("eps")}});
}

/// x + α y. What counts the passes of training does so in training alone.
Values sum(ExportedCall& call) {
  Value* self = call.value("self");
  if (!call.values().is_counter(self)) return call.as_it_stands();
  const bool in_place = call.target() == "aten.add_.Tensor";
  Value* one = call.program().call("aten::Int", {call.program().training()});
  return call.aten(in_place ? "add_.Scalar" : "add.Scalar", {{"self", self}, {"other", one}});
}

/// All forms of batch norm. One that has running statistics uses and updates them as the mode of the program says;
/// those that return new statistics return the updated ones.
Values batch_norm(ExportedCall& call) {
  const bool has_statistics = call.has("running_mean");
  Value *mean = call.value("running_mean"), *variance = call.value("running_var");
  ProgramBuilder& program = call.program();
  const bool is_epsilon = call.has("epsilon");
  Value* output = first(call.aten(
      "batch_norm", {{"input", call.value("input")},
                     {"weight", call.value("weight")},
                     {"bias", call.value("bias")},
                     {"running_mean", mean},
                     {"running_var", variance},
                     {"training", has_statistics ? program.training() : program.constant(true)},
                     {"momentum", program.constant(call.number(
                                      call.has("momentum") ? "momentum" : "exponential_average_factor", 0.1))},
                     {"eps", program.constant(call.number(is_epsilon ? "epsilon" : "eps", 1e-5))},
                     {"cudnn_enabled", program.constant(true)}}));
  if (call.target().find("batch_norm_legit_functional") != std::string::npos)
    return {output, nullptr, nullptr, mean, variance};
  if (call.target().find("with_update_functional") != std::string::npos)
    return {output, nullptr, nullptr, nullptr, mean, variance};
  return {output};
}

/// softmax(q kᵀ s + mask) v, with s = 1/√d where none is given. A query that sees no key gets zeros.
Values attention(ExportedCall& call) {
  ProgramBuilder& program = call.program();
  const std::string mask = call.has("attn_bias") ? "attn_bias" : "attn_mask";
  const double probability = call.number("dropout_p", 0);
  std::string source =
      "def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor, scale: float, p: float, train: bool) -> Tensor:\n";
  if (call.flag("enable_gqa", false))
    source +=
        "    k = k.repeat_interleave(q.size(-3) // k.size(-3), -3)\n"
        "    v = v.repeat_interleave(q.size(-3) // v.size(-3), -3)\n";
  source += call.has("scale") ? "    scores = torch.matmul(q, k.transpose(-2, -1)) * scale\n"
                              : "    scores = torch.matmul(q, k.transpose(-2, -1)) * (q.size(-1) ** -0.5)\n";
  if (call.flag("is_causal", false))
    source +=
        "    later = torch.ones([q.size(-2), k.size(-2)], dtype=11, device=q.device).triu(1)\n"
        "    scores = scores.masked_fill(later, float('-inf'))\n";
  if (call.has(mask))
    source +=
        "    if mask.dtype == 11:\n"
        "        scores = scores.masked_fill(mask.logical_not(), float('-inf'))\n"
        "    else:\n"
        "        scores = scores + mask\n"
        "    blind = (scores == float('-inf')).all(-1, True)\n"
        "    weights = torch.softmax(scores.masked_fill(blind, 0.0), -1).masked_fill(blind, 0.0)\n";
  else
    source += "    weights = torch.softmax(scores, -1)\n";
  if (probability > 0) source += "    weights = torch.dropout(weights, p, train)\n";
  source += "    return torch.matmul(weights, v)\n";
  Value* query = call.value("query");
  return {program.call_source(
      source, {query, call.value("key"), call.value("value"), call.has(mask) ? call.value(mask) : query,
               program.constant(call.number("scale", 1)), program.constant(probability), program.training()})};
}

/// x / √(mean(x²) + ε) over the last axes, times a weight
Values rms_norm(ExportedCall& call) {
  ProgramBuilder& program = call.program();
  std::vector<int64_t> axes;
  const size_t count = call.integers("normalized_shape").size();
  for (size_t i = 0; i < count; ++i) axes.push_back(-1 - static_cast<int64_t>(i));
  std::string source = "def rms_norm(x: Tensor, axes: List[int], eps: float, weight: Tensor) -> Tensor:\n";
  if (!call.has("eps")) source += "    eps = 2.0 ** -52 if x.dtype == 7 else 2.0 ** -23\n";
  source += "    y = x * torch.rsqrt(torch.mean(x * x, axes, True) + eps)\n";
  source += call.has("weight") ? "    return y * weight\n" : "    return y\n";
  Value* input = call.value("input");
  return {program.call_source(source, {input, program.constant(axes), program.constant(call.number("eps", 0)),
                                       call.has("weight") ? call.value("weight") : input})};
}

/// An operation of several axes at once by that of one, the last axis first; LibTorch 1.13 has it of one.
Translation by_axes(const std::string& operation) {
  return [=](ExportedCall& call) {
    std::vector<int64_t> axes = call.integers("dim");
    if (axes.empty()) throw Error("names no axes");
    const auto is_other = [&](int64_t axis) { return (axis < 0) != (axes[0] < 0); };
    if (std::any_of(axes.begin(), axes.end(), is_other)) throw Error("counts axes from both ends");
    std::sort(axes.begin(), axes.end());
    if (axes[0] >= 0) std::reverse(axes.begin(), axes.end());
    Value* value = call.value("self");
    for (const int64_t axis : axes) {
      ExportedCall::Arguments taken = {{"self", value}, {"dim", call.program().constant(axis)}};
      if (call.has("keepdim")) taken.emplace_back("keepdim", call.value("keepdim"));
      value = first(call.aten(operation, taken));
    }
    return Values{value};
  };
}

Values chosen(ExportedCall& call) {
  return {call.program().call_source(
      "def chosen(b: bool, t: int, f: int) -> int:\n    if b:\n        return t\n    else:\n        return f\n",
      {call.value(0), call.value(1), call.value(2)})};
}

/// Of integers, an integer
Values power(ExportedCall& call) {
  for (size_t i = 0; i < 2; ++i)
    if (call.value(i)->type()->kind() != c10::TypeKind::IntType) return arithmetic("aten::pow")(call);
  return {call.program().call_source("def power(a: int, b: int) -> int:\n    return int(a ** b)\n",
                                     {call.value(0), call.value(1)})};
}

/// One of the elements of a list
Values element(ExportedCall& call) {
  const auto [kind, list] = call.arguments().at(0).second.tagged();
  const std::vector<ExportedJson> elements = list.list();
  const int64_t place = call.arguments().at(1).second.at("as_int").integer();
  if (kind != "as_tensors" || place < 0 || place >= static_cast<int64_t>(elements.size()))
    throw Error("takes an element that is not there");
  return {call.values().at(elements[static_cast<size_t>(place)].at("name").text())};
}

std::map<std::string, Translation> sizes_arithmetic() {
  std::map<std::string, Translation> all = {
      {"math.trunc", arithmetic("aten::Int")},
      {"math.ceil", arithmetic("aten::ceil")},
      {"math.floor", arithmetic("aten::floor")},
      {"math.sqrt", arithmetic("aten::sqrt")},
      {"torch.sym_int", arithmetic("aten::Int")},
      {"torch.sym_float", arithmetic("aten::Float")},
      {"torch.sym_not", arithmetic("aten::__not__")},
      {"torch.sym_max", arithmetic("prim::max")},
      {"torch.sym_min", arithmetic("prim::min")},
      {"torch.sym_sqrt", arithmetic("aten::sqrt")},
      {"torch.sym_ite", chosen},
  };
  const std::vector<std::pair<const char*, const char*>> operators = {{"mul", "aten::mul"},
                                                                      {"add", "aten::add"},
                                                                      {"sub", "aten::sub"},
                                                                      {"truediv", "aten::div"},
                                                                      {"floordiv", "aten::floordiv"},
                                                                      {"mod", "aten::remainder"},
                                                                      {"neg", "aten::neg"},
                                                                      {"eq", "aten::eq"},
                                                                      {"ne", "aten::ne"},
                                                                      {"le", "aten::le"},
                                                                      {"ge", "aten::ge"},
                                                                      {"lt", "aten::lt"},
                                                                      {"gt", "aten::gt"},
                                                                      {"and_", "aten::__and__"},
                                                                      {"or_", "aten::__or__"}};
  for (const char* module : {"_operator.", "operator."}) {
    for (const auto& [name, operation] : operators) all[std::string(module) + name] = arithmetic(operation);
    all[std::string(module) + "pos"] = [](ExportedCall& call) { return Values{call.value(0)}; };
    all[std::string(module) + "pow"] = power;
    all[std::string(module) + "getitem"] = element;
  }
  return all;
}

const std::map<std::string, Translation>& translations() {
  static const std::map<std::string, Translation> all = [] {
    std::map<std::string, Translation> of = sizes_arithmetic();
    const std::vector<std::pair<std::vector<const char*>, Translation>> groups = {
        {{"alias", "lift", "lift_fresh"}, same},
        {{"lift_fresh_copy"}, renamed("clone", {"self"})},
        {{"detach_"}, renamed("detach", {"self"})},
        {{"sym_numel"}, arithmetic("aten::numel")},
        {{"_to_copy"}, converted},
        {{"native_dropout"}, dropout},
        {{"native_layer_norm"}, layer_norm},
        {{"native_group_norm"}, group_norm},
        {{"rms_norm", "_fused_rms_norm"}, rms_norm},
        {{"batch_norm", "native_batch_norm", "cudnn_batch_norm", "miopen_batch_norm", "_native_batch_norm_legit",
          "_native_batch_norm_legit_no_training", "_native_batch_norm_legit_functional", "_batch_norm_with_update",
          "_batch_norm_with_update_functional", "_batch_norm_no_update"},
         batch_norm},
        {{"_softmax"}, softmax("softmax.int")},
        {{"_log_softmax"}, softmax("log_softmax.int")},
        {{"_safe_softmax"}, safe_softmax},
        {{"_prelu_kernel"}, renamed("prelu", {"self", "weight"})},
        {{"_adaptive_avg_pool2d"}, renamed("adaptive_avg_pool2d", {"self", "output_size"})},
        {{"_adaptive_avg_pool3d"}, renamed("adaptive_avg_pool3d", {"self", "output_size"})},
        {{"scaled_dot_product_attention", "_scaled_dot_product_attention_math", "_scaled_dot_product_flash_attention",
          "_scaled_dot_product_flash_attention_for_cpu", "_scaled_dot_product_efficient_attention",
          "_scaled_dot_product_cudnn_attention"},
         attention},
        {{"_unsafe_view"},
         [](ExportedCall& call) {
           return call.aten("reshape", {{"self", call.value("self")}, {"shape", call.value("size")}});
         }},
    };
    for (const auto& [names, translation] : groups)
      for (const char* name : names) of[std::string("aten.") + name + ".default"] = translation;
    of["aten._native_batch_norm_legit.no_stats"] = batch_norm;
    of["aten.add.Tensor"] = of["aten.add_.Tensor"] = sum;
    of["aten._unsafe_index.Tensor"] = renamed("index.Tensor", {"self", "indices"});
    of["aten.sym_size.int"] = renamed("size.int", {"self", "dim"});
    of["aten.squeeze.dims"] = of["aten.squeeze_copy.dims"] = by_axes("squeeze.dim");
    of["aten.any.dims"] = by_axes("any.dim");
    of["aten.all.dims"] = by_axes("all.dim");
    for (const char* name : {"aten.to.dtype_layout", "aten.to.device", "prims.convert_element_type.default"})
      of[name] = converted;
    return of;
  }();
  return all;
}

}  // namespace

std::vector<ProgramBuilder::Value*> translate(ExportedCall& call) {
  const auto found = translations().find(call.target());
  return found == translations().end() ? call.as_it_stands() : found->second(call);
}

bool is_assertion(const std::string& target) {
  static const std::set<std::string> all = {"aten._assert_scalar",
                                            "aten._functional_assert_scalar",
                                            "aten._assert_tensor_metadata",
                                            "aten._assert_async",
                                            "aten._functional_assert_async",
                                            "aten.sym_constrain_range",
                                            "aten.sym_constrain_range_for_size",
                                            "aten._functional_sym_constrain_range",
                                            "aten._functional_sym_constrain_range_for_size",
                                            "aten._functional_assert_tensor_metadata"};
  const size_t overload = target.rfind('.');
  return all.contains(target.substr(0, overload));
}

}  // namespace limbeck
