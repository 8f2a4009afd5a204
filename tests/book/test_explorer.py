"""The explorer: its runs are the shipped rules', and all of it is in reach of mouse, finger, keys and ear."""

import html
import itertools
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from test_browser import browser  # noqa: F401  (a fixture)

from optimlab import figures
from optimlab.contract import Interval
from optimlab.kernels import trace
from optimlab.rules import RULES

ROOT = Path(__file__).parents[2]
DIRECTIVE = re.compile(r"^```\{explorer\} (.*)\n((?::.*\n)*)", re.MULTILINE)
WITHOUT_POWERS = ("sgd", "momentum", "nesterov", "adagrad", "schedule_free_sgd")
DESCEND, TUNE = "(given) => runs.descend(...given)", "(given) => runs.tune(...given)"
VALLEY = {"surface": "quadratic", "start": "1.2 0.8", "set": "kappa=20 angle=30", "steps": 60}


@pytest.fixture(scope="module")
def extension():
    pytest.importorskip("sphinx", reason="needs jupyter-book: make test")
    if not list((ROOT / "node_modules").glob("d3-contour")):
        pytest.skip("needs the npm packages: npm ci")
    sys.path.insert(0, str(ROOT / "book/_ext"))
    import bundle
    import explorer

    return explorer if bundle else None


@pytest.fixture(scope="module")
def site(extension, tmp_path_factory):
    """The scripts as the book has them, and the module of the runs alone as the global ``runs``."""
    folder = tmp_path_factory.mktemp("explorer")
    kernels = extension.module()
    extension.bundle.bundle(ROOT / "book/scripts/explorer", folder, {"kernels": kernels})
    (folder / "kernels.js").write_text(kernels, encoding="utf-8")
    parts = [str(ROOT / "book/scripts/explorer/descend.js"), f"--alias:kernels={folder / 'kernels.js'}"]
    extension.bundle.run([*parts, "--bundle", "--format=iife", "--global-name=runs", f"--outfile={folder / 'runs.js'}"])
    return folder


@pytest.fixture
def opened(extension, site, browser):  # noqa: F811
    """Open an explorer from file:// in a page of its own; a complaint on the console fails the test."""
    complaints, contexts = [], []

    def open_it(rules="sgd momentum", options=VALLEY, hash="", **context):
        settings = extension.settings_of(rules, options, "x")
        (site / "page.html").write_text(
            f"""<!doctype html><html lang="en" data-theme="light"><meta charset="utf-8"><title>x</title>
            <meta name="viewport" content="width=device-width"><link rel="stylesheet" href="main.css"><main><h1>x</h1>
            <div class="explorer" id="{settings["id"]}" data-settings="{html.escape(json.dumps(settings))}">
            <figure class="explorer-figure"></figure></div></main><script src="runs.js"></script>
            <script src="main.js" defer></script>""",
            encoding="utf-8",
        )
        contexts.append(browser.new_context(**{"viewport": {"width": 900, "height": 1200}, **context}))
        page = contexts[-1].new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(error.message))
        page.goto((site / "page.html").as_uri() + hash)
        page.wait_for_selector(".explorer.started .result:not(:empty)")
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert complaints == []


def start_of(page):
    return [float(page.input_value(f"#explorer-x-start-{i}")) for i in range(2)]


def state_of(page):
    """The address, once the reader has rested for a moment and what came of it is said."""
    page.wait_for_selector(".summary:not([aria-busy])")
    return page.evaluate("location.hash")


def set_slider(page, name, place):
    page.locator(f"#explorer-x-{name}").evaluate(
        "(input, place) => { input.value = place; input.dispatchEvent(new Event('input')); }", place
    )


def test_a_free_run_without_powers_is_the_run_of_minimize_bit_for_bit_noise_included(extension, opened):
    page = opened()
    for rule, surface in itertools.product(WITHOUT_POWERS, ("quadratic", "noisy_quadratic", "rosenbrock")):
        turned = "" if surface == "rosenbrock" else "angle=0 kappa=30"  # the cosine of 0 is 1 in every library
        settings = extension.settings_of(rule, {"surface": surface, "steps": 60, "set": turned}, "x")
        for seed, lr in ((0, 1e-3), (2, 3e-3)):
            hyper = {**RULES[rule].hyper, "lr": lr}
            run = extension.descend(extension.SURFACES[surface].problem(settings["numbers"]), rule, settings, hyper, seed)
            got = page.evaluate(DESCEND, [rule, hyper, settings, seed])
            assert np.array_equal(got["path"], run.theta, equal_nan=True), (rule, surface)


