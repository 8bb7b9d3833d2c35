#pragma once
// Files that others publish: what they are called, where they come from, and the checksum of what is in them.
#include <optional>
#include <string>
#include <vector>

#include "core/events.h"
#include "data/data_folders.h"

namespace limbeck {

struct PublishedFile {
  std::string name;  ///< below a data folder: "mnist/train-images-idx3-ubyte.gz"
  std::string
      checksum;  ///< XXH3-128 of the unpacked content, as Hasher gives it; of a .txt without white space at its end
};

struct PublishedData {
  std::string name;  ///< "mnist"
  std::vector<std::string>
      mirrors;  ///< addresses to which the last part of a file's name, or the archive's, is appended
  std::vector<PublishedFile> files;
  std::string
      archive;  ///< holds all files under their names: "cifar-10-binary.tar.gz"; empty: each is published by itself
};

/// The published data sets that can be fetched.
const std::vector<PublishedData>& published_data();
/// Throws Error of kind usage for an unknown name.
const PublishedData& published_data(const std::string& name);

/// Downloads the files that are missing into the first data folder and verifies all of them. An archive that lies in a
/// data folder is unpacked and not downloaded. Throws Error where that fails; the message says which files to put
/// where.
void fetch(const PublishedData& data, const DataFolders& folders, const Observer& observer);

}  // namespace limbeck
