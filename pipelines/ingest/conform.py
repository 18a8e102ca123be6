"""Rows of text become rows of the lake: types, codes, pseudonyms; what cannot is refused.

Belongs here: what a fault means for its row, and what becomes of every kind. Does not belong
here: reading one value (`values`, `identity`), keys seen twice (`spool`), state (`lake`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import or_

import polars as pl

from pipelines.connectors.raw import LINE
from pipelines.contracts.sources import Column, Contract
from pipelines.ingest import values
from pipelines.ingest.divisions import Divisions
from pipelines.ingest.identities import IDENTITY, Identities, content_columns, value_schema
from pipelines.ingest.identity import with_right_check_character
from pipelines.ingest.reading import fault_of, no_texts, parser_of

FILE = "_file"
PLACE = (FILE, LINE)
MISMATCH = "cert_id_mismatch"
CHECKSUM = "bad_id_checksum"
LONG_DIGITS = r"\d{6,}[Xx]?"

FAULTS_SCHEMA = pl.Schema({
    FILE: pl.String(), LINE: pl.Int64(), "field": pl.String(), "reason": pl.String(),
    "severity": pl.String(), "raw": pl.String(),
})  # fmt: skip


BEARERS_SCHEMA = pl.Schema({"person_key": pl.Binary()})


@dataclass(frozen=True)
class Conformed:
    """What became of some rows of one table.

    `accepted` holds the lake's value columns, the place of each row and who it is about;
    `refused_keys` the lake keys of refused rows, null where a part is unreadable; `unkeyed`
    what else can be read of refused rows without any readable part of a key; `bearers` the
    `person_key` of rows refused because the number of a certificate is not that of its row.
    `is_plain` tells which accepted rows have neither a value fault nor a soft flag.
    """

    accepted: pl.DataFrame
    faults: pl.DataFrame
    refused_keys: pl.DataFrame
    unkeyed: pl.DataFrame
    bearers: pl.DataFrame
    soft_flags: int
    is_plain: pl.Series


def conform(
    raw: pl.DataFrame,
    contract: Contract,
    received_on: date,
    divisions: Divisions,
    identities: Identities,
    factors: Mapping[str, int],
) -> Conformed:
    """Conform rows of one table.

    Args:
        raw: text under declared names with the place of each row.
        contract: the declaration.
        received_on: the date no event and no birth may lie after.
        divisions: codes and prefixes for soft flags.
        identities: reads identity columns and gives pseudonyms.
        factors: what the unit of a money header is worth.
    """
    read = _read_values(raw, contract, received_on, identities, factors)
    reasons = _reasons(read, contract)
    is_refused = _is_at_fault(reasons, _required(contract), raw.height)
    good, place = read.filter(~is_refused), raw.select(PLACE).filter(~is_refused)
    accepted = pl.concat([_lake_values(good, contract, identities), place], how="horizontal")
    soft, soft_flags, is_flagged = _soft_flags(good, raw.filter(~is_refused), contract, divisions)
    has_fault = _is_at_fault(reasons, reasons.columns, raw.height).filter(~is_refused)
    faults = [*_faults(raw, reasons, contract, is_refused), soft]
    bad = read.filter(is_refused)
    unkeyed = bad.filter(pl.all_horizontal(pl.col(name).is_null() for name in contract.key))
    return Conformed(
        accepted,
        pl.concat(faults),
        pl.concat(
            [
                _key_values(bad, contract, identities),
                _keys_but_for_the_check(raw, reasons, contract, received_on, identities),
            ]
        ),
        _lake_values(unkeyed, contract, identities).select(content_columns(contract)),
        _bearers_of_mismatches(read, reasons, contract, identities),
        soft_flags,
        ~has_fault & ~is_flagged,
    )


def _is_at_fault(reasons: pl.DataFrame, names: Iterable[str], height: int) -> pl.Series:
    """Whether any of some columns is at fault, of each row."""
    at_fault = [reasons[name].is_not_null() for name in names if name in reasons.columns]
    return reduce(or_, at_fault, pl.repeat(False, height, eager=True))


def _bearers_of_mismatches(
    read: pl.DataFrame, reasons: pl.DataFrame, contract: Contract, identities: Identities
) -> pl.DataFrame:
    """Whose certificates came under a number that may be another certificate's."""
    at_fault = [
        reasons[name] == MISMATCH
        for name in contract.key
        if contract.columns[name].kind == "certificate" and name in reasons
    ]
    if not at_fault:
        return BEARERS_SCHEMA.to_frame()
    rows = read.filter(pl.any_horizontal(at_fault))
    return _lake_values(rows, contract, identities).select("person_key").unique()


