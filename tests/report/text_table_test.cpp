#include "report/text_table.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace limbeck {
namespace {

TEST(TextTable, LinesUpItsColumns) {
  TextTable table({{"stage"}, {"errors", Align::right}});
  table.add({"teacher", "67"});
  table.add({"distilled", "1,074"});
  EXPECT_EQ(table.text(),
            "stage      errors\n"
            "─────────  ──────\n"
            "teacher        67\n"
            "distilled   1,074\n");
}

TEST(TextTable, PutsPlusMinusSignsAndTheirDigitsBelowEachOther) {
  TextTable table({{"errors", Align::mark}});
  table.add({"70.3 ± 4.2"});
  table.add({"146.0 ± 12.1"});
  table.add({"67"});
  EXPECT_EQ(table.text(),
            "      errors\n"
            "────────────\n"
            " 70.3 ±  4.2\n"
            "146.0 ± 12.1\n"
            "   67\n");
}

TEST(TextTable, PutsBracketsBelowEachOther) {
  TextTable table({{"paper", Align::mark}});
  table.add({"67  (+3)"});
  table.add({"146  (-12)"});
  EXPECT_EQ(table.text(),
            "     paper\n"
            "──────────\n"
            " 67  (+3)\n"
            "146  (-12)\n");
}

TEST(TextTable, PutsPercentagesWithAndWithoutDeviationBelowEachOther) {
  TextTable table({{"accuracy", Align::mark}});
  table.add({"99.30 ± 0.04 %"});
  table.add({"99.30 %"});
  EXPECT_EQ(table.text(),
            "      accuracy\n"
            "──────────────\n"
            "99.30 ± 0.04 %\n"
            "99.30 %\n");
}

TEST(TextTable, LeavesOutColumnsThatNoRowFills) {
  TextTable table({{"stage"}, {"agreement"}, {"errors"}});
  table.add({"teacher", "", "67"});
  EXPECT_EQ(table.text().find("agreement"), std::string::npos);
  EXPECT_NE(table.text().find("stage    errors"), std::string::npos);
}

TEST(TextTable, SetsGroupsApart) {
  TextTable table({{"run"}});
  table.add_gap();
  table.add({"a"});
  table.add_gap();
  table.add_gap();
  table.add({"b"});
  EXPECT_EQ(table.text(), "run\n───\na\n\nb\n");
}

TEST(TextTable, RefusesARowWithTooManyCells) {
  TextTable table({{"stage"}});
  EXPECT_THROW(table.add({"teacher", "67"}), Error);
}

TEST(TextTable, LeavesOutWhatThereIsNoRoomForAndSaysSo) {
  TextTable table({{"stage"}, {"errors", Align::right, 1}, {"time", Align::right, 3}, {"speed", Align::right, 3}});
  table.add({"teacher", "67", "9 s", "18"});
  const std::string whole = table.text();
  EXPECT_EQ(table.text(28), whole);  // as wide as it is
  EXPECT_EQ(
      table.text(27),
      "stage    errors  time\n───────  ──────  ────\nteacher      67   9 s\nNot shown for want of room:\nspeed.\n");
  EXPECT_EQ(table.text(20),
            "stage    errors\n───────  ──────\nteacher      67\nNot shown for want\nof room: time,\nspeed.\n");
  EXPECT_TRUE(table.text(1).starts_with("stage\n"));  // of rank 0
}

TEST(Wrapped, BreaksAtSpacesAndIndentsWhatFollows) {
  EXPECT_EQ(wrap("one two three", 7), "one two\nthree");
  EXPECT_EQ(wrap("one two three", 9, 2), "one two\n  three");
  EXPECT_EQ(wrap("a word-that-is-longer b", 5), "a\nword-that-is-longer\nb");
  EXPECT_EQ(wrap("first\n\n  an example", 80), "first\n\n  an example");
  EXPECT_EQ(wrap("two  spaces", 80), "two  spaces");
}

TEST(TextTable, LetsNoTerminalEscapesThrough) {
  TextTable table({{"stage"}});
  table.add({"a\x1b[31mred\nline"});
  EXPECT_NE(table.text().find("a?[31mred?line"), std::string::npos);
}

TEST(TerminalWidth, CountsCellsNotBytes) {
  EXPECT_EQ(terminal_width("70 ± 4"), 6u);
  EXPECT_EQ(terminal_width("猫"), 2u);          // wide
  EXPECT_EQ(terminal_width("e\u0301"), 1u);     // a combining accent
  EXPECT_EQ(terminal_width("\U0001F40E"), 2u);  // an emoji
  EXPECT_EQ(terminal_width(""), 0u);
}

TEST(TerminalWidth, SurvivesTextThatIsNotUtf8) {
  EXPECT_EQ(terminal_width("\xff\xfe"), 2u);
  EXPECT_EQ(terminal_width("a\xe2"), 2u);  // cut in the middle of a character
}

}  // namespace
}  // namespace limbeck
