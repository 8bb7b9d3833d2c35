// The examples whose soft targets say most, with the distributions of the teacher and its students. Bars are drawn here
// for one temperature; the page's script draws them again for any other.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/json.h"
#include "report/html.h"
#include "report/page/picture.h"
#include "report/page/sections.h"
#include "report/page/terms.h"
#include "report/plots/plot_style.h"
#include "report/text_table.h"

namespace limbeck {
namespace {
constexpr size_t kMostExamples = 24;
constexpr size_t kOpenExamples = 6;
constexpr size_t kMostNetworks = 4;
constexpr size_t kMostRows = 10;
constexpr double kAlsoPossible = 2.5;  // a third class is named when its logit is at most so much below the second's

/// A network whose distributions are shown: teachers first.
struct Network {
  std::string name;
  int colour = kNeutralColour;
};

bool is_teacher(const Page& page, const std::string& name) {
  if (!page.examples.teacher.empty()) return page.examples.teacher == name;
  return std::any_of(page.stages.begin(), page.stages.end(),
                     [&](const PageStage& stage) { return stage.result->teacher == name; });
}

std::vector<Network> networks(const Page& page) {
  std::vector<Network> teachers, others;
  for (const auto& [name, logits] : page.examples.examples.front().logits) {
    Network network{.name = name};
    for (const PageStage* stage : page.networks())
      if (stage->result->name == name) network.colour = stage->colour;
    (is_teacher(page, name) ? teachers : others).push_back(network);
  }
  if (teachers.size() + others.size() > kMostNetworks) {
    const auto chosen = chosen_stages(page, kMostNetworks, [](const PageStage&) { return true; });
    std::stable_partition(others.begin(), others.end(), [&](const Network& network) {
      return std::any_of(chosen.begin(), chosen.end(),
                         [&](const PageStage* stage) { return stage->result->name == network.name; });
    });
  }
  teachers.insert(teachers.end(), others.begin(), others.end());
  if (teachers.size() > kMostNetworks) teachers.resize(kMostNetworks);
  return teachers;
}

const std::vector<double>& logits_of(const ReportedExample& example, const Network& network) {
  static const std::vector<double> kNone;
  for (const auto& [name, logits] : example.logits)
    if (name == network.name) return logits;
  return kNone;
}

std::vector<double> softmax(const std::vector<double>& logits, double temperature) {
  const double highest = *std::max_element(logits.begin(), logits.end());
  std::vector<double> shares(logits.size());
  std::transform(logits.begin(), logits.end(), shares.begin(),
                 [&](double logit) { return std::exp((logit - highest) / temperature); });
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (double& share : shares) share /= sum;
  return shares;
}

/// Mean energy, free energy and entropy of the distribution, whose energies are the negative logits
/// (docs/temperature.md). The page's script does the same.
std::string energies(const std::vector<double>& logits, double temperature) {
  const double highest = *std::max_element(logits.begin(), logits.end());
  double sum = 0, mean = 0;
  for (const double logit : logits) {
    const double weight = std::exp((logit - highest) / temperature);
    sum += weight;
    mean -= weight * logit;
  }
  mean /= sum;
  const double free = -highest - temperature * std::log(sum);
  const double bits = std::max(0.0, (mean - free) / temperature / std::log(2.0));
  const auto number = [](double value) {
    std::string text = fmt::format("{:.2f}", value);
    return text.front() == '-' ? "−" + text.substr(1) : text;
  };
  return fmt::format("⟨E⟩ {}, F {}, S {} bits", number(mean), number(free), number(bits));
}

std::string class_name(const Page& page, size_t index) {
  return index < page.run.classes.size() ? page.run.classes[index] : std::to_string(index);
}

/// "a 3", "an 8"
std::string with_article(const std::string& name) {
  const bool vowel = !name.empty() && std::string_view("aeiouAEIOU8").find(name.front()) != std::string_view::npos;
  return (vowel || name == "11" || name == "18" ? "an " : "a ") + name;
}

std::vector<size_t> by_logit(const std::vector<double>& logits) {
  std::vector<size_t> order(logits.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t left, size_t right) { return logits[left] > logits[right]; });
  return order;
}

/// "the 2 that could be a 3 or a 7", in the teacher's eyes.
std::string riddle(const Page& page, const ReportedExample& example, const std::vector<double>& logits) {
  const std::vector<size_t> order = by_logit(logits);
  if (example.label < 0) return "what looks like " + with_article(class_name(page, order[0]));
  const std::string truth = class_name(page, static_cast<size_t>(example.label));
  if (order.size() < 2) return "the " + truth;
  if (order[0] != static_cast<size_t>(example.label))
    return fmt::format("the {} taken for {}", truth, with_article(class_name(page, order[0])));
  std::string text = fmt::format("the {} that could be {}", truth, with_article(class_name(page, order[1])));
  if (order.size() > 2 && logits[order[1]] - logits[order[2]] <= kAlsoPossible)
    text += " or " + with_article(class_name(page, order[2]));
  return text;
}

/// All classes in their own order; of too many, those that the teacher finds likeliest, and the true one.
std::vector<size_t> shown_classes(const ReportedExample& example, const std::vector<double>& logits) {
  std::vector<size_t> order = by_logit(logits);
  if (order.size() <= kMostRows + 2) {
    std::sort(order.begin(), order.end());
    return order;
  }
  const auto label = static_cast<size_t>(std::max<int64_t>(example.label, 0));
  const bool among = std::find(order.begin(), order.begin() + kMostRows, label) != order.begin() + kMostRows;
  order.resize(kMostRows);
  if (!among && example.label >= 0 && label < logits.size()) order.back() = label;
  return order;
}

/// The width of the classes' names, one for all examples: bars that begin at one place can be compared.
std::string label_width(const Page& page, const std::vector<const ReportedExample*>& examples, const Network& leading) {
  constexpr size_t kLongestLabel = 13;
  size_t longest = 1;
  for (const ReportedExample* example : examples)
    for (const size_t index : shown_classes(*example, logits_of(*example, leading)))
      longest = std::max(longest, terminal_width(class_name(page, index)));
  return fmt::format("--label:{}ch", std::min(longest, kLongestLabel) + 1);
}

std::string percent(double share) {
  if (share >= 0.0995) return fmt::format("{:.0f} %", share * 100);
  if (share >= 0.000995) return fmt::format("{:.2g} %", share * 100);
  return share >= 1e-6 ? "<0.1 %" : "0 %";
}

/// The share that a bar of full length stands for: the next of few round numbers above all that are drawn. The page's
/// script does the same.
double full_length(const std::vector<const ReportedExample*>& examples, const std::vector<Network>& shown,
                   double temperature) {
  double highest = 0;
  for (const ReportedExample* example : examples)
    for (const Network& network : shown)
      if (const std::vector<double>& logits = logits_of(*example, network); !logits.empty()) {
        const std::vector<double> shares = softmax(logits, temperature);
        highest = std::max(highest, *std::max_element(shares.begin(), shares.end()));
      }
  for (const double length : {0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8})
    if (highest <= length) return length;
  return 1;
}

std::string bars(const Page& page, const ReportedExample& example, const std::vector<Network>& shown,
                 double temperature, double full) {
  const std::vector<double>& leading = logits_of(example, shown.front());
  std::vector<std::vector<double>> shares;
  for (const Network& network : shown) {
    const std::vector<double>& logits = logits_of(example, network);
    shares.push_back(logits.size() == leading.size() ? softmax(logits, temperature) : std::vector<double>());
  }
  std::string html;
  for (const size_t index : shown_classes(example, leading)) {
    std::string row;
    for (size_t i = 0; i < shown.size(); ++i)
      row += fmt::format("<i class=\"c{}\" style=\"width:{:.1f}%\"></i>",
                         shown[i].colour < 0 ? 0 : shown[i].colour % kPlotColours + 1,
                         shares[i].empty() ? 0.0 : shares[i][index] / full * 100);
    html += fmt::format("<div class=\"share{}\" data-class=\"{}\"><b>{}</b><span>{}</span><output>{}</output></div>\n",
                        example.label == static_cast<int64_t>(index) ? " true" : "", index,
                        html_escape(class_name(page, index)), row, percent(shares[0][index]));
  }
  return html;
}

std::string card(const Page& page, const ReportedExample& example, const std::vector<Network>& shown,
                 double temperature, double full) {
  const std::string title = riddle(page, example, logits_of(example, shown.front()));
  const std::string address = picture_address(example);
  const std::string picture =
      address.empty() ? "" : fmt::format("<img src=\"{}\" alt=\"{}\">", address, html_escape(title));
  return fmt::format(
      "<article class=\"example\">\n<h3>{}</h3>\n<div class=\"body\"><div>{}<p class=\"soft\">{} example {}</p></div>"
      "<div class=\"shares\">\n{}</div></div><p class=\"energies\">{}</p></article>\n",
      html_escape(title), picture, html_escape(page.examples.split), example.id,
      bars(page, example, shown, temperature, full), energies(logits_of(example, shown.front()), temperature));
}

std::string controls(const std::vector<double>& temperatures, double chosen, double full) {
  const auto [low, high] = std::minmax_element(temperatures.begin(), temperatures.end());
  std::string buttons;
  for (const double temperature : temperatures)
    buttons += fmt::format("<button type=\"button\" data-temperature=\"{0}\"{1}>{0}</button>", temperature,
                           temperature == chosen ? " aria-pressed=\"true\"" : "");
  const std::string slider = *low < *high
                                 ? fmt::format(
                                       "<input type=\"range\" id=\"temperature\" min=\"0\" max=\"32\" data-low=\"{}\" "
                                       "data-high=\"{}\" aria-label=\"temperature\">",
                                       *low, *high)
                                 : "";
  return fmt::format(
      "<div class=\"controls\"><span>temperature <output id=\"temperature-text\">{}</output></span>{}<span "
      "class=\"buttons\">{}</span><label><input type=\"checkbox\" id=\"log-bars\"> logarithmic bars</label>"
      "<span class=\"soft\" id=\"bar-scale\">a full bar: {:.0f} %</span></div>\n",
      chosen, slider, buttons, full * 100);
}

/// The networks' logits for the script: [example][network][class].
std::string script_data(const std::vector<const ReportedExample*>& examples, const std::vector<Network>& shown,
                        double temperature) {
  Json all = Json::array(), names = Json::array();
  for (const Network& network : shown) names.push_back(network.name);
  for (const ReportedExample* example : examples) {
    Json of_example = Json::array();
    for (const Network& network : shown) {
      Json numbers = Json::array();
      for (const double logit : logits_of(*example, network)) numbers.push_back(std::round(logit * 1e4) / 1e4);
      of_example.push_back(std::move(numbers));
    }
    all.push_back(std::move(of_example));
  }
  const Json data = {{"temperature", temperature}, {"names", std::move(names)}, {"logits", std::move(all)}};
  return fmt::format("<script type=\"application/json\" id=\"examples\">{}</script>\n", script_json(data));
}

}  // namespace

