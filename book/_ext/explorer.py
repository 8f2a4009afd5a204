"""Sphinx extension: ```{explorer} sgd momentum``` is a figure one can drag; on paper it is a figure.

What it calculates is printed from optimlab/rules.py and problems.py by optimlab/kernels.py: this module hands the
print, with the stops of all sliders, to the scripts in book/scripts/explorer as the module "kernels". The figure that
stands in the page until the scripts start, and on paper, is drawn here at the rates that "tune each fairly" finds.
"""

import base64
import dataclasses
import hashlib
import io
import json
import os
import typing
from pathlib import Path

import bundle
import matplotlib
import numpy as np
from docutils import nodes
from docutils.parsers.rst import directives
from matplotlib.markers import MarkerStyle
from PIL import Image
from sphinx.util.docutils import SphinxDirective

from optimlab import figures
from optimlab.contract import Interval, nearest
from optimlab.descent import minimize
from optimlab.kernels import Untraceable, javascript, trace, trace_surface
from optimlab.problems import beale, noisy_quadratic, quadratic, rosenbrock, saddle
from optimlab.rules import RULES

LEARNING_RATES = np.geomspace(1e-4, 10, 101)
GRID = LEARNING_RATES[::2]  # among these each rule gets its best
SEEDS, STEPS = 3, 300  # draws of the noise, and the longest run
DASHES = {"-": "", "--": "7 3", ":": "2 3", "-.": "7 3 2 3"}
LABELS = {
    **{"lr": "learning rate η", "beta": "memory β", "beta1": "memory β₁", "beta2": "memory β₂", "eps": "floor ε"},
    **{"weight_decay": "weight decay λ", "threshold": "threshold for ρ"},
    **{"centered": "centered", "debias": "bias correction"},
    **{"kappa": "condition κ", "angle": "rotation in °", "sigma": "noise σ"},
}
BETAS = [k / 10 for k in range(10)] + [k / 100 for k in range(91, 100)]
BETAS += [k / 1000 for k in range(991, 1000)] + [0.9999]
STOPS = {
    "lr": LEARNING_RATES.tolist(),
    "eps": [0.0, *(10.0**k for k in range(-12, 1))],
    "weight_decay": [0.0, *(float(f"{m}e{k}") for k in range(-4, 0) for m in (1, 2, 5)), 1.0],
    "threshold": [4 + k / 4 for k in range(17)],
    "kappa": [1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000],
    "angle": list(range(-90, 91, 5)),
    "sigma": [k / 20 for k in range(11)] + [k / 10 for k in range(6, 11)] + [1.5, 2, 3],
}


class Surface(typing.NamedTuple):
    """A surface of the menu: made how, of which numbers (with their values at first), and the part that is shown."""

    label: str
    make: object
    numbers: dict
    view: tuple  # left, right, bottom, top

    def problem(self, numbers):
        return self.make(**numbers) if callable(self.make) else self.make


SURFACES = {
    "quadratic": Surface("Quadratic valley", quadratic, {"kappa": 20, "angle": 30}, (-1.8, 1.8, -1.35, 1.35)),
    "noisy_quadratic": Surface(
        "Noisy quadratic", noisy_quadratic, {"kappa": 20, "angle": 30, "sigma": 0.5}, (-1.8, 1.8, -1.35, 1.35)
    ),
    "rosenbrock": Surface("Rosenbrock's valley", rosenbrock, {}, (-2, 2, -0.75, 2.25)),
    "beale": Surface("Beale's plateau", beale, {}, (-1, 4.6, -2.1, 2.1)),
    "saddle": Surface("Saddle", saddle, {"sigma": 0}, (-2, 2, -1.5, 1.5)),
}


def traceable():
    """The rules an explorer can show: those that act coordinate by coordinate."""
    for name in RULES:
        try:
            trace(name)
        except Untraceable:
            continue
        yield name


def module():
    """The JavaScript module "kernels": every rule and surface, printed, with what the controls need to know of it."""
    rules = ",\n".join(f"  {name}: {rule_in_javascript(name)}" for name in traceable())
    surfaces = ",\n".join(f"  {name}: {surface_in_javascript(each)}" for name, each in SURFACES.items())
    noise = np.stack([np.random.default_rng(seed).normal(size=(STEPS, 2)) for seed in range(SEEDS)])
    draws = base64.b64encode(noise.astype("<f8").tobytes()).decode()
    return f"""export const RULES = {{\n{rules}\n}};
export const SURFACES = {{\n{surfaces}\n}};
export const GRID = {json.dumps(GRID.tolist())};
export const SEEDS = {SEEDS};
export const STEPS = {STEPS};
export const NOISE = "{draws}";
"""


