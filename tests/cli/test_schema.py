"""`limbeck list --json-schema`: editors accept what the program accepts, and refuse what it refuses."""
import copy
import json
import re
import shutil
import subprocess
import unittest

from support import LIMBECK, SOURCE, ProgramTest, pages, recipes_of

NODE = shutil.which("node") or shutil.which("nodejs")

# Recipes whose mistakes JSON Schema cannot tell.
BEYOND_A_SCHEMA = {
    "initial_weights": "every mistake is of the stage that a name refers to",
    "teacher_later": "stages are in their order",
}

# A component needs these options, of which it has no default.
NEEDED = {"network": {"of": "first"}, "ensemble": {"of": ["first"]}, "stored": {"file": "logits.safetensors"},
          "torchscript": {"file": "m.pt"},
          "quantize": {"of": "first"}, "specialists": {"of": "first"}}

START = {"name": "r", "data": {"source": "digits", "validation": 10}, "networks": {"n": {"mlp": {"hidden": [4]}}},
         "stages": [{"name": "first", "train": "n"}]}

# Options whose values are legal under conditions: full targets need a teacher.
CONDITIONAL = {("specialists", "targets")}

# Wrong for a key of each type: no list holds a list, and no map is where a value is expected.
WRONG = {"number": ["many", {"of": 1}, "1"], "integer": ["many", 1.5, {"of": 1}, "1"],
         "list of integers": ["many", [1.5], {"of": 1}], "list of numbers": ["many", ["1"], {"of": 1}],
         "true or false": ["yes", 1, {"of": 1}], "text": [{"of": 1}], "feature": [{"of": 1}],
         "list of features": [{"of": 1}, [{"of": 1}]], "file": [{"of": 1}], "choice": ["zzz", {"of": 1}],
         "stage or network": [{"of": 1}], "list of stages or networks": [{"of": 1}, []], "stage": [{"of": 1}]}


def nested(name, value):
    """`dropout.input` as a map in a map."""
    first, _, rest = name.partition(".")
    return {first: nested(rest, value) if rest else value}


def merged(into, more):
    for key, value in more.items():
        into[key] = merged(into[key], value) if isinstance(into.get(key), dict) and isinstance(value, dict) else value
    return into


def bounds(allowed):
    """(values inside, values outside) at the ends of a range such as 'from 0 to below 1' or 'above 0'."""
    number = r"(-?[\d.]+(?:e[+-]?\d+)?)"
    inside, outside = [], []
    for words, is_low, is_open in ((f"from {number}", True, False), (f"at least {number}", True, False),
                                   (f"above {number}", True, True), (f"to {number}", False, False),
                                   (f"at most {number}", False, False), (f"below {number}", False, True)):
        found = re.search(rf"(?<!\w){words}(?! values?\b)", allowed)
        if found:
            end = float(found[1])
            end = int(end) if end == int(end) else end
            outside.append(end if is_open else end - 1 if is_low else end + 1)
            inside += [] if is_open else [end]
    return inside, outside


def lengths(allowed):
    """(lengths allowed, lengths refused) of 'at least 1 value'."""
    found = re.search(r"(?:from (\d+) to (\d+)|at least (\d+)|at most (\d+)|^(\d+)) values?", allowed)
    if not found:
        return [], []
    least = int(next(filter(None, (found[1], found[3], found[5])), 0))
    most = int(next(filter(None, (found[2], found[4], found[5])), 0))
    return [n for n in (least, most) if n], ([least - 1] if least else []) + ([most + 1] if most else [])


def default_of(option):
    """The default as a value, None where it is no value but says what absence means."""
    if option["type"] == "choice":
        return option["default"]
    if option["type"] not in ("number", "integer", "true or false") and not option["type"].startswith("list of"):
        return None
    try:
        return json.loads(option["default"])
    except ValueError:
        return None


