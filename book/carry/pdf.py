"""The whole book as one PDF, printed by Chromium: bookmarks from its headings, page numbers and links within."""

import html
import shutil
import subprocess
import tempfile
from pathlib import Path

from parts import parts

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
ON_MACOS = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
SWITCHES = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--no-pdf-header-footer", "--generate-pdf-document-outline",
            "--virtual-time-budget=60000")  # fmt: skip
STYLES = ("_static/katex/katex.css", "_static/pygments.css")
PAGE = """<!doctype html>
<html lang="en" data-theme="light">
<meta charset="utf-8"><title>{title}</title><base href="{site}/">
{styles}
<header class="cover"><p class="cover-title">{title}</p><p>{author}</p></header>
<nav class="contents"><h1>Contents</h1>{contents}</nav>
{body}
</html>
"""


def program():
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if not found and not ON_MACOS.exists():
        raise SystemExit("the PDF is printed by Chromium, which is not here: apt install chromium, or Google Chrome")
    return found or str(ON_MACOS)


def document(site, title, author):
    """The whole book as one HTML document, whose pictures and styles are those of the folder ``site``."""
    found = parts(site)
    for part in found:
        for formula in part.body.select(".katex-mathml"):  # for ears; here it would be printed a second time
            formula.decompose()
    style = (Path(__file__).parent / "print.css").read_text(encoding="utf-8")
    styles = "".join(f'<link rel="stylesheet" href="{name}">\n' for name in STYLES) + f"<style>{style}</style>"
    return PAGE.format(
        title=html.escape(title), author=html.escape(author), site=site.resolve().as_uri(), styles=styles,
        contents=contents(found), body="\n".join(str(part.body) for part in found))  # fmt: skip


def contents(found):
    rows = []
    for part in found:
        if part.group:
            rows.append(f'<p class="group">{html.escape(part.group)}</p>')
        rows.append(f'<p><a href="#{part.slug}">{html.escape(part.title)}</a></p>')
    return "\n".join(rows)


def write(site, target, title, author):
    """Print the book of the folder ``site`` into the file ``target``."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "book.html"
        page.write_text(document(site, title, author), encoding="utf-8")
        printed = Path(folder) / "book.pdf"
        files = [f"--user-data-dir={folder}/profile", f"--print-to-pdf={printed}", page.as_uri()]
        run = subprocess.run([program(), *SWITCHES, *files], capture_output=True, text=True, timeout=900)
        if not printed.exists():
            raise SystemExit(f"Chromium did not print the book:\n{run.stderr[-2000:]}")
        shutil.move(printed, target)
