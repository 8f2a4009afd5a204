"""A roster is read as the teacher's spreadsheet wrote it, or refused in a sentence that says what is wrong where."""

import pytest

from optimlab.grading import Refused, roster


def written(tmp_path, data):
    path = tmp_path / "roster.csv"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def numbers(path):
    return {student: entry.lms_id for student, entry in roster.read(path).items()}


def test_students_and_their_lms_numbers_are_read(tmp_path):
    text = "\ufeffname,student,lms_id\r\nAda Lovelace, ada ,12\r\nEmmy Noether,emmy,\r\n"
    assert numbers(written(tmp_path, text)) == {"ada": "12", "emmy": ""}
    assert numbers(written(tmp_path, "student\nada\n")) == {"ada": ""}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "has no rows below its first line, which names the columns"),
        ("student,lms_id\n", "has no rows below its first line"),
        ("name,id\nada,1\n", "has the columns name, id; it needs one named student, and may have lms_id"),
        ("student;lms_id\nada;1\n", "has the columns student;lms_id; it needs one named student"),
        ("student,lms_id\nada,1\n,2\n", "names no student in line 3"),
        ("student\nada\nemmy\nada\n", "has ada twice, the second time in line 4"),
        ("student,lms_id\nada,1\nemmy,1\n", "has the lms_id 1 twice, the second time in line 3"),
        ("student,lms_id\nada,1,2,3\nemmy\n", None),
        (b"\xff\xfes\x00", "is not a CSV file in UTF-8"),
        ("student\n" + "x" * 200_000, "is not a CSV file in UTF-8"),
    ],
)
def test_what_is_no_roster_is_refused(tmp_path, text, sentence):
    path = written(tmp_path, text)
    if sentence is None:
        assert numbers(path) == {"ada": "1", "emmy": ""}
        return
    with pytest.raises(Refused) as error:
        roster.read(path)
    assert str(error.value).startswith(f"the roster {path}") and sentence in str(error.value)


def test_a_roster_that_is_not_there_is_refused(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(Refused, match="the roster .* cannot be read: "):
            roster.read(path)
