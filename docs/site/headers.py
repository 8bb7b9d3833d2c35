"""Writes a page for each public header: its opening comment, then what Doxygen found in it, in the header's order.
Usage: headers.py HEADERS XML OUT"""
import collections
import pathlib
import re
import sys
import textwrap
import xml.etree.ElementTree as ElementTree

from pygments.lexers import CppLexer
from pygments.token import Token

TYPES = ("class", "struct", "enum", "typedef")  # each has a heading of its own
GATHERED = {"function": "Functions", "variable": "Constants", "define": "Macros"}  # these share one


def opening_comment(header):
    """The header's first block of `//` lines as Markdown; what is indented there is an example or a formula."""
    block = re.search(r"^(?://(?!/).*\n)+", header, re.MULTILINE)
    text = re.sub(r"^// ?", "", block[0], flags=re.MULTILINE) if block else ""
    text = re.sub(r"^- .*(?:\n  .*)*", lambda item: re.sub(r"\n *", " ", item[0]), text, flags=re.MULTILINE)  # lists
    parts = re.split(r"((?:^  .*\n|^\n(?=  ))+)", text, flags=re.MULTILINE)  # prose, indented, prose, ...
    return "\n\n".join(fenced(part) if i % 2 else plain(part) for i, part in enumerate(parts))


def fenced(code):
    code = textwrap.dedent(code).strip("\n")
    language = "text" if any(kind is Token.Error for kind, _ in CppLexer().get_tokens(code)) else "cpp"
    return f"```{language}\n{code}\n```"


def plain(text):
    """Text in which Markdown's signs mean nothing, but for `code`."""
    return "".join(part if part.startswith("`") else re.sub(r"([\\<>*_\[\]|~$#{}])", r"\\\1", part)
                   for part in re.split(r"(`[^`]*`)", text))


def declarations(folder):
    """(file, line, kind, name, arguments) of all that is declared outside of a class."""
    compounds = [compound for path in folder.glob("*.xml") for compound in ElementTree.parse(path).iter("compounddef")]
    classes = {compound.findtext("compoundname") for compound in compounds if compound.get("kind") in TYPES}
    for compound in compounds:
        found = [compound] if compound.get("kind") in TYPES else compound.iter("memberdef")
        for element in found:
            name = element.findtext("compoundname") or element.findtext("qualifiedname") or element.findtext("name")
            if name.rpartition("::")[0] not in classes:
                place = element.find("location")
                yield (place.get("file"), int(place.get("line")), element.get("kind"), name,
                       element.findtext("argsstring") or "")


def directive(kind, name, arguments=""):
    options = [":members:", ":protected-members:", ":undoc-members:"] if kind in ("class", "struct") else []
    return "\n".join([f"```{{doxygen{kind}}} {name}{arguments}", *options, "```", ""])


def page(header, found, overloaded):
    parts = [f"# limbeck/{header.name}", opening_comment(header.read_text(encoding="utf-8"))]
    for _, kind, name, _ in found:
        if kind in TYPES:
            parts += [f"## {plain(name.removeprefix('limbeck::'))}", directive(kind, name)]
    for kind, heading in GATHERED.items():
        those = [(name, arguments) for _, other, name, arguments in found if other == kind]
        parts += [f"## {heading}"] * bool(those)
        parts += [directive(kind, name, arguments if name in overloaded else "") for name, arguments in those]
    return "\n\n".join(parts) + "\n"


def main():
    headers, xml, out = map(pathlib.Path, sys.argv[1:])
    found = sorted(set(declarations(xml)))
    count = collections.Counter(name for _, _, kind, name, _ in found if kind == "function")
    overloaded = {name for name in count if count[name] > 1}  # their arguments say which is meant
    out.mkdir(parents=True)
    for header in sorted(headers.glob("*.h")):
        text = page(header, [rest for file, *rest in found if pathlib.Path(file).name == header.name],
                    overloaded)
        (out / f"{header.name}.md").write_text(text, encoding="utf-8")


main()
