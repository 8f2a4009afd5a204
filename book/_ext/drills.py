"""Sphinx extension: a ```{drill}``` asks, hears the answer and shows the worked one; ```{drill-progress}``` lists all.

Everything about a drill but its worked answer is in one place of its chapter:

    ````{drill} The first step
    :label: ex-adam-first
    The question, in Markdown.

    ```{ask} expression the length of the first step
    :is: eta
    :where: eta in (0.01, 1), beta1 in (0, 0.99)
    * `eta*(1 - beta1)`: A known mistake: the sentence its author gets.
    ```

    ```{hint}
    The first of two.
    ```
    ````

An ask of kind *expression* is compared with ``:is:`` at random points of ``:where:``; a *number* within ``:within:``
(a share, 0.005 unless told) in ``:unit:``; for a *function* the body begins with right Python, ``:cases:`` are lists
of arguments, and a mistake is what ```old` -> `new``` makes of it; a *choice* lists ``* [x] the right one`` and ``* [
] others``, a sentence below each. The worked answer is what solutions/drills/NN-name.md holds between <!-- LABEL -->
and <!-- end LABEL -->.

In HTML a page works without JavaScript: question, hints and answer on a click. Elsewhere hints and answers are the
plain nodes ``drill_hint`` and ``drill_answer``, which a builder for paper may move.
"""

import ast
import html
import json
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import bundle
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "book"
ANSWERS = ROOT / "solutions/drills"
PYODIDE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
KINDS = ("expression", "number", "function", "choice")
RANGE = re.compile(r"(\w+) in (?:\(([^,]+),([^)]+)\)|(\d+)\.\.(\d+))")
MISTAKE = re.compile(r"^\* (`[^`]+`(?:(?: or | -> )`[^`]+`)*): (.*(?:\n  .*)*)", re.MULTILINE)
OPTION = re.compile(r"^\* \[([ x])\] (.*)((?:\n  .*)*)", re.MULTILINE)
DRILL = re.compile(r"^(`{4,})\{drill\} ([^\n]*)\n:label: (\S+)\n(.*?)^\1 *$", re.MULTILINE | re.DOTALL)
ASK = re.compile(r"^```\{ask\} (\w+) ?([^\n]*)\n((?::\w+:[^\n]*\n)*)(.*?)^``` *$", re.MULTILINE | re.DOTALL)


class Faulty(ValueError):
    """A drill that cannot be put on a page."""


@dataclass
class Ask:
    """One question of a drill. ``mistakes`` are pairs (what is typed instead, the sentence it gets)."""

    kind: str
    prompt: str
    is_: object
    where: dict = field(default_factory=dict)
    unit: str = ""
    within: float = 0.005
    code: str = ""
    cases: list = field(default_factory=list)
    options: list = field(default_factory=list)
    mistakes: list = field(default_factory=list)

    @property
    def name(self):
        """The name of the function that is asked for."""
        return re.match(r"def (\w+)\(", self.code)[1]

    @property
    def starter(self):
        return self.code.splitlines()[0] + "\n    "

    def spec(self):
        """What the page must know to judge an answer."""
        if self.kind == "expression":
            known = {"where": self.where, "is": self.is_, "mistakes": [typed for typed, _ in self.mistakes]}
        elif self.kind == "number":
            known = {"is": self.is_, "unit": self.unit, "within": self.within}
            known["mistakes"] = [typed for typed, _ in self.mistakes]
        elif self.kind == "choice":
            known = {"is": self.is_, "options": list(range(len(self.options)))}
        else:
            wrong = [results(typed, self.name, self.cases) for typed, _ in self.mistakes]
            right = results(self.code, self.name, self.cases)
            known = {"name": self.name, "cases": self.cases, "is": right, "mistakes": wrong}
        return {"kind": self.kind, **known}


def results(code, name, cases):
    """What the function ``name`` of ``code`` makes of each case, as JSON has it."""
    names = {}
    exec(code, names)
    return json.loads(json.dumps([names[name](*case) for case in cases]))


