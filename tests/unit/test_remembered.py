"""What is asked of the vault once and then remembered, and receipts that are read once."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipelines.contracts.sources import load_contracts
from pipelines.ingest.identities import keys_of, keys_recalled
from pipelines.ingest.receipts import Receipt, accepted_dates, load_receipts, write_receipt
from pipelines.ingest.remembered import RememberedPseudonyms
from pipelines.settings import Home
from pipelines.vault import Vault

NUMBER = "371599198001010014"
OTHER = "371599199002020027"
DAY = date(2024, 4, 30)
CERTIFICATES = load_contracts()["disabled_federation", "certificates"]


class CountingVault(Vault):
    """A vault that tells how many texts it hashed."""

    hashed = 0

    def _digests(self, texts):
        self.hashed += len(texts)
        return super()._digests(texts)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def vault(home: Home) -> CountingVault:
    vault = CountingVault.open(home)
    assert isinstance(vault, CountingVault)
    return vault


def seal_certificates(home: Home, vault: Vault) -> pl.DataFrame:
    """One certificate as a delivery seals it."""
    read = pl.DataFrame({"cert_no": [f"{NUMBER}43"], "name": ["张三"]})
    sealed = read.with_columns(keys_of(CERTIFICATES, read, vault))
    folder = home.vault / CERTIFICATES.department / CERTIFICATES.table
    vault.seal(sealed, folder / f"received_on={DAY}.sealed")
    return sealed


def test_keys_that_were_sealed_before_are_not_hashed_again(home: Home, vault: CountingVault):
    sealed = seal_certificates(home, vault)
    read, before = sealed.select("cert_no", "name"), vault.hashed
    again = keys_recalled(CERTIFICATES, read, RememberedPseudonyms(vault))
    assert (vault.hashed, read.with_columns(again).equals(sealed)) == (before, True)


def test_what_was_not_sealed_as_it_is_now_gets_the_vaults_own_keys(
    home: Home, vault: CountingVault
):
    seal_certificates(home, vault)
    read = pl.DataFrame({
        "cert_no": [f"{OTHER}43", f"{NUMBER}43", None, f"{NUMBER}43", f"{NUMBER}43", f"{OTHER}43"],
        "name": ["李四", "张三", "张三", None, "张三丰", None],
    })  # fmt: skip
    own = read.with_columns(keys_of(CERTIFICATES, read, vault))
    recalled = keys_recalled(CERTIFICATES, read, RememberedPseudonyms(vault))
    assert read.with_columns(recalled).select(own.columns).equals(own)


def test_before_anything_was_sealed_every_key_is_the_vaults_own(vault: CountingVault):
    read = pl.DataFrame({"cert_no": [f"{NUMBER}43"], "name": ["张三"]})
    own = read.with_columns(keys_of(CERTIFICATES, read, vault))
    assert read.with_columns(keys_recalled(CERTIFICATES, read, RememberedPseudonyms(vault))).equals(
        own
    )


def test_a_number_is_asked_for_once_in_a_delivery(vault: CountingVault):
    remembered = RememberedPseudonyms(vault)
    asked = pl.Series([OTHER, None, NUMBER, OTHER])
    first = remembered.pseudonyms("person", asked)
    before = vault.hashed
    assert remembered.pseudonyms("person", asked).equals(first)
    assert vault.hashed == before
    assert first.equals(vault.pseudonyms("person", asked))


def test_a_receipt_in_the_place_of_another_is_read_anew(home: Home):
    accepted = Receipt(department="finance", received_on=DAY, form="files", verdict="accepted")
    write_receipt(home, accepted)
    assert accepted_dates(home, "finance") == [DAY]
    write_receipt(home, accepted.model_copy(update={"verdict": "failed"}))
    assert accepted_dates(home, "finance") == []


def test_a_receipt_that_was_taken_back_is_not_remembered(home: Home):
    receipt = Receipt(department="finance", received_on=DAY, form="files", verdict="accepted")
    write_receipt(home, receipt)
    assert load_receipts(home, DAY, with_answers=False) == [receipt]
    home.receipt("finance", DAY).unlink()
    assert load_receipts(home, DAY, with_answers=False) == []
