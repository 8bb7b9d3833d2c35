#include "core/npy.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <limits>
#include <optional>

#include "core/error.h"
#include "core/safetensors.h"

namespace limbeck {
namespace {

static_assert(std::endian::native == std::endian::little, "elements are written as they are in memory");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kVersionEnd = 8;    // the magic bytes and two of version
constexpr size_t kAlignment = 64;    // of the first element
constexpr size_t kMostExtents = 64;  // NumPy's limit

/// NumPy's code of a type, without the byte order, and its name in safetensors.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kTypes = {{{"f8", "F64"},
                                                                                  {"f4", "F32"},
                                                                                  {"f2", "F16"},
                                                                                  {"i8", "I64"},
                                                                                  {"i4", "I32"},
                                                                                  {"i2", "I16"},
                                                                                  {"i1", "I8"},
                                                                                  {"u1", "U8"},
                                                                                  {"b1", "BOOL"}}};

struct Header {
  std::string dtype;
  std::vector<int64_t> shape;
  bool fortran_order = false;
};

[[noreturn]] void refuse(const std::string& name, const std::string& why) {
  throw Error(fmt::format("'{}' is not a valid .npy file: {}", name, why));
}

/// "<f4" → "F32"
std::string dtype_of(const std::string& code, const std::string& name) {
  const std::string type = code.empty() ? "" : code.substr(1);
  if (code.starts_with('>'))
    refuse(name, fmt::format("its elements are '{}', with the highest byte first; expected little-endian, as '<{}'",
                             code, type));
  for (const auto& [numpy, dtype] : kTypes) {
    const bool one_byte = element_size(dtype) == 1;
    if (type == numpy && (code.front() == '<' || (code.front() == '|' && one_byte))) return std::string(dtype);
  }
  refuse(name,
         fmt::format("its elements have the type '{}'; expected float64, float32, float16, int64, int32, int16, int8, "
                     "uint8 or bool",
                     code));
}

