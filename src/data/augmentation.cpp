#include "data/augmentation.h"

#include "core/random.h"

namespace limbeck {

Augmenter::Augmenter(const std::vector<Choice>& choices) {
  for (const Choice& choice : choices) augmentations_.push_back(choice.make<Augmentation>());
  constexpr double kMostViews = 0x1p32;
  double views = 1;
  for (const auto& augmentation : augmentations_) views *= static_cast<double>(augmentation->view_count());
  if (views > kMostViews) throw Error(fmt::format("the augmentations have {} views together; at most 2^32 fit", views));
}

int64_t Augmenter::view_count() const {
  int64_t count = 1;
  for (const auto& augmentation : augmentations_) count *= augmentation->view_count();
  return count;
}

torch::Tensor Augmenter::draw(const torch::Tensor& ids, uint64_t seed, int64_t epoch) const {
  torch::Tensor views = torch::zeros({ids.size(0)}, torch::kInt64);
  if (!empty()) {
    const torch::Tensor on_host = ids.to(torch::kCPU).contiguous();
    const auto* id = on_host.data_ptr<int64_t>();
    auto* view = views.data_ptr<int64_t>();
    const auto count = static_cast<uint64_t>(view_count());
    for (int64_t i = 0; i < ids.size(0); ++i) {
      Random random({seed, Purpose::view, static_cast<uint32_t>(epoch), static_cast<uint32_t>(id[i])});
      view[i] = static_cast<int64_t>((random.bits() * count) >> 32);
    }
  }
  return views.to(ids.device());
}

torch::Tensor Augmenter::apply(const torch::Tensor& images, const torch::Tensor& views) const {
  torch::Tensor result = images;
  torch::Tensor rest = views;
  for (const auto& augmentation : augmentations_) {
    const int64_t count = augmentation->view_count();
    result = augmentation->apply(result, rest.remainder(count));
    rest = rest.div(count, "floor");
  }
  return result;
}

}  // namespace limbeck