def _required(contract: Contract) -> list[str]:
    return [name for name, column in contract.columns.items() if column.required]


def _read_values(
    raw: pl.DataFrame,
    contract: Contract,
    received_on: date,
    identities: Identities,
    factors: Mapping[str, int],
) -> pl.DataFrame:
    """Every column's values with their reasons beside them, and the identity of each row."""
    bearers = identities.recognise(raw)
    columns: list[pl.Series] = [bearers]
    for name, column in contract.columns.items():
        if name in identities.columns:
            columns.extend(identities.read(name, bearers))
            continue
        texts = raw[name] if name in raw.columns else no_texts(raw.height)
        parse = parser_of(column, received_on, factors.get(name, 1), is_key=name in contract.key)
        result = values.by_distinct(texts, parse)
        columns.append(result["value"].alias(name))
        columns.append(result["reason"].cast(pl.String).alias(fault_of(name)))
    return pl.DataFrame(columns)


def _reasons(read: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """The reason of every column that is at fault somewhere; empty when none is."""
    reasons: dict[str, pl.Expr] = {}
    for name, column in contract.columns.items():
        reason = pl.col(fault_of(name))
        if column.required:
            is_missing = pl.col(name).is_null() & reason.is_null()
            reason = pl.when(is_missing).then(pl.lit("missing_required")).otherwise(reason)
        if column.kind == "certificate" and {"category", "level"} <= set(contract.columns):
            printed = pl.col(name).str.slice(18, 2)
            differs = printed != pl.concat_str("category", "level", ignore_nulls=False)
            reason = pl.when(differs).then(pl.lit(MISMATCH)).otherwise(reason)
        reasons[name] = reason.alias(name)
    found = read.select(**reasons)
    return found.select(name for name in found.columns if found[name].null_count() < found.height)


def _faults(
    raw: pl.DataFrame, reasons: pl.DataFrame, contract: Contract, is_refused: pl.Series
) -> list[pl.DataFrame]:
    """One frame of faults per column at fault."""
    found = []
    for name in reasons.columns:
        at = reasons[name].is_not_null()
        is_row = contract.columns[name].required
        rows = raw.filter(at)
        found.append(
            rows.select(
                *PLACE,
                field=pl.lit(name),
                reason=reasons[name].filter(at),
                # A wrong optional value of a refused row is told with the row it stands in.
                severity=pl.lit("row")
                if is_row
                else pl.when(is_refused.filter(at)).then(pl.lit("row")).otherwise(pl.lit("value")),
                raw=raw_text(rows),
            )
        )
    return found or [FAULTS_SCHEMA.to_frame()]


def raw_text(rows: pl.DataFrame) -> pl.Series:
    """Rows as delivered, as JSON."""
    fields = [name for name in rows.columns if name not in PLACE]
    return rows.select(pl.struct(fields).struct.json_encode()).to_series()


def lake_values(
    raw: pl.DataFrame, contract: Contract, received_on: date, identities: Identities
) -> pl.DataFrame:
    """What the lake would hold of each row, in their order; null where it cannot be read."""
    read = _read_values(raw, contract, received_on, identities, {})
    return _lake_values(read, contract, identities).drop(IDENTITY)


def _key_values(read: pl.DataFrame, contract: Contract, identities: Identities) -> pl.DataFrame:
    """The lake key of rows, null where a part cannot be read."""
    return _lake_values(read, contract, identities).select(contract.lake_key)


def _keys_but_for_the_check(
    raw: pl.DataFrame,
    reasons: pl.DataFrame,
    contract: Contract,
    received_on: date,
    identities: Identities,
) -> pl.DataFrame:
    """Keys of rows whose number has a wrong check character alone: perhaps it was mistyped."""
    mistyped = [
        name
        for name in contract.key
        if contract.columns[name].is_number_of_a_person and name in reasons
    ]
    is_mistyped = [reasons[name] == CHECKSUM for name in mistyped]
    if not any(found.any() for found in is_mistyped):
        return value_schema(contract).to_frame().select(contract.lake_key)
    rows = raw.filter(pl.any_horizontal(is_mistyped))
    texts = rows.select(contract.key).with_columns(
        with_right_check_character(rows[name]) for name in mistyped
    )
    return lake_values(texts, contract.narrowed(), received_on, identities).select(
        contract.lake_key
    )


def _lake_values(read: pl.DataFrame, contract: Contract, identities: Identities) -> pl.DataFrame:
    """Lake columns of rows and who each is about."""
    made = {IDENTITY: read[IDENTITY]}
    for lake_name, kind in value_schema(contract).items():
        if kind == pl.Binary():
            made[lake_name] = identities.key(lake_name, read[IDENTITY])
    for name, lake_name in contract.lake_columns.items():
        column = contract.columns[name]
        if not column.is_pseudonymised:
            made[lake_name] = _lake_column(read[name], column, identities)
    return pl.DataFrame(made).select(
        IDENTITY, *(pl.col(name).cast(kind) for name, kind in value_schema(contract).items())
    )


def _lake_column(values_read: pl.Series, column: Column, identities: Identities) -> pl.Series:
    """What the lake holds of a column that is no identity."""
    if column.kind != "text":
        return values_read
    if column.free_text:
        values_read = values_read.str.replace_all(LONG_DIGITS, "…")
    return identities.without_citizen_numbers(values_read)


def _soft_flags(
    read: pl.DataFrame, raw: pl.DataFrame, contract: Contract, divisions: Divisions
) -> tuple[pl.DataFrame, int, pl.Series]:
    """Remarkable divisions of accepted rows: one record per distinct code, how many rows, which."""
    records, flagged_rows = [FAULTS_SCHEMA.to_frame()], 0
    is_flagged = pl.repeat(False, raw.height, eager=True)
    for name, column in contract.columns.items():
        if column.kind == "area":
            code = pl.col(name)
            flag = divisions.flag_of_area(code, must_be_here=column.required)
        elif column.is_number_of_a_person:
            code = pl.col(name).str.head(6)
            flag = divisions.flag_of_number(code)
        else:
            continue
        codes = read.select(code=code).to_series()
        remarkable = (
            codes.drop_nulls().unique().sort().alias(name).to_frame()
            .with_columns(flag.alias("reason")).drop_nulls("reason")
        )  # fmt: skip
        if not remarkable.height:
            continue
        at = codes.is_in(remarkable[name].implode())
        flagged_rows += int(at.sum())
        is_flagged |= at.fill_null(False)
        flagged = raw.filter(at)
        records.append(
            flagged.select(
                *PLACE,
                field=pl.lit(name),
                reason=codes.filter(at).replace_strict(remarkable[name], remarkable["reason"]),
                severity=pl.lit("soft"),
                raw=raw_text(flagged),
                code=codes.filter(at),
            ).unique("code", keep="first", maintain_order=True).drop("code")
        )  # fmt: skip
    return pl.concat(records), flagged_rows, is_flagged
