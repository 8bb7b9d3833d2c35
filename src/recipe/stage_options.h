#pragma once
// What a recipe knows of the kinds of stages. A stage trains one network, unless it has the key of another kind, such
// as `replicas` or `quantize`. A kind is a component of Slot::stage. Its options derive from StageOptions, which says
// what other stages and the checks need to know of it, so that nobody has to ask which kind a stage is.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "recipe/ensemble_mean.h"

namespace limbeck {

struct Recipe;
struct StageRecipe;

struct StageForm {
  int64_t members = 0;                    ///< networks that the stage leaves, as NAME.1, NAME.2, …; 0: one, as NAME
  const char* member = "network";         ///< what one of them is called
  bool members_teach = true;              ///< later stages may refer to a member by its name
  bool apart = false;                     ///< members train one by one, in several processes where there are some
  bool together = false;                  ///< members train on the same batches and may learn from each other
  std::optional<EnsembleMean> mean = {};  ///< of what the members give, where the stage's network is that mean
  int64_t rounds = 1;                     ///< of training: NAME.1, NAME.2, … and then NAME
  bool relabels = false;                  ///< later stages learn labels that this one gives the examples
  bool trains = true;                     ///< false: it has none of the keys of training
  int64_t least_epochs = 1;               ///< 0: nothing is trained where `epochs` is not there
  bool quantized = false;                 ///< its network computes in int8
  std::string source = {};                ///< stage or network whose weights it begins with; empty: none
  std::vector<int64_t> classes = {};      ///< that the options name; the data must have them
};

/// Where the options of a stage's kind tell what is wrong with them.
class StageCheck {
 public:
  virtual ~StageCheck() = default;
  /// Of the earlier stages.
  virtual const Recipe& recipe() const = 0;
  /// At a key of the kind's options; at the kind's own key where it is empty.
  virtual void mistake(const std::string& key, const std::string& message) = 0;
  /// A mistake where there is no earlier stage of this name.
  virtual void require_stage(const std::string& key, const std::string& name) = 0;
  /// A mistake where nothing is held out; `what` looks at the validation split.
  virtual void require_validation(const char* what) = 0;
  /// That the stage can begin with the weights of `of`: one network of the same form that is not quantized. `what`
  /// begins: "the stage begins".
  virtual void require_start(const std::string& key, const std::string& of, const char* what) = 0;
};

class StageOptions {
 public:
  virtual ~StageOptions() = default;
  virtual StageForm form() const = 0;
  /// false: with these options the stage is one that trains a network and nothing else.
  virtual bool applies() const { return true; }
  /// Tells mistakes that span several keys, and fills in what follows from earlier stages.
  virtual void check(StageRecipe& stage, StageCheck& check) const = 0;
};

}  // namespace limbeck
