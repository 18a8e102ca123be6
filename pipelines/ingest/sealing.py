"""What of a delivery's identities goes to the vault, and what their numbers tell the lake.

Belongs here: which combinations are news, and that forgotten people stay forgotten. Does not
belong here: reading them (`identities`), encryption (`vault`), when it is done (`receive`).
"""

from collections.abc import Mapping
from datetime import date

import polars as pl

from pipelines.contracts.sources import PEOPLE_SCHEMA, Contract
from pipelines.ingest.forgetting import unnamed
from pipelines.ingest.identities import IDENTITY, identity_columns, key_columns
from pipelines.ingest.identity import birth_date, sex
from pipelines.ingest.intake import Intake
from pipelines.ingest.known_rows import Moved
from pipelines.ingest.lake import Changes
from pipelines.ingest.receipts import Receipt, load_receipts
from pipelines.settings import Home
from pipelines.vault import Vault
from pipelines.vault.forgotten import Forgotten


def unsealed(home: Home, contracts: Mapping[tuple[str, str], Contract]) -> list[Receipt]:
    """Accepted deliveries that brought rows about people, and nothing of which is in the vault.

    So it is where lake and vault were restored from backups of different days.

    Args:
        home: the home.
        contracts: declared department tables.
    """
    return [
        receipt
        for receipt in load_receipts(home, date.max, with_answers=False)
        if any(
            counts.upserted and not counts.carried_over_from
            for table, counts in receipt.tables.items()
            if (contract := contracts.get((receipt.department, table)))
            and identity_columns(contract)
        )
        and not [*(home.vault / receipt.department).glob(f"*/received_on={receipt.received_on}.*")]
    ]


def identities_to_seal(
    home: Home,
    vault: Vault,
    intake: Intake,
    moved: Moved | None,
    found: Changes,
    received_on: date,
) -> pl.DataFrame:
    """Identities of the rows that were written, and restricted values that changed.

    An address may change without a change in the lake; the vault must know the newest.

    Args:
        home: where it is kept who is forgotten.
        vault: what was sealed before.
        intake: the table as it was taken in.
        moved: what of it is not as it stood, if that is known; all else was sealed as it is.
        found: what of it changes the lake.
        received_on: the date of the delivery.

    Returns:
        Identity columns and keys of the table, each combination once, in order.
    """
    contract = intake.contract
    if moved is not None and set(contract.lake_key) <= set(key_columns(contract)):
        identities = intake.known.identities.frame(moved.rows[IDENTITY].unique())
    else:
        identities = intake.spool.identities
    if not identities.height:
        return identities
    forgotten = Forgotten(home, vault)
    names = [*identity_columns(contract), *key_columns(contract)]
    keys = key_columns(contract)
    written = identities
    if found.unchanged:
        rows = pl.concat([frame.select(keys) for frame in found.frames]).unique().collect() if (
            found.frames
        ) else identities.clear().select(keys)  # fmt: skip
        written = identities.join(rows, on=keys, how="semi", nulls_equal=True)
        restricted = [name for name in identity_columns(contract)
                      if contract.columns[name].restricted]  # fmt: skip
        sealed = (
            vault.identities(contract.department, contract.table) if restricted else pl.DataFrame()
        )
        if sealed.height and set(contract.lake_key) <= set(keys):
            known = (
                sealed.filter(pl.col("received_on") < received_on)
                .join(identities, on=contract.lake_key, how="semi", maintain_order="left")
                .unique(contract.lake_key, keep="last")
            )
            changed = identities.join(known, on=names, how="anti", nulls_equal=True)
            written = pl.concat([written, changed]).unique()
    if len(forgotten):
        written = _without_forgotten(vault, contract, written, forgotten, received_on)
    return written.select(names).sort(names)


def _without_forgotten(
    vault: Vault, contract: Contract, written: pl.DataFrame, forgotten: Forgotten, received_on: date
) -> pl.DataFrame:
    """Identities without those of forgotten people; a row left without a name is sealed once.

    It looks new every day, as its name is never found sealed.
    """
    kept, every = unnamed(contract, written, forgotten), written.columns
    touched = kept.join(written, on=every, how="anti", nulls_equal=True)
    sealed = vault.identities(contract.department, contract.table)
    if touched.height and sealed.height:
        earlier = sealed.filter(pl.col("received_on") < received_on)
        touched = touched.join(earlier, on=every, how="anti", nulls_equal=True)
    return pl.concat([kept.join(written, on=every, how="semi", nulls_equal=True), touched])


def people_of(contract: Contract, sealed: pl.DataFrame, received_on: date) -> pl.DataFrame:
    """What the numbers of sealed identities say of their bearers, in `PEOPLE_SCHEMA`."""
    found = [PEOPLE_SCHEMA.to_frame()]
    for name, column in contract.columns.items():
        if column.is_number_of_a_person:
            key = "person_key" if column.kind == "certificate" else str(column.becomes)
            number = pl.col(name).str.head(18)
            found.append(
                sealed.filter(pl.col(name).is_not_null()).select(
                    person_key=pl.col(key),
                    birth_on=birth_date(number),
                    sex=sex(number),
                    received_on=pl.lit(received_on),
                )
            )
    return pl.concat(found)
