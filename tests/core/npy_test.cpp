#include "core/npy.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

using namespace std::string_literals;

/// A file with this header, padded as NumPy 1.24 pads it.
std::string npy(const std::string& header, const std::string& elements, char version = 1) {
  const size_t before = version == 1 ? 10 : 12;
  const std::string padding((64 - (before + header.size() + 1) % 64) % 64, ' ');
  const size_t length = header.size() + padding.size() + 1;
  std::string content =
      "\x93NUMPY"s + version + '\0' + static_cast<char>(length & 255) + static_cast<char>(length >> 8);
  if (version > 1) content += "\0\0"s;
  return content + header + padding + '\n' + elements;
}

const std::string kFloats = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
                                "\0\0\0\0\0\0\x80?\0\0\0@\0\0@@\0\0\x80@\0\0\xa0@"s);

std::vector<float> floats(const NpyArray& array) {
  std::vector<float> values(array.bytes.size() / sizeof(float));
  std::copy(array.bytes.begin(), array.bytes.end(), reinterpret_cast<char*>(values.data()));
  return values;
}

std::string refusal(const std::string& content) {
  return message_of<Error>([&] { parse_npy(content, "z.npy"); });
}
std::string refusal_of_header(const std::string& header, const std::string& elements = "") {
  return refusal(npy(header, elements));
}

class NpyFiles : public TemporaryFolder {};

// The expected bytes of this test and of the next are those of numpy.save.
TEST_F(NpyFiles, AreWrittenAsNumPyWritesThem) {
  const std::vector<float> values = {0, 1, 2, 3, 4, 5};
  const std::string_view bytes(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  write_npy(folder / "z.npy", "F32", {2, 3}, bytes);
  EXPECT_EQ(read_file(folder / "z.npy"), kFloats);
  write_npy(folder / "z.npy", "BOOL", {2}, "\1\0"s);
  EXPECT_EQ(read_file(folder / "z.npy"), npy("{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }", "\1\0"s));
  write_npy(folder / "z.npy", "F64", {}, "\0\0\0\0\0\0\xf8?"s);
  EXPECT_EQ(read_file(folder / "z.npy"),
            npy("{'descr': '<f8', 'fortran_order': False, 'shape': (), }", "\0\0\0\0\0\0\xf8?"s));
}

TEST(Npy, EveryVersionOfTheFormatIsRead) {
  const NpyArray one = parse_npy(kFloats, "z");
  EXPECT_EQ(one.dtype, "F32");
  EXPECT_EQ(one.shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(floats(one), (std::vector<float>{0, 1, 2, 3, 4, 5}));
  const NpyArray two = parse_npy(
      npy("{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }", "\0\0\1\0\2\0\3\0\4\0\5\0"s, 2), "z");
  EXPECT_EQ(two.dtype, "I16");
  EXPECT_EQ(two.bytes, "\0\0\1\0\2\0\3\0\4\0\5\0"s);
  const NpyArray three = parse_npy(npy("{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }", "\1\0"s, 3), "z");
  EXPECT_EQ(three.dtype, "BOOL");
  EXPECT_EQ(three.shape, std::vector<int64_t>{2});
}

TEST_F(NpyFiles, OfEveryTypeAndShapeReadBack) {
  for (const auto& [dtype, size] : {std::pair{"F64", 8},
                                    {"F32", 4},
                                    {"F16", 2},
                                    {"I64", 8},
                                    {"I32", 4},
                                    {"I16", 2},
                                    {"I8", 1},
                                    {"U8", 1},
                                    {"BOOL", 1}}) {
    for (const std::vector<int64_t>& shape : std::vector<std::vector<int64_t>>{{}, {1}, {0, 5}, {3, 2}, {2, 1, 3}}) {
      int64_t count = size;
      for (const int64_t extent : shape) count *= extent;
      std::string bytes(static_cast<size_t>(count), '\1');
      for (size_t i = 0; i < bytes.size(); i += 2) bytes[i] = '\0';
      write_npy(folder / "a.npy", dtype, shape, bytes);
      const NpyArray read = read_npy(folder / "a.npy");
      EXPECT_EQ(read.dtype, dtype);
      EXPECT_EQ(read.shape, shape);
      EXPECT_EQ(read.bytes, bytes);
    }
  }
}

TEST(Npy, FortranOrderBecomesRowMajor) {
  // numpy.asfortranarray of the matrix above
  const NpyArray matrix = parse_npy(npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }",
                                        "\0\0\0\0\0\0@@\0\0\x80?\0\0\x80@\0\0\0@\0\0\xa0@"s),
                                    "z");
  EXPECT_EQ(floats(matrix), (std::vector<float>{0, 1, 2, 3, 4, 5}));
  // Element (i, j, k) of shape (2, 3, 4) holds 12 i + 4 j + k; in Fortran order i runs fastest.
  std::string elements, expected;
  for (int k = 0; k < 4; ++k)
    for (int j = 0; j < 3; ++j)
      for (int i = 0; i < 2; ++i) elements += static_cast<char>(12 * i + 4 * j + k);
  for (char value = 0; value < 24; ++value) expected += value;
  EXPECT_EQ(parse_npy(npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 4), }", elements), "z").bytes,
            expected);
  EXPECT_EQ(parse_npy(npy("{'descr': '|u1', 'fortran_order': True, 'shape': (3,), }", "abc"), "z").bytes, "abc");
}

