"""One look for every figure: a rule has the same colour, dash and marker wherever it appears.

Colours are Okabe & Ito's, told apart with any colour vision; dashes and markers tell the rules apart in grey.
Every function returns a Figure that the notebook shows once; give ``ax`` (see :func:`panels`) to draw several in one.
"""

from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILLION, PURPLE = (
    "#000000 #E69F00 #56B4E9 #009E73 #F0E442 #0072B2 #D55E00 #CC79A7".split()
)


class Style(NamedTuple):
    """How one rule is drawn, and the name the reader sees."""

    label: str
    color: str
    dash: str
    marker: str


STYLES = {
    "sgd": Style("GD / SGD", BLACK, "-", "o"),
    "momentum": Style("Momentum", ORANGE, "-", "s"),
    "nesterov": Style("Nesterov", ORANGE, "--", "D"),
    "adagrad": Style("AdaGrad", GREEN, "-", "^"),
    "rmsprop": Style("RMSProp", SKY, "-", "v"),
    "adam": Style("Adam", BLUE, "-", "P"),
    "adam_l2": Style("Adam + L2", PURPLE, "--", "X"),
    "adamw": Style("AdamW", VERMILLION, "-", "*"),
    "amsgrad": Style("AMSGrad", BLUE, ":", "<"),
    "radam": Style("RAdam", BLUE, "-.", ">"),
    "schedule_free_sgd": Style("Schedule-Free SGD", BLACK, ":", "h"),
    "schedule_free_adamw": Style("Schedule-Free AdamW", VERMILLION, ":", "H"),
    "muon": Style("Muon", PURPLE, "-", "d"),
}


def use(form="svg"):
    """Set the look for this process; a notebook draws as ``form``, SVG or (small where there are many contours) "png"."""
    matplotlib.rcParams.update(
        {
            "figure.figsize": (5.6, 3.5),  # small, so that on a telephone the letters are not
            "figure.constrained_layout.use": True,
            "savefig.facecolor": "white",
            "svg.hashsalt": "optimlab",
            "font.size": 11,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.color": "#dddddd",
            "grid.linewidth": 0.6,
            "lines.linewidth": 1.8,
            "figure.dpi": 144 if form == "svg" else 100,  # of the contours, which are points even in an SVG
            "legend.fontsize": 10,
            "legend.framealpha": 0.85,
            "legend.edgecolor": "none",
        }
    )
    try:
        from IPython import get_ipython
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:
        return
    if shell := get_ipython():
        set_matplotlib_formats(form, metadata={"Date": None} if form == "svg" else {})
        plain = shell.display_formatter.formatters["text/plain"]
        plain.for_type(Figure, lambda figure, printer, cycle: printer.text(digest(figure)))


def digest(figure):
    """The data of a figure in a few numbers, so that a notebook's figures can be compared without their pixels.

    For each line its label, its number of points, and of its finite points the means and the last height; four
    significant figures, so that the rounding of another machine does not show.

    >>> fig, axis = panels(1)
    >>> [line] = axis.plot([0, 1, 2], [1, 4, np.nan], label="Adam")
    >>> print(digest(fig))
    <Figure>
    Adam: 3 points, mean (0.5, 2.5), last 4
    """
    lines = ["<Figure>"]
    for ax in figure.axes:
        for line in ax.lines:
            lines.append(f"{_name(line)}: {_summary(*line.get_data(orig=False))}")
        lines += [f"bar: {bar.get_x():.4g}, {bar.get_height():.4g}" for bar in ax.patches if hasattr(bar, "get_x")]
        for dots in ax.collections:
            if len(points := np.asarray(dots.get_offsets(), dtype=float)) > 1:
                lines.append(f"dots: {_summary(*points.T)}")
        lines += [f"image: {image.get_array().shape}, mean {np.mean(image.get_array()):.4g}" for image in ax.images]
    return "\n".join(lines)


def _name(artist):
    label = str(artist.get_label())
    return "line" if label.startswith("_") else label  # matplotlib's own names count the lines


def _summary(x, y):
    x, y = (np.asarray(values, dtype=float) for values in (x, y))
    shown = np.isfinite(x) & np.isfinite(y)
    if not shown.any():
        return f"{len(x)} points, none of them finite"
    return f"{len(x)} points, mean ({x[shown].mean():.4g}, {y[shown].mean():.4g}), last {y[shown][-1]:.4g}"


def style(rule):
    """The Style of a rule by name; a learner's own function is drawn in grey under its own name.

    >>> style("adam").label, style("my_rule").label
    ('Adam', 'my_rule')
    """
    return STYLES.get(rule, Style(str(rule), "#777777", "-", "."))


def panels(columns=2, rows=1, **kwargs):
    """A figure and its axes: ``fig, (left, right) = panels()``."""
    fig, axes = plt.subplots(rows, columns, **{"figsize": (5.6, 3.5) if columns * rows == 1 else (3.1 * columns, 3.0 * rows), **kwargs})
    plt.close(fig)
    return fig, axes