std::string soft_targets_section(const Page& page) {
  if (page.examples.examples.empty()) return "";
  const std::vector<Network> shown = networks(page);
  if (shown.empty()) return "";
  std::vector<const ReportedExample*> examples;
  for (const ReportedExample& example : page.examples.examples)
    if (examples.size() < kMostExamples && !logits_of(example, shown.front()).empty()) examples.push_back(&example);
  std::vector<double> temperatures = page.examples.temperatures;
  if (temperatures.empty()) temperatures = {1, 2, 4, 8, 20};
  const double chosen = temperatures[temperatures.size() / 2];

  const double full = full_length(examples, shown, chosen);
  std::string open, folded, legend;
  for (size_t i = 0; i < examples.size(); ++i)
    (i < kOpenExamples ? open : folded) += card(page, *examples[i], shown, chosen, full);
  const std::string width = label_width(page, examples, shown.front());
  if (!folded.empty())
    folded = fmt::format(
        "<details><summary>{} more examples</summary>\n<div class=\"examples\" style=\"{}\">\n{}</div></details>\n",
        examples.size() - kOpenExamples, width, folded);
  for (const Network& network : shown)
    legend += fmt::format("<span>{}{}</span>", chip(network.colour), html_escape(network.name));
  const std::string source = page.examples_of.empty() ? "" : ", networks of " + page.examples_of;
  return note(fmt::format(
             "What a network says of the wrong classes is most of what a student can learn from it. {} examples of the "
             "{} split{}, chosen for telling soft targets; a high temperature shows the small shares. Percentages and "
             "energies: {}.",
             examples.size(), html_escape(page.examples.split), html_escape(source), html_escape(shown.front().name))) +
         controls(temperatures, chosen, full) +
         fmt::format("<p class=\"legend\">{}</p>\n<div class=\"examples\" style=\"{}\">\n{}</div>\n", legend, width,
                     open) +
         folded + term_list({{"temperature", "temperature"}, {"energy", "⟨E⟩, F, S"}}) +
         script_data(examples, shown, chosen);
}

}  // namespace limbeck
