#include "report/text_table.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/error.h"

namespace limbeck {
namespace {
constexpr std::string_view kGutter = "  ";

struct Range {
  char32_t first, last;
};

// The ranges that matter in names: combining marks and joiners, then wide scripts, full-width forms and emoji.
constexpr std::array kZeroWidth = {Range{0x300, 0x36f}, Range{0x200b, 0x200f}, Range{0x20d0, 0x20ff},
                                   Range{0xfe00, 0xfe0f}};
constexpr std::array kWide = {Range{0x1100, 0x115f},   Range{0x2e80, 0x303e},  Range{0x3041, 0xa4cf},
                              Range{0xac00, 0xd7a3},   Range{0xf900, 0xfaff},  Range{0xfe30, 0xfe6f},
                              Range{0xff00, 0xff60},   Range{0xffe0, 0xffe6},  Range{0x1f300, 0x1f64f},
                              Range{0x1f900, 0x1f9ff}, Range{0x20000, 0x3fffd}};

template <size_t N>
bool within(const std::array<Range, N>& ranges, char32_t point) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const Range& range) { return point >= range.first && point <= range.last; });
}

bool continues(char byte) {
  return (static_cast<uint8_t>(byte) & 0xc0) == 0x80;
}

/// The code point that starts at `at`, which moves behind it. A byte that is not UTF-8 counts as one character.
char32_t next_point(std::string_view text, size_t& at) {
  const auto lead = static_cast<uint8_t>(text[at++]);
  const int following = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
  char32_t point = following == 0 ? lead : lead & (0x3f >> following);
  for (int i = 0; i < following && at < text.size() && continues(text[at]); ++i)
    point = (point << 6) | (static_cast<uint8_t>(text[at++]) & 0x3f);
  return point;
}

/// Where the part behind the number starts: at "±" or "(", at a "%" without either, else at the end.
size_t mark_position(const std::string& cell) {
  const size_t mark = std::min(cell.find("±"), cell.find('('));
  return std::min({mark, mark == std::string::npos ? cell.find('%') : mark, cell.size()});
}

std::string spaces(size_t count) {
  return std::string(count, ' ');
}

void trim_right(std::string& line) {
  line.erase(line.find_last_not_of(' ') + 1);
}

/// Puts the marks of all cells below each other: what stands before and behind them is padded on its left.
void align_marks(std::vector<std::string>& cells) {
  size_t before = 0, gap = 0, behind = 0;
  std::vector<std::string> heads, tails;
  for (const std::string& cell : cells) {
    std::string head = cell.substr(0, mark_position(cell));
    tails.push_back(cell.substr(head.size()));
    const size_t whole = head.size();
    trim_right(head);
    gap = std::max(gap, whole - head.size());
    before = std::max(before, terminal_width(head));
    behind = std::max(behind, terminal_width(tails.back()));
    heads.push_back(std::move(head));
  }
  for (size_t i = 0; i < cells.size(); ++i) {
    if (cells[i].empty()) continue;
    std::string& tail = tails[i];
    const size_t missing = behind - terminal_width(tail);
    const size_t number = tail.starts_with("±") ? std::string_view("±").size() : tail.size();
    tail.insert(number, missing, ' ');  // the number behind "±" moves right, so that its digits line up as well
    cells[i] = spaces(before - terminal_width(heads[i])) + heads[i] + spaces(gap) + tail;
  }
}

}  // namespace

size_t terminal_width(std::string_view text) {
  size_t width = 0;
  for (size_t at = 0; at < text.size();) {
    const char32_t point = next_point(text, at);
    if (!within(kZeroWidth, point)) width += within(kWide, point) ? 2 : 1;
  }
  return width;
}

std::string printable(std::string_view text) {
  std::string result(text);
  for (char& byte : result)
    if (static_cast<uint8_t>(byte) < 0x20 || byte == 0x7f) byte = '?';
  return result;
}

TextTable::TextTable(std::vector<TextColumn> columns) : columns_(std::move(columns)) {}

