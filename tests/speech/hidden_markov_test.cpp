#include "speech/hidden_markov.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <limits>

#include "speech/recognition.h"

namespace limbeck {
namespace {

SpeechCorpus corpus_of(std::vector<std::string> words, int64_t states, int64_t silence_states = 1) {
  SpeechCorpus corpus;
  corpus.words = std::move(words);
  corpus.states = states;
  corpus.silence_states = silence_states;
  return corpus;
}

torch::Tensor random_scores(int64_t frames, int64_t classes) {
  torch::manual_seed(3);
  return torch::randn({frames, classes}) * 2;
}

/// All sequences of states that silence? word silence? can take, tried one by one.
struct BruteForce {
  const SpeechCorpus& corpus;
  const Durations& durations;
  torch::Tensor scores;
  double best = -std::numeric_limits<double>::infinity();
  std::vector<int64_t> states;

  void try_chain(const std::vector<int64_t>& chain, size_t at, std::vector<int64_t>& path, double score) {
    const auto frame = static_cast<int64_t>(path.size());
    if (frame == scores.size(0)) {
      if (at + 1 == chain.size() && score > best) {
        best = score;
        states = path;
      }
      return;
    }
    const auto emission = [&](int64_t state) { return scores[frame][state].item<double>(); };
    const double duration = durations[static_cast<size_t>(chain[at])];
    path.push_back(chain[at]);
    try_chain(chain, at, path, score + std::log(1 - 1 / duration) + emission(chain[at]));
    path.pop_back();
    if (at + 1 == chain.size()) return;
    path.push_back(chain[at + 1]);
    try_chain(chain, at + 1, path, score - std::log(duration) + emission(chain[at + 1]));
    path.pop_back();
  }
  void run(int64_t word) {
    for (const bool before : {false, true})
      for (const bool after : {false, true}) {
        std::vector<int64_t> chain;
        if (before) chain.push_back(corpus.first_silence());
        for (int64_t i = 0; i < corpus.states; ++i) chain.push_back(corpus.first_state(word) + i);
        if (after) chain.push_back(corpus.first_silence());
        std::vector<int64_t> path = {chain[0]};
        try_chain(chain, 0, path, scores[0][chain[0]].item<double>());
      }
  }
};

std::vector<int64_t> values(const torch::Tensor& tensor) {
  return {tensor.data_ptr<int64_t>(), tensor.data_ptr<int64_t>() + tensor.numel()};
}

TEST(StateGraph, BestPathIsTheBestOfAllSequences) {
  const SpeechCorpus corpus = corpus_of({"a", "b"}, 2);
  const Durations durations = {2, 3, 1.5, 4, 2.5};
  for (const int64_t frames : {2, 3, 6}) {
    BruteForce oracle{corpus, durations, random_scores(frames, corpus.classes())};
    oracle.run(1);
    const StateGraph graph = StateGraph::of_words(corpus, durations, {1});
    const Path path = graph.best_path(oracle.scores);
    EXPECT_NEAR(path.score, oracle.best, 1e-5);
    EXPECT_EQ(values(graph.states_of(path)), oracle.states);
    EXPECT_EQ(graph.words_of(path), std::vector<int64_t>{1});
    oracle.run(0);  // and of both words
    EXPECT_NEAR(StateGraph::one_word(corpus, durations).best_path(oracle.scores).score, oracle.best, 1e-5);
  }
}

TEST(StateGraph, HasNoPathThroughFewerFramesThanStates) {
  const SpeechCorpus corpus = corpus_of({"a", "b"}, 3);
  const StateGraph graph = StateGraph::of_words(corpus, Durations(7, 2.0), {0});
  EXPECT_TRUE(graph.best_path(random_scores(2, 7)).nodes.empty());
  EXPECT_FALSE(graph.best_path(random_scores(3, 7)).nodes.empty());
  EXPECT_TRUE(graph.words_of(graph.best_path(random_scores(2, 7))).empty());
}

/// Scores that say each frame's state clearly.
torch::Tensor clear_scores(const std::vector<int64_t>& states, int64_t classes) {
  torch::Tensor scores = torch::full({static_cast<int64_t>(states.size()), classes}, -20.0F);
  for (size_t i = 0; i < states.size(); ++i) scores[static_cast<int64_t>(i)][states[i]] = 0;
  return scores;
}

TEST(StateGraph, HearsStringsOfWordsWithAndWithoutPauses) {
  const SpeechCorpus corpus = corpus_of({"a", "b"}, 2);  // a: 0 1, b: 2 3, silence: 4
  const Durations durations(5, 2.0);
  const StateGraph graph = StateGraph::word_loop(corpus, durations, 0);
  const auto heard = [&](const std::vector<int64_t>& states) {
    return graph.words_of(graph.best_path(clear_scores(states, 5)));
  };
  EXPECT_EQ(heard({4, 4, 0, 0, 1, 4, 2, 3, 3, 4}), (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(heard({0, 1, 0, 1, 2, 3}), (std::vector<int64_t>{0, 0, 1}));
  EXPECT_EQ(heard({4, 4, 4}), std::vector<int64_t>{});
}

TEST(StateGraph, HearsFewerWordsWithAPenalty) {
  const SpeechCorpus corpus = corpus_of({"a", "b"}, 1);
  const torch::Tensor scores = random_scores(40, 3);
  const auto count = [&](double penalty) {
    const StateGraph graph = StateGraph::word_loop(corpus, Durations(3, 2.0), penalty);
    return graph.words_of(graph.best_path(scores)).size();
  };
  EXPECT_GT(count(5), count(0));
  EXPECT_LT(count(-5), count(0));
}

TEST(WordPenalty, IsTheMiddleOfThoseWithFewestErrorsOnTrainingStrings) {
  SpeechCorpus corpus = corpus_of({"a", "b"}, 1);
  torch::Tensor scores = clear_scores({2, 0, 0, 0, 2, 2, 2, 2}, 3);
  scores[6][1] = 3;  // something like a word in a pause
  corpus.training_strings.utterances = {{.begin = 0, .frames = 8, .words = {0}}};
  const auto best = [&](const std::vector<double>& penalties) {
    corpus.word_penalties = penalties;
    return best_word_penalty(corpus, Durations(3, 2.0), scores);
  };
  EXPECT_EQ(best({0}), 0);
  EXPECT_EQ(best({0, -5, -10, -20, -1000}), -10);  // 0 hears both, -1000 nothing
  EXPECT_EQ(best({0, -10, -20}), -10);
  EXPECT_EQ(best({0, -1000}), 0);  // an insertion and a deletion
}

TEST(Durations, AreMeanLengthsOfRuns) {
  const SpeechCorpus corpus = corpus_of({"a", "b"}, 1);
  const std::vector<Utterance> utterances = {{.begin = 0, .frames = 4}, {.begin = 4, .frames = 3}};
  const torch::Tensor labels = torch::tensor({2, 0, 0, 2, 2, 0, 0}, torch::kInt64);
  EXPECT_EQ(durations_of(corpus, utterances, labels),
            (Durations{2, 1, 1}));  // b never occurs; the second run of silence begins an utterance
}

TEST(Alignment, GivesFramesTheStatesThatScoresTell) {
  const SpeechCorpus corpus = corpus_of({"a", "b"}, 2);
  const std::vector<Utterance> utterances = {{.begin = 0, .frames = 6, .words = {1}},
                                             {.begin = 6, .frames = 1, .words = {0}}};
  const std::vector<int64_t> told = {4, 2, 2, 2, 3, 4, 0};
  const torch::Tensor before = torch::tensor({4, 2, 3, 3, 3, 4, 1}, torch::kInt64);
  const torch::Tensor labels = align(corpus, utterances, clear_scores(told, 5), Durations(5, 2.0), before);
  EXPECT_EQ(values(labels), (std::vector<int64_t>{4, 2, 2, 2, 3, 4, 1}));  // the second is too short for its word
}

TEST(WordErrors, AreTheFewestChanges) {
  const auto errors = [](const std::vector<int64_t>& said, const std::vector<int64_t>& heard) {
    const WordErrors found = count_word_errors(said, heard);
    EXPECT_EQ(found.words, static_cast<int64_t>(said.size()));
    return std::array<int64_t, 3>{found.substitutions, found.deletions, found.insertions};
  };
  EXPECT_EQ(errors({1, 2, 3}, {1, 2, 3}), (std::array<int64_t, 3>{0, 0, 0}));
  EXPECT_EQ(errors({1, 2, 3}, {1, 4, 3}), (std::array<int64_t, 3>{1, 0, 0}));
  EXPECT_EQ(errors({1, 2, 3}, {1, 3}), (std::array<int64_t, 3>{0, 1, 0}));
  EXPECT_EQ(errors({1, 2, 3}, {1, 2, 5, 3, 3}), (std::array<int64_t, 3>{0, 0, 2}));
  EXPECT_EQ(errors({}, {1, 2}), (std::array<int64_t, 3>{0, 0, 2}));
  EXPECT_EQ(errors({1, 2}, {}), (std::array<int64_t, 3>{0, 2, 0}));
  EXPECT_EQ(errors({1, 2, 3, 4}, {2, 3, 5, 4}), (std::array<int64_t, 3>{0, 1, 1}));
}

TEST(FrameScores, DividePosteriorsByPriors) {
  const SpeechCorpus corpus = corpus_of({"a", "b"}, 1);
  const torch::Tensor priors =
      log_priors(corpus, torch::tensor({0, 0, 0, 1, -1, 2}, torch::kInt64));  // counts 3, 1, 1, and one more each
  EXPECT_TRUE(priors.exp().allclose(torch::tensor({4.0F / 8, 2.0F / 8, 2.0F / 8})));
  const torch::Tensor probabilities = torch::tensor({{0.5F, 0.3F, 0.2F}});
  EXPECT_TRUE(frame_scores(probabilities.log() + 7, priors).allclose((probabilities / priors.exp()).log(), 1e-5, 1e-5));
}

}  // namespace
}  // namespace limbeck
