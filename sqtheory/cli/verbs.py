"""All verbs of the command line."""

from sqtheory.cli import (
    apply,
    bench,
    calibrate,
    certify,
    cite,
    constants,
    decide,
    demo,
    evaluate,
    figure,
    formats,
    hbfp,
    inspect,
    layers,
    masks,
    methods,
    new,
    order,
    predict,
    price,
    prove,
    questions,
    report,
    scaling,
    sensitivity,
    show,
    table,
    theorems,
    tools,
    unpack,
    verify,
)

VERBS = (
    *(demo.VERB, order.VERB, report.VERB, apply.VERB, verify.VERB, apply.PACK, unpack.VERB, predict.VERB, price.VERB),
    *(calibrate.VERB, evaluate.VERB, table.VERB, layers.VERB, certify.VERB, sensitivity.VERB, questions.VERB),
    hbfp.VERB,
    *(figure.VERB, inspect.VERB, decide.VERB, theorems.VERB, methods.VERB, tools.VERB, show.VERB, prove.VERB, new.VERB),
    *(formats.VERB, masks.VERB, constants.VERB, bench.VERB, scaling.VERB, cite.VERB),
)
"""The verbs in the order in which help lists them."""
