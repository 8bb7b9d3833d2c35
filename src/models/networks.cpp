#include "models/networks.h"

#include "recipe/added_components.h"

namespace limbeck {

// Generated from the folders; see cmake/component.cmake.
void register_nn(Catalogue&);
void register_programs(Catalogue&);

const Catalogue& network_catalogue() {
  static const Catalogue kNetworks = [] {
    Catalogue catalogue;
    register_nn(catalogue);
    register_programs(catalogue);
    register_added(catalogue);
    return catalogue;
  }();
  return kNetworks;
}

}  // namespace limbeck
