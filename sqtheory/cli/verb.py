"""A verb of the command line: what it is for, what it takes, and what it answers."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, final

from sqtheory.cli.printing import print_json, print_text

if TYPE_CHECKING:
    from sqtheory.api.result import Result
    from sqtheory.tables import Table

Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Render: TypeAlias = "Callable[[Table], str]"
"""A table as the text that is asked for."""


@final
class Once(argparse.Action):
    """Store the value of an option that is given once; a second one is wrong usage, not the last word."""

    _given: argparse.Namespace | None = None
    """What the option was last stored in."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        """Set the attribute of the namespace."""
        if option_string is not None and self._given is namespace:
            raise argparse.ArgumentError(self, "given more than once: it takes one value here")
        self._given = namespace
        setattr(namespace, self.dest, values)


@final
@dataclass(frozen=True)
class Form:
    """An option that asks for an answer in another form than text."""

    flag: str
    help: str


def json_of(*schemas: str) -> Form:
    """``--json``."""
    return Form("--json", f"print one JSON object, schema {' or '.join(schemas)}")


MARKDOWN = Form("--markdown", "print Markdown")
MARKDOWN_TABLE = Form("--markdown", "print a Markdown table")
MARKDOWN_TABLES = Form("--markdown", "print Markdown tables")


@final
@dataclass(frozen=True)
class Document:
    """What a verb answers: only the form that is asked for is made; a verb that prints as it goes has none left."""

    schema: str = ""
    content: Callable[[], Mapping[str, Any]] | None = None
    """The JSON object, but for its schema where one is named."""
    text: Callable[[Render], str] = lambda render: ""
    status: int = 0
    """1 where a check failed."""
    notes: tuple[str, ...] = ()
    """What is said on stderr after the answer, line by line."""

    @classmethod
    def of(cls, result: "Result") -> "Document":
        """What a call gave back; its notes, and what failed, are said after it."""
        return cls(
            content=result.to_dict,
            text=result.text,
            status=1 if result.failures else 0,
            notes=(*result.notes, *result.failures),
        )

    def show(self, arguments: argparse.Namespace) -> None:
        """Print the answer in the form that is asked for."""
        from sqtheory.tables import Table

        if self.content is not None and arguments.json:
            print_json({**({"schema": self.schema} if self.schema else {}), **self.content()})
        elif text := self.text(Table.markdown if getattr(arguments, "markdown", False) else Table.text):
            print_text(text)
        for line in self.notes:
            print_text(f"sqtheory: {line}", to_stderr=True)


@final
@dataclass(frozen=True)
class Verb:
    """One word of the command line. Forms exclude each other; ``preset`` are options that it sets and does not have."""

    name: str
    help: str
    description: str
    run: Callable[[argparse.Namespace], Document]
    options: Callable[[argparse.ArgumentParser], None] = lambda parser: None
    forms: tuple[Form, ...] = ()
    examples: str = ""
    preset: Mapping[str, object] | None = None

    def add(self, verbs: Verbs, *, whole: bool = True) -> None:
        """Describe the verb, or else say what it is for; a description of several lines is laid out already."""
        if not whole:
            verbs.add_parser(self.name, help=self.help, add_help=False)
            return
        laid_out = "\n" in self.description + self.examples
        parser = verbs.add_parser(
            self.name,
            help=self.help,
            description=self.description,
            epilog=self.examples or None,
            formatter_class=argparse.RawDescriptionHelpFormatter if laid_out else argparse.HelpFormatter,
        )
        parser.register("action", None, Once)
        self.options(parser)
        asked = parser.add_mutually_exclusive_group() if self.forms else parser
        for form in self.forms:
            asked.add_argument(form.flag, action="store_true", help=form.help)
        parser.set_defaults(run=self.answer, **(self.preset or {}))

    def answer(self, arguments: argparse.Namespace) -> int:
        """Run, print, and return the exit status."""
        document = self.run(arguments)
        document.show(arguments)
        return document.status
