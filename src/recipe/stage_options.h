#pragma once
// The recipe's interface to stage kinds. A stage trains one network unless it has the key of another kind, such as
// `replicas` or `quantize`. A kind is a component of Slot::stage. Its options derive from StageOptions, which describes
// the properties that other stages and checks need, so that no code has to test for a particular kind.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "recipe/ensemble_mean.h"

namespace limbeck {

struct Recipe;
struct StageRecipe;

struct StageForm {
  int64_t members = 0;             ///< number of networks that the stage saves as NAME.1, NAME.2, …; 0: one, as NAME
  const char* member = "network";  ///< term for a member
  bool members_teach = true;       ///< later stages may refer to a member by its name
  bool apart = false;              ///< members are trained independently, possibly in several processes
  bool together = false;           ///< members are trained jointly on the same batches and may learn from each other
  std::optional<EnsembleMean> mean = {};  ///< how members are averaged, if the stage's network is their mean
  int64_t rounds = 1;                     ///< rounds of training: NAME.1, NAME.2, … and then NAME
  bool relabels = false;                  ///< the stage replaces the labels for later stages
  bool trains = true;                     ///< false: the training keys are not allowed
  int64_t least_epochs = 1;               ///< 0: no training by default
  bool quantized = false;                 ///< the network is quantized to int8
  std::string source = {};                ///< stage or network whose weights it starts from; empty: none
  std::vector<int64_t> classes = {};      ///< classes named by the options, which the data must have
};

/// Reports mistakes in the options of a stage's kind.
class StageCheck {
 public:
  virtual ~StageCheck() = default;
  /// Returns the recipe with the earlier stages.
  virtual const Recipe& recipe() const = 0;
  /// Reports a mistake at a key of the kind's options, or at the kind's own key if `key` is empty.
  virtual void mistake(const std::string& key, const std::string& message) = 0;
  /// Reports a mistake if there is no earlier stage of this name.
  virtual void require_stage(const std::string& key, const std::string& name) = 0;
  /// Reports a mistake if there is no validation split, which `what` needs.
  virtual void require_validation(const char* what) = 0;
  /// Reports a mistake unless the stage can start from the weights of `of`: a single network of the same architecture
  /// that is not quantized. `what` begins the message: "the stage begins".
  virtual void require_start(const std::string& key, const std::string& of, const char* what) = 0;
};

class StageOptions {
 public:
  virtual ~StageOptions() = default;
  virtual StageForm form() const = 0;
  /// false: with these options the stage trains a single network, like one without a kind. A kind whose defaults do not
  /// apply does apply with any other value of its principal option.
  virtual bool applies() const { return true; }
  /// Reports mistakes that span several keys, and fills in values derived from earlier stages.
  virtual void check(StageRecipe& stage, StageCheck& check) const = 0;
};

}  // namespace limbeck
