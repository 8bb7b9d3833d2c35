"""What is printed: that it arrives, fits the terminal, and explains itself."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unittest

from support import LIMBECK, SOURCE, ProgramTest, write_npy

DIGITS = "data.source={digits: {train: 300, test: 50}}"
QUICK = ("--set", DIGITS, "--set", "stages.teacher.epochs=1", "--set", "stages.distilled.epochs=1")
ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def on_terminal(arguments, columns, environment=None, cwd=None):
    """What the program writes to a terminal of so many columns."""
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(cwd or "/")
        os.environ.update({"TERM": "xterm", **(environment or {})})
        os.environ.pop("COLUMNS", None)
        time.sleep(0.1)  # until the size is set
        os.execv(LIMBECK, [LIMBECK, *map(str, arguments)])
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    told = b""
    while True:
        try:
            ready, _, _ = select.select([master], [], [], 120)
            piece = os.read(master, 65536) if ready else b""
        except OSError:
            break
        if not piece:
            break
        told += piece
    os.close(master)
    os.waitpid(pid, 0)
    return told.decode()


class Output(ProgramTest):
    def test_output_that_is_lost_is_an_error(self):
        """/dev/full takes nothing: every command that prints says so, and fails."""
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet", *QUICK)
        weights = self.out / "stages/distilled/weights.safetensors"
        for name in ("z.npy", "v.npy"):
            write_npy(self.folder / name, [[1.0, 2.0], [0.5, -1.0]])
        commands = [("check", self.recipe, "--resolved"), ("check", self.recipe), ("check", self.recipe, "--json"),
                    ("compare", self.out), ("compare", self.out, "--json"),
                    ("report", self.out), ("report", self.out, "--json"), ("list", "losses"), ("list",),
                    ("list", "losses", "--json"), ("--help",), ("--version",), ("help",),
                    ("help", "--man"), ("completion", "bash"), ("completion", "zsh"),
                    ("run", self.recipe, "--out", self.out, "--quiet", *QUICK), ("init", "new.yaml"),
                    ("evaluate", weights, "--source", "{digits: {train: 20, test: 20}}", "--json"),
                    ("loss", "soft_targets", "--student", "z.npy", "--teacher", "v.npy"),
                    ("export", weights, "--out", "student.onnx"),
                    ("data", "synthesize", "--out", "digits", "--train", 10, "--test", 10)]
        for command in commands:
            with open("/dev/full", "w") as full:
                done = subprocess.run([LIMBECK, *map(str, command)], stdout=full, stderr=subprocess.PIPE, text=True,
                                      cwd=self.folder, timeout=120)
            self.assertEqual(done.returncode, 1, command)
            self.assertIn("cannot write the output: No space left on device", done.stderr, command)

    def test_everything_is_printed_in_one_place(self):
        found = subprocess.run(["grep", "-rnE", r"fmt::print\(|std::cout|\bprintf\(|\bputs\(", SOURCE / "app"],
                               capture_output=True, text=True).stdout
        self.assertEqual(found, "")

    def test_a_closed_terminal_saves_as_ctrl_c_does(self):
        arguments = [LIMBECK, "run", self.recipe, "--out", self.out, "--set", "stages.teacher.epochs=500",
                     "--set", "stages.teacher.checkpoint_seconds=1000"]
        pid, master = pty.fork()
        if pid == 0:
            os.execv(LIMBECK, [str(argument) for argument in arguments])
        metrics = self.out / "stages/teacher/metrics.jsonl"
        for _ in range(600):
            if metrics.exists() and metrics.read_text().count("\n") > 2:
                break
            time.sleep(0.1)
        os.close(master)
        _, status = os.waitpid(pid, 0)
        self.assertEqual(os.waitstatus_to_exitcode(status), 128 + signal.SIGHUP)
        self.assertTrue((self.out / "stages/teacher/checkpoint.safetensors").exists())

    def test_a_run_under_nohup_goes_on(self):
        process = subprocess.Popen(["nohup", LIMBECK, "run", self.recipe, "--out", self.out, "--quiet"],
                                   cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not (self.out / "stages/teacher/metrics.jsonl").exists():
            time.sleep(0.05)
        process.send_signal(signal.SIGHUP)
        self.assertEqual(process.wait(120), 0)

    def test_tables_fit_the_terminal(self):
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet", *QUICK)
        whole = self.limbeck("report", self.out).stdout
        self.assertGreater(max(map(len, whole.splitlines())), 120)  # as wide as it is where there is no terminal
        for columns in (60, 80, 100, 140):
            for told in (self.limbeck("report", self.out, environment={"COLUMNS": str(columns)}).stdout,
                         ESCAPE.sub("", on_terminal(("report", self.out), columns))):
                table = told.replace("\r", "").split("\n\n")[0].splitlines()
                self.assertLessEqual(max(map(len, table)), columns, told)
                self.assertIn("test errors", table[0])
                self.assertIn("accuracy", table[0])
                self.assertEqual("Not shown for want of room" in told, columns < 140)
        self.assertIn("examples/s", self.limbeck("report", self.out, environment={"COLUMNS": "80"}).stdout)  # is named
        for command in (("compare", self.out), ("bench", self.out, "--seconds", 0.01)):
            told = self.limbeck(*command, environment={"COLUMNS": "70"}).stdout.split("\n\n")[0]
            self.assertLessEqual(max(map(len, told.splitlines())), 70, told)

    def test_the_progress_line_fits(self):
        for columns in (40, 80, 120):
            # Long enough for a line, which is drawn ten times a second, on a fast machine too.
            told = on_terminal(("run", self.recipe, "--out", self.folder / str(columns), *QUICK,
                                "--set", "data.source={digits: {train: 3000, test: 50}}",
                                "--set", "stages.teacher.epochs=80"), columns)
            lines = [ESCAPE.sub("", line) for line in told.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
            bars = [line for line in lines if "█" in line or "░" in line]
            self.assertTrue(bars)
            for line in bars:
                self.assertLess(len(line), columns)
                self.assertRegex(line, r"epoch|files")
            self.assertTrue(any("left" in line for line in bars))

    def test_help_is_wrapped(self):
        commands = re.findall(r"^  (\w+)  ", self.limbeck("--help").stdout, re.MULTILINE)
        self.assertIn("distill", commands)
        for command in ([], *([name] for name in commands), ["data", "images"], ["store", "build"]):
            for columns in ("80", "100"):
                told = self.limbeck(*command, "--help", environment={"COLUMNS": columns}).stdout
                self.assertLessEqual(max(map(len, told.splitlines())), int(columns), command)
            self.assertEqual(self.limbeck("help", *command).stdout, self.limbeck(*command, "--help").stdout)
        self.assertLessEqual(max(map(len, self.limbeck("distill", "--help").stdout.splitlines())), 80)
        self.assertIn("there is no command 'rnu'; did you mean 'run'?", self.limbeck("help", "rnu", expect=2).stderr)

    def test_options_stand_in_groups(self):
        for command in ("run", "distill"):
            told = self.limbeck(command, "--help").stdout
            for group in ("Folders:", "What is run:", "Machine:", "What is printed:"):
                self.assertIn(group, told)
        self.assertIn("Teacher:", self.limbeck("distill", "--help").stdout)

    def test_color_is_for_terminals(self):
        self.limbeck("run", self.recipe, "--out", self.out, "--quiet", *QUICK)
        self.assertNotIn("\x1b", self.limbeck("report", self.out).stdout)
        self.assertIn("\x1b[1m", on_terminal(("report", self.out), 100))
        self.assertNotIn("\x1b[", on_terminal(("report", self.out), 100, {"NO_COLOR": "1"}))
        self.assertNotIn("\x1b[", on_terminal(("report", self.out, "--color", "never"), 100))
        always = self.limbeck("report", self.out, "--color=always").stdout
        self.assertIn("\x1b[1m", always)
        self.assertEqual(ESCAPE.sub("", always), self.limbeck("report", self.out).stdout)
        self.assertIn("\x1b[31mlimbeck:", self.limbeck("check", "none.yaml", "--color", "always", expect=1).stderr)

    def test_mistyped_commands_and_options_get_the_nearest_right_name(self):
        for arguments, message in ((("rnu", "x.yaml"), "there is no command 'rnu'; did you mean 'run'?"),
                                   (("run", self.recipe, "--thread", 1),
                                    "`limbeck run` has no option '--thread'; did you mean '--threads'?"),
                                   (("run", self.recipe, "--ouT=x"), "did you mean '--out'?"),
                                   (("data", "fetsch"), "there is no command 'data fetsch'; did you mean 'fetch'?"),
                                   (("data", "synthesize", "--ot", "x"), "did you mean '--out'?"),
                                   (("run", self.recipe, "--bogus"), "`limbeck run --help` shows all"),
                                   (("check", self.recipe, "more"), "`limbeck check` does not expect 'more'"),
                                   ((), "expected a command: 'run'"),
                                   (("run",), "recipe is required")):
            self.assertIn(message, self.limbeck(*arguments, expect=2).stderr)

    def test_the_version_names_the_commit(self):
        told = self.limbeck("-V").stdout
        self.assertEqual(told, self.limbeck("--version").stdout)
        self.assertRegex(told, r"^limbeck \d+\.\d+\.\d+( \([0-9a-f]{12}\))?\n$")

    def test_check_tells_mistakes_as_json(self):
        file = SOURCE / "tests/bad_recipes/ten_mistakes.yaml"
        done = self.limbeck("check", file, "--json", expect=2)
        mistakes = json.loads(done.stdout)
        self.assertGreaterEqual(len(mistakes), 10)
        self.assertEqual(done.stderr.count(f"{file}:"), len(mistakes))
        for mistake in mistakes:
            self.assertEqual(set(mistake), {"file", "line", "column", "path", "message"})
            self.assertGreater(mistake["line"], 0)
            self.assertEqual(mistake["file"], str(file))
        (missing,) = json.loads(self.limbeck("check", "none.yaml", "--json", expect=1).stdout)
        self.assertIn("none.yaml", missing["message"])
        self.assertIn("stages", json.loads(self.limbeck("check", self.recipe, "--json").stdout))


if __name__ == "__main__":
    unittest.main()
