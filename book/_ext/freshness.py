"""Sphinx extension: a page is as new as the package it runs, the extensions that make it and the files it loads.

Sphinx compares the text of a page, jupyter-cache its cells; neither sees that something changed beneath them. Here
digests join the configuration, and a changed configuration makes Sphinx act: optimlab/ and book/_ext have all pages
read again, the folders of ``SHOWN`` have them written again with the files they load. Which page runs again is
decided by ``imported``: the modules of optimlab that its code reaches.
"""

import ast
import hashlib
from importlib.util import resolve_name
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHOWN = ("_static", "_templates", "scripts")
DYNAMIC = {"__import__", "eval", "exec", "import_module", "importlib", "runpy", "subprocess"}


def digest(folder, pattern):
    """A short name for the present contents of the files in ``folder`` that match ``pattern``."""
    return digest_of(p for p in (ROOT / folder).rglob(pattern) if p.is_file())


def digest_of(paths):
    """A short name for the present contents of ``paths``."""
    sha = hashlib.sha256()
    for path in sorted(paths):
        sha.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return sha.hexdigest()[:16]


def imported(code):
    """The files of optimlab that the texts ``code`` can run, by what they import, at the top or inside a function, and
    what that imports in turn. Whatever may import in another way, or is not plain Python, counts as all of the package.
    """
    everything = {path for path in (ROOT / "optimlab").rglob("*") if path.is_file() and path.suffix != ".pyc"}
    reached = {path for path in everything if path.suffix != ".py"}
    waiting = [(text, None) for text in code]
    while waiting:
        text, package = waiting.pop()
        try:
            tree = ast.parse(text)
        except SyntaxError:  # a magic of IPython's
            return everything
        names = set(named(tree, package))
        if DYNAMIC & {*names, *(getattr(node, "id", getattr(node, "attr", None)) for node in ast.walk(tree))}:
            return everything
        for path in set().union(*map(files, names)) - reached:
            reached.add(path)
            waiting.append((path.read_text(encoding="utf-8"), ".".join(path.parent.relative_to(ROOT).parts)))
    return reached


def named(tree, package):
    """The dotted names a module of ``package`` imports; of ``from a import b`` both a and a.b, which may be one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), package)
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def files(name):
    """The files that importing ``name`` runs, if it is of the package: its own, and the packages around it."""
    parts = name.split(".")
    if parts[0] != "optimlab":
        return set()
    stems = [ROOT.joinpath(*parts[:n]) for n in range(1, len(parts) + 1)]
    return {path for stem in stems for path in (stem.with_suffix(".py"), stem / "__init__.py") if path.is_file()}


def take_digests(app, config):
    config.digest_of_package = digest("optimlab", "*.py")
    config.digest_of_extensions = digest("book/_ext", "*.py") + digest("book/_ext", "*.cjs")
    config.digest_of_static_files = "".join(digest(f"book/{folder}", "*") for folder in SHOWN)


def setup(app):
    app.add_config_value("digest_of_package", "", "env", str)
    app.add_config_value("digest_of_extensions", "", "env", str)
    app.add_config_value("digest_of_static_files", "", "html", str)
    app.connect("config-inited", take_digests)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
