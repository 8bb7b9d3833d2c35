#include "report/page/terms.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "report/html.h"
#include "results/keys.h"

namespace limbeck {
namespace {

constexpr std::pair<const char*, const char*> kTerms[] = {
    {keys::kNll,
     "negative log-likelihood: −log of the probability that the network gave to the right class, on average. Lower is "
     "better."},
    {keys::kEce,
     "expected calibration error: how far the network’s confidence lies from the share of answers that are right. 0 % "
     "is best."},
    {keys::kAgreement,
     "the share of examples for which student and teacher name the same class, be it right or wrong."},
    {keys::kTeacherKl,
     "Kullback–Leibler divergence: how far the student’s probabilities are from the teacher’s. 0: they are the same."},
    {"temperature",
     "what logits are divided by before they become probabilities. Above 1, the small shares of the wrong classes "
     "show."},
    {"energy",
     "softmax is Boltzmann’s distribution with the negative logits as energies: mean energy ⟨E⟩, entropy S, free "
     "energy F = ⟨E⟩ − T · S. The higher the temperature, the more the entropy counts."},
    {keys::kMemberErrors, "the errors of an ensemble’s networks, each alone, on average."},
    {keys::kRelativeGain,
     "how many more examples the specialists get right, as a share of those that the generalist gets right."},
};

}  // namespace

std::string term_text(const std::string& key) {
  const auto* found =
      std::find_if(std::begin(kTerms), std::end(kTerms), [&](const auto& term) { return key == term.first; });
  return found == std::end(kTerms) ? "" : found->second;
}

std::string explain(const std::string& key, const std::string& name) {
  const std::string text = term_text(key);
  if (text.empty()) return html_escape(name);
  return fmt::format("<abbr title=\"{}\">{}</abbr>", html_escape(text), html_escape(name));
}

std::string term_list(const std::vector<std::pair<std::string, std::string>>& keys_and_names) {
  std::string items;
  for (const auto& [key, name] : keys_and_names)
    if (const std::string text = term_text(key); !text.empty())
      items += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", html_escape(name), html_escape(text));
  return items.empty() ? "" : fmt::format("<dl class=\"terms\">{}</dl>\n", items);
}

}  // namespace limbeck
