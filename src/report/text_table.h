#pragma once
// A table for the terminal: columns line up whatever they hold, "±" and wide characters included.
//
//   TextTable table({{"stage"}, {"test errors", Align::right}});
//   table.add({"teacher", "67"});
//   table.add({"distilled", "74"});
//   fmt::print("{}", table.text());
//
//   stage      test errors
//   ─────────  ───────────
//   teacher             67
//   distilled           74
#include <string>
#include <string_view>
#include <vector>

namespace limbeck {

enum class Align {
  left,
  right,
  mark,  ///< right, with the cells' first "±", "(" or "%" below each other
};

struct TextColumn {
  std::string header;
  Align align = Align::left;
};

class TextTable {
 public:
  explicit TextTable(std::vector<TextColumn> columns);

  /// One row; missing cells are empty. Throws Error when it has more cells than there are columns.
  void add(std::vector<std::string> cells);
  /// A thin gap between groups of rows.
  void add_gap();
  bool empty() const { return rows_.empty(); }

  /// Each line ends with '\n' and has no spaces at its end. Columns in which every cell is empty are left out.
  std::string text() const;

 private:
  using Row = std::vector<std::string>;  // empty: a gap

  std::vector<std::string> padded_column(size_t column) const;

  std::vector<TextColumn> columns_;
  std::vector<Row> rows_;
};

/// The number of terminal cells that UTF-8 text takes: 2 for wide East Asian characters, 0 for combining marks.
size_t terminal_width(std::string_view text);

/// The text with control characters (a name could hold terminal escapes) replaced by "?".
std::string printable(std::string_view text);

}  // namespace limbeck
