#pragma once
// Claims on work that many processes share, on one host or on several with a shared folder: who has the claim does the
// work. A claim is a lock of a file (flock), which counts among the processes of one kernel and ends with its holder,
// and a lease beside it (core/lease.h), which counts among hosts and which a dead host loses.
//
//   if (const Claim claim(claim_within("runs/a/stages/ensemble.3")); claim.acquired()) …   // ours, until destruction
//
// A host that was frozen for longer than its lease, and goes on, may work beside the one that took the claim over. What
// both write has to be the same, and written at once: run folders are so, since results are a function of the recipe.
//
// Thread-safety: all functions may be called from several threads; two claims of one process exclude each other too.
#include <memory>
#include <optional>
#include <vector>

#include "core/files.h"
#include "core/lease.h"

namespace limbeck {

struct ClaimFiles {
  fs::path lock, lease;
};
/// On what is in a folder, which exists: FOLDER/.lock, FOLDER/.lease.
ClaimFiles claim_within(const fs::path& folder);
/// On a folder that has a claim of its own, or does not exist yet: PATH.lock, PATH.lease.
ClaimFiles claim_beside(const fs::path& path);
/// Whether a file in a folder belongs to the claim on the folder.
bool is_of_claim(const fs::path& file);

class Claim {
 public:
  /// Tries to get the claim without waiting. Throws Error if its files cannot be written.
  explicit Claim(const ClaimFiles& files, const LeaseRules& rules = LeaseRules());

  bool acquired() const { return lease_ != nullptr; }
  /// False also if another host has taken it over since.
  bool held() const { return acquired() && lease_->held(); }
  /// If it was not acquired: the holder's lease, if he has one.
  const std::optional<SeenLease>& other() const { return other_; }
  /// The holder is a process of another host.
  bool is_elsewhere() const { return other_ && !other_->is_beside(rules_.holder); }
  /// Ends the lease before the lock.
  void end_lease() { lease_.reset(); }

 private:
  LeaseRules rules_;
  FileLock lock_;
  std::optional<SeenLease> other_;
  std::unique_ptr<Lease> lease_;
};

/// A claim on a folder, held until destruction. Throws Error that names the holder if another process has it. If the
/// constructor created the folder and nothing was written into it, the destructor removes the folder and the parents
/// that were created.
class FolderLock {
 public:
  explicit FolderLock(const fs::path& folder, const LeaseRules& rules = LeaseRules());
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  /// See Claim.
  bool held() const { return claim_.held(); }

 private:
  fs::path folder_;
  std::vector<fs::path> made_;  ///< created folders, innermost first
  Claim claim_;
};

}  // namespace limbeck
