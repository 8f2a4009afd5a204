"""What a teacher reads when a class is graded: how many, how well, and what went wrong most often."""

from collections import Counter
from statistics import mean

SHOWN = 8  # of the diagnoses, the commonest


def summary(suite, grades):
    """A few lines of text. Grades that the grader failed to give count as students, not as points."""
    scores = [grade.score for grade in grades if grade.score is not None]
    average = f"mean {mean(scores):.1f} of {suite.lab.max_score:g} points" if scores else "no scores"
    statuses = Counter(grade.status for grade in grades)
    diagnoses = Counter(diagnosis for grade in grades for diagnosis in _diagnoses(grade))
    lines = [f"{suite.lab.name}: {len(grades)} student{'s' * (len(grades) != 1)}, {average}", ""]
    lines += [f"{count:5}  {status}" for status, count in statuses.most_common()]
    lines += ["", "mean points by question"]
    lines += [f"{_mean(grades, q.name):5.1f}  of {q.points:g}  {q.name}" for q in suite.lab.questions if scores]
    if diagnoses:
        lines += ["", "commonest diagnoses"]
        lines += [f"{count:5}  {diagnosis}" for diagnosis, count in diagnoses.most_common(SHOWN)]
    return "\n".join(lines)


def _diagnoses(grade):
    """One for each question that has one; what is the same for every question is said once."""
    said = {name: outcome.diagnosis for name, outcome in grade.outcomes.items() if outcome.diagnosis}
    if len(said) == len(grade.outcomes) and len(set(said.values())) == 1:
        return [f"all: {next(iter(said.values()))}"]
    return [f"{name}: {diagnosis}" for name, diagnosis in said.items()]


def _mean(grades, name):
    return mean(grade.outcomes[name].score for grade in grades if grade.score is not None)
