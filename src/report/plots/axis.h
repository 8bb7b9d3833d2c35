#pragma once
// The axis of a chart: from numbers to places, with ticks at round numbers.
#include <string>
#include <vector>

namespace limbeck {

enum class PlotScale { linear, logarithmic };

/// "0.05", "12,000", "1e-5": as short as six significant digits allow.
std::string tick_label(double value);

/// At most about `most` round numbers (1, 2 or 5 times a power of ten apart) that lie within [low, high].
std::vector<double> linear_ticks(double low, double high, int most);
/// The same for a logarithmic axis, 0 < low: powers of ten, and 2 and 5 times them where there is room.
std::vector<double> logarithmic_ticks(double low, double high, int most);

/// Whether numbers are better read on a logarithmic axis: all positive, and spread over more than a factor of 8.
bool spread_over_decades(const std::vector<double>& values);

/// Places the numbers [low, high] on the line from `start` to `end` (in pixels; end may be less than start).
class PlotAxis {
 public:
  /// The range that `values` take, widened to round numbers or to zero where that is near. A logarithmic axis of
  /// values that are not all positive starts at the smallest positive one. No values at all give [0, 1].
  static PlotAxis over(const std::vector<double>& values, PlotScale scale, int most_ticks);
  /// The same without widening: for epochs and for temperatures, which begin where they begin.
  static PlotAxis exactly(double low, double high, PlotScale scale, int most_ticks);

  /// Where between start and end a value lies; values outside of the range are placed at its border.
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