def legal_and_wrong(place, option):
    kind, allowed = option["type"], option["allowed"]
    inside, outside = bounds(allowed)
    wrong = list(WRONG.get(kind, []))
    legal = [] if default_of(option) is None else [default_of(option)]
    if kind in ("number", "integer"):
        legal += inside
        wrong += outside
    elif kind in ("list of integers", "list of numbers"):
        fits, fits_not = lengths(allowed)
        some = inside[0] if inside else 1
        distinct = "twice" in allowed
        legal += [[some + i if distinct else some for i in range(n)] for n in fits or [1, 2]]
        legal += [some] if 1 in (fits or [1]) else []
        wrong += [[some] * n for n in fits_not] + [[value] for value in outside] + ([[1, 1]] if distinct else [])
    elif kind == "choice":
        legal += re.findall(r"'([^']+)'", allowed)
    elif kind in ("text", "feature", "file", "list of features"):
        legal += ["word", 12]
    return [] if (place, option["name"]) in CONDITIONAL or option["name"] == "name" else legal, wrong


class SchemaTest(ProgramTest):
    def setUp(self):
        super().setUp()
        if NODE is None or not (SOURCE / "tests/schema/node_modules").exists():
            self.skipTest("ajv and yaml are not installed in tests/schema")
        self.schema = self.folder / "recipe.schema.json"
        self.schema.write_text(self.limbeck("list", "--json-schema").stdout)

    def validate(self, texts):
        """{name: mistakes}, by the schema."""
        done = subprocess.run([NODE, SOURCE / "tests/schema/check.mjs", self.schema], input=json.dumps(texts),
                              capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        return json.loads(done.stdout)

    def mistakes(self, recipe):
        """Paths of the mistakes that the program finds in a recipe."""
        self.recipe.write_text(recipe if isinstance(recipe, str) else json.dumps(recipe))
        done = subprocess.run([LIMBECK, "check", self.recipe, "--json", "--data", self.folder],
                              capture_output=True, text=True, timeout=60)
        if done.returncode == 0:
            return []
        self.assertEqual(done.returncode, 2, done.stderr)
        # Without a path: what only the networks and the data tell.
        return [mistake["path"] for mistake in json.loads(done.stdout)] if done.stdout else [""]

    def below(self, path, mistakes):
        """Those at a path and under it."""
        return [mistake for mistake in mistakes
                if mistake.startswith(path) and mistake[len(path):][:1] in ("", ".", "[")]


class Recipes(SchemaTest):
    def accepted(self, texts):
        for name, mistakes in self.validate(texts)["recipes"].items():
            self.assertEqual(mistakes, [], f"{name}:\n{texts[name]}")

    def test_the_schema_is_valid_and_allows_its_own_defaults(self):
        self.assertEqual(self.validate({}), {"defaults": {}, "recipes": {}})
        self.assertEqual(json.loads(self.schema.read_text())["$schema"], "http://json-schema.org/draft-07/schema#")

    def test_it_is_printed_alone(self):
        for flags in (("losses",), ("--markdown",)):
            self.limbeck("list", "--json-schema", *flags, expect=2)

    def test_recipes_that_are_shipped_are_accepted(self):
        texts = {str(file): file.read_text() for folder in ("recipes", "examples", "bench")
                 for file in (SOURCE / folder).rglob("*.yaml")}
        self.assertGreater(len(texts), 40)
        self.limbeck("init", "whole.yaml")
        texts["whole.yaml"] = (self.folder / "whole.yaml").read_text()
        self.accepted(texts)
        self.accepted({file: self.limbeck("check", file, "--resolved").stdout for file in sorted(texts)[:-1:5]})

    def test_recipes_of_the_documents_are_accepted(self):
        self.limbeck("init", "whole.yaml")
        texts = {f"{page} {i}": text for page in [*pages(), "docs/reference.md"]
                 for i, text in enumerate(recipes_of(page, (self.folder / "whole.yaml").read_text()))}
        self.assertGreater(len(texts), 20)
        self.accepted(texts)

    def test_the_recipe_that_a_run_leaves_is_accepted(self):
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet", "--set", "stages.teacher.epochs=1",
                     "--set", "stages.distilled.epochs=1")
        self.accepted({"run": (self.out / "recipe.yaml").read_text()})

    def test_bad_recipes_are_refused_where_the_program_says(self):
        files = {file.stem: file for file in (SOURCE / "tests/bad_recipes").glob("*.yaml")}
        self.assertGreater(len(files), 10)
        found = self.validate({name: file.read_text() for name, file in files.items()})["recipes"]
        self.assertEqual({name for name, mistakes in found.items() if not mistakes}, set(BEYOND_A_SCHEMA))
        for name, mistakes in found.items():
            if not mistakes:
                continue
            told = files[name].with_suffix(".txt").read_text()
            paths = {path or "" for path in re.findall(r"^[^:]+(?::\d+:\d+)?: (?:([^ :]+): )?", told, re.MULTILINE)}
            where = [mistake["path"] for mistake in mistakes]
            self.assertTrue(any(path in where or path and self.below(path, where) for path in paths),
                            f"{name}: {paths}, {mistakes}")


