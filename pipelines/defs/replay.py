"""Proving a published day: built again in a scratch place and held against what is published.

Should a run change what the replay reads, the replay says so and gives no verdict. The corrected
view of a day is made the same way and shown beside the published days, never in their place.
Does not belong here: the scratch place (`scratch`), what counts on a day (`warehouse.as_corrected`,
`ingest.lake`).
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.defs.installation import Installation
from pipelines.defs.keeping import refusals_deleted_since
from pipelines.defs.one_day import build_day, description_of, write_for_readers
from pipelines.defs.scratch import published_day, scratch_place, take_up_project, undisturbed
from pipelines.ingest import load_receipts
from pipelines.settings import Home, UsageError
from pipelines.vault.forgotten import Forgotten
from pipelines.warehouse import history
from pipelines.warehouse.exports import declared_marts, export_marts
from pipelines.warehouse.publication import (
    Building,
    sha256_of,
    show_as_corrected,
    write_manifest,
)
from pipelines.warehouse.rekeying import UNDER_EARLIER_KEY


@dataclass(frozen=True)
class Replay:
    """What came of a replay: the files that differ, why, and rows by mart where both are at hand.

    `rows` has one row per differing mart: `mart`, `gone`, `new`, `changed`, counted by its key.
    `under_earlier_key` counts marts that were hashed with pseudonyms there are no more; None where
    the key is that of then.
    """

    on_date: date
    files: int
    days: int
    differing: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    under_earlier_key: int | None = None

    @property
    def exit_code(self) -> int:
        """1 where something differs."""
        return 1 if self.differing else 0

    def sentences(self) -> Iterator[str]:
        """What is told of it."""
        if self.under_earlier_key:
            yield (
                f"The key was changed since {self.on_date} was published: {self.under_earlier_key} "
                "marts with pseudonyms of then cannot be compared; the others and the lists can."
            )
        if self.under_earlier_key is not None and self.differing:
            yield (
                "Where two are equal in all else, the pseudonym decides which comes first: of a "
                "person in two families the one that is named, and the order of evidence. That "
                "may have changed with the key."
            )
        days = f" ({self.days} days in a row)" if self.days > 1 else ""
        if not self.differing:
            yield (
                f"{self.on_date}, built again{days}, is byte for byte what is published: "
                f"{self.files} marts, lists and bulletin."
            )
            return
        yield (
            f"{self.on_date}, built again{days}, differs from what is published in "
            f"{len(self.differing)} of {self.files}: {', '.join(self.differing)}."
        )
        yield from self.reasons or ["Deliveries, versions and the days before it are the same."]
        for mart in self.rows:
            told = "{mart}: {gone} rows only published, {new} only rebuilt, {changed} changed."
            yield told.format(**mart)


@dataclass(frozen=True)
class Corrected:
    """A day judged again: `changes` has one row per rule: `rule_id`, `new`, `gone`, `changed`."""

    on_date: date
    known_on: date
    place: Path
    changes: list[dict[str, Any]]
    exit_code = 0

    def sentences(self) -> Iterator[str]:
        """What is told of it."""
        known = f"with what was received until {self.known_on}"
        if not self.changes:
            yield f"{self.on_date} judged {known}: no alert changes."
        else:
            yield f"{self.on_date} judged {known}, against what was known then:"
        for rule in self.changes:
            yield (
                "{rule_id}: {new} alerts would be new, {gone} gone, {changed} of another amount "
                "or level."
            ).format(**rule)
        yield f"As corrected: {self.place}"


def replay(
    installation: Installation,
    on_date: date,
    tell: Callable[[str], None],
    *,
    from_start: bool = False,
    keep: Path | None = None,
) -> Replay:
    """Build a published day again and compare every mart and list with what is published.

    Args:
        installation: where the day was published.
        on_date: the day.
        tell: called with the name of each step as it starts.
        from_start: build all run days up to this one again, and compare what they handed on too.
        keep: an empty or new folder that gets the marts and lists as rebuilt.

    Raises:
        UsageError: the day is not published, or the folder is not empty.
        WenduError: it cannot be built, or a run changed what the replay reads.
    """
    home = installation.home
    published = published_day(home, on_date)
    if keep is not None and keep.exists() and any(keep.iterdir()):
        raise UsageError(f"{keep} is not empty; name a new folder to keep the rebuilt day in.")
    earlier = [day for day in history.run_days(home) if day < on_date] if from_start else []
    with scratch_place(installation) as scratch, undisturbed(home, on_date):
        if not from_start:
            history.copy_before(home, on_date, scratch.home)
        for day in [*earlier, on_date]:
            tell(f"build_{day}")
            policy = published["stands_on"] if day == on_date else history.stands_on(home, day)
            take_up_project(scratch, policy["policy"])
            build_day(scratch, day)
        tell("export_marts")
        export_marts(scratch.home, declared_marts(scratch.dbt.manifest))
        tell("lists_and_bulletin")
        write_for_readers(scratch, on_date)
        building = Building(scratch.home)
        rebuilt = write_manifest(scratch.home, on_date, description_of(scratch, on_date))
        if keep is not None:
            shutil.copytree(building.parquet, keep / "parquet", dirs_exist_ok=True)
            shutil.copytree(building.day, keep / "day", dirs_exist_ok=True)
        under_earlier_key = {f"{mart}.parquet" for mart in published.get(UNDER_EARLIER_KEY, ())}
        now, then = (
            {name: told for name, told in hashes.items() if name not in under_earlier_key}
            for hashes in (hashes_in(rebuilt), _published_hashes(home, on_date, published))
        )
        differing = sorted(
            name for name in now.keys() | then.keys() if now.get(name) != then.get(name)
        )
        differing += [
            f"history of {day}"
            for day in earlier
            if _handed_on(scratch.home, day) != _handed_on(home, day)
        ]
        return Replay(
            on_date,
            len(now),
            len(earlier) + 1,
            differing,
            [*_reasons(published, rebuilt), *_not_kept(installation, on_date)] if differing else [],
            _rows_that_differ(home, scratch, on_date, differing),
            len(under_earlier_key) if UNDER_EARLIER_KEY in published else None,
        )


def replay_as_corrected(
    installation: Installation, on_date: date, known_on: date | None, tell: Callable[[str], None]
) -> Corrected:
    """Judge a published day with what was received after it, beside the published one.

    The day is built twice, as it was known then and as corrected, by the same program and policy
    rows, so that what changes is changed by the corrections alone.

    Args:
        installation: where the day was published.
        on_date: the day.
        known_on: what was received until then counts; the newest received if not given.
        tell: called with the name of each step as it starts.

    Raises:
        UsageError: the day is not published, or `known_on` lies before it.
        WenduError: it cannot be built, or a run changed what this reads.
    """
    home = installation.home
    published = published_day(home, on_date)
    newest = max(receipt.received_on for receipt in load_receipts(home, date.max))
    known_on = known_on or max(newest, on_date)
    if known_on < on_date:
        raise UsageError(f"--known-on {known_on} lies before --date {on_date}.")
    with scratch_place(installation) as scratch, undisturbed(home, known_on):
        history.copy_before(home, on_date, scratch.home)
        take_up_project(scratch, published["stands_on"]["policy"])
        tell(f"build_{on_date}")
        build_day(scratch, on_date)
        as_known = history.alerts_of(scratch.home, on_date)
        tell(f"build_{on_date}_as_known_on_{known_on}")
        build_day(scratch, on_date, known_on)
        changes = changed_alerts(as_known, history.alerts_of(scratch.home, on_date))
        tell("export_marts")
        export_marts(scratch.home, declared_marts(scratch.dbt.manifest))
        about = {**description_of(scratch, on_date, known_on), "known_on": known_on.isoformat()}
        write_manifest(scratch.home, on_date, {**about, "changes": changes})
        return Corrected(on_date, known_on, show_as_corrected(scratch.home, home, on_date), changes)


def changed_alerts(as_known: pl.DataFrame, corrected: pl.DataFrame) -> list[dict[str, Any]]:
    """Open alerts that are new, gone, or of another amount or level, counted by rule.

    One that waits for a signature stands as an open one does: a correction that makes a flood of
    alerts leaves every one of them true.
    """
    told = ("rule_id", "alert_id", "amount_cny", "level")
    then, now = (
        alerts.filter(pl.col("status").is_in(("open", "held"))).select(told)
        for alerts in (as_known, corrected)
    )
    key = ["rule_id", "alert_id"]
    both = then.join(now, on=key, suffix="_now").filter(
        pl.col("amount_cny").ne_missing(pl.col("amount_cny_now"))
        | pl.col("level").ne_missing(pl.col("level_now"))
    )
    kinds = {
        "new": now.join(then, on=key, how="anti"),
        "gone": then.join(now, on=key, how="anti"),
        "changed": both,
    }
    return (
        pl.concat(frame.select("rule_id", kind=pl.lit(kind)) for kind, frame in kinds.items())
        .group_by("rule_id")
        .agg(pl.col("kind").eq(kind).sum().alias(kind) for kind in kinds)
        .sort("rule_id")
        .to_dicts()
    )


def hashes_in(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Hash of every mart and list that a manifest names."""
    marts = {f"{name}.parquet": mart["sha256"] for name, mart in manifest["marts"].items()}
    return marts | dict(manifest["files"])


