#include "recipe/added_components.h"

#include <mutex>
#include <optional>
#include <vector>

#include "core/error.h"
#include "limbeck/components.h"

namespace limbeck {
namespace {

struct AddedComponents {
  std::mutex mutex;
  std::vector<std::function<void(Catalogue&)>> registrations;
  std::optional<Catalogue> made;  ///< by the registrations, on first use
};

AddedComponents& added_components() {
  static AddedComponents added;
  return added;
}

}  // namespace

void add_components(std::function<void(Catalogue&)> registration) {
  AddedComponents& added = added_components();
  const std::lock_guard lock(added.mutex);
  if (added.made)
    throw Error(ErrorKind::usage,
                "components cannot be added any more: a recipe was read or a model was loaded before; call "
                "add_components first");
  added.registrations.push_back(std::move(registration));
}

void register_added(Catalogue& catalogue) {
  AddedComponents& added = added_components();
  const std::lock_guard lock(added.mutex);
  if (!added.made) {
    Catalogue made;
    for (const auto& registration : added.registrations) registration(made);
    added.made = std::move(made);
  }
  catalogue.add(*added.made);
}

}  // namespace limbeck
