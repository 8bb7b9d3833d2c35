"""The Debian packages: made, unpacked into a root of their own, used there, and removed without a trace."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from support import LIMBECK, SOURCE

BUILD = pathlib.Path(LIMBECK).parent


def run(*command, expect=0, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=600, **options)
    if done.returncode != expect:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


@unittest.skipUnless((BUILD / "lib/liblimbeck.so").exists() and shutil.which("dpkg-shlibdeps") and shutil.which("file"),
                     "needs the built library, and dpkg-dev and file")
class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="limbeck_packages_"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        run(SOURCE / "scripts/packages.sh", cls.folder / "made")
        (cls.program,) = (cls.folder / "made").glob("limbeck_*.deb")
        (cls.development,) = (cls.folder / "made").glob("liblimbeck-dev_*.deb")

    def field(self, package, name):
        return run("dpkg-deb", "-f", package, name).strip()

    def test_they_say_what_they_need(self):
        needs = self.field(self.program, "Depends")
        self.assertRegex(needs, r"\blibtorch\d")
        self.assertIn("libyaml-cpp", needs)
        version = self.field(self.program, "Version")
        self.assertRegex(version, r"^\d+\.\d+\.\d+$")
        self.assertRegex(self.field(self.development, "Depends"),
                         rf"^limbeck \(= {re.escape(version)}\), libtorch-dev \(>= \d[^)]*\)$")
        for package in (self.program, self.development):
            self.assertTrue(self.field(package, "Description"))

    def dpkg(self, root, *arguments):
        """As dpkg does it, in a root of its own; what the packages need lies in the system's."""
        options = ["--force-not-root"] if os.geteuid() != 0 else []
        run("dpkg", f"--root={root}", "--force-depends", "--force-script-chrootless", *options, *arguments,
            env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})

    def files(self, root):
        return {str(path.relative_to(root)) for path in root.rglob("*")
                if not str(path.relative_to(root)).startswith(("var/lib/dpkg", "var/log", "etc/ld.so.cache"))}

    def test_installed_used_and_removed(self):
        root = self.folder / "root"
        for name in ("info", "updates"):
            (root / "var/lib/dpkg" / name).mkdir(parents=True)
        (root / "var/lib/dpkg/status").touch()
        before = self.files(root)
        self.dpkg(root, "-i", self.program, self.development)
        installed = self.files(root)
        for name in ("usr/bin/limbeck", "usr/libexec/limbeck/limbeck-engine", "usr/include/limbeck/predictor.h",
                     "usr/share/man/man1/limbeck.1", "usr/share/bash-completion/completions/limbeck",
                     "usr/share/zsh/vendor-completions/_limbeck", "usr/share/limbeck/recipes/demo.yaml",
                     "usr/share/doc/limbeck/copyright", "usr/share/limbeck/recipe.schema.json",
                      "usr/share/doc/liblimbeck-dev/copyright"):
            self.assertIn(name, installed)
        program = root / "usr/bin/limbeck"
        shipped = sorted((root / "usr/share/limbeck/recipes").rglob("*.yaml"))
        recipes = sorted((SOURCE / "recipes").rglob("*.yaml"))
        self.assertEqual([path.relative_to(root / "usr/share/limbeck/recipes") for path in shipped],
                         [path.relative_to(SOURCE / "recipes") for path in recipes])
        out = self.folder / "demo"
        run(program, "run", root / "usr/share/limbeck/recipes/demo.yaml", "--out", out, "--quiet",
            "--set", "data.source={digits: {train: 500, test: 100}}", "--set", "data.validation=0")
        self.assertTrue((out / "report.html").exists())
        # No path of the machine on which they were made, but for the folder in which onnxruntime is looked for.
        for file in ("usr/bin/limbeck", next(name for name in installed if name.endswith("liblimbeckConfig.cmake") or
                                             name.endswith("limbeck/limbeckConfig.cmake"))):
            self.assertNotIn(str(SOURCE).encode(), (root / file).read_bytes())
        self.dpkg(root, "-P", "liblimbeck-dev", "limbeck")
        self.assertEqual(self.files(root), before)


if __name__ == "__main__":
    unittest.main()
