"""Numbers put over a policy: which rows are meant, and what is counted of two judgements."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.defs.simulation import compared
from pipelines.settings import UsageError
from pipelines.warehouse.overlay import carry_back, put_over, read_changes, require_names

APRIL, DAY = date(2024, 4, 1), date(2024, 5, 1)
TEXTS = ("where name = 'marginal_line_multiple'", "where name = 'window_months'")
JUDGED = {
    "unit": pl.String(), "programme": pl.String(), "county_code": pl.String(),
    "beneficiary_id": pl.Int64(), "year_cny": pl.Decimal(38, 4),
}  # fmt: skip


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Standards of one county, of which nursing changed within April, and parameters."""
    place = tmp_path / "work.duckdb"
    with duckdb.connect(str(place)) as connection:
        connection.execute(
            """
            create schema intermediate;
            create table intermediate.int_measures__standards as
            select programme, residence, class, '371500' as county_code,
                from_on::date as effective_from_on, to_on::date as effective_to_on,
                amount_cny::decimal(14, 2) as amount_cny
            from (values
                ('dibao', 'urban', '', '2023-01-01', '2024-01-01', 900),
                ('dibao', 'urban', '', '2024-01-01', '9999-12-31', 931),
                ('dibao', 'rural', '', '2024-01-01', '9999-12-31', 753),
                ('nursing', '', '1', '2024-01-01', '2024-04-20', 168),
                ('nursing', '', '1', '2024-04-20', '9999-12-31', 180),
                ('nursing', '', '2', '2024-01-01', '9999-12-31', 140),
                ('nursing', '', '2x', '2024-06-01', '9999-12-31', 150)
            ) as rows(programme, residence, class, from_on, to_on, amount_cny);
            create table intermediate.int_measures__parameters as
            select name, unit, '371500' as county_code, value::decimal(18, 4) as value,
                date '2023-01-01' as effective_from_on, date '9999-12-31' as effective_to_on
            from (values
                ('marginal_line_multiple', 'ratio', 1.5), ('window_months', 'month', 12),
                ('r31_from_age', 'year', 16)
            ) as rows(name, unit, value)
            """
        )
    return place


def put(database: Path, *asked: str, texts: Sequence[str] = TEXTS) -> list[str]:
    return [str(told) for told in put_over(database, read_changes(asked), APRIL, DAY, texts)]


def standards(database: Path) -> list[Decimal]:
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(
            "select amount_cny from intermediate.int_measures__standards "
            "order by programme, residence, class, effective_from_on"
        ).fetchall()
    return [amount for (amount,) in rows]


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    (tmp_path / "assistance_standards.csv").write_text(
        "programme,residence,class,amount\ndibao,urban,,931\ndibao,rural,,753\nnursing,,1,168\n"
    )
    (tmp_path / "parameters.csv").write_text("name,value\nmarginal_line_multiple,1.5\n")
    return tmp_path


@pytest.mark.parametrize(
    "asked", ["standard.dibao=980", "standard.nursing.1=180", "parameter.marginal_line_multiple=1"]
)
def test_a_name_that_the_policy_has_may_be_built_for(seeds: Path, asked: str) -> None:
    require_names(read_changes([asked]), seeds)


@pytest.mark.parametrize(
    ("asked", "alike"),
    [
        ("standard.dibao.urbn=980", "standard.dibao.urban"),
        ("standard.nursing.3=180", "standard.nursing.1"),
        ("standard.dib=980", "standard.dibao"),
        ("parameter.marginal_multiple=1.4", "parameter.marginal_line_multiple"),
        ("parameter.dibao.urban=1", "parameter.marginal_line_multiple"),
    ],
)
def test_a_name_that_no_row_has_is_told_with_those_most_like_it(
    seeds: Path, asked: str, alike: str
) -> None:
    with pytest.raises(UsageError, match=f"names no row of the policy; most like it.* {alike}"):
        require_names(read_changes([asked]), seeds)


def test_the_number_in_force_is_put_over_and_no_earlier_or_other_one(database: Path) -> None:
    assert put(database, "standard.dibao.urban=980.5") == ["standard.dibao.urban 931 → 980.5"]
    changed = [Decimal(number) for number in ("753", "900", "980.5", "168", "180", "140", "150")]
    assert standards(database) == changed


def test_a_number_that_began_after_the_month_that_is_counted_is_put_over_with_the_one_before(
    database: Path,
) -> None:
    assert put(database, "standard.nursing.1=500") == ["standard.nursing.1 168 and 180 → 500"]
    assert standards(database)[3:] == [500, 500, 140, 150]


def test_what_is_compared_with_holds_as_on_the_day_since_the_month_that_is_counted(
    database: Path,
) -> None:
    assert carry_back(database, read_changes(["standard.nursing=180"]), APRIL, DAY)
    assert standards(database)[3:] == [180, 180, 140, 150]
    assert put(database, "standard.nursing.1=180") == ["standard.nursing.1 180 → 180"]


@pytest.mark.parametrize("asked", ["standard.dibao=1", "parameter.window_months=6"])
def test_a_number_that_has_held_since_that_month_is_not_carried_back(
    database: Path, asked: str
) -> None:
    before = standards(database)
    assert not carry_back(database, read_changes([asked]), APRIL, DAY)
    assert standards(database) == before


