#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "core/random.h"
#include "core/safetensors.h"
#include "data/images/image_dataset.h"
#include "data/images/image_folder.h"
#include "support/pictures.h"
#include "support/small_data.h"
#include "support/temporary_folder.h"

namespace limbeck {
namespace {

/// [C, H, W] of the bytes of a picture file.
torch::Tensor decode(const std::string& bytes, const ImageOptions& options) {
  torch::Tensor pixels = torch::empty({options.channels, options.size.height, options.size.width}, torch::kUInt8);
  ImageReader(options).decode(bytes, pixels.data_ptr<uint8_t>());
  return pixels;
}

/// [H, W, C] → [C, H, W]
torch::Tensor planes(const std::vector<uint8_t>& pixels, int64_t height, int64_t width) {
  const auto channels = static_cast<int64_t>(pixels.size()) / height / width;
  return torch::from_blob(const_cast<uint8_t*>(pixels.data()), {height, width, channels}, torch::kUInt8)
      .permute({2, 0, 1})
      .clone();
}

double largest_difference(const torch::Tensor& a, const torch::Tensor& b) {
  return (a.to(torch::kFloat64) - b.to(torch::kFloat64)).abs().max().item<double>();
}

TEST(Place, IsTorchvisionsResizeAndCenterCrop) {
  const Placement wide = place({240, 320}, {64, 64}, ResizeMode::crop);
  EXPECT_EQ(wide.scaled, (ImageSize{64, 85}));
  EXPECT_EQ(wide.left, 10);  // round(10.5) is 10 in Python
  const Placement high = place({331, 250}, {32, 32}, ResizeMode::crop);
  EXPECT_EQ(high.scaled, (ImageSize{42, 32}));
  EXPECT_EQ(high.top, 5);
  EXPECT_EQ(place({30, 43}, {30, 30}, ResizeMode::crop).left, 6);  // round(6.5)
  EXPECT_EQ(place({30, 41}, {30, 30}, ResizeMode::crop).left, 6);  // round(5.5)
  EXPECT_EQ(place({10, 1000}, {4, 8}, ResizeMode::stretch).scaled, (ImageSize{4, 8}));
  EXPECT_EQ(place({100, 100}, {20, 40}, ResizeMode::crop).scaled, (ImageSize{40, 40}));
  EXPECT_EQ(place({100, 100}, {20, 40}, ResizeMode::crop).top, 10);
}

/// One axis of the plain definition, in floating point: rows [n, in] with a triangle each.
torch::Tensor triangles(int64_t in, int64_t out) {
  const double scale = static_cast<double>(in) / static_cast<double>(out), reach = std::max(scale, 1.0);
  const torch::Tensor centre = (torch::arange(out, torch::kFloat64) + 0.5) * scale;
  const torch::Tensor at = torch::arange(in, torch::kFloat64) + 0.5;
  const torch::Tensor weights = (1 - (at.unsqueeze(0) - centre.unsqueeze(1)).abs() / reach).clamp_min(0);
  return weights / weights.sum(1, true);
}

TEST(Resize, IsTheMeanUnderATriangleUpToRounding) {
  for (const auto& [height, width] : {std::pair{13, 17}, {5, 4}, {64, 31}, {1, 1}, {1, 90}, {200, 3}}) {
    const std::vector<uint8_t> pixels = scene(height, width, 3);
    const torch::Tensor resized =
        decode(png_bytes(height, width, pixels), {.size = {7, 9}, .resize = ResizeMode::stretch});
    const torch::Tensor exact =
        triangles(height, 7).matmul(planes(pixels, height, width).to(torch::kFloat64)).matmul(triangles(width, 9).t());
    EXPECT_LE(largest_difference(resized, exact), 1.01)
        << height << "x" << width;  // two roundings of half a grey level
  }
}

TEST(Resize, GivesPillowsNumbers) {
  // Image.fromarray(numpy.arange(48).reshape(6, 8) ** 2 * 3 % 256, "L").resize((3, 3), BILINEAR), Pillow 9.4
  std::vector<uint8_t> pixels;
  for (int i = 0; i < 48; ++i) pixels.push_back(static_cast<uint8_t>(i * i * 3 % 256));
  const torch::Tensor resized = decode(png_bytes(6, 8, pixels, {.color_type = SPNG_COLOR_TYPE_GRAYSCALE}),
                                       {.size = {3, 3}, .resize = ResizeMode::stretch, .channels = 1});
  const std::vector<int64_t> pillow = {89, 96, 126, 129, 125, 128, 149, 129, 175};
  EXPECT_TRUE(resized.flatten().to(torch::kInt64).equal(torch::tensor(pillow))) << resized;
}

TEST(Resize, ToTheSameSizeChangesNothing) {
  const std::vector<uint8_t> pixels = scene(32, 32, 3);
  EXPECT_TRUE(decode(png_bytes(32, 32, pixels), {}).equal(planes(pixels, 32, 32)));
}

TEST(Resize, RowsMayComeInAnyParts) {
  const std::vector<uint8_t> rows = scene(50, 40, 4);
  std::vector<uint8_t> whole(3 * 100), parts(whole);
  Resizer resizer({10, 10}, ResizeMode::crop, 3);
  resizer.begin({50, 40}, {50, 40}, 1);
  resizer.add_rows(rows.data(), 50);
  resizer.finish(whole.data());
  resizer.begin({50, 40}, {50, 40}, 1);
  for (int64_t row = 0, count = 1; row < 50; row += count, count = std::min<int64_t>(row % 7 + 1, 50 - row))
    resizer.add_rows(rows.data() + row * 160, count);
  resizer.finish(parts.data());
  EXPECT_EQ(whole, parts);
}

TEST(Png, EveryKindBecomesEightBitColour) {
  const ImageOptions options{.size = {8, 8}};
  const std::vector<uint8_t> grey = scene(8, 8, 1), colour = scene(8, 8, 3);
  for (const bool interlaced : {false, true}) {
    const auto is = [&](uint8_t color_type, uint8_t depth, const std::vector<uint8_t>& stored,
                        const torch::Tensor& expected) {
      const torch::Tensor pixels = decode(png_bytes(8, 8, stored, {color_type, depth, interlaced}), options);
      EXPECT_TRUE(pixels.equal(expected.expand({3, 8, 8}))) << int(color_type) << " " << int(depth) << pixels;
    };
    is(SPNG_COLOR_TYPE_GRAYSCALE, 8, grey, planes(grey, 8, 8));
    is(SPNG_COLOR_TYPE_TRUECOLOR, 8, colour, planes(colour, 8, 8));
    std::vector<uint8_t> wide, alpha, grey_alpha;
    for (size_t i = 0; i < colour.size(); ++i) {
      wide.insert(wide.end(), {colour[i], static_cast<uint8_t>(i)});
      alpha.push_back(colour[i]);
      if (i % 3 == 2) alpha.push_back(static_cast<uint8_t>(i));  // which is dropped
    }
    for (const uint8_t value : grey) grey_alpha.insert(grey_alpha.end(), {value, 3});
    is(SPNG_COLOR_TYPE_TRUECOLOR, 16, wide, planes(colour, 8, 8));
    is(SPNG_COLOR_TYPE_TRUECOLOR_ALPHA, 8, alpha, planes(colour, 8, 8));
    is(SPNG_COLOR_TYPE_GRAYSCALE_ALPHA, 8, grey_alpha, planes(grey, 8, 8));
    const torch::Tensor palette = torch::stack(
        {torch::full({8, 8}, 7, torch::kUInt8), planes(grey, 8, 8)[0], torch::full({8, 8}, 9, torch::kUInt8)});
    is(SPNG_COLOR_TYPE_INDEXED, 8, grey, palette);
    if (interlaced) continue;  // the rows of the passes of few bits are packed otherwise
    const torch::Tensor bits = torch::tensor({1, 0, 1, 1, 0, 0, 1, 0}, torch::kUInt8) * 255;
    is(SPNG_COLOR_TYPE_GRAYSCALE, 1, std::vector<uint8_t>(8, 0xb2), bits.expand({1, 8, 8}));
    is(SPNG_COLOR_TYPE_GRAYSCALE, 4, std::vector<uint8_t>(32, 0x5a),
       (torch::tensor({5, 10, 5, 10, 5, 10, 5, 10}, torch::kUInt8) * 17).expand({1, 8, 8}));
  }
}

TEST(Jpeg, ColourGreyProgressiveAndCmykComeOutAsTheyWent) {
  const std::vector<uint8_t> colour = scene(48, 64, 3), grey = scene(48, 64, 1);
  const ImageOptions options{.size = {48, 64}};
  const auto mean_difference = [&](const std::string& bytes, const torch::Tensor& expected) {
    return (decode(bytes, options).to(torch::kFloat32) - expected.to(torch::kFloat32)).abs().mean().item<double>();
  };
  // Grey levels that the format loses: 5.4 in colour, which has half the resolution there; less in grey.
  EXPECT_LT(mean_difference(jpeg_bytes(48, 64, colour), planes(colour, 48, 64)), 6);
  EXPECT_LT(mean_difference(jpeg_bytes(48, 64, colour, {.progressive = true}), planes(colour, 48, 64)), 6);
  EXPECT_LT(
      mean_difference(jpeg_bytes(48, 64, grey, {.space = JCS_GRAYSCALE}), planes(grey, 48, 64).expand({3, 48, 64})), 5);
  std::vector<uint8_t> inks;  // no black: the inks are the colours
  for (size_t i = 0; i < colour.size(); ++i) {
    inks.push_back(colour[i]);
    if (i % 3 == 2) inks.push_back(255);
  }
  EXPECT_LT(mean_difference(jpeg_bytes(48, 64, inks, {.space = JCS_CMYK}), planes(colour, 48, 64)), 6);
  for (size_t i = 3; i < inks.size(); i += 4) inks[i] = 0;  // all black
  EXPECT_LT(decode(jpeg_bytes(48, 64, inks, {.space = JCS_CMYK}), options).max().item<int>(), 30);
}

TEST(Jpeg, DecodedAtAFractionIsCloseToTheWhole) {
  const std::vector<uint8_t> pixels = scene(400, 500, 3);
  const std::string bytes = jpeg_bytes(400, 500, pixels);
  const torch::Tensor full = decode(bytes, {}), reduced = decode(bytes, {.jpeg = JpegDetail::reduced});
  EXPECT_FALSE(full.equal(reduced));  // it was reduced
  EXPECT_LT((full.to(torch::kFloat32) - reduced.to(torch::kFloat32)).abs().mean().item<double>(), 1.0);
  // Less than twice the target is left: nothing is reduced.
  EXPECT_TRUE(
      decode(bytes, {.size = {101, 101}}).equal(decode(bytes, {.size = {101, 101}, .jpeg = JpegDetail::reduced})));
}

/// What is wrong with the bytes of a picture; empty where it decodes.
std::string problem(const std::string& bytes) {
  try {
    decode(bytes, {});
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(Corruption, EveryTruncationOfAPngOrJpegIsAnErrorThatNamesAnOffset) {
  const std::vector<uint8_t> pixels = scene(20, 24, 3);
  for (const std::string& whole : {png_bytes(20, 24, pixels), png_bytes(20, 24, pixels, {.interlaced = true}),
                                   jpeg_bytes(20, 24, pixels), jpeg_bytes(20, 24, pixels, {.progressive = true})}) {
    ASSERT_EQ(problem(whole), "");
    // The last four bytes of a PNG are the checksum of an empty chunk: without them nothing is missing.
    for (size_t size = 1; size < whole.size() - (whole[0] == '\x89' ? 4 : 0); ++size)
      EXPECT_NE(problem(whole.substr(0, size)).find("offset"), std::string::npos) << size << " of " << whole.size();
  }
  EXPECT_EQ(problem(""), "is empty");
}

TEST(Corruption, EveryFlippedByteOfAPngIsAnError) {
  const std::string whole = png_bytes(20, 24, scene(20, 24, 3));
  for (size_t i = 0; i < whole.size(); ++i)
    for (const int flip : {1, 0x80, 0xff}) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      EXPECT_NE(problem(damaged), "") << i;
    }
}

TEST(Corruption, OfAJpegOrOfRandomBytesIsAnErrorOrAPicture) {
  const std::vector<uint8_t> pixels = scene(40, 24, 3), inks = scene(40, 24, 4);
  int errors = 0, flips = 0;
  for (const std::string& whole :
       {jpeg_bytes(40, 24, pixels), jpeg_bytes(40, 24, pixels, {.progressive = true}),
        jpeg_bytes(40, 24, inks, {.space = JCS_CMYK}), jpeg_bytes(40, 24, scene(40, 24, 1), {.space = JCS_GRAYSCALE})})
    for (size_t i = 0; i < whole.size(); ++i)
      for (const int flip : {1, 0x10, 0xff}) {
        std::string damaged = whole;
        damaged[i] = static_cast<char>(damaged[i] ^ flip);
        errors += problem(damaged).empty() ? 0 : 1;
        ++flips;
      }
  EXPECT_GT(errors, flips / 4);  // the format has no checksum: much of it decodes to something else
  Random random({.seed = 1});
  for (const std::string& whole : {jpeg_bytes(40, 24, pixels), png_bytes(40, 24, pixels)})
    for (int round = 0; round < 300; ++round) {
      std::string damaged = whole.substr(0, 64 + random.below(64));  // the headers, then noise
      for (int i = 0; i < 400; ++i) damaged += static_cast<char>(random.bits());
      problem(damaged);
    }
}

TEST(Corruption, OtherFormatsAreCalledByTheirNames) {
  EXPECT_EQ(problem("GIF89a......"), "is a GIF file; expected JPEG or PNG");
  EXPECT_NE(problem("hello, world").find("neither JPEG nor PNG"), std::string::npos);
  EXPECT_NE(problem(std::string(100, '\0')).find("neither JPEG nor PNG"), std::string::npos);
}

uint32_t crc(std::string_view bytes) {
  uint32_t value = ~0U;
  for (const char byte : bytes) {
    value ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0xedb88320U : 0);
  }
  return ~value;
}

TEST(Corruption, APictureThatWouldFillTheMemoryIsRefused) {
  const std::vector<uint8_t> pixels = scene(20, 24, 3);
  std::string png = png_bytes(20, 24, pixels), jpeg = jpeg_bytes(20, 24, pixels);
  png.replace(16, 8, std::string("\0\0\x3e\x80\0\0\x3e\x80", 8));  // 16000 x 16000
  const uint32_t checksum = crc(std::string_view(png).substr(12, 17));
  for (size_t i = 0; i < 4; ++i) png[29 + i] = static_cast<char>(checksum >> (24 - 8 * i));
  EXPECT_EQ(problem(png), "has 16000 x 16000 pixels; expected at most 200000000");
  const size_t frame = jpeg.find("\xff\xc0");
  jpeg.replace(frame + 5, 4, "\x3e\x80\x3e\x80");
  EXPECT_EQ(problem(jpeg), "has 16000 x 16000 pixels; expected at most 200000000");
}

/// A folder of small pictures.
class Pictures : public TemporaryFolder {
 protected:
  /// Each picture is of one colour, which follows from its path.
  void add(const std::string& path) {
    const auto shade = static_cast<uint8_t>(std::hash<std::string>()(path));
    const std::vector<uint8_t> pixels(6 * 6 * 3, shade);
    write_file(folder / path, path.ends_with(".png") ? png_bytes(6, 6, pixels) : jpeg_bytes(6, 6, pixels));
  }
  void add(const std::string& folder, int count) {
    for (int i = 0; i < count; ++i)
      add(fmt::format("{}/{}.{}", folder, i, std::array{"png", "jpg", "JPEG"}[static_cast<size_t>(i % 3)]));
  }
  fs::path stores = folder / ".stores";  // hidden: no class
  std::string listing_problem() {
    return message_of<Error>([&] { list_images(folder, 0.1); });
  }
  LoadedImages load(ImageFolderOptions options = {}) {
    options.folder = folder.string();
    options.size = {4};
    return load_images(options, DataFolders());
  }
};

TEST_F(Pictures, OfTrainAndTestFoldersAreSplits) {
  add("train/dog", 3);
  add("train/cat", 4);
  add("test/dog", 2);
  add("unlabelled/some/where", 2);
  const auto dataset = choose(Slot::data, fmt::format("{{images: {{folder: '{}', size: [4, 6]}}}}", folder.string()))
                           .make<Dataset, const DataFolders&>(DataFolders());
  EXPECT_EQ(dataset->classes, (std::vector<std::string>{"cat", "dog"}));
  EXPECT_TRUE(dataset->train.labels.equal(torch::tensor({0, 0, 0, 0, 1, 1, 1, -1, -1})));
  EXPECT_TRUE(dataset->test.labels.equal(torch::tensor({1, 1})));
  EXPECT_EQ(dataset->test.inputs.sizes(), (std::vector<int64_t>{2, 3, 4, 6}));
  const auto shade = static_cast<uint8_t>(std::hash<std::string>()("test/dog/0.png"));
  EXPECT_TRUE(dataset->test.inputs[0].eq(shade).all().item<bool>());
  EXPECT_EQ(dataset->mean.size(), 3U);
}

TEST_F(Pictures, WithoutATestFolderAreHeldOutByTheirPaths) {
  add("cat", 20);
  add("dog", 30);
  const ImageFolder listed = list_images(folder, 0.1);
  EXPECT_EQ(listed.train.size(), 45U);
  const auto paths_of = [](const std::vector<ListedImage>& split, int64_t label) {
    std::vector<std::string> paths;
    for (const ListedImage& picture : split)
      if (picture.label == label) paths.push_back(picture.path);
    return paths;
  };
  EXPECT_EQ(paths_of(listed.test, 0).size(), 2U);
  EXPECT_EQ(paths_of(listed.test, 1).size(), 3U);
  const auto cats = paths_of(listed.test, 0);
  add("ant", 5);  // another class changes the labels, not the choice
  const ImageFolder more = list_images(folder, 0.1);
  EXPECT_EQ(paths_of(more.test, 1), cats);
  EXPECT_EQ(paths_of(more.test, 0).size(), 1U);           // at least one of each class
  EXPECT_EQ(list_images(folder, 0.99).train.size(), 3U);  // and never all
}

TEST_F(Pictures, InAWrongLayoutAreErrorsThatSayWhatIsExpected) {
  EXPECT_NE(message_of<Error>([&] { load(); }).find("no pictures (.jpg, .jpeg, .png) in"), std::string::npos);
  EXPECT_NE(message_of<Error>([&] {
              load_images({.folder = "no/such/folder"}, DataFolders(folder));
            }).find(fmt::format("looked for '{}'", (folder / "no/such/folder").string())),
            std::string::npos);
  add("0.png");
  EXPECT_NE(listing_problem().find("only pictures; expected CLASS/*.jpg"), std::string::npos);
  add("cat", 2);
  EXPECT_NE(listing_problem().find("'cat' is the only class folder"), std::string::npos);
  fs::create_directories(folder / "dog");
  write_file(folder / "dog/readme.txt", "no picture");
  EXPECT_NE(listing_problem().find(fmt::format("no pictures (.jpg, .jpeg, .png) in '{}'", (folder / "dog").string())),
            std::string::npos);
  write_file(folder / "dog/readme.WEBP", "a picture");
  EXPECT_NE(listing_problem().find(", only others such as 'readme.WEBP'"), std::string::npos);
  add("dog", 2);
  const std::vector<std::string> notices = list_images(folder, 0.1).notices;
  ASSERT_EQ(notices.size(), 2U);  // the loose one, and the one of another format
  EXPECT_TRUE(notices[1].starts_with("1 picture of formats that are not read, such as '" +
                                     (folder / "dog/readme.WEBP").string()));
  add("val/cat", 1);
  EXPECT_NE(listing_problem().find("exists, but"), std::string::npos);
  fs::rename(folder / "cat", folder / "kept");
  fs::create_directories(folder / "train");
  fs::rename(folder / "kept", folder / "train/cat");
  fs::rename(folder / "dog", folder / "train/dog");
  add("val/dgo", 1);
  EXPECT_NE(listing_problem().find("did you mean 'dog'?"), std::string::npos);
}

TEST_F(Pictures, OfSplitsInCapitalsAreNoClasses) {
  add("Train/cat", 2);
  add("Train/dog", 2);
  add("Test/cat", 2);
  add("Test/dog", 2);
  EXPECT_NE(listing_problem().find("Train' looks like the training split and not like a class"), std::string::npos);
}

TEST_F(Pictures, ASingleOfEachClassCannotBeHeldOut) {
  add("cat/0.png");
  add("dog/0.png");
  EXPECT_NE(listing_problem().find("nothing can be held out"), std::string::npos);
}

TEST_F(Pictures, ThatAreDamagedAreAllNamedOrLeftOut) {
  add("train/cat", 30);
  add("train/dog", 3);
  add("test/cat", 2);
  for (int i = 3; i < 27; ++i)
    write_file(folder / fmt::format("train/cat/{}.{}", i, std::array{"png", "jpg", "JPEG"}[static_cast<size_t>(i % 3)]),
               i == 4 ? "" : "garbage");
  const std::string text = message_of<Error>([&] { load(); });
  EXPECT_TRUE(text.starts_with("24 of 35 pictures cannot be read:\n")) << text;
  EXPECT_NE(text.find("train/cat/4.jpg' is empty"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("\n  and 4 more\n`corrupt: skip` leaves them out")) << text;

  for (const std::string& store : {std::string(), (stores / "pictures.safetensors").string()}) {
    const LoadedImages loaded = load({.corrupt = UnreadableImages::skip, .store = store});
    EXPECT_EQ(loaded.unreadable.size(), 24U);
    EXPECT_EQ(loaded.dataset->train.size(), 9);
    EXPECT_TRUE(loaded.dataset->train.labels.equal(torch::tensor({0, 0, 0, 0, 0, 0, 1, 1, 1})));
    const auto shade = static_cast<uint8_t>(std::hash<std::string>()("test/cat/1.jpg"));
    EXPECT_LE(largest_difference(loaded.dataset->test.inputs[1], torch::full({}, shade)), 1);  // through JPEG
    EXPECT_EQ(loaded.dataset->notices.size(), 1U);
    EXPECT_TRUE(loaded.dataset->notices[0].starts_with("Left out: 24 of 35"));
  }
  for (const char* name : {"0.png", "1.jpg"}) write_file(folder / "test/cat" / name, "x");
  EXPECT_NE(message_of<Error>([&] { load({.corrupt = UnreadableImages::skip}); }).find("no test picture"),
            std::string::npos);
}

TEST_F(Pictures, ComeInTheSameOrderFromAnyNumberOfThreads) {
  add("some", 60);
  const std::vector<fs::path> files = image_files(folder);
  at::set_num_threads(1);
  const torch::Tensor one = read_images(files, {.size = {8, 8}});
  at::set_num_threads(4);
  EXPECT_TRUE(read_images(files, {.size = {8, 8}}).equal(one));
  at::set_num_threads(1);
  write_file(folder / "some/7.jpg", "x");
  EXPECT_TRUE(message_of<Error>([&] { read_images(files, {}); }).starts_with("1 of 60 pictures cannot be read:"));
  EXPECT_EQ(image_files(files[0]), (std::vector<fs::path>{files[0]}));
}

TEST_F(Pictures, InAStoreAreUsedAgainUntilTheyChange) {
  add("cat", 5);
  add("dog", 5);
  const ImageFolderOptions options{.store = (stores / "pictures.safetensors").string()};
  const LoadedImages plain = load(), first = load(options), second = load(options);
  EXPECT_FALSE(first.reused);
  EXPECT_TRUE(second.reused);
  for (const LoadedImages* loaded : {&first, &second}) {
    EXPECT_TRUE(loaded->dataset->train.inputs.equal(plain.dataset->train.inputs));
    EXPECT_TRUE(loaded->dataset->test.inputs.equal(plain.dataset->test.inputs));
    EXPECT_EQ(loaded->dataset->fingerprint(), plain.dataset->fingerprint());
  }
  EXPECT_EQ(read_safetensors(options.store).tensors.at("pictures").shape, (std::vector<int64_t>{10, 3, 4, 4}));
  ImageFolderOptions stretched = options;
  stretched.resize = ResizeMode::stretch;
  EXPECT_FALSE(load(stretched).reused);
  EXPECT_FALSE(load(options).reused);
  fs::last_write_time(folder / "cat/0.png", fs::file_time_type::clock::now());
  EXPECT_FALSE(load(options).reused);
  fs::remove(folder / "cat/0.png");
  EXPECT_FALSE(load(options).reused);
  EXPECT_TRUE(second.dataset->train.inputs.equal(plain.dataset->train.inputs));  // still mapped, though replaced
  EXPECT_TRUE(second.dataset->train.mapped && !plain.dataset->train.mapped);
  EXPECT_EQ(std::distance(fs::directory_iterator(stores), {}), 1);  // nothing half-made stays
}

TEST_F(Pictures, AStoreThatIsDamagedOrSomethingElseIsAnError) {
  add("cat", 3);
  add("dog", 3);
  const ImageFolderOptions options{.store = (stores / "pictures.safetensors").string()};
  load(options);
  const std::string whole = read_file(options.store);
  for (size_t i = 0; i < whole.size(); i += 5) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x20);
    write_file(options.store, damaged);
    EXPECT_NE(message_of<Error>([&] { load(options); }).find("pictures.safetensors"), std::string::npos) << i;
  }
  write_safetensors(options.store, {}, {});
  EXPECT_NE(message_of<Error>([&] { load(options); }).find("is no store of pictures"), std::string::npos);
  fs::remove(options.store);
  write_file(folder / "cat/0.png", "x");
  EXPECT_NE(message_of<Error>([&] { load(options); }).find("1 of 6 pictures"), std::string::npos);
  EXPECT_FALSE(fs::exists(options.store));
}

TEST_F(Pictures, AreLookedForBelowTheDataFolder) {
  add("pets/cat", 2);
  add("pets/dog", 2);
  EXPECT_EQ(load_images({.folder = "pets"}, DataFolders(folder)).root, folder / "pets");
  EXPECT_EQ(load_images({.folder = "."}, DataFolders(folder / "pets")).root, folder / "pets");
}

TEST(ImageOptions, MistakesAreFoundBeforeAnythingIsRead) {
  EXPECT_THROW(choose(Slot::data, "{images: {size: [1, 2, 3]}}"), DiagnosticsError);
  EXPECT_THROW(choose(Slot::data, "{images: {channels: 2}}"), DiagnosticsError);
  EXPECT_THROW(choose(Slot::data, "{images: {holdout: 0}}"), DiagnosticsError);
  EXPECT_THROW(choose(Slot::data, "{images: {resize: squeeze}}"), DiagnosticsError);
}

}  // namespace
}  // namespace limbeck
