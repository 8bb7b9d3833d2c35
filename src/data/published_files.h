#pragma once
// Files that others publish: what they are called, where they come from, and the checksum of what is in them.
#include <optional>
#include <string>
#include <vector>

#include "core/events.h"
#include "data/data_folders.h"

namespace limbeck {

struct PublishedFile {
  std::string name;      ///< below a data folder: "mnist/train-images-idx3-ubyte.gz"
  std::string checksum;  ///< XXH3-128 of the unpacked content, as Hasher gives it
};

struct PublishedData {
  std::string name;                 ///< "mnist"
  std::vector<std::string> mirrors; ///< addresses to which the last part of a file's name is appended
  std::vector<PublishedFile> files;
};

/// The published data sets that can be fetched.
const std::vector<PublishedData>& published_data();
/// Throws Error of kind usage for an unknown name.
const PublishedData& published_data(const std::string& name);

/// Downloads the files that are missing into the first data folder and verifies all of them. Throws Error where that
/// fails; the message says which files to put where.
void fetch(const PublishedData& data, const DataFolders& folders, const Observer& observer);

}  // namespace limbeck
