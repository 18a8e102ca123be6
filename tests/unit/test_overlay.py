"""Numbers put over a policy: which rows are meant, and what is counted of two judgements."""

from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from pipelines.defs.simulation import compared
from pipelines.settings import DBT_PROJECT, UsageError
from pipelines.warehouse.overlay import Change, read_changes

DAY = date(2024, 4, 30)
JUDGED = {
    "programme": pl.String(), "county_code": pl.String(), "beneficiary_id": pl.Int64(),
    "year_cny": pl.Decimal(38, 4),
}  # fmt: skip


def change(text: str, on_date: date = DAY) -> Change:
    [found] = read_changes([text], DBT_PROJECT, on_date)
    return found


def judged(*rows: tuple[str | None, str, int, str | None]) -> pl.DataFrame:
    told = [(*who, None if cost is None else Decimal(cost)) for *who, cost in rows]
    return pl.DataFrame(told, JUDGED, orient="row")


def counted(before: pl.DataFrame, after: pl.DataFrame) -> dict[tuple[str, str], tuple[object, ...]]:
    counts = compared(before, after, "371500")
    return {(row[0], row[1]): row[2:] for row in counts.iter_rows()}


def test_the_row_in_force_on_the_day_is_meant() -> None:
    assert change("standard.dibao.urban=980").was == ["931"]
    assert change("standard.dibao.urban=980", date(2023, 12, 31)).was == ["900"]


def test_a_programme_alone_means_all_its_rows() -> None:
    found = change("standard.living=200.50")
    assert (len(found.rows), found.was, found.to) == (4, ["140", "187"], Decimal("200.50"))


def test_a_class_and_a_parameter_can_be_meant() -> None:
    assert change("standard.nursing.1=170").was == ["168"]
    assert change("parameter.marginal_line_multiple=1.4").was == ["1.5"]


@pytest.mark.parametrize(
    "text",
    [
        "standard.dibao.urban", "standard.dibao.urban=", "standard.dibao.urban=-1",
        "standard.dibao.urban=1e3", "standard.dibao.urban=９８０", "dibao=980", "standard.=3",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match=r"standard\.dibao\.urban=980"):
        change(text)


@pytest.mark.parametrize(
    "text", ["standard.dibao.suburban=3", "standard.dibao.urban.1=3", "parameter.standard=3"]
)
def test_an_unknown_name_is_told_with_those_there_are(text: str) -> None:
    kind = text.partition(".")[0]
    known = {"standard": "standard.tekun_care.3", "parameter": "parameter.payment_day"}
    with pytest.raises(UsageError) as told:
        change(text)
    assert known[kind] in str(told.value)


def test_a_standard_not_yet_in_force_is_no_row_of_the_day() -> None:
    with pytest.raises(UsageError, match="2022-12-31"):
        change("standard.dibao.urban=980", date(2022, 12, 31))


def test_who_comes_in_and_goes_out_is_counted_by_county_and_for_the_city() -> None:
    before = judged(
        ("dibao", "371502", 1, "1200"), ("dibao_marginal", "371502", 2, "0"),
        ("dibao", "371503", 3, "24"), ("none", "371503", 4, None), (None, "371503", 5, None),
    )  # fmt: skip
    after = judged(
        ("dibao", "371502", 1, "2400"), ("dibao", "371502", 2, "12"),
        ("dibao_marginal", "371503", 3, "0"), ("none", "371503", 4, None),
        (None, "371503", 5, None),
    )  # fmt: skip
    yuan = Decimal
    assert counted(before, after) == {
        ("dibao", "371500"): (2, 1, 1, 2, yuan(102), yuan(201), yuan(99)),
        ("dibao", "371502"): (1, 1, 0, 2, yuan(100), yuan(201), yuan(101)),
        ("dibao", "371503"): (1, 0, 1, 0, yuan(2), yuan(0), yuan(-2)),
        ("dibao_marginal", "371500"): (1, 1, 1, 1, None, None, None),
        ("dibao_marginal", "371502"): (1, 0, 1, 0, None, None, None),
        ("dibao_marginal", "371503"): (0, 1, 0, 1, None, None, None),
    }


def test_a_cost_is_a_twelfth_of_the_whole_rounded_once() -> None:
    rows = [("dibao", "371502", number, "0.02") for number in range(3)]
    assert counted(judged(*rows), judged(*rows))["dibao", "371502"][4:] == (
        Decimal("0.01"), Decimal("0.01"), 0,
    )  # fmt: skip


def test_the_same_judgement_twice_differs_in_nothing() -> None:
    rows = judged(("dibao", "371502", 1, "7"), ("living", "371503", 1, "2244"))
    assert {told[1:3] + told[6:] for told in counted(rows, rows).values()} == {(0, 0, 0)}
