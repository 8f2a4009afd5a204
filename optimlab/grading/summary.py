"""What a teacher reads when a class is graded: how many, how well, and what went wrong most often."""

from collections import Counter
from statistics import mean

SHOWN = 8  # of the diagnoses, the commonest
BARS = "▁▂▃▄▅▆▇█"


def summary(lab, asked, marks):
    """A few lines of text; ``asked`` maps questions to points. A mark without a score is a student, but no points."""
    from .report import histogram

    most = sum(asked.values())
    scores = [mark.score for mark in marks if mark.score is not None]
    average = f"mean {mean(scores):.1f} of {most:g} points" if scores else "no scores"
    lines = [f"{lab}: {len(marks)} student{'s' * (len(marks) != 1)}, {average}"]
    if len(scores) > 1:
        lines += [f"from 0 to {most:g} points: {_sparkline([count for _, _, count in histogram(scores, most)])}"]
    lines += ["", *(f"{count:5}  {status}" for status, count in Counter(mark.status for mark in marks).most_common())]
    if scores:
        lines += ["", "mean points by question, the hardest first", *_by_question(asked, marks)]
    if diagnoses := commonest([mark.grade for mark in marks]):
        lines += ["", "commonest diagnoses", *(f"{count:5}  {diagnosis}" for diagnosis, count in diagnoses)]
    return "\n".join(lines)


def commonest(grades):
    """The commonest diagnoses of all questions, and how many students have each."""
    return Counter(diagnosis for grade in grades for diagnosis in _diagnoses(grade)).most_common(SHOWN)


def _by_question(asked, marks):
    means = {}
    for name, points in asked.items():
        got = [mark.points[name] for mark in marks if mark.score is not None and mark.points[name] is not None]
        means[name] = mean(got) if got else points
    for name in sorted(means, key=lambda name: means[name] / asked[name]):
        yield f"{means[name]:5.1f}  of {asked[name]:g}  {name}"


def _sparkline(counts):
    """Counts as bars, a blank for none.

    >>> _sparkline([0, 1, 8])
    ' ▁█'
    """
    most = max(counts)
    return "".join(BARS[max(round(len(BARS) * count / most) - 1, 0)] if count else " " for count in counts)


def _diagnoses(grade):
    """One for each question that has one; what is the same for every question is said once."""
    said = {name: outcome.diagnosis for name, outcome in grade.outcomes.items() if outcome.diagnosis}
    if len(said) == len(grade.outcomes) and len(set(said.values())) == 1:
        return [f"all: {next(iter(said.values()))}"]
    return [f"{name}: {diagnosis}" for name, diagnosis in said.items()]
