#include "data/mixer.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include "core/random.h"

namespace limbeck {

Mixing Mixer::draw(const at::Tensor& ids, int64_t examples, uint64_t seed, int64_t epoch) const {
  const at::Tensor on_host = ids.to(at::kCPU).contiguous();
  at::Tensor partners = at::empty_like(on_host), draws = at::empty({ids.size(0), 3}, at::kFloat);
  auto* drawn = draws.data_ptr<float>();
  for (int64_t i = 0; i < ids.size(0); ++i) {
    const auto id = static_cast<uint32_t>(on_host.data_ptr<int64_t>()[i]);
    Random random({seed, Purpose::mixing, static_cast<uint32_t>(epoch), id});
    partners.data_ptr<int64_t>()[i] = random.below(static_cast<uint32_t>(examples));
    *drawn++ = static_cast<float>(random.beta(alpha_, alpha_));
    *drawn++ = static_cast<float>(random.uniform());
    *drawn++ = static_cast<float>(random.uniform());
  }
  return {.partners = partners.to(ids.device()), .draws = draws.to(ids.device())};
}

}  // namespace limbeck
