"""The manual page: what `limbeck help --man` prints."""
import re
import shutil
import subprocess
import unittest

from support import SOURCE, ProgramTest

# How the sources name a variable of the environment.
VARIABLE = re.compile(r'\b(?:getenv|variable|add_from|set_if_absent)\("(\w+)"')


def words(text):
    return " ".join(text.split())


class Manual(ProgramTest):
    def page(self):
        return self.limbeck("help", "--man").stdout

    def rendered(self, columns=80):
        """The page as plain text of so many columns."""
        if shutil.which("groff") is None:
            self.skipTest("groff is not installed")
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", f"-rLL={columns}n", "-P-cbou"], input=self.page(),
                              capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_it_depends_on_the_program_alone(self):
        page = self.page()
        for environment in ({"COLUMNS": "40"}, {"LC_ALL": "C", "TZ": "Asia/Tokyo"}):
            self.assertEqual(self.limbeck("help", "--man", environment=environment).stdout, page)
        self.assertTrue(page.isascii())
        self.assertRegex(page, r'\n\.TH LIMBECK 1 \d{4}-\d\d-\d\d "limbeck \d+\.\d+\.\d+" ')
        self.limbeck("help", "--man", "run", expect=2)

    def test_other_readers_find_nothing_wrong(self):
        file = self.folder / "limbeck.1"
        file.write_text(self.page())
        known = ((["mandoc", "-T", "lint"], ""),
                 (["lexgrog"], f'{file}: "limbeck - distils large neural networks into small ones"\n'))
        found = [(command, told) for command, told in known if shutil.which(command[0])]
        if not found:
            self.skipTest("neither mandoc nor lexgrog is installed")
        for command, told in found:
            done = subprocess.run([*command, str(file)], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stdout + done.stderr), (0, told))

    def test_every_command_and_option_is_in_its_place(self):
        page = self.rendered()
        headings = re.findall(r"^[A-Z][A-Z ]+$", page, re.MULTILINE)
        self.assertEqual(headings, ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "EXIT STATUS",
                                    "ENVIRONMENT", "FILES", "SEE ALSO"])
        common = re.search(r"^OPTIONS\n(.*?)^COMMANDS$", page, re.MULTILINE | re.DOTALL)[1]
        told = dict(re.findall(r"^   (limbeck [\w ]+)\n(.*?)(?=^   limbeck|^EXIT STATUS)", page,
                               re.MULTILINE | re.DOTALL))
        known = self.options_of_commands()
        self.assertEqual([name.split()[1:] for name in told], [list(command) for command in known if command])
        for command, options in known.items():
            section = told[" ".join(["limbeck", *command])] if command else ""
            for option in options:
                self.assertRegex(common + section, rf"(?m)^       (-\w, )?{option}\b", command)
            if command:
                self.assertTrue(section.startswith(f"       limbeck {' '.join(command)} "), section)
                self.assertIn(words(self.limbeck(*command, "--help").stdout.split("\nUsage")[0]).replace("`", ""),
                              words(section))

    def test_footers_and_examples_are_in_it(self):
        page = words(self.rendered())
        for command in ("run", "distill", "sweep", "export", "loss", "bench", "compare", "serve", "completion"):
            told = self.limbeck(command, "--help", environment={"COLUMNS": "120"}).stdout
            parts = told.split("\n\n")
            options = max(i for i, part in enumerate(parts) if re.search(r"^  -", part, re.MULTILINE))
            footer = "\n".join(parts[options + 1:]).strip()
            self.assertTrue(footer and "Start with:" not in footer, footer)
            for line in footer.splitlines():
                self.assertTrue(words(line).replace("`", "") in page, line)
        self.assertEqual(page.count("Start with:"), 1)

    def test_it_is_plain_text_without_markup(self):
        for columns in (70, 80, 120):
            page = self.rendered(columns)
            for sign in ("\\", "`", "\x1b"):
                self.assertNotIn(sign, page)
            self.assertEqual(re.findall(r"^\s*[.'][A-Za-z]{1,2}\b.*$", page, re.MULTILINE), [])
            self.assertLessEqual(max(map(len, page.splitlines())), columns)
        self.assertIn("--over KEY=V1,V2,…", page)
        self.assertIn("'{ resnet18: {}, weights: FILE }'", page)
        self.assertIn("~/.cache/limbeck", page)
        self.assertNotIn("\u2010", page)  # hyphens would not be found by those who look for an option
        self.assertNotIn("\u2212", page)

    def test_every_variable_of_the_environment_is_explained(self):
        named = {name for folder in ("src", "app") for file in (SOURCE / folder).rglob("*.cpp")
                 for name in VARIABLE.findall(file.read_text())}
        self.assertLessEqual({"LIMBECK_DATA", "COLUMNS", "OMP_WAIT_POLICY"}, named)  # it looks at something
        section = self.page().split(".SH ENVIRONMENT\n")[1].split(".SH ")[0]
        tags = re.findall(r"\.TP\n\\fB(.*)\\fR", section)
        self.assertLessEqual(named, {name for tag in tags for name in tag.split(", ")})

    def test_exit_codes_are_those_of_the_program(self):
        section = self.page().split(".SH EXIT STATUS\n")[1].split(".SH ")[0]
        self.assertEqual(re.findall(r"\.TP\n\\fB(.*)\\fR", section), ["0", "1", "2", "128 + n"])
        self.limbeck("run", expect=2)
        self.limbeck("run", "nowhere.yaml", expect=1)


if __name__ == "__main__":
    unittest.main()
