#pragma once
// A distillation in a few fields, as `limbeck distill` takes them; recipe_of (run.h) makes a recipe of it.
//
//   const Distillation distillation{.teacher = "teacher.pt", .student = "mobilenetv2", .source = "cifar10"};
//   run_recipe(recipe_of(distillation), {.out = "runs/mobile"});
//
// Values are texts as in a recipe. Error messages name the flags of `limbeck distill`: --teacher-size is teacher_size.
//
// Thread-safety: a value.
#include <cstdint>
#include <string>

#include "limbeck/api.h"

namespace limbeck LIMBECK_API {

struct Distillation {
  static constexpr int64_t kTeacherEpochs = 20;  ///< if the teacher is trained first and teacher_epochs is 0

  std::string name = "distill";
  /// A TorchScript, ONNX or .pt2 file, the weights.safetensors of a trained network, "{ resnet18: {}, weights: FILE }",
  /// or a network to train first: "mlp:1200,1200".
  std::string teacher;
  std::string student;         ///< "mlp:30,30", as in a recipe, or a TorchScript, ONNX or .pt2 file
  std::string source;          ///< data set; empty: the pictures in the data folder if it has any, otherwise mnist
  std::string augment;         ///< "none", "{crop: 4, flip: true}"; empty: a crop and flips for photographs, else none
  std::string optimizer;       ///< empty: sgd
  std::string corrupt;         ///< unreadable pictures: "fail" or "skip"; empty: fail
  std::string teacher_size;    ///< input size of a teacher from such a file, pixels: "224"; empty: the data's
  std::string teacher_mean;    ///< its normalization, per channel: "0.485,0.456,0.406"; empty: the data's
  std::string teacher_std;     ///< standard deviation per channel
  int64_t size = 0;            ///< height and width of the pictures in the data folder; 0: 224
  int64_t views = 0;           ///< augmented views of each example on which the teacher runs once; 0: at every step
  double temperature = 4;      ///< T, above 0
  double hard_weight = 0.1;    ///< weight of the labels, from 0 to 1; the soft targets get the rest
  double learning_rate = 0;    ///< 0: the optimizer's
  int64_t epochs = 20;         ///< of the student
  int64_t teacher_epochs = 0;  ///< of a teacher that is trained first
  int64_t batch_size = 128;
  int64_t validation = 0;  ///< training examples to hold out
  bool baseline = false;   ///< also train the student on labels alone, to compare
  bool int8 = false;       ///< also quantize the student's weights and activations to int8
};

}  // namespace LIMBECK_API
