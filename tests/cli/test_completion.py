"""What bash and zsh offer, from the scripts that the program prints."""
import fcntl
import os
import pathlib
import pty
import re
import select
import shlex
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time
import unittest

from support import LIMBECK, ProgramTest

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|[\x07\r]")
BREAKS = " \t\n\"'><=;|&(:"  # bash's own COMP_WORDBREAKS

FOLDERS = ("runs/a", "my folder", "c:d")
FILES = ("mine.yaml", "other.yml", "with space.yaml", "notes.txt", "teacher.pt", "a:b.pt", "c:d/x.pt",
         "my folder/in.yaml")

# The program's place is taken by a function that shows the arguments it is given.
SHOW = "limbeck() { printf '<%s>' \"$@\"; echo; }\n"

# Keys behind `limbeck `, and the arguments that the line then has.
TYPED = (
    ("di\t--json", ["distill", "--json"]),
    ("data --json fe\t", ["data", "--json", "fetch"]),
    ("data images --corr\tsk\t", ["data", "images", "--corrupt", "skip"]),
    ("run wi\t", ["run", "with space.yaml"]),
    ("run no\t", ["run", "notes.txt"]),
    ("check my\ti\t", ["check", "my folder/in.yaml"]),
    ("run --out my\t", ["run", "--out", "my folder/"]),
    ("run --out=my\t", ["run", "--out=my folder/"]),
    ("run --out ~/my\tx.yaml", ["run", "--out", "HOME/my folder/x.yaml"]),
    ("run --color al\t", ["run", "--color", "always"]),
    ("run --device=cu\t", ["run", "--device=cuda"]),
    ("evaluate a\t", ["evaluate", "a:b.pt"]),
    ("evaluate c:\tx\t", ["evaluate", "c:d/x.pt"]),
    ("loss kl --student-feature hint=te\t", ["loss", "kl", "--student-feature", "hint=teacher.pt"]),
    ("loss kl --student-feature=hint=te\t", ["loss", "kl", "--student-feature=hint=teacher.pt"]),
    ("help da\tim\t", ["help", "data", "images"]),
    ("list los\t", ["list", "losses"]),
    ("completion z\t", ["completion", "zsh"]),
)


class Terminal:
    """A shell on a terminal of its own, large enough for every list."""

    def __init__(self, arguments, folder):
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            time.sleep(0.1)  # until the size is set
            os.chdir(folder)
            os.environ.update({"TERM": "xterm", "HOME": str(folder), "ZDOTDIR": str(folder), "LC_ALL": "C.UTF-8",
                               "INPUTRC": "/dev/null", "HISTFILE": "/dev/null"})
            os.execvp(arguments[0], arguments)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 500, 400, 0, 0))
        self.told = ""

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.close(self.master)
        os.waitpid(self.pid, 0)

    def type(self, keys):
        os.write(self.master, keys.encode())

    def wait_for(self, *texts, seconds=30):
        """Reads until each text was seen; returns what was told. Raises AssertionError where one is missing."""
        told, end = "", time.monotonic() + seconds
        while not all(text in told for text in texts):
            if not select.select([self.master], [], [], max(0, end - time.monotonic()))[0]:
                missing = [text for text in texts if text not in told]
                raise AssertionError(f"the shell did not tell {missing}, but:\n{told}")
            self.told += os.read(self.master, 65536).decode(errors="replace")
            told = ESCAPE.sub("", self.told)
        self.told = ""
        return told

    def run(self, commands):
        self.type(commands + "echo do''ne\n")
        self.wait_for("done")


class Completion(ProgramTest):
    def setUp(self):
        super().setUp()
        for folder in FOLDERS:
            (self.folder / folder).mkdir(parents=True)
        for file in FILES:
            (self.folder / file).touch()
        self.recipe.unlink()

    def script(self, shell):
        """A file with the script, quoted for a shell."""
        folder = tempfile.TemporaryDirectory(prefix="limbeck_cli_")  # not among the files that are offered
        self.addCleanup(folder.cleanup)
        file = pathlib.Path(folder.name) / f"script.{shell}"
        file.write_text(self.limbeck("completion", shell).stdout)
        return shlex.quote(str(file))

    def terminal(self, *arguments):
        terminal = Terminal(arguments, self.folder)
        self.addCleanup(terminal.close)
        return terminal

    def check_typed(self, terminal, changed=None):
        """What is typed in TYPED, with other arguments where `changed` has them."""
        for keys, arguments in TYPED:
            arguments = (changed or {}).get(keys, arguments)
            with self.subTest(keys=keys):
                shown = "".join(f"<{argument}>" for argument in arguments).replace("HOME", str(self.folder))
                terminal.type(f"\x15limbeck {keys}\n")
                terminal.wait_for("\n" + shown + "\n")


