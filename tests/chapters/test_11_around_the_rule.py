"""What the chapter on schedules, warmup, clipping and sharpness says, asserted on its own runs."""

import numpy as np
import pytest


@pytest.fixture(scope="module")
def chapter(run_chapter):
    return run_chapter("11-around-the-rule")


def test_no_run_comes_to_rest_in_a_minimum_sharper_than_two_over_its_learning_rate(chapter):
    ends, lrs, there = chapter.ends, chapter.lrs, chapter.came_to_rest
    assert np.all(ends[there] < 2 / lrs[there])
    assert np.all(chapter.rest.loss[-1][there] < 1e-12)
    assert not there[-1] and 2 / ends[0] == pytest.approx(0.125, rel=0.01)
    assert ends[there][2 / lrs[there] > 17] == pytest.approx(16, rel=0.01)  # the nearest minimum, as long as it holds


def test_the_sharpness_is_the_largest_eigenvalue_of_the_hessian(chapter):
    x, y = 1.7, -0.4
    hessian = np.array([[y**2, 2 * x * y - 1], [2 * x * y - 1, x**2]])
    assert chapter.sharpness(np.array([x, y])) == pytest.approx(np.linalg.eigvalsh(hessian)[-1])


def test_a_schedule_with_an_end_stays_there_and_torchs_cosine_comes_back(chapter):
    after = chapter.at[-110:] > 100
    for name in ("cosine", "linear", "warmup-stable-decay"):
        assert np.all(chapter.rates[name][-110:][after] == 0)
    assert chapter.glued["c11_torch_again"] == 1.0 and chapter.glued["c11_ours"] == 0.0
    np.testing.assert_allclose(chapter.torchs[:100], chapter.rates["cosine"][:100], atol=1e-12)


def test_a_warmup_lets_a_far_higher_rate_in_where_the_start_is_steep(chapter):
    assert chapter.glued["c11_gain"] > 5


def test_a_spike_throws_momentum_far_adam_less_and_the_clipped_hardly(chapter):
    thrown = chapter.thrown
    assert thrown["momentum", None] > 20 * thrown["adam", None] > 20 * thrown["adam", 1.0]
    assert thrown["momentum", 1.0] < thrown["momentum", None] / 50


def test_momentum_is_back_from_the_spike_before_adam_whose_size_remembers_it(chapter):
    level = {key: np.median(paths[:, 350:]) for key, paths in chapter.runs.items()}
    assert level["momentum", None] < 2 * level["momentum", 1.0]
    assert level["adam", None] > 3 * level["adam", 1.0]
