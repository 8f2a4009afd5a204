"""What can be wrong with a page of the book, read from its HTML alone; each check gives sentences, or none."""

import re
from html.parser import HTMLParser

LOADS = dict.fromkeys(["script", "img", "iframe", "source", "video", "audio", "embed", "input", "track"], "src")
LOADS["object"] = "data"
LOADING_LINKS = {"stylesheet", "preload", "prefetch", "preconnect", "dns-prefetch", "modulepreload", "icon", "manifest"}
FOREIGN = re.compile(r"^(?:https?:)?//", re.IGNORECASE)
FOREIGN_IN_CSS = re.compile(r"""(?:@import\s*|url\()\s*(?:url\()?["']?((?:https?:)?//[^"')\s]+)""", re.IGNORECASE)
LEFTOVER = re.compile(r"\{[a-z][a-z:_-]*\}`|```|^:::|undefined label|Traceback \(most recent call last\)", re.MULTILINE)
FILE_NAME = re.compile(r"\.(?:png|svg|jpe?g|gif|webp)$", re.IGNORECASE)


class Page(HTMLParser):
    """The tags of a page with their attributes, its text outside of code, and its style sheets' text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text, self.styles, self.inside = [], [], [], []
        self.feed(html)
        self.text = "".join(self.text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, {key: value or "" for key, value in attributes}))
        if tag in ("script", "style", "pre", "code"):
            self.inside.append(tag)

    def handle_endtag(self, tag):
        if self.inside[-1:] == [tag]:
            self.inside.pop()

    def handle_data(self, data):
        if "style" in self.inside:
            self.styles.append(data)
        elif not self.inside:
            self.text.append(data)


def requests_that_leave_the_site(page):
    for tag, attributes in page.tags:
        address = attributes.get(LOADS.get(tag), "")
        if tag == "link" and LOADING_LINKS & set(attributes.get("rel", "").split()):
            address = attributes.get("href", "")
        if FOREIGN.match(address):
            yield f"<{tag}> loads {address}"
        yield from foreign_in_css(attributes.get("style", ""))
    yield from foreign_in_css("\n".join(page.styles))


def foreign_in_css(css):
    yield from (f"a style loads {address}" for address in FOREIGN_IN_CSS.findall(css))


def images_without_words(page):
    for tag, attributes in page.tags:
        if tag != "img":
            continue
        alt = attributes.get("alt", "").strip()
        if not alt or FILE_NAME.search(alt):
            given = f"a file name, {alt}," if alt else "nothing"
            yield f"the image {attributes.get('src', '')[:80]} has {given} for alt text"


def leftovers(page):
    yield from (f"the text holds {found!r}" for found in sorted(set(LEFTOVER.findall(page.text))))
    for tag, attributes in page.tags:
        if {"problematic", "system-message", "traceback"} & set(attributes.get("class", "").split()):
            yield f"a <{tag}> of class {attributes['class']!r}"
