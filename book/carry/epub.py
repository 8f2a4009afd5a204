"""The whole book as an EPUB 3: one XHTML file a page, formulas as MathML, pictures inside."""

import html
import mimetypes
import posixpath
import re
import uuid
import zipfile
from datetime import datetime, timezone
from pathlib import Path
from xml.etree import ElementTree

from parts import parts

PAGE = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="en" xml:lang="en">
<head><title>{title}</title><link rel="stylesheet" type="text/css" href="book.css"/></head>
<body>{body}</body>
</html>
"""
CONTAINER = """<?xml version="1.0"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="book/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>
"""
PACKAGE = """<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="en">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">urn:uuid:{id}</dc:identifier><dc:title>{title}</dc:title><dc:language>en</dc:language>
<dc:creator>{author}</dc:creator><meta property="dcterms:modified">{now}</meta>
<meta property="schema:accessMode">textual</meta><meta property="schema:accessMode">visual</meta>
<meta property="schema:accessModeSufficient">textual</meta>
<meta property="schema:accessibilityFeature">alternativeText</meta>
<meta property="schema:accessibilityFeature">MathML</meta>
<meta property="schema:accessibilityFeature">tableOfContents</meta>
<meta property="schema:accessibilityHazard">none</meta>
<meta property="schema:accessibilitySummary">Every figure has alt text, every formula is MathML.</meta>
</metadata>
<manifest>
{items}
</manifest>
<spine>
{spine}
</spine>
</package>
"""
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # no XML can hold them


def write(site, target, title, author):
    """Write the book of the folder ``site`` into the file ``target``."""
    found = parts(site)
    files = {"book.css": style(site), "nav.xhtml": page(title, navigation(found, title))}
    for part in found:
        adapt(part, {other.slug for other in found})
        files[f"{part.slug}.xhtml"] = page(part.title, str(part.body))
        for image in part.body.select("img"):
            files[image["src"]] = picture(site / "_images" / posixpath.basename(image["src"]))
    for name, text in files.items():
        if name.endswith(".xhtml"):
            well_formed(name, text)
    pack(target, files, package(title, author, files, found))


def adapt(part, slugs):
    """Turn the HTML of a part into what XHTML and an EPUB allow."""
    body = part.body
    for formula in body.select(".katex"):
        formula.replace_with(formula.math.extract())
    for sign in body.select("munder > mo, mover > mo, munderover > mo, msub > mo, msup > mo, msubsup > mo"):
        if sign.get_text() == "\u2061":  # KaTeX's invisible "apply to" makes one child too many
            sign.decompose()
    for tag in body.select("svg, object"):  # icons of the theme
        tag.decompose()
    for image in body.select("img"):
        image["src"] = f"images/{posixpath.basename(image['src'])}"
        image.attrs = {key: value for key, value in image.attrs.items() if key in ("src", "alt", "class", "id")}
    for link in body.select('a[href^="#"]'):
        slug, _, anchor = link["href"][1:].partition("--")
        if slug in slugs:
            link["href"] = f"{slug}.xhtml#{link['href'][1:]}" if anchor else f"{slug}.xhtml"
    for tag in body.find_all(True):
        sized = ("align", "width", "height") if not tag.find_parent("math") else ()  # there a width is a space
        for name in [name for name in tag.attrs if name.startswith(("data-", "on")) or name in sized]:
            del tag[name]


def picture(path):
    """The file; an SVG as EPUB wants it: no DOCTYPE, for that names a file elsewhere, and no path without a course."""
    data = path.read_bytes()
    if path.suffix != ".svg":
        return data
    text = re.sub(r"<!DOCTYPE[^>]*>", "", data.decode())
    return re.sub(r"<path\b(?![^>]*\sd=)", '<path d=""', text).encode()


def page(title, body):
    return PAGE.format(title=html.escape(title), body=CONTROL.sub("", body))


def navigation(found, title):
    """The table of contents: groups with their pages."""
    rows = []
    for part in found:
        if part.group or not rows:
            rows.append((part.group or title, []))
        rows[-1][1].append(f'<li><a href="{part.slug}.xhtml">{html.escape(part.title)}</a></li>')
    groups = "".join(f"<li><span>{html.escape(name)}</span><ol>{''.join(pages)}</ol></li>" for name, pages in rows)
    return f'<nav epub:type="toc" id="toc"><h1>Contents</h1><ol>{groups}</ol></nav>'


def style(site):
    """The rules for paper that are no matter of pages, and the colours of code."""
    rules = (Path(__file__).parent / "print.css").read_text(encoding="utf-8")
    rules = re.sub(r"^@page.*\n", "", rules, flags=re.MULTILINE).replace("10.5pt/1.45", "1em/1.45")
    colours = (site / "_static/pygments.css").read_text(encoding="utf-8")
    light = re.findall(r'^html\[data-theme="light"\] (\.highlight \..*)$', colours, re.MULTILINE)
    return rules + "\n".join(light) + "\n"


def well_formed(name, text):
    try:
        ElementTree.fromstring(text)
    except ElementTree.ParseError as problem:
        line = text.splitlines()[problem.position[0] - 1]
        raise SystemExit(f"{name} is no XML: {problem}: {line[max(problem.position[1] - 100, 0):][:200]}") from None


def package(title, author, files, found):
    """The package document: what the EPUB holds, and the order in which it is read."""
    items = []
    for number, name in enumerate(files):
        kind = "application/xhtml+xml" if name.endswith(".xhtml") else mimetypes.guess_type(name)[0]
        holds = "nav" if name == "nav.xhtml" else "mathml" if name.endswith(".xhtml") and "<math" in files[name] else ""
        properties = f' properties="{holds}"' if holds else ""
        items.append(f'<item id="f{number}" href="{html.escape(name)}" media-type="{kind}"{properties}/>')
    numbers = {name: number for number, name in enumerate(files)}
    order = ["nav.xhtml", *(f"{part.slug}.xhtml" for part in found)]
    spine = [f'<itemref idref="f{numbers[name]}"/>' for name in order]
    now = datetime.now(timezone.utc).isoformat(timespec="seconds").partition("+")[0]
    return PACKAGE.format(
        id=uuid.uuid5(uuid.NAMESPACE_URL, title), title=html.escape(title), author=html.escape(author), now=f"{now}Z",
        items="\n".join(items), spine="\n".join(spine))  # fmt: skip


def pack(target, files, opf):
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)  # first and bare: so it is known
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.writestr("book/book.opf", opf)
        for name, data in files.items():
            archive.writestr(f"book/{name}", data)
