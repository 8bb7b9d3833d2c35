#pragma once
// A text table for the terminal. Columns are aligned even with "±" and wide characters.
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
  mark,  ///< right, aligned at the first "±", "(" or "%" of each cell
};

struct TextColumn {
  std::string header;
  Align align = Align::left;
  int rank = 0;  ///< columns of the highest rank are dropped first if space is short, the last of equal rank first;
                 ///< those of rank 0 are always kept
};

class TextTable {
 public:
  explicit TextTable(std::vector<TextColumn> columns);

  /// Adds a row; missing cells are empty. Throws Error if there are more cells than columns.
  void add(std::vector<std::string> cells);
  /// Adds a thin gap between groups of rows.
  void add_gap();
  bool empty() const { return rows_.empty(); }

  /// Renders the table; lines have no trailing spaces and end with '
  /// '. Columns whose cells are all empty are omitted. Columns that do not fit into `width` cells are dropped and named
  /// in a last line.
  std::string text(size_t width = static_cast<size_t>(-1)) const;

 private:
  using Row = std::vector<std::string>;  // empty: a gap

  std::vector<std::string> padded_column(size_t column) const;
  /// Drops columns until the others fit; returns the headers of the dropped ones in column order.
  std::vector<std::string> make_room(std::vector<std::vector<std::string>>& columns, size_t width) const;

  std::vector<TextColumn> columns_;
  std::vector<Row> rows_;
};

/// Returns the number of terminal cells of UTF-8 text: 2 for wide East Asian characters, 0 for combining marks.
size_t terminal_width(std::string_view text);

/// Replaces control characters (a name could contain terminal escapes) by "?".
std::string printable(std::string_view text);

/// Wraps text at spaces into lines of at most `width` cells; lines after the first of each paragraph are indented.
/// Longer words are not broken.
std::string wrap(std::string_view text, size_t width, size_t indent = 0);

}  // namespace limbeck