/// Reads what numpy.save writes of Python's dictionaries: the keys 'descr', 'fortran_order' and 'shape', each once,
/// with a text, a truth value and a tuple of integers.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, size_t offset, const std::string& name)
      : text_(text), offset_(offset), name_(name) {}

  Header parse() {
    expect('{', "a dictionary, '{'");
    while (!accept('}')) {
      parse_entry();
      if (accept('}')) break;
      expect(',', "',' or '}' after an entry");
    }
    skip_space();
    if (at_ < text_.size()) fail("blanks after the dictionary");
    for (const auto& [key, there] :
         {std::pair{"descr", dtype_.has_value()}, std::pair{"fortran_order", fortran_order_.has_value()},
          std::pair{"shape", shape_.has_value()}})
      if (!there) refuse(name_, fmt::format("its header has no '{}'", key));
    return {*dtype_, *shape_, *fortran_order_};
  }

 private:
  /// `expected` is what should stand at this place.
  [[noreturn]] void fail(const std::string& expected) {
    const size_t end = at_ < text_.size() ? text_.find_first_of(" \t\r\n", at_) : at_;
    const std::string_view found = text_.substr(at_, std::min<size_t>(end - at_, 20));
    const bool printable = std::all_of(found.begin(), found.end(), [](char c) { return c > ' ' && c < 127; });
    refuse(name_, fmt::format("header, byte {}: expected {}, found {}", offset_ + at_, expected,
                              at_ >= text_.size() ? "its end"
                              : printable         ? std::string(found)
                                                  : "something else"));
  }

  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }
  bool accept(char wanted) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  void expect(char wanted, const char* what) {
    if (!accept(wanted)) fail(what);
  }
  bool accept_word(std::string_view word) {
    skip_space();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  void parse_entry() {
    const size_t start = at_;
    const std::string key = parse_text("a key in quotes");
    expect(':', "':' after the key");
    if (key == "descr") {
      once(dtype_.has_value(), key);
      skip_space();
      if (at_ < text_.size() && text_[at_] == '[')
        refuse(name_, "its elements are structured (descr is a list); expected numbers");
      dtype_ = dtype_of(parse_text("a type in quotes"), name_);
    } else if (key == "fortran_order") {
      once(fortran_order_.has_value(), key);
      fortran_order_ = parse_flag();
    } else if (key == "shape") {
      once(shape_.has_value(), key);
      shape_ = parse_shape();
    } else {
      at_ = start;
      skip_space();
      fail("'descr', 'fortran_order' or 'shape'");
    }
  }

  void once(bool there, const std::string& key) {
    if (there) refuse(name_, fmt::format("header: '{}' stands twice", key));
  }

  /// A text without escapes.
  std::string parse_text(const char* what) {
    skip_space();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote != '\'' && quote != '"') fail(what);
    const size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) fail(fmt::format("{}, closed", what));
    const std::string_view inner = text_.substr(at_ + 1, end - at_ - 1);
    const auto plain = [](char c) { return c >= ' ' && c < 127 && c != '\\'; };
    if (!std::all_of(inner.begin(), inner.end(), plain)) fail(fmt::format("{}, of plain letters", what));
    at_ = end + 1;
    return std::string(inner);
  }

  bool parse_flag() {
    if (accept_word("True")) return true;
    if (!accept_word("False")) fail("True or False");
    return false;
  }

  /// "()", "(3,)", "(3, 4)"; Python 2 wrote "(3L, 4L)".
  std::vector<int64_t> parse_shape() {
    std::vector<int64_t> shape;
    expect('(', "a shape, '('");
    while (!accept(')')) {
      if (shape.size() == kMostExtents) fail(fmt::format("at most {} extents", kMostExtents));
      shape.push_back(parse_extent());
      if (accept(',')) continue;
      if (shape.size() == 1) fail("',' after the only extent");
      expect(')', "',' or ')' after an extent");
      break;
    }
    return shape;
  }

  int64_t parse_extent() {
    skip_space();
    if (at_ < text_.size() && text_[at_] == '-') fail("an extent that is not negative");
    const std::string_view rest = text_.substr(at_);
    int64_t extent = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), extent);
    if (error == std::errc::result_out_of_range) fail("an extent below 2^63");
    if (error != std::errc()) fail("an extent");
    const auto digits = static_cast<size_t>(end - rest.data());
    if (digits > 1 && rest.front() == '0') fail("an extent without leading zeros");
    at_ += digits;
    if (at_ < text_.size() && text_[at_] == 'L') ++at_;
    return extent;
  }

  std::string_view text_;
  size_t offset_;  ///< of the text in the file
  const std::string& name_;
  size_t at_ = 0;
  std::optional<std::string> dtype_;
  std::optional<std::vector<int64_t>> shape_;
  std::optional<bool> fortran_order_;
};

/// Bytes of an array; nullopt where they, or those of the array without its extents of 0, are more than 2^63.
std::optional<uint64_t> byte_count(const std::vector<int64_t>& shape, size_t size) {
  uint64_t bytes = size;
  for (const int64_t extent : shape) {
    if (extent == 0) continue;
    if (bytes > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) / static_cast<uint64_t>(extent))
      return std::nullopt;
    bytes *= static_cast<uint64_t>(extent);
  }
  return std::find(shape.begin(), shape.end(), 0) == shape.end() ? bytes : 0;
}

/// Elements whose first index runs fastest, ordered so that the last does.
std::string row_major(std::string_view elements, const std::vector<int64_t>& shape, size_t size) {
  std::vector<size_t> strides(shape.size());  // in bytes, of the source
  size_t stride = size;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    strides[axis] = stride;
    stride *= static_cast<size_t>(shape[axis]);
  }
  std::string ordered;
  ordered.reserve(elements.size());
  std::vector<int64_t> index(shape.size(), 0);
  size_t from = 0;
  while (ordered.size() < elements.size()) {
    ordered.append(elements.substr(from, size));
    for (size_t axis = shape.size(); axis-- > 0;) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * static_cast<size_t>(shape[axis]);
      index[axis] = 0;
    }
  }
  return ordered;
}

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text;
  for (const int64_t extent : shape) text += (text.empty() ? "" : ", ") + std::to_string(extent);
  return fmt::format("({}{})", text, shape.size() == 1 ? "," : "");
}

}  // namespace