def path(problem, runs, *, xlim=None, ylim=None, levels=14, every=None, ax=None):
    """The paths of two-dimensional runs over the contours of the loss; S marks the start, a cross the minimum.

    ``runs`` is a Run, a list of them, or a dict from label to Run. A marker every ``every`` steps shows the speed.
    """
    ax = ax or _axes()
    runs = _labelled(runs)
    xlim, ylim = xlim or _span(runs, problem, 0), ylim or _span(runs, problem, 1)
    x, y = np.meshgrid(np.linspace(*xlim, 241), np.linspace(*ylim, 241))
    loss = problem.f(np.stack([x, y], -1))
    loss = np.log10(loss - loss.min() + 1e-3 * np.ptp(loss))
    # As lines the contours of one figure would be half a megabyte.
    ax.contourf(x, y, loss, levels=levels, cmap="Greys", alpha=0.35).set_rasterized(True)
    ax.contour(x, y, loss, levels=levels, colors="#999999", linewidths=0.5).set_rasterized(True)
    for label, run in runs.items():
        look = style(run.rule)
        theta = run.theta[np.isfinite(run.theta).all(-1)]
        text = label if isinstance(label, str) and label != run.rule else look.label
        every_ = every or max(1, len(theta) // 12)
        ax.plot(*theta.T, look.dash, color=look.color, marker=look.marker, markevery=every_, markersize=5, label=text)
    start = next(iter(runs.values())).theta[0]
    ax.annotate("S", start, xytext=(-4, 5), textcoords="offset points", ha="right", fontweight="bold")
    ax.plot(*problem.minimum, "x", color="black", markersize=9, markeredgewidth=2)
    ax.set(xlim=xlim, ylim=ylim, xlabel=r"$\theta_1$", ylabel=r"$\theta_2$")
    ax.grid(False)
    ax.legend(loc="best")
    return ax.figure


def curves(runs, what="distance", *, log=True, ylabel=None, ax=None):
    """A quantity of each run against the step: "distance", "loss", or any function of a Run."""
    ax = ax or _axes()
    for label, run in _labelled(runs).items():
        look = style(run.rule)
        values = what(run) if callable(what) else getattr(run, what)
        text = label if label != run.rule else look.label
        _line(ax, np.arange(len(values)), values, look, text)
    ax.set(xlabel="step", ylabel=ylabel or (what if isinstance(what, str) else ""))
    if log:
        ax.set_yscale("log")
    ax.legend(loc="best")
    return ax.figure


def sweep(x, results, *, xlabel="learning rate", ylabel="final distance", failed=None, ax=None):
    """One outcome per value of a swept hyperparameter, both axes logarithmic: ``results`` maps rule to k outcomes.

    An outcome that is not finite, or above ``failed``, is drawn as a cross at the upper edge. ``x`` is one sequence for
    all rules or a dict of one each.
    """
    ax = ax or _axes()
    finite = np.concatenate([np.ravel(values) for values in results.values()])
    ceiling = failed if failed is not None else np.max(finite[np.isfinite(finite)], initial=1e-300)
    for rule, values in results.items():
        look, values = style(rule), np.asarray(values, dtype=float)
        at = np.asarray(x[rule] if isinstance(x, dict) else x, dtype=float)
        lost = ~(values <= ceiling)
        ax.plot(at[~lost], values[~lost], look.dash, color=look.color, marker=look.marker, markersize=5, label=look.label)
        ax.plot(at[lost], np.full(lost.sum(), ceiling * 1.5), "x", color=look.color, markersize=6)
    ax.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel)
    ax.legend(loc="best")
    return ax.figure


def bands(series, x=None, *, log=True, xlabel="step", ylabel="loss", ax=None):
    """Median and full range over seeds: ``series`` maps rule (or label) to an array of shape (seeds, points)."""
    ax = ax or _axes()
    for rule, values in series.items():
        look, values = style(rule), np.asarray(values, dtype=float)
        at = np.arange(values.shape[1]) if x is None else np.asarray(x)
        ax.fill_between(at, values.min(0), values.max(0), color=look.color, alpha=0.2, linewidth=0)
        _line(ax, at, np.median(values, axis=0), look, look.label)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if log:
        ax.set_yscale("log")
    ax.legend(loc="best")
    return ax.figure


def _axes():
    fig, ax = plt.subplots()
    plt.close(fig)
    return ax


def _line(ax, x, y, look, label):
    """A line thinned to at most 600 points (a figure is data to download too), its markers kept apart."""
    keep = np.unique(np.linspace(0, len(x) - 1, 600).round().astype(int)) if len(x) > 600 else slice(None)
    x, y = np.asarray(x)[keep], np.asarray(y)[keep]
    every = max(1, len(x) // 8)
    ax.plot(x, y, look.dash, color=look.color, marker=look.marker, markevery=every, markersize=5, label=label)


def _labelled(runs):
    """Runs by label, from a Run, a list or a dict."""
    if isinstance(runs, dict):
        return runs
    return {run.rule: run for run in (runs if isinstance(runs, (list, tuple)) else [runs])}


def _span(runs, problem, axis):
    """The range the paths cover along one axis, with a margin; what lies far beyond start and minimum is cut off."""
    start, goal = next(iter(runs.values())).theta[0], problem.minimum
    reach = 2 * max(float(np.linalg.norm(start - goal)), 1e-3)
    points = np.concatenate([run.theta[:, axis] for run in runs.values()])
    points = np.clip(points[np.isfinite(points)], goal[axis] - reach, goal[axis] + reach)
    low, high = min(points.min(), goal[axis]), max(points.max(), goal[axis])
    margin = max(0.12 * (high - low), 0.1 * reach)
    return low - margin, high + margin
