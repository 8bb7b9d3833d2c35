#pragma once
// The actions of the engine, each in a file named like its subcommand.
#include "app/actions.h"

namespace limbeck {

void bench(BenchFlags flags, const OutputOptions& output);
void check(CheckFlags flags, const OutputOptions& output);
void distill(DistillFlags flags, const OutputOptions& output);
void evaluate(EvaluateFlags flags, const OutputOptions& output);
void export_model(ExportFlags flags, const OutputOptions& output);
void fetch(FetchFlags flags, const OutputOptions& output);
void forward(ForwardFlags flags, const OutputOptions& output);
void images(ImagesFlags flags, const OutputOptions& output);
void list(ListFlags flags, const OutputOptions& output);
void loss(LossFlags flags, const OutputOptions& output);
void predict(PredictFlags flags, const OutputOptions& output);
void run(RunCommand command, const OutputOptions& output);
void serve(ServeFlags flags, const OutputOptions& output);
void build_store(StoreFlags flags, const OutputOptions& output);
void store_info(StoreInfoFlags flags, const OutputOptions& output);
void verify_store(StoreFlags flags, const OutputOptions& output);
void index_store(StoreIndexFlags flags, const OutputOptions& output);
void sweep(SweepFlags flags, const OutputOptions& output);
void synthesize(SynthesizeFlags flags, const OutputOptions& output);

}  // namespace limbeck
