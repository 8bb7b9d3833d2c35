#include "programs/exported_file.h"

#include <optional>
#include <vector>

#include "core/error.h"
#include "programs/archive.h"
#include "programs/exported_json.h"
#include "programs/exported_types.h"
#include "programs/pickled_tensors.h"
#include "programs/stored_tensor.h"

namespace limbeck {
namespace {

using NamedTensors = std::map<std::string, at::Tensor>;

constexpr uint64_t kLargestProgram = uint64_t{256} << 20;

/// Sizes and strides are {"as_int": 3} each; those of weights are never symbolic.
Shape numbers_of(const std::vector<ExportedJson>& list) {
  Shape all;
  for (const ExportedJson& number : list) all.push_back(number.at("as_int").integer());
  return all;
}

class ExportedArchive {
 public:
  ExportedArchive(const std::string& content, const std::string& file)
      : archive_(content, file, "file of torch.export"), file_(file) {}

  ExportedFile read() {
    constexpr const char* kProgram = "serialized_exported_program.json";
    if (archive_.find(kProgram) != nullptr)
      return {json(kProgram),
              pickled({"serialized_state_dict.pt", "serialized_state_dict.json"}).value_or(NamedTensors()),
              pickled({"serialized_constants.pt", "serialized_constants.json"}).value_or(NamedTensors())};
    find_folder();
    const std::string name = model();
    return {json(folder_ + "models/" + name + ".json"), tensors("data/weights/", name, "_weights_config.json"),
            tensors("data/constants/", name, "_constants_config.json")};
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw Error(fmt::format("'{}' is no program of torch.export.save: {}", file_, why));
  }

  Json json(const std::string& entry) const {
    return parse_python_json(archive_.text(entry, kLargestProgram), fmt::format("{}: {}", file_, entry));
  }

  /// All entries lie in one folder, whose name does not matter.
  void find_folder() {
    constexpr std::string_view kFormat = "archive_format";
    for (const ArchiveEntry& entry : archive_.entries())
      if (entry.name == kFormat || entry.name.ends_with("/archive_format")) {
        if (entry.size != 3 || archive_.text(entry.name, entry.size) != "pt2") refuse("its archive_format is not pt2");
        folder_ = entry.name.substr(0, entry.name.size() - kFormat.size());
        const ArchiveEntry* order = archive_.find(folder_ + "byteorder");
        if (order != nullptr && !order->is_compressed && order->bytes != "little")
          refuse("it is of a big-endian machine");
        return;
      }
    refuse("it has neither an archive_format nor a serialized_exported_program.json");
  }

  std::string model() const {
    const std::string folder = folder_ + "models/";
    constexpr std::string_view kEnd = ".json";
    std::vector<std::string> names;
    for (const ArchiveEntry& entry : archive_.entries())
      if (entry.name.starts_with(folder) && entry.name.ends_with(kEnd))
        names.push_back(entry.name.substr(folder.size(), entry.name.size() - folder.size() - kEnd.size()));
    if (names.empty()) refuse("it has no program in models/, as if it was compiled by AOTInductor");
    if (names.size() > 1)
      refuse(fmt::format("it has {} programs, '{}', '{}', …; expected one", names.size(), names[0], names[1]));
    return names[0];
  }

  /// The first of these entries that there is, as torch.save writes it.
  std::optional<NamedTensors> pickled(const std::vector<std::string>& names) const {
    for (const std::string& name : names) {
      const ArchiveEntry* entry = archive_.find(name);
      if (entry == nullptr) continue;
      if (entry->size == 0) return NamedTensors();
      return read_pickled_tensors(archive_.stored(name), fmt::format("{}: {}", file_, name));
    }
    return std::nullopt;
  }

  /// Of a folder. 2.8 wrote one file of torch.save, later versions write one file of bytes for each memory.
  NamedTensors tensors(const std::string& below, const std::string& model, const char* config_end) const {
    const std::string folder = folder_ + below;
    if (std::optional<NamedTensors> all = pickled({folder + model + ".pt"})) return *all;
    const std::string config = folder + model + config_end;
    if (archive_.find(config) == nullptr) return {};
    const Json parsed = json(config);
    std::map<std::string, StoredMemory> memories;
    NamedTensors all;
    for (const auto& [name, entry] : entries_of(parsed, config)) {
      try {
        if (std::optional<at::Tensor> tensor = payload(folder, entry, memories)) all[name] = *tensor;
      } catch (const Error& error) {
        throw Error(fmt::format("'{}': the weight '{}': {}", file_, name, error.what()));
      }
    }
    return all;
  }

  std::vector<std::pair<std::string, ExportedJson>> entries_of(const Json& config, const std::string& name) const {
    try {
      return ExportedJson(config).at("config").members();
    } catch (const Error& error) {
      throw Error(fmt::format("'{}': {}: {}", file_, name, error.what()));
    }
  }

  /// Returns nullopt for an object of a class.
  std::optional<at::Tensor> payload(const std::string& folder, const ExportedJson& entry,
                                    std::map<std::string, StoredMemory>& memories) const {
    const std::string path = folder + entry.at("path_name").text();
    const std::optional<ExportedJson> meta = entry.find("tensor_meta");
    if (!meta) return std::nullopt;
    if (entry.at("use_pickle").flag()) {
      const NamedTensors single = read_pickled_tensors(archive_.stored(path), fmt::format("{}: {}", file_, path));
      const auto found = single.find("");
      if (found == single.end()) throw Error("its file holds no tensor");
      return found->second;
    }
    auto memory = memories.find(path);
    if (memory == memories.end()) memory = memories.emplace(path, StoredMemory(archive_.stored(path))).first;
    check_exported_layout(meta->at("layout").integer());
    const at::Tensor tensor = memory->second.tensor({.dtype = exported_scalar_type(meta->at("dtype").integer()),
                                                     .sizes = numbers_of(meta->at("sizes").list()),
                                                     .strides = numbers_of(meta->at("strides").list()),
                                                     .offset = meta->at("storage_offset").at("as_int").integer()});
    const bool is_trained = entry.at("is_param").flag() && meta->at("requires_grad").flag();
    return tensor.set_requires_grad(is_trained && tensor.is_floating_point());
  }

  Archive archive_;
  std::string file_;
  std::string folder_;
};

}  // namespace

ExportedFile read_exported_file(const std::string& content, const std::string& file) {
  return ExportedArchive(content, file).read();
}

}  // namespace limbeck
