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
  int rank = 0;  ///< where there is no room, columns of the highest rank are left out first, of equals the last; those
                 ///< of rank 0 stay
};

class TextTable {
 public:
  explicit TextTable(std::vector<TextColumn> columns);

  /// One row; missing cells are empty. Throws Error when it has more cells than there are columns.
  void add(std::vector<std::string> cells);
  /// A thin gap between groups of rows.
  void add_gap();
  bool empty() const { return rows_.empty(); }

  /// Each line ends with '\n' and has no spaces at its end. Columns in which every cell is empty are left out, and
  /// those for which `width` cells have no room, which a last line names.
  std::string text(size_t width = static_cast<size_t>(-1)) const;

 private:
  using Row = std::vector<std::string>;  // empty: a gap

  std::vector<std::string> padded_column(size_t column) const;
  /// Takes columns out until the others fit; returns the headers of those that it took, in their order.
  std::vector<std::string> make_room(std::vector<std::vector<std::string>>& columns, size_t width) const;

  std::vector<TextColumn> columns_;
  std::vector<Row> rows_;
};

/// The number of terminal cells that UTF-8 text takes: 2 for wide East Asian characters, 0 for combining marks.
size_t terminal_width(std::string_view text);

/// The text with control characters (a name could hold terminal escapes) replaced by "?".
std::string printable(std::string_view text);

/// Text in lines of at most so many cells, broken at spaces; lines after the first of each paragraph are indented.
/// Words that are longer stay whole.
std::string wrap(std::string_view text, size_t width, size_t indent = 0);

}  // namespace limbeck
