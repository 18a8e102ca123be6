"""The vault through its public face: key, pseudonyms, sealed frames, lookups, masking."""

import os
import re
import stat
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from cryptography.hazmat.primitives.hashes import SM3
from cryptography.hazmat.primitives.hmac import HMAC

from pipelines.contracts.sources import load_contracts
from pipelines.defs.installation import Installation
from pipelines.defs.scratch import scratch_place
from pipelines.ingest.receipts import Receipt, TableReceipt
from pipelines.ingest.sealing import unsealed
from pipelines.settings import Home
from pipelines.vault import Vault, VaultError, masked
from tests.commands import Ran

NUMBER = "371599198001010014"
OTHER = "371599199002020027"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def vault(home: Home) -> Vault:
    return Vault.open(home)


def sealed(home: Home, department: str, table: str, day: str) -> Path:
    return home.vault / department / table / f"received_on={day}.sealed"


def seal_member(vault: Vault, home: Home, department: str, table: str, day: str, name: str) -> None:
    numbers = pl.Series([NUMBER])
    frame = pl.DataFrame({
        "id_no": numbers, "person_key": vault.pseudonyms("person", numbers), "name": [name],
    })  # fmt: skip
    vault.seal(frame, sealed(home, department, table, day))


def test_the_key_is_made_readable_by_its_owner_only(home: Home, vault: Vault) -> None:
    assert stat.S_IMODE((home.vault / "key").stat().st_mode) == 0o600


def test_the_vault_folder_is_closed_to_others(home: Home, vault: Vault) -> None:
    assert stat.S_IMODE(home.vault.stat().st_mode) == 0o700


def test_a_key_file_elsewhere_is_used_and_none_is_made_in_the_home(
    home: Home, tmp_path: Path
) -> None:
    Vault.open(home, tmp_path / "secret")
    assert (tmp_path / "secret").exists()
    assert not (home.vault / "key").exists()


def test_the_same_key_gives_the_same_pseudonyms(home: Home, vault: Vault) -> None:
    numbers = pl.Series([NUMBER, OTHER])
    again = Vault.open(home).pseudonyms("person", numbers)
    assert again.equals(vault.pseudonyms("person", numbers))


def test_a_pseudonym_is_the_first_half_of_hmac_sm3_over_space_and_value(
    home: Home, vault: Vault
) -> None:
    mac = HMAC(bytes.fromhex((home.vault / "key").read_text().strip()), SM3())
    mac.update(f"person:{NUMBER}".encode())
    assert vault.pseudonyms("person", pl.Series([NUMBER])).item() == mac.finalize()[:16]


def test_a_name_hash_is_bound_to_the_number(home: Home, vault: Vault) -> None:
    mac = HMAC(bytes.fromhex((home.vault / "key").read_text().strip()), SM3())
    mac.update(f"name:{NUMBER}:张三".encode())
    hashes = vault.name_hashes(pl.Series([NUMBER, OTHER]), pl.Series(["张三", "张三"]))
    assert hashes[0] == mac.finalize()[:16]
    assert hashes[0] != hashes[1]


def test_nulls_stay_null_and_order_stays(vault: Vault) -> None:
    keys = vault.pseudonyms("person", pl.Series("id_no", [OTHER, None, NUMBER, OTHER]))
    assert keys.name == "id_no"
    assert keys.is_null().to_list() == [False, True, False, False]
    assert keys[0] == keys[3] != keys[2]


def test_a_name_without_a_number_has_no_hash(vault: Vault) -> None:
    hashes = vault.name_hashes(pl.Series([None, NUMBER]), pl.Series(["张三", None]))
    assert hashes.dtype == pl.Binary
    assert hashes.null_count() == 2


def test_an_empty_column_gives_an_empty_binary_column(vault: Vault) -> None:
    keys = vault.pseudonyms("person", pl.Series([], dtype=pl.String))
    assert (keys.dtype, keys.len()) == (pl.Binary, 0)


