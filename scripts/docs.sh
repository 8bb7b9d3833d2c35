#!/usr/bin/env bash
# Builds the documentation as a site with search: all Markdown of docs/, and the C++ API from the comments of the public
# headers. It needs no server: open index.html. A page that is in no list of docs/README.md, or a link that leads
# nowhere, is an error. Usage: scripts/docs.sh [OUT]
#   OUT   the site's folder, build/docs if it is left out; a site that is there is replaced once the new one is whole
set -euo pipefail
out=$(realpath -m "${1:-"$(dirname "$0")/../build/docs"}")
cd "$(dirname "$0")/.."
fail() { echo "scripts/docs.sh: $*" >&2; exit 2; }
[ $# -le 1 ] || fail "expected at most one argument, the site's folder"
if [ -n "$(ls -A "$out" 2>/dev/null)" ] && [ ! -e "$out/searchindex.js" ]; then
  fail "'$out' holds other files than a site; name a folder that is empty or not there"
fi
python3 -c "import sphinx, myst_parser, breathe, furo" 2>/dev/null && command -v doxygen >/dev/null ||
  { scripts/bootstrap.sh docs && PATH=/usr/bin:$PATH; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# What the pages are, and what they may link to. A link to a public header leads to its page.
mkdir "$work/source"
cp -rL README.md CONTRIBUTING.md CHANGELOG.md docs "$work/source"
ln -s "$PWD"/{LICENSE,examples,recipes,scripts,src,tests} "$work/source"

if [ -d include/limbeck ]; then
  doxygen - <<END
INPUT = include/limbeck
OUTPUT_DIRECTORY = "$work"
GENERATE_XML = YES
XML_PROGRAMLISTING = NO
GENERATE_HTML = NO
GENERATE_LATEX = NO
EXTRACT_ALL = YES
SORT_MEMBER_DOCS = NO
EXPAND_ONLY_PREDEF = YES
MACRO_EXPANSION = YES
PREDEFINED = LIMBECK_API=
QUIET = YES
WARN_IF_DOC_ERROR = NO
END
  sed -i '/^ *<includes /d' "$work"/xml/*.xml # which would stand below each class
  python3 docs/site/headers.py include/limbeck "$work/xml" "$work/source/include/limbeck"
fi

# Of Sphinx's own deprecations nothing is told: they are its extensions' to mend.
PYTHONWARNINGS=ignore python3 -m sphinx -q -W --keep-going -b html -c docs/site -d "$work/doctrees" \
  -D breathe_projects.limbeck="$work/xml" "$work/source" "$work/site"
cp "$work/site/README.html" "$work/site/index.html"
rm -rf "$out"
mkdir -p "$(dirname "$out")"
mv "$work/site" "$out"
echo "The documentation is in $out/index.html"
