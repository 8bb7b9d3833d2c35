"""Configuration of the documentation's site, which scripts/docs.sh builds by Sphinx from the Markdown as it is."""
import pathlib
import re

project = "Limbeck"
_version = (pathlib.Path(__file__).parents[2] / "include/limbeck/version.h").read_text()
release = ".".join(re.findall(r"^#define LIMBECK_VERSION_[A-Z]+ (\d+)$", _version, re.MULTILINE))

extensions = ["myst_parser", "breathe"]
root_doc = "README"
include_patterns = ["*.md", "docs/**", "include/**"]
myst_heading_anchors = 4
suppress_warnings = ["myst.header"]  # a page may leave out a level of headings
highlight_language = "none"
breathe_default_project = "limbeck"

html_theme = "furo"
html_title = f"Limbeck {release}"
html_static_path = ["style"]
html_css_files = ["site.css"]
html_search_scorer = str(pathlib.Path(__file__).with_name("scorer.js"))
html_copy_source = html_show_copyright = html_use_index = html_domain_indices = False

LINK = re.compile(r"\]\(([^()#\s]+)\.md\)")


def tree(pages, caption=""):
    """A part of the sidebar, as MyST has it."""
    options = [":hidden:", *[f":caption: {caption}"] * bool(caption)]
    return "\n".join(["", "```{toctree}", *options, "", *pages, "```", ""])


def contents(page):
    """(caption, pages) for each list of docs/README.md: its caption is the line above."""
    caption, pages = "", []
    for line in page.splitlines():
        links = LINK.findall(line)
        if links:
            pages += [f"/docs/{link}" for link in links]
        elif line and not line.startswith((" ", "- ")):
            yield caption, pages
            caption, pages = line.strip("# "), []
    yield caption, pages


def add_navigation(app, page, source):
    """The sidebar is docs/README.md's lists; pages of a folder stand below the folder's README.md."""
    folder = pathlib.Path(app.srcdir)
    headers = sorted(f"/include/limbeck/{file.stem}" for file in (folder / "include/limbeck").glob("*.md"))
    if page == root_doc:
        lists = contents((folder / "docs/README.md").read_text(encoding="utf-8"))
        source[0] += tree(["docs/README"]) + "".join(tree(pages, caption) for caption, pages in lists if pages)
        if headers and not (folder / "docs/api.md").exists():
            source[0] += tree(headers, "C++ API")
    elif page == "docs/api":
        source[0] += tree(headers)
    elif re.fullmatch(r"docs/\w+/README", page):
        pages = sorted(file.stem for file in (folder / page).parent.glob("*.md"))
        source[0] += tree(page for page in pages if page != "README")


def mend_theme(app, _):
    """Debian's Furo: one of its scripts is a module that is not loaded as one; a part of its style is at a server's
    /javascript; and only a reader who asks for dark colours gets them, not one whose system has them."""
    static = pathlib.Path(app.outdir) / "_static"
    script, style = static / "scripts/furo.js", static / "styles/furo.css"
    text = script.read_text(encoding="utf-8")
    if re.match("import .*Gumshoe", text):
        spy = (static / "scripts/gumshoe-patched.js").read_text(encoding="utf-8")
        script.write_text(spy + text.partition("\n")[2], encoding="utf-8")
    text = re.sub(r"@import url\((/javascript/[^)]*)\);", lambda part: pathlib.Path(f"/usr/share{part[1]}").read_text(),
                  style.read_text(encoding="utf-8"))
    if "body:not([data-theme" not in text:
        dark = re.search(r"body\[data-theme=\"?dark\"?\] *\{[^}]*\}", text)[0]
        dark = dark.replace(dark[:dark.index("{")], "body:not([data-theme=light])")
        text += f"\n@media screen and (prefers-color-scheme: dark) {{ {dark} }}\n"
    style.write_text(text, encoding="utf-8")


def setup(app):
    app.connect("source-read", add_navigation)
    app.connect("build-finished", mend_theme)
