#include "data/augmentation.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>

#include "core/json.h"
#include "core/random.h"
#include "data/images/affine.h"
#include "data/mixup.h"

namespace limbeck {

Augmenter::Augmenter() = default;
Augmenter::Augmenter(Augmenter&&) noexcept = default;
Augmenter& Augmenter::operator=(Augmenter&&) noexcept = default;
Augmenter::~Augmenter() = default;

Augmenter::Augmenter(const std::vector<Choice>& choices) {
  constexpr double kMostViews = 0x1p62;
  double views = 1;
  Json description = Json::object();
  for (const Choice& choice : choices) {
    std::unique_ptr<Augmentation> augmentation = choice.make<Augmentation>();
    views *= static_cast<double>(augmentation->view_count());
    add(std::move(augmentation));
    description.update(resolve(choice));
  }
  if (views > kMostViews)
    throw Error(ErrorKind::usage,
                fmt::format("the augmentations have {:.3g} views together; at most 2^62 = {:.3g} are numbered", views,
                            kMostViews));
  if (!choices.empty()) description_ = description.dump();
}

void Augmenter::add(std::unique_ptr<Augmentation> augmentation) {
  if (auto* mixup = dynamic_cast<Mixup*>(augmentation.get())) {
    augmentation.release();
    mixup_.reset(mixup);
    return;
  }
  auto* before = augmentations_.empty() ? nullptr : dynamic_cast<Affine*>(augmentations_.back().get());
  const auto* affine = dynamic_cast<const Affine*>(augmentation.get());
  if (before != nullptr && affine != nullptr && before->fill() == affine->fill())
    before->append(*affine);
  else
    augmentations_.push_back(std::move(augmentation));
}

int64_t Augmenter::view_count() const {
  int64_t count = 1;
  for (const auto& augmentation : augmentations_) count *= augmentation->view_count();
  return count;
}

at::Tensor Augmenter::draw(const at::Tensor& ids, uint64_t seed, int64_t epoch) const {
  at::Tensor views = at::zeros({ids.size(0)}, at::kLong);
  if (!augmentations_.empty()) {
    const at::Tensor on_host = ids.to(at::kCPU).contiguous();
    const auto* id = on_host.data_ptr<int64_t>();
    auto* view = views.data_ptr<int64_t>();
    const auto count = static_cast<uint64_t>(view_count());
    for (int64_t i = 0; i < ids.size(0); ++i) {
      Random random({seed, Purpose::view, static_cast<uint32_t>(epoch), static_cast<uint32_t>(id[i])});
      view[i] = static_cast<int64_t>(random.below_wide(count));
    }
  }
  return views.to(ids.device());
}

at::Tensor Augmenter::apply(const at::Tensor& images, const at::Tensor& views) const {
  if (!augmentations_.empty() && images.dim() != 4)
    throw Error(ErrorKind::usage,
                fmt::format("images [N, C, H, W] can be augmented by {}; the examples have {} dimensions", description_,
                            images.dim() - 1));
  at::Tensor result = images;
  at::Tensor rest = views;
  for (const auto& augmentation : augmentations_) {
    const int64_t count = augmentation->view_count();
    result = augmentation->apply(result, rest.remainder(count));
    rest = rest.div(count, "floor");
  }
  return result;
}

Mixing Augmenter::draw_mixing(const at::Tensor& ids, int64_t examples, uint64_t seed, int64_t epoch) const {
  if (mixup_ == nullptr) throw Error(fmt::format("nothing is mixed by these augmentations: {}", description_));
  return mixup_->draw(ids, examples, seed, epoch);
}

}  // namespace limbeck
