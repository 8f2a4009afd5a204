"""Run a reader's function on the cases of a drill: JSON in, JSON out, and every failure a sentence."""

import contextlib
import io
import json
import math

LONGEST = 2000  # characters of output, and of a result


class Printed(io.StringIO):
    """What the function prints, up to a limit."""

    def write(self, text):
        return super().write(text[: max(LONGEST - self.tell(), 0)])


def sendable(value):
    """The value as JSON can carry it."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, (list, tuple)):
        return [sendable(each) for each in value]
    return f"a {type(value).__name__}"


def line(problem):
    """Where in the reader's code it went wrong."""
    found = getattr(problem, "lineno", None)
    trace = problem.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == "<answer>":
            found = trace.tb_lineno
        trace = trace.tb_next
    return f" (line {found})" if found else ""


def run(source, name, cases):
    printed = Printed()
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            names = {"__name__": "answer"}
            exec(compile(source, "<answer>", "exec"), names)
            if not callable(names.get(name)):
                return json.dumps({"error": f"There is no function named {name}; keep the first line as it was."})
            answer = {"results": [sendable(names[name](*case)) for case in json.loads(cases)]}
            if len(json.dumps(answer)) > LONGEST * len(answer["results"]):
                answer = {"error": "The result is far longer than any answer here."}
    except BaseException as problem:  # SystemExit and KeyboardInterrupt are the reader's too
        said = getattr(problem, "msg", None) or str(problem)
        answer = {"error": f"{type(problem).__name__}: {said[:300]}{line(problem)}"}
    return json.dumps(answer | {"printed": printed.getvalue()})


run
