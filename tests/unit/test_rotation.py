"""A new key: the same people and alerts under other pseudonyms, whenever it is cut off."""

import json
import shutil
import stat
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipelines.defs.installation import HomeInUseError, Installation
from pipelines.defs.rotation import Rotated, rotate
from pipelines.ingest import state
from pipelines.settings import Home, UsageError
from pipelines.vault import AuditBook, Vault, VaultError
from pipelines.warehouse import history
from tests.unit.deliveries import (
    FIRST,
    SECOND,
    THIRD,
    Office,
    member,
    number,
    payment_row,
    payroll_row,
)

MOMENT, WHO = "2024-05-03T08:00:00+08:00", "密钥管理员"


class Cut(BaseException):
    """The process was killed."""


def hand_on(office: Office, day: date, alert_id: str, sequence: int) -> None:
    """What a day hands on that found one alert about one person."""
    key = office.vault.pseudonyms("person", pl.Series([number(sequence)]))
    folder = office.home.warehouse / "history" / day.isoformat()
    folder.mkdir(parents=True)
    found = {
        "alert_id": [alert_id], "rule_id": ["R02"], "subject": key.bin.encode("hex"),
        "person_key": key, "status": ["open"],
        "evidence": [f'[{{"key":"{key[0].hex()}"}},{{"key":"{"0" * 32}"}}]'],
    }  # fmt: skip
    for name, schema in history.SCHEMAS.items():
        frame = pl.DataFrame(found) if name == "alerts" else schema.to_frame()
        (
            pl.concat([schema.to_frame(), frame], how="diagonal")
            .cast(schema)  # type: ignore[arg-type]
            .write_parquet(folder / f"{name}.parquet")
        )
    told = {"days_before": "", "handed_on": "", "policy": "p"}
    (folder / history.STANDS_ON).write_text(json.dumps(told), encoding="utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two deliveries, two run days and an audit book."""
    office = Office(tmp_path_factory.mktemp("made") / "home")
    office.payroll(FIRST, *[payroll_row(n) for n in range(1, 9)])
    office.payments(FIRST, payment_row("P1", 1), payment_row("P2", 2, batch_no=f"批{number(9)}"))
    office.payroll(SECOND, *[payroll_row(n, "6000") for n in range(2, 9)])
    office.receive()
    office.database(FIRST, "members", [member("J1", 1), member("J1", 2)])
    office.receive("civil_affairs")
    hand_on(office, FIRST, "A1", 2)
    hand_on(office, SECOND, "A1", 2)
    book = AuditBook(office.home, office.vault)
    key = office.vault.pseudonyms("person", pl.Series([number(2)]))[0].hex()
    book.write(MOMENT, WHO, "reveal", "A1", "家访")
    book.write(MOMENT, WHO, "reveal", key, "家访")
    return office.home.root


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Home:
    shutil.copytree(made, tmp_path / "home")
    return Home(tmp_path / "home")


def turn(home: Home, until: str | None = None, key_file: Path | None = None) -> list[str]:
    """Change the key, or be killed before a step; the steps that were told."""
    steps: list[str] = []

    def tell(step: str) -> None:
        steps.append(step)
        if step == until:
            raise Cut

    installation = Installation(home, "371500", key_file)
    try:
        rotate(installation, MOMENT, WHO, tell)
    except Cut:
        pass
    finally:
        installation.close()
    return steps


def key_of(vault: Vault, sequence: int) -> bytes:
    return vault.pseudonyms("person", pl.Series([number(sequence)]))[0]


def facts(home: Home) -> dict[str, object]:
    """What stands in the home, people by number: the same whatever the key is."""
    vault = Vault.open(home)
    numbers = [number(sequence) for sequence in range(1, 10)]
    named = pl.DataFrame({"key": vault.pseudonyms("person", pl.Series(numbers)), "no": numbers})
    found: dict[str, object] = {}
    for department, table in (("finance", "payroll"), ("civil_affairs", "members")):
        for day in (FIRST, SECOND, THIRD):
            rows = state(home, department, table, day).join(
                named, left_on="person_key", right_on="key", how="left"
            )
            found[f"{table} {day}"] = rows.select(
                "no", "change", "received_on", "is_stale"
            ).sort("no").rows()  # fmt: skip
    for day in (FIRST, SECOND):
        alerts = history.alerts_of(home, day).join(
            named, left_on="person_key", right_on="key", how="left"
        )
        found[f"alerts {day}"] = alerts.select("alert_id", "rule_id", "no").rows()
    found["people"] = vault.people(named["key"]).select("id_no", "name").sort("id_no").rows()
    found["book"] = AuditBook(home, vault).check()[1]
    return found


def written(home: Home) -> bytes:
    """Every byte below the home, values of Parquet files decoded."""
    texts = []
    for path in sorted(path for path in home.root.rglob("*") if path.is_file()):
        texts.append(path.read_bytes())
        if path.suffix == ".parquet":
            frame = pl.read_parquet(path, hive_partitioning=False)
            texts += [
                b"\n".join(frame[name].drop_nulls())
                for name, kind in frame.schema.items() if kind == pl.Binary()
            ]  # fmt: skip
            texts += [
                "\n".join(frame[name].drop_nulls()).encode()
                for name, kind in frame.schema.items() if kind == pl.String()
            ]  # fmt: skip
    return b"\n".join(texts)


@pytest.fixture(scope="module")
def steps(made: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    root = tmp_path_factory.mktemp("steps") / "home"
    shutil.copytree(made, root)
    return turn(Home(root))


def test_the_same_people_stand_under_other_pseudonyms(home: Home) -> None:
    before, old = facts(home), key_of(Vault.open(home), 2)
    turn(home)
    after = facts(home)
    assert after | {"book": before["book"]} == before
    assert key_of(Vault.open(home), 2) != old


def test_no_old_pseudonym_and_no_old_key_is_left_anywhere(home: Home) -> None:
    vault, secret = Vault.open(home), (home.vault / "key").read_text().strip()
    old = [key_of(vault, sequence) for sequence in range(1, 10)]
    old += vault.pseudonyms("household", pl.Series(["J1"])).to_list()
    old += vault.pseudonyms("account", pl.Series(["6228"])).to_list()
    assert all(key in written(home) for key in old[:8])
    turn(home)
    left = written(home)
    assert [key for key in old if key in left or key.hex().encode() in left] == []
    assert secret.encode() not in left
    assert not (home.vault / "rotation").exists()


def test_a_number_inside_a_text_gets_a_new_short_pseudonym(home: Home) -> None:
    short = key_of(Vault.open(home), 9).hex()[:12].encode()
    assert short in written(home)
    turn(home)
    assert short not in written(home)


def test_an_alert_keeps_its_code_and_its_evidence_names_the_new_key(home: Home) -> None:
    turn(home)
    key = key_of(Vault.open(home), 2).hex()
    (alert,) = history.alerts_of(home, SECOND).to_dicts()
    assert (alert["alert_id"], alert["subject"]) == ("A1", key)
    assert alert["evidence"] == f'[{{"key":"{key}"}},{{"key":"{"0" * 32}"}}]'
    kept = pl.read_parquet(home.audit / "kept" / "codes.parquet")
    assert kept.rows() == [("R02", key, None, "A1")]


def test_days_stand_on_each_other_as_before(home: Home) -> None:
    turn(home)
    assert history.is_standing(home, FIRST, None)
    assert history.is_standing(home, SECOND, FIRST)


def test_the_book_holds_and_tells_of_the_change(home: Home) -> None:
    turn(home)
    vault = Vault.open(home)
    rows = (home.audit / "reveals.jsonl").read_text(encoding="utf-8").splitlines()
    told = [(row["what"], row["subject"]) for row in map(json.loads, rows)]
    assert told == [
        ("reveal", "A1"), ("reveal", key_of(vault, 2).hex()), ("rotate-key", "all pseudonyms"),
    ]  # fmt: skip
    assert AuditBook(home, vault).check()[1] == 3


def test_cut_off_before_any_step_and_run_again_it_ends_the_same(
    made: Path, steps: list[str], tmp_path: Path
) -> None:
    whole = facts(Home(made))
    assert len(steps) > 15
    for position, step in enumerate(steps):
        home = Home(tmp_path / str(position) / "home")
        shutil.copytree(made, home.root)
        secret = (home.vault / "key").read_text()
        assert turn(home, until=step) == steps[: position + 1]
        turn(home)
        assert facts(home) == whole | {"book": 3}, step
        assert (home.vault / "key").read_text() != secret
        assert secret.strip().encode() not in written(home), step


def test_cut_off_twice_it_still_ends_the_same(home: Home, steps: list[str]) -> None:
    before = facts(home)
    for step in ("switch_key", "switch_published", "destroy_the_old_key"):
        turn(home, until=step)
    turn(home)
    assert facts(home) == before | {"book": 3}


def test_a_day_that_is_run_before_the_old_key_is_destroyed_keeps_nobody_from_it(
    home: Home, steps: list[str]
) -> None:
    turn(home, until="destroy_the_old_key")
    vault = Vault.open(home)
    people = home.vault / "finance" / "payroll"
    sealed = vault.unseal(people / f"received_on={SECOND}.sealed")
    refused = sealed.with_columns(id_no=pl.lit(number(31)))
    vault.seal(refused, people / f"received_on={THIRD}.sealed")
    assert turn(home) == ["destroy_the_old_key"]
    assert not (home.vault / "rotation").exists()


def test_nothing_else_works_with_a_home_before_what_is_in_place_is_proven(home: Home) -> None:
    turn(home, until="prove_what_is_in_place")
    with pytest.raises(VaultError, match="rotate-key"):
        Vault.open(home)


def test_half_an_item_in_place_is_completed(home: Home, steps: list[str]) -> None:
    before = facts(home)
    turn(home, until="switch_lake/finance")
    kept = home.vault / "rotation" / "old" / "lake"
    kept.mkdir(parents=True, exist_ok=True)
    (home.lake / "finance").replace(kept / "finance")
    turn(home)
    assert facts(home) == before | {"book": 3}


def test_before_anything_is_in_place_the_home_works_with_its_old_key(home: Home) -> None:
    before = facts(home)
    turn(home, until="switch")
    assert facts(home) == before


def test_nothing_else_works_with_a_home_of_two_keys(home: Home) -> None:
    turn(home, until="switch_vault/finance")
    with pytest.raises(VaultError, match="rotate-key"):
        Vault.open(home)
    installation = Installation(home, "371500")
    with pytest.raises(VaultError, match="rotate-key"):
        installation.hold()


def test_a_change_does_not_begin_while_a_run_holds_the_home(home: Home) -> None:
    run = Installation(home, "371500")
    run.hold()
    try:
        with pytest.raises(HomeInUseError):
            rotate(Installation(home, "371500"), MOMENT, WHO, lambda step: None)
    finally:
        run.close()


def test_a_home_in_use_is_told_though_its_holder_is_only_being_written_down(home: Home) -> None:
    run = Installation(home, "371500")
    run.hold()
    try:
        home.lock.with_suffix(".holder.json").write_text("")
        with pytest.raises(HomeInUseError, match="in use by another process"):
            Installation(home, "371500").hold()
    finally:
        run.close()


def test_a_key_elsewhere_is_changed_where_it_lies(home: Home, tmp_path: Path) -> None:
    elsewhere = tmp_path / "secret"
    (home.vault / "key").replace(elsewhere)
    secret = elsewhere.read_text()
    turn(home, key_file=elsewhere)
    assert elsewhere.read_text() != secret
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o600
    assert not (home.vault / "key").exists()
    Vault.open(home, elsewhere)


def test_a_vault_whose_keys_its_key_did_not_make_is_left_alone(home: Home) -> None:
    vault = Vault.open(home)
    path = home.vault / "finance" / "payroll" / f"received_on={FIRST}.sealed"
    frame = vault.unseal(path)
    vault.seal(frame.with_columns(person_key=pl.col("person_key").reverse()), path)
    before = {file: file.read_bytes() for file in home.root.rglob("*.*ed") if file.is_file()}
    with pytest.raises(VaultError, match="does not make"):
        turn(home)
    assert {file: file.read_bytes() for file in before} == before
    assert not (home.vault / "rotation").exists()


def test_a_home_without_a_key_has_nothing_to_change(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no vault key"):
        turn(Home(tmp_path / "empty"))
    assert not (tmp_path / "empty" / "vault").exists()


def test_rows_nobody_stands_behind_stay_together(home: Home) -> None:
    (home.vault / "finance" / "payroll" / f"received_on={FIRST}.sealed").unlink()
    (home.vault / "finance" / "payroll" / f"received_on={SECOND}.sealed").unlink()
    before = state(home, "finance", "payroll", THIRD)
    told: list[str] = []
    installation = Installation(home, "371500")
    done: Rotated = rotate(installation, MOMENT, WHO, told.append)
    installation.close()
    after = state(home, "finance", "payroll", THIRD)
    assert after["person_key"].n_unique() == before["person_key"].n_unique()
    assert done.orphans > 0
    assert any("nobody behind" in sentence for sentence in done.sentences())


def test_a_key_from_the_environment_cannot_be_changed_there(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WENDU_KEY", (home.vault / "key").read_text())
    with pytest.raises(UsageError, match="comes from the environment"):
        turn(home)