def test_spaces_keep_equal_values_apart(vault: Vault) -> None:
    values = pl.Series(["H1"])
    spaces = ("household", "relapse_watch_household", "account")
    assert len({vault.pseudonyms(space, values).item() for space in spaces}) == 3


def test_two_homes_have_different_pseudonyms(home: Home, vault: Vault, tmp_path: Path) -> None:
    other = Vault.open(Home(tmp_path / "other"))
    numbers = pl.Series([NUMBER])
    assert vault.pseudonyms("person", numbers).item() != other.pseudonyms("person", numbers).item()


def test_a_sealed_frame_comes_back_whole(home: Home, vault: Vault) -> None:
    path = sealed(home, "finance", "payroll", "2024-04-30")
    frame = pl.DataFrame({"id_no": [NUMBER, None], "name": ["张三", "李四"]})
    vault.seal(frame, path)
    assert vault.unseal(path).equals(frame)


def test_a_sealed_file_shows_no_value_and_is_its_owners(home: Home, vault: Vault) -> None:
    path = sealed(home, "finance", "payroll", "2024-04-30")
    vault.seal(pl.DataFrame({"id_no": [NUMBER], "name": ["张三"]}), path)
    assert NUMBER.encode() not in path.read_bytes()
    assert "张三".encode() not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_sealing_the_same_rows_again_changes_no_byte(home: Home, vault: Vault) -> None:
    path = sealed(home, "finance", "payroll", "2024-04-30")
    frame = pl.DataFrame({"id_no": [NUMBER]})
    vault.seal(frame, path)
    before = path.read_bytes()
    vault.seal(frame, path)
    assert path.read_bytes() == before


def test_sealing_other_rows_replaces_the_file(home: Home, vault: Vault) -> None:
    path = sealed(home, "finance", "payroll", "2024-04-30")
    vault.seal(pl.DataFrame({"id_no": [NUMBER]}), path)
    vault.seal(pl.DataFrame({"id_no": [OTHER]}), path)
    assert vault.unseal(path)["id_no"].to_list() == [OTHER]


def test_sealing_leaves_nothing_beside_the_file(home: Home, vault: Vault) -> None:
    path = sealed(home, "finance", "payroll", "2024-04-30")
    vault.seal(pl.DataFrame({"id_no": [NUMBER]}), path)
    assert list(path.parent.iterdir()) == [path]


def test_one_sealed_file_cannot_stand_in_for_another(home: Home, vault: Vault) -> None:
    path = sealed(home, "finance", "payroll", "2024-04-30")
    vault.seal(pl.DataFrame({"id_no": [NUMBER]}), path)
    moved = path.with_name("received_on=2024-05-01.sealed")
    path.rename(moved)
    with pytest.raises(VaultError, match="was moved"):
        vault.unseal(moved)


@pytest.mark.parametrize("place", [0, 20, -1])
def test_a_damaged_sealed_file_is_refused(home: Home, vault: Vault, place: int) -> None:
    path = sealed(home, "finance", "payroll", "2024-04-30")
    vault.seal(pl.DataFrame({"id_no": [NUMBER]}), path)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(VaultError, match="damaged"):
        vault.unseal(path)


def test_a_key_others_can_read_is_refused(home: Home, vault: Vault) -> None:
    (home.vault / "key").chmod(0o640)
    with pytest.raises(VaultError, match="chmod 600"):
        Vault.open(home)


def test_a_folder_named_as_the_key_is_told_as_one(tmp_path: Path, home: Home) -> None:
    with pytest.raises(VaultError, match="is a folder"):
        Vault.open(home, tmp_path)


def test_a_wrong_key_is_refused_and_nothing_is_written(
    home: Home, vault: Vault, tmp_path: Path
) -> None:
    Vault.open(Home(tmp_path / "other"), tmp_path / "wrong")
    before = {path: path.read_bytes() for path in home.vault.rglob("*") if path.is_file()}
    with pytest.raises(VaultError, match="does not open"):
        Vault.open(home, tmp_path / "wrong")
    assert before == {path: path.read_bytes() for path in home.vault.rglob("*") if path.is_file()}


