"""What each component installs, what uninstall leaves, what the tarball holds.  SPDX-License-Identifier: GPL-2.0-or-later"""
import os
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

SOURCE = Path(os.environ.get("ESPIAL_SOURCE_DIR", Path(__file__).parents[2]))
BUILD = Path(os.environ.get("ESPIAL_BUILD_DIR", SOURCE / "build"))
NUMBER = re.search(r"^project\(espial VERSION (\S+) ", (SOURCE / "CMakeLists.txt").read_text(), re.M)[1]


def said(*args, **more):
    run = subprocess.run([str(a) for a in args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
                         check=False, timeout=120, **more)
    assert run.returncode == 0, (args, run.stdout)
    return run.stdout


def install(component, into):
    """The files that it puts there, as they are named below it."""
    said("cmake", "--install", BUILD, "--component", component, env={**os.environ, "DESTDIR": str(into)})
    manifest = BUILD / f"install_manifest_{component}.txt"
    named = manifest.read_text().splitlines()
    manifest.rename(into / manifest.name)
    found = [str(p.relative_to(into)) for p in into.rglob("*") if p.is_file() and p.parent != into]
    assert sorted(found) == sorted(path.lstrip("/") for path in named), (component, found, named)
    return found


def ends(files, *wanted):
    for end in wanted:
        assert len([f for f in files if f.endswith(end)]) == 1, (end, files)


def test_components(folder):
    plugin = install("plugin", folder / "plugin")
    ends(plugin, "/epan/espial.so", "/epan/espial.lua")
    assert all(re.search(r"/epan/espial\.(so|lua)$|/profiles/IPsec/\w+$", f) for f in plugin), plugin
    documents = install("plugin-doc", folder / "doc")
    ends(documents, "/man7/espial.7", "/espial/README.md", "/docs/guide.md", "/docs/pictures/packets.png", "/plugin/espial-report-1.schema.json")
    # A link of README leads to a page that is installed too, but for what is of the source.
    base = next(f for f in documents if f.endswith("/espial/README.md"))[:-len("README.md")]
    for link in re.findall(r"\]\(([\w./-]+)(?:#[\w-]+)?\)", (SOURCE / "README.md").read_text()):
        assert base + link in documents or link.startswith(("pcaps/", "contrib/", "CONTRIBUTING.md")), link
    ends(install("program-doc", folder / "program-doc"), "/man1/espial.1", "/bash-completion/completions/espial", "/_espial", "/espial.fish")
    if (BUILD / "bin/espial").exists():
        program = install("program", folder / "program")
        assert len(program) == 1 and program[0].endswith("bin/espial"), program


def test_uninstall(folder):
    into = folder / "plugin"
    if not into.exists():
        install("plugin", into)
    own = next(into.rglob("espial.so")).with_name("other.so")
    own.write_text("of another plugin")
    uninstall = ["cmake", f"-DMANIFESTS={into}", "-P", SOURCE / "cmake/uninstall.cmake"]
    said(*uninstall, env={**os.environ, "DESTDIR": str(into)})
    left = [p.name for p in into.rglob("*") if p.is_file()]
    assert left == ["other.so"], left
    assert not list(into.rglob("IPsec")), "an empty profile is left"
    again = subprocess.run([str(a) for a in uninstall], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert again.returncode != 0 and "Nothing was installed" in again.stdout, again.stdout


def test_tarball(_):
    if not (SOURCE / ".git").exists():
        return
    said("cmake", "--build", BUILD, "--target", "dist")
    with tarfile.open(BUILD / f"espial-{NUMBER}.tar.gz") as tar:
        names = tar.getnames()
    top = f"espial-{NUMBER}/"
    assert all(name.startswith(top[:-1]) for name in names), names[:3]
    for wanted in "CMakeLists.txt", "CHANGELOG.md", "LICENSE", "debian/control", "plugin/epan/plugin.c", "pcaps/5_clean_ikev2.pcapng", "cmake/packaging.cmake":
        assert top + wanted in names, wanted
    strange = [name for name in names if "/.gita" in name or "/.ci" in name or "__pycache__" in name]
    assert not strange, strange


def main():
    tests = [value for name, value in globals().items() if name.startswith("test_")]
    with tempfile.TemporaryDirectory() as folder:
        for test in tests:
            test(Path(folder))
    print(f"figure: install: {len(tests)} tests of components, uninstall and tarball")


main()
