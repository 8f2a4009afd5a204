"""Sphinx extension: what the pages run is bundled by esbuild from book/scripts/NAME/ into _static/scripts/NAME/.

    main.js, main.css   put on the pages that called ``use(env, "NAME")``, and on no other
    WHAT.lazy.js        a script that main.js loads when it is first needed
    WHAT.worker.js      a module worker

All other files there are parts of these. Scripts are classic (IIFE), so that they run from file:// too; workers are ES
modules and need a served site. A script may import a module that exists only at build time: a listener of the event
``bundle-generate`` returns {"kernels": "export const ..."} and the script says ``import ... from "kernels"``.
A script that esbuild does not take stops the build.
"""

import subprocess
import tempfile
from pathlib import Path

from sphinx.errors import ExtensionError

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "book/scripts"
ENTRIES = ("main.js", "main.css", "*.lazy.js", "*.worker.js")
TARGET = "es2022"
READ_ON_SCREEN = ("html", "dirhtml")  # paper and EPUB run no scripts


def esbuild():
    """The esbuild of node_modules, a program that needs no Node."""
    for place in ("bin/esbuild", "esbuild.exe"):
        for program in sorted(ROOT.glob(f"node_modules/@esbuild/*/{place}")):
            return program
    raise ExtensionError(
        "esbuild is not in node_modules, so the book has no scripts; `make book` or `npm ci` brings it"
    )


def bundle(folder, target, generated=None):
    """Bundle the entries of ``folder`` into ``target``; ``generated`` maps names of modules to their source."""
    entries = sorted(path for pattern in ENTRIES for path in folder.glob(pattern))
    if not entries:
        raise ExtensionError(f"{folder} has no entry to bundle: none of {', '.join(ENTRIES)}")
    with tempfile.TemporaryDirectory() as made:
        alias = []
        for name, source in (generated or {}).items():
            (Path(made) / f"{name}.js").write_text(source, encoding="utf-8")
            alias.append(f"--alias:{name}={Path(made) / name}.js")
        workers = [path for path in entries if path.name.endswith(".worker.js")]
        for kind, paths in {"iife": [path for path in entries if path not in workers], "esm": workers}.items():
            if paths:
                how = [
                    "--bundle",
                    "--minify",
                    "--charset=utf8",
                    "--loader:.py=text",
                    f"--target={TARGET}",
                    f"--format={kind}",
                ]
                run([*paths, *how, *alias, "--legal-comments=none", "--external:*.woff2", f"--outdir={target}"])


def run(arguments):
    result = subprocess.run([esbuild(), "--log-level=warning", *arguments], cwd=ROOT, capture_output=True, text=True,
                            encoding="utf-8")  # fmt: skip
    if result.returncode or result.stderr:  # a warning of esbuild is nearly always a slip
        raise ExtensionError(f"esbuild does not take a script of the book:\n{result.stderr}")


def use(env, name):
    """Put main.js and main.css of book/scripts/``name`` on the page that is being read."""
    if not (SCRIPTS / name).is_dir():
        raise ExtensionError(f"book/scripts has no folder {name!r}")
    env.metadata[env.docname][f"bundle-{name}"] = name


def bundle_all(app):
    """Before any page is written, for Sphinx puts the checksum of a script into the pages that load it."""
    if app.builder.name not in READ_ON_SCREEN:
        return
    generated = {name: text for modules in app.emit("bundle-generate") for name, text in (modules or {}).items()}
    for folder in sorted(main.parent for main in SCRIPTS.glob("*/main.js")):
        bundle(folder, Path(app.outdir) / "_static/scripts" / folder.name, generated)


def put_on_page(app, pagename, templatename, context, doctree):
    if app.builder.name not in READ_ON_SCREEN:
        return
    for key, name in sorted(app.env.metadata.get(pagename, {}).items()):
        if key.startswith("bundle-"):
            app.add_js_file(f"scripts/{name}/main.js", loading_method="defer")
            if (SCRIPTS / name / "main.css").exists():
                app.add_css_file(f"scripts/{name}/main.css")


def setup(app):
    app.add_event("bundle-generate")
    app.connect("builder-inited", bundle_all)
    app.connect("html-page-context", put_on_page)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
