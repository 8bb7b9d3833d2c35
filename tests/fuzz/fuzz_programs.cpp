// Damages programs' files at random for some seconds, and prints a line of tests/programs/damaged_files.txt for each
// that is told in a way that none before was. What is neither read nor refused in order is printed and ends it.
//
//   ninja -C build/release fuzz_programs
//   build/release/tests/fuzz_programs SECONDS SEED < tests/programs/damaged_files.txt >> new_lines.txt
//
// A build with LIMBECK_SANITIZE=address,undefined finds more.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>

#include "support/damage.h"

namespace {

/// A message without its numbers and names, of which there are many.
std::string form_of(const std::string& message) {
  std::string form;
  bool quoted = false;
  for (const char letter : message) {
    if (letter == '\'' || letter == '"') quoted = !quoted;
    const bool counts = !quoted && letter > ' ' && !(letter >= '0' && letter <= '9');
    if (counts) form += letter;
  }
  return form.substr(0, 60);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    std::fprintf(stderr, "fuzz_programs SECONDS SEED < lines of damage\n");
    return 2;
  }
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::seconds(std::atoi(arguments[1]));
  std::mt19937 random(static_cast<uint32_t>(std::atoi(arguments[2])));
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / (std::string("limbeck_fuzz_") + arguments[2]);
  std::filesystem::create_directories(folder);
  std::set<std::string> forms;
  const auto attempt = [&](const limbeck::Damage& damage) {
    const std::string content = limbeck::damaged_file(damage);
    std::ofstream(folder / "last.txt") << limbeck::to_text(damage) << "\n";  // of a crash
    const auto start = Clock::now();
    std::string message;
    try {
      message = limbeck::try_program(content, damage.file, folder.string());
    } catch (const std::exception& error) {
      std::fprintf(stderr, "not an error of this program: %s\n%s\n", limbeck::to_text(damage).c_str(), error.what());
      std::exit(1);
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (seconds > 5) std::fprintf(stderr, "took %.1f s: %s\n", seconds, limbeck::to_text(damage).c_str());
    return forms.insert(damage.file + form_of(message)).second;
  };
  for (std::string line; std::getline(std::cin, line);)
    if (!line.empty() && line[0] != '#') attempt(limbeck::parse_damage(line));
  long rounds = 0, found = 0;
  constexpr const char* kFiles[] = {"small.onnx", "small.pt2", "small.old.pt2"};
  for (; Clock::now() < end; ++rounds) {
    const limbeck::Damage damage = limbeck::random_damage(kFiles[random() % 3], random);
    if (!attempt(damage)) continue;
    ++found;
    std::printf("%s\n", limbeck::to_text(damage).c_str());
    std::fflush(stdout);
  }
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  std::fprintf(stderr, "%ld files, %ld new forms, at most %ld MB of memory\n", rounds, found, usage.ru_maxrss / 1024);
  std::filesystem::remove_all(folder);
}
