"""A key of the files that a run leaves stands in one place: in the binding of its struct, or in src/results/keys.h."""

import collections
import re
import unittest

from test_includes import sources

DEFINITIONS = [re.compile(r'fields\.value\("(\w+)"'), re.compile(r'\bk[A-Z]\w* = "(\w+)"')]
# Where a literal is a key of JSON, or the name of a metric.
USES = [re.compile(pattern) for pattern in (
    r'\["(\w+)"\]', r'\{"(\w+)",(?! *Align::)', r'\.(?:at|contains|find|value|erase|count)\("(\w+)"',
    r'json_(?:field|number|integer|text)\([^"]*?"(\w+)"', r'(?:measure|number|metric_format)\([^")]*"(\w+)"')]
COMMENT = re.compile(r"//[^\n]*")

# The same words where they mean something else: a place (a file, or all that begins so), the words, and what they are
# there.
EXCEPTIONS = {
    "src/recipe/": ("accuracy classes data epochs errors examples lines log_x log_y logits loss mean metric name paper "
                    "plots seed source split stages teacher test title train validation weights x "
                    "x_label", "the recipe's keys"),
    "src/recipe/schema": ("class_errors description stage", "the recipe's key, JSON Schema's, and a definition's name"),
    "src/api/distillation.cpp": ("weights", "the recipe's key"),
    "app/commands/": ("data message test", "of the commands' own output, and of their arguments"),
    "app/actions/list.cpp": ("name source stages", "of its own output"),
    "app/actions/data.cpp": ("class classes seconds shape test train", "of its own output"),
    "app/actions/evaluate.cpp": ("data", "of its own output"),
    "app/actions/export.cpp": ("bytes models parameters", "of its own output"),
    "app/actions/loss.cpp": ("classes examples loss", "of its own output"),
    "app/actions/predict.cpp": ("class id", "of its own output"),
    "app/actions/serve.cpp": ("runs", "of its own output"),
    "app/actions/store.cpp": ("agreement bytes classes examples members stage teacher", "of its own output"),
    "src/serve/": ("class curves data id label models name pixels plots results runs stages title values version",
                   "of what the server answers, and paths of its pages"),
    "src/report/comparison.cpp": ("metric stages", "of the output of `limbeck compare`"),
    "src/report/html_report.cpp": ("calibration classes deployment results settings specialists", "its sections"),
    "src/report/page/soft_targets.cpp": ("logits", "of what the page's script reads"),
    "src/report/plots/svg_plot.cpp": ("categories lines name points x x_label y", "of what the page's script reads"),
    "src/core/": ("shape", "of the headers of files of tensors"),
    "src/data/": ("high low mean step test", "options, folders and columns of data sets"),
    "src/deploy/": ("deviation groups mean name parameters rounds shape split", "of a network's operations"),
    "src/models/": ("classes fingerprint format multiply_adds parameters weights", "of a model's description"),
    "src/programs/": ("device logits name shape train", "of a program's nodes, and arguments of LibTorch's operations"),
    "src/experiment/stage_fingerprint.cpp": ("data device examples given network seed source stages teacher validation "
                                             "weights", "of the settings that a fingerprint is made of"),
    "src/experiment/spoken_frames.cpp": ("test train", "names of tensors in a file of labels"),
    "src/experiment/stages/calibrate.cpp": ("test validation", "the recipe's values"),
    "src/experiment/stages/specialists.cpp": ("of specialists", "the recipe's keys"),
    "src/experiment/static_checks.cpp": ("classes", "the recipe's key"),
    "src/experiment/environment.cpp": ("memory", "of the environment, which is open"),
    "src/loss/": ("logits mean", "names of what a loss reads"),
    "src/loss/losses/mlkd.cpp": ("batch class", "options: the weights of its parts"),
    "src/sweep/sweep.cpp": ("seed", "the recipe's key"),
    "src/nn/": ("mean", "of a network's input"),
    "src/teacher/": ("classes correct examples logits paper precision teacher", "of stores and options"),
    "src/train/": ("conditions fingerprint format learning_rate seconds validation",
                   "of checkpoints, splits, and groups of parameters"),
}


def text_of(text):
    return COMMENT.sub("", text)


def keys_of_results():
    """By key, the files in which it stands as a literal."""
    places = collections.defaultdict(list)
    for path, text in sources("src/results"):
        for pattern in DEFINITIONS:
            for key in pattern.findall(text_of(text)):
                places[key].append(path)
    return places


def uses_elsewhere(keys):
    """By file outside src/results, the keys that stand there as literals."""
    found = collections.defaultdict(set)
    for path, text in sources("src", "app"):
        if path.startswith("src/results/"):
            continue
        for pattern in USES:
            found[path].update(key for key in pattern.findall(text_of(text)) if key in keys)
    return {path: used for path, used in found.items() if used}


def excepted(path):
    keys = set()
    for place, (known, _) in EXCEPTIONS.items():
        if path.startswith(place):
            keys.update(known.split())
    return keys


class Keys(unittest.TestCase):
    def test_each_is_a_literal_once(self):
        places = keys_of_results()
        self.assertGreater(len(places), 80)  # it looks at something
        self.assertEqual({key: files for key, files in places.items() if len(files) > 1}, {})

    def test_nobody_else_spells_them(self):
        wrong = {path: sorted(used - excepted(path)) for path, used in uses_elsewhere(keys_of_results()).items()}
        self.assertEqual({path: used for path, used in wrong.items() if used}, {},
                         "read results through the structs of src/results, or take the key from results/keys.h")

    def test_every_exception_is_made_use_of(self):
        uses = uses_elsewhere(keys_of_results())
        for place, (known, _) in EXCEPTIONS.items():
            there = set().union(*(used for path, used in uses.items() if path.startswith(place)))
            self.assertEqual(sorted(set(known.split()) - there), [], place)


if __name__ == "__main__":
    unittest.main()
