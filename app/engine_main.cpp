// limbeck-engine: the same program with LibTorch in it, which `limbeck` starts.
#include <c10/util/Exception.h>
#include <sys/prctl.h>

#include "app/actions/all.h"
#include "app/program.h"
#include "app/signals.h"
#include "core/process.h"

namespace limbeck {
namespace {

std::string message_of(const std::exception& error) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
  return torch_error == nullptr ? error.what() : torch_error->what_without_backtrace();
}

constexpr Actions kActions = {.bench = bench,
                              .check = check,
                              .distill = distill,
                              .evaluate = evaluate,
                              .export_model = export_model,
                              .fetch = fetch,
                              .images = images,
                              .list = list,
                              .forward = forward,
                              .loss = loss,
                              .predict = predict,
                              .run = run,
                              .serve = serve,
                              .build_store = build_store,
                              .store_info = store_info,
                              .verify_store = verify_store,
                              .index_store = index_store,
                              .sweep = sweep,
                              .synthesize = synthesize,
                              .message_of = message_of};

}  // namespace
}  // namespace limbeck

int main(int argc, char** argv) {
  limbeck::keep_hangup_held_off();
  limbeck::settle_process(argv);
  prctl(PR_SET_NAME, "limbeck");  // what ps, top and pgrep know it by
  return limbeck::run_program(argc, argv, &limbeck::kActions);
}
