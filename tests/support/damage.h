#pragma once
// Damage to a file, as a line of text, so that what once did harm, or was told in its own way, is kept and tried again.
//
//   small.onnx: flip 33 4; cut 812
//   small.pt2 m/models/model.json: erase 120 5     # in a file of the archive, whose checksums are then right
#include <random>
#include <string>
#include <vector>

namespace limbeck {

struct Damage {
  struct Edit {
    std::string what;  ///< flip AT BIT · set AT BYTE · cut AT · erase AT COUNT · copy FROM COUNT TO · word AT VALUE
    std::vector<uint64_t> numbers;
  };
  std::string file;   ///< name of the small program: "small.onnx", "small.pt2"
  std::string entry;  ///< of the archive; empty: the whole file
  std::vector<Edit> edits;
};

/// Throws Error for a line that is none.
Damage parse_damage(const std::string& line);
std::string to_text(const Damage& damage);

/// Positions beyond the end are taken modulo the size.
std::string damaged(std::string content, const std::vector<Damage::Edit>& edits);
/// The small program of this damage, damaged.
std::string damaged_file(const Damage& damage);

/// Damage to a file of this name, drawn at random: mostly one to three edits where the structure is.
Damage random_damage(const std::string& file, std::mt19937& random);

/// Reads a program from a file as a teacher is read, and runs it. Returns the message of an Error; empty if it runs.
/// Anything else that is thrown passes.
std::string try_program(const std::string& content, const std::string& file, const std::string& folder);

}  // namespace limbeck
