"""What is asked of the vault once and then remembered, and receipts that are read once."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipelines.contracts.sources import load_contracts
from pipelines.ingest.identities import keys_of
from pipelines.ingest.receipts import Receipt, accepted_dates, load_receipts, write_receipt
from pipelines.ingest.remembered import RememberedPseudonyms
from pipelines.settings import Home
from pipelines.vault import Vault

NUMBER = "371599198001010014"
OTHER = "371599199002020027"
DAY = date(2024, 4, 30)


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
    contract = load_contracts()["disabled_federation", "certificates"]
    read = pl.DataFrame({"cert_no": [f"{NUMBER}43"], "name": ["张三"]})
    sealed = read.with_columns(keys_of(contract, read, vault))
    folder = home.vault / contract.department / contract.table
    vault.seal(sealed, folder / f"received_on={DAY}.sealed")
    return sealed


def test_keys_that_were_sealed_before_are_not_hashed_again(home: Home, vault: CountingVault):
    sealed = seal_certificates(home, vault)
    contract = load_contracts()["disabled_federation", "certificates"]
    remembered, before = RememberedPseudonyms(vault), vault.hashed
    remembered.recall(contract)
    again = sealed.select("cert_no", "name").with_columns(
        keys_of(contract, sealed.select("cert_no", "name"), remembered)
    )
    assert (vault.hashed, again.equals(sealed.select(again.columns))) == (before, True)


def test_a_number_that_was_not_sealed_gets_the_vaults_own_key(home: Home, vault: CountingVault):
    seal_certificates(home, vault)
    remembered = RememberedPseudonyms(vault)
    remembered.recall(load_contracts()["disabled_federation", "certificates"])
    asked = pl.Series([OTHER, None, NUMBER, OTHER])
    assert remembered.pseudonyms("person", asked).equals(vault.pseudonyms("person", asked))


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