class Place:
    """Where the options of a component, or the keys of a section, stand in a recipe."""

    def __init__(self, kind, name, options, spot, put):
        self.kind, self.name, self.options = kind, name, options
        self.spot = spot  # a recipe has one; "all": nothing else is in the recipe; None: a recipe has many
        self.put = put  # puts keys into a recipe; returns their path


def in_stage(more, path):
    """`more` makes the rest of a stage of the keys."""
    def put(recipe, keys):
        stages = recipe["stages"]
        stages.append({"name": f"s{len(stages)}", "train": "n", **more(keys)})
        return f"stages[{len(stages) - 1}]{path}"
    return put


def in_network(more, path):
    def put(recipe, keys):
        name = f"n{len(recipe['networks'])}"
        recipe["networks"][name] = more(keys)
        return f"networks.{name}{path}"
    return put


def in_root(path):
    def put(recipe, keys):
        inner = recipe
        for step in path.split(".")[:-1]:
            inner = inner.setdefault(step, {})
        last = path.split(".")[-1]
        inner[last] = {**inner[last], **keys} if isinstance(inner.get(last), dict) and isinstance(keys, dict) else keys
        return path
    return put


def in_plot(recipe, keys):
    plots = recipe.setdefault("plots", [])
    plots.append({"lines": {"l": {}}, **keys})
    return f"plots[{len(plots) - 1}]"


def in_whole(recipe, keys):
    recipe.update(keys)
    return ""


SECTIONS = {
    "": ("all", in_whole), "data": ("all", in_root("data")),
    "data.normalize": ("normalize", in_root("data.normalize")),
    "networks.NAME": (None, in_network(lambda keys: {"mlp": [4], **keys}, "")),
    "networks.NAME.input": (None, in_network(lambda keys: {"mlp": [4], "input": keys}, ".input")),
    "stages[]": (None, in_stage(lambda keys: keys, "")),
    "stages[].loss[].LOSS": (None, in_stage(lambda keys: {"loss": [{"hard_labels": keys}]}, ".loss[0].hard_labels")),
    "stages[].loss[].LOSS.weight": (None, in_stage(lambda keys: {"loss": [{"hard_labels": {"weight": keys}}]},
                                                    ".loss[0].hard_labels.weight")),
    "stages[].examples": (None, in_stage(lambda keys: {"examples": keys}, ".examples")),
    "stages[].stop": (None, in_stage(lambda keys: {"stop": keys}, ".stop")),
    "paper.STAGE": ("paper", in_root("paper.first")), "plots[]": (None, in_plot)}

def data_set(name, key):
    def put(recipe, keys):
        recipe["data"][key] = {name: keys}
        return f"data.{key}.{name}"
    return key, put


COMPONENTS = {
    "losses": lambda name: (None, in_stage(lambda keys: {"teacher": "first", "loss": [{name: keys}]},
                                            f".loss[0].{name}")),
    "networks": lambda name: (None, in_network(lambda keys: {name: keys}, f".{name}")),
    "data": lambda name: data_set(name, "source" if name < "h" else "extra"),
    "teachers": lambda name: (None, in_stage(lambda keys: {"teacher": {name: keys}}, f".teacher.{name}")),
    "optimizers": lambda name: (None, in_stage(lambda keys: {"optimizer": {name: keys}}, f".optimizer.{name}")),
    "schedules": lambda name: (None, in_stage(lambda keys: {"schedule": {name: keys}}, f".schedule.{name}")),
    "augmentations": lambda name: (None, in_stage(lambda keys: {"augment": {name: keys}}, f".augment.{name}"))}


def kind_of_stage(name):
    return None, in_stage(lambda keys: {name: keys}, f".{name}")


def stage_with(recipe, keys):
    """`calibrate`, whose options stand beside it."""
    recipe["stages"].append({"name": f"s{len(recipe['stages'])}", "calibrate": "first", "classes": [1], **keys})
    return f"stages[{len(recipe['stages']) - 1}]"


