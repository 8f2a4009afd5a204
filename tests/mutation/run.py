"""Run the truth layers on wrong rules and report which layer kills each: `make mutants`.

One process for each mutant, forked from one that has imported all it needs; what does not end in time counts as killed.
Time is the processor's, so that a busy machine kills nothing.
"""

import argparse
import multiprocessing as mp
import os
import resource
import signal
import sys
from collections import Counter
from multiprocessing.connection import wait
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # the package beside these tests

from equivalents import EQUIVALENT  # noqa: E402
from layers import LAYERS, kills  # noqa: E402
from mutants import Mutant, from_mistakes, mutants  # noqa: E402

SECONDS = 300  # of processor time for one mutant, all layers together
RULES_FILE = ROOT / "optimlab/rules.py"
TRUTH = Mutant("all", "none", "the rules as they are", lambda: None)


def all_mutants():
    return [*mutants(RULES_FILE.read_text()), *from_mistakes()]


def judge(queue, layers, every=False, jobs=2, seconds=SECONDS):
    """Yield (mutant, [(layer, what it says), ...]) as they come: the first layer that kills, or ``every`` one."""
    context, running, queue = mp.get_context("fork"), {}, list(queue)[::-1]
    while queue or running:
        while queue and len(running) < jobs:
            mutant = queue.pop()
            receive, send = context.Pipe(duplex=False)
            child = context.Process(target=_child, args=(send, mutant, layers, every, seconds), daemon=True)
            child.start()
            send.close()
            running[receive] = (mutant, child, [])
        for receive in wait(list(running)):
            try:
                running[receive][2].append(receive.recv())
            except EOFError:
                yield _finished(*running.pop(receive))


def _child(send, mutant, layers, every, seconds):
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    signal.alarm(20 * seconds)  # should it wait for something, or no one be left to end it
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 1)
    os.dup2(devnull, 2)
    for found in kills(mutant, layers):
        send.send(found)
        if not every:
            break
    send.send(None)  # the end: a process that died on the way did not say so


def _finished(mutant, child, found):
    """What came of a mutant: whoever did not end by saying so, ran out of time or crashed."""
    child.join()
    if found[-1:] == [None]:
        return mutant, found[:-1]
    if -child.exitcode in (signal.SIGXCPU, signal.SIGKILL, signal.SIGALRM):
        return mutant, [*found, ("time", "no end in time")]
    return mutant, [*found, ("crash", f"exit code {child.exitcode}")]


def table(results, layers):
    """Who killed how many, by rule: the mutants, the kills by layer, the equivalent and the surviving ones."""
    columns = [*layers, "time", "crash"]
    columns = [c for c in columns if c in layers or any(c == layer for _, found in results for layer, _ in found)]
    head = ["rule", "mutants", *columns, "equivalent", "SURVIVE"]
    names = list(dict.fromkeys(mutant.rule for mutant, _ in results))
    rows = []
    for name in [*names, "all"]:
        own = [(mutant, found) for mutant, found in results if name in (mutant.rule, "all")]
        counts = Counter(layer for _, found in own for layer, _ in found)
        alive = [mutant for mutant, found in own if not found]
        spared = sum((mutant.rule, mutant.what) in EQUIVALENT for mutant in alive)
        rows.append([name, len(own), *(counts[c] for c in columns), spared, len(alive) - spared])
    widths = [max(map(len, map(str, column))) for column in zip(head, *rows)]
    return "\n".join("  ".join([*map(_pad, row, widths, ["<", *">" * len(row)])]) for row in [head, *rows])


def _pad(cell, width, side):
    return f"{cell!s:{side}{width}}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rules", nargs="*", help="only mutants of these functions of rules.py")
    parser.add_argument("--all-layers", action="store_true", help="report every layer that kills a mutant (slow)")
    parser.add_argument("--layers", nargs="+", choices=LAYERS, default=list(LAYERS), help="only these layers")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--report", type=Path, default=ROOT / "_build/mutants.txt", help="where the report goes")
    asked = parser.parse_args()
    queue = [mutant for mutant in all_mutants() if mutant.rule in asked.rules or not asked.rules]
    if unknown := set(asked.rules) - {mutant.rule for mutant in queue}:
        parser.error(f"rules.py has no function {' or '.join(sorted(unknown))}")
    truths, results = [TRUTH._replace(rule=name) for name in asked.rules or ["all"]], []
    for mutant, found in judge([*truths, *queue], asked.layers, asked.all_layers, asked.jobs):
        if mutant in truths and found:
            sys.exit(f"the truth layers fail without any mutant, so they can kill nothing: {': '.join(found[0])}")
        if mutant in truths:
            continue
        results.append((mutant, found))
        if len(results) % 50 == 0 or not found:
            fate = "" if found else f": {mutant.rule}: {mutant.what} survives"
            print(f"{len(results)} of {len(queue)}{fate}", flush=True)
    return report(results, queue, asked)


def report(results, queue, asked):
    order = {id(mutant): at for at, mutant in enumerate(queue)}
    results.sort(key=lambda result: order[id(result[0])])
    title = "killed by, every layer" if asked.all_layers else "killed first by"
    survivors = [m for m, found in results if not found and (m.rule, m.what) not in EQUIVALENT]
    dead = [m for m, found in results if found and (m.rule, m.what) in EQUIVALENT]
    lines = [f"Mutants of the rules, {title}", "", table(results, asked.layers), ""]
    lines += [f"SURVIVES {m.rule}: {m.what} ({m.kind})" for m in survivors]
    lines += [f"NOT EQUIVALENT, as {m.rule}: {m.what} is listed to be" for m in dead]
    print("\n".join(lines))
    each = [f"{m.rule}: {m.what} | {'; '.join(map(': '.join, found)) or 'alive'}" for m, found in results]
    asked.report.parent.mkdir(parents=True, exist_ok=True)
    asked.report.write_text("\n".join([*lines, *each, ""]), encoding="utf-8")
    return 1 if survivors or dead else 0


if __name__ == "__main__":
    sys.exit(main())
