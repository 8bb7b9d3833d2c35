// Says of each picture what it shows. Usage: predict MODEL PICTURE...
#include <limbeck/predictor.h>

#include <iostream>

int main(int argc, char** argv) try {
  if (argc < 3) throw limbeck::Error("usage: predict MODEL PICTURE...");
  const limbeck::Predictor predictor(argv[1]);
  for (const limbeck::Prediction& prediction : predictor.predict_images({argv + 2, argv + argc}))
    std::cout << predictor.classes()[prediction.label] << " " << prediction.probability << "\n";
} catch (const limbeck::Error& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
