#include "experiment/stage_conditions.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "kernels/cuda_device.h"
#include "kernels/fused_linear.h"
#include "kernels/products.h"
#include "teacher/computed_outputs.h"

namespace limbeck {

Precision precision_of(const StageRecipe& stage, at::Device device) {
  if (!device.is_cpu()) {
    const bool automatic = stage.precision == PrecisionChoice::automatic && has_bfloat16(device);
    return automatic || stage.precision == PrecisionChoice::bfloat16 ? Precision::bfloat16 : Precision::float32;
  }
  if (stage.precision == PrecisionChoice::tf32)
    throw Error(ErrorKind::usage,
                fmt::format("stage '{}': precision tf32 needs a CUDA device; use `auto` or `float32`", stage.name));
  const bool fast = has_fast_bfloat16();
  if (stage.precision == PrecisionChoice::bfloat16 && !fast)
    throw Error(ErrorKind::usage, fmt::format("stage '{}': precision bfloat16 {}; use `auto` or `float32`", stage.name,
                                              has_products() ? "needs a processor with AVX512_BF16"
                                                             : "needs oneDNN, which this build lacks"));
  return fast && stage.precision != PrecisionChoice::float32 ? Precision::bfloat16 : Precision::float32;
}

bool teaches_in_int8(const StageRecipe& stage) {
  const auto* options = dynamic_cast<const ComputedOptions*>(stage.teacher.options.get());
  return options != nullptr && options->precision == ComputedOptions::TeacherPrecision::int8;
}

std::string conditions_of(const RunContext& run, const StageRecipe& stage, const Network& network,
                          Precision precision) {
  const auto precision_in = [&](bool has_large_products) {
    if (!run.device.is_cpu() && stage.precision == PrecisionChoice::tf32) return "tf32";
    return precision == Precision::bfloat16 && (has_large_products || !run.device.is_cpu()) ? "bfloat16" : "float32";
  };
  const auto has_large_products = [&](const std::string& teacher) {
    return run.networks.network(teacher)->capabilities().rounds_products;
  };
  const std::string own = precision_in(network.capabilities().rounds_products);
  const std::string taught =
      teaches_in_int8(stage)
          ? "int8"
          : precision_in(std::any_of(stage.teachers.begin(), stage.teachers.end(), has_large_products));
  const int threads = at::get_num_threads();
  return fmt::format("{} thread{}, {}{}{}", threads, threads == 1 ? "" : "s", own,
                     stage.teachers.empty() || taught == own ? "" : ", teacher in " + taught,
                     run.ranks == nullptr ? "" : fmt::format(", {} processes", run.ranks->size()));
}

}  // namespace limbeck
