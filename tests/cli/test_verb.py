"""A verb adds itself to the grammar and prints the one form of its answer that is asked for."""

import argparse
import json

import pytest

from sqtheory.cli import VERBS, parser
from sqtheory.cli.verb import MARKDOWN, Document, Verb, json_of
from sqtheory.tables import Table

TABLE = Table(("a", "b"), (("x\u2028y", "2"),))


def never() -> dict[str, object]:
    raise AssertionError("a form that nobody asks for is made")


def of(*verbs: Verb) -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="p")
    added = top.add_subparsers(required=True)
    for verb in verbs:
        verb.add(added)
    return top


def said(verb: Verb, *words: str) -> int:
    arguments = of(verb).parse_args([verb.name, *words])
    status: int = arguments.run(arguments)
    return status


def answering(document: Document) -> Verb:
    return Verb("v", "h", "d", lambda arguments: document, forms=(json_of("s/1", "s/2"), MARKDOWN))


def test_only_the_form_that_is_asked_for_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    table = Document("s/1", never, lambda render: render(TABLE), status=1, notes=("one", "two\x1b"))
    assert said(answering(table)) == 1
    printed = capsys.readouterr()
    assert printed.out == f"{TABLE.text()}\n" and printed.err == "sqtheory: one\nsqtheory: two\\x1b\n"
    assert said(answering(table), "--markdown") == 1
    assert capsys.readouterr().out == f"{TABLE.markdown()}\n"
    fields = Document("s/1", lambda: {"x": float("inf")}, lambda render: str(never()))
    assert said(answering(fields), "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"schema": "s/1", "x": "Infinity"}


def test_a_verb_that_printed_as_it_went_prints_nothing_more(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(answering(Document()), "--json") == 0 and capsys.readouterr().out == ""


def test_forms_exclude_each_other_and_presets_are_no_options(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        said(answering(Document()), "--json", "--markdown")
    assert "not allowed with" in capsys.readouterr().err
    verb = Verb("v", "h", "d", lambda arguments: Document(status=arguments.pack), preset={"pack": 7})
    assert said(verb) == 7
    with pytest.raises(SystemExit):
        said(verb, "--pack")


def test_several_lines_stay_as_they_are_laid_out(capsys: pytest.CaptureFixture[str]) -> None:
    word = "word " * 40
    for description, kept in ((f"{word}\n  {word}", True), (word, False)):
        with pytest.raises(SystemExit):
            said(Verb("v", "h", description, lambda arguments: Document()), "--help")
        assert (word.strip() in capsys.readouterr().out) == kept


def test_every_verb_is_there_once_under_its_name() -> None:
    [verbs] = [a for a in parser()._actions if isinstance(a, argparse._SubParsersAction)]
    assert [verb.name for verb in VERBS] == list(verbs.choices) and len(VERBS) == len(set(verbs.choices)) > 27