def read_ask(kind, prompt, options, body):
    """An Ask from the parts of its directive."""
    if kind not in KINDS:
        raise Faulty(f"an ask is one of {', '.join(KINDS)}, not {kind!r}")
    ask = Ask(kind, prompt, options.get("is"), unit=options.get("unit", ""), within=float(options.get("within", 0.005)))
    if kind == "choice":
        found = OPTION.findall(body)
        ask.options = [(text, " ".join(sentence.split())) for _, text, sentence in found]
        ask.is_ = [mark for mark, _, _ in found].index("x")
        return ask
    found = MISTAKE.findall(body)
    mistakes = [(re.findall(r"`([^`]+)`", typed), " ".join(sentence.split())) for typed, sentence in found]
    if kind == "function":
        ask.code = MISTAKE.sub("", body).strip() + "\n"
        ask.cases = [list(case) for case in ast.literal_eval(options["cases"])]
        ask.is_ = ask.code
        for (old, new), _ in mistakes:
            if old not in ask.code:
                raise Faulty(f"the code of {ask.name} has no {old!r} to be mistaken")
        mistakes = [(ask.code.replace(old, new), sentence) for (old, new), sentence in mistakes]
    elif not ask.is_:
        raise Faulty(f"the {kind} {prompt!r} has no :is:")
    ask.mistakes = mistakes
    ask.where = domain(options.get("where", "")) if kind == "expression" else {}
    return ask


def domain(text):
    """``"h in (0.1, 3), t in 1..9"`` as {"h": [0.1, 3.0], "t": [1, 9, True]}."""
    found = {
        name: [float(low), float(high)] if low else [int(first), int(last), True]
        for name, low, high, first, last in RANGE.findall(text)
    }
    if not found or RANGE.sub("", text).strip(", "):
        raise Faulty(f':where: is written "h in (0.1, 3), t in 1..9", not {text!r}')
    return found


@dataclass
class Drill:
    """A drill as its chapter's text has it."""

    page: str
    title: str
    label: str
    body: str
    asks: list

    @property
    def names(self):
        """The names of its questions, under which progress is kept."""
        return ask_names(self.label, len(self.asks))


def ask_names(label, count):
    return [label] if count == 1 else [f"{label}-{chr(ord('a') + i)}" for i in range(count)]


def drills(page):
    """The drills of one page, read from its text."""
    for _, title, label, body in DRILL.findall(page.read_text(encoding="utf-8")):
        asks = [read_ask(kind, prompt.strip(), dict(re.findall(r"^:(\w+): *(.*)$", options, re.MULTILINE)), text)
                for kind, prompt, options, text in ASK.findall(body)]  # fmt: skip
        yield Drill(page.stem, title, label, body, asks)


def all_drills(folder=BOOK):
    return [drill for page in sorted(folder.glob("[0-9]*.md")) for drill in drills(page)]


class drill(nodes.General, nodes.Element):
    """``label``, ``number``; its children are a drill_title, the question, asks, hints and the answer."""


class drill_title(nodes.Part, nodes.TextElement):
    pass


class drill_ask(nodes.General, nodes.Element):
    """``ask``: name, spec and the rest; its children are a drill_prompt and a drill_sentence for each mistake."""


class drill_prompt(nodes.Part, nodes.TextElement):
    pass


class drill_option(nodes.Part, nodes.TextElement):
    pass


class drill_sentence(nodes.Part, nodes.Element):
    """What the author of mistake ``number`` is told."""


class drill_hint(nodes.Part, nodes.Element):
    """Hint ``number`` of the drill ``label``."""


class drill_answer(nodes.Part, nodes.Element):
    """The worked answer of the drill ``label``."""


