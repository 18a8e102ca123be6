"""A person is forgotten: what goes, what stays, and that nothing comes back by itself."""

import json

import polars as pl
import pytest

from pipelines.defs.corrections import write_corrections_of_day
from pipelines.defs.forgetting import Forgot, forget
from pipelines.defs.installation import Installation
from pipelines.defs.rotation import rotate
from pipelines.ingest import state
from pipelines.ingest.forgetting import FORGOTTEN_ROW, Purged
from pipelines.ingest.quarantine import quarantine_shelf
from pipelines.settings import UsageError
from pipelines.vault import AuditBook, Vault
from pipelines.vault.forgotten import Forgotten
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

MOMENT, WHO, PURPOSE = "2024-05-03T08:00:00+08:00", "档案管理员", "本人依法申请删除"


def drop(office: Office, sequence: int, *, lift: bool = False, purpose: str = PURPOSE) -> Forgot:
    installation = Installation(office.home, "371500")
    try:
        return forget(
            installation, number(sequence), purpose, MOMENT, WHO, lambda step: None, lift=lift
        )
    finally:
        installation.close()


def change_the_key(office: Office) -> None:
    installation = Installation(office.home, "371500")
    rotate(installation, MOMENT, WHO, lambda step: None)
    installation.close()
    office.vault = Vault.open(office.home)


def sealed(office: Office, department: str = "finance", table: str = "payroll") -> list[str]:
    known = Vault.open(office.home).identities(department, table)
    return sorted(known["id_no"].drop_nulls())


@pytest.fixture
def paid(office: Office) -> Office:
    """Two people on the payroll."""
    office.payroll(FIRST, payroll_row(1), payroll_row(2, name="李某"))
    office.receive()
    return office


def test_the_vault_knows_neither_number_nor_name_any_more(paid: Office) -> None:
    drop(paid, 1)
    people = Vault.open(paid.home).people(
        paid.vault.pseudonyms("person", pl.Series([number(1), number(2)]))
    )
    assert people["name"].to_list() == ["李某"]
    assert sealed(paid) == [number(2)]


def test_the_facts_of_the_lake_stay(paid: Office) -> None:
    before = state(paid.home, "finance", "payroll", FIRST)
    drop(paid, 1)
    assert state(paid.home, "finance", "payroll", FIRST).equals(before)


def test_account_and_employer_go_and_the_familys_number_stays(office: Office) -> None:
    office.payments(FIRST, payment_row("P1", 1, account_no="62281", household_no="J1"))
    office.payroll(FIRST, payroll_row(1, employer="某中学"))
    office.receive()
    drop(office, 1)
    vault = Vault.open(office.home)
    (payment,) = vault.identities("finance", "payments").to_dicts()
    (employed,) = vault.identities("finance", "payroll").to_dicts()
    assert {name for name, value in payment.items() if value} >= {"household_no", "household_key"}
    assert not {
        payment["account_no"],
        payment["account_key"],
        payment["id_no"],
        payment["name"],
    } - {None}
    assert (employed["employer"], employed["person_key"]) == (None, None)


def test_a_family_keeps_its_other_members(office: Office) -> None:
    office.database(FIRST, "members", [member("J1", 1), member("J1", 2)])
    office.receive("civil_affairs")
    drop(office, 1)
    assert sealed(office, "civil_affairs", "members") == [number(2)]
    known = Vault.open(office.home).identities("civil_affairs", "members")
    assert known["household_no"].to_list() == ["J1", "J1"]


def test_a_spouse_in_the_same_row_stays(office: Office) -> None:
    row = {
        "certificate_no": "M1", "kind": "1", "id_a": number(1), "id_b": number(2),
        "registered_on": "2024-03-01",
    }  # fmt: skip
    office.database(FIRST, "marriages", [row])
    office.receive("civil_affairs")
    drop(office, 1)
    (left,) = Vault.open(office.home).identities("civil_affairs", "marriages").to_dicts()
    assert (left["id_a"], left["person_a_key"], left["id_b"]) == (None, None, number(2))


@pytest.mark.parametrize(
    "written",
    [number(1), number(1)[:6] + number(1)[8:17], " " + number(1)[:6] + " " + number(1)[6:]],
    ids=["whole", "the old short form", "with spaces"],
)
def test_a_raw_file_that_names_the_person_goes_whole_and_others_stay(
    office: Office, written: str
) -> None:
    named = office.payroll(FIRST, payroll_row(1, id_no=written))
    other = office.payments(FIRST, payment_row("P1", 2))
    office.receive()
    done = drop(office, 1)
    assert not named.exists()
    assert other.exists()
    assert done.purged is not None
    assert done.purged.deliveries == [f"landing/finance/{FIRST}/payroll.csv"]


