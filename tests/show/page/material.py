"""A checkpoint with hostile names, and what a parser finds in a page."""

from html.parser import HTMLParser
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

HOSTILE = (
    "<script>alert('x')</script>.weight",
    "a\"b'c&amp;.weight",
    "</td></tr></table><img src=https://evil.example/x>.weight",
    "layers.0.]]></svg>-->.weight",
    "two\nlines\u202e.weight",
    "layers.00.weight",
    "layers.0.weight",
    f"layers.{'9' * 4000}.weight",
)


def checkpoint(folder: Path) -> Path:
    """Some small matrices under hostile names."""
    rng = np.random.default_rng(7)
    path = folder / "hostile.safetensors"
    save_file({name: rng.standard_normal((4, 64)).astype(np.float32) for name in HOSTILE}, path)
    return path


class Page(HTMLParser):
    """Elements with their attributes, text by element, and elements that are left open."""

    VOID = ("meta", "br", "img", "link")

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.stack: list[str] = []
        self.crossed: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.stack.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.stack or self.stack.pop() != tag:
            self.crossed.append(tag)

    def handle_data(self, data: str) -> None:
        if self.stack:
            self.texts[self.stack[-1]][-1] += data
