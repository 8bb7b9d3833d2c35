"""scripts/docs.sh builds the documentation as a site that needs no other host, and its search finds what it should."""
import functools
import html
import html.parser
import http.server
import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import unittest
import urllib.parse

SOURCE = pathlib.Path(os.environ.get("LIMBECK_SOURCE", os.path.join(os.path.dirname(__file__), "..", ".."))).resolve()
MISSING = [name for name in ("sphinx", "myst_parser", "breathe", "furo") if importlib.util.find_spec(name) is None]
MISSING += ["doxygen"] if shutil.which("doxygen") is None else []

# What is looked for, and pages of which one is to be among the first three that are found.
QUERIES = {
    "quantization-aware training": ["docs/how-to/quantization"],
    "bit-identical resume": ["docs/how-to/resume-a-run"],
    "TorchScript teacher": ["docs/how-to/torchscript-teacher"],
    "temperature": ["docs/how-to/teachers-and-losses"],
    "ONNX export": ["docs/how-to/export"],
    "early stopping": ["docs/how-to/early-stopping-and-fine-tuning"],
    "label smoothing": ["docs/how-to/self-distillation"],
    "ensemble": ["docs/how-to/ensembles"],
    "int8": ["docs/how-to/quantization"],
    "cuda": ["docs/how-to/gpu", "docs/how-to/gpu-and-precision", "docs/how-to/install"],
    "sweep": ["docs/how-to/hyperparameter-sweep"],
    "logits": ["docs/how-to/stored-teacher-outputs", "docs/how-to/teachers-and-losses"],
    "co-distillation": ["docs/how-to/ensembles"],
    "LIMBECK_DATA": ["docs/how-to/data"],
    "fitnet": ["docs/reference", "docs/how-to/teachers-and-losses"],
    "WeightedWords": ["include/limbeck/example_of_a_test.h"],
}

HEADER = """#pragma once
// Words with a weight, for a *test*:
//   WeightedWords words("three");
//
// - one entry
//   of a list
#include <string>

namespace limbeck LIMBECK_API {

/// Some words.
class WeightedWords {
 public:
  explicit WeightedWords(const std::string& words);
  double weight = 1.0;  ///< of all words

 private:
  int secret_;
};

/// Counts letters.
int letters(const WeightedWords& words);
/// Counts letters of a text.
int letters(const std::string& text);

}  // namespace limbeck
"""

# Looks for everything, each in a frame of its own, and gives what was found as the page's title.
SEARCHES = """<body><script>
const frames = QUERIES.map((query) => {
  const frame = document.createElement("iframe");
  frame.src = "search.html?q=" + encodeURIComponent(query);
  document.body.append(frame);
  return [query, frame];
});
const done = (page) => /finished|did not match/.test(page?.querySelector(".search-summary")?.textContent);
const links = (page) => [...page.querySelectorAll("ul.search li > a")].map((link) => new URL(link.href).pathname);
const timer = setInterval(() => {
  if (!frames.every(([, frame]) => done(frame.contentDocument))) return;
  clearInterval(timer);
  const found = frames.map(([query, frame]) => [query, links(frame.contentDocument)]);
  document.title = JSON.stringify(Object.fromEntries(found));
}, 100);
</script>"""


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Page(html.parser.HTMLParser):
    """What a page loads by itself, what it links to, and the names of its places."""

    def __init__(self, file):
        super().__init__()
        self.file, self.loaded, self.links, self.places = file, [], [], set()
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.places |= {attributes.get("id"), attributes.get("name")}
        self.loaded += [attributes[name] for name in ("src", "srcset", "data", "poster") if name in attributes]
        if "href" in attributes:
            (self.loaded if tag == "link" else self.links).append(attributes["href"])


def make_tree(folder):
    """The repository as links in another folder, with a further public header."""
    (folder / "include/limbeck").mkdir(parents=True)
    for entry in SOURCE.iterdir():
        if entry.name not in ("include", "build", ".git"):
            (folder / entry.name).symlink_to(entry)
    for file in (SOURCE / "include/limbeck").glob("*.h"):
        shutil.copy(file, folder / "include/limbeck")
    (folder / "include/limbeck/example_of_a_test.h").write_text(HEADER)


def build(folder, out):
    return subprocess.run([folder / "scripts/docs.sh", out], capture_output=True, text=True, timeout=300)


def after_scripts(test, address):
    """A page as a browser has it; a script that fails is an error. From file:// no excerpts can be fetched."""
    done = subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=8000",
                           "--enable-logging=stderr", "--dump-dom", address],
                          capture_output=True, text=True, timeout=120)
    failed = [line for line in done.stderr.splitlines() if "Uncaught" in line and "Failed to fetch" not in line]
    test.assertEqual(failed, [])
    return done.stdout


