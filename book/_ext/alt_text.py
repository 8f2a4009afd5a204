"""Sphinx extension: an image without words for those who do not see it is a warning, and so fails `make book`."""

import re

from docutils import nodes
from sphinx.util import logging

FILE_NAME = re.compile(r"\S+\.(?:png|svg|jpe?g|gif|webp)", re.IGNORECASE)
TAG = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
WORDS = re.compile(r"""\balt=(["'])(.*?)\1""", re.IGNORECASE | re.DOTALL)
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


def setup(app):
    app.connect("doctree-read", look)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