@pytest.mark.parametrize("content", ["", "not a key", "00ff", "密钥"])
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, home: Home, content: str) -> None:
    (tmp_path / "secret").write_text(content, encoding="utf-8")
    (tmp_path / "secret").chmod(0o600)
    with pytest.raises(VaultError, match="is not a key"):
        Vault.open(home, tmp_path / "secret")


def test_a_lost_key_is_never_replaced_while_the_vault_holds_data(home: Home, vault: Vault) -> None:
    (home.vault / "key").unlink()
    with pytest.raises(VaultError, match="is missing"):
        Vault.open(home)
    assert not (home.vault / "key").exists()


def test_a_lost_vault_is_not_begun_anew_while_the_lake_holds_data(home: Home) -> None:
    receipt = home.receipt("finance", date(2024, 4, 30))
    receipt.parent.mkdir(parents=True)
    receipt.write_text("{}")
    with pytest.raises(VaultError, match="is missing"):
        Vault.open(home)
    assert not home.vault.exists()


def test_a_vault_without_its_check_is_refused(home: Home, vault: Vault) -> None:
    vault.seal(pl.DataFrame({"id_no": [NUMBER]}), sealed(home, "finance", "payroll", "2024-04-30"))
    (home.vault / "check.sealed").unlink()
    with pytest.raises(VaultError, match="nothing proves"):
        Vault.open(home)


def test_identities_come_with_their_day_and_newest_last(home: Home, vault: Vault) -> None:
    for day in ("2024-05-06", "2024-04-30"):
        seal_member(vault, home, "finance", "payroll", day, "张三")
    found = vault.identities("finance", "payroll")["received_on"].to_list()
    assert found == [date(2024, 4, 30), date(2024, 5, 6)]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 0, 3, 2)])
def test_each_row_has_the_day_of_its_own_file(
    home: Home, vault: Vault, order: tuple[int, ...]
) -> None:
    two = pl.DataFrame({"id_no": [NUMBER, NUMBER]})
    one = pl.DataFrame({"id_no": [NUMBER], "name": ["张三"]})
    frames = [two, two.clear(), one, one]
    for day, place in enumerate(order, start=1):
        vault.seal(frames[place], sealed(home, "finance", "payroll", f"2024-05-0{day}"))
    found = vault.identities("finance", "payroll")
    expected = [
        (date(2024, 5, day), name)
        for day, place in enumerate(order, start=1)
        for name in frames[place].to_dict(as_series=False).get("name", [None] * len(frames[place]))
    ]
    assert found.select("received_on", "name").rows() == expected
    unnamed = vault.scan_identities("finance", "payroll").filter(pl.col("name").is_null())
    assert unnamed.collect().height == 2


def test_days_on_which_nobody_was_named_are_read_too(home: Home, vault: Vault) -> None:
    for day in ("2024-05-01", "2024-05-02"):
        nobody = pl.DataFrame(schema={"id_no": pl.String})
        vault.seal(nobody, sealed(home, "finance", "payroll", day))
    found = vault.identities("finance", "payroll")
    assert found.schema == {"id_no": pl.String, "received_on": pl.Date}
    assert found.is_empty()


def test_a_table_never_sealed_has_no_identities(vault: Vault) -> None:
    assert vault.identities("finance", "payroll").is_empty()


def test_the_newest_name_of_a_person_wins(home: Home, vault: Vault) -> None:
    seal_member(vault, home, "civil_affairs", "members", "2024-04-30", "张三")
    seal_member(vault, home, "finance", "payroll", "2024-05-06", "张叁")
    found = vault.people(vault.pseudonyms("person", pl.Series([NUMBER])))
    assert found.select("id_no", "name").rows() == [(NUMBER, "张叁")]


def test_on_one_day_the_name_of_civil_affairs_wins(home: Home, vault: Vault) -> None:
    seal_member(vault, home, "civil_affairs", "members", "2024-04-30", "张三")
    seal_member(vault, home, "finance", "payroll", "2024-04-30", "张叁")
    found = vault.people(vault.pseudonyms("person", pl.Series([NUMBER])))
    assert found["name"].to_list() == ["张三"]


