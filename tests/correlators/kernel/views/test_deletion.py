"""Whether a credential can be deleted: what breaks outweighs what is hidden, and both outweigh a proof."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from correlators.kernel.views.deletion import Known, deletion

NOW, WINDOW = 1_000_000, 90_000
times = st.integers(0, NOW)
names = st.lists(st.sampled_from("abc"), max_size=3).map(tuple)
knowns = st.builds(
    Known,
    st.just(NOW),
    st.just(WINDOW),
    times,
    times,
    times,
    times,
    names,
    names,
    st.booleans(),
    names,
    names,
)


@given(knowns)
def test_safe_needs_a_proof_that_nothing_contradicts_and_nothing_hides(known: Known) -> None:
    answer, reasons = deletion(known)
    assert reasons and all(reasons)
    if answer == "safe":
        assert not known.dying and not known.hidden
        refused = bool(known.ended) and known.refused > max(known.ended, known.last_use)
        moved = bool(known.rotated) and known.proven and (bool(known.ended) or not known.staying)
        assert refused or moved


@given(knowns)
def test_what_is_hidden_never_makes_it_safer(known: Known) -> None:
    order = ("safe", "cannot be known", "not safe")
    open_, hidden = deletion(known._replace(hidden=()))[0], deletion(known._replace(hidden=("x",)))[0]
    assert order.index(hidden) >= order.index(open_)
    dying = deletion(known._replace(dying=("child",)))[0]
    assert dying == "not safe"


def test_each_answer_says_why() -> None:
    base = Known(NOW, WINDOW)
    said = {
        base._replace(last_use=NOW - 5): "in use",
        base._replace(last_use=5): "silence is no proof",
        base: "no accepted use is on record",
        base._replace(ended=50, last_use=40, refused=60): "refused at",
        base._replace(ended=50, last_use=60, refused=55): "accepted at",
        base._replace(ended=50, last_use=40, refused=45): "nobody has tried it since",
        base._replace(rotated=50, staying=("cron",), proven=True): "1 known consumers were not seen",
        base._replace(rotated=50, moved=("cron",), proven=True, last_use=NOW - 5): "cron",
        base._replace(rotated=50, moved=("cron",)): "nothing proves that all have moved",
        base._replace(hidden=("no log",)): "no log",
    }
    answers = []
    for known, words in said.items():
        answer, reasons = deletion(known)
        assert words in reasons[0]
        answers.append(answer)
    no, unknown, yes = "not safe", "cannot be known", "safe"
    assert answers == [no, unknown, unknown, yes, no, unknown, no, yes, unknown, unknown]
