"""A verb adds itself to the grammar and prints the one form of its answer that is asked for."""

import argparse
import json

import pytest

from sqtheory.cli import parser
from sqtheory.cli.verb import MARKDOWN, Document, Verb, json_of
from sqtheory.cli.verbs import VERBS
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


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_an_option_of_one_value_is_given_once(verb: Verb, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the verb; a grammar that has read one line reads the next."""
    grammar = of(verb)
    [verbs] = [a for a in grammar._actions if isinstance(a, argparse._SubParsersAction)]
    parsed = verbs.choices[verb.name]
    places = [
        str(next(iter(a.choices), "1")) if a.choices else "1"
        for a in parsed._actions
        if not a.option_strings and a.nargs is None
    ]
    needed = [word for a in parsed._actions if a.required and a.option_strings for word in (a.option_strings[0], "1")]
    for action in parsed._actions:
        if not action.option_strings or action.nargs == 0:
            continue
        value = "pdf" if verb.name == "figure" else str(next(iter(action.choices or ["1"])))
        value = {"--seed": "1", "--exponents": "10,11"}.get(action.option_strings[0], value)
        others = [
            w for at in range(0, len(needed), 2) if needed[at] not in action.option_strings for w in needed[at:][:2]
        ]
        once = [verb.name, *places, *others, action.option_strings[-1], value]
        grammar.parse_args(once)
        grammar.parse_args(once)
        twice = [*once, action.option_strings[0], value]
        if isinstance(action, argparse._AppendAction):
            grammar.parse_args(twice)
            continue
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            grammar.parse_args(twice)
        said = capsys.readouterr().err
        assert stopped.value.code == 2 and "given more than once" in said and action.option_strings[0] in said


@pytest.mark.parametrize(
    "verb", [verb for verb in VERBS if verb.name in ("apply", "decide", "price", "figure", "layers")]
)
def test_a_seed_is_named_where_it_is_refused(verb: Verb, capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in ("-1", "1.5", "x"):
        with pytest.raises(SystemExit) as stopped:
            of(verb).parse_args([verb.name, "--seed", wrong])
        assert stopped.value.code == 2
        assert f"argument --seed: a seed is a whole number of at least 0, got {wrong!r}" in capsys.readouterr().err