def _published_hashes(home: Home, on_date: date, manifest: Mapping[str, Any]) -> dict[str, str]:
    """As the manifest says, and of files that are at hand, as they lie there."""
    version = home.day(on_date).resolve().parent
    files = manifest["files"]
    places = {
        name: version / ("day" if name in files else "parquet") / name
        for name in hashes_in(manifest)
    }
    return {
        name: sha256_of(places[name])
        if places[name].exists()
        else "missing"
        if name in files
        else told
        for name, told in hashes_in(manifest).items()
    }


def _handed_on(home: Home, on_date: date) -> str:
    return history.stands_on(home, on_date).get("handed_on", "")


def _reasons(published: Mapping[str, Any], rebuilt: Mapping[str, Any]) -> Iterator[str]:
    """What else is not as it was when the day was published."""
    then, now = published["versions"], rebuilt["versions"]
    others = [
        f"{name} {then.get(name)} → {now[name]}" for name in now if then.get(name) != now[name]
    ]
    if others:
        yield f"It was published by another version: {', '.join(others)}."
    sources = {"then": published["sources"], "now": rebuilt["sources"]}
    for when, others_of in (("then", "now"), ("now", "then")):
        for source in sources[when]:
            if source not in sources[others_of]:
                told = "{department} of {received_on}, {verdict}".format(**source)
                yield f"Only {when}: delivery of {told}."
    if published["stands_on"]["days_before"] != rebuilt["stands_on"]["days_before"]:
        yield "The days before it hand on something else than when it was published."


