#include "programs/pickled_tensors.h"

#include <ATen/ops/empty.h>

#include <cstring>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/error.h"
#include "programs/archive.h"
#include "programs/stored_tensor.h"

namespace limbeck {
namespace {

/// What stands on the pickle machine's stack. Containers are held beside it, since several places may share one.
struct PickleItem {
  enum class Kind { other, mark, number, text, global, list, dict, memory, tensor };
  Kind kind = Kind::other;
  int64_t number = 0;     ///< also of a container: its place
  std::string_view text;  ///< in the pickle; also of a global: "torch._utils\n_rebuild_tensor_v2"; of memory: its key
  at::Tensor tensor;      ///< also of memory, an empty one of its type
};

std::optional<at::ScalarType> type_of_storage(std::string_view name) {
  static const std::map<std::string_view, at::ScalarType> all = {{"FloatStorage", at::kFloat},
                                                                 {"DoubleStorage", at::kDouble},
                                                                 {"HalfStorage", at::kHalf},
                                                                 {"BFloat16Storage", at::kBFloat16},
                                                                 {"LongStorage", at::kLong},
                                                                 {"IntStorage", at::kInt},
                                                                 {"ShortStorage", at::kShort},
                                                                 {"CharStorage", at::kChar},
                                                                 {"ByteStorage", at::kByte},
                                                                 {"BoolStorage", at::kBool},
                                                                 {"ComplexFloatStorage", at::kComplexFloat},
                                                                 {"ComplexDoubleStorage", at::kComplexDouble}};
  constexpr std::string_view kModule = "torch\n";
  if (!name.starts_with(kModule)) return std::nullopt;
  const auto found = all.find(name.substr(kModule.size()));
  return found == all.end() ? std::nullopt : std::optional(found->second);
}

/// Python's pickle machine (pickletools.py describes its operations), of protocol 2 as torch.save writes it.
class PickleReader {
 public:
  using Kind = PickleItem::Kind;

  PickleReader(std::string_view pickle, const Archive& archive, const std::string& folder)
      : rest_(pickle), archive_(archive), folder_(folder) {}

  std::map<std::string, at::Tensor> tensors() {
    const PickleItem root = run();
    if (root.kind == Kind::tensor) return {{"", root.tensor}};
    if (root.kind != Kind::dict) throw Error("it holds neither a dict nor a tensor");
    std::map<std::string, at::Tensor> all;
    const std::vector<PickleItem>& items = contents(root);
    for (size_t i = 0; i + 1 < items.size(); i += 2)
      if (items[i].kind == Kind::text && items[i + 1].kind == Kind::tensor)
        all[std::string(items[i].text)] = items[i + 1].tensor;
    return all;
  }

 private:
  PickleItem run() {
    for (;;) {
      const char operation = bytes(1)[0];
      if (operation == '.') return pop();
      step(operation);
    }
  }

  void step(char operation) {
    switch (operation) {
      case '\x80':  // PROTO
        bytes(1);
        break;
      case '}':
        push_container(Kind::dict, {});
        break;
      case ']':
      case ')':
        push_container(Kind::list, {});
        break;
      case '(':
        push({.kind = Kind::mark});
        break;
      case 'N':
        push({});
        break;
      case '\x88':
      case '\x89':
        push({.kind = Kind::number, .number = operation == '\x88'});
        break;
      case 'K':
        push({.kind = Kind::number, .number = number<uint8_t>()});
        break;
      case 'M':
        push({.kind = Kind::number, .number = number<uint16_t>()});
        break;
      case 'J':
        push({.kind = Kind::number, .number = number<int32_t>()});
        break;
      case '\x8a':
        push({.kind = Kind::number, .number = long_number()});
        break;
      case 'G':  // a float, which no tensor has
        bytes(sizeof(double));
        push({});
        break;
      case 'X':
        push({.kind = Kind::text, .text = bytes(number<uint32_t>())});
        break;
      case 'c':
        push({.kind = Kind::global, .text = two_lines()});
        break;
      case 'q':
        memo_[number<uint8_t>()] = top();
        break;
      case 'r':
        memo_[number<uint32_t>()] = top();
        break;
      case 'h':
        recall(number<uint8_t>());
        break;
      case 'j':
        recall(number<uint32_t>());
        break;
      default:
        step_of_containers(operation);
    }
  }

