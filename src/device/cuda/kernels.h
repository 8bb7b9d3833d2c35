#pragma once
// What nvcc compiles: every block program, as launch_on_cuda(program, blocks, stream), which returns an error, or null.
#include "device/programs/batch_norm.h"
#include "device/programs/losses.h"
#include "device/programs/pictures.h"
#include "device/programs/random.h"
#include "device/programs/step_sums.h"
#include "device/programs/updates.h"

// The widest vectors have 16 bytes.
#define LIMBECK_FOR_EACH_NORM(DO, PROGRAM) \
  DO(PROGRAM<float, 1>)                    \
  DO(PROGRAM<float, 4>)                    \
  DO(PROGRAM<Bfloat16, 1>)                 \
  DO(PROGRAM<Bfloat16, 8>)

#define LIMBECK_FOR_EACH_PROGRAM(DO)               \
  DO(DrawViewsProgram)                             \
  DO(DropUnitsProgram<float>)                      \
  DO(DropUnitsProgram<Bfloat16>)                   \
  DO(PictureViewsProgram)                          \
  DO(NormalizePicturesProgram<float, float>)       \
  DO(NormalizePicturesProgram<float, Bfloat16>)    \
  DO(NormalizePicturesProgram<Bfloat16, float>)    \
  DO(NormalizePicturesProgram<Bfloat16, Bfloat16>) \
  LIMBECK_FOR_EACH_NORM(DO, AddAndRectifyProgram)  \
  LIMBECK_FOR_EACH_NORM(DO, BatchNormMoments)      \
  LIMBECK_FOR_EACH_NORM(DO, BatchNormApply)        \
  LIMBECK_FOR_EACH_NORM(DO, BatchNormProducts)     \
  LIMBECK_FOR_EACH_NORM(DO, BatchNormGradient)     \
  DO(SoftTargetsProgram)                           \
  DO(LabelLossProgram)                             \
  DO(SumPartsProgram)                              \
  DO(CountErrorsProgram<float>)                    \
  DO(CountErrorsProgram<Bfloat16>)                 \
  DO(AddStepProgram<float>)                        \
  DO(AddStepProgram<Bfloat16>)                     \
  DO(SgdUpdateProgram)                             \
  DO(AdamUpdateProgram)

namespace limbeck {

#define LIMBECK_DECLARE_LAUNCH(...) \
  const char* launch_on_cuda(const __VA_ARGS__& program, int64_t blocks, void* stream);
LIMBECK_FOR_EACH_PROGRAM(LIMBECK_DECLARE_LAUNCH)
#undef LIMBECK_DECLARE_LAUNCH

}  // namespace limbeck