class Scripts(ProgramTest):
    def test_scripts_are_the_same_on_every_terminal(self):
        for shell in ("bash", "zsh"):
            script = self.limbeck("completion", shell).stdout
            for environment in ({"COLUMNS": "40"}, {"LC_ALL": "C"}):
                self.assertEqual(self.limbeck("completion", shell, environment=environment).stdout, script)
        self.assertIn("{bash,zsh}", self.limbeck("completion", "fish", expect=2).stderr)

    def test_the_build_leaves_what_the_program_prints(self):
        share = pathlib.Path(LIMBECK).parent / "share"
        if not (share.parent / "CMakeCache.txt").exists():
            self.skipTest("the program is installed")
        for file, command in (("man/man1/limbeck.1", ("help", "--man")),
                              ("bash-completion/completions/limbeck", ("completion", "bash")),
                              ("zsh/site-functions/_limbeck", ("completion", "zsh"))):
            self.assertEqual((share / file).read_text(), self.limbeck(*command).stdout)


class Bash(Completion):
    def offered(self, lines, breaks=BREAKS, before=""):
        """For each line what is offered at its end, or at its "^"."""
        program = f"set -u\n. {self.script('bash')}\nCOMP_WORDBREAKS={shlex.quote(breaks)}\n{before}\n"
        marks = "".join(mark for mark in "=:><" if mark in breaks)
        for line in lines:
            whole, point = line.replace("^", ""), line.find("^") if "^" in line else len(line)
            words = re.findall(rf"[{marks}]+|(?:[^\s{marks}\\\"']|\\.|\"[^\"]*\"?|'[^']*'?)+", whole)
            index = len(re.findall(rf"[{marks}]+|(?:[^\s{marks}\\\"']|\\.|\"[^\"]*\"?|'[^']*'?)+", whole[:point])) - 1
            if whole[:point].endswith(" "):
                index += 1
                words.insert(index, "")
            program += (f"COMP_LINE={shlex.quote(whole)} COMP_POINT={point} COMP_CWORD={index} "
                        f"COMP_WORDS=({' '.join(map(shlex.quote, words))})\n_limbeck limbeck\n"
                        "printf '%s\\n' ${COMPREPLY[@]+\"${COMPREPLY[@]}\"} --end--\n")
        done = subprocess.run(["bash", "--norc", "--noprofile", "-c", program], cwd=self.folder, capture_output=True,
                              text=True, timeout=120, env={**os.environ, "HOME": str(self.folder)})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return [sorted(filter(None, part.split("\n"))) for part in done.stdout.split("--end--\n")[:-1]]

    def check(self, cases, **options):
        for (line, expected), found in zip(cases, self.offered([line for line, _ in cases], **options), strict=True):
            self.assertEqual(found, sorted(expected), line)

    def test_every_command_and_option_is_offered(self):
        known = self.options_of_commands()
        self.assertGreater(len(known), 20)
        commands = list(known)
        words = self.offered([" ".join(["limbeck", *command, ""]) for command in commands])
        options = self.offered([" ".join(["limbeck", *command, "-"]) for command in commands])
        for command, offered, offered_options in zip(commands, words, options, strict=True):
            inner = [other[-1] for other in commands if other[:-1] == command and other != command]
            if inner:
                self.assertEqual(offered, sorted(inner))
            outer = known[command[:1]] if len(command) == 2 else []  # data --json fetch, data fetch --json
            self.assertEqual(offered_options, sorted({*known[command], *outer}), command)

    def test_values(self):
        folders = ["c:d", "my folder", "runs"]
        files = sorted({*folders, *(name for name in FILES if "/" not in name)})
        recipes = [*folders, "mine.yaml", "other.yml", "with space.yaml"]
        colors = ["always", "auto", "never"]
        self.check((
            ("limbeck d", ["data", "distill"]),
            ("limbeck x", []),
            ("limbeck data ", ["fetch", "images", "synthesize"]),
            ("limbeck data -q --color never ", ["fetch", "images", "synthesize"]),
            ("limbeck data fetch ", []),
            ("limbeck run --color ", colors),
            ("limbeck run --color=", colors),
            ("limbeck run --color=a", ["always", "auto"]),
            ("limbeck run mine.yaml --device c", ["cpu", "cuda"]),
            ("limbeck run --device=cuda --seed ", []),
            ("limbeck run --seed=", []),
            ("limbeck run --set stages.a.epochs=", []),
            ("limbeck run --quiet=", []),
            ("limbeck data images --channels ", ["1", "3"]),
            ("limbeck export x.pt --fold ", colors),
            ("limbeck run ", recipes),
            ("limbeck run --json ", recipes),
            ("limbeck run --out x ", recipes),
            ("limbeck run --out=x ", recipes),
            ("limbeck run --set a=b --set c:d ", recipes),
            ("limbeck run m", ["mine.yaml", "my folder"]),
            ("limbeck run n", ["notes.txt"]),  # a recipe may have any name, but one with its own comes first
            ("limbeck run mine.yaml ", self.offered(["limbeck run -"])[0]),  # nothing but options can follow
            ("limbeck run mine.yaml x", []),
            ("limbeck run --out ", folders),
            ("limbeck run --out=", folders),
            ("limbeck run --out=r", ["runs"]),
            ("limbeck run --out runs/", ["runs/a"]),
            ("limbeck run --out 'my f", ["my folder"]),
            ("limbeck run --out my\\ f", ["my folder"]),
            ("limbeck run --out=\"my f", ["my folder"]),
            ("limbeck run ~/wi", ["~/with space.yaml"]),
            ("limbeck run -- ", recipes),
            ("limbeck run -- -", []),
            ("limbeck distill --teacher t", ["teacher.pt"]),
            ("limbeck evaluate ", files),
            ("limbeck evaluate a:", ["b.pt"]),
            ("limbeck evaluate 'a:", ["a:b.pt"]),
            ("limbeck evaluate a\\:", ["a:b.pt"]),
            ("limbeck evaluate c", ["c:d"]),
            ("limbeck evaluate c:", ["d/"]),
            ("limbeck evaluate c:d/", ["d/x.pt"]),
            ("limbeck evaluate --teacher=a:", ["b.pt"]),
            ("limbeck predict teacher.pt n", ["notes.txt"]),
            ("limbeck predict --classes cat,dog te", ["teacher.pt"]),
            ("limbeck export --page p --beside one.pt two.pt te", ["teacher.pt"]),
            ("limbeck compare runs/a run", ["runs"]),
            ("limbeck loss kl --student-feature ", []),
            ("limbeck loss kl --student-feature hint=te", ["teacher.pt"]),
            ("limbeck loss kl --student-feature=hint=te", ["teacher.pt"]),
            ("limbeck loss kl --student te --teacher te", ["teacher.pt"]),
            ("limbeck list s", ["schedules", "stages"]),
            ("limbeck help ", self.offered(["limbeck "])[0]),
            ("limbeck help store ", ["build", "index", "info", "verify"]),
            ("limbeck help run ", []),
            ("limbeck help nothing ", []),
            ("limbeck help --json data f", ["fetch"]),
            ("limbeck completion ", ["bash", "zsh"]),
            ("limbeck run x > no", ["notes.txt"]),
            ("/usr/bin/limbeck run --device cu", ["cuda"]),
            ("limbeck run --dev^ mine.yaml", ["--device"]),
            ("limbeck run --device cu^da", ["cuda"]),
            ("limbeck ru^n --device", ["run"]),
            ("  limbeck   run   --device   cu", ["cuda"]),
            ("limbeck sweep r.yaml --over ä=ö,ü --device cu", ["cuda"]),
        ))

    def test_other_word_breaks(self):
        """Some take ':' and '=' from COMP_WORDBREAKS; then what is offered is the whole word."""
        self.check((("limbeck run --device=cu", ["--device=cuda"]), ("limbeck evaluate a:", ["a:b.pt"]),
                    ("limbeck run --out=my", ["--out=my\\ folder/"]),
                    ("limbeck loss kl --labels=a:", ["--labels=a:b.pt"])), breaks=" \t\n\"'><;|&(")

    def test_a_users_settings_are_left_alone(self):
        settings = "set -f; shopt -s nullglob failglob nocasematch; IFS=e; words=1; options=2; current=3"
        self.check((("limbeck run --device cu", ["cuda"]), ("limbeck evaluate te", ["teacher.pt"])), before=settings)
        program = (f"{settings}; before=$(set; shopt; set -o); . {self.script('bash')}\n"
                   "COMP_LINE='limbeck ' COMP_POINT=8 COMP_CWORD=1 COMP_WORDS=(limbeck ''); _limbeck\n"
                   "after=$(set; shopt; set -o)\n"
                   "unset -f ${!_limbeck@}; diff <(echo \"$before\") <(echo \"$after\")")
        told = subprocess.run(["bash", "--norc", "-c", program], capture_output=True, text=True).stdout
        changed = set(re.findall(r"^[<>] (\w+)=", told, re.MULTILINE))
        self.assertLessEqual(changed, {"COMPREPLY", "COMP_LINE", "COMP_POINT", "COMP_CWORD", "COMP_WORDS", "before",
                                       "BASH_ARGC", "_"})

    def test_typed_in_a_shell(self):
        terminal = self.terminal("bash", "--norc", "--noprofile", "-i")
        terminal.run(f". {self.script('bash')}\n{SHOW}")
        self.check_typed(terminal)
        terminal.type("\x15limbeck evaluate \"my\t\t\n")
        terminal.wait_for("<evaluate><my folder/in.yaml>")  # a folder, then what is in it
        terminal.type("\x15limbeck da\t\t\t")
        terminal.wait_for("fetch", "images", "synthesize")


@unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
class Zsh(Completion):
    def shell(self, *begin):
        terminal = self.terminal("zsh", "-f", "-i")
        terminal.run("PS1='%% ' LISTMAX=1000; unsetopt beep\n" + "".join(f"{line}\n" for line in begin))
        return terminal

    def sourced(self):
        return self.shell("autoload -Uz compinit; compinit -u -D", f"source {self.script('zsh')}")

    def test_every_command_and_option_is_offered_and_explained(self):
        terminal = self.sourced()
        known = self.options_of_commands()
        for command, options in known.items():
            with self.subTest(command=command):
                told = self.limbeck(*command, "--help", environment={"COLUMNS": "120"}).stdout
                meanings = [" ".join(meaning.split())[:60]
                            for meaning in re.findall(r"^  -[^\n]*?(?:  +|\n {8,})(\S[^\n]*)", told, re.MULTILINE)]
                self.assertTrue(meanings)
                terminal.type(f"\x15limbeck {' '.join(command)} -\t")
                shown = terminal.wait_for(*meanings)
                self.assertEqual([name for name in options if not re.search(rf"(?<!\S){name}(?!\S)", shown)], [])
                inner = [other[-1] for other in known if other[:-1] == command and other != command]
                if inner:
                    terminal.type(f"\x15limbeck {' '.join(command)} \t")
                    shown = terminal.wait_for(*(f"{name} " for name in inner))
                    for name in inner:
                        self.assertRegex(shown, rf"(?m)^{name} +-- \S")

    def test_signs_in_descriptions_are_shown(self):
        terminal = self.sourced()
        terminal.type("\x15limbeck evaluate --\t")
        terminal.wait_for("write: {size: 224, mean: [...], std: [...]}", "mnist, or {digits: {seed: 1}}")
        terminal.type("\x15limbeck distill --\t")
        terminal.wait_for("'{ resnet18: {}, weights: FILE }', or a network", "(default: the data's)")
        terminal.type("\x15limbeck data \t")
        terminal.wait_for("as the data source `images` does, and say what is in it")

    def test_values(self):
        terminal = self.sourced()
        terminal.run("zstyle ':completion:*:(messages|descriptions)' format 'it is: %d'\n")
        for keys, shown in (("run ", ("mine.yaml", "other.yml", r"with\ space.yaml", "runs/", r"my\ folder/")),
                            ("run --out ", ("runs/", r"my\ folder/")), ("run --out=", ("runs/", r"my\ folder/")),
                            ("run --color ", ("always", "auto", "never")), ("run --device=", ("cpu", "cuda", "auto")),
                            ("list ", ("recipe", "stages", "losses", "augmentations")),
                            ("help ", ("distill ", "-- Measure a trained network")),
                            ("help store ", ("build ", "-- Say what a store holds")),
                            ("help run ", ("it is: no more arguments",)),
                            ("run --seed ", ("it is: N",)), ("run --set ", ("it is: KEY=VALUE",)),
                            ("loss kl --student-feature ", ("it is: NAME=FILE",))):
            with self.subTest(keys=keys):
                terminal.type(f"\x15limbeck {keys}\t")
                told = terminal.wait_for(*shown)
                self.assertEqual("notes.txt" in told or "teacher.pt" in told, False)

    def test_typed_in_a_shell(self):
        terminal = self.sourced()
        terminal.run(SHOW)
        # zsh writes '=' behind such an option, and takes the '/' behind a folder away when the line is entered.
        self.check_typed(terminal, {"data images --corr\tsk\t": ["data", "images", "--corrupt=skip"],
                                    "run --out my\t": ["run", "--out", "my folder"],
                                    "run --out=my\t": ["run", "--out=my folder"]})

    def test_it_is_found_in_a_folder_of_functions(self):
        functions = self.folder / "site-functions"
        functions.mkdir()
        (functions / "_limbeck").write_text(self.limbeck("completion", "zsh").stdout)
        terminal = self.shell(f"fpath=({shlex.quote(str(functions))} $fpath)", "autoload -Uz compinit; compinit -u -D")
        for _ in range(2):  # as it is loaded, and again
            terminal.type("\x15limbeck \t")
            terminal.wait_for("-- Measure a trained network on a data set")
        terminal.run("\x15" + SHOW)
        terminal.type("\x15limbeck run --device=cu\t\n")
        terminal.wait_for("<run><--device=cuda>")


if __name__ == "__main__":
    unittest.main()