class Options(SchemaTest):
    """Of every component and section that the program lists."""

    def places(self):
        found = []
        for section in json.loads(self.limbeck("list", "recipe", "--json").stdout):
            where = section.get("where", "")
            if where == "stages[] with calibrate":
                spot, put = None, stage_with
            elif where in SECTIONS:
                spot, put = SECTIONS[where]
            else:
                self.assertEqual(where, f"stages[].{section['name']}")
                spot, put = kind_of_stage(section["name"])
            found.append(Place("section", section["name"], section["options"], spot, put))
        for kind, place in COMPONENTS.items():
            for component in json.loads(self.limbeck("list", kind, "--json").stdout):
                spot, put = place(component["name"])
                found.append(Place(kind, component["name"], component["options"], spot, put))
        self.assertGreater(len(found), 60)
        return found

    def found(self, cases):
        """For each (place, keys): its path, the program's mistakes and the schema's, there and below."""
        recipes, taken, paths = [], [], []
        for place, keys in cases:
            free = [number for number, spots in enumerate(taken)
                    if "all" not in spots and place.spot not in spots and (place.spot != "all" or not spots)]
            if not free:
                recipes.append(copy.deepcopy(START))
                taken.append(set())
            number = free[0] if free else len(recipes) - 1
            taken[number] |= {place.spot} if place.spot else {"many"}
            paths.append((number, place.put(recipes[number], keys)))
        texts = {str(i): json.dumps(recipe) for i, recipe in enumerate(recipes)}
        by_schema = {name: [mistake["path"] for mistake in mistakes]
                     for name, mistakes in self.validate(texts)["recipes"].items()}
        by_program = {name: self.mistakes(text) for name, text in texts.items()}
        return [(path, by_program[str(number)], by_schema[str(number)]) for number, path in paths]

    def test_wrong_values_are_refused_and_legal_ones_accepted(self):
        cases, tried = [], []
        for place in self.places():
            values = {option["name"]: legal_and_wrong(place.name, option) for option in place.options}
            for option in place.options:
                if option["type"] not in WRONG:
                    values[option["name"]][1].append([[]])
            for which, rounds in ((0, max((len(legal) for legal, _ in values.values()), default=0)),
                                  (1, max((len(wrong) for _, wrong in values.values()), default=0))):
                for i in range(rounds):
                    chosen = {name: both[which][i] for name, both in values.items() if i < len(both[which])}
                    keys = dict(NEEDED.get(place.name, {}))
                    for name, value in chosen.items():
                        merged(keys, nested(name, value))
                    cases.append((place, keys))
                    tried.append((which, chosen))
        count = [0, 0]
        for (place, _), (which, chosen), (path, by_program, by_schema) in zip(cases, tried, self.found(cases)):
            for name, value in chosen.items():
                at = f"{path}.{name}".lstrip(".")
                for who, mistakes in (("check", by_program), ("schema", by_schema)):
                    with self.subTest(place=place.name, option=name, value=value, who=who):
                        self.assertEqual(bool(self.below(at, mistakes)), bool(which))
                count[which] += 1
        self.assertGreater(min(count), 300)

    def test_unknown_keys_are_refused(self):
        places = self.places()
        cases = [(place, {**NEEDED.get(place.name, {}), "zzzz": 1}) for place in places]
        for place, (path, by_program, by_schema) in zip(places, self.found(cases)):
            at = f"{path}.zzzz".lstrip(".")
            for who, mistakes in (("check", by_program), ("schema", by_schema)):
                with self.subTest(place=place.name, who=who):
                    self.assertIn(at, mistakes)

    def test_components_may_be_empty_and_may_be_their_principal_option(self):
        """Options with their defaults, no options, nothing, and each option's default by itself."""
        cases = []
        for place in self.places():
            if place.kind == "section" and not place.name in ("replicas", "quantize", "specialists", "align"):
                continue
            defaults = dict(NEEDED.get(place.name, {}))
            for option in place.options:
                if default_of(option) is not None:
                    merged(defaults, nested(option["name"], default_of(option)))
            bare = {type(value): value for value in defaults.values() if not isinstance(value, dict)}.values()
            if "of" in defaults:  # a word is the name of a stage
                bare = [defaults["of"], []]
            else:
                bare = [*bare, "zzzz", 0.3, [1.5], True]
            cases += [(place, keys) for keys in (defaults, {}, None, *bare)]
        same = 0
        for (place, keys), (path, by_program, by_schema) in zip(cases, self.found(cases)):
            with self.subTest(place=place.name, keys=keys, program=self.below(path, by_program)):
                self.assertEqual(bool(self.below(path, by_schema)), bool(self.below(path, by_program)))
                same += 1
        self.assertGreater(same, 300)


