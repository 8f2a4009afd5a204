"""Sphinx extension: no page of the book requests anything from outside."""


def mute_thebe(app):
    """sphinx-thebe, which jupyter-book always loads, puts a broken script and a foreign address on every page."""
    for listeners in app.events.listeners.values():
        listeners[:] = [each for each in listeners if each.handler.__module__ != "sphinx_thebe"]
    app.registry.css_files[:] = [each for each in app.registry.css_files if each[0] != "sphinx-thebe.css"]


def setup(app):
    mute_thebe(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
