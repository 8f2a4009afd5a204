"""README's picture is the race of the book's first page: ``make race`` copies it from the built book."""

import shutil
from pathlib import Path

from parts import soup

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "_build/html/book/intro.html"
PICTURE = ROOT / "book/_static/race.svg"

if __name__ == "__main__":
    drawn = soup(PAGE).select_one("#fig-intro-race img")["src"]
    shutil.copyfile(PAGE.parent / drawn, PICTURE)
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size // 1000} kB")
