// Classifies one picture with a network that `limbeck export` wrote, in onnxruntime.
//
//   limbeck export runs/a/stages/distilled/weights.safetensors --out student.onnx --bytes
//   g++ -std=c++20 -O2 -I ONNXRUNTIME/include classify.cpp -L ONNXRUNTIME/lib -lonnxruntime -o classify
//   ./classify student.onnx picture.pgm     # PGM or PPM (P5, P6) of 8 bits, or raw bytes [channels, height, width]
//
// Of a network that was written without --bytes, bytes are divided by 255 first.
#include <onnxruntime_cxx_api.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

/// The last bytes of a file, so many as the network takes: there stand the pixels of a PGM or PPM file. PPM has the
/// colours of each pixel beside each other, networks take one colour after the other.
std::vector<uint8_t> read_pixels(const char* name, size_t size, int64_t channels) {
  std::ifstream file(name, std::ios::binary);
  if (!file) throw std::runtime_error(std::string("cannot read ") + name);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  if (bytes.size() < size)
    throw std::runtime_error(std::string(name) + " has " + std::to_string(bytes.size()) + " bytes, the network takes " +
                             std::to_string(size));
  const std::vector<uint8_t> stored(bytes.end() - static_cast<std::ptrdiff_t>(size), bytes.end());
  const bool ppm = bytes.size() > size && bytes[0] == 'P' && bytes[1] == '6';
  if (ppm && channels != 3)
    throw std::runtime_error(std::string(name) + " has three colours, the network takes " + std::to_string(channels));
  const size_t planes = ppm ? 3 : 1, area = size / planes;
  std::vector<uint8_t> pixels(size);
  for (size_t i = 0; i < area * planes; ++i) pixels[i] = stored[i % area * planes + i / area];
  return pixels;
}

std::vector<float> scores_of(Ort::Session& session, const char* picture) {
  const Ort::AllocatorWithDefaultOptions allocator;
  const auto input = session.GetInputNameAllocated(0, allocator), output = session.GetOutputNameAllocated(0, allocator);
  const Ort::TypeInfo type = session.GetInputTypeInfo(0);
  std::vector<int64_t> shape = type.GetTensorTypeAndShapeInfo().GetShape();
  shape.at(0) = 1;  // the batch, of any size
  size_t size = 1;
  for (const int64_t extent : shape) size *= static_cast<size_t>(extent);

  std::vector<uint8_t> bytes = read_pixels(picture, size, shape.at(1));
  std::vector<float> numbers(size);
  std::transform(bytes.begin(), bytes.end(), numbers.begin(),
                 [](uint8_t byte) { return static_cast<float>(byte) / 255; });
  const bool takes_bytes = type.GetTensorTypeAndShapeInfo().GetElementType() == ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8;
  const Ort::MemoryInfo memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  const Ort::Value tensor =
      takes_bytes ? Ort::Value::CreateTensor<uint8_t>(memory, bytes.data(), size, shape.data(), shape.size())
                  : Ort::Value::CreateTensor<float>(memory, numbers.data(), size, shape.data(), shape.size());

  const char* const inputs[] = {input.get()};
  const char* const outputs[] = {output.get()};
  const std::vector<Ort::Value> results = session.Run(Ort::RunOptions{nullptr}, inputs, &tensor, 1, outputs, 1);
  const auto* scores = results.front().GetTensorData<float>();
  return {scores, scores + results.front().GetTensorTypeAndShapeInfo().GetElementCount()};
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3) throw std::runtime_error("usage: classify student.onnx picture.pgm");
  const Ort::Env environment(ORT_LOGGING_LEVEL_WARNING, "classify");
  Ort::Session session(environment, argv[1], Ort::SessionOptions{});
  const std::vector<float> scores = scores_of(session, argv[2]);
  std::printf("class %td\n", std::max_element(scores.begin(), scores.end()) - scores.begin());
  for (size_t i = 0; i < scores.size(); ++i) std::printf("  %zu %.7g\n", i, static_cast<double>(scores[i]));
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "classify: %s\n", error.what());
  return 1;
}
