"""Figures: one style a rule, everything drawn is the data given, nothing lost where a run diverged."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from optimlab import figures
from optimlab.descent import minimize
from optimlab.problems import rosenbrock
from optimlab.rules import RULES


def test_every_rule_has_a_look_of_its_own():
    assert set(RULES) <= set(figures.STYLES)
    looks = [(look.color, look.dash) for look in figures.STYLES.values()]
    assert len(set(looks)) == len(looks) and len({look.marker for look in figures.STYLES.values()}) == len(looks)


def test_a_path_figure_draws_each_runs_points_and_names_it():
    runs = [minimize(rosenbrock, name, lr=1e-3, steps=40) for name in ("sgd", "adam")]
    figure = figures.path(rosenbrock, runs)
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    np.testing.assert_array_equal(np.array(lines["Adam"].get_data()).T, runs[1].theta)
    assert lines["GD / SGD"].get_color() == figures.STYLES["sgd"].color


def test_a_diverged_run_is_drawn_as_far_as_it_was_finite():
    run = minimize(rosenbrock, "sgd", lr=1.0, steps=50)
    line = figures.path(rosenbrock, run).axes[0].lines[0]
    assert len(line.get_xdata()) == run.diverged


def test_a_sweep_marks_what_failed_at_the_upper_edge():
    figure = figures.sweep([0.1, 1.0, 10.0], {"sgd": [0.5, np.nan, 3.0]}, failed=1.0)
    kept, lost = figure.axes[0].lines
    assert kept.get_xdata().tolist() == [0.1] and lost.get_xdata().tolist() == [1.0, 10.0]


def test_bands_show_the_median_and_the_full_range():
    figure = figures.bands({"adam": [[1.0, 2.0], [3.0, 4.0], [8.0, 9.0]]}, log=False)
    assert figure.axes[0].lines[0].get_ydata().tolist() == [3.0, 4.0]
    y = figure.axes[0].collections[0].get_paths()[0].vertices[:, 1]
    assert (y.min(), y.max()) == (1.0, 9.0)


def test_a_long_curve_is_thinned_but_keeps_its_ends():
    run = minimize(rosenbrock, "adam", steps=3000)
    line = figures.curves(run).axes[0].lines[0]
    assert len(line.get_xdata()) <= 600 and line.get_xdata()[[0, -1]].tolist() == [0, 3000]
    assert line.get_ydata()[-1] == run.distance[-1]


def test_an_unknown_rule_is_drawn_under_its_own_name():
    assert figures.style("mine").label == "mine" and figures.style("mine").color not in {s.color for s in figures.STYLES.values()}


@pytest.mark.parametrize("columns, rows", [(2, 1), (3, 1), (2, 2)])
def test_panels_hold_several_drawings_in_one_figure(columns, rows):
    figure, axes = figures.panels(columns, rows)
    run = minimize(rosenbrock, "adam", steps=20)
    assert figures.curves(run, ax=np.ravel(axes)[0]) is figure and isinstance(figure, Figure)
