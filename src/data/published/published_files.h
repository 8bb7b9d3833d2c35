#pragma once
// Public data sets that can be downloaded: file names, addresses and checksums.
#include <optional>
#include <string>
#include <vector>

#include "limbeck/data_folders.h"
#include "limbeck/events.h"

namespace limbeck {

struct PublishedFile {
  std::string name;      ///< path below a data folder: "mnist/train-images-idx3-ubyte.gz"
  std::string checksum;  ///< XXH3-128 of the decompressed content, as computed by Hasher; for .txt files without
                         ///< trailing white space
};

struct PublishedData {
  std::string name;  ///< "mnist"
  std::vector<std::string>
      mirrors;  ///< base addresses, to which the last component of the file's or archive's name is appended
  std::vector<PublishedFile> files;
  std::string archive;  ///< contains all files: "cifar-10-binary.tar.gz"; empty: files are published individually
};

/// All data sets that can be downloaded.
const std::vector<PublishedData>& published_data();
/// Throws Error of kind usage for an unknown name.
const PublishedData& published_data(const std::string& name);

/// Downloads missing files into the first data folder and verifies the checksums of all files. An archive that is
/// already in a data folder is unpacked instead of downloaded. Throws Error on failure; the message says which files to
/// put where.
void fetch(const PublishedData& data, const DataFolders& folders, const Observer& observer);

}  // namespace limbeck