TEST(Npy, TheHeaderMayBeSpacedAndOrderedOtherwise) {
  EXPECT_EQ(parse_npy(npy("{\"shape\":(2L,3L),'fortran_order':False,'descr':'<i1'}", "abcdef"), "z").shape,
            (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(parse_npy(npy(" { 'descr' : '|u1' , 'fortran_order' : False , 'shape' : ( 2 , ) } \n", "ab"), "z").bytes,
            "ab");
}

TEST(Npy, WhatIsWrongIsNamed) {
  EXPECT_EQ(refusal("GIF89a.."),
            "'z.npy' is not a valid .npy file: it does not begin with \"\\x93NUMPY\" and a version (8 bytes)");
  EXPECT_EQ(refusal("\x93NUMPY\x04\0\0\0"s),
            "'z.npy' is not a valid .npy file: byte 6: its version is 4.0; expected 1.0, 2.0 or 3.0");
  const auto expect_part = [](const std::string& message, const char* part) {
    EXPECT_NE(message.find(part), std::string::npos) << message << "\nlacks: " << part;
  };
  const std::string rest = "'fortran_order': False, 'shape': (1,), }";
  expect_part(refusal_of_header("{'descr': '>f4', " + rest), "highest byte first; expected little-endian, as '<f4'");
  expect_part(refusal_of_header("{'descr': '<c8', " + rest), "the type '<c8'; expected float64, float32");
  expect_part(refusal_of_header("{'descr': '|O', " + rest), "the type '|O'");
  expect_part(refusal_of_header("{'descr': '<U3', " + rest), "the type '<U3'");
  expect_part(refusal_of_header("{'descr': '|f4', " + rest), "the type '|f4'");
  expect_part(refusal_of_header("{'descr': [('x', '<f4')], " + rest), "structured");
  expect_part(refusal_of_header("{'descr': 4, " + rest), "header, byte 20: expected a type in quotes, found 4,");
  expect_part(refusal_of_header("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}"),
              "expected True or False, found 0,");
  const auto shape = [](const std::string& text) {
    return refusal_of_header("{'descr': '<f4', 'fortran_order': False, 'shape': " + text + "}");
  };
  expect_part(shape("(2, -3)"), "expected an extent that is not negative, found -3)}");
  expect_part(shape("(3)"), "expected ',' after the only extent, found )}");
  expect_part(shape("(9223372036854775808,)"), "expected an extent below 2^63");
  expect_part(shape("(4611686018427387904, 4)"), "the shape (4611686018427387904, 4) is too large");
  expect_part(shape("(0, 4611686018427387904, 4)"), "is too large");
  expect_part(shape("(1.5,)"), "expected ',' after the only extent, found .5,)}");
  expect_part(shape("(2, 2"), "expected ',' or ')' after an extent, found }");
  expect_part(shape("[1]"), "expected a shape, '(', found [1]}");
  std::string many = "(";
  for (int i = 0; i < 65; ++i) many += "1,";
  expect_part(shape(many + ")"), "expected at most 64 extents");
  expect_part(refusal_of_header("{'descr': '<f4', 'fortran_order': False}"), "its header has no 'shape'");
  expect_part(refusal_of_header("{'descr': '<f4', 'descr': '<f4', " + rest), "'descr' stands twice");
  expect_part(refusal_of_header("{'descr': '<f4', 'order': 1, " + rest),
              "expected 'descr', 'fortran_order' or 'shape', found 'order':");
  expect_part(refusal_of_header("{'descr': '<f4', " + rest + " 7"), "expected blanks after the dictionary, found 7");
  expect_part(refusal(npy("{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }", "\1\2")),
              "byte 129: a bool is 2; expected 0 or 1");
}

TEST(Npy, AFileOfAnotherLengthIsRefused) {
  for (size_t length = 0; length < kFloats.size(); ++length)
    EXPECT_THROW(parse_npy(kFloats.substr(0, length), "z"), Error) << length;
  EXPECT_EQ(
      refusal(kFloats.substr(0, kFloats.size() - 1)),
      "'z.npy' is not a valid .npy file: the shape (2, 3) of F32 needs 24 bytes, 23 follow the header at byte 128");
  EXPECT_THROW(parse_npy(kFloats + "x", "z"), Error);
  // A header that claims more than there is takes no memory.
  EXPECT_EQ(refusal("\x93NUMPY\x02\0\xff\xff\xff\xff{}"s),
            "'z.npy' is not a valid .npy file: byte 8: its header claims 4294967295 bytes, 2 follow");
  EXPECT_THROW(parse_npy(npy("{'descr': '<f8', 'fortran_order': True, 'shape': (1000000000, 1000000000), }", "x"), "z"),
               Error);
}

TEST(Npy, NoByteOfTheHeaderCanDoHarm) {
  size_t read = 0;
  for (size_t at = 0; at < kFloats.size() - 24; ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string damaged = kFloats;
      damaged[at] = static_cast<char>(byte);
      try {
        EXPECT_EQ(parse_npy(damaged, "z").bytes.size(), 24U);
        ++read;
      } catch (const Error&) {
      }
    }
  }
  EXPECT_GT(read, 0U);  // other blanks, other types of the same size
}

TEST_F(NpyFiles, OfWhatNumPyDoesNotHaveAreNotWritten) {
  const fs::path file = folder / "z.npy";
  EXPECT_NE(message_of<Error>([&] { write_npy(file, "BF16", {1}, "ab"); }).find("NumPy has no type for BF16"),
            std::string::npos);
  EXPECT_NE(
      message_of<Error>([&] { write_npy(file, "F32", {2}, "abcd"); }).find("4 bytes are not an array (2,) of F32"),
      std::string::npos);
  EXPECT_THROW(write_npy(file, "F32", {-1, -1}, "abcd"), Error);
  EXPECT_FALSE(fs::exists(file));
  EXPECT_NE(message_of<Error>([&] { read_npy(file); }).find("cannot read"), std::string::npos);
}

}  // namespace
}  // namespace limbeck
