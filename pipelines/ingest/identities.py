"""Who the rows of a table are about: identity columns read, and their pseudonyms.

The same people stand in many rows and files, so every distinct combination of a table's identity
columns is read and hashed once per delivery; a row carries only its number. Does not belong
here: the hash itself (`vault`), checking a number (`identity`).
"""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

import polars as pl

from pipelines.contracts.sources import TECHNICAL_COLUMNS, Contract
from pipelines.ingest.identity import EMBEDDED_NUMBER
from pipelines.ingest.reading import fault_of, no_texts, parser_of
from pipelines.ingest.remembered import WORTH_RECALLING, RememberedPseudonyms
from pipelines.settings import WenduError

IDENTITY = "_identity"
RESTRICTED = "_restricted"
HASH = "_hash"
SHORT_PSEUDONYM = 12
SHORTEST_NUMBER = 17


def value_schema(contract: Contract) -> pl.Schema:
    """The lake schema without its technical columns."""
    kept = {n: kind for n, kind in contract.lake_schema.items() if n not in TECHNICAL_COLUMNS}
    return pl.Schema(kept)


def identity_columns(contract: Contract) -> list[str]:
    """Columns whose values go to the vault."""
    return [
        name
        for name, column in contract.columns.items()
        if column.is_pseudonymised or column.restricted
    ]


def content_columns(contract: Contract) -> list[str]:
    """Lake columns that can be read without the key: neither its parts nor names bound to it."""
    bound = {
        name
        for name, column in contract.columns.items()
        if name in contract.key or column.names in contract.key
    }
    own = {contract.lake_columns[name] for name in bound}
    if any(contract.columns[name].kind == "certificate" for name in contract.key):
        own.add("person_key")
    return [name for name in value_schema(contract) if name not in own]


def people_columns(contract: Contract) -> dict[str, str]:
    """Required columns that name a person, and where the lake holds that person's key."""
    return {
        name: contract.lake_columns[name] if column.kind == "id" else "person_key"
        for name, column in contract.columns.items()
        if column.required and column.is_number_of_a_person
    }


def key_columns(contract: Contract) -> list[str]:
    """The lake's pseudonyms and keyed hashes."""
    return [name for name, kind in value_schema(contract).items() if kind == pl.Binary()]


class Pseudonyms(Protocol):
    """Who gives pseudonyms: the vault, or what remembers its answers."""

    def pseudonyms(self, space: str, values: pl.Series) -> pl.Series:
        """As `Vault.pseudonyms`."""

    def name_hashes(self, numbers: pl.Series, names: pl.Series) -> pl.Series:
        """As `Vault.name_hashes`."""


def keys_of(contract: Contract, read: pl.DataFrame, vault: Pseudonyms) -> list[pl.Series]:
    """Pseudonyms and keyed hashes of identity columns, under the lake's names.

    Args:
        contract: the table.
        read: its identity columns, as conformed.
        vault: gives the pseudonyms.
    """
    keys = []
    for name, column in contract.columns.items():
        if not column.is_pseudonymised:
            continue
        if column.kind == "name":
            key = vault.name_hashes(read[str(column.names)].str.head(18), read[name])
        else:
            key = vault.pseudonyms(str(column.key_space), read[name])
        keys.append(key.alias(str(column.becomes)))
        if column.kind == "certificate":
            keys.append(vault.pseudonyms("person", read[name].str.head(18)).alias("person_key"))
    return keys


def keys_recalled(
    contract: Contract, read: pl.DataFrame, vault: RememberedPseudonyms
) -> list[pl.Series]:
    """As `keys_of`; combinations that were sealed before keep the keys sealed with them."""
    keys = key_columns(contract)
    values = [name for name, column in contract.columns.items() if column.is_pseudonymised]
    if not values:
        return []
    sealed = vault.recalled(contract, values, keys).with_columns(is_sealed=True)
    met = read.select(values).with_row_index(IDENTITY).join(
        sealed, on=values, how="left", nulls_equal=True
    )  # fmt: skip
    known, new = met.filter("is_sealed"), met.filter(pl.col("is_sealed").is_null())
    made = new.select(IDENTITY).with_columns(keys_of(contract, new.select(values), vault))
    both = pl.concat([known.select(made.columns), made]) if known.height else made
    return both.sort(IDENTITY).drop(IDENTITY).get_columns()


@dataclass(frozen=True)
class Combinations:
    """Combinations of a table's identity columns by their number, with what was read of each.

    `hashes` finds a combination by its `texts`; null where it is to be read anew.
    """

    texts: pl.DataFrame
    hashes: pl.Series
    made: pl.DataFrame