def test_a_person_known_by_certificate_alone_is_found_by_number(home: Home, vault: Vault) -> None:
    key = vault.pseudonyms("person", pl.Series([NUMBER]))
    frame = pl.DataFrame({"cert_no": [NUMBER + "41"], "person_key": key, "name": ["张三"]})
    vault.seal(frame, sealed(home, "disabled_federation", "certificates", "2024-04-30"))
    assert vault.people(key).select("id_no", "name").rows() == [(NUMBER, "张三")]


def test_names_that_differ_between_tables_are_found_each_table_by_its_newest(
    home: Home, vault: Vault
) -> None:
    seal_member(vault, home, "civil_affairs", "members", "2024-04-30", "张三")
    seal_member(vault, home, "finance", "payroll", "2024-04-30", "张叁")
    found = vault.known_people().differing_names
    assert found.select("department", "table", "name").rows() == [
        ("civil_affairs", "members", "张三"),
        ("finance", "payroll", "张叁"),
    ]
    seal_member(vault, home, "finance", "payroll", "2024-05-06", "张三")
    assert vault.known_people().differing_names.is_empty()
    assert vault.known_people(until=date(2024, 5, 5)).differing_names.height == 2


def test_before_anybody_is_named_no_names_differ(vault: Vault) -> None:
    assert vault.known_people().differing_names.is_empty()


@pytest.mark.parametrize(("day", "stands"), [("2024-06-04", True), ("2024-06-05", False)])
def test_another_name_in_a_table_that_is_added_to_stands_for_four_hundred_days(
    home: Home, vault: Vault, day: str, stands: bool
) -> None:
    seal_member(vault, home, "finance", "payments", "2023-05-01", "张叁")
    seal_member(vault, home, "finance", "payments", "2023-05-02", "张三")
    assert vault.known_people().differing_names["name"].to_list() == ["张三", "张叁"]
    seal_member(vault, home, "civil_affairs", "children", day, "张三")
    assert ("张叁" in vault.known_people().differing_names["name"].to_list()) is stands


def test_only_people_asked_for_are_revealed(home: Home, vault: Vault) -> None:
    seal_member(vault, home, "civil_affairs", "members", "2024-04-30", "张三")
    found = vault.people(vault.pseudonyms("person", pl.Series([OTHER])))
    assert found.columns == ["person_key", "id_no", "name"]
    assert found.is_empty()


def test_the_register_tells_more_of_a_household_than_a_later_mention(
    home: Home, vault: Vault
) -> None:
    key = vault.pseudonyms("household", pl.Series(["H1"]))
    register = pl.DataFrame({
        "household_no": ["H1"], "household_key": key, "head_id": [NUMBER], "head_name": ["张三"],
        "head_key": vault.pseudonyms("person", pl.Series([NUMBER])),
        "address": ["和平路 1 号"], "phone": ["000"],
    })  # fmt: skip
    mention = register.select("household_no", "household_key")
    vault.seal(register, sealed(home, "civil_affairs", "households", "2024-04-30"))
    vault.seal(mention, sealed(home, "civil_affairs", "applications", "2024-05-06"))
    found = vault.households(key).select("household_no", "head_name", "address").rows()
    assert found == [("H1", "张三", "和平路 1 号")]


def test_a_watched_household_is_found_by_its_own_number(home: Home, vault: Vault) -> None:
    key = vault.pseudonyms("relapse_watch_household", pl.Series(["M1"]))
    frame = pl.DataFrame({"monitor_no": ["M1"], "household_key": key})
    vault.seal(frame, sealed(home, "agriculture", "monitored_households", "2024-04-30"))
    assert vault.households(key)["household_no"].to_list() == ["M1"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("李小英", "李*英"), ("李英", "李*"), ("欧阳小英", "欧**英"), ("李", "*"), (None, None)],
)
def test_a_masked_name_keeps_first_and_last_character(name: str | None, shown: str | None) -> None:
    frame = pl.DataFrame({"name": [name]}, schema={"name": pl.String})
    assert masked(frame, numbers=())["name"].to_list() == [shown]


