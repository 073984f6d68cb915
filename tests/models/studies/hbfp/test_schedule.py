"""Which layer has how many bits when, and the shares that follow, counted one multiplication after the other."""

from fractions import Fraction

import pytest

from sqtheory.models.studies.hbfp.answers import STATED, operations
from sqtheory.models.studies.hbfp.operations import PAPERS, cifar_resnet, convolution, perceptron, resnet50
from sqtheory.models.studies.hbfp.schedule import LayerCost, Schedule, shares, training
from sqtheory.models.studies.hbfp.trainings import BOOSTED

LAYERS = (LayerCost("a", 3), LayerCost("b", 5), LayerCost("c", 2))


def test_boosters_have_six_bits_in_the_last_epoch_and_at_the_edges() -> None:
    found = [[BOOSTED.at(layer, 4, epoch, 3) for layer in range(4)] for epoch in range(3)]
    assert found == [[6, 4, 4, 6], [6, 4, 4, 6], [6, 6, 6, 6]]
    assert {Schedule(None).at(layer, 2, epoch, 2) for layer in range(2) for epoch in range(2)} == {None}


def test_shares_count_every_multiplication_of_every_epoch() -> None:
    counted: dict[int | None, int] = {}
    for epoch in range(4):
        for place, layer in enumerate(LAYERS):
            products = ["output", "weight", *(["input"] if place else [])]
            for _ in range(layer.multiplications * len(products)):
                bits = BOOSTED.at(place, 3, epoch, 4)
                counted[bits] = counted.get(bits, 0) + 1
    total = sum(counted.values())
    assert total == 4 * sum(training(LAYERS)) == 4 * 27
    assert shares(BOOSTED, LAYERS, 4) == {bits: Fraction(n, total) for bits, n in counted.items()}


@pytest.mark.parametrize(("depth", "millions"), [(20, 40.55), (32, 68.86), (56, 125.49), (110, 252.89)])
def test_residual_networks_on_small_images_have_the_known_sizes(depth: int, millions: float) -> None:
    """Multiplications as others count them for these networks (41, 69, 126 and 253 million)."""
    found = cifar_resnet(depth, 1)
    assert found.multiplications / 1e6 == pytest.approx(millions, abs=0.01)
    assert len(found.layers) == depth


def test_a_residual_network_of_fifty_layers_has_the_size_of_its_paper() -> None:
    """3.8 · 10⁹ multiply-adds (`he2016resnet`, Table 1), and 53 convolutions with the projections."""
    found = resnet50(90)
    assert round(found.multiplications / 1e9, 1) == 3.9 and len(found.layers) == 54
    assert found.multiplications == 3_857_973_248


def test_layers_multiply_once_for_every_weight_and_place() -> None:
    assert convolution("", 5, 2, 3, 3).multiplications == 5 * 5 * 3 * 3 * 2 * 3
    assert [layer.multiplications for layer in perceptron((4, 3, 2))] == [12, 6]
    with pytest.raises(ValueError, match="6n \\+ 2 layers"):
        cifar_resnet(50 + 1, 1)


def test_the_published_share_is_that_of_one_epoch_of_three_hundred() -> None:
    assert round(float(1 - Fraction(1, 300)), 3) == STATED
    said, script, _ = operations().sentences
    assert script.endswith(f"the last 5 of 90 epochs: {100 * 85 / 90:.2f}%.")
    assert "last epoch alone at 6: ResNet-20, 32 × 32 in 300, " in said and said.endswith("as well: none.")
    for each in PAPERS:
        alone = shares(Schedule(4, boosted=6, epochs=1), each.layers, each.epochs)
        assert alone[4] == 1 - Fraction(1, each.epochs) and sum(alone.values()) == 1
        assert shares(BOOSTED, each.layers, each.epochs)[4] < alone[4]
