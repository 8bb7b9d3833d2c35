// Anyone's recordings of single words.
#include "data/recordings/speech.h"
#include "limbeck/catalogue.h"

namespace limbeck {

void register_recordings(Catalogue& catalogue) {
  catalogue.add<Dataset, SpeechOptions, const DataFolders&>(
      Slot::data,
      {.name = "recordings",
       .summary = "Sound files in which one word is said, found by a pattern for their names or a CSV file; as stacked "
                  "frames of log mel "
                  "filter banks whose labels are the states of hidden Markov models.",
       .source = "features: Davis, Mermelstein 1980; frames of context: Hinton et al. 2015, section 4",
       .principal = "folder"},
      [](const SpeechOptions& options, const DataFolders& folders) {
        return load_speech(options, "recordings", folders);
      });
}

}  // namespace limbeck