def test_a_programme_alone_means_all_its_rows(database: Path) -> None:
    assert put(database, "standard.nursing=200") == ["standard.nursing 140 and 168 and 180 → 200"]
    assert standards(database)[3:] == [200, 200, 200, 150]


def test_a_parameter_can_be_meant(database: Path) -> None:
    told = put(database, "parameter.marginal_line_multiple=1.4", "parameter.window_months=6.0")
    assert told == ["parameter.marginal_line_multiple 1.5 → 1.4", "parameter.window_months 12 → 6"]


@pytest.mark.parametrize(
    "text",
    [
        "standard.dibao.urban", "standard.dibao.urban=", "standard.dibao.urban=-1",
        "standard.dibao.urban=1e3", "standard.dibao.urban=９８０", "dibao=980", "standard.=3",
        "standard.dibao.urban=99999999", "standard.dibao.urban=1.00001",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match=r"standard\.dibao\.urban=980"):
        read_changes([text])


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("standard.dibao.suburban=3", "standard.dibao.rural"),
        ("standard.dibao.urban.urban=3", "standard.dibao.rural"),
        ("standard.urban=3", "standard.dibao.urban"),
        ("standard.nursing.2x=3", "standard.nursing.2"),
        ("parameter.r31_from_age=20", "parameter.window_months"),
    ],
)
def test_a_name_that_is_not_counted_is_told_with_those_there_are(
    database: Path, text: str, known: str
) -> None:
    with pytest.raises(UsageError) as told:
        put(database, text)
    assert known in str(told.value).partition("there are")[2]
    assert text.partition("=")[0] not in str(told.value).partition("there are")[2].split(", ")


@pytest.mark.parametrize(
    ("text", "form"),
    [("standard.nursing.2=1.005", "2 decimals"), ("parameter.window_months=2.5", "whole number")],
)
def test_a_number_finer_than_its_unit_is_refused(database: Path, text: str, form: str) -> None:
    with pytest.raises(UsageError, match=form):
        put(database, text)


@pytest.mark.parametrize("other", ["standard.dibao=800", "standard.dibao.urban=980"])
def test_two_numbers_for_one_row_are_refused(other: str) -> None:
    with pytest.raises(UsageError, match="the same row"):
        read_changes(["standard.dibao.urban=900", other])


def test_two_numbers_for_two_rows_are_not() -> None:
    assert len(read_changes(["standard.nursing.2=1", "standard.nursing.2x=2"])) == 2


def test_the_parameters_that_models_name_are_known_by_their_texts(database: Path) -> None:
    texts = ["where name = 'window_months'", "select marginal_line_multiple"]
    with pytest.raises(UsageError) as told:
        put(database, "parameter.marginal_line_multiple=1.4", texts=texts)
    assert str(told.value).partition("there are ")[2] == "parameter.window_months."


def judged(*rows: tuple[str | None, str, int, str]) -> pl.DataFrame:
    """Rows of households but for living and nursing, which are of persons."""
    told = [
        ("person" if programme in ("living", "nursing") else "household",
         programme, county, number, Decimal(cost))
        for programme, county, number, cost in rows
    ]  # fmt: skip
    return pl.DataFrame(told, JUDGED, orient="row")


def counted(before: pl.DataFrame, after: pl.DataFrame) -> dict[tuple[str, str], tuple[object, ...]]:
    counts = compared(before, after, "371500")
    return {(row[0], row[1]): row[2:] for row in counts.iter_rows()}


def test_who_comes_in_and_goes_out_is_counted_by_county_and_for_the_city() -> None:
    before = judged(
        ("dibao", "371502", 1, "1200"), ("dibao_marginal", "371502", 2, "0"),
        ("dibao", "371503", 3, "24"), ("none", "371503", 4, "0"), (None, "371503", 5, "0"),
    )  # fmt: skip
    after = judged(
        ("dibao", "371502", 1, "2400"), ("dibao", "371502", 2, "12"),
        ("dibao_marginal", "371503", 3, "0"), ("none", "371503", 4, "0"),
        (None, "371503", 5, "0"),
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


def test_who_is_not_judged_before_or_after_comes_neither_in_nor_out() -> None:
    before = judged(("dibao", "371502", 1, "12"), (None, "371502", 2, "0"))
    after = judged((None, "371502", 1, "0"), ("dibao", "371502", 2, "12"))
    assert counted(before, after) == {}
    person = judged(("living", "371502", 1, "12"))  # another's number
    told = counted(pl.concat([before, person]), pl.concat([after, person]))
    assert told["living", "371502"][:4] == (1, 0, 0, 1)


def test_a_cost_is_a_twelfth_of_the_whole_rounded_once() -> None:
    rows = [("dibao", "371502", number, "0.02") for number in range(3)]
    assert counted(judged(*rows), judged(*rows))["dibao", "371502"][4:] == (
        Decimal("0.01"), Decimal("0.01"), 0,
    )  # fmt: skip


def test_the_same_judgement_twice_differs_in_nothing() -> None:
    rows = judged(("dibao", "371502", 1, "7"), ("living", "371503", 1, "2244"))
    assert {told[1:3] + told[6:] for told in counted(rows, rows).values()} == {(0, 0, 0)}
