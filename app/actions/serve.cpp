#include "app/commands/serve.h"
#include "app/actions/all.h"
#include "app/signals.h"
#include "core/json.h"
#include "serve/serve.h"

namespace limbeck {

void serve(ServeFlags flags, const OutputOptions& output) {
  Service service({flags.runs.begin(), flags.runs.end()}, {.host = flags.host, .port = flags.port});
  if (output.json)
    print_out("{}\n", Json{{"address", service.address()}, {"runs", service.run_count()}}.dump());
  else
    print_out("Serving {} run{} at {} (Ctrl-C stops)\n", service.run_count(), service.run_count() == 1 ? "" : "s",
              service.address());
  service.run_until([] { return stop_token().stop_requested(); });
}

}  // namespace limbeck