class Identities:
    """The combinations of identity columns met so far in one table of one delivery."""

    def __init__(
        self,
        contract: Contract,
        received_on: date,
        pseudonyms: RememberedPseudonyms,
        earlier: Combinations | None = None,
    ) -> None:
        """Begin with nothing, or with combinations that were read the same way before."""
        self.columns = identity_columns(contract)
        self._contract = contract
        self._received_on = received_on
        self._vault = pseudonyms
        if earlier is None:
            nothing = pl.DataFrame(schema=dict.fromkeys(self.columns, pl.String))
            earlier = Combinations(nothing, pl.Series(HASH, dtype=pl.UInt64), self._make(nothing))
        self._texts, self._hashes, self._made = earlier.texts, earlier.hashes, earlier.made

    def recognise(self, raw: pl.DataFrame) -> pl.Series:
        """The number of each row's combination."""
        if not self.columns:
            return pl.repeat(0, raw.height, dtype=pl.UInt32(), eager=True).alias(IDENTITY)
        texts = raw.select(
            raw[name] if name in raw.columns else no_texts(raw.height).alias(name)
            for name in self.columns
        )
        hashes = texts.hash_rows(seed=4).alias(HASH)
        asked = hashes.to_frame()
        is_new = hashes.is_first_distinct() & ~hashes.is_in(self._hashes.implode())
        if is_new.any():
            new = texts.filter(is_new)
            self._texts = self._texts.vstack(new).rechunk()
            self._hashes = self._hashes.append(hashes.filter(is_new)).rechunk()
            self._made = self._made.vstack(self._make(new)).rechunk()
        known = self._hashes.to_frame().with_row_index(IDENTITY)
        bearers = asked.join(known, on=HASH, how="left", maintain_order="left")[IDENTITY]
        self._prove(texts, bearers)
        return bearers

    def _prove(self, texts: pl.DataFrame, bearers: pl.Series) -> None:
        """A hash finds the combination; that it is the same one is compared text by text."""
        for name in self.columns:
            if not texts[name].eq_missing(self._texts[name][bearers]).all():
                raise WenduError(
                    f"{self._contract.table}: two people's rows could not be told apart; nothing "
                    "of this delivery is used, tell the maintainers"
                )

    def read(self, name: str, bearers: pl.Series) -> tuple[pl.Series, pl.Series]:
        """Values of an identity column and their reasons, row by row."""
        reasons = self._made[fault_of(name)]
        if reasons.null_count() == len(reasons):
            return self._made[name][bearers], no_texts(len(bearers)).alias(fault_of(name))
        return self._made[name][bearers], reasons[bearers]

    def key(self, lake_name: str, bearers: pl.Series) -> pl.Series:
        """Pseudonyms or keyed hashes, row by row."""
        return self._made[lake_name][bearers]

    def restricted_hashes(self, bearers: pl.Series) -> pl.Series:
        """One number for the restricted values of each row, to tell equal rows from others."""
        if not self.columns:
            return pl.repeat(0, len(bearers), dtype=pl.UInt64(), eager=True).alias(RESTRICTED)
        return self._made[RESTRICTED][bearers]

    def frame(self, bearers: pl.Series) -> pl.DataFrame:
        """Identity columns and keys of some combinations, each once."""
        columns = [*self.columns, *key_columns(self._contract)]
        if not self.columns:
            return pl.DataFrame()
        return self._made[bearers].select(columns).unique()

    def faultless(self) -> Combinations:
        """All combinations; those with a fault will be read anew, it may be none by then."""
        faults = (pl.col(fault_of(name)).is_not_null() for name in self.columns)
        has_fault = self._made.select(pl.any_horizontal(pl.lit(False), *faults)).to_series()
        hashes = self._hashes.set(has_fault, None) if self.columns else self._hashes
        return Combinations(self._texts, hashes, self._made)

    def _make(self, texts: pl.DataFrame) -> pl.DataFrame:
        made: list[pl.Series] = []
        for name in self.columns:
            column = self._contract.columns[name]
            result = parser_of(column, self._received_on, 1)(texts[name])
            made.append(result["value"].cast(pl.String).alias(name))
            made.append(result["reason"].cast(pl.String).alias(fault_of(name)))
        read = pl.DataFrame(made)
        restricted = [name for name in self.columns if self._contract.columns[name].restricted]
        hashes = (
            read.select(restricted).hash_rows(seed=3)
            if restricted
            else pl.repeat(0, read.height, dtype=pl.UInt64(), eager=True)
        )
        make_keys = keys_recalled if texts.height >= WORTH_RECALLING else keys_of
        keys = make_keys(self._contract, read, self._vault)
        return read.with_columns(*keys, hashes.alias(RESTRICTED))

    def without_citizen_numbers(self, texts: pl.Series) -> pl.Series:
        """Texts in which a run that reads like a citizen number is a short pseudonym instead."""
        while True:
            # Most columns hold no text as long as a number, and that is known at once.
            is_long = (texts.str.len_bytes() >= SHORTEST_NUMBER).any()
            if not is_long or not texts.str.contains(EMBEDDED_NUMBER).any():
                return texts
            runs = texts.str.extract(f"({EMBEDDED_NUMBER})")
            short = self._vault.pseudonyms("person", runs.str.to_uppercase()).bin.encode("hex")
            texts = (
                pl.DataFrame({"text": texts, "run": runs, "short": short})
                .select(
                    pl.when(pl.col("run").is_null())
                    .then("text")
                    .otherwise(
                        pl.concat_str(
                            pl.col("text").str.extract(f"(?s)^(.*?){EMBEDDED_NUMBER}"),
                            pl.lit("k"),
                            pl.col("short").str.head(SHORT_PSEUDONYM),
                            pl.lit("k"),
                            pl.col("text").str.extract(f"(?s)^.*?{EMBEDDED_NUMBER}(.*)$"),
                        )
                    )
                )
                .to_series()
                .alias(texts.name)
            )
