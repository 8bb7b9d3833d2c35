#include "data/augmentation.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros_like.h>

#include "core/json.h"
#include "core/random.h"
#include "data/images/affine.h"
#include "data/mixer.h"

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
  if (auto* mixer = dynamic_cast<Mixer*>(augmentation.get())) {
    if (mixer_ != nullptr)
      throw Error(ErrorKind::usage, "examples are mixed by one augmentation at most: mixup or cutmix, not both");
    augmentation.release();
    mixer_.reset(mixer);
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

at::Tensor Augmenter::draw(const at::Tensor& ids, uint64_t seed, const Epoch& epoch) const {
  if (augmentations_.empty()) return at::zeros_like(ids);
  if (!ids.is_cpu()) return draw_views(ids, epoch.on(ids.device()), seed, view_count());
  const at::Tensor in_order = ids.contiguous();
  at::Tensor views = at::empty_like(in_order);
  const auto* id = in_order.data_ptr<int64_t>();
  auto* view = views.data_ptr<int64_t>();
  const auto count = static_cast<uint64_t>(view_count());
  for (int64_t i = 0; i < ids.size(0); ++i) {
    Random random({seed, Purpose::view, static_cast<uint32_t>(epoch.number()), static_cast<uint32_t>(id[i])});
    view[i] = static_cast<int64_t>(random.below_wide(count));
  }
  return views;
}

void Augmenter::require_inputs(int64_t dimensions) const {
  for (const auto& augmentation : augmentations_) {
    const int64_t wanted = augmentation->dimensions();
    if (wanted != 0 && wanted != dimensions)
      throw Error(ErrorKind::usage,
                  fmt::format("the examples have {} dimension{}; of the augmentations {} one is for {}", dimensions - 1,
                              dimensions == 2 ? "" : "s", description_,
                              wanted == 3 ? "recordings [frames, bands]" : "images [channels, height, width]"));
  }
}

int64_t Augmenter::versions() const {
  for (const auto& augmentation : augmentations_)
    if (augmentation->chooses_version()) return augmentation->view_count();
  return 1;
}

at::Tensor Augmenter::versions_of(const at::Tensor& views) const {
  int64_t before = 1;
  for (const auto& augmentation : augmentations_) {
    const int64_t count = augmentation->view_count();
    if (augmentation->chooses_version() && views.defined()) return views.div(before, "floor").remainder(count);
    before *= count;
  }
  return {};
}

std::optional<PictureViews> Augmenter::picture_views() const {
  PictureViews how;
  for (const auto& augmentation : augmentations_)
    if (!augmentation->add_to(how)) return std::nullopt;
  return how;
}

at::Tensor Augmenter::apply(const at::Tensor& images, const at::Tensor& views) const {
  require_inputs(images.dim());
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
  return mixer().draw(ids, examples, seed, epoch);
}

MixedInputs Augmenter::mix(const at::Tensor& own, const at::Tensor& partners, const at::Tensor& draws) const {
  return mixer().mix(own, partners, draws);
}

const Mixer& Augmenter::mixer() const {
  if (mixer_ == nullptr) throw Error(fmt::format("nothing is mixed by these augmentations: {}", description_));
  return *mixer_;
}

}  // namespace limbeck
