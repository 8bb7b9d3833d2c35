// The Free Spoken Digit Dataset (Z. Jackson and others), in its published files.
#include "data/recordings/speech.h"
#include "limbeck/catalogue.h"

namespace limbeck {
namespace {

struct SpokenDigitsOptions : SpeechOptions {
  SpokenDigitsOptions() {
    folder = "free-spoken-digit-dataset/recordings";
    test_below = 5;  // the data set's page: recordings 0 to 4 of each speaker and digit are the test split
  }
};

}  // namespace

void register_spoken_digits(Catalogue& catalogue) {
  catalogue.add<Dataset, SpokenDigitsOptions, const DataFolders&>(
      Slot::data,
      {.name = "spoken_digits",
       .summary = "Free Spoken Digit Dataset: 3,000 recordings of ten digits by six speakers at 8 kHz, as `recordings` "
                  "has them; 0 to 4 of "
                  "each speaker and digit are the test split.",
       .source = "https://github.com/Jakobovski/free-spoken-digit-dataset",
       .principal = "folder"},
      [](const SpokenDigitsOptions& options, const DataFolders& folders) {
        return load_speech(options, "spoken_digits", folders);
      });
}

}  // namespace limbeck
