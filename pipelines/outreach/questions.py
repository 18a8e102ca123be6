"""Questions of data that somebody in the township may be able to answer.

People whom departments know by different names under one number (rules of the review lane leave
such records out), and lines that no township can be told for. Does not belong here: refused
deliveries, which go back to their department.
"""

import polars as pl

from pipelines.contracts.sources import load_contracts
from pipelines.outreach import wording
from pipelines.outreach.lines import Sources
from pipelines.vault import mask_name, mask_number

NAMES = "同一证件号码登记的姓名不同：{}；姓名不一致的记录暂不用于核对类线索，请了解哪一处登记有误"
DIFFERS_UNSEEN = "（不同之处在遮盖的字）"
NO_TOWNSHIP = "各部门登记中查不到所在乡镇（街道），请协助确认住址后告知登记部门"


def data_questions(lines: pl.DataFrame, sources: Sources, differing: pl.DataFrame) -> pl.DataFrame:
    """One row per question: `office` and the columns of the sheet by key.

    Args:
        lines: of `lines_of`, those of the day.
        sources: where words come from.
        differing: of `KnownPeople.differing_names`; only masked names are returned.
    """
    return pl.concat([names_that_differ(sources, differing), without_township(lines)]).sort(
        "office", "village", "number", "question"
    )


def names_that_differ(sources: Sources, differing: pl.DataFrame) -> pl.DataFrame:
    """A row per person whose name differs between departments, of those the warehouse knows."""
    people = sources.mart(
        "dim_people", "person_key", "township_code", "household_key",
        of=differing["person_key"].bin.encode("hex"),
    )  # fmt: skip
    households = sources.mart(
        "dim_households", "household_key", "county_code", "area_code", "township_code",
        of=people["household_key"],
    ).rename({"township_code": "of_household"})  # fmt: skip
    areas = sources.mart("dim_areas").sort("valid_to", nulls_last=True)
    villages = areas.unique("area_code", keep="last").select("area_code", village="name")
    titles = pl.DataFrame(
        [(*place, contract.title.zh) for place, contract in load_contracts().items()],
        schema=["department", "table", "title"],
        orient="row",
    )
    department = pl.col("department").replace(wording.DEPARTMENTS)
    known_as = (
        differing.join(titles, on=["department", "table"], how="left", maintain_order="left")
        .group_by("person_key", "id_no", "name", maintain_order=True)
        .agg(tables=(department + "“" + pl.col("title") + "”").str.join("、"), asked=department)
        .with_columns(name=mask_name(pl.col("name")))
    )
    return (
        known_as.group_by("person_key", maintain_order=True)
        .agg(
            who=pl.col("name").first(),
            number=mask_number(pl.col("id_no").first()),
            known_as=pl.format("{}中为 {}", "tables", "name").str.join("，")
            + pl.when(pl.col("name").n_unique() < pl.len())
            .then(pl.lit(DIFFERS_UNSEEN))
            .otherwise(pl.lit("")),
            whom_to_ask=pl.col("asked").explode().unique(maintain_order=True).str.join("、")
            + "登记部门",
        )
        .with_columns(pl.col("person_key").bin.encode("hex"))
        .join(people, on="person_key", how="inner")
        .join(households, on="household_key", how="left")
        .join(villages, on="area_code", how="left")
        .select(
            "who", "number", "whom_to_ask",
            office=pl.coalesce(
                "of_household", "township_code", "county_code", pl.lit("unknown")
            ),
            village=pl.coalesce(
                "village", wording.village_by_code(pl.col("area_code")), pl.lit(wording.NO_PLACE)
            ),
            question=pl.format(NAMES, "known_as"),
        )
        .select(SCHEMA)
    )  # fmt: skip


def without_township(lines: pl.DataFrame) -> pl.DataFrame:
    """A row per line about a family for which no township is known."""
    return (
        lines.filter(
            pl.col("office").str.len_chars() != TOWNSHIP_DIGITS,
            pl.col("head") != wording.DOES_NOT_APPLY,
        )
        .select(
            "office", "village", "number", who="head",
            question=pl.format("编号 {}：" + NO_TOWNSHIP, "line_id"),
            whom_to_ask=pl.lit("民政登记部门"),
        )
        .select(SCHEMA)
    )  # fmt: skip


TOWNSHIP_DIGITS = 9
SCHEMA = ("office", "village", "who", "number", "question", "whom_to_ask")
