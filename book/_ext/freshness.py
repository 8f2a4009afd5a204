"""Sphinx extension: a page is as new as the package it runs, the extensions that make it and the files it loads.

Sphinx compares the text of a page, jupyter-cache its cells; neither sees that optimlab/ changed beneath them. Here
three digests join the configuration, and a changed configuration makes Sphinx act: optimlab/ names the folder of the
execution cache (every notebook runs again, and an older state of the package still finds its old results), book/_ext
has all pages read again, book/_static and book/scripts have them written again with the files they load.
"""

import hashlib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def digest(folder, pattern):
    """A short name for the present contents of the files in ``folder`` that match ``pattern``."""
    sha = hashlib.sha256()
    for path in sorted(p for p in (ROOT / folder).rglob(pattern) if p.is_file()):
        sha.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return sha.hexdigest()[:16]


def take_digests(app, config):
    config.nb_execution_cache_path = str(Path(app.outdir).parent / ".jupyter_cache" / digest("optimlab", "*.py"))
    config.digest_of_extensions = digest("book/_ext", "*.py") + digest("book/_ext", "*.cjs")
    config.digest_of_static_files = digest("book/_static", "*") + digest("book/scripts", "*")


def setup(app):
    app.add_config_value("digest_of_extensions", "", "env", str)
    app.add_config_value("digest_of_static_files", "", "html", str)
    app.connect("config-inited", take_digests)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
