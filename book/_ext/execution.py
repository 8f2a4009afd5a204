"""Sphinx extension: notebooks run side by side, before Sphinx reads the pages one after the other.

Each result goes into the cache where myst-nb looks for it when it reads the page. What raises is left to myst-nb, which
runs it again and reports it. A page's results are kept in a folder named by what its code imports of optimlab.
"""

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from freshness import digest_of, imported
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import single_nb_execution
from myst_nb.core.read import create_nb_reader
from sphinx.util import logging
from sphinx.util.display import status_iterator
from traitlets.config import Config

logger = logging.getLogger(__name__)


def notebook_of(env, docname):
    """The page as an unexecuted notebook, or None: most pages without code are none."""
    path = env.doc2path(docname)
    text = Path(path).read_text(encoding="utf-8")
    reader = create_nb_reader(path, env.myst_config, env.mystnb_config, text)
    return reader and reader.read(text)


def cache_for(env, notebook):
    """The folder of the results of ``notebook`` in the present state of what it imports."""
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return Path(env.mystnb_config.execution_cache_path) / digest_of(imported(code))


def is_cached(folder, notebook):
    try:
        return bool(get_cache(folder).match_cache_notebook(notebook))
    except KeyError:
        return False


def run(path, notebook, config):
    """Execute ``notebook`` in place. The kernel is met at a socket file where there are any: a port is raced for."""
    with tempfile.TemporaryDirectory(prefix="kernel-") as folder:
        sockets = {"transport": "ipc", "ip": f"{folder}/socket"} if os.name == "posix" else {}
        return single_nb_execution(
            notebook,
            cwd=str(Path(path).parent),
            timeout=config.execution_timeout,
            allow_errors=config.execution_allow_errors,
            config=Config(KernelManager=sockets),
        )


def run_ahead(app, env, docnames):
    """Execute the notebooks among the pages to be read that are not in the cache: two at once, or one for each core."""
    if env.mystnb_config.execution_mode != "cache":
        return
    kept_out = env.mystnb_config.execution_excludepatterns  # shown as they are stored
    names = [name for name in docnames if not any(Path(env.doc2path(name)).match(pattern) for pattern in kept_out)]
    notebooks = {name: notebook for name in names if (notebook := notebook_of(env, name))}
    env.execution_caches = {name: cache_for(env, notebook) for name, notebook in notebooks.items()}
    new = [name for name, folder in env.execution_caches.items() if not is_cached(folder, notebooks[name])]
    pool = ThreadPoolExecutor(max(2, os.cpu_count() or 2))
    try:
        runs = {pool.submit(run, env.doc2path(name), notebooks[name], env.mystnb_config): name for name in new}
        for done in status_iterator(as_completed(runs), "executing notebooks... ", "purple", len(runs),
                                    app.verbosity, stringify_func=runs.get):  # fmt: skip
            keep(env, runs[done], notebooks[runs[done]], done)
    finally:
        pool.shutdown(cancel_futures=True)


def keep(env, name, notebook, done):
    """Put the result of a run into the cache, unless the notebook raised or its kernel died."""
    if done.exception() or done.result().err:
        logger.info(f"\n{name}: {done.exception() or done.result().err}")
        return
    bundle = CacheBundleIn(notebook, env.doc2path(name), data={"execution_seconds": done.result().time})
    get_cache(env.execution_caches[name]).cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def aim_cache(app, docname, content):
    """Before a page is read: myst-nb is told where its results are."""
    if docname in getattr(app.env, "execution_caches", {}):
        folder = str(app.env.execution_caches[docname])
        app.env.mystnb_config = app.env.mystnb_config.copy(execution_cache_path=folder)


def setup(app):
    app.connect("env-before-read-docs", run_ahead)
    app.connect("source-read", aim_cache)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
