#pragma once
// All subcommands, in the order of --help.
#include "app/command.h"

namespace limbeck {

void add_run(Program& program);
void add_distill(Program& program);
void add_sweep(Program& program);
void add_evaluate(Program& program);
void add_predict(Program& program);
void add_export(Program& program);
void add_forward(Program& program);
void add_loss(Program& program);
void add_store(Program& program);
void add_bench(Program& program);
void add_report(Program& program);
void add_compare(Program& program);
void add_serve(Program& program);
void add_check(Program& program);
void add_list(Program& program);
void add_data(Program& program);
void add_init(Program& program);
void add_completion(Program& program);
void add_help(Program& program);

inline void add_commands(Program& program) {
  for (const auto add : {add_run, add_distill, add_sweep, add_evaluate, add_predict, add_export, add_forward, add_loss,
                         add_store, add_bench, add_report, add_compare, add_serve, add_check, add_list, add_data,
                         add_init, add_completion, add_help})
    add(program);
}

}  // namespace limbeck