def rule_in_javascript(name):
    look, rule = figures.STYLES[name], RULES[name]
    numbers = [key for key, kind in rule.kinds.items() if isinstance(kind, Interval)]
    choices = {key: typing.get_args(kind) or (False, True) for key, kind in rule.kinds.items() if key not in numbers}
    programs = {}
    for chosen in combinations(choices):
        programs[",".join(map(in_a_key, chosen.values()))] = javascript(trace(name, **chosen))
    about = {
        "label": look.label,
        "color": look.color,
        "dash": DASHES[look.dash],
        "marker": outline(look.marker),
        "remembers": list(trace(name).born),
        "numbers": {key: slider(key, rule.hyper[key], rule.kinds[key]) for key in numbers},
        "choices": {
            key: {"label": LABELS[key], "values": values, "value": rule.hyper[key]} for key, values in choices.items()
        },
    }
    printed = ", ".join(f"{json.dumps(key)}: {text}" for key, text in programs.items())
    return f"{{...{json.dumps(about, ensure_ascii=False)}, programs: {{{printed}}}}}"


def surface_in_javascript(surface):
    about = {
        "label": surface.label,
        "view": surface.view,
        "numbers": {key: slider(key, value) for key, value in surface.numbers.items()},
    }
    program = javascript(trace_surface(surface.make, *surface.numbers))
    return f"{{...{json.dumps(about, ensure_ascii=False)}, program: {program}}}"


def combinations(choices):
    """Every way to choose one value for each key."""
    chosen = [{}]
    for key, values in choices.items():
        chosen = [{**each, key: value} for each in chosen for value in values]
    return chosen


def in_a_key(value):
    return json.dumps(value).strip('"')


def slider(key, value, kind=None):
    """The stops of a slider, of what the rule's contract allows, and where it stands at first."""
    stops = STOPS.get(key) or BETAS + [1.0] * kind.closed
    first = on_a_stop(key, value) if isinstance(value, (int, float)) else None  # a learning rate may have no default
    return {"label": LABELS[key], "stops": stops, "value": first}


def on_a_stop(key, value):
    """The value at which a slider can stand that is nearest to the one given; flags and choices as they are."""
    stops = STOPS.get(key, BETAS if key.startswith("beta") else None)
    return min(stops, key=lambda stop: abs(stop - value)) if stops else value


def outline(marker):
    """A marker of matplotlib as an SVG path, one unit wide."""
    style = MarkerStyle(marker)
    parts = []
    for points, code in style.get_path().transformed(style.get_transform()).iter_segments():
        where = " ".join(f"{round(float(x) * (-1) ** i, 3):g}" for i, x in enumerate(points))
        parts.append({1: "M", 2: "L", 3: "Q", 4: "C", 79: "Z"}[int(code)] + ("" if code == 79 else where))
    return "".join(parts)


def handed_out(rule):
    """The rule, and the list to which each step adds what it hands out: theta, or schedule-free's average x."""
    path = []

    def step(theta, g, state, **hyper):
        theta, state = rule(theta, g, state, **hyper)
        path.append(state.get("x", theta))
        return theta, state

    step.__name__ = rule.__name__
    return step, path


def descend(problem, name, settings, hyper, seed=None):
    """The Run of a rule as the explorer shows it."""
    step, path = handed_out(RULES[name])
    seed = settings["seed"] if seed is None else seed
    run = minimize(problem, step, steps=settings["steps"], start=settings["start"], seed=seed, **hyper)
    return dataclasses.replace(run, theta=np.array([run.theta[0], *path]))


def tune(problem, name, settings, hyper):
    """The learning rate of GRID whose run ends lowest; where there is noise, on the mean over all its draws."""
    sweeps = [descend(problem, name, settings, {**hyper, "lr": GRID}, seed) for seed in range(SEEDS)]
    with np.errstate(all="ignore"):
        ends = np.mean([problem.f(sweep.theta[-1]) for sweep in sweeps], axis=0)
    return float(GRID[np.where(np.isfinite(ends), ends, np.inf).argmin()])


class explorer(nodes.General, nodes.Element):
    """Holds the figure; the scripts put the controls beside it."""


class Explorer(SphinxDirective):
    """``{explorer} rule ...``; the content is the caption.

    ``surface`` is one of SURFACES; ``set`` holds its numbers and those of the rules, as in "kappa=50 sgd.lr=0.1"; learning
    rates that are not given are tuned.
    """

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec = {
        "surface": directives.unchanged_required,
        "start": directives.unchanged_required,
        "steps": directives.positive_int,
        "set": directives.unchanged_required,
        "name": directives.unchanged_required,
    }

    def run(self):
        try:
            settings = settings_of(self.arguments[0], self.options, self.env.docname.rpartition("/")[2])
        except ValueError as problem:
            raise self.error(f"explorer: {problem}") from None
        bundle.use(self.env, "explorer")
        drawn, alt = draw(settings)
        path = Path(self.env.doctreedir) / "explorer" / f"{hashlib.sha256(drawn).hexdigest()[:16]}.png"
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(drawn)
        place = os.path.relpath(path, Path(self.env.doc2path(self.env.docname)).parent)
        figure = nodes.figure("", nodes.image(uri=place, alt=alt), classes=["explorer-figure"])
        caption, messages = self.parse_inline(" ".join(self.content))
        figure += nodes.caption("", "", *caption)
        self.set_source_info(figure)
        holder = explorer("", figure, settings=settings)
        figure["ids"].append(f"{settings['id']}-figure")
        return [holder, *messages]