@pytest.mark.parametrize("rule", [name for name in RULES if name != "muon"])
def test_a_free_run_with_javascripts_powers_stays_within_nine_digits(rule, extension, opened):
    page = opened()
    choices = {key: kind for key, kind in RULES[rule].kinds.items() if not isinstance(kind, Interval)}
    options = {key: [False, True] if kind is bool else kind.__args__ for key, kind in choices.items()}
    for surface, chosen in itertools.product(extension.SURFACES, extension.combinations(options)):
        settings = extension.settings_of(rule, {"surface": surface, "steps": 30}, "x")
        problem = extension.SURFACES[surface].problem(settings["numbers"])
        hyper = {**RULES[rule].hyper, "lr": 3e-3, **chosen}
        run = extension.descend(problem, rule, settings, hyper, 1)
        got = page.evaluate(DESCEND, [rule, hyper, settings, 1])
        np.testing.assert_allclose(got["path"], run.theta, rtol=1e-9, atol=1e-11)
        floor = problem.f(problem.minimum)
        np.testing.assert_allclose(got["loss"], run.loss - floor, rtol=1e-8, atol=1e-11)


def explorers_of_the_book():
    for path in sorted((ROOT / "book").glob("*.md")):
        for found in DIRECTIVE.finditer(path.read_text(encoding="utf-8")):
            options = dict(re.findall(r"^:(\w+): *(.*)$", found[2], re.MULTILINE))
            yield path.stem, found[1], {key: int(text) if key == "steps" else text for key, text in options.items()}


def test_the_first_page_and_every_chapter_with_a_rule_have_an_explorer_of_it():
    shown = {page: words.split() for page, words, _ in explorers_of_the_book()}
    sources = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "book").glob("[0-9]*.md")}
    of_chapter = {page: set(re.findall(r"\{rule-source\} (\w+)", text)) & RULES.keys() for page, text in sources.items()}
    assert {page for page, rules in of_chapter.items() if rules} | {"intro"} <= shown.keys() and len(shown) > 10
    for page in shown.keys() - {"intro"}:
        assert of_chapter[page] - {"muon"} <= set(shown[page]), page


ENDS_AS_THE_CAPTION_SAYS = {
    "01-gradient-descent": lambda loss: loss["sgd"] < 1e-3,
    "02-sgd": lambda loss: loss["sgd"] > 1e-3,
    "03-momentum": lambda loss: loss["momentum"] < loss["sgd"] / 10,
    "04-nesterov": lambda loss: loss["nesterov"] < loss["momentum"],
    "05-adagrad": lambda loss: loss["adagrad"] < loss["sgd"] * 1e-9,
    "06-rmsprop": lambda loss: loss["rmsprop"] < 1e-6 and loss["adagrad"] > 1e-2,
    "07-adam": lambda loss: loss["momentum"] < loss["adam"] < loss["rmsprop"],
    "08-what-adam-is": lambda loss: loss["amsgrad"] == pytest.approx(loss["adam"], rel=0.1),
    "09-adamw": lambda loss: loss["adam_l2"] < 2 * loss["adam"] < loss["adamw"] / 5,
    "10-family": lambda loss: max(loss["schedule_free_sgd"], loss["schedule_free_adamw"]) < loss["adam"],
    "11-around-the-rule": lambda loss: loss["sgd"] > 1e3 and loss["momentum"] < 0.1,
    "intro": lambda loss: len(loss) == 4,
}


def losses(extension, settings, seed):
    problem = extension.SURFACES[settings["surface"]].problem(settings["numbers"])
    runs = {rule: extension.descend(problem, rule, settings, hyper, seed) for rule, hyper in settings["rules"].items()}
    return {rule: run.loss[-1] - problem.f(problem.minimum) for rule, run in runs.items()}


