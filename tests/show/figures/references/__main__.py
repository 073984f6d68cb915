"""``python -m tests.show.figures.references [NAME …]``: draw the references anew, of all figures or of some."""

import sys
import tempfile
from pathlib import Path

from sqtheory.show.figures.catalogue import BY_NAME, find
from tests.show.figures.references import HERE, STYLE, Shot, small, thinned


def main(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        request = small(Path(folder))
        for kind in [find(name) for name in names] or BY_NAME.values():
            data = kind.compute(request)
            (HERE / f"{kind.name}.png").write_bytes(Shot.of(kind.draw(data, STYLE)).png)
            (HERE / f"{kind.name}.csv").write_text(thinned(data), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
