"""Sphinx extension: an image has words for those who do not see it, and its place before it has arrived.

One without alt text is a warning, and so fails `make book`. Each is written with its width and height, so that the text
below does not jump when it comes; a style sheet may still shrink it.
"""

import re
import struct
from pathlib import Path

from docutils import nodes
from sphinx.util import logging

FILE_NAME = re.compile(r"\S+\.(?:png|svg|jpe?g|gif|webp)", re.IGNORECASE)
TAG = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
WORDS = re.compile(r"""\balt=(["'])(.*?)\1""", re.IGNORECASE | re.DOTALL)
WRITTEN = re.compile(r'<img\b(?![^>]*\bwidth=)[^>]*?\bsrc="(?:\.\./)*_images/([^"]+)"')
LENGTH = r'="([\d.]+)(pt|px|)"'
SIZED = re.compile(rb"<svg\b[^>]*>")
PIXELS = {"pt": 4 / 3, "px": 1, "": 1}
PNG = b"\x89PNG\r\n\x1a\n"
logger = logging.getLogger(__name__)


def look(app, doctree):
    for image in doctree.findall(nodes.image):  # those of notebooks' outputs, too
        if not speaks(image.get("alt", "")):
            warn(image, image.get("uri", "an image"))
    for raw in doctree.findall(nodes.raw):
        for tag in TAG.findall(raw.astext()) if "html" in raw.get("format", "") else ():
            if not ((alt := WORDS.search(tag)) and speaks(alt[2])):
                warn(raw, tag)


def speaks(alt):
    return alt.strip() and not FILE_NAME.fullmatch(alt.strip())


def warn(node, name):
    logger.warning(
        "%s has no alt text; a code cell gives it as `mystnb: {image: {alt: ...}}`, Markdown as ![words](file)",
        name[:120], location=node, type="alt_text",
    )  # fmt: skip


def keep_places(app, pagename, templatename, context, doctree):
    if "body" not in context:
        return
    sources = {name: Path(app.srcdir, uri) for uri, (_, name) in app.env.images.items()}

    def placed(tag):
        size = size_of(sources[tag[1]].read_bytes()) if tag[1] in sources else None
        return f'{tag[0]} width="{size[0]}" height="{size[1]}"' if size else tag[0]

    context["body"] = WRITTEN.sub(placed, context["body"])


def size_of(data):
    """Width and height of a PNG or an SVG in pixels; None where it does not say.

    >>> size_of(b'<svg width="411.6pt" height="260.4pt" viewBox="0 0 411.6 260.4"></svg>')
    (549, 347)
    >>> size_of(b'<svg viewBox="0 0 1 1"/>')
    """
    if data.startswith(PNG):
        return struct.unpack(">II", data[16:24])
    if not (head := SIZED.search(data)):
        return None
    sides = [re.search(rf"\b{side}{LENGTH}", head[0].decode()) for side in ("width", "height")]
    return tuple(round(float(side[1]) * PIXELS[side[2]]) for side in sides) if all(sides) else None


def setup(app):
    app.connect("doctree-read", look)
    app.connect("html-page-context", keep_places)
    return {"version": "2", "parallel_read_safe": True, "parallel_write_safe": True}
