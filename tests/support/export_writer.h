#pragma once
// Writes small archives as torch.export.save does, for tests: LibTorch 1.13 has no torch.export.
//
//   ExportWriter writer;
//   writer.parameter("fc.weight", weight);
//   writer.input("x");
//   writer.node("aten.linear.default", R"("input": {"as_tensor": {"name": "x"}}, …)", "y", "fc");
//   writer.output("y");
//   std::string content = writer.content();
#include <torch/types.h>

#include <string>
#include <utility>
#include <vector>

namespace limbeck {

using ArchiveFiles = std::vector<std::pair<std::string, std::string>>;  ///< name, content

/// A ZIP archive of these files, stored, or as DEFLATE's stored blocks.
std::string zip_archive(const ArchiveFiles& files, bool compressed = false);

/// What torch.save writes of a dict of tensors, whose memory is shared where theirs is.
std::string saved_tensors(const std::vector<std::pair<std::string, torch::Tensor>>& tensors);

/// Members of an object of arguments: "self": {"as_tensor": {"name": "x"}}
std::string tensor_argument(const std::string& argument, const std::string& name);
/// "dim": {"as_int": 1}, of a kind and a value in JSON.
std::string argument(const std::string& name, const std::string& kind, const std::string& value);
template <class... More>
std::string arguments(const std::string& first, const More&... more) {
  std::string all = first;
  ((all += ", " + more), ...);
  return all;
}

class ExportWriter {
 public:
  enum class Layout { new_files, pickled_in_archive, old_files };

  /// A trained one requires a gradient.
  void parameter(const std::string& name, const torch::Tensor& tensor);
  void buffer(const std::string& name, const torch::Tensor& tensor, bool persistent = true);
  void constant(const std::string& name, const torch::Tensor& tensor);
  void input(const std::string& name);
  /// The value is JSON: {"as_int": 3}
  void constant_input(const std::string& name, const std::string& value);

  /// `arguments` is a list of JSON members, `"self": {"as_tensor": {"name": "x"}}, "dim": {"as_int": 1}`; `results` one
  /// of names, or JSON that begins with '['. `module`: path of the module in which it stands.
  void node(const std::string& target, const std::string& arguments, const std::string& results,
            const std::string& module = "");
  /// Of a value; the JSON of a spec where it begins with '{'.
  void output(const std::string& name);
  /// JSON of the tree of outputs; a leaf if there is one, else a tuple, where none is given.
  void output_tree(const std::string& tree) { tree_ = tree; }

  std::string program() const;
  std::string content(Layout layout = Layout::new_files) const;
  /// The files of the archive's new layout, in the folder "m/".
  ArchiveFiles files() const;

 private:
  struct Held {
    std::string name;
    torch::Tensor tensor;
    bool is_parameter;
    bool is_constant;
  };
  void add_tensor(const Held& held, const std::string& spec);
  std::vector<std::pair<std::string, torch::Tensor>> tensors(bool constants) const;
  void add_files(ArchiveFiles& files, bool constants) const;

  std::vector<Held> held_;
  std::string inputs_, specs_, nodes_, outputs_, output_specs_, tree_;
  int output_count_ = 0;
  int node_count_ = 0;
};

}  // namespace limbeck
