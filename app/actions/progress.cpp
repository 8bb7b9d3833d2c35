#include "app/actions/progress.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "report/text_table.h"

namespace limbeck {
namespace {

constexpr double kPlainEverySeconds = 10;
constexpr double kPlainInEpochSeconds = 60;  // epochs that take long

std::string bar(double share, int width) {
  const int full = std::clamp(static_cast<int>(share * width), 0, width);
  std::string text;
  for (int i = 0; i < width; ++i) text += i < full ? "█" : "░";
  return text;
}

std::string loss_text(double loss) {
  return std::abs(loss) < 1e5 ? fmt::format("loss {:.4f}", loss) : fmt::format("loss {:.2e}", loss);
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

ProgressPrinter::ProgressPrinter(const OutputOptions& output)
    : quiet_(output.quiet), terminal_(isatty(STDERR_FILENO) == 1), color_(error_terminal(output.color).color) {}

ProgressPrinter::~ProgressPrinter() {
  if (line_open_) print_message("\n");
}

void ProgressPrinter::operator()(const Event& event) {
  const auto* notice = std::get_if<Notice>(&event);
  if (quiet_ && (notice == nullptr || notice->weight != Notice::Weight::grave)) return;
  std::visit([this](const auto& it) { handle(it); }, event);
}

void ProgressPrinter::handle(const StageStarted& event) {
  stage_start_ = last_print_ = Clock::now();
  epochs_at_start_ = static_cast<double>(event.first_epoch);
  last_epoch_.clear();
  const std::string from = event.first_epoch == 0 ? "" : fmt::format(", resumes after epoch {}", event.first_epoch);
  print_line(fmt::format("{}: {} epoch{} of {}{}", event.stage, event.epochs, event.epochs == 1 ? "" : "s",
                         event.description, from));
}

void ProgressPrinter::handle(const StageReused& event) {
  print_line(fmt::format("{}: done before, unchanged", event.stage));
}

void ProgressPrinter::handle(const StepDone& event) {
  if (!terminal_ && seconds_since(std::max(last_print_, last_in_epoch_)) < kPlainInEpochSeconds) return;
  last_in_epoch_ = Clock::now();
  const double in_epoch = static_cast<double>(event.step) / static_cast<double>(event.steps);
  const double done = static_cast<double>(event.epoch) + in_epoch;
  const double share = done / static_cast<double>(event.epochs);
  const double rate = (done - epochs_at_start_) / std::max(seconds_since(stage_start_), 1e-9);
  const double left = (static_cast<double>(event.epochs) - done) / std::max(rate, 1e-9);
  const std::string epoch = fmt::format("epoch {}/{}", event.epoch + 1, event.epochs),
                    left_text = duration(left) + " left", loss = loss_text(event.loss);
  const std::string speed = with_commas(static_cast<int64_t>(event.examples_per_second)) + " examples/s";
  if (terminal_)
    rewrite(share, {epoch, left_text, loss, last_epoch_, speed});
  else
    print_line(fmt::format("  {}, {:.0f} % of it  {}  {}  {}", epoch, 100 * in_epoch, speed, left_text, loss));
}

void ProgressPrinter::handle(const EpochDone& event) {
  last_epoch_ = fmt::format("train {:.2f} %", 100 * event.train.accuracy);
  if (event.validation) last_epoch_ += fmt::format("  validation {:.2f} %", 100 * event.validation->accuracy);
  const bool last = event.epoch == event.epochs;
  if (terminal_ || (!last && seconds_since(last_print_) < kPlainEverySeconds)) return;
  last_print_ = Clock::now();
  const double done = static_cast<double>(event.epoch) - epochs_at_start_;
  const double left =
      seconds_since(stage_start_) / std::max(done, 1e-9) * static_cast<double>(event.epochs - event.epoch);
  print_line(fmt::format("  epoch {}/{}  {} examples/s  {} left  {}  {}", event.epoch, event.epochs,
                         with_commas(static_cast<int64_t>(event.examples_per_second)), duration(left),
                         loss_text(event.train.loss), last_epoch_));
}

void ProgressPrinter::handle(const StageDone& event) {
  print_line(fmt::format("  {} errors on {} test examples ({:.2f} %), {} at {} examples/s",
                         with_commas(event.test.errors), with_commas(event.test.examples),
                         100 * (1 - event.test.accuracy), duration(event.seconds),
                         with_commas(static_cast<int64_t>(event.examples_per_second))));
}

void ProgressPrinter::handle(const WorkProgress& event) {
  const double left = static_cast<double>(event.all - event.done) / std::max(event.per_second, 1e-9);
  const std::string count = fmt::format("{} of {} {}", with_commas(event.done), with_commas(event.all), event.what);
  const std::string speed = with_commas(static_cast<int64_t>(event.per_second)) + "/s",
                    left_text = duration(left) + " left";
  if (terminal_)
    rewrite(static_cast<double>(event.done) / static_cast<double>(event.all), {count, left_text, speed});
  else if (event.done == event.all || seconds_since(last_print_) >= kPlainEverySeconds) {
    last_print_ = Clock::now();
    print_line(fmt::format("  {}  {}  {}", count, speed, left_text));
  }
}

void ProgressPrinter::handle(const Notice& event) {
  print_line(event.weight == Notice::Weight::grave ? paint(event.message, Color::yellow, color_) : event.message);
}

void ProgressPrinter::print_line(const std::string& text) {
  print_error("{}{}\n", line_open_ ? "\r\033[K" : "", text);
  line_open_ = false;
}

void ProgressPrinter::rewrite(double share, const std::vector<std::string>& parts) {
  const size_t width = error_terminal(ColorChoice::never).width;
  const int cells = width >= 100 ? 20 : width >= 60 ? 10 : 4;
  std::string line = "  " + paint(bar(share, cells), Color::green, color_);
  size_t used = static_cast<size_t>(cells) + 2;
  for (const std::string& part : parts) {
    const size_t more = terminal_width(part) + 2;
    if (part.empty() || used + more >= width) continue;
    line += "  " + part;
    used += more;
  }
  print_error("\r\033[K{}", line);
  line_open_ = true;
}

}  // namespace limbeck
