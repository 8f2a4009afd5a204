"""Formulas: set when the book is built, numbered by Sphinx, read out by a screen reader; a bad one stops the build."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONF = """
extensions = ["myst_nb", "katex"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["amsmath", "dollarmath"]
html_math_renderer, myst_update_mathjax, nb_execution_mode = "katex", False, "off"
root_doc = "page"
"""
PAGE = r"""
# The root $\sqrt{v}$

```{contents}
```

Inline $\theta_t$, then **a**, **b**, *c*, $x$, $y$, $x + y + z$th.

$$\hat m_t = \frac{m_t}{1 - \beta_1^t}.$$ (eq-corrected)

By {eq}`eq-corrected`, and

\begin{align}
a &= b \\
c &= d
\end{align}

$$
x &= y \\
  &= z

u &= w
$$

## The size of $\beta_2$

```{list-table}
* - $\mathbb{E}[g]$
```

```{toctree}
notebook
```
"""


def notebook(latex):
    output = {"output_type": "display_data", "metadata": {}, "data": {"text/latex": latex, "text/plain": "?"}}
    cell = {"cell_type": "code", "metadata": {}, "execution_count": 1, "source": "show()", "outputs": [output]}
    title = {"cell_type": "markdown", "metadata": {}, "source": "# Notebook"}
    metadata = {"language_info": {"name": "python", "pygments_lexer": "ipython3"}}
    return json.dumps({"cells": [title, cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 4})


def build(folder, page, latex):
    """Build a page and a notebook as `make book` does: every warning is an error, each is shown."""
    for name, text in {"conf.py": CONF, "page.md": page, "notebook.ipynb": notebook(latex)}.items():
        (folder / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", folder, folder / "_build/html"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "book/_ext")}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def katex():
    pytest.importorskip("sphinx", reason="needs jupyter-book: make test")
    spec = importlib.util.spec_from_file_location("katex", ROOT / "book/_ext/katex.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not module.KATEX.is_dir() or not module.node_program():
        pytest.skip("needs KaTeX and Node: npm ci")
    return module


@pytest.fixture(scope="module")
def html(katex, tmp_path_factory):
    """The folder of a built book that has formulas in every place where one can stand."""
    folder = tmp_path_factory.mktemp("formulas")
    run = build(folder, PAGE, r"$\displaystyle \frac{a}{b}$")
    assert run.returncode == 0, run.stderr
    return folder / "_build/html"


@pytest.fixture(scope="module")
def page(html):
    return (html / "page.html").read_text(encoding="utf-8")


def formulas(page):
    """The TeX of the formulas of a page that are set for the eye and for the ear."""
    assert page.count('class="katex-html" aria-hidden="true"') == page.count("<math ")
    return re.findall(r'<annotation encoding="application/x-tex">(.*?)</annotation>', page, re.DOTALL)


def test_every_formula_is_set_for_the_eye_and_for_the_ear(page):
    found = formulas(page)
    assert found.count(r"\theta_t") == 1 and found.count(r"\hat m_t = \frac{m_t}{1 - \beta_1^t}.") == 1
    assert found.count(r"\mathbb{E}[g]") == 1
    assert found.count(r"\beta_2") >= 2  # the heading and the table of contents
    assert "mathjax" not in page.lower()


def test_a_labelled_equation_has_its_number_and_a_reference_leads_to_it(page):
    assert re.search(r'href="#equation-eq-corrected">\(1\)</a>', page)
    block = page.partition('id="equation-eq-corrected"')[2].partition("</div>")[0]
    assert '<span class="eqno">(1)' in block and block.index("katex") < block.index("eqno")


def test_an_environment_of_amsmath_is_not_numbered_a_second_time(page):
    assert "eqn-num" not in page and any(tex.startswith(r"\begin{align*}") for tex in formulas(page))


def test_lines_and_paragraphs_of_a_formula_are_aligned(page):
    assert any(re.sub(r"\s+", " ", tex) == r"\begin{aligned}x &amp;= y \\ &amp;= z \\ u &amp;= w\end{aligned}"
               for tex in formulas(page))  # fmt: skip


def test_a_comma_stays_at_its_formula_and_a_word_does_not(page):
    paragraph = "<p>Inline" + page.partition("<p>Inline")[2].partition("</p>")[0]
    read = re.sub("<[^>]*>", "", re.sub('<span class="math.*?(?=</span>[^<])', "F", paragraph, flags=re.DOTALL))
    assert read == "Inline F, then a, b, c, F, F, Fth."
    assert re.findall(r"</span>([^<]+)</span>", paragraph) == [",", ",", ",", "th"]
    assert paragraph.count("<wbr>") == 2 and paragraph.count('class="glued"') == 4


def test_the_title_of_the_window_holds_a_formula_once(page):
    assert r"The root \sqrt{v}" in page.partition("<title>")[2].partition("</title>")[0]


def test_what_a_notebook_shows_as_latex_is_set(html):
    assert r"\displaystyle \frac{a}{b}" in formulas((html / "notebook.html").read_text(encoding="utf-8"))


def test_the_style_sheet_names_only_fonts_that_are_there_in_one_format(html, page):
    css = (html / "_static/katex/katex.css").read_text(encoding="utf-8")
    named = set(re.findall(r"url\(fonts/([^)]+)\)", css))
    assert named == {path.name for path in (html / "_static/katex/fonts").iterdir()}
    assert len(named) > 15 and all(name.endswith(".woff2") for name in named)
    assert 'href="_static/katex/katex.css' in page


BAD = {  # where: (Markdown, TeX that is no TeX)
    "sentence": ("The $BAD$ is bad.", r"\frac{1}"),
    "equation": ("$$BAD$$ (eq-bad)", r"a & b"),
    "heading": ("## The $BAD$", r"\beta_"),
    "table": ("| a |\n| - |\n| $BAD$ |", r"\thetta"),
    "amsmath": (r"\begin{align}BAD\end{align}", r"a &= \label{x} b"),
    "caption": ("```{figure} x.svg\n:alt: None.\nThe $BAD$.\n```", r"{v"),
}


@pytest.fixture(scope="module")
def refused(katex, tmp_path_factory):
    """What the build of a book says in which every formula is bad."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "x.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    bad = [markdown.replace("BAD", tex) for markdown, tex in BAD.values()]
    run = build(folder, PAGE + "\n" + "\n\n".join(bad), r"$\sqrt[3$")
    assert run.returncode == 1
    return re.sub(r"\x1b\[[0-9;]*m", "", run.stderr)


@pytest.mark.parametrize("place", BAD)
def test_a_bad_formula_stops_the_build_and_is_named(place, refused):
    assert re.search(rf"page\.md.*: WARNING: KaTeX cannot set .*{re.escape(BAD[place][1])}.*: \S.*", refused)


def test_a_bad_formula_of_a_notebooks_output_stops_the_build(refused):
    assert re.search(r"notebook\.ipynb.*: WARNING: KaTeX cannot set \\sqrt\[3: \S.*", refused)


def test_a_formula_is_set_once_and_then_remembered_a_bad_one_is_not(katex, tmp_path, monkeypatch):
    first = katex.Typesetter(tmp_path / "formulas.sqlite")
    shown = first(r"\theta", displayMode=False)
    with pytest.raises(ValueError, match="Undefined control sequence"):
        first(r"\thetta", displayMode=False)
    first.node.stdin.close()
    assert first.node.wait(20) == 0  # Node ends with its input

    monkeypatch.setattr(katex, "SCRIPT", ROOT / "book/_ext/nowhere.cjs")
    second = katex.Typesetter(tmp_path / "formulas.sqlite")
    assert second(r"\theta", displayMode=False) == shown
    for tex, options in [(r"\theta", {"displayMode": True}), (r"\thetta", {"displayMode": False})]:
        with pytest.raises((json.JSONDecodeError, BrokenPipeError)):  # it must ask, and nobody is there
            second(tex, **options)
    second.node.wait(20)


def test_without_katex_the_build_says_what_brings_it(katex, tmp_path):
    (tmp_path / "katex.py").write_text((ROOT / "book/_ext/katex.py").read_text())
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    (tmp_path / "conf.py").write_text(CONF)
    (tmp_path / "page.md").write_text("# A page\n\nThe $x$.\n")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", tmp_path, tmp_path / "_build"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert run.returncode != 0 and "KaTeX is not in node_modules" in run.stderr and "make book" in run.stderr
