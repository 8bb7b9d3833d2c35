#include "speech/hidden_markov.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace limbeck {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

}  // namespace

Durations durations_of(const SpeechCorpus& corpus, const std::vector<Utterance>& utterances, const at::Tensor& labels) {
  const at::Tensor on_host = labels.to(at::kCPU).contiguous();
  const auto* label = on_host.data_ptr<int64_t>();
  std::vector<double> frames(static_cast<size_t>(corpus.classes())), visits(frames.size());
  for (const Utterance& utterance : utterances)
    for (int64_t i = utterance.begin; i < utterance.begin + utterance.frames; ++i) {
      const auto state = static_cast<size_t>(label[i]);
      ++frames[state];
      if (i == utterance.begin || label[i - 1] != label[i]) ++visits[state];
    }
  for (size_t i = 0; i < frames.size(); ++i) frames[i] = visits[i] > 0 ? frames[i] / visits[i] : 1;
  return frames;
}

StateGraph::Chain StateGraph::add_chain(int64_t first_state, int64_t count, int64_t word, const Durations& durations) {
  constexpr double kShortest = 1.05;  // a state that always lasted one frame may last longer in other recordings
  const auto first = static_cast<int32_t>(nodes_.size());
  for (int64_t i = 0; i < count; ++i) {
    const double duration = std::max(kShortest, durations[static_cast<size_t>(first_state + i)]);
    Node node{.state = first_state + i,
              .word = i == 0 ? word : -1,
              .stay = std::log(1 - 1 / duration),
              .leave = -std::log(duration)};
    if (i > 0) node.arcs.push_back({first + static_cast<int32_t>(i) - 1, nodes_.back().leave});
    nodes_.push_back(std::move(node));
  }
  return {first, static_cast<int32_t>(nodes_.size()) - 1};
}

StateGraph::Chain StateGraph::add_word(const SpeechCorpus& corpus, int64_t word, const Durations& durations) {
  return add_chain(corpus.first_state(word), corpus.states, word, durations);
}

StateGraph::Chain StateGraph::add_silence(const SpeechCorpus& corpus, const Durations& durations) {
  return add_chain(corpus.first_silence(), corpus.silence_states, -1, durations);
}

void StateGraph::connect(const Chain& from, const Chain& to, double score) {
  const auto last = static_cast<size_t>(from.last);
  nodes_[static_cast<size_t>(to.first)].arcs.push_back({from.last, nodes_[last].leave + score});
}

StateGraph StateGraph::of_words(const SpeechCorpus& corpus, const Durations& durations,
                                const std::vector<int64_t>& words) {
  StateGraph graph;
  std::vector<Chain> open = {graph.add_silence(corpus, durations)};  // what the next word may follow
  graph.nodes_[0].begins = true;
  for (size_t i = 0; i < words.size(); ++i) {
    const Chain word = graph.add_word(corpus, words[i], durations), silence = graph.add_silence(corpus, durations);
    if (i == 0) graph.nodes_[static_cast<size_t>(word.first)].begins = true;
    for (const Chain& before : open) graph.connect(before, word);
    graph.connect(word, silence);
    open = {word, silence};
  }
  for (const Chain& chain : open) graph.nodes_[static_cast<size_t>(chain.last)].ends = true;
  return graph;
}

StateGraph StateGraph::one_word(const SpeechCorpus& corpus, const Durations& durations) {
  StateGraph graph;
  const Chain before = graph.add_silence(corpus, durations), after = graph.add_silence(corpus, durations);
  graph.nodes_[static_cast<size_t>(before.first)].begins = true;
  graph.nodes_[static_cast<size_t>(after.last)].ends = true;
  for (int64_t word = 0; word < static_cast<int64_t>(corpus.words.size()); ++word) {
    const Chain chain = graph.add_word(corpus, word, durations);
    graph.connect(before, chain);
    graph.connect(chain, after);
    graph.nodes_[static_cast<size_t>(chain.first)].begins = true;
    graph.nodes_[static_cast<size_t>(chain.last)].ends = true;
  }
  return graph;
}