class Grammar(SchemaTest):
    """Forms of stages, losses, networks, teachers and plots; each is accepted by both or refused by both."""
    ACCEPTED = {
        "stages": """
          - { train: n, optimizer: sgd, schedule: constant, augment: none }
          - { train: n, optimizer: { sgd: }, schedule: { cosine: 0.1 }, augment: , examples: , teacher: }
          - { train: n, augment: { shift: 2, rotation: { degrees: 5 } } }
          - { train: n, optimizer: { sgd: { nesterov: "true", learning_rate: 1e-4, momentum: .5 } } }
          - { train: n, teacher: none }
          - { train: n, teacher: first, loss: [ soft_targets, hard_labels: ] }
          - { train: n, teacher: virtual, loss: [ soft_targets: 3 ] }
          - { train: n, teacher: { ensemble: [first] }, loss: [ soft_targets: { weight: { from: 1, to: 0 } } ] }
          - { train: n, teacher: { ensemble: first }, loss: [ soft_targets: { weight: } ] }
          - { train: n, replicas: 3, precision: float32 }
          - { train: n, replicas: { count: 3, together: true }, loss: [ community: 2 ] }
          - { train: n, replicas: 1, quantize: first }
          - { train: n, replicas: { mean: arithmetic }, quantize: first }
          - { train: n, replicas: , align: }
          - { train: n, quantize: { of: first }, epochs: 0 }
          - { calibrate: first, classes: 3 }
          - { train: n, stop: { accuracy: 0.9 }, stream: "" }
        """,
        "networks": """
          - { mlp: [4], weights: w.safetensors, input: { size: [28, 28], mean: 0.5, std: [0.5] } }
          - mlp
          - { resnet8: , input: }
          - { shufflenetv2: 1.5 }
          - { shufflenetv2: "1.5" }
        """,
        "plots": """
          - { lines: { l: { 1: first, 2.5e1: 3 } } }
          - { x: value, lines: { l: {} } }
          - { x: stage, lines: { l: [first, 12], m: first } }
          - { x: nll, metric: ece, lines: { l: [first] } }
          - { x: epoch, lines: { l: first, m: [first] } }
        """,
        "root": """
          - data: { source: digits, normalize: { mean: 0.5, std: 0.25 }, extra: { digits: }, examples: }
          - data: { source: { digits: }, normalize: none, augment: }
          - paper: { first: { errors: 74, class_errors: { 3: 14 } } }
          - paper: | plots: []
          - name: 5 | seed: 3
        """,
    }
    REFUSED = {
        "stages": """
          - { train: n, optimizer: }
          - { train: n, optimizer: [sgd] }
          - { train: n, optimizer: sdg }
          - { train: n, optimizer: { sgd: , adam: } }
          - { train: n, optimizer: {} }
          - { train: n, schedule: { cosine: 0.1, constant: } }
          - { train: n, augment: shift }
          - { train: n, augment: [shift] }
          - { train: n, loss: hard_labels }
          - { train: n, loss: { hard_labels: } }
          - { train: n, loss: [] }
          - { train: n, loss: [ hard_labels: 1 ] }
          - { train: n, loss: [ { hard_labels: , label_smoothing: } ] }
          - { train: n, loss: [ soft_targets ] }
          - { train: n, loss: [ soft_targets: 4 ] }
          - { train: n, teacher: none, loss: [ soft_targets: ] }
          - { train: n, teacher: first, loss: [ fitnet: { from: { of: layer1 } } ] }
          - { train: n, teacher: [first] }
          - { train: n, teacher: { ensemble: [first, first] } }
          - { train: n, teacher: { network: first, ensemble: [first] } }
          - { train: n, teacher: "" }
          - { train: n, align: 1, replicas: 2 }
          - { train: n, quantize: first, replicas: 2 }
          - { train: n, quantize: first, replicas: { count: 2 } }
          - { train: n, quantize: first, align: 1 }
          - { train: n, specialists: { of: first }, replicas: { count: 2, mean: logits } }
          - { train: n, quantize: }
          - { train: n, specialists: first }
          - { train: n, epochs: 0 }
          - { train: n, epochs: }
          - { train: n, stop: {} }
          - { train: n, stop: }
          - { train: n, stream: a b }
          - { train: n, initial_weights: }
          - { calibrate: first }
          - { calibrate: "", classes: [3] }
          - { calibrate: first, classes: [3], train: n }
          - { calibrate: first, classes: [3, 3] }
          - { epochs: 3 }
        """,
        "networks": """
          - ~
          - { weights: w }
          - { mlp: , resnet8: }
          - { mlp: [4], input: { mean: 0.5 } }
          - { mlp: [4], input: { size: [1, 2, 3] } }
          - { mlp: [4], input: 28 }
          - torchscript
          - { shufflenetv2: 3 }
        """,
        "plots": """
          - { lines: {} }
          - { title: t }
          - { lines: { l: [first] } }
          - { lines: { l: { x: first } } }
          - { x: stage, lines: { l: { 1: first } } }
          - { x: epoch, split: test, lines: { l: first } }
          - { x: epoch, metric: nll, lines: { l: first } }
          - { x: epoch, lines: { l: [first, first] } }
        """,
        "root": """
          - networks: {}
          - networks: { n: { mlp: [4] }, a b: { mlp: [4] } }
          - networks: [ n ]
          - data:
          - data: digits
          - data: { source: }
          - data: { source: [digits] }
          - data: { source: digits, normalize: }
          - data: { source: digits, normalize: {} }
          - data: { source: digits, normalize: { mean: 1 } }
          - data: { source: digits, augment: [] }
          - stages: []
          - stages: { name: first, train: n }
          - stages: [ { train: n } ]
          - paper: [ first ]
          - paper: { first: { errors: few } }
          - paper: { first: { class_errors: } }
          - plots:
          - seed: -1
          - name: a b
          - name: [a]
        """,
    }

    @staticmethod
    def recipes(forms):
        """{name: text}, {form: (name, path)}: as many of the forms in one recipe as can stand there."""
        start = {key: [f"{key}: {json.dumps(value)}"] for key, value in START.items()}
        start["stages"] = ["stages:", "  - { name: first, train: n }"]
        start["networks"] = ["networks:", "  n: { mlp: { hidden: [4] } }"]
        many, texts, places = copy.deepcopy(start), {}, {}
        for place, text in forms.items():
            for form in re.findall(r"^ *- (.*)$", text, re.MULTILINE):
                lines = many.setdefault(place, [f"{place}:"])
                if place == "root":
                    given = dict(key.partition(":")[::2] for key in form.split(" | "))
                    recipe = {**start, **{key: [f"{key}: {value}"] for key, value in given.items()}}
                    texts[form] = "\n".join(line for lines in recipe.values() for line in lines)
                    places[form] = (form, "")
                elif place == "networks":
                    places[form] = ("many", f"networks.n{len(lines)}")
                    lines.append(f"  n{len(lines)}: {form}")
                else:
                    places[form] = ("many", f"{place}[{len(lines) - 1}]")
                    name = f"name: s{len(lines)}, " if place == "stages" else ""
                    lines.append("  - " + form.replace("{ ", "{ " + name, 1))
        many.pop("root", None)
        texts["many"] = "\n".join(line for lines in many.values() for line in lines)
        return texts, places

    def test_forms(self):
        for expected, forms in ((False, self.ACCEPTED), (True, self.REFUSED)):
            texts, places = self.recipes(forms)
            by_schema = {name: [mistake["path"] for mistake in mistakes]
                         for name, mistakes in self.validate(texts)["recipes"].items()}
            by_program = {name: self.mistakes(text) for name, text in texts.items()}
            self.assertGreater(len(places), 30)
            for form, (name, path) in places.items():
                for who, found in (("check", by_program), ("schema", by_schema)):
                    with self.subTest(form=form, who=who):
                        mistakes = self.below(path, found[name]) if path else found[name]
                        self.assertEqual(bool(mistakes), expected, mistakes)


if __name__ == "__main__":
    unittest.main()