def test_a_database_that_names_the_person_goes_whole(office: Office) -> None:
    path = office.database(FIRST, "members", [member("J1", 1)])
    office.receive("civil_affairs")
    drop(office, 1)
    assert not path.exists()


def test_deleted_raw_files_are_no_new_delivery(paid: Office) -> None:
    drop(paid, 1)
    assert paid.receive() == []


def test_a_delivery_that_was_not_taken_in_is_left_and_told(office: Office) -> None:
    path = office.payroll(FIRST, payroll_row(1))
    office.gate.is_open = False
    office.receive()
    done = drop(office, 1)
    assert path.exists()
    assert any("not taken in yet" in sentence for sentence in done.sentences())


def test_a_refused_row_loses_its_content_and_stays_counted(office: Office) -> None:
    office.payroll(FIRST, payroll_row(1, "x"), payroll_row(2, "x"), payroll_row(3))
    office.receive()
    before = office.faults("finance", "payroll", FIRST)
    drop(office, 1)
    after = office.faults("finance", "payroll", FIRST)
    assert after.drop("raw").equals(before.drop("raw"))
    assert number(1) not in "".join(after["raw"])
    assert number(2) in "".join(after["raw"])


def test_a_refused_row_with_a_wrong_number_is_known_by_the_account_of_the_person_alone(
    office: Office,
) -> None:
    own, shared = "6228480000000001", "6228480000000012"
    office.payments(
        FIRST,
        payment_row("P1", 1, account_no=own), payment_row("P2", 1, account_no=shared),
        payment_row("P3", 2, account_no=shared),
    )  # fmt: skip
    wrong = office.payments(
        SECOND,
        payment_row("P4", 1, account_no=own, id_no="000000000000000000"),
        payment_row("P5", 2, account_no=shared, id_no="000000000000000000"),
    )
    office.receive()
    shelf = quarantine_shelf(office.home, "finance", "payments", SECOND)
    assert drop(office, 1).purged is not None
    first, second = pl.read_parquet(shelf)["raw"].unique(maintain_order=True)
    assert first == FORGOTTEN_ROW
    assert shared in second
    assert not wrong.exists()
    assert drop(office, 1).purged == Purged()


def test_returned_workbooks_that_name_the_person_go_and_answers_stay(paid: Office) -> None:
    received = paid.home.replies / "received" / "a.csv"
    answers = paid.home.replies / "accepted" / "a.parquet"
    others = paid.home.replies / "received" / "b.csv"
    for path in (received, answers, others):
        path.parent.mkdir(parents=True, exist_ok=True)
    received.write_text(f"备注\n{number(1)} 已走访\n", encoding="gb18030")
    others.write_text(f"备注\n{number(2)} 已走访\n", encoding="gb18030")
    pl.DataFrame({"alert_id": ["A1"], "outcome": ["confirmed"]}).write_parquet(answers)
    drop(paid, 1)
    assert not received.exists()
    assert answers.exists()
    assert others.exists()


def test_a_later_delivery_does_not_bring_the_identity_back(paid: Office) -> None:
    drop(paid, 1)
    paid.payroll(SECOND, payroll_row(1, "7000"), payroll_row(2, "7000", name="李某"))
    paid.receive()
    assert set(sealed(paid)) == {number(2)}
    wages = state(paid.home, "finance", "payroll", SECOND)["monthly_wage"]
    assert wages.cast(pl.Int32).to_list() == [7000, 7000]


def test_a_row_without_a_name_is_not_sealed_again_every_day(paid: Office) -> None:
    drop(paid, 1)
    paid.payroll(SECOND, payroll_row(1, "7000"), payroll_row(2, name="李某"))
    paid.payroll(THIRD, payroll_row(1, "8000"), payroll_row(2, name="李某"))
    paid.receive()
    known = Vault.open(paid.home).identities("finance", "payroll")
    assert known.filter(pl.col("id_no").is_null()).height == 1


def test_lifted_the_next_change_brings_the_identity_back(paid: Office) -> None:
    drop(paid, 1)
    drop(paid, 1, lift=True)
    paid.payroll(SECOND, payroll_row(1, "7000"), payroll_row(2, name="李某"))
    paid.receive()
    assert sealed(paid) == sorted([number(1), number(2)])