StateGraph StateGraph::word_loop(const SpeechCorpus& corpus, const Durations& durations, double word_penalty) {
  StateGraph graph;
  const Chain silence = graph.add_silence(corpus, durations);
  std::vector<Chain> words;
  for (int64_t word = 0; word < static_cast<int64_t>(corpus.words.size()); ++word)
    words.push_back(graph.add_word(corpus, word, durations));
  const double entering = word_penalty - std::log(static_cast<double>(words.size()));
  for (const Chain& word : words) {
    for (const Chain& before : words) graph.connect(before, word, entering);
    graph.connect(silence, word, entering);
    graph.connect(word, silence);
  }
  words.push_back(silence);
  for (const Chain& chain : words) {
    Node& first = graph.nodes_[static_cast<size_t>(chain.first)];
    first.begins = true;
    first.enter = first.word >= 0 ? entering : 0;
    graph.nodes_[static_cast<size_t>(chain.last)].ends = true;
  }
  return graph;
}

Path StateGraph::best_path(const at::Tensor& scores) const {
  const at::Tensor rows = scores.contiguous();
  const int64_t frames = rows.size(0), classes = rows.size(1);
  const auto count = static_cast<int32_t>(nodes_.size());
  std::vector<double> now(nodes_.size(), kNever), before(nodes_.size());
  std::vector<int32_t> came_from(static_cast<size_t>(frames) * nodes_.size());
  for (int64_t frame = 0; frame < frames; ++frame) {
    const float* score = rows.data_ptr<float>() + frame * classes;
    std::swap(now, before);
    for (int32_t i = 0; i < count; ++i) {
      const Node& node = nodes_[static_cast<size_t>(i)];
      double best = frame == 0 ? (node.begins ? node.enter : kNever) : before[static_cast<size_t>(i)] + node.stay;
      int32_t from = i;
      if (frame > 0)
        for (const Arc& arc : node.arcs)
          if (const double value = before[static_cast<size_t>(arc.from)] + arc.score; value > best) {
            best = value;
            from = arc.from;
          }
      now[static_cast<size_t>(i)] = best + static_cast<double>(score[node.state]);
      came_from[static_cast<size_t>(frame) * nodes_.size() + static_cast<size_t>(i)] = from;
    }
  }
  Path path{.score = kNever};
  int32_t last = -1;
  for (int32_t i = 0; i < count; ++i)
    if (nodes_[static_cast<size_t>(i)].ends && now[static_cast<size_t>(i)] > path.score) {
      path.score = now[static_cast<size_t>(i)];
      last = i;
    }
  if (last < 0) return path;
  path.nodes.resize(static_cast<size_t>(frames));
  for (auto frame = static_cast<size_t>(frames); frame-- > 0;) {
    path.nodes[frame] = last;
    last = came_from[frame * nodes_.size() + static_cast<size_t>(last)];
  }
  return path;
}

at::Tensor StateGraph::states_of(const Path& path) const {
  at::Tensor states = at::empty({static_cast<int64_t>(path.nodes.size())}, at::kLong);
  for (size_t i = 0; i < path.nodes.size(); ++i)
    states.data_ptr<int64_t>()[i] = nodes_[static_cast<size_t>(path.nodes[i])].state;
  return states;
}

std::vector<int64_t> StateGraph::words_of(const Path& path) const {
  std::vector<int64_t> words;
  for (size_t i = 0; i < path.nodes.size(); ++i) {
    const int64_t word = nodes_[static_cast<size_t>(path.nodes[i])].word;
    if (word >= 0 && (i == 0 || path.nodes[i - 1] != path.nodes[i])) words.push_back(word);
  }
  return words;
}

}  // namespace limbeck