NpyArray parse_npy(std::string_view content, const std::string& name) {
  if (content.size() < kVersionEnd || !content.starts_with(kMagic))
    refuse(name, fmt::format("it does not begin with \"\\x93NUMPY\" and a version ({} bytes)", content.size()));
  const auto byte_at = [&](size_t at) { return static_cast<size_t>(static_cast<unsigned char>(content[at])); };
  const size_t major = byte_at(6), minor = byte_at(7);
  if (major < 1 || major > 3 || minor != 0)
    refuse(name, fmt::format("byte 6: its version is {}.{}; expected 1.0, 2.0 or 3.0", major, minor));
  const size_t length_bytes = major == 1 ? 2 : 4, header_at = kVersionEnd + length_bytes;
  if (content.size() < header_at)
    refuse(name, fmt::format("it ends after {} bytes, before its header", content.size()));
  size_t length = 0;
  for (size_t i = length_bytes; i-- > 0;) length = length << 8 | byte_at(kVersionEnd + i);
  if (length > content.size() - header_at)
    refuse(name, fmt::format("byte {}: its header claims {} bytes, {} follow", kVersionEnd, length,
                             content.size() - header_at));

  Header header = HeaderParser(content.substr(header_at, length), header_at, name).parse();
  const std::string_view elements = content.substr(header_at + length);
  const size_t size = element_size(header.dtype);
  const std::optional<uint64_t> bytes = byte_count(header.shape, size);
  if (!bytes) refuse(name, fmt::format("the shape {} is too large", shape_text(header.shape)));
  if (*bytes != elements.size())
    refuse(name, fmt::format("the shape {} of {} needs {} bytes, {} follow the header at byte {}",
                             shape_text(header.shape), header.dtype, *bytes, elements.size(), header_at + length));
  if (header.dtype == "BOOL")
    for (size_t i = 0; i < elements.size(); ++i)
      if (static_cast<unsigned char>(elements[i]) > 1)
        refuse(name, fmt::format("byte {}: a bool is {}; expected 0 or 1", header_at + length + i,
                                 static_cast<unsigned char>(elements[i])));
  const bool reorder = header.fortran_order && header.shape.size() > 1;
  std::string ordered = reorder ? row_major(elements, header.shape, size) : std::string(elements);
  return {std::move(header.dtype), std::move(header.shape), std::move(ordered)};
}

NpyArray read_npy(const fs::path& path) {
  return parse_npy(read_file(path), path.string());
}

void write_npy(const fs::path& path, std::string_view dtype, const std::vector<int64_t>& shape,
               std::string_view bytes) {
  const auto found = std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& type) { return type.second == dtype; });
  if (found == kTypes.end())
    throw Error(
        fmt::format("cannot write '{}': NumPy has no type for {}; write a .safetensors file", path.string(), dtype));
  if (shape.size() > kMostExtents)
    throw Error(fmt::format("cannot write '{}': an array of {} extents; NumPy's have at most {}", path.string(),
                            shape.size(), kMostExtents));
  const bool negative = std::any_of(shape.begin(), shape.end(), [](int64_t extent) { return extent < 0; });
  if (negative || byte_count(shape, element_size(dtype)) != bytes.size())
    throw Error(fmt::format("cannot write '{}': {} bytes are not an array {} of {}", path.string(), bytes.size(),
                            shape_text(shape), dtype));
  std::string header = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': {}, }}",
                                   element_size(dtype) == 1 ? '|' : '<', found->first, shape_text(shape));
  const size_t before = kVersionEnd + sizeof(uint16_t);
  header.append((kAlignment - (before + header.size() + 1) % kAlignment) % kAlignment, ' ');
  header += '\n';
  const auto length = static_cast<uint16_t>(header.size());
  write_file(path, [&](const ByteSink& sink) {
    sink(kMagic.data(), kMagic.size());
    sink("\x01\x00", 2);
    sink(&length, sizeof length);
    sink(header.data(), header.size());
    sink(bytes.data(), bytes.size());
  });
}

}  // namespace limbeck
