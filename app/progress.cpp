#include "app/progress.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "core/text.h"

namespace limbeck {
namespace {

constexpr double kPlainEverySeconds = 10;
constexpr double kPlainInEpochSeconds = 60;  // epochs that take long

size_t terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 100;
}

std::string bar(double share) {
  constexpr int kWidth = 20;
  const int full = std::clamp(static_cast<int>(share * kWidth), 0, kWidth);
  std::string text;
  for (int i = 0; i < kWidth; ++i) text += i < full ? "█" : "░";
  return text;
}

std::string loss_text(double loss) { return std::abs(loss) < 1e5 ? fmt::format("loss {:.4f}", loss) : fmt::format("loss {:.2e}", loss); }

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

ProgressPrinter::ProgressPrinter(bool quiet) : quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1) {}

ProgressPrinter::~ProgressPrinter() {
  if (line_open_) std::fputc('\n', stderr);
}

void ProgressPrinter::operator()(const Event& event) {
  if (quiet_) return;
  std::visit([this](const auto& it) { handle(it); }, event);
}

void ProgressPrinter::handle(const StageStarted& event) {
  stage_start_ = last_print_ = Clock::now();
  epochs_at_start_ = static_cast<double>(event.first_epoch);
  last_epoch_.clear();
  const std::string from = event.first_epoch == 0 ? "" : fmt::format(", goes on after epoch {}", event.first_epoch);
  print_line(fmt::format("{}: {} epoch{} of {}{}", event.stage, event.epochs, event.epochs == 1 ? "" : "s", event.description, from));
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
  const std::string figures = fmt::format("{} examples/s  {} left  {}", with_commas(static_cast<int64_t>(event.examples_per_second)),
                                          duration(left), loss_text(event.loss));
  if (terminal_) rewrite(fmt::format("  {} epoch {}/{}  {}  {}", bar(share), event.epoch + 1, event.epochs, figures, last_epoch_));
  else print_line(fmt::format("  epoch {}/{}, {:.0f} % of it  {}", event.epoch + 1, event.epochs, 100 * in_epoch, figures));
}

void ProgressPrinter::handle(const EpochDone& event) {
  last_epoch_ = fmt::format("train {:.2f} %", 100 * event.train.accuracy);
  if (event.validation) last_epoch_ += fmt::format("  validation {:.2f} %", 100 * event.validation->accuracy);
  const bool last = event.epoch == event.epochs;
  if (terminal_ || (!last && seconds_since(last_print_) < kPlainEverySeconds)) return;
  last_print_ = Clock::now();
  const double done = static_cast<double>(event.epoch) - epochs_at_start_;
  const double left = seconds_since(stage_start_) / std::max(done, 1e-9) * static_cast<double>(event.epochs - event.epoch);
  print_line(fmt::format("  epoch {}/{}  {} examples/s  {} left  {}  {}", event.epoch, event.epochs,
                         with_commas(static_cast<int64_t>(event.examples_per_second)), duration(left), loss_text(event.train.loss),
                         last_epoch_));
}

void ProgressPrinter::handle(const StageDone& event) {
  print_line(fmt::format("  {} errors on {} test examples ({:.2f} %), {} at {} examples/s", with_commas(event.test.errors),
                         with_commas(event.test.examples), 100 * (1 - event.test.accuracy), duration(event.seconds),
                         with_commas(static_cast<int64_t>(event.examples_per_second))));
}

void ProgressPrinter::handle(const WorkProgress& event) {
  const double left = static_cast<double>(event.all - event.done) / std::max(event.per_second, 1e-9);
  const std::string text = fmt::format("{} of {} {}  {}/s  {} left", with_commas(event.done), with_commas(event.all), event.what,
                                       with_commas(static_cast<int64_t>(event.per_second)), duration(left));
  if (terminal_) rewrite(fmt::format("  {} {}", bar(static_cast<double>(event.done) / static_cast<double>(event.all)), text));
  else if (event.done == event.all || seconds_since(last_print_) >= kPlainEverySeconds) {
    last_print_ = Clock::now();
    print_line("  " + text);
  }
}

void ProgressPrinter::handle(const Notice& event) { print_line(event.message); }

void ProgressPrinter::print_line(const std::string& text) {
  fmt::print(stderr, "{}{}\n", line_open_ ? "\r\033[K" : "", text);
  std::fflush(stderr);
  line_open_ = false;
}

void ProgressPrinter::rewrite(const std::string& text) {
  // Bars are three bytes a cell: cut by characters, not bytes, so that the line never wraps.
  std::string cut;
  size_t cells = 0;
  for (const char c : text) {
    const bool starts_character = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    if (starts_character && ++cells >= terminal_width()) break;
    cut += c;
  }
  fmt::print(stderr, "\r\033[K{}", cut);
  std::fflush(stderr);
  line_open_ = true;
}

}  // namespace limbeck