def _not_kept(installation: Installation, on_date: date) -> Iterator[str]:
    """Lists as published may name somebody, and alerts tell of rows, that are not kept any more."""
    published_at = (installation.home.day(on_date) / "manifest.json").stat().st_mtime
    if Forgotten(installation.home, installation.vault).changed_since(published_at):
        yield (
            "Somebody was forgotten, or let in again, since it was published: lists are rebuilt "
            "with the identities that are kept now, and alerts tell of no refused row that named "
            "the person."
        )
    if refusals_deleted_since(installation.home, published_at):
        yield (
            "Content of refused rows was deleted as old since it was published: alerts tell no "
            "more of those rows whom they named."
        )


def _rows_that_differ(
    home: Home, scratch: Installation, on_date: date, differing: list[str]
) -> list[dict[str, Any]]:
    """Rows by key that only one side has, or that differ; of marts whose file is at hand."""
    found = []
    for mart in declared_marts(scratch.dbt.manifest):
        name = f"{mart.name}.parquet"
        file = home.day(on_date).resolve().parent / "parquet" / name
        if name not in differing or not file.exists():
            continue
        then = pl.read_parquet(file)
        now = pl.read_parquet(Building(scratch.home).parquet / name)
        key = list(mart.ordered_by) or then.columns
        if then.columns != now.columns:
            continue
        gone = then.join(now, on=then.columns, how="anti", nulls_equal=True).select(key)
        new = now.join(then, on=then.columns, how="anti", nulls_equal=True).select(key)
        changed = gone.join(new, on=key, how="semi", nulls_equal=True).height
        found.append({
            "mart": mart.name, "gone": gone.height - changed, "new": new.height - changed,
            "changed": changed,
        })  # fmt: skip
    return found
