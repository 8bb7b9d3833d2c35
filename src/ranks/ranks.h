#pragma once
// The processes that train together, by LibTorch's c10d over Gloo. Every rank calls the same functions in the same
// order; each result is the same, to the bit, on all of them.
//
//   Ranks ranks(*launch_from(environment_of_process()));
//   ranks.require_equal("recipe", recipe_hash);
//   ranks.sum(gradients);            // in place, over all ranks
//
// Tensors of a GPU are summed in the host's memory, to which they are copied.
//
// A rank that ends, is killed or cannot be reached is an Error on all others, which names it: within a few seconds
// where its connection closes, and after `silence` seconds where its host is gone.
//
// Thread-safety: an object is used by one thread.
#include <ATen/core/Tensor.h>

#include <memory>
#include <string>

#include "ranks/launch.h"

namespace limbeck {

class Ranks {
 public:
  struct Times {
    double join = 300;    ///< seconds in which all ranks have to come
    double silence = 60;  ///< seconds without a sign of life after which a rank counts as gone
  };
  /// LIMBECK_JOIN_SECONDS and LIMBECK_SILENCE_SECONDS, where they are set. Throws Error of kind usage for bad values.
  static Times times_from(const Environment& environment);

  /// Meets the other ranks. Throws Error if one of them does not come in time, or the port is taken.
  explicit Ranks(const Launch& launch) : Ranks(launch, Times()) {}
  Ranks(const Launch& launch, const Times& times);
  ~Ranks();
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  int rank() const;
  int size() const;
  int local_rank() const;  ///< among those on this host
  /// Whether this rank writes the files of a run, and shows it: rank 0.
  bool writes() const { return rank() == 0; }

  /// A sum that goes on while its rank computes.
  class Pending {
   public:
    /// Waits until the values are the sums. Throws Error if a rank is gone.
    void wait();

   private:
    friend class Ranks;
    struct Work;
    Ranks* ranks_ = nullptr;
    std::shared_ptr<Work> work_;
  };
  /// Begins to sum values [..], contiguous, in place; they are left alone until wait().
  Pending begin_sum(const at::Tensor& values);
  void sum(const at::Tensor& values) { begin_sum(values).wait(); }
  /// Copies rank 0's values to all ranks.
  void broadcast(const at::Tensor& values);
  std::string broadcast(const std::string& text);
  /// Returns the rows [n, …] of all ranks, of which each may have another number, in the order of the ranks. `before`,
  /// if given, becomes the number of rows before those of this rank.
  at::Tensor join_rows(const at::Tensor& rows, int64_t* before = nullptr);
  /// Waits for all ranks.
  void meet();

  /// Throws Error, on all ranks, if the texts are not the same: "rank 1 has another recipe than rank 0 (…)".
  void require_equal(const std::string& what, const std::string& text);

  /// Lets the others know that this rank ends, and why, so that their errors say it.
  void leave(const std::string& reason) noexcept;

 private:
  class Group;
  std::unique_ptr<Group> group_;
};

}  // namespace limbeck