class DrillDirective(SphinxDirective):
    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec = {"label": directives.unchanged_required}

    def run(self):
        label = self.options["label"]
        node = drill("", ids=[label], label=label, number=self.env.new_serialno("drill") + 1)
        title = drill_title("", "", *self.parse_inline(self.arguments[0])[0])
        self.env.get_domain("std").note_hyperlink_target(label, self.env.docname, label, title.astext())
        node += title
        self.state.nested_parse(self.content, self.content_offset, node)
        asks, hints = list(node.findall(drill_ask)), list(node.findall(nodes.hint))
        if not asks or len(hints) != 2:
            raise self.error(
                f"the drill {label} has {len(asks)} asks and {len(hints)} hints; it needs an ask and two hints"
            )
        for ask, name in zip(asks, ask_names(label, len(asks))):
            ask["name"] = name
        for number, hint in enumerate(hints, 1):
            hint.replace_self(drill_hint("", *hint.children, label=label, number=number))
        node += self.answer(label)
        bundle.use(self.env, "drills")
        return [node]

    def answer(self, label):
        """The worked answer, from the file that is named as the chapter is."""
        path = ANSWERS / f"{Path(self.env.docname).name}.md"
        start, end = f"<!-- {label} -->", f"<!-- end {label} -->"
        if not path.exists() or start not in (text := path.read_text(encoding="utf-8")) or end not in text:
            raise self.error(f"solutions/drills/{path.name} has no answer between {start} and {end}")
        include = f"```{{include}} /{path.relative_to(ROOT).as_posix()}\n:start-after: {start}\n:end-before: {end}\n```"
        return drill_answer("", *self.parse_text_to_nodes(include), label=label)


class AskDirective(SphinxDirective):
    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec = dict.fromkeys(("is", "where", "unit", "within", "cases"), directives.unchanged)

    def run(self):
        kind, _, prompt = self.arguments[0].partition(" ")
        try:
            ask = read_ask(kind, prompt, self.options, "\n".join(self.content))
        except Faulty as problem:
            raise self.error(str(problem)) from None
        node = drill_ask("", ask=ask, spec=ask.spec())
        node += drill_prompt("", "", *self.parse_inline(prompt)[0])
        node += [drill_option("", "", *self.parse_inline(text)[0]) for text, _ in ask.options]
        for number, (_, sentence) in enumerate(ask.mistakes or ask.options):
            node += drill_sentence("", *self.parse_text_to_nodes(sentence), number=number)
        return [node]


class Progress(SphinxDirective):
    """Every drill of the book, by chapter, with a place for what the reader has done."""

    def run(self):
        for page in sorted(BOOK.glob("[0-9]*.md")):
            self.env.note_dependency(str(page))
        bundle.use(self.env, "progress")
        node = progress_list("")
        page = None
        for each in all_drills():
            if each.page != page:
                page = each.page
                node += self.parse_text_to_nodes(f"{{doc}}`{page}`")
                node += nodes.bullet_list()
            mark = nodes.raw("", f'<span class="drill-mark" data-asks="{" ".join(each.names)}"></span>', format="html")
            item = nodes.list_item("", *self.parse_text_to_nodes(f"{{ref}}`{each.title} <{each.label}>`"))
            item[0] += mark
            node[-1] += item
        return [node]


class progress_list(nodes.General, nodes.Element):
    pass


def on_screen(writer):
    return writer.builder.name in bundle.READ_ON_SCREEN


def visit_drill(self, node):
    label = node["label"]
    self.body.append(f'<section class="drill" id="{label}" aria-labelledby="{label}-title">')


def depart_drill(self, node):
    self.body.append("</section>\n")


def visit_title(self, node):
    label, number = node.parent["label"], node.parent["number"]
    self.body.append(f'<p class="drill-title" id="{label}-title"><span class="drill-number">Drill {number}</span> ')


def depart_title(self, node):
    mark = '<span class="drill-done" hidden>done</span>' if on_screen(self) else ""
    self.body.append(f"{mark}</p>\n")


def visit_ask(self, node):
    if not on_screen(self):
        self.body.append('<div class="drill-ask">')
        return
    spec = html.escape(json.dumps(node["spec"], ensure_ascii=False, separators=(",", ":")))
    self.body.append(f'<form class="drill-ask drill-{node["ask"].kind}" data-ask="{node["name"]}" data-spec="{spec}">')


def depart_ask(self, node):
    if not on_screen(self):
        self.body.append("</div>\n")
        return
    ask, name = node["ask"], node["name"]
    if ask.kind == "choice":
        self.body.append("</fieldset>")
    known = f'id="{name}-answer" name="answer" spellcheck="false" aria-describedby="{name}-help"'
    if ask.kind == "function":
        lines = ask.code.count("\n") + 3
        typed = f'<textarea {known} rows="{lines}" wrap="off">{html.escape(ask.starter)}</textarea>'
    elif ask.kind != "choice":
        typed = f'<input {known} type="text" autocomplete="off" autocapitalize="off">'
    else:
        typed = ""
    preview = '<div class="drill-preview" aria-hidden="true"></div>' if ask.kind in ("expression", "number") else ""
    button = "Run" if ask.kind == "function" else "Check"
    self.body.append(
        f'<div class="drill-controls"><div class="drill-field">{typed}<button type="submit">{button}</button></div>'
        f'<p class="drill-help" id="{name}-help">{help_text(ask)}</p>'
        f'{preview}<div class="drill-verdict" role="status"></div></div></form>\n'
    )


