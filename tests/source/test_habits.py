"""The scripts that hold commits and sources to the project's habits find what they are for."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ.get("LIMBECK_SOURCE", os.path.join(os.path.dirname(__file__), "..", ".."))).resolve()


class Repository(unittest.TestCase):
    """A git repository with the scripts in it and nothing else."""

    def setUp(self):
        if shutil.which("git") is None:
            self.skipTest("git is not installed")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        shutil.copytree(SOURCE / "scripts", self.folder / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(SOURCE / ".clang-format", self.folder)
        self.git("init", "-q")
        self.git("add", ".")
        self.git("commit", "-qm", "Scripts")

    def git(self, *arguments):
        return self.run_in_it("git", "-c", "user.name=n", "-c", "user.email=n@example.org", *arguments)

    def run_in_it(self, *command, path=None):
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", **({"PATH": path} if path else {})}
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, env=environment)
        return done.returncode, done.stdout + done.stderr

    def add(self, name, text):
        (self.folder / name).write_text(text)
        self.git("add", name)


class CommitMessages(Repository):
    def told(self, message):
        (self.folder / "message").write_text(message)
        return self.run_in_it("scripts/commit_message.sh", "message")

    def test_good_messages_pass(self):
        for message in ("Report: charts in a folder of their own", "x" * 72 + "\n",
                        "Subject\n\nA body of a sentence. And\n" + "y" * 99 + "\n",
                        "\nSubject\n# a comment of git's, " + "z" * 200 + "\n\nBody\n",
                        "Subject\n\nhttps://example.org/" + "a" * 200 + "\n",
                        "Ä" * 72,
                        "Subject\n\nBody\n# ------------------------ >8 ------------------------\n" + "x y" * 90,
                        "Merge branch 'a-branch-with-a-long-name' of a-repository-with-a-long-name into another-one"):
            self.assertEqual(self.told(message), (0, ""), message)

    def test_bad_messages_are_refused_with_the_reason(self):
        for message, reason in (("x" * 73, "the subject has 73 characters; expected at most 72"),
                                ("Ends with a full stop.", "the subject ends with a full stop"),
                                ("Subject\nbody", "the second line is not empty: 'body'"),
                                ("Subject\n\nfine\n" + "y " * 51, "line 4 has 102 characters; expected at most 100"),
                                ("# nothing but a comment\n", "there is no subject"), ("", "there is no subject"),
                                (" Subject", "")):
            code, told = self.told(message)
            self.assertEqual(code, 1, message)
            self.assertIn(reason, told)

    def test_git_asks_once_the_hook_is_installed(self):
        self.assertEqual(self.run_in_it("scripts/hooks.sh"), (0, ""))
        code, told = self.git("commit", "--allow-empty", "-qm", "Ends with a full stop.")
        self.assertNotEqual(code, 0)
        self.assertIn("the subject ends with a full stop", told)
        self.assertEqual(self.git("commit", "--allow-empty", "-qm", "Ends without one"), (0, ""))


class Format(Repository):
    def check(self, path=None):
        return self.run_in_it("scripts/format.sh", "--check", path=path)

    def formatter(self):
        for name in ("clang-format-14", "clang-format"):
            if shutil.which(name) and " version 14." in subprocess.run([name, "--version"], capture_output=True,
                                                                       text=True).stdout:
                return True
        return False

    def test_cpp_that_is_formatted_otherwise_is_named_and_mended(self):
        if not self.formatter():
            self.skipTest("clang-format 14 is not installed")
        self.assertEqual(self.check(), (0, ""))
        self.add("bad.cpp", "int  f( ) {return 1 ;}\n")
        code, told = self.check()
        self.assertEqual(code, 1)
        self.assertIn("scripts/format.sh mends them:\nbad.cpp\n", told)
        self.assertEqual(self.run_in_it("scripts/format.sh"), (0, ""))
        self.assertEqual((self.folder / "bad.cpp").read_text(), "int f() {\n  return 1;\n}\n")
        self.assertEqual(self.check(), (0, ""))

    def test_long_lines_are_named(self):
        long = "word " * 24 + "word.\n"
        for name in ("a.md", "b.py", "c.js", "d.css", "e.yaml", "CMakeLists.txt", "g.cmake", "h.sh", "i.html", "j.mjs"):
            self.add(name, "short\n" + long)
            code, told = self.check()
            self.assertEqual(code, 1, name)
            self.assertIn(f"{name}:2: word", told)
            self.add(name, "ä" * 110 + " short enough\n")

    def test_what_cannot_be_broken_is_left_alone(self):
        word, long = "x" * 130, "word " * 25
        self.add("a.md", f"https://example.org/{word}\n- {word}\n| {long} | {long} |\n```\n{long}\n```\n")
        self.add("b.py", f"# {word}\n")
        self.add("plot.svg", long)
        self.assertIn(self.check()[0], (0, 77))

    def test_another_version_of_the_formatter_is_told(self):
        tools = self.folder / "tools"
        tools.mkdir()
        for name in ("bash", "dirname", "git", "xargs", "python3", "sort", "sed", "nproc", "env"):
            (tools / name).symlink_to(shutil.which(name))
        code, told = self.check(str(tools))
        self.assertEqual(code, 77, told)
        self.assertIn("clang-format 14 is needed (Debian 12's clang-format-14), found is none", told)
        (tools / "clang-format").write_text(f"#!{shutil.which('bash')}\necho clang-format version 19.1.7\n")
        (tools / "clang-format").chmod(0o755)
        self.assertIn("found is clang-format version 19.1.7", self.check(str(tools))[1])
        self.assertEqual(self.run_in_it("scripts/format.sh", path=str(tools))[0], 2)


class Changelog(unittest.TestCase):
    def test_versions_are_dated_and_the_newest_comes_first(self):
        text = (SOURCE / "CHANGELOG.md").read_text(encoding="utf-8")
        first, *versions = re.findall(r"^## (.*)$", text, re.MULTILINE)
        self.assertEqual(first, "Unreleased")
        dates = [re.fullmatch(r"\d+\.\d+\.\d+ - (\d{4}-\d\d-\d\d)", version) for version in versions]
        self.assertTrue(dates and all(dates), versions)
        self.assertEqual([date[1] for date in dates], sorted((date[1] for date in dates), reverse=True))
        numbers = re.findall(r"^#define LIMBECK_VERSION_[A-Z]+ (\d+)$",
                             (SOURCE / "include/limbeck/version.h").read_text(encoding="utf-8"), re.MULTILINE)
        date = re.search(r'kVersionDate = "(.*)";', (SOURCE / "src/core/version.h").read_text(encoding="utf-8"))[1]
        self.assertEqual(versions[0], ".".join(numbers) + " - " + date)
        kinds = set(re.findall(r"^### (.*)$", text, re.MULTILINE))
        self.assertLessEqual(kinds, {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"})


class Tidy(Repository):
    def test_only_changed_lines_of_compiled_files_are_looked_at(self):
        (self.folder / "build").mkdir()
        names = ("seen.cpp", "header.cpp", "still.cpp")
        (self.folder / "build/compile_commands.json").write_text(
            "[" + ",".join(f'{{"file": "{self.folder / name}"}}' for name in names) + "]")
        for name in (*names, "header.h", "left.cpp"):
            self.add(name, "int a;\nint b;\nint c;\n")
        self.git("commit", "-qm", "Files")
        for name in ("seen.cpp", "header.h", "left.cpp"):
            (self.folder / name).write_text("int a;\nint bb;\nint c;\nint d;\nint e;\n")
        (self.folder / "still.cpp").write_text("int a;\nint c;\n")  # a line that has gone is nothing to look at
        diff = self.git("diff", "-U0", "--", "*.h", "*.cpp")[1]
        done = subprocess.run([sys.executable, "scripts/changed_cpp.py", "build"], input=diff, cwd=self.folder,
                              capture_output=True, text=True, check=True)
        lines, *files = done.stdout.splitlines()
        self.assertEqual(files, ["header.cpp", "seen.cpp"])
        self.assertIn('{"name": "header.h", "lines": [[2, 2], [4, 5]]}', lines)
        self.assertNotIn("still", lines)


if __name__ == "__main__":
    unittest.main()
