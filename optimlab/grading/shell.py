"""The IPython shell in which a submission's cells run: magics work, nothing is drawn, printed, remembered or asked."""

import linecache
import types

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

WARM_UP = """
%matplotlib inline
import numpy as np
import matplotlib.pyplot as plt
plt.plot([1, 2], np.linalg.norm(np.eye(2) @ np.eye(2), axis=0))
plt.close("all")
np.random.default_rng(0).normal()
"""


class Shell(InteractiveShell):
    """An InteractiveShell for nobody."""

    cells_run = 0

    def enable_gui(self, gui=None):
        pass

    def enable_matplotlib(self, gui=None):
        return None, "agg"  # the inline backend would render every figure after every cell

    def showtraceback(self, *args, **kwargs):
        pass  # run_cell returns the error; nobody reads its colours

    showsyntaxerror = showindentationerror = showtraceback

    def system(self, command):
        print(f"shell commands do not run here: {command}")

    system_piped = system_raw = system

    def getoutput(self, command, *args, **kwargs):
        self.system(command)
        return []

    def ask_exit(self):
        raise SystemExit

    def run(self, source):
        """Run one cell; return what it raised, None if nothing. What is plain Python needs no IPython."""
        self.cells_run += 1
        name = f"<cell {self.cells_run}>"
        try:
            code = compile(source, name, "exec", dont_inherit=True)
        except Exception:  # a magic, an await, a shell command; or an error, which IPython will find, too
            return self._run_in_ipython(source)
        linecache.cache[name] = len(source), None, source.splitlines(keepends=True), name  # for inspect.getsource
        try:
            exec(code, self.user_ns)
        except BaseException as error:
            return error

    def forget(self):
        """Be as new, but for what is imported."""
        self.reset(new_session=False)
        self.cells_run = 0
        linecache.clearcache()

    def _run_in_ipython(self, source):
        try:
            result = self.run_cell(source, silent=True)
        except BaseException as error:  # IPython catches nearly all of them itself
            return error
        return result.error_before_exec or result.error_in_exec


def make():
    """A shell with an empty namespace and everything it will need already imported."""
    config = Config()
    config.HistoryManager.enabled = False  # it would start a thread, and a process with threads cannot be forked
    config.InteractiveShell.history_load_length = 0
    config.InteractiveShell.cache_size = 0
    shell = Shell.instance(config=config, user_module=types.ModuleType("__main__"))
    if error := shell.run(WARM_UP):
        raise error
    shell.forget()
    return shell