void TextTable::add(std::vector<std::string> cells) {
  if (cells.size() > columns_.size())
    throw Error(fmt::format("a table row has {} cells; expected at most {}", cells.size(), columns_.size()));
  cells.resize(columns_.size());
  for (std::string& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

void TextTable::add_gap() {
  if (!rows_.empty() && !rows_.back().empty()) rows_.emplace_back();
}

/// Header, rule and cells of one column, all of one width; none when every cell is empty.
std::vector<std::string> TextTable::padded_column(size_t column) const {
  std::vector<std::string> cells;
  for (const Row& row : rows_) cells.push_back(row.empty() ? "" : row[column]);
  if (std::all_of(cells.begin(), cells.end(), [](const std::string& cell) { return cell.empty(); })) return {};
  const TextColumn& layout = columns_[column];
  if (layout.align == Align::mark) align_marks(cells);
  size_t width = terminal_width(layout.header);
  for (const std::string& cell : cells) width = std::max(width, terminal_width(cell));
  std::string rule;
  for (size_t i = 0; i < width; ++i) rule += "─";
  cells.insert(cells.begin(), {layout.header, rule});
  for (std::string& cell : cells)
    cell.insert(layout.align == Align::left ? cell.size() : 0, width - terminal_width(cell), ' ');
  return cells;
}

std::vector<std::string> TextTable::make_room(std::vector<std::vector<std::string>>& columns, size_t width) const {
  const auto width_of = [&](size_t column) {
    return columns[column].empty() ? 0 : terminal_width(columns[column].front()) + kGutter.size();
  };
  std::vector<size_t> out;
  while (true) {
    size_t total = 0, last = columns.size();
    for (size_t i = 0; i < columns.size(); ++i) {
      total += width_of(i);
      const bool may_go = !columns[i].empty() && columns_[i].rank > 0;
      if (may_go && (last == columns.size() || columns_[i].rank >= columns_[last].rank)) last = i;
    }
    if (total == 0 || total - kGutter.size() <= width || last == columns.size()) break;
    columns[last].clear();
    out.push_back(last);
  }
  std::sort(out.begin(), out.end());
  std::vector<std::string> headers;
  for (const size_t column : out) headers.push_back(columns_[column].header);
  return headers;
}

std::string TextTable::text(size_t width) const {
  std::vector<std::string> lines(rows_.size() + 2);
  std::vector<std::vector<std::string>> padded;
  for (size_t column = 0; column < columns_.size(); ++column) padded.push_back(padded_column(column));
  const std::vector<std::string> left_out = make_room(padded, width);
  for (const std::vector<std::string>& cells : padded) {
    for (size_t i = 0; i < cells.size(); ++i) {
      if (!lines[i].empty()) lines[i] += kGutter;
      lines[i] += cells[i];
    }
  }
  std::string text;
  for (std::string& line : lines) {
    trim_right(line);
    text += line + '\n';
  }
  std::string names;
  for (const std::string& header : left_out) names += (names.empty() ? "" : ", ") + header;
  if (!names.empty()) text += wrap("Not shown for want of room: " + names + ".", width) + "\n";
  return text;
}

std::string wrap(std::string_view text, size_t width, size_t indent) {
  std::string result;
  const std::string margin(indent, ' ');
  while (!text.empty()) {
    const size_t line_end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, line_end);
    text.remove_prefix(std::min(line_end + 1, text.size()));
    size_t used = line.find_first_not_of(' ');  // an example keeps its own margin
    used = used == std::string_view::npos ? 0 : used;
    std::string out(used, ' ');
    line.remove_prefix(used);
    for (bool first = true; !line.empty(); first = false) {
      const size_t end = std::min(line.find(' '), line.size());
      const std::string_view word = line.substr(0, end);
      const size_t cells = terminal_width(word);
      if (!first && used + 1 + cells > width) {
        out += "\n" + margin;
        used = indent;
      } else if (!first) {
        out += ' ';
        ++used;
      }
      out += word;
      used += cells;
      line.remove_prefix(std::min(end + 1, line.size()));
    }
    result += out;
    if (!text.empty()) result += "\n" + margin;
  }
  return result;
}

}  // namespace limbeck
