"""The README's table of claims is a choice of the rows of docs/results/README.md."""
import os
import pathlib
import re
import unittest

SOURCE = pathlib.Path(os.environ["LIMBECK_SOURCE"])


def rows(text):
    """The rows of the first table whose head begins with "claim"."""
    lines = text.split("\n")
    head = next(i for i, line in enumerate(lines) if line.startswith("| claim |"))
    end = next(i for i in range(head, len(lines)) if not lines[i].startswith("|"))
    return lines[head + 2:end]


class Claims(unittest.TestCase):
    def setUp(self):
        self.all = rows((SOURCE / "docs/results/README.md").read_text())

    def test_the_readme_says_what_the_results_say(self):
        shown = rows((SOURCE / "README.md").read_text())
        self.assertGreater(len(shown), 5)
        self.assertTrue(any("does not hold" in row for row in shown), "it shows what failed, too")
        for row in shown:
            self.assertIn(row.replace("](docs/results/", "]("), self.all)

    def test_each_claim_has_a_verdict_and_a_page(self):
        self.assertGreater(len(self.all), 20)
        for row in self.all:
            cells = [cell.strip() for cell in row.strip("|").split("|")]
            self.assertEqual(len(cells), 6, row)
            self.assertRegex(cells[3], r"^(holds|does not hold|not reproduced|cannot be seen)", row)
            self.assertRegex(cells[4], r"^[1-9]\d*$", row)
            page = re.fullmatch(r"\[[^]]+\]\(([\w-]+\.md)(#[\w-]+)?\)", cells[5])
            self.assertTrue(page and (SOURCE / "docs/results" / page[1]).is_file(), row)


if __name__ == "__main__":
    unittest.main()