@unittest.skipIf(MISSING, f"{', '.join(MISSING)} not found; scripts/bootstrap.sh docs installs what builds the site")
class Site(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="limbeck_site_")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        make_tree(cls.folder / "tree")
        cls.site = cls.folder / "site"
        done = build(cls.folder / "tree", cls.site)
        assert done.returncode == 0, done.stdout + done.stderr
        cls.pages = [Page(file) for file in cls.site.rglob("*.html")]

    def test_every_document_is_a_page(self):
        documents = [SOURCE / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
        for document in [*documents, *(SOURCE / "docs").rglob("*.md")]:
            self.assertTrue((self.site / document.relative_to(SOURCE).with_suffix(".html")).exists(), document)
        start = (self.site / "index.html").read_text()
        self.assertRegex(start, r"Limbeck \d+\.\d+\.\d+")
        for place in ("docs/quickstart", "docs/reference", "docs/how-to/quantization", "docs/results/README",
                      "docs/decisions/0001-recipe-components", "CONTRIBUTING", "CHANGELOG"):
            self.assertTrue(re.search(rf'<li class="toctree-l[12][^>]*><a [^>]*href="{place}.html"', start), place)

    def test_nothing_is_loaded_from_another_host(self):
        for page in self.pages:
            self.assertEqual([address for address in page.loaded if re.match(r"(\w+:)?//", address)], [], page.file)
        for style in self.site.rglob("*.css"):
            text = style.read_text()
            self.assertNotIn("@import", text, style)
            for address in re.findall(r"url\([\"']?([^\"')]*)", text):
                self.assertTrue(address.startswith("data:") or (style.parent / address).exists(), f"{style}: {address}")

    def test_every_link_within_the_site_leads_somewhere(self):
        places = {page.file.resolve(): page.places for page in self.pages}
        for page in self.pages:
            for address in page.loaded + page.links:
                path, _, place = address.partition("#")
                if re.match(r"\w+:", address):
                    continue
                path = urllib.parse.unquote(path.partition("?")[0])
                file = (page.file.parent / path).resolve() if path else page.file
                self.assertTrue(file.exists(), f"{page.file}: {address}")
                if place and file in places:
                    self.assertIn(urllib.parse.unquote(place), places[file], f"{page.file}: {address}")

    def test_a_header_is_a_page_with_its_opening_comment_and_what_it_declares(self):
        text = (self.site / "include/limbeck/example_of_a_test.h.html").read_text()
        body = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", "", text)))
        for told in ("limbeck/example_of_a_test.h", "Words with a weight, for a *test*:",
                     'WeightedWords words("three");', "one entry of a list", "class WeightedWords", "Some words.",
                     "double weight = 1.0", "of all words",
                     "letters(const WeightedWords &words)", "Counts letters of a text."):
            self.assertIn(told, body)
        for hidden in ("LIMBECK_API", "secret_", "#include"):
            self.assertNotIn(hidden, body)
        self.assertIn('<div class="highlight-cpp', text)

    @unittest.skipIf(shutil.which("chromium") is None, "chromium is not installed")
    def test_search_finds(self):
        (self.site / "searches.html").write_text(SEARCHES.replace("QUERIES", json.dumps(list(QUERIES))))
        self.addCleanup((self.site / "searches.html").unlink)
        handler = functools.partial(QuietHandler, directory=self.site)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            try:
                page = after_scripts(self, f"http://127.0.0.1:{server.server_address[1]}/searches.html")
            finally:
                server.shutdown()
        title = re.search(r"<title>(.*?)</title>", page)
        self.assertTrue(title, page[-2000:])
        found = json.loads(html.unescape(title[1]))
        for query, expected in QUERIES.items():
            first = [path.removeprefix("/").removesuffix(".html") for path in found[query][:3]]
            self.assertTrue(set(first) & set(expected), f"{query}: expected {expected}, found first {first}")
        # Guides come before results and decisions whose titles have the same word.
        self.assertEqual(found["int8"][0], "/docs/how-to/quantization.html", found["int8"])

    def test_a_dark_system_has_dark_pages(self):
        self.assertIn("body:not([data-theme", (self.site / "_static/styles/furo.css").read_text())

    @unittest.skipIf(shutil.which("chromium") is None, "chromium is not installed")
    def test_it_works_without_a_server(self):
        page = after_scripts(self, f"file://{self.site}/search.html?q=temperature")
        found = re.findall(r'<li[^>]*><a href="([^"?#]*)', page.partition('id="search-results"')[2])
        self.assertIn("docs/how-to/teachers-and-losses.html", found)

    def test_dead_links_and_pages_outside_of_the_contents_are_errors(self):
        tree = self.folder / "bad"
        make_tree(tree)
        for name in ("docs", "README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
            (tree / name).unlink()
        (tree / "docs").mkdir()
        (tree / "docs/site").symlink_to(SOURCE / "docs/site")
        for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/stray.md"):
            (tree / name).write_text("# Title\n")
        (tree / "docs/README.md").write_text("# Contents\n\n- [Page](page.md)\n")
        (tree / "docs/page.md").write_text("# Page\n\n[here](not-there.md) [there](README.md#no-place) ![](none.svg)\n"
                                           "[header](../include/limbeck/example_of_a_test.h)\n")
        done = build(tree, self.folder / "bad_site")
        self.assertNotEqual(done.returncode, 0)
        for told in ("not-there.md", "no-place", "none.svg", "stray.md: WARNING: document isn't included"):
            self.assertIn(told, done.stderr)
        self.assertNotIn("example_of_a_test.h", done.stderr)
        self.assertFalse((self.folder / "bad_site").exists())

    def test_a_folder_of_other_files_is_left_alone(self):
        other = self.folder / "other"
        other.mkdir()
        (other / "thesis.txt").write_text("mine")
        done = build(SOURCE, other)
        self.assertEqual(done.returncode, 2)
        self.assertIn("holds other files than a site", done.stderr)
        self.assertEqual((other / "thesis.txt").read_text(), "mine")


if __name__ == "__main__":
    unittest.main()
