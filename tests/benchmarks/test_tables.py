"""The benchmarks' tables say which budgets are met, and the last line counts them."""

from benchmarks.tables import summary, table, verdict


def test_a_budget_is_met_at_its_limit_and_missed_above_it():
    assert verdict(20.0, 20.0) == "≤ 20, met"
    assert verdict(20.1, 20.0) == "≤ 20, **missed**"
    assert verdict(16.0, 1000 / 60, ".0f") == "≤ 17, met"


def test_the_summary_counts_verdicts_and_names_what_is_missed():
    quick = table("Start", ("ms", "target"), [("next page", "8", verdict(8, 20)), ("Stop", "900", verdict(900, 750))])
    plain = table("Sizes", ("KB",), [("never missed", "3")])
    assert summary([quick, plain]) == "Budgets met: 1 of 2. Missed: Stop."
    assert summary([plain]) == "Budgets met: 0 of 0."