def test_the_captions_of_the_explorers_are_true_on_every_draw_of_the_noise(extension):
    for page, words, options in explorers_of_the_book():
        settings = extension.settings_of(words, options, page)
        for seed in range(extension.SEEDS):
            loss = losses(extension, settings, seed)
            assert ENDS_AS_THE_CAPTION_SAYS[page](loss), (page, loss)
    turned = extension.settings_of("sgd adagrad", {"set": "kappa=100 angle=45 adagrad.lr=0.5", "start": "1.3 0.9"}, "x")
    loss = losses(extension, turned, 0)
    assert loss["sgd"] < loss["adagrad"]  # chapter 5
    beyond = extension.settings_of("sgd", {"set": "kappa=20 angle=30 sgd.lr=0.112", "start": "1.3 0.9"}, "x")
    assert losses(extension, beyond, 0)["sgd"] > 1e3  # chapter 1
    noisy = {"surface": "noisy_quadratic", "set": "sigma=1", "start": "1.3 0.9", "steps": 200}
    rates = extension.settings_of("adam radam", noisy, "x")
    assert rates["rules"]["radam"]["lr"] > 3 * rates["rules"]["adam"]["lr"]  # chapter 8


def test_tuning_in_the_page_finds_what_the_figure_on_paper_was_tuned_to(extension, opened):
    page = opened()
    for name, words, options in explorers_of_the_book():
        settings = extension.settings_of(words, options, name)
        problem = extension.SURFACES[settings["surface"]].problem(settings["numbers"])
        for rule, hyper in settings["rules"].items():
            given = {**RULES[rule].hyper, **hyper, "lr": 0.5}
            best = extension.tune(problem, rule, settings, {key: x for key, x in hyper.items() if key != "lr"})
            assert page.evaluate(TUNE, [rule, given, settings]) == best, (name, rule)


def test_dragging_the_start_moves_it_and_the_paths_follow(opened):
    page = opened()
    before, line = start_of(page), page.get_attribute(".map .line", "points")
    box = page.locator(".start .ring").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 60, y + 45, steps=4)
    page.mouse.up()
    after = start_of(page)
    assert after[0] < before[0] - 0.2 and after[1] < before[1] - 0.2
    page.wait_for_function("line => document.querySelector('.map .line').getAttribute('points') !== line", arg=line)
    assert f"start={after[0]:g},{after[1]:g}" in state_of(page)


def test_a_tap_on_the_map_puts_the_start_there(opened):
    page = opened(has_touch=True, viewport={"width": 390, "height": 1200})
    box = page.locator(".map").bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.25)
    assert start_of(page) == pytest.approx([-0.9, 0.675], abs=0.03)


def test_arrow_keys_move_the_start_as_far_as_the_map_reaches(opened):
    page = opened()
    page.focus(".start")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert start_of(page) == [1.25, 0.75]
    page.keyboard.press("Shift+ArrowLeft")
    assert start_of(page) == [0.75, 0.75]
    for _ in range(5):
        page.keyboard.press("Shift+ArrowUp")
    assert start_of(page) == [0.75, 1.35]
    page.wait_for_selector(".start[aria-label='Start, at 0.75, 1.35']")
    assert page.evaluate("document.activeElement.matches('.start')")


def test_everything_can_be_reached_by_tab(opened):
    page = opened()
    page.evaluate("document.querySelectorAll('.explorer details').forEach((each) => (each.open = true))")
    count = page.locator(".explorer :is(button, input, select, summary, [tabindex='0'])").count()
    seen = set()
    for _ in range(count):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("[...document.querySelectorAll('.explorer *')].indexOf(document.activeElement)"))
    assert len(seen - {-1}) == count


def test_play_runs_to_the_end_and_pauses_and_step_goes_one_on(opened):
    page = opened()
    page.clock.install(time=0)
    page.clock.pause_at(1)  # from here on only run_for moves the page's clock, however busy the machine is
    play, at = page.locator(".play"), page.locator("#explorer-x-at")
    play.click()
    page.clock.run_for(1000)
    paused = int(at.input_value())
    assert 5 <= paused <= 10 and play.inner_text() == "Pause"
    play.click()
    page.clock.run_for(1000)
    assert int(at.input_value()) == paused and play.inner_text() == "Play"
    page.get_by_role("button", name="Step").click()
    page.clock.run_for(100)
    assert int(at.input_value()) == paused + 1
    play.click()
    page.clock.run_for(7000)
    assert at.get_attribute("aria-valuetext") == "60 of 60" and play.inner_text() == "Play"