def help_text(ask):
    """One line on what may be typed."""
    if ask.kind == "expression":
        return "written with " + ", ".join(f"<code>{name}</code>" for name in ask.where)
    if ask.kind == "number":
        unit = f", in {html.escape(ask.unit)}" if ask.unit else ""
        return f"a {'factor' if ask.unit == '×' else 'number' + unit}: decimal, fraction or formula"
    if ask.kind == "function":
        return "Tab indents; Escape, then Tab, leaves the field; Ctrl-Enter runs it"
    return ""


def visit_prompt(self, node):
    ask, name = node.parent["ask"], node.parent.get("name")
    if ask.kind == "choice":
        self.body.append('<fieldset><legend class="drill-prompt">' if on_screen(self) else "<p>")
    elif on_screen(self):
        self.body.append(f'<label class="drill-prompt" for="{name}-answer">')
    else:
        self.body.append('<p class="drill-prompt">')


def depart_prompt(self, node):
    choice = node.parent["ask"].kind == "choice"
    self.body.append(("</legend>" if choice else "</label>") if on_screen(self) else "</p>")


def visit_option(self, node):
    number = [each for each in node.parent if isinstance(each, drill_option)].index(node)
    radio = f'<input type="radio" name="answer" value="{number}"> ' if on_screen(self) else "&#9675; "
    self.body.append(f'<label class="drill-option">{radio}<span>')


def depart_option(self, node):
    self.body.append("</span></label>")


def visit_sentence(self, node):
    if not on_screen(self):
        raise nodes.SkipNode
    self.body.append(f'<div data-mistake="{node["number"]}" hidden>')


def depart_sentence(self, node):
    self.body.append("</div>")


def visit_hint(self, node):
    self.body.append(f'<details class="drill-hint"><summary>Hint {node["number"]}</summary>')


def visit_answer(self, node):
    self.body.append('<details class="drill-answer"><summary>Worked answer</summary>')


def depart_details(self, node):
    self.body.append("</details>\n")


def visit_progress(self, node):
    self.body.append('<div class="drill-bar"><noscript><p>A script counts what is done; here none runs.</p></noscript></div>')
    self.body.append('<div class="drill-progress">')


def depart_progress(self, node):
    self.body.append("</div>\n")


def skip(self, node):
    raise nodes.SkipNode


def pass_by(self, node):
    pass


HANDLERS = {
    drill: (visit_drill, depart_drill),
    drill_title: (visit_title, depart_title),
    drill_ask: (visit_ask, depart_ask),
    drill_prompt: (visit_prompt, depart_prompt),
    drill_option: (visit_option, depart_option),
    drill_sentence: (visit_sentence, depart_sentence),
    drill_hint: (visit_hint, depart_details),
    drill_answer: (visit_answer, depart_details),
    progress_list: (visit_progress, depart_progress),
}


def copy_pyodide(app):
    """Python for the function drills, served from the book itself; a page loads it when a reader runs something."""
    source, target = ROOT / "node_modules/pyodide", Path(app.outdir) / "_static/pyodide"
    if app.builder.name in bundle.READ_ON_SCREEN:
        target.mkdir(parents=True, exist_ok=True)
        for name in PYODIDE:
            shutil.copy2(source / name, target / name)


def setup(app):
    app.setup_extension("bundle")
    for node, handlers in HANDLERS.items():
        plain = (skip, None) if node is drill_sentence else (pass_by, pass_by)
        app.add_node(node, html=handlers, latex=plain, text=plain, man=plain, texinfo=plain)
    app.add_directive("drill", DrillDirective)
    app.add_directive("ask", AskDirective)
    app.add_directive("drill-progress", Progress)
    app.connect("builder-inited", copy_pyodide)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