  void step_of_containers(char operation) {
    switch (operation) {
      case 't':
      case 'l':
        push_container(Kind::list, to_mark());
        break;
      case 'd':
        push_container(Kind::dict, to_mark());
        break;
      case '\x85':
      case '\x86':
      case '\x87': {
        std::vector<PickleItem> items(static_cast<size_t>(operation - '\x84'));
        for (size_t i = items.size(); i-- > 0;) items[i] = pop();
        push_container(Kind::list, std::move(items));
        break;
      }
      case 'a':
        add({pop()});
        break;
      case 'e':
      case 'u':
        add(to_mark());
        break;
      case 's': {
        PickleItem value = pop();
        PickleItem key = pop();
        add({std::move(key), std::move(value)});
        break;
      }
      case 'b':  // attributes of an object, such as a state dict's versions
        pop();
        break;
      case 'Q':
        push(memory_of(contents(pop())));
        break;
      case 'R': {
        const PickleItem arguments = pop();
        const PickleItem function = pop();
        reduce(function, contents(arguments));
        break;
      }
      default:
        throw Error(fmt::format("it has an unknown operation {:#04x}",
                                static_cast<unsigned>(static_cast<unsigned char>(operation))));
    }
  }

  /// Calls a function, by its name. Those that make no tensor or dict make something unknown.
  void reduce(const PickleItem& function, const std::vector<PickleItem>& arguments) {
    const std::string_view name = function.text;
    if (name == "collections\nOrderedDict" && arguments.empty())
      push_container(Kind::dict, {});
    else if (name == "torch._utils\n_rebuild_tensor_v2")
      push(rebuilt(arguments));
    else if ((name == "torch._utils\n_rebuild_parameter" || name == "torch._utils\n_rebuild_parameter_with_state") &&
             arguments.size() >= 2 && arguments[0].kind == Kind::tensor)
      push({.kind = Kind::tensor, .tensor = with_gradient(arguments[0].tensor, arguments[1].number != 0)});
    else
      push({});
  }

  /// Arguments: memory, offset, sizes, strides, whether it requires a gradient, …
  PickleItem rebuilt(const std::vector<PickleItem>& arguments) {
    if (arguments.size() < 5 || arguments[0].kind != Kind::memory) throw Error("a tensor of it has no memory");
    const PickleItem& memory = arguments[0];
    auto known = memories_.find(memory.text);
    if (known == memories_.end())
      known =
          memories_.emplace(memory.text, StoredMemory(archive_.stored(fmt::format("{}data/{}", folder_, memory.text))))
              .first;
    const at::Tensor tensor = known->second.tensor({.dtype = memory.tensor.scalar_type(),
                                                    .sizes = shape_of(arguments[2]),
                                                    .strides = shape_of(arguments[3]),
                                                    .offset = arguments[1].number});
    return {.kind = Kind::tensor, .tensor = with_gradient(tensor, arguments[4].number != 0)};
  }

  static at::Tensor with_gradient(const at::Tensor& tensor, bool required) {
    return tensor.detach().set_requires_grad(required && tensor.is_floating_point());
  }

  /// Persistent id: "storage", its type, its key, where it was, its elements.
  PickleItem memory_of(const std::vector<PickleItem>& id) {
    if (id.size() < 5 || id[0].text != "storage") throw Error("it refers to something that is no memory");
    const std::optional<at::ScalarType> type = type_of_storage(id[1].text);
    if (!type) throw Error(fmt::format("this LibTorch has no tensors of {}", id[1].text));
    return {.kind = Kind::memory, .text = id[2].text, .tensor = at::empty({0}, *type)};
  }

