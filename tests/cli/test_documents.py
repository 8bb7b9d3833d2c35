"""What the documents say: their commands run, their recipes are valid, their links lead somewhere."""
import re
import shutil
import subprocess
import unittest

from support import PICTURE_PAGES, SOURCE, ProgramTest, commands_of, pages, recipes_of, write_npy

SMALL = ["--set", "data.source={digits: {train: 300, test: 50}}", "--set", "data.validation=0"]
LINK = re.compile(r"\]\(([^()\s]+)\)")


def tracked_documents():
    """Every Markdown file of the repository, or of the tree where there is no git."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], cwd=SOURCE,
                            capture_output=True, text=True)
    if listed.returncode == 0 and listed.stdout:
        return [SOURCE / name for name in listed.stdout.splitlines() if (SOURCE / name).exists()]
    return [SOURCE / "README.md", *sorted((SOURCE / "docs").rglob("*.md"))]


def prose(document):
    return re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)


def addresses(document):
    """The fragments by which GitHub knows a document's headings."""
    found = {}
    for heading in re.findall(r"^#+ (.*)$", prose(document), re.MULTILINE):
        address = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        count = found[address] = found.get(address, 0) + 1
        yield address if count == 1 else f"{address}-{count - 1}"


def takes_settings(command):
    return command[0] in ("run", "distill", "sweep") or command[:2] in (["store", "build"], ["store", "verify"])


class Documents(ProgramTest):
    def test_every_relative_link_leads_to_a_file_and_a_heading(self):
        documents = tracked_documents()
        self.assertGreater(len(documents), 30)
        dead = []
        for document in documents:
            for target in LINK.findall(prose(document)):
                if re.match(r"\w+:", target):
                    continue  # https:
                path, _, fragment = target.partition("#")
                file = (document.parent / path).resolve() if path else document
                if not file.exists() or fragment and fragment not in addresses(file):
                    dead.append(f"{document.relative_to(SOURCE)}: {target}")
        self.assertEqual(dead, [])

    def test_every_page_is_in_the_table_of_contents(self):
        contents = (SOURCE / "docs/README.md").read_text()
        for file in sorted((SOURCE / "docs").glob("*.md")) + sorted((SOURCE / "docs/how-to").glob("*.md")):
            if file.name != "README.md":
                self.assertIn(f"]({file.relative_to(SOURCE / 'docs')})", contents)

    def test_the_reference_is_what_the_program_prints(self):
        printed = self.limbeck("list", "--markdown").stdout
        self.assertEqual((SOURCE / "docs/reference.md").read_text(), printed,
                         "docs/reference.md is old; mend it by: limbeck list --markdown > docs/reference.md")
        self.limbeck("list", "--markdown", "--json", expect=2)
        self.limbeck("list", "losses", "--markdown", expect=2)

    def test_commands_of_the_documents_run(self):
        self.limbeck("init", "my.yaml")
        for name in ("a", "b", "demo"):
            self.limbeck("run", self.recipe, "--out", f"runs/{name}", "--quiet")
        for name in ("auto", "float32"):
            shutil.copytree(self.folder / "runs/a", self.folder / f"runs/{name}")
        for name in ("z.npy", "v.npy"):
            write_npy(self.folder / name, [[1.0, 2.0], [0.5, -1.0]])
        write_npy(self.folder / "x.npy", [[[[i / 783 for i in range(row, row + 28)] for row in range(0, 784, 28)]]] * 2)
        (self.folder / "recipes").symlink_to(SOURCE / "recipes")
        first, count = self.folder, 0
        for page in pages():
            if page in PICTURE_PAGES:
                continue  # test_pictures has pictures
            commands = [command for command in commands_of(page) if command[0] != "serve"]  # test_serve starts it
            self.folder = first / page.replace("/", "_")
            shutil.copytree(first / "runs", self.folder / "runs")
            for name in ("my.yaml", "x.npy", "z.npy", "v.npy", "recipes"):
                (self.folder / name).symlink_to(first / name)
            for command in commands:
                with self.subTest(page=page, command=command):
                    if command[0] in ("run", "sweep") and command[1].startswith("recipes/"):
                        files = sorted(SOURCE.glob(command[1]))
                        self.assertTrue(files, command[1])
                        for file in files:
                            self.limbeck("check", file)  # test_commands runs them, scaled down
                    else:
                        done = self.limbeck(*command, *(SMALL if takes_settings(command) else []))
                        self.assertTrue(done.stdout or "--out" in command)
                        if command[0] == "run" and "--seeds" in command:
                            self.assertIn("3 seeds", done.stdout)
                    count += 1
        self.folder = first
        self.assertGreater(count, 30)

    def test_recipes_of_the_documents_are_valid(self):
        self.limbeck("init", "whole.yaml")
        whole = (self.folder / "whole.yaml").read_text()
        count = 0
        for page in [*pages(), "docs/reference.md"]:
            for text in recipes_of(page, whole):
                self.recipe.write_text(text)
                with self.subTest(page=page, text=text):
                    self.limbeck("check", self.recipe)
                    count += 1
        self.assertGreater(count, 20)


if __name__ == "__main__":
    unittest.main()