def test_with_reduced_motion_play_shows_the_end_at_once(opened):
    page = opened(reduced_motion="reduce")
    page.locator("#explorer-x-at").fill("5")
    page.locator(".play").click()
    page.wait_for_selector("#explorer-x-at[aria-valuetext='60 of 60']")
    assert page.inner_text(".play") == "Play"


def test_tune_each_fairly_finds_the_best_of_the_grid_and_says_so(opened, extension):
    page = opened()
    tuned = extension.settings_of("sgd momentum", VALLEY, "x")["rules"]
    for name in tuned:
        set_slider(page, f"{name}-lr", 5)
    assert "sgd=lr:0.00017" in state_of(page)
    page.get_by_role("button", name="Tune each fairly").click()
    page.wait_for_function("document.querySelector('.summary').textContent.includes('best of the same 51')")
    state = state_of(page)
    assert all(f"{name}=lr:{hyper['lr']}" in state for name, hyper in tuned.items())
    assert "after 60 steps" in page.inner_text(".summary")


def test_a_link_opens_the_state_it_was_made_of(opened):
    page = opened("rmsprop amsgrad", {**VALLEY, "surface": "noisy_quadratic"})
    page.select_option("#explorer-x-add", "schedule_free_sgd")
    page.evaluate("document.querySelectorAll('.explorer details').forEach((each) => (each.open = true))")
    page.select_option("#explorer-x-amsgrad-debias", "before")
    page.select_option("#explorer-x-rmsprop-centered", "true")
    places = {"kappa": 9, "angle": 3, "sigma": 7, "seed": 2, "steps": 11, "rmsprop-lr": 30, "rmsprop-beta": 4}
    for name, place in places.items():
        set_slider(page, name, place)
    page.fill("#explorer-x-start-0", "-0.4")
    page.press("#explorer-x-start-0", "Enter")
    set_slider(page, "at", 33)
    controls = "document.querySelectorAll('.explorer :is(input, select, .result)')"
    shown = f"[...{controls}].map((each) => [each.id, each.value ?? each.textContent])"
    state, before = state_of(page), page.evaluate(shown)
    other = opened("sgd", hash=state)
    assert other.evaluate(shown) == before and state_of(other) == state
    other.get_by_role("button", name="Reset").click()
    assert "sgd=lr" in state_of(other) and "rmsprop" not in state_of(other)


def test_an_address_that_makes_no_sense_is_read_as_far_as_it_does(opened):
    page = opened(hash="#explorer-x?surface=moon&kappa=1e9&start=a,b&steps=-3&seed=99&adam=lr:x,beta1:7,gamma:1&sgd=")
    state = state_of(page)
    assert page.input_value("#explorer-x-surface") == "quadratic" and page.locator(".rules li").count() == 2
    page.get_by_role("button", name="Step").click()
    assert "adam=lr:0.00" in state_of(page) and "kappa=1000" in state_of(page), state


def test_divergence_is_told_and_leaves_through_the_top(opened):
    page = opened("sgd", {**VALLEY, "set": "kappa=20 sgd.lr=0.2", "steps": 300})
    assert page.inner_text(".result").startswith("diverges ") and "GD / SGD diverges." in page.inner_text(".summary")
    page = opened("sgd", {**VALLEY, "set": "kappa=1000 sgd.lr=10", "steps": 300})
    assert re.fullmatch(r"diverges not finite from step \d+", page.inner_text(".result"))


def test_every_hyperparameter_of_every_rule_has_a_labelled_control_that_acts(extension, opened):
    rules = [name for name in RULES if name != "muon"]
    page = opened(" ".join(rules), {**VALLEY, "surface": "beale", "set": "", "start": "1 1"})
    page.evaluate("document.querySelectorAll('.explorer details').forEach((each) => (each.open = true))")
    for rule in rules:
        for key in RULES[rule].hyper:
            control = page.locator(f"#explorer-x-{rule}-{key}")
            label = control.evaluate("(control) => control.labels[0].textContent")
            assert label == f"{extension.LABELS[key]}, {figures.STYLES[rule].label}"
    before = state_of(page)
    for rule in rules:
        for key, kind in RULES[rule].kinds.items():
            if isinstance(kind, Interval):
                set_slider(page, f"{rule}-{key}", 2)
            else:
                menu = page.locator(f"#explorer-x-{rule}-{key}")
                menu.select_option(index=1 - menu.evaluate("(menu) => Number(menu.selectedIndex > 0)"))
    after = state_of(page)
    for rule in rules:
        own = dict(word.split(":") for word in re.search(rf"&{rule}=([^&]*)", after)[1].split(","))
        assert own.keys() == RULES[rule].hyper.keys(), (rule, before, after)


