#include "support/export_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>

namespace limbeck {
namespace {

template <class Number>
std::string little_endian(Number value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

uint32_t checksum(const std::string& bytes) {
  uint32_t sum = ~0U;
  for (const char c : bytes) {
    sum ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1) ^ ((sum & 1) != 0 ? 0xEDB88320U : 0);
  }
  return ~sum;
}

/// One stored block of DEFLATE for each 65,535 bytes.
std::string deflated(const std::string& content) {
  constexpr size_t kMost = 0xFFFF;
  std::string result;
  for (size_t at = 0; at == 0 || at < content.size(); at += kMost) {
    const std::string block = content.substr(at, kMost);
    const auto size = static_cast<uint16_t>(block.size());
    result += at + kMost >= content.size() ? '\1' : '\0';
    result += little_endian(size) + little_endian(static_cast<uint16_t>(~size)) + block;
  }
  return result;
}

const char* storage_of(torch::ScalarType type) {
  static const std::map<torch::ScalarType, const char*> all = {{torch::kFloat, "FloatStorage"},
                                                               {torch::kDouble, "DoubleStorage"},
                                                               {torch::kLong, "LongStorage"},
                                                               {torch::kBool, "BoolStorage"},
                                                               {torch::kHalf, "HalfStorage"}};
  return all.at(type);
}

/// The numbers of torch.export's types.
int number_of(torch::ScalarType type) {
  static const std::map<torch::ScalarType, int> all = {{torch::kFloat, 7}, {torch::kDouble, 8}, {torch::kLong, 5},
                                                       {torch::kBool, 12}, {torch::kHalf, 6},   {torch::kInt, 4}};
  return all.at(type);
}

std::string memory_of(const torch::Tensor& tensor) {
  const torch::Storage& storage = tensor.storage();
  return {static_cast<const char*>(storage.data()), storage.nbytes()};
}

std::string pickled_text(const std::string& text) {
  return 'X' + little_endian(static_cast<uint32_t>(text.size())) + text;
}
std::string pickled_number(int64_t number) {
  return 'J' + little_endian(static_cast<int32_t>(number));
}
std::string pickled_numbers(torch::IntArrayRef numbers) {
  std::string result = "(";
  for (const int64_t number : numbers) result += pickled_number(number);
  return result + 't';
}

std::string pickled_tensor(const torch::Tensor& tensor, const std::string& key) {
  const std::string flag = tensor.requires_grad() ? "\x88" : "\x89";
  std::string memory = "(" + pickled_text("storage") + "ctorch\n" + storage_of(tensor.scalar_type()) + "\n" +
                       pickled_text(key) + pickled_text("cpu") + pickled_number(tensor.numel()) + "tQ";
  std::string result = "ctorch._utils\n_rebuild_tensor_v2\n((" + memory.substr(1) +
                       pickled_number(tensor.storage_offset()) + pickled_numbers(tensor.sizes()) +
                       pickled_numbers(tensor.strides()) + "\x89" + "ccollections\nOrderedDict\n)RtR";
  if (!tensor.requires_grad()) return result;
  return "ctorch._utils\n_rebuild_parameter\n(" + result + flag + "ccollections\nOrderedDict\n)RtR";
}

std::string list_of(const std::vector<int64_t>& numbers) {
  std::string result;
  for (const int64_t number : numbers)
    result += fmt::format("{}{{\"as_int\": {}}}", result.empty() ? "" : ", ", number);
  return "[" + result + "]";
}

std::string value_name(const std::string& name) {
  std::string value = "v_" + name;
  for (char& c : value)
    if (c == '.') c = '_';
  return value;
}

void join(std::string& list, const std::string& element) {
  list += (list.empty() ? "" : ", ") + element;
}

}  // namespace

std::string zip_archive(const ArchiveFiles& files, bool compressed) {
  std::string content, directory;
  for (const auto& [name, file] : files) {
    const std::string bytes = compressed ? deflated(file) : file;
    const std::string common = little_endian(uint16_t{20}) + little_endian(uint16_t{0}) +
                               little_endian(static_cast<uint16_t>(compressed ? 8 : 0)) + little_endian(uint32_t{0}) +
                               little_endian(checksum(file)) + little_endian(static_cast<uint32_t>(bytes.size())) +
                               little_endian(static_cast<uint32_t>(file.size())) +
                               little_endian(static_cast<uint16_t>(name.size())) + little_endian(uint16_t{0});
    const std::string at = little_endian(static_cast<uint32_t>(content.size()));
    for (const auto& part :
         {std::string("PK\1\2"), little_endian(uint16_t{20}), common, std::string(10, '\0'), at, name})
      directory += part;
    for (const auto& part : {std::string("PK\3\4"), common, name, bytes}) content += part;
  }
  const auto count = static_cast<uint16_t>(files.size());
  return content + directory + "PK\5\6" + std::string(4, '\0') + little_endian(count) + little_endian(count) +
         little_endian(static_cast<uint32_t>(directory.size())) + little_endian(static_cast<uint32_t>(content.size())) +
         std::string(2, '\0');
}

std::string saved_tensors(const std::vector<std::pair<std::string, torch::Tensor>>& tensors) {
  std::string pickle = "\x80\2ccollections\nOrderedDict\n)R(";
  ArchiveFiles files = {{"archive/data.pkl", ""}, {"archive/byteorder", "little"}};
  std::map<const void*, std::string> keys;
  for (const auto& [name, tensor] : tensors) {
    std::string& key = keys[tensor.storage().data()];
    if (key.empty()) {
      key = std::to_string(keys.size() - 1);
      files.emplace_back("archive/data/" + key, memory_of(tensor));
    }
    pickle += pickled_text(name) + pickled_tensor(tensor, key);
  }
  files[0].second = pickle + "u}" + pickled_text("_metadata") + "Nsb.";
  return zip_archive(files);
}

std::string tensor_argument(const std::string& argument, const std::string& name) {
  return fmt::format(R"("{}": {{"as_tensor": {{"name": "{}"}}}})", argument, name);
}
std::string argument(const std::string& name, const std::string& kind, const std::string& value) {
  return fmt::format(R"("{}": {{"{}": {}}})", name, kind, value);
}

void ExportWriter::add_tensor(const Held& held, const std::string& spec) {
  held_.push_back(held);
  join(inputs_, fmt::format(R"({{"as_tensor": {{"name": "{}"}}}})", value_name(held.name)));
  join(specs_, spec);
}

void ExportWriter::parameter(const std::string& name, const torch::Tensor& tensor) {
  add_tensor(
      {name, tensor, true, false},
      fmt::format(R"({{"parameter": {{"arg": {{"name": "{}"}}, "parameter_name": "{}"}}}})", value_name(name), name));
}
void ExportWriter::buffer(const std::string& name, const torch::Tensor& tensor, bool persistent) {
  add_tensor({name, tensor, false, !persistent},
             fmt::format(R"({{"buffer": {{"arg": {{"name": "{}"}}, "buffer_name": "{}", "persistent": {}}}}})",
                         value_name(name), name, persistent));
}
void ExportWriter::constant(const std::string& name, const torch::Tensor& tensor) {
  add_tensor({name, tensor, false, true},
             fmt::format(R"({{"tensor_constant": {{"arg": {{"name": "{}"}}, "tensor_constant_name": "{}"}}}})",
                         value_name(name), name));
}
void ExportWriter::input(const std::string& name) {
  const std::string argument = fmt::format(R"({{"as_tensor": {{"name": "{}"}}}})", name);
  join(inputs_, argument);
  join(specs_, fmt::format(R"({{"user_input": {{"arg": {}}}}})", argument));
}
void ExportWriter::constant_input(const std::string& name, const std::string& value) {
  join(inputs_, value);
  join(specs_, fmt::format(R"({{"constant_input": {{"name": "{}", "value": {}}}}})", name, value));
}

void ExportWriter::node(const std::string& target, const std::string& arguments, const std::string& results,
                        const std::string& module) {
  // Members of an object become a list of names and arguments.
  std::string inputs;
  size_t depth = 0, begin = 0;
  for (size_t at = 0; at <= arguments.size(); ++at) {
    const char c = at < arguments.size() ? arguments[at] : ',';
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (c != ',' || depth > 0) continue;
    const std::string member = arguments.substr(begin, at - begin);
    const size_t first = member.find('"'), last = member.find('"', first + 1);
    if (first != std::string::npos)
      join(inputs, fmt::format(R"({{"name": "{}", "arg": {}, "kind": 1}})", member.substr(first + 1, last - first - 1),
                               member.substr(member.find_first_not_of(": ", last + 1))));
    begin = at + 1;
  }
  std::string outputs;
  for (size_t at = 0; at < results.size() && results[0] != '[';) {
    const size_t end = std::min(results.find(' ', at), results.size());
    join(outputs, fmt::format(R"({{"as_tensor": {{"name": "{}"}}}})", results.substr(at, end - at)));
    at = end + 1;
  }
  // The modules around a module are those of the parts of its path.
  std::string stack = "L__self__,,Net";
  const std::string path = module.substr(0, module.find('@'));
  for (size_t dot = 0; dot != std::string::npos && !path.empty();) {
    dot = path.find('.', dot + 1);
    const std::string part = path.substr(0, dot);
    stack +=
        fmt::format(";L__self___{}{},{},Layer", part, dot == std::string::npos ? module.substr(path.size()) : "", part);
  }
  join(nodes_,
       fmt::format(R"({{"target": "{}{}", "inputs": [{}], "outputs": {}, "name": "n{}", )"
                   R"("metadata": {{"nn_module_stack": "{}"}}}})",
                   target.starts_with("aten.") || target.starts_with("higher_order.") ? "torch.ops." : "", target,
                   inputs, results.starts_with('[') ? results : "[" + outputs + "]", node_count_++, stack));
}

void ExportWriter::output(const std::string& name) {
  if (name.starts_with('{')) {
    join(output_specs_, name);
    return;
  }
  const std::string argument = fmt::format(R"({{"as_tensor": {{"name": "{}"}}}})", name);
  join(outputs_, argument);
  join(output_specs_, fmt::format(R"({{"user_output": {{"arg": {}}}}})", argument));
  ++output_count_;
}

std::string ExportWriter::program() const {
  const std::string leaf = R"({"type": null, "context": null, "children_spec": []})";
  std::string tree = tree_;
  if (tree.empty() && output_count_ == 1) tree = leaf;
  if (tree.empty()) {
    std::string leaves;
    for (int i = 0; i < output_count_; ++i) join(leaves, leaf);
    tree = fmt::format(R"({{"type": "builtins.tuple", "context": "null", "children_spec": [{}]}})", leaves);
  }
  std::string quoted;
  for (const char c : "[1, " + tree + "]") quoted += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return fmt::format(
      R"({{"graph_module": {{"graph": {{"inputs": [{}], "outputs": [{}], "nodes": [{}], "tensor_values": {{}}, )"
      R"("sym_int_values": {{}}, "sym_bool_values": {{}}, "is_single_tensor_return": false}}, )"
      R"("signature": {{"input_specs": [{}], "output_specs": [{}]}}, "module_call_graph": [{{"fqn": "", )"
      R"("signature": {{"inputs": [], "outputs": [], "in_spec": "", "out_spec": "{}"}}}}], )"
      R"("treespec_namedtuple_fields": {{"Result": {{"field_names": ["scores", "hidden"]}}}}}}, )"
      R"("opset_version": {{"aten": 10}}, "range_constraints": {{}}, "schema_version": {{"major": 8, "minor": 17}}}})",
      inputs_, outputs_, nodes_, specs_, output_specs_, quoted);
}

std::vector<std::pair<std::string, torch::Tensor>> ExportWriter::tensors(bool constants) const {
  std::vector<std::pair<std::string, torch::Tensor>> all;
  for (const Held& held : held_)
    if (held.is_constant == constants) all.emplace_back(held.name, held.tensor);
  return all;
}

void ExportWriter::add_files(ArchiveFiles& files, bool constants) const {
  const std::string folder = constants ? "m/data/constants/" : "m/data/weights/";
  const std::string prefix = constants ? "tensor_" : "weight_";
  std::map<const void*, std::string> paths;
  std::string config;
  for (const Held& held : held_) {
    if (held.is_constant != constants) continue;
    std::string& path = paths[held.tensor.storage().data()];
    if (path.empty()) {
      path = prefix + std::to_string(paths.size() - 1);
      files.emplace_back(folder + path, memory_of(held.tensor));
    }
    join(config,
         fmt::format(R"("{}": {{"path_name": "{}", "is_param": {}, "use_pickle": false, "tensor_meta": {{"dtype": {}, )"
                     R"("sizes": {}, "requires_grad": {}, "device": {{"type": "cpu", "index": null}}, "strides": {}, )"
                     R"("storage_offset": {{"as_int": {}}}, "layout": 7}}}})",
                     held.name, path, held.is_parameter, number_of(held.tensor.scalar_type()),
                     list_of(held.tensor.sizes().vec()), held.tensor.requires_grad(),
                     list_of(held.tensor.strides().vec()), held.tensor.storage_offset()));
  }
  files.emplace_back(folder + (constants ? "model_constants_config.json" : "model_weights_config.json"),
                     fmt::format("{{\"config\": {{{}}}}}", config));
}

ArchiveFiles ExportWriter::files() const {
  ArchiveFiles files = {{"m/archive_format", "pt2"}, {"m/byteorder", "little"}, {"m/models/model.json", program()}};
  add_files(files, false);
  add_files(files, true);
  return files;
}

std::string ExportWriter::content(Layout layout) const {
  if (layout == Layout::new_files) return zip_archive(files());
  const bool is_old = layout == Layout::old_files;
  ArchiveFiles all = {{is_old ? "serialized_exported_program.json" : "m/models/model.json", program()},
                      {is_old ? "serialized_state_dict.pt" : "m/data/weights/model.pt", saved_tensors(tensors(false))},
                      {is_old ? "serialized_constants.pt" : "m/data/constants/model.pt", saved_tensors(tensors(true))}};
  if (!is_old) all.emplace_back("m/archive_format", "pt2");
  return zip_archive(all);
}

}  // namespace limbeck
