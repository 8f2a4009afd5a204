"""The drills as a reader meets them: answered in Chromium, by hand and by keyboard, with and without what they need."""

import json
import re

import pytest
from test_browser import browser, served  # noqa: F401  (browser is a fixture)

CHAPTER = "book/07-adam.html"
LAZY = re.compile(r"lazy|worker|pyodide")
NO_STORE = """for (const name of ['getItem', 'setItem']) {
  const kept = Storage.prototype[name];
  Storage.prototype[name] = function (key, ...rest) {
    if (key.startsWith('optimlab')) throw new DOMException('full', 'QuotaExceededError');
    return kept.call(this, key, ...rest);
  };
}"""
FUNCTION = """def steps(gradients, lr, beta1, beta2):
    m, v, found = 0.0, 0.0, []
    for t, g in enumerate(gradients, 1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        found.append(lr * m / (1 - beta1**t) / (v / (1 - beta2**t))**0.5)
    return found
"""


@pytest.fixture(scope="module")
def site(book):
    with served(book.html) as address:
        yield address


@pytest.fixture
def visit(browser, site):  # noqa: F811
    """``visit(address)``: a page, in a browser without memory; ``page.loaded``: what it fetched. No error passes."""
    contexts, errors = [], []

    def open_page(address=CHAPTER, script="", **options):
        contexts.append(browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options))
        page = contexts[-1].new_page()
        page.loaded = []
        page.on("request", lambda request: page.loaded.append(request.url))
        page.on("pageerror", lambda error: errors.append(error.message))
        if script:
            page.add_init_script(script)
        page.goto(address if "://" in address else site + address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


def ask(page, name):
    return page.locator(f"form[data-ask={name}]")


def answer(page, name, typed):
    """Type an answer, press Enter, and wait for what is said."""
    form = ask(page, name)
    form.get_by_role("status").evaluate("region => region.replaceChildren()")
    form.locator("[name=answer]").fill(typed)
    form.locator("[name=answer]").press("Enter")
    return verdict(form)


def press(form):
    """Press the form's button, with nothing said yet."""
    form.get_by_role("status").evaluate("region => region.replaceChildren()")
    form.locator("button[type=submit]").click()


def verdict(form, seconds=30):
    """What the live region says once it says it."""
    region = form.get_by_role("status")
    form.page.wait_for_function(
        "region => region.textContent && region.dataset.verdict !== 'busy'",
        arg=region.element_handle(),
        timeout=1000 * seconds,
    )
    return region.inner_text()


def run(page, code, seconds=120):
    form = ask(page, "ex-adam-function")
    form.locator("textarea").fill(code)
    press(form)
    return verdict(form, seconds)


def test_a_page_loads_no_parser_and_no_python_before_they_are_needed(visit):
    page = visit()
    page.wait_for_load_state("networkidle")
    assert [address for address in page.loaded if LAZY.search(address)] == []
    answer(page, "ex-adam-iid-a", "1")
    assert {"judge.lazy.js", "preview.lazy.js"} <= {address.rpartition("/")[2] for address in page.loaded}
    assert not any("pyodide" in address for address in page.loaded)


def test_right_answers_are_said_to_be_right_and_remembered(visit):
    page = visit()
    done = page.locator("#ex-adam-two-steps .drill-done")
    assert answer(page, "ex-adam-two-steps-a", "9/10").startswith("Right.") and not done.is_visible()
    assert answer(page, "ex-adam-two-steps-b", "0,80041").startswith("Right.") and done.is_visible()
    page.reload()
    assert done.is_visible()


def test_what_is_typed_is_there_after_a_reload(visit):
    page = visit()
    formula, code = ask(page, "ex-adam-iid-a").get_by_role("textbox"), ask(page, "ex-adam-function").locator("textarea")
    given, choice = code.input_value(), ask(page, "ex-adam-iid-b").get_by_label("That the gradients are independent.")
    formula.fill("1 - β₁")
    code.fill(f"{given}\n    pass  # to be gone on with")
    choice.check()
    page.reload()
    assert formula.input_value() == "1 - β₁" and choice.is_checked()
    assert code.input_value() == f"{given}\n    pass  # to be gone on with"
    formula.focus()
    page.locator("[data-ask=ex-adam-iid-a] .drill-preview .katex").wait_for()
    code.fill("")
    page.reload()
    assert code.input_value() == given


@pytest.mark.parametrize(
    "name, typed, said",
    [
        ("ex-adam-iid-a", "1 - β₁", "That is its value at"),
        ("ex-adam-two-steps-b", "0.64", "That is gradient descent."),
        ("ex-adam-iid-a", "1 + β₁", "Not the same: at beta1 = "),
        ("ex-adam-iid-a", "(1 - β₁", "A closing parenthesis is missing."),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong(name, typed, said, visit):
    assert said in answer(visit(), name, typed)


def test_a_choice_is_told_why(visit):
    form = ask(visit(), "ex-adam-iid-b")
    press(form)
    assert verdict(form) == "Choose one first."
    form.get_by_label("That the gradients are independent.").check()
    press(form)
    assert "Expectations add without independence." in verdict(form)


def test_what_was_understood_is_set_while_it_is_typed(visit):
    page = visit()
    form = ask(page, "ex-adam-longest-a")
    form.locator("input").press_sequentially("1 - (1 - beta_1)**2")
    form.locator(".drill-preview .katex").wait_for()
    assert form.locator(".drill-preview annotation").text_content() == r"1-{\left(1- \beta_{1}\right)}^{2}"


def test_hints_come_one_after_the_other_and_then_the_answer(visit):
    drill = visit().locator("#ex-adam-noise")
    first, second, worked = (drill.get_by_text(text, exact=True) for text in ("Hint 1", "Hint 2", "Worked answer"))
    assert (first.is_visible(), second.is_visible(), worked.is_visible()) == (True, False, False)
    first.click()
    second.click()
    worked.click()
    assert drill.locator(".drill-answer p").first.is_visible()


def test_a_function_is_run_judged_and_stopped_and_the_page_stays_awake(visit):
    page = visit()
    assert run(page, FUNCTION).startswith("Right.")
    assert "depends on the units of the loss" in run(page, FUNCTION.replace("**0.5", ""))
    assert run(page, "def steps(*a):\n    return 1 / 0").startswith("ZeroDivisionError: division by zero (line 2)")
    form = ask(page, "ex-adam-function")
    form.locator("textarea").fill("def steps(*a):\n    while True: pass")
    press(form)
    assert answer(page, "ex-adam-iid-a", "1 - beta1^t").startswith("Right.")  # meanwhile
    assert form.get_by_role("status").inner_text() == "Running."
    assert verdict(form) == "Stopped after 10 seconds: does it loop for ever?"
    assert run(page, FUNCTION).startswith("Right.")


def test_the_keyboard_alone_will_do(visit):
    page = visit()
    page.locator("#ex-adam-iid-a-answer").focus()
    page.keyboard.type("1 - beta1^t")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert verdict(ask(page, "ex-adam-iid-a")).startswith("Right.")
    area = page.locator("#ex-adam-function-answer")
    area.fill("def f():")
    page.keyboard.press("Enter")
    page.keyboard.type("return 1")
    page.keyboard.press("Tab")
    assert area.input_value() == "def f():\n        return 1"
    page.keyboard.press("Shift+Tab")
    assert area.input_value() == "def f():\n    return 1"
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Run"


def test_without_javascript_question_hints_and_answer_are_there(visit):
    page = visit(java_script_enabled=False)
    drill = page.locator("#ex-adam-longest")
    assert (
        drill.get_by_text("Leave the corrections out.").is_visible()
        and not drill.get_by_role("button").first.is_visible()
    )
    for summary in ("Hint 1", "Hint 2", "Worked answer"):
        drill.get_by_text(summary, exact=True).click()
    assert drill.locator(".drill-answer p").first.is_visible()


def test_a_browser_that_keeps_nothing_still_answers(visit):
    page = visit(script=NO_STORE)
    assert answer(page, "ex-adam-two-steps-a", "0.9").startswith("Right.")
    assert answer(page, "ex-adam-two-steps-b", "0.80041").startswith("Right.")
    assert page.locator("#ex-adam-two-steps .drill-done").is_visible()  # for as long as the page is open


def test_from_a_file_expressions_are_judged_and_functions_say_what_they_need(visit, book):
    page = visit((book.html / CHAPTER).as_uri())
    assert answer(page, "ex-adam-iid-a", "1 - beta1^t").startswith("Right.")
    assert run(page, FUNCTION).startswith("Python runs only in a book that is served")


def test_on_a_phone_nothing_is_wider_than_the_screen(visit):
    page = visit(viewport={"width": 390, "height": 800})
    answer(page, "ex-adam-iid-a", " + ".join(["(1 - beta1)^t/sqrt(1 + beta1)"] * 6))
    page.locator("#ex-adam-iid summary").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_progress_is_shown_taken_along_forgotten_and_brought_back(visit, tmp_path):
    page = visit()
    answer(page, "ex-adam-two-steps-a", "0.9")
    answer(page, "ex-adam-two-steps-b", "0.80041")
    answer(page, "ex-adam-noise-a", "1")
    page.goto(page.url.replace("07-adam", "progress"))
    item = page.locator("li", has_text="Two steps of Adam by hand").last
    count = page.locator(".drill-bar output")
    assert re.fullmatch(r"1 of \d\d drills done", count.inner_text()) and "done" in item.inner_text()
    assert "begun, 1 try" in page.locator("li", has_text="How far noise moves Adam").last.inner_text()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    download.value.save_as(tmp_path / "kept.json")
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Reset").click()
    assert count.inner_text().startswith("1 of")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Reset").click()
    assert count.inner_text().startswith("0 of")
    chosen = page.locator(".drill-bar input[type=file]")
    chosen.set_input_files(tmp_path / "kept.json")
    page.get_by_text("Joined with the states of 3 questions.").wait_for()
    assert count.inner_text().startswith("1 of")
    for bad in ("[]", "{", json.dumps({"version": 1, "asks": []})):
        (tmp_path / "bad.json").write_text(bad)
        chosen.set_input_files(tmp_path / "bad.json")
        page.get_by_text("This file is no progress exported from this book.").wait_for()
    assert count.inner_text().startswith("1 of")
