#include "experiment/specialist_groups.h"

#include <ATen/TensorOperators.h>

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>

#include "core/error.h"
#include "core/random.h"

namespace limbeck {
namespace {

using Point = std::vector<double>;

double distance(const Point& a, const Point& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

size_t nearest_of(const Point& point, const std::vector<Point>& centres) {
  size_t best = 0;
  for (size_t i = 1; i < centres.size(); ++i)
    if (distance(point, centres[i]) < distance(point, centres[best])) best = i;
  return best;
}

/// Each further centre is a point drawn with the square of its distance to the nearest centre so far.
std::vector<Point> first_centres(const std::vector<Point>& points, int64_t count, Random& random) {
  std::vector<Point> centres = {points[random.below(static_cast<uint32_t>(points.size()))]};
  while (static_cast<int64_t>(centres.size()) < count) {
    std::vector<double> weights;
    for (const Point& point : points) weights.push_back(distance(point, centres[nearest_of(point, centres)]));
    double left = static_cast<double>(random.uniform()) * std::accumulate(weights.begin(), weights.end(), 0.0);
    size_t chosen = 0;
    while (chosen + 1 < points.size() && (left -= weights[chosen]) >= 0) ++chosen;
    centres.push_back(points[chosen]);
  }
  return centres;
}

void move_centres(std::vector<Point>& centres, const std::vector<Point>& points, int64_t passes, Random& random) {
  std::vector<double> taken(centres.size(), 1);
  std::vector<size_t> order(points.size());
  std::iota(order.begin(), order.end(), size_t{0});
  for (int64_t pass = 0; pass < passes; ++pass) {
    for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(static_cast<uint32_t>(i))]);
    for (const size_t at : order) {
      const size_t centre = nearest_of(points[at], centres);
      const double part = 1 / ++taken[centre];
      for (size_t i = 0; i < points[at].size(); ++i) centres[centre][i] += part * (points[at][i] - centres[centre][i]);
    }
  }
}

std::vector<int64_t> nearest_classes(const Point& centre, const std::vector<Point>& points, int64_t count) {
  std::vector<int64_t> classes(points.size());
  std::iota(classes.begin(), classes.end(), int64_t{0});
  std::stable_sort(classes.begin(), classes.end(), [&](int64_t a, int64_t b) {
    return distance(points[static_cast<size_t>(a)], centre) < distance(points[static_cast<size_t>(b)], centre);
  });
  classes.resize(static_cast<size_t>(count));
  std::sort(classes.begin(), classes.end());
  return classes;
}

/// Columns of the covariance without the diagonal, at unit length.
std::vector<Point> columns_of(const at::Tensor& covariance) {
  at::Tensor columns = covariance.to(at::kCPU).t().clone();
  columns.fill_diagonal_(0);
  columns = (columns / columns.norm(2, 1, /*keepdim=*/true).clamp_min(std::numeric_limits<double>::min())).contiguous();
  const int64_t classes = columns.size(0);
  std::vector<Point> points;
  for (int64_t c = 0; c < classes; ++c)
    points.emplace_back(columns.data_ptr<double>() + c * classes, columns.data_ptr<double>() + (c + 1) * classes);
  return points;
}

}  // namespace

at::Tensor covariance_of(const at::Tensor& probabilities) {
  const at::Tensor centred = (probabilities - probabilities.mean(0, /*keepdim=*/true, at::kDouble)).to(at::kDouble);
  return centred.t().matmul(centred) / static_cast<double>(probabilities.size(0));
}

ClassGroups group_classes(const at::Tensor& covariance, const GroupingOptions& options, uint64_t seed) {
  const int64_t classes = covariance.size(0);
  if (options.groups > classes)
    throw Error(ErrorKind::usage,
                fmt::format("{} groups of {} classes; expected at most {}", options.groups, classes, classes));
  if (options.size > classes || options.size == 1)
    throw Error(ErrorKind::usage,
                fmt::format("groups of {} of {} classes; expected from 2 to {}", options.size, classes, classes));
  const std::vector<Point> points = columns_of(covariance);
  Random random({seed, Purpose::grouping});
  std::vector<Point> centres;
  std::pair<bool, double> least = {true,
                                   std::numeric_limits<double>::infinity()};  // whether a group is too small; distances
  for (int64_t start = 0; start < options.starts; ++start) {
    std::vector<Point> found = first_centres(points, options.groups, random);
    move_centres(found, points, options.passes, random);
    double sum = 0;
    std::vector<int> members(found.size());
    for (const Point& point : points) {
      const size_t nearest = nearest_of(point, found);
      sum += distance(point, found[nearest]);
      ++members[nearest];
    }
    const std::pair<bool, double> own = {options.size == 0 && *std::min_element(members.begin(), members.end()) < 2,
                                         sum};
    if (own >= least) continue;
    least = own;
    centres = std::move(found);
  }

  ClassGroups found;
  found.groups.resize(centres.size());
  for (int64_t c = 0; c < classes; ++c) {
    const size_t group = nearest_of(points[static_cast<size_t>(c)], centres);
    found.nearest.push_back(static_cast<int64_t>(group));
    if (options.size == 0) found.groups[group].push_back(c);
  }
  for (size_t i = 0; i < centres.size(); ++i) {
    if (options.size > 0) found.groups[i] = nearest_classes(centres[i], points, options.size);
    if (found.groups[i].size() < 2)
      throw Error(
          ErrorKind::usage,
          fmt::format("group {} of {} has {} class{}; a specialist needs at least two: ask for fewer groups, or for a "
                      "size",
                      i + 1, centres.size(), found.groups[i].size(), found.groups[i].empty() ? "es" : ""));
  }
  return found;
}

double adjusted_rand_index(const std::vector<int64_t>& first, const std::vector<int64_t>& second) {
  const auto pairs = [](double count) { return count * (count - 1) / 2; };
  std::map<std::pair<int64_t, int64_t>, double> both;
  std::map<int64_t, double> of_first, of_second;
  for (size_t i = 0; i < first.size(); ++i) {
    ++both[{first[i], second[i]}];
    ++of_first[first[i]];
    ++of_second[second[i]];
  }
  const auto sum = [&](const auto& counts) {
    double total = 0;
    for (const auto& [key, count] : counts) total += pairs(count);
    return total;
  };
  const double together = sum(both), a = sum(of_first), b = sum(of_second),
               all = pairs(static_cast<double>(first.size()));
  const double expected = a * b / all, most = (a + b) / 2;
  return most == expected ? 1 : (together - expected) / (most - expected);
}

}  // namespace limbeck
