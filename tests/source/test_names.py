"""One name, one type: two classes of one name in one namespace are undefined behaviour that no linker reports."""

import collections
import os
import re
import unittest

from test_includes import sources

DEFINITION = re.compile(r"^(?:template <[^\n]*>\n"
                        r")?(?:class|struct|enum class|union) (?:\[\[\w+\]\] )?(\w+)\b(?!::|<)[^;\n]*\{", re.MULTILINE)
ANONYMOUS = re.compile(r"^namespace \{\n.*?^\}  // namespace\n", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"//[^\n]*")


def shared_types(text):
    """Names of the types at namespace level that other files could see or clash with."""
    return DEFINITION.findall(COMMENT.sub("", ANONYMOUS.sub("", text)))


class Names(unittest.TestCase):
    def test_no_type_is_defined_twice(self):
        places = collections.defaultdict(list)
        for path, text in sources("src", "app", "include"):
            for name in shared_types(text):
                places[name].append(path)
        self.assertGreater(len(places), 200)  # it looks at something
        self.assertEqual({name: found for name, found in places.items() if len(found) > 1}, {})

    def test_it_sees_a_name_that_is_defined_twice(self):
        one = "namespace limbeck {\nstruct Noise {\n  int seed;\n};\nnamespace {\nstruct Own {\n};\n}  // namespace\n}"
        other = "namespace limbeck {\nenum class Noise { exceeded };\n}"
        self.assertEqual(shared_types(one), ["Noise"])
        self.assertEqual(shared_types(other), ["Noise"])


if __name__ == "__main__":
    unittest.main()