def test_a_masked_number_keeps_six_and_four_characters() -> None:
    frame = pl.DataFrame({"id_no": [NUMBER, "12345", None]})
    assert masked(frame, names=())["id_no"].to_list() == ["371599****0014", "****", None]


def test_the_vault_tells_no_secret_of_itself(home: Home, vault: Vault) -> None:
    assert (home.vault / "key").read_text().strip() not in repr(vault) + repr(vars(vault))


def test_a_lost_key_is_told_of_the_home_by_whatever_looks_after_it(
    home: Home, vault: Vault, wendu: Callable[..., Ran]
) -> None:
    (home.vault / "key").unlink()
    lost = f"The vault key {home.vault / 'key'} is missing"
    with pytest.raises(VaultError, match=re.escape(lost)), scratch_place(Installation(home, "")):
        pass
    checked = wendu("check", home=home.root)
    assert (checked.code, checked.err.startswith(lost)) == (4, True)


def test_a_key_from_the_environment_is_used_and_written_nowhere(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WENDU_KEY", "ab" * 32)
    key = Vault.open(home).pseudonyms("person", pl.Series([NUMBER])).item()
    assert not (home.vault / "key").exists()
    (home.root / "elsewhere").write_text("ab" * 32)
    (home.root / "elsewhere").chmod(0o600)
    monkeypatch.delenv("WENDU_KEY")
    vault = Vault.open(home, home.root / "elsewhere")
    assert vault.pseudonyms("person", pl.Series([NUMBER])).item() == key


def test_a_key_file_that_is_named_goes_before_the_environment(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Vault.open(home, tmp_path / "secret")
    monkeypatch.setenv("WENDU_KEY", "ab" * 32)
    Vault.open(home, tmp_path / "secret")


@pytest.mark.parametrize("given", ["", "ab", "zz" * 32, "ab" * 33])
def test_what_is_no_key_in_the_environment_is_refused_without_being_shown(
    home: Home, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("WENDU_KEY", given)
    with pytest.raises(VaultError, match="WENDU_KEY is not a key") as told:
        Vault.open(home)
    assert not given or given not in str(told.value)
    assert not home.vault.exists()


def test_a_wrong_key_from_the_environment_changes_nothing(
    home: Home, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path: path.read_bytes() for path in home.vault.rglob("*") if path.is_file()}
    monkeypatch.setenv("WENDU_KEY", "ab" * 32)
    with pytest.raises(VaultError, match="WENDU_KEY does not open the vault"):
        Vault.open(home)
    assert {path: path.read_bytes() for path in home.vault.rglob("*") if path.is_file()} == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_of_another_user_is_refused(home: Home, vault: Vault) -> None:
    os.chown(home.vault / "key", 12345, 12345)
    with pytest.raises(VaultError, match="another user"):
        Vault.open(home)


@pytest.mark.parametrize(
    ("counts", "is_told"),
    [({"upserted": 1}, True), ({"removed": 1}, False),
     ({"upserted": 1, "carried_over_from": date(2024, 4, 30)}, False)],
)  # fmt: skip
def test_a_vault_of_an_earlier_day_than_the_lake_is_told(tmp_path, counts, is_told):
    home, on_date = Home(tmp_path), date(2024, 5, 1)
    table = TableReceipt(
        files=[], received=1, accepted=1, exact_duplicates=0, quarantined=0, **counts
    )
    receipt = Receipt(
        department="civil_affairs", received_on=on_date, form="files", verdict="accepted",
        tables={"members": table},
    )  # fmt: skip
    place = home.receipt("civil_affairs", on_date)
    place.parent.mkdir(parents=True)
    place.write_text(receipt.model_dump_json(), encoding="utf-8")
    assert unsealed(home, load_contracts()) == ([receipt] if is_told else [])
    sealed = home.vault / "civil_affairs" / "members" / f"received_on={on_date}.sealed"
    sealed.parent.mkdir(parents=True)
    sealed.touch()
    assert unsealed(home, load_contracts()) == []
