"""Runs the program as a user would, and reads what it leaves without its help."""
import json
import math
import os
import pathlib
import random
import re
import shlex
import shutil
import struct
import subprocess
import tempfile
import unittest
import wave

LIMBECK = os.environ["LIMBECK"]
SOURCE = pathlib.Path(os.environ["LIMBECK_SOURCE"])

RECIPE = """
name: small
data: { source: { digits: { train: 2000, test: 200 } }, augment: { shift: 1 } }
networks: { large: { mlp: { hidden: [96], dropout: { hidden: 0.2 } } }, small: { mlp: [8] } }
stages:
  - { name: teacher, train: large, epochs: 6, checkpoint_seconds: 0.05, optimizer: { sgd: { max_norm: 2 } } }
  - { name: distilled, train: small, epochs: 6, augment: none, teacher: teacher, checkpoint_seconds: 0.05 }
"""


# NumPy's type codes, and those of struct.
CODES = {"<f8": "d", "<f4": "f", "<f2": "e", "<i8": "q", "<i4": "i", "<i2": "h", "|i1": "b", "|u1": "B"}


def flat(values):
    return [number for value in values for number in flat(value)] if isinstance(values, list) else [values]


def shape_of(values):
    return [len(values), *shape_of(values[0])] if isinstance(values, list) else []


def write_npy(path, values, code="<f8", shape=None):
    shape = tuple(shape_of(values) if shape is None else shape)
    header = str({"descr": code, "fortran_order": False, "shape": shape}).encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    numbers = flat(values)
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header +
                     struct.pack(f"<{len(numbers)}{CODES[code]}", *numbers))


def read_safetensors(path):
    """{name: (dtype, shape, bytes)} and metadata, from the format's description alone."""
    content = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8:8 + length])
    data = content[8 + length:]
    metadata = header.pop("__metadata__", {})
    return {name: (entry["dtype"], entry["shape"], data[slice(*entry["data_offsets"])])
            for name, entry in header.items()}, metadata


# Pages whose commands need a teacher in TorchScript and a folder of pictures: test_pictures runs them.
PICTURE_PAGES = ("docs/tutorial.md", "docs/how-to/torchscript-teacher.md")


def pages():
    """The documents whose commands and recipes are run, from README.md on: all but decisions, which are history, and
    the reference, which the program prints."""
    files = [SOURCE / "README.md", SOURCE / "CONTRIBUTING.md", *sorted((SOURCE / "docs").rglob("*.md"))]
    names = [str(file.relative_to(SOURCE)) for file in files]
    return [name for name in names if not name.startswith("docs/decisions/") and name != "docs/reference.md"]


def fenced(page):
    """(language, text) of each fenced block of a page."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", (SOURCE / page).read_text(), re.DOTALL | re.MULTILINE)


def blocks(page, language):
    return [text for found, text in fenced(page) if found == language]


def statements(block):
    """The words of each command of a shell block; a quoted text may go over several lines."""
    begun = ""
    for line in block.replace("\\\n", " ").splitlines():
        begun += line
        try:
            words = shlex.split(begun, comments=True)
        except ValueError:  # a quotation goes on
            begun += "\n"
            continue
        if words:
            yield words
        begun = ""


def sections_of(recipe):
    """A recipe's or a fragment's text by top-level key."""
    parts = re.split(r"^(?=\w+:)", recipe, flags=re.MULTILINE)
    return {part.split(":", 1)[0]: part for part in parts if re.match(r"\w+:", part)}


def recipes_of(page, whole):
    """The page's recipes: of each fragment, a whole one with the fragment in it."""
    for block in blocks(page, "yaml"):
        if block.startswith("- "):  # further stages
            yield whole + "".join(f"  {line}\n" for line in block.splitlines())
        else:  # sections in place of those of the whole
            yield "".join({**sections_of(whole), **sections_of(block)}.values())


def commands_of(page):
    """The arguments of each call of the program on a page, without `> FILE`."""
    calls = [words[1:] for block in blocks(page, "sh") for words in statements(block) if words[0] == "limbeck"]
    return [call[:call.index(">")] if ">" in call else call for call in calls]


WORDS = {"rise": (300, 900), "fall": (900, 300), "high": (2200, 2200)}


def say(path, begin, end, chance):
    """A tone that glides from one frequency to another, in noise."""
    count = int(8000 * chance.uniform(0.25, 0.4))
    phase, samples = 0.0, []
    for i in range(count):
        phase += 2 * math.pi * (begin + (end - begin) * i / count) / 8000
        samples.append(int(8000 * math.sin(phase) + chance.gauss(0, 60)))
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, count, "NONE", ""))
        file.writeframes(struct.pack(f"<{count}h", *samples))


def make_recordings(folder, speakers, count):
    """So many of each of three words by each speaker, as WORD_SPEAKER_I.wav."""
    folder.mkdir()
    chance = random.Random(1)
    for word, (begin, end) in WORDS.items():
        for speaker in speakers:
            for i in range(count):
                say(folder / f"{word}_{speaker}_{i}.wav", begin, end, chance)


class ProgramTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="limbeck_cli_"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.recipe = self.folder / "recipe.yaml"
        self.recipe.write_text(RECIPE)
        self.out = self.folder / "out"

    def limbeck(self, *arguments, expect=0, **options):
        """Runs to the end and checks the exit code."""
        environment = {**os.environ, **options.pop("environment", {})}
        done = subprocess.run([LIMBECK, *map(str, arguments)], capture_output=True, text=True, cwd=self.folder,
                              env=environment, timeout=300, **options)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done

    def options_of_commands(self, *command):
        """{("data", "fetch"): ["-h", "--help", …]}: every command within one, and itself, as --help has them."""
        told = self.limbeck(*command, "--help").stdout
        found = {command: [name for names in re.findall(r"^  (-\S+)", told, re.MULTILINE) for name in names.split(",")]}
        for name in re.findall(r"^  (\w+)", told.partition("Subcommands:\n")[2], re.MULTILINE):
            found.update(self.options_of_commands(*command, name))
        return found

    def weights(self, stage, out=None):
        tensors, _ = read_safetensors((out or self.out) / "stages" / stage / "weights.safetensors")
        return tensors
