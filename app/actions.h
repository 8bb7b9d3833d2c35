#pragma once
// The actions of subcommands that need LibTorch, whose loading alone takes a second. The program that users start does
// not link LibTorch; for these actions it executes the engine in its place (engine.h), which does.
#include <exception>
#include <string>

#include "app/output.h"

namespace limbeck {

struct BenchFlags;
struct CheckFlags;
struct DistillFlags;
struct EvaluateFlags;
struct ExportFlags;
struct FetchFlags;
struct ImagesFlags;
struct ListFlags;
struct ForwardFlags;
struct LossFlags;
struct PredictFlags;
struct RunCommand;
struct ServeFlags;
struct StoreFlags;
struct StoreIndexFlags;
struct StoreInfoFlags;
struct SweepFlags;
struct SynthesizeFlags;

struct Actions {
  void (*bench)(BenchFlags, const OutputOptions&);
  void (*check)(CheckFlags, const OutputOptions&);
  void (*distill)(DistillFlags, const OutputOptions&);
  void (*evaluate)(EvaluateFlags, const OutputOptions&);
  void (*export_model)(ExportFlags, const OutputOptions&);
  void (*fetch)(FetchFlags, const OutputOptions&);
  void (*images)(ImagesFlags, const OutputOptions&);
  void (*list)(ListFlags, const OutputOptions&);
  void (*forward)(ForwardFlags, const OutputOptions&);
  void (*loss)(LossFlags, const OutputOptions&);
  void (*predict)(PredictFlags, const OutputOptions&);
  void (*run)(RunCommand, const OutputOptions&);
  void (*serve)(ServeFlags, const OutputOptions&);
  void (*build_store)(StoreFlags, const OutputOptions&);
  void (*store_info)(StoreInfoFlags, const OutputOptions&);
  void (*verify_store)(StoreFlags, const OutputOptions&);
  void (*index_store)(StoreIndexFlags, const OutputOptions&);
  void (*sweep)(SweepFlags, const OutputOptions&);
  void (*synthesize)(SynthesizeFlags, const OutputOptions&);
  /// Returns an exception's message, without the stack trace of LibTorch's exceptions.
  std::string (*message_of)(const std::exception&);
};

}  // namespace limbeck
