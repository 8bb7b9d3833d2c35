#include "core/claim.h"

#include <unistd.h>

#include <cmath>

#include "core/error.h"
#include "core/text.h"

namespace limbeck {
namespace {

constexpr int kMostTries = 5;  // each fails only if another process takes or leaves the lease in the meantime

/// The folder and those of its parents that are not there yet, the innermost first.
std::vector<fs::path> missing_folders(fs::path folder) {
  std::vector<fs::path> missing;
  if (!folder.has_filename()) folder = folder.parent_path();  // "runs/a/"
  for (std::error_code ignored; !folder.empty() && folder != folder.root_path() && !fs::exists(folder, ignored);
       folder = folder.parent_path())
    missing.push_back(folder);
  return missing;
}

ClaimFiles claim_in_new(const fs::path& folder) {
  make_writable_folder(folder);
  return claim_within(folder);
}

std::string told_here(const fs::path& lock) {
  std::string process;
  try {
    process = read_file(lock);
  } catch (const Error&) {
    process.clear();
  }
  return fmt::format("by another run{}; wait for it or choose another --out",
                     process.empty() ? "" : fmt::format(" (process {})", process));
}

std::string told_elsewhere(const SeenLease& lease) {
  return fmt::format(
      "by another run on {} (process {}, last sign of life {} ago); wait for it or choose another --out. If that host "
      "is dead, the folder is free in {}",
      lease.holder.host.empty() ? "an unknown host" : fmt::format("the host '{}'", lease.holder.host),
      lease.holder.process, duration(std::floor(lease.age)),
      duration(std::ceil(std::max(1.0, lease.seconds - lease.age))));
}

}  // namespace

ClaimFiles claim_within(const fs::path& folder) {
  return {folder / ".lock", folder / ".lease"};
}

ClaimFiles claim_beside(const fs::path& path) {
  return {path.string() + ".lock", path.string() + ".lease"};
}

bool is_of_claim(const fs::path& file) {
  const std::string name = file.filename().string();
  return name == ".lock" || name == ".lease" || name.starts_with(".lease.");
}

Claim::Claim(const ClaimFiles& files, const LeaseRules& rules) : rules_(rules), lock_(files.lock) {
  if (!lock_.acquired() && lock_.is_supported()) {
    other_ = look_at_lease(files.lease);
    return;
  }
  if (lock_.acquired()) lock_.write(std::to_string(::getpid()));
  for (int i = 0; i < kMostTries; ++i) {
    other_ = look_at_lease(files.lease);
    if (!other_) {
      lease_ = Lease::take(files.lease, rules);
      if (lease_) return;
      continue;
    }
    // A holder on this host would hold the lock.
    const bool is_dead = lock_.acquired() && other_->is_beside(rules.holder);
    if (!is_dead && !other_->is_expired()) return;
    steal_lease(files.lease, *other_);
  }
}

FolderLock::FolderLock(const fs::path& folder, const LeaseRules& rules)
    : folder_(fs::absolute(folder).lexically_normal()),
      made_(missing_folders(folder_)),
      claim_(claim_in_new(folder), rules) {
  if (claim_.acquired()) return;
  throw Error(fmt::format("the folder '{}' is in use {}", folder.string(),
                          claim_.is_elsewhere() ? told_elsewhere(*claim_.other()) : told_here(folder / ".lock")));
}

FolderLock::~FolderLock() {
  std::error_code problem;
  for (fs::directory_iterator entry(folder_, problem), end; !problem && entry != end; entry.increment(problem))
    if (!is_of_claim(entry->path())) return;
  if (problem || made_.empty() || !claim_.held()) return;
  claim_.end_lease();
  fs::remove(folder_ / ".lock", problem);
  for (const fs::path& folder : made_)
    if (!fs::remove(folder, problem)) return;  // another has written there
}

}  // namespace limbeck
