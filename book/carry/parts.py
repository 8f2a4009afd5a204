"""The built book in parts, one a page, ready for paper: nothing to click, hints and worked answers at the end.

What follows works on the HTML of the site, so that paper and screen cannot disagree.
"""

import posixpath
import re
from dataclasses import dataclass
from urllib.parse import unquote, urldefrag

from bs4 import BeautifulSoup

ONLY_ON_SCREEN = "script, noscript, style, button, .headerlink, [hidden], .drill-controls, .drill-progress, details.hide, "
ONLY_ON_SCREEN += ".claim details [class*=highlight-]"  # the tests that decide a claim, some two hundred
AT_THE_END = {"hints": "Hints", "answers": "Worked answers"}


@dataclass
class Part:
    """A page: its name in the site without .html, the group it is the first of or "", its title, its HTML."""

    name: str
    group: str
    title: str
    body: object

    @property
    def slug(self):
        return self.name.replace("/", "-")


def parts(site):
    """The pages of the built book in ``site``, a Path, in the order of its contents, hints and answers last."""
    found = [Part(name, group, *article(site, name)) for name, group in contents(site)]
    slugs = {part.name: part.slug for part in found}
    ends = {slug: [] for slug in AT_THE_END}
    for part in found:
        name_apart(part)
        lead_inside(part, slugs)
        defer(part, ends)
    last = [end(slug, AT_THE_END[slug], items) for slug, items in ends.items() if items]
    for part in found + last:
        lay_open(part)
    return found + last


def contents(site):
    """(page, the caption above it or "") for each page, as the sidebar of the first page lists them."""
    first = re.search(r"url=([^\"]+)\.html", (site / "index.html").read_text(encoding="utf-8"))[1]
    sidebar = soup(site / f"{first}.html").select_one("nav.bd-links")
    yield first, ""
    group = ""
    for tag in sidebar.select("p.caption, a.reference.internal"):
        if tag.name == "p":
            group = tag.get_text().strip()
        elif (page := resolved(first, tag["href"])[0].removesuffix(".html")) != first:
            yield page, group
            group = ""


def soup(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def article(site, name):
    """The title and the text of a page, without what is of use on a screen alone."""
    body = soup(site / f"{name}.html").select_one("article.bd-article")
    for tag in body.select(ONLY_ON_SCREEN):
        tag.decompose()
    for image in body.select("img"):
        image["src"] = resolved(name, image["src"])[0]
    title = BeautifulSoup(str(body.h1), "html.parser")
    for formula in title.select(".katex-html"):
        formula.decompose()
    for formula in title.select("math"):
        formula.replace_with(formula.annotation.get_text())
    return " ".join(title.get_text().split()), body


def resolved(name, address):
    """The file in the site and the anchor to which ``address`` leads from page ``name``."""
    path, anchor = urldefrag(address)
    here = f"{name}.html"
    return posixpath.normpath(posixpath.join(posixpath.dirname(here), unquote(path))) if path else here, anchor


def defer(part, ends):
    """Move the hints and the answers of a page's drills into ``ends``; links to them take their place."""
    for drill in part.body.select(".drill"):
        title = drill.select_one(".drill-title")
        links = []
        for tag in drill.select("details.drill-hint, details.drill-answer"):
            kind = "hints" if "drill-hint" in tag["class"] else "answers"
            said = tag.summary.extract().get_text().strip()
            label = f"{kind}--{drill['id']}-{said.lower().replace(' ', '-')}"
            chapter = part.title.partition(":")[0]
            heading = f"{chapter}: {title.get_text().strip()}" + f", {said.lower()}" * (kind == "hints")
            ends[kind].append((label, heading, drill["id"], tag.extract()))
            links.append(f'<a href="#{label}">{said}</a>')
        if links:
            drill.append(fragment(f'<p class="elsewhere">At the end of the book: {", ".join(links)}.</p>'))


def end(slug, title, items):
    """The part at the end that holds ``items``, each with a link back to its drill."""
    body = fragment(f'<article id="{slug}"><section><h1>{title}</h1></section></article>').article
    for label, heading, drill, tag in items:
        section = fragment(f'<section id="{label}"><p class="end-title"><a href="#{drill}">{heading}</a></p></section>')
        section.section.extend(list(tag.contents))
        body.section.append(section)
    return Part(slug, "At the end" if slug == "hints" else "", title, body)


def fragment(html):
    return BeautifulSoup(html, "html.parser")


def lay_open(part):
    """What unfolds on a click stands open, and a field that is filled in is a line to write on."""
    for tag in part.body.select("details"):
        tag.name = "div"
    for tag in part.body.select("summary"):
        tag.name, tag["class"] = "p", "admonition-title"
    for tag in part.body.select("form, fieldset, legend, label"):
        tag.name = "div"
        tag.attrs = {key: value for key, value in tag.attrs.items() if key in ("class", "id")}
    for tag in part.body.select("input, textarea"):
        tag.replace_with("○ " if tag.get("type") == "radio" else "")


def name_apart(part):
    """Give the anchors of a page names that are their own in the whole book; of several alike the first keeps its."""
    seen = set()
    for tag in part.body.select("[id]"):
        name = tag.attrs.pop("id")
        if name not in seen:
            tag["id"] = f"{part.slug}--{name}"
        seen.add(name)
    for tag in part.body.find_all(attrs={"aria-labelledby": True}):
        tag["aria-labelledby"] = f"{part.slug}--{tag['aria-labelledby']}"
    part.body["id"] = part.slug


def lead_inside(part, slugs):
    """Links within the site become links within the book; one to a file that paper cannot hold becomes plain text."""
    for link in part.body.select("a[href]"):
        if re.match(r"[a-z]+:", link["href"]):
            continue
        file, anchor = resolved(part.name, link["href"])
        slug = slugs.get(file.removesuffix(".html"))
        if slug:
            link["href"] = f"#{slug}--{anchor}" if anchor else f"#{slug}"
        else:
            link.unwrap()
