#pragma once
// Components of one's own: losses, networks, data sets. They stand beside the built-in ones, by name, in recipes and in
// model files.
//
//   add_components([](Catalogue& catalogue) {
//     catalogue.add<Loss, MyOptions>(Slot::loss, {.name = "my_loss", .summary = "…"},
//                                    [](const MyOptions& options) { return std::make_unique<MyLoss>(options); });
//   });
//
// What each slot takes:
//   Slot::loss      add<Loss, Options>                             make(const Options&) → unique_ptr<Loss>     (loss.h)
//   Slot::network   add<Graph, Options, const TaskShape&>          … → unique_ptr<Graph>            (graph.h, layers.h)
//   Slot::data      add<Dataset, Options, const DataFolders&>      … → unique_ptr<Dataset>                  (dataset.h)
//
// Thread-safety: add_components may be called from several threads.
//
// Fingerprints of finished stages hold a component's name and options, not its code: give it another name, or an option
// `version`, when the same options give other results.
#include <functional>

#include "limbeck/api.h"
#include "limbeck/catalogue.h"

namespace limbeck LIMBECK_API {

/// Adds components for the whole process. Call it before anything else uses the library: the catalogue is made when the
/// first recipe is read or the first model is loaded. `registration` is called then, once (again if it throws), and
/// may use nothing but the catalogue; from then on add_components throws Error. A name that is taken throws Error when
/// the catalogue is made. Thread-safe.
void add_components(std::function<void(Catalogue&)> registration);

}  // namespace LIMBECK_API
