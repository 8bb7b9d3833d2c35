#include "recipe/parse_figures.h"

#include "core/nearest.h"

namespace limbeck {
namespace {

class FigureReader {
 public:
  FigureReader(Recipe& recipe, ReadContext& context) : recipe_(recipe), context_(context) {}

  void read_paper(const Value& value) {
    MapReader stages(value, "paper", context_);
    for (const Entry& entry : value.entries) {
      if (!check_stage(recipe_, entry.key, entry.where, "paper", context_)) continue;
      MapReader reader(entry.value, "paper." + entry.key, context_);
      PaperRecipe().bind(reader);
      for (const std::string& metric : evaluation_metrics())
        read_published(reader.take(metric), entry.key, metric, reader.path_of(metric));
      if (const Value* classes = reader.take("class_errors")) {
        if (classes->kind != Value::Kind::map)
          context_.mistake(classes->where, reader.path_of("class_errors"),
                           fmt::format("expected a map from classes to numbers, found {}", classes->description()));
        for (const Entry& of_class : classes->entries)
          read_published(&of_class.value, entry.key, "class_errors." + of_class.key, reader.path_of("class_errors"));
      }
      reader.finish();
    }
  }

  void read_plots(const Value& value) {
    if (value.kind != Value::Kind::sequence)
      context_.mistake(value.where, "plots", fmt::format("expected a list of plots, found {}", value.description()));
    for (size_t i = 0; i < value.items.size(); ++i) read_plot(value.items[i], fmt::format("plots[{}]", i));
  }

 private:
  void read_published(const Value* number, const std::string& stage, const std::string& metric,
                      const std::string& path) {
    double published = 0;
    if (number != nullptr && read_number(*number, path, any_number(), context_, published))
      recipe_.paper[stage][metric] = published;
  }

  void read_plot(const Value& value, const std::string& path) {
    PlotRecipe plot;
    MapReader reader(value, path, context_);
    plot.bind(reader);
    const Value* lines = reader.require("lines");
    reader.finish();
    if (lines == nullptr) return;
    if (plot.x == "epoch" && (plot.split == "test" || (plot.metric != "errors" && plot.metric != "accuracy")))
      context_.mistake(value.where, path, "epochs are measured in errors or accuracy, on train or validation");
    if (lines->kind != Value::Kind::map)
      context_.mistake(lines->where, path + ".lines", fmt::format("expected a map, found {}", lines->description()));
    else if (lines->entries.empty())
      context_.mistake(lines->where, path + ".lines", "no lines; expected at least one");
    for (const Entry& line : lines->entries) plot.lines.push_back(read_line(line, plot, path + ".lines." + line.key));
    recipe_.plots.push_back(std::move(plot));
  }

  /// x: value: `300 units: { 1: stage_at_1, 2: stage_at_2 }`; otherwise `300 units: [first, second]`.
  PlotRecipe::Line read_line(const Entry& entry, const PlotRecipe& plot, const std::string& path) {
    PlotRecipe::Line line{entry.key, {}};
    const Value& value = entry.value;
    if (plot.x != "value") {
      const bool one = value.kind == Value::Kind::scalar;
      if (!one && value.kind != Value::Kind::sequence)
        context_.mistake(value.where, path, fmt::format("expected a list of stages, found {}", value.description()));
      for (const Value& item : one ? std::vector<Value>{value} : value.items) {
        PlotRecipe::Point point{.x = static_cast<double>(line.points.size())};
        if (!read_point(item, path, plot.x == "stage", point)) continue;
        const StageRecipe* stage = recipe_.stage(point.stage);
        if (plot.x == "epoch" && (stage->loss.empty() || stage->form().apart))
          context_.mistake(item.where, path, fmt::format("'{}' has no epochs of its own", point.stage));
        line.points.push_back(std::move(point));
      }
      if (plot.x == "epoch" && line.points.size() > 1)
        context_.mistake(value.where, path, "a line over epochs is of one stage");
      return line;
    }
    if (value.kind != Value::Kind::map)
      context_.mistake(value.where, path,
                       fmt::format("expected a map from numbers to stages, found {}", value.description()));
    for (const Entry& item : value.entries) {
      Value key;
      key.kind = Value::Kind::scalar;
      key.scalar = item.key;
      key.where = item.where;
      PlotRecipe::Point point;
      const bool is_number = read_number(key, path, any_number(), context_, point.x);
      if (read_point(item.value, path, true, point) && is_number) line.points.push_back(std::move(point));
    }
    return line;
  }

  /// A stage, or where it may stand a number that a paper gives.
  bool read_point(const Value& value, const std::string& path, bool may_be_number, PlotRecipe::Point& point) {
    const bool is_stage = recipe_.stage(value.scalar) != nullptr;
    const bool looks_like_number =
        !value.scalar.empty() && value.scalar.find_first_not_of("0123456789.+-e") == std::string::npos;
    if (!is_stage && may_be_number && looks_like_number)
      return read_number(value, path, any_number(), context_, point.value);
    point.stage = value.scalar;
    return check_stage(recipe_, value.scalar, value.where, path, context_);
  }

  Recipe& recipe_;
  ReadContext& context_;
};

}  // namespace

bool check_stage(const Recipe& recipe, const std::string& name, const SourceLocation& where, const std::string& path,
                 ReadContext& context) {
  if (recipe.stage(name) != nullptr) return true;
  std::vector<std::string> names;
  for (const StageRecipe& stage : recipe.stages) names.push_back(stage.name);
  context.mistake(where, path, fmt::format("no stage '{}'{}", name, suggestion(name, names)));
  return false;
}

void read_paper(const Value& value, Recipe& recipe, ReadContext& context) {
  FigureReader(recipe, context).read_paper(value);
}

void read_plots(const Value& value, Recipe& recipe, ReadContext& context) {
  FigureReader(recipe, context).read_plots(value);
}

}  // namespace limbeck
