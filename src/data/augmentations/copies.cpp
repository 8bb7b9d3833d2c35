// Augmented copies of recordings: an example is seen as recorded (view 0) or in one of its recording's copies, which
// the data set makes in advance (data/recordings/augmented_copies.h): at another speed or pitch, in a room, in noise.
// All frames of an example's context are of the same copy.
//
//   data: { source: { spoken_digits: { copies: { count: 8, snr: [0, 20] } } }, augment: { copies: 8 } }
#include "data/augmentation.h"

namespace limbeck {
namespace {

struct CopiesOptions {
  int64_t count = 8;
  void bind(Fields& fields) {
    fields.integer("count", count, between(1, 64), "copies to draw from, beside the recording itself");
  }
};

class Copies : public Augmentation {
 public:
  explicit Copies(const CopiesOptions& options) : count_(options.count) {}

  int64_t dimensions() const override { return 3; }
  int64_t view_count() const override { return count_ + 1; }
  bool chooses_version() const override { return true; }
  at::Tensor apply(const at::Tensor& recordings, const at::Tensor& views) const override {
    (void)views;  // they were gathered as these versions
    return recordings;
  }

 private:
  int64_t count_;
};

}  // namespace

void register_copies(Catalogue& catalogue) {
  catalogue.add<Augmentation, CopiesOptions>(
      Slot::augmentation,
      {.name = "copies",
       .summary = "Recordings as recorded or in one of the augmented copies that the data set's `copies` makes: speed, "
                  "pitch, reverberation, noise.",
       .source = "speed: Ko et al. 2015; reverberation: Polack 1988",
       .principal = "count"},
      [](const CopiesOptions& options) { return std::make_unique<Copies>(options); });
}

}  // namespace limbeck
