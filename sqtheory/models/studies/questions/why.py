"""Why the orders differ where they do: ties of rounded magnitudes, ranks that scales turn round, scales that move."""

from dataclasses import replace

import numpy as np

from sqtheory.alphabet.ties import by_original
from sqtheory.models.studies.questions.answer import Answer, Subject, listed, percent
from sqtheory.models.studies.questions.tensors import NARROW, mask, quantizer
from sqtheory.orders.applied import both
from sqtheory.orders.definition import replaced
from sqtheory.tables import Table

EXPLAINED = ("2:4", "50%")


def reasons(subject: Subject) -> Answer:
    """The entries that differ between the orders, those that still do with ties broken by the originals, the metric."""
    rows, sentences = [], []
    for pattern in EXPLAINED:
        ties, beyond, worse = [], [], []
        for name in NARROW:
            q, s = quantizer(name), mask(pattern)
            fair = replace(s, ties=by_original)
            entries = blocks = differing = left = moved = 0
            for layer in subject.linears:
                two = both(layer.weight, s, q)
                without = both(layer.weight, fair, q, image=two.image)
                entries += layer.weight.size
                blocks += q.partition.count(layer.weight.shape)
                differing += int(np.count_nonzero(two.after_mask != two.masked_image))
                left += int(np.count_nonzero(without.after_mask != without.masked_image))
                moved += int(np.count_nonzero(replaced(q.placed(two.sparse), q.placed(layer.weight))))
            first = subject.evaluations.of(s >> q)
            cost = subject.harm(subject.evaluations.of(q >> s), first)
            rest = subject.harm(subject.evaluations.of(q >> fair), subject.evaluations.of(fair >> q))
            ties += [1 - left / differing] if differing else []
            beyond += [name] if left else []
            worse += [name] if rest.low > 0 or rest.high < 0 else []
            shares = (percent(n / of, 3) for n, of in ((differing, entries), (left, entries), (moved, blocks)))
            numbers = (f"{n:.5f}" for n in (cost.value, cost.standard_error, rest.value, rest.standard_error))
            rows.append((f"{pattern} {name}", *shares, *numbers))
        spread = " to ".join(dict.fromkeys(percent(share, 1) for share in (min(ties), max(ties)))) if ties else "none"
        sentences += [
            f"{pattern}: {spread} of the entries that differ between the orders are at ties of |q(x)|; others differ "
            f"with: {listed(beyond)}.",
            f"With ties broken by the originals the order is certain (95 %) with: {listed(worse)}.",
        ]
    header = ("pipeline", "entries differ", "not at ties", "scales move", "Q→S worse by", "±", "by original ties", "±")
    return Answer("Why do the orders differ?", Table(header, tuple(rows)), tuple(sentences))