def settings_of(words, options, name):
    """What an explorer shows at first, from the words of its directive; ``name`` is in its id, if it is not given one."""
    rules, known = words.split(), list(traceable())
    if unknown := [rule for rule in rules if rule not in known]:
        raise ValueError(f"no rule {unknown[0]!r} can be explored; {nearest(unknown[0], known)}")
    surface = options.get("surface", "quadratic")
    if surface not in SURFACES:
        raise ValueError(f"there is no surface {surface!r}; {nearest(surface, SURFACES)}")
    numbers, hyper = dict(SURFACES[surface].numbers), {rule: {} for rule in rules}
    for word in options.get("set", "").split():
        key, _, value = word.partition("=")
        rule, _, key = key.rpartition(".")
        allowed = numbers if not rule else RULES[rule].hyper if rule in rules else {}
        if key not in allowed:
            raise ValueError(f"{word!r} sets nothing; {nearest(key, allowed)}")
        (hyper[rule] if rule else numbers)[key] = on_a_stop(key, json.loads(value))
    problem = SURFACES[surface].problem(numbers)
    start = [float(x) for x in options["start"].split()] if "start" in options else problem.start.round(2).tolist()
    if len(start) != 2:
        raise ValueError(f"a start is two numbers, got {options['start']!r}")
    settings = {"id": options.get("name", f"explorer-{name}"), "surface": surface, "numbers": numbers, "start": start}
    settings |= {"seed": 0, "steps": options.get("steps", 100)}
    if settings["steps"] > STEPS:
        raise ValueError(f"there is noise for {STEPS} steps, got {settings['steps']}")
    settings["rules"] = {rule: {"lr": tune(problem, rule, settings, each), **each} for rule, each in hyper.items()}
    return settings


def draw(settings):
    """The figure for paper, a PNG, and the words for who cannot see it."""
    surface = SURFACES[settings["surface"]]
    problem = surface.problem(settings["numbers"])
    runs = {name: descend(problem, name, settings, hyper) for name, hyper in settings["rules"].items()}
    left, right, bottom, top = surface.view
    file = io.BytesIO()
    with matplotlib.rc_context():
        figures.use()
        fig, (path, curve) = figures.panels(gridspec_kw={"width_ratios": [1.35, 1]}, figsize=(7.8, 3.3))
        figures.path(problem, list(runs.values()), xlim=(left, right), ylim=(bottom, top), ax=path)
        floor = float(problem.f(problem.minimum))
        figures.curves(list(runs.values()), lambda run: run.loss - floor, ylabel="loss above the minimum", ax=curve)
        fig.savefig(file, format="png", dpi=150)
    drawn, file = Image.open(file).convert("RGB").quantize(64), io.BytesIO()  # few colours, a third of the bytes
    drawn.save(file, format="png", optimize=True)
    rates = {name: f"{hyper['lr']:.2g}" for name, hyper in settings["rules"].items()}
    ends = (
        f"{figures.style(name).label} at learning rate {rates[name]} ends at {run.loss[-1] - floor:.2g}"
        for name, run in runs.items()
    )
    alt = (
        f"Left, paths over the contours of {problem.name}, from ({', '.join(f'{x:.3g}' for x in settings['start'])}). "
        f"Right, the loss above the minimum, logarithmic, by step; after {settings['steps']} steps {', '.join(ends)}."
    )
    return file.getvalue(), alt


def open_holder(translator, node):
    settings = translator.attval(json.dumps(node["settings"]))
    translator.body.append(f'<div class="explorer" id="{node["settings"]["id"]}" data-settings="{settings}" ')
    rows = len(node["settings"]["numbers"]) + ("sigma" in node["settings"]["numbers"])
    translator.body.append(f'style="--rules: {len(node["settings"]["rules"])}; --numbers: {rows}">')


def close_holder(translator, node):
    translator.body.append("</div>")


def setup(app):
    app.setup_extension("bundle")
    nothing = (lambda translator, node: None, lambda translator, node: None)
    others = {builder: nothing for builder in ("latex", "text", "man", "texinfo")}
    app.add_node(explorer, html=(open_holder, close_holder), **others)
    app.add_directive("explorer", Explorer)
    app.connect("bundle-generate", lambda app: {"kernels": module()})
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