def test_the_table_holds_the_losses_of_the_runs(extension, opened):
    page = opened("adagrad")
    assert page.locator(".numbers-table table").count() == 0
    page.get_by_text("The run as a table").click()
    page.wait_for_selector(".numbers-table table")
    settings = extension.settings_of("adagrad", VALLEY, "x")
    problem = extension.SURFACES["quadratic"].problem(settings["numbers"])
    loss = extension.descend(problem, "adagrad", settings, settings["rules"]["adagrad"]).loss
    rows = [row.inner_text().replace("−", "-").split() for row in page.locator(".numbers-table tbody tr").all()]
    assert [int(step) for step, _ in rows][-2:] == [50, 60]
    assert [float(value) for _, value in rows] == pytest.approx([loss[int(step)] for step, _ in rows], rel=0.06)


def test_axe_finds_nothing_with_everything_open(opened):
    page = opened("rmsprop adam")
    page.evaluate("document.querySelectorAll('.explorer details').forEach((each) => (each.open = true))")
    page.wait_for_selector(".numbers-table table")
    page.add_script_tag(path=ROOT / "node_modules/axe-core/axe.min.js")
    checks = "{preload: false, rules: {'color-contrast': {enabled: false}}}"  # colours are the theme's, not loaded here
    found = page.evaluate(f"axe.run('.explorer', {checks})")
    assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []


def test_on_paper_the_figure_stands_in_place_of_the_controls(opened):
    page = opened()
    page.evaluate("document.querySelector('figure').append(new Image(26, 11))")
    seen = "[...document.querySelectorAll('.explorer-live, .explorer img')].map((each) => each.checkVisibility())"
    assert page.evaluate(seen) == [True, False]
    page.emulate_media(media="print")
    assert page.evaluate(seen) == [False, True]


def test_styles_are_those_of_every_figure(extension):
    text = extension.rule_in_javascript("nesterov")
    look = figures.STYLES["nesterov"]
    assert look.color in text and f'"dash": "{extension.DASHES[look.dash]}"' in text and look.label in text
    assert {style.dash for style in figures.STYLES.values()} <= extension.DASHES.keys()
    assert len({extension.outline(style.marker) for style in figures.STYLES.values()}) == len(figures.STYLES)


def test_stops_keep_to_the_contract_and_hold_every_default(extension):
    for name in extension.traceable():
        for key in trace(name).hyper:
            kind, default = RULES[name].kinds[key], RULES[name].hyper[key]
            control = extension.slider(key, default, kind)
            stops = control["stops"]
            assert stops == sorted(stops) and stops[0] >= kind.low
            assert stops[-1] < kind.high or kind.closed and stops[-1] == kind.high
            if isinstance(default, (int, float)) and key != "lr":
                assert control["value"] == default


WRONG = {
    "no rule 'adm' can be explored; did you mean 'adam'?": ("adm", {}),
    "no rule 'muon' can be explored": ("muon", {}),
    "there is no surface 'quadratc'; did you mean 'quadratic'?": ("sgd", {"surface": "quadratc"}),
    "'kapa=3' sets nothing; did you mean 'kappa'?": ("sgd", {"set": "kapa=3"}),
    "'sgd.lrr=3' sets nothing; did you mean 'lr'?": ("sgd", {"set": "sgd.lrr=3"}),
    "a start is two numbers, got '1'": ("sgd", {"start": "1"}),
    "there is noise for 300 steps, got 301": ("sgd", {"steps": 301}),
}


@pytest.mark.parametrize("said", WRONG)
def test_a_slip_in_the_directive_is_answered_with_a_sentence(said, extension):
    with pytest.raises(ValueError, match=re.escape(said)):
        extension.settings_of(*WRONG[said], "x")