  Shape shape_of(const PickleItem& item) {
    Shape shape;
    for (const PickleItem& size : contents(item)) {
      if (size.kind != Kind::number) throw Error("a tensor of it has a shape that is no number");
      shape.push_back(size.number);
    }
    return shape;
  }

  std::string_view bytes(size_t count) {
    if (count > rest_.size()) throw Error("it ends too early");
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  template <class Number>
  Number number() {
    Number value;
    std::memcpy(&value, bytes(sizeof value).data(), sizeof value);  // pickles are little-endian, and so are we
    return value;
  }
  int64_t long_number() {
    const std::string_view digits = bytes(number<uint8_t>());
    if (digits.size() > sizeof(int64_t)) throw Error("a number of it is too large");
    int64_t value = !digits.empty() && digits.back() < 0 ? -1 : 0;
    std::memcpy(&value, digits.data(), digits.size());
    return value;
  }
  std::string_view two_lines() {
    const size_t first = rest_.find('\n');
    const size_t second = first == std::string_view::npos ? first : rest_.find('\n', first + 1);
    if (second == std::string_view::npos) throw Error("it ends too early");
    return bytes(second + 1).substr(0, second);
  }

  void push(PickleItem item) { stack_.push_back(std::move(item)); }
  PickleItem pop() {
    PickleItem item = top();
    stack_.pop_back();
    return item;
  }
  const PickleItem& top() const {
    if (stack_.empty()) throw Error("it takes from an empty stack");
    return stack_.back();
  }
  std::vector<PickleItem> to_mark() {
    size_t first = stack_.size();
    while (first > 0 && stack_[first - 1].kind != Kind::mark) --first;
    if (first == 0) throw Error("it looks for a mark that is not set");
    std::vector<PickleItem> items(stack_.begin() + static_cast<ptrdiff_t>(first), stack_.end());
    stack_.resize(first - 1);
    return items;
  }
  void recall(uint32_t place) {
    const auto found = memo_.find(place);
    if (found == memo_.end()) throw Error("it refers to something that is not there");
    push(found->second);
  }

  void push_container(Kind kind, std::vector<PickleItem> items) {
    containers_.push_back(std::move(items));
    push({.kind = kind, .number = static_cast<int64_t>(containers_.size()) - 1});
  }
  std::vector<PickleItem>& contents(const PickleItem& item) {
    if (item.kind != Kind::list && item.kind != Kind::dict) throw Error("it has something else for a list");
    return containers_[static_cast<size_t>(item.number)];
  }
  void add(const std::vector<PickleItem>& items) {
    if (top().kind == Kind::other) return;  // an unknown object
    std::vector<PickleItem>& all = contents(top());
    all.insert(all.end(), items.begin(), items.end());
  }

  std::string_view rest_;
  const Archive& archive_;
  std::string folder_;
  std::vector<PickleItem> stack_;
  std::unordered_map<uint32_t, PickleItem> memo_;
  std::deque<std::vector<PickleItem>> containers_;
  std::map<std::string_view, StoredMemory> memories_;
};

}  // namespace

std::map<std::string, at::Tensor> read_pickled_tensors(std::string_view content, const std::string& file) {
  constexpr std::string_view kPickle = "data.pkl";
  constexpr uint64_t kLargestPickle = uint64_t{64} << 20;
  const Archive archive(content, file, "file of torch.save");
  for (const ArchiveEntry& entry : archive.entries()) {
    if (!entry.name.ends_with(kPickle)) continue;
    const std::string folder = entry.name.substr(0, entry.name.size() - kPickle.size());
    try {
      if (const ArchiveEntry* order = archive.find(folder + "byteorder"); order != nullptr && order->bytes == "big")
        throw Error("it is of a big-endian machine");
      const std::string pickle = archive.text(entry.name, kLargestPickle);
      return PickleReader(pickle, archive, folder).tensors();
    } catch (const Error& error) {
      throw Error(fmt::format("'{}' cannot be read: {}", file, error.what()));
    }
  }
  throw Error(fmt::format("'{}' is no file of torch.save: it has no {}", file, kPickle));
}

}  // namespace limbeck
