#include "app/actions/peak_memory.h"

#include <fmt/core.h>
#include <unistd.h>

#include "core/json.h"
#include "core/subprocess.h"
#include "deploy/cost.h"
#include "experiment/memory.h"
#include "results/binding.h"

namespace limbeck {
namespace {

/// What a program has printed last; warnings may stand before it.
std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const size_t end = text.rfind('\n');
  return end == std::string::npos ? text : text.substr(end + 1);
}

/// A folder that nobody else can write to, removed at the end.
class PrivateFolder {
 public:
  PrivateFolder() : path_((fs::temp_directory_path() / "limbeck-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr)
      throw Error(fmt::format("cannot make a folder in '{}'", fs::temp_directory_path().string()));
  }
  ~PrivateFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;
  fs::path path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

PeakMemory measure_memory(const std::vector<std::string>& arguments) {
  const PrivateFolder folder;
  const fs::path log = folder.path() / "log";
  std::vector<std::string> command = {kOwnProgram};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const int code = Subprocess(command, log).wait();
  const std::string printed = read_file(log);
  if (code != 0) throw Error(fmt::format("the process that measures memory ended with {}: {}", code, printed));
  return from_json<PeakMemory>(parse_json(last_line(printed), "what the process that measures memory has printed"));
}

PeakMemory probe_memory(const std::function<Model()>& load) {
  constexpr int kRuns = 3;
  const double before = peak_memory();
  const Model model = load();
  const Inference inference = inference_of(*model.network, model.description.input)(1);
  for (int i = 0; i < kRuns; ++i) inference();
  return {.peak = peak_memory(), .before = before};
}

}  // namespace limbeck
