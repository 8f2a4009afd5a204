"""Every file a student can hand in is found and read, or called unreadable in a sentence; none stops the others."""

import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimlab.grading import submission
from optimlab.grading.submission import Unreadable, cells, find, read

LAB = "lab04_race"


def notebook(*sources, tags=()):
    code = [{"cell_type": "code", "metadata": {"tags": list(tags)}, "source": source} for source in sources]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": code}).encode()


def hand_in(path, data=None, at=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(notebook("x = 1") if data is None else data)
    if at is not None:
        os.utime(path, (at, at))
    return path


def found(class_dir, *others):
    return {s.student: s for s in find(class_dir, LAB, others)}


# ------------------------------------------------------------------------------------------------------------ finding


def test_a_file_or_a_folder_a_student(tmp_path):
    flat = hand_in(tmp_path / "ada.ipynb")
    folder = hand_in(tmp_path / "emmy" / f"{LAB}.ipynb")
    hand_in(tmp_path / "emmy" / ".ipynb_checkpoints" / f"{LAB}-checkpoint.ipynb")
    hand_in(tmp_path / ".hidden.ipynb")
    hand_in(tmp_path / "__MACOSX" / "ada.ipynb")
    hand_in(tmp_path / "README.txt")
    assert {s.student: (s.path, s.note) for s in find(tmp_path, LAB)} == {"ada": (flat, ""), "emmy": (folder, "")}


def test_downloads_from_canvas_and_moodle_are_recognised(tmp_path):
    paths = [
        hand_in(tmp_path / "lovelaceada_12_345_lab04_race.ipynb"),
        hand_in(tmp_path / "noetheremmy_LATE_13_346_homework-2.ipynb"),
        hand_in(tmp_path / "Sofja Kowalewskaja_14_assignsubmission_file_" / "lab04_race.ipynb"),
        hand_in(tmp_path / "Hypatia_15_assignsubmission_file_lab04_race.ipynb"),
    ]
    there = {s.student: s.path for s in find(tmp_path, LAB)}
    students = ["lovelaceada_12", "noetheremmy_13", "Sofja Kowalewskaja_14", "Hypatia_15"]
    assert there == dict(zip(students, paths))


def test_namesakes_on_canvas_are_two_students(tmp_path):
    hand_in(tmp_path / "lovelaceada_12_345_lab04_race.ipynb")
    hand_in(tmp_path / "lovelaceada_99_346_lab04_race.ipynb")
    assert set(found(tmp_path)) == {"lovelaceada_12", "lovelaceada_99"}


def test_a_roster_gives_lms_numbers_their_names(tmp_path):
    first = hand_in(tmp_path / "lovelaceada_12_345_lab04_race.ipynb")
    other = hand_in(tmp_path / "lovelaceada_99_1_lab04_race.ipynb")
    there = {s.student: s.path for s in find(tmp_path, LAB, students={"12": "ada"})}
    assert there == {"ada": first, "lovelaceada_99": other}


def test_of_two_submissions_with_one_name_the_latest_is_graded_and_said_so(tmp_path):
    hand_in(tmp_path / "ada.ipynb", at=1000)
    latest = hand_in(tmp_path / "ada" / f"{LAB}.ipynb", at=3000)
    hand_in(tmp_path / "ada (1).ipynb", at=2000)
    (ada,) = find(tmp_path, LAB)
    assert ada.path == latest and ada.note == "3 files were handed in; graded lab04_race.ipynb, the latest"


def test_canvas_counts_uploads_and_its_count_beats_the_clock(tmp_path):
    hand_in(tmp_path / "lovelaceada_12_345_lab04_race.ipynb", at=9000)
    latest = hand_in(tmp_path / "lovelaceada_12_400_lab04_race-1.ipynb", at=1000)
    assert found(tmp_path)["lovelaceada_12"].path == latest


def test_the_notebook_named_after_the_lab_beats_a_later_one(tmp_path):
    named = hand_in(tmp_path / "ada" / "Lab04_race (final).ipynb", at=1000)
    hand_in(tmp_path / "ada" / "scratch.ipynb", at=2000)
    assert found(tmp_path)["ada"].path == named


def test_another_labs_notebook_is_not_graded_for_this_one(tmp_path):
    hand_in(tmp_path / "ada" / "lab05_momentum.ipynb")
    only = hand_in(tmp_path / "emmy" / "homework.ipynb")
    there = found(tmp_path, "lab05_momentum")
    assert there["ada"].path is None and there["ada"].note == "no notebook named lab04_race.ipynb was handed in"
    assert there["emmy"].path == only


def test_names_that_cannot_be_printed_stay_different_students(tmp_path):
    for name in (b"a\nb", b"a\tb", b"\xff", b"\xfe", "Zo\u0308e".encode(), "😀".encode()):
        try:
            with open(os.path.join(os.fsencode(tmp_path), name + b".ipynb"), "wb") as file:
                file.write(notebook())
        except OSError:
            pytest.skip("this file system takes no such names")
    there = set(found(tmp_path))
    assert there == {"a\\nb", "a\\tb", "\\udcff", "\\udcfe", "Zöe", "😀"}


# ------------------------------------------------------------------------------------------------------------ reading


def link(path):
    path.symlink_to("/etc/hostname")


def link_to_folder(path):
    (path.parent.parent / "elsewhere").mkdir()
    path.symlink_to(path.parent.parent / "elsewhere")


def sparse(path):
    with open(path, "wb") as file:
        file.truncate(1 << 40)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (link, "it is a symbolic link; a submission must be a file of its own"),
        (link_to_folder, "it is a symbolic link; a submission must be a file of its own"),
        (os.mkfifo, "it is not a regular file"),
        (os.mkdir, "it is not a regular file"),
        (sparse, "it is larger than 10 MB; clear the outputs and hand it in again"),
        (lambda path: hand_in(path, b"x" * (submission.MAX_FILE + 1)), "it is larger than 10 MB; clear the outputs"),
    ],
)
def test_what_is_no_plain_file_is_unreadable_and_the_rest_is_found(tmp_path, make, sentence):
    good = hand_in(tmp_path / "class" / "ada.ipynb")
    make(tmp_path / "class" / "mallory.ipynb")
    there = found(tmp_path / "class")
    assert read(there["ada"].path) == good.read_bytes()
    with pytest.raises(Unreadable, match=sentence):
        read(there["mallory"].path)


