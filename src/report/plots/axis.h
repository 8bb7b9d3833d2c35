#pragma once
// A chart axis: maps values to positions, with ticks at round numbers.
#include <string>
#include <vector>

namespace limbeck {

enum class PlotScale { linear, logarithmic };

/// Formats a tick with at most six significant digits: "0.05", "12,000", "1e-5".
std::string tick_label(double value);

/// Returns about `most` round numbers at most (spaced by 1, 2 or 5 times a power of ten) within [low, high].
std::vector<double> linear_ticks(double low, double high, int most);
/// The same for a logarithmic axis, 0 < low: powers of ten, plus 2 and 5 times them if there is room.
std::vector<double> logarithmic_ticks(double low, double high, int most);

/// Whether a logarithmic axis suits the values: all are positive and they span more than a factor of 8.
bool spread_over_decades(const std::vector<double>& values);

/// Maps values in [low, high] to the line from `start` to `end` (in pixels; end may be less than start).
class PlotAxis {
 public:
  /// Covers `values`, widened to round numbers, or to zero if that is near. A logarithmic axis starts at the smallest
  /// positive value if not all are positive. Without values, the range is [0, 1].
  static PlotAxis over(const std::vector<double>& values, PlotScale scale, int most_ticks);
  /// Covers exactly [low, high], without widening: for epochs and temperatures.
  static PlotAxis exactly(double low, double high, PlotScale scale, int most_ticks);

  /// Returns the position of a value between start and end; values outside the range are clamped.
  double place(double value, double start, double end) const;

  double low() const { return low_; }
  double high() const { return high_; }
  PlotScale scale() const { return scale_; }
  const std::vector<double>& ticks() const { return ticks_; }
  void set_ticks(std::vector<double> ticks) { ticks_ = std::move(ticks); }

 private:
  PlotAxis(double low, double high, PlotScale scale) : low_(low), high_(high), scale_(scale) {}

  double low_;
  double high_;
  PlotScale scale_;
  std::vector<double> ticks_;
};

}  // namespace limbeck
