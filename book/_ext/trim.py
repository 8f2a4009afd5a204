"""Sphinx extension: a page loads only what it uses, and nothing from outside.

The theme brings a script of 1.4 MB that draws its icons, fonts of two thousand of them, styles for whatever a site
might show, and maps and locales that no page asks for. Here the icons come from a font that holds those which the pages
name, the style sheets keep the rules that can apply, pictures are drawn to a tenth of a point, the rest is not shipped.
The template book/_templates/layout.html leaves the theme's scripts out.
"""

import re
import shutil
from pathlib import Path

from fontTools import subset

FONTS = "vendor/fontawesome/webfonts"
UNUSED = ("scripts/fontawesome.js", "locales", "**/*.map")
CLASSES = re.compile(r'class="([^"]*)"')
WORD = re.compile(r"[\w-]+")
RULE = re.compile(r"([^{};]+)\{[^{}]*\}")  # an innermost one
EMPTY = re.compile(r"@(?:media|supports)[^{};]*\{\s*\}")
OUTER_COMMA = re.compile(r",(?![^()]*\))")
GROUP = re.compile(r"\([^()]*\)|\[[^\]]*\]")
CLASS = re.compile(r"\.(-?[A-Za-z_][\w-]*)")
GLYPH = re.compile(r"\\([ef][0-9a-f]{3})\b|([\ue000-\uf8ff])")  # an icon, by its number or as it is
SOURCES = re.compile(r"url\(([^)]*)\.woff2\) format\(\"woff2\"\),url\([^)]*\.ttf\) format\(\"truetype\"\)")
OUTLINE = re.compile(r' d="([^"]*)"')
STEP = re.compile(r"([A-Za-z])([^A-Za-z]*)")
FRACTION = re.compile(r"-?\d+\.\d{2,}")


def mute_thebe(app):
    """sphinx-thebe, which jupyter-book always loads, puts a broken script and a foreign address on every page."""
    for listeners in app.events.listeners.values():
        listeners[:] = [each for each in listeners if each.handler.__module__ != "sphinx_thebe"]
    app.registry.css_files[:] = [each for each in app.registry.css_files if each[0] != "sphinx-thebe.css"]


def trim(app, exception):
    """Once the pages are written: keep the styles and the icons that they use, and drop what they never load."""
    if exception or app.builder.name not in ("html", "dirhtml"):
        return
    static = Path(app.outdir) / "_static"
    for path in {path for pattern in UNUSED for path in static.glob(pattern)}:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    pages, scripts = classes(Path(app.outdir)), words(static)
    glyphs = set()
    for path in static.rglob("*.css"):
        css = SOURCES.sub(r'url(\1.woff) format("woff")', keep_rules(path.read_text(encoding="utf-8"), pages, scripts))
        path.write_text(css, encoding="utf-8")
        glyphs.update(int(code, 16) if code else ord(sign) for code, sign in GLYPH.findall(css))
    for font in (static / FONTS).glob("*.ttf"):
        keep_glyphs(font, glyphs)
        font.unlink()
        font.with_suffix(".woff2").unlink()
    for path in (Path(app.outdir) / "_images").glob("*.svg"):
        path.write_text(smaller(path.read_text(encoding="utf-8")), encoding="utf-8")


def classes(folder):
    """The classes that the pages name."""
    pages = (path.read_text(encoding="utf-8") for path in folder.rglob("*.html"))
    return {name for page in pages for names in CLASSES.findall(page) for name in names.split()}


def words(folder):
    """All words of the scripts; a class that one of them sets is among them, or "bs-tooltip" of "bs-tooltip-top" is."""
    return {word for path in folder.rglob("*.js") for word in WORD.findall(path.read_text(encoding="utf-8"))}


def keep_rules(css, pages, scripts):
    """The style sheet without the selectors that ask for a class which nothing has or sets.

    >>> keep_rules(".a,.b .c{x:y}@media print{.b{x:y}}.a:not(.b){x:y}.d-e-up{x:y}p{x:y}", {"a"}, {"d-e"})
    '.a{x:y}.a:not(.b){x:y}.d-e-up{x:y}p{x:y}'
    """

    def known(name):
        stem = name.rpartition("-")[0]
        return name in pages or name in scripts or ("-" in stem and stem in scripts)

    def used(selector):
        while (bare := GROUP.sub("", selector)) != selector:
            selector = bare
        return all(map(known, CLASS.findall(selector)))

    def kept(rule):
        if "/*" in rule[1] or "@" in rule[1]:
            return rule[0]
        selectors = [each for each in OUTER_COMMA.split(rule[1]) if used(each)]
        return ",".join(selectors) + rule[0][len(rule[1]) :] if selectors else ""

    return EMPTY.sub("", RULE.sub(kept, css))


def keep_glyphs(path, codes):
    """Write the font beside itself as WOFF, with no other glyphs than these."""
    options = subset.Options(flavor="woff", notdef_outline=True, recalc_timestamp=False)
    font = subset.load_font(path, options)
    chooser = subset.Subsetter(options)
    chooser.populate(unicodes=codes)
    chooser.subset(font)
    subset.save_font(font, path.with_suffix(".woff"), options)


def smaller(svg):
    """The picture with its outlines to a tenth of a point, which nobody sees; polygons step from corner to corner.

    >>> smaller('<path d="M 1.23456 -7.0 \\nL 3 0.04 \\nz\\n" transform="scale(0.015625)"/>')
    '<path d="M1.2 -7l1.8 7z" transform="scale(0.015625)"/>'
    >>> smaller('<path d="M 0 0 Q 1.25001 2 3.123 4"/>')
    '<path d="M 0 0 Q 1.3 2 3.1 4"/>'
    """

    def redrawn(outline):
        steps = STEP.findall(outline[1])
        if {letter for letter, _ in steps} <= set("MLz"):
            return f' d="{"".join(walked(steps))}"'
        return FRACTION.sub(lambda number: f"{float(number[0]):.1f}", outline[0])

    return OUTLINE.sub(redrawn, svg)


def walked(steps):
    """A polygon in whole tenths, so that its steps add up: each corner is told from the one before."""
    here = start = (0, 0)
    for letter, numbers in steps:
        there = tuple(round(float(number) * 10) for number in numbers.split())
        if letter == "M":
            yield f"M{there[0] / 10:g} {there[1] / 10:g}"
            here = start = there
        elif letter == "L":
            yield f"l{(there[0] - here[0]) / 10:g} {(there[1] - here[1]) / 10:g}"
            here = there
        elif letter == "z":
            yield "z"
            here = start


def setup(app):
    mute_thebe(app)
    app.connect("build-finished", trim)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