def test_a_folder_that_is_a_link_is_unreadable(tmp_path):
    hand_in(tmp_path / "elsewhere" / f"{LAB}.ipynb")
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "mallory").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Unreadable, match="symbolic link"):
        read(found(tmp_path / "class")["mallory"].path)


def test_a_file_that_went_away_is_unreadable(tmp_path):
    with pytest.raises(Unreadable, match="it cannot be read: No such file"):
        read(tmp_path / "gone.ipynb")


# -------------------------------------------------------------------------------------------------------------- cells


def test_code_cells_are_read_in_order_and_experiments_are_emptied():
    book = {
        "cells": [
            {"cell_type": "code", "source": "a = 1"},
            {"cell_type": "markdown", "source": "b = 2"},
            {"cell_type": "code", "source": ["c = 3\n", "d = 4"], "metadata": {"tags": ["other"]}},
            {"cell_type": "code", "source": "while True: pass", "metadata": {"tags": ["experiment"]}},
            {"cell_type": "raw"},
            "not a cell",
            {"cell_type": "code", "metadata": 3},
            {"cell_type": "code", "source": "e", "metadata": {"tags": "experiment"}},
        ]
    }
    assert cells(json.dumps(book).encode()) == ["a = 1", "c = 3\nd = 4", "", "", "e"]


def test_a_byte_order_mark_does_not_matter():
    assert cells(b"\xef\xbb\xbf" + notebook("x = 1")) == ["x = 1"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b"hello", "it is not a Jupyter notebook: it is not valid JSON"),
        (notebook("x")[:-1], "it is not a Jupyter notebook: it is not valid JSON"),
        (b"\x89PNG\r\n\x1a\n\x00", "it is not UTF-8 text, as a Jupyter notebook is"),
        (notebook("x").decode().encode("utf-16"), "it is not UTF-8 text"),
        (b"[]", "it is not a Jupyter notebook: it has no list of cells"),
        (b"3", "it has no list of cells"),
        (b'{"cells": {}}', "it has no list of cells"),
        (b"[" * 10**6, "it is not a Jupyter notebook: it is nested too deep"),
        (b'{"cells": ' * 10**5, "it is not a Jupyter notebook: it is nested too deep"),
        (b'{"cells": [{"cell_type": "code", "source": [1]}]}', "the source of a code cell is no text"),
        (b'{"cells": [{"cell_type": "code", "source": null}]}', "the source of a code cell is no text"),
        (notebook(*["x"] * (submission.MAX_CELLS + 1)), "it has 2001 cells; at most 2000 are read"),
        (notebook("x" * (submission.MAX_CODE + 1)), "its code is longer than 200000 characters"),
    ],
    ids=lambda x: x[:30] if isinstance(x, str) else "",
)
def test_what_is_no_notebook_is_unreadable_in_a_sentence(data, sentence):
    with pytest.raises(Unreadable) as error:
        cells(data)
    assert sentence in str(error.value)


def test_numbers_with_a_million_digits_are_not_worked_out():
    assert cells(b'{"cells": [], "nbformat": ' + b"9" * 10**6 + b"}") == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["code", "experiment"]),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["cells", "cell_type", "source", "metadata", "tags"]), inner)
    ),
)


@settings(deadline=None)
@given(JSON.map(json.dumps).map(str.encode) | st.binary())
def test_any_bytes_give_code_or_a_sentence(data):
    try:
        assert all(type(source) is str for source in cells(data))
    except Unreadable as error:
        assert str(error).startswith("it") and "\n" not in str(error)
