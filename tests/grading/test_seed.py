"""The seed is made once, kept private, and never guessed from a file that holds something else."""

import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from optimlab.grading import Refused, seed


def test_a_seed_is_made_once_and_read_ever_after(tmp_path):
    path = tmp_path / "deep" / "down" / "seed"
    first = seed.read_or_make(path)
    assert first == seed.read_or_make(path) and first.bit_length() > 200
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and seed.is_private(path)
    assert os.listdir(path.parent) == ["seed"]


def test_two_seeds_differ(tmp_path):
    assert seed.read_or_make(tmp_path / "a") != seed.read_or_make(tmp_path / "b")


def test_graders_that_make_it_at_once_agree(tmp_path):
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert len(set(pool.map(seed.read_or_make, [tmp_path / "seed"] * 8, chunksize=1))) == 1


@pytest.mark.parametrize("text", [b"", b"42\n", b"\xff\xfe", b"{}", b"g" * 64, b"a" * 65])
def test_a_file_that_is_no_seed_is_refused_and_left_as_it_is(tmp_path, text):
    path = tmp_path / "seed"
    path.write_bytes(text)
    with pytest.raises(Refused, match="is no seed file, which holds 64 hexadecimal digits"):
        seed.read_or_make(path)
    assert path.read_bytes() == text


def test_a_place_where_no_seed_can_be_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    for path, why in [(tmp_path, "Is a directory"), (tmp_path / "file" / "seed", "(Not a directory|File exists)")]:
        with pytest.raises(Refused, match=f"cannot be read or made: {why}"):
            seed.read_or_make(path)


def test_a_seed_that_others_can_read_is_not_private(tmp_path):
    path = tmp_path / "seed"
    seed.read_or_make(path)
    path.chmod(0o640)
    assert not seed.is_private(path)


def test_the_seed_is_kept_with_the_users_state(monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", "/var/state")
    assert seed.default_path() == Path("/var/state/optimlab/seed")
    monkeypatch.delenv("XDG_STATE_HOME")
    assert seed.default_path() == Path.home() / ".local/state/optimlab/seed"