def test_nobody_can_be_let_in_who_was_not_forgotten(paid: Office) -> None:
    with pytest.raises(UsageError, match="Nobody was forgotten"):
        drop(paid, 1, lift=True)


def test_a_forgotten_person_stays_so_when_the_key_changes(paid: Office) -> None:
    drop(paid, 1)
    change_the_key(paid)
    paid.payroll(SECOND, payroll_row(1, "7000"), payroll_row(2, "7000", name="李某"))
    paid.receive()
    assert set(sealed(paid)) == {number(2)}


def test_a_forgotten_person_who_is_delivered_on_stays_one_when_the_key_changes_twice(
    paid: Office,
) -> None:
    drop(paid, 1)
    for _ in range(2):
        change_the_key(paid)
    rotated = state(paid.home, "finance", "payroll", FIRST)
    paid.payroll(SECOND, payroll_row(1), payroll_row(2, "7000", name="李某"))
    paid.receive()
    after = state(paid.home, "finance", "payroll", SECOND)
    assert after.filter(pl.col("received_on") == FIRST).height == 1
    assert set(after["person_key"]) == set(rotated["person_key"])


def test_a_forgotten_person_let_in_again_after_a_change_of_the_key_is_who_it_was(
    paid: Office,
) -> None:
    drop(paid, 1)
    change_the_key(paid)
    people = set(state(paid.home, "finance", "payroll", FIRST)["person_key"])
    drop(paid, 1, lift=True)
    paid.payroll(SECOND, payroll_row(1, "7000"), payroll_row(2, name="李某"))
    paid.receive()
    assert sealed(paid) == sorted([number(1), number(2)])
    assert set(state(paid.home, "finance", "payroll", SECOND)["person_key"]) == people
    change_the_key(paid)
    paid.payroll(THIRD, payroll_row(1, "8000"), payroll_row(2, name="李某"))
    paid.receive()
    assert state(paid.home, "finance", "payroll", THIRD).height == 2


def test_done_again_it_finds_nothing_more(paid: Office) -> None:
    drop(paid, 1)
    again = drop(paid, 1).purged
    assert again is not None
    assert (again.identities, again.refusals, again.deliveries, again.replies) == (0, 0, [], [])


def test_the_book_tells_who_asked_and_why_and_not_the_number(paid: Office) -> None:
    drop(paid, 1)
    text = (paid.home.audit / "reveals.jsonl").read_text(encoding="utf-8")
    row = json.loads(text)
    assert (row["what"], row["who"], row["purpose"]) == ("forget", WHO, PURPOSE)
    assert number(1) not in text
    AuditBook(paid.home, paid.vault).check()


def test_without_a_purpose_or_a_valid_number_nothing_is_done(paid: Office) -> None:
    with pytest.raises(UsageError, match="purpose"):
        drop(paid, 1, purpose=" ")
    installation = Installation(paid.home, "371500")
    with pytest.raises(UsageError, match="no valid citizen number") as told:
        forget(installation, "371599198001010011", PURPOSE, MOMENT, WHO, lambda step: None)
    assert "371599198001010011" not in str(told.value)
    assert sealed(paid) == [number(1), number(2)]
    assert not (paid.home.audit / "reveals.jsonl").exists()


def test_no_sentence_names_the_person(paid: Office) -> None:
    told = " ".join(drop(paid, 1).sentences())
    assert number(1) not in told
    assert "张某" not in told


def test_departments_workbooks_that_name_the_person_go_and_come_back_without(
    office: Office,
) -> None:
    office.payroll(FIRST, payroll_row(1, wage="五千"), payroll_row(2, wage="六千"), payroll_row(3))
    office.receive()
    installation = Installation(office.home, "371500")
    assert write_corrections_of_day(installation, FIRST)["finance"]["open"] == 2
    installation.close()
    forgot = drop(office, 1)
    assert forgot.purged is not None
    assert forgot.purged.corrections == ["corrections/2024-04-01/finance.xlsx"]
    assert not (office.home.root / forgot.purged.corrections[0]).exists()
    assert write_corrections_of_day(installation, FIRST)["finance"]["open"] == 1


def test_it_is_known_whether_somebody_was_forgotten_since_a_moment(office: Office) -> None:
    forgotten = Forgotten(office.home, office.vault)
    assert not forgotten.changed_since(0)
    forgotten.add(number(1))
    written = (office.home.vault / "forgotten.sealed").stat().st_mtime
    assert [forgotten.changed_since(written + late) for late in (-1, 0)] == [True, False]
