#include "experiment/components.h"

#include "recipe/added_components.h"

namespace limbeck {

// Generated from the folders; see cmake/component.cmake.
void register_data(Catalogue&);
void register_nn(Catalogue&);
void register_programs(Catalogue&);
void register_loss(Catalogue&);
void register_teacher(Catalogue&);
void register_train(Catalogue&);
void register_experiment(Catalogue&);

const Catalogue& components() {
  static const Catalogue kAll = [] {
    Catalogue catalogue;
    register_data(catalogue);
    register_nn(catalogue);
    register_programs(catalogue);
    register_loss(catalogue);
    register_teacher(catalogue);
    register_train(catalogue);
    register_experiment(catalogue);
    register_added(catalogue);
    return catalogue;
  }();
  return kAll;
}

}  // namespace limbeck
