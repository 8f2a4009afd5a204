"""``python book/carry pdf|epub|zip``: make of the built book what one can take along, and have its page link to it."""

import sys
import zipfile
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "book/_ext"))

import epub  # noqa: E402
import pdf  # noqa: E402
import take_along  # noqa: E402

SITE = ROOT / "_build/html"


def write_zip(site, target, *_):
    """The site in one file, to be unpacked and read from its folder, where there is no server."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(site.rglob("*")):
            name = path.relative_to(site).as_posix()
            if not path.is_file() or name in take_along.FILES or name in ("404.html", "sitemap.xml"):
                continue
            if name == f"{take_along.PAGE}.html":
                archive.writestr(f"optimlab/{name}", take_along.without_links(path.read_text(encoding="utf-8")))
            else:
                archive.write(path, f"optimlab/{name}")


WRITERS = {"pdf": pdf.write, "epub": epub.write, "zip": write_zip}


def main(kinds, site=SITE):
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    for kind in kinds:
        target = site / f"optimlab.{kind}"
        WRITERS[kind](site, target, config["title"], config["author"])
        print(f"{target.relative_to(ROOT)}: {target.stat().st_size / 1e6:.1f} MB")
    take_along.link(site)


if __name__ == "__main__":
    if not set(sys.argv[1:]) <= set(WRITERS) or not sys.argv[1:]:
        raise SystemExit(f"usage: python book/carry {' | '.join(WRITERS)}")
    main(sys.argv[1:])
