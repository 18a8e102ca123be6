"""Copies of lists that open with the township's password, and only with it."""

import io
import stat

import msoffcrypto
import openpyxl
import pytest
import xlsxwriter

from pipelines.outreach import encryption
from pipelines.outreach.encryption import encrypt_lists, read_passwords
from pipelines.settings import PROJECT, UsageError

WORD = "青山-2024-Lake"


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "371502001.xlsx"
    with xlsxwriter.Workbook(path) as file:
        file.add_worksheet("未办结").write_string(0, 0, "柳园村")
    return path


@pytest.fixture
def passwords(tmp_path):
    def write(text, name="words.csv", mode=0o600):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    return write


def test_a_copy_opens_with_the_password_and_the_published_workbook_stays(book, tmp_path):
    before = book.read_bytes()
    [copy] = encrypt_lists([book], {"371502001": WORD}, tmp_path / "out")
    assert book.read_bytes() == before
    assert "柳园村".encode() not in copy.read_bytes() and not copy.read_bytes().startswith(b"PK")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    plain = io.BytesIO()
    with copy.open("rb") as file:
        office_file = msoffcrypto.OfficeFile(file)
        office_file.load_key(password=WORD)
        office_file.decrypt(plain)
    assert openpyxl.load_workbook(plain)["未办结"]["A1"].value == "柳园村"


def test_a_wrong_password_opens_nothing(book, tmp_path):
    [copy] = encrypt_lists([book], {"371502001": WORD}, tmp_path / "out")
    with copy.open("rb") as file:
        office_file = msoffcrypto.OfficeFile(file)
        with pytest.raises(msoffcrypto.exceptions.InvalidKeyError):
            office_file.load_key(password="other", verify_password=True)


def test_a_township_without_password_stops_all_copies(book, tmp_path):
    with pytest.raises(UsageError, match="No password for 371502001"):
        encrypt_lists([book], {}, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_copies_that_were_cut_off_are_none_and_made_by_doing_it_again(book, tmp_path, monkeypatch):
    other, passwords = book.with_name("371502002.xlsx"), {"371502001": WORD, "371502002": WORD}
    other.write_bytes(book.read_bytes())
    encrypted, made = encryption.encrypted, []

    def dies(content, password):
        if made:
            raise KeyboardInterrupt
        made.append(password)
        return encrypted(content, password)

    monkeypatch.setattr(encryption, "encrypted", dies)
    with pytest.raises(KeyboardInterrupt):
        encrypt_lists([book, other], passwords, tmp_path / "out")
    assert list((tmp_path / "out").glob("*.xlsx")) == []
    monkeypatch.setattr(encryption, "encrypted", encrypted)
    copies = encrypt_lists([book, other], passwords, tmp_path / "out")
    assert sorted((tmp_path / "out").iterdir()) == copies


def test_a_folder_that_holds_something_is_left_alone(book, tmp_path):
    with pytest.raises(UsageError, match="not an empty folder"):
        encrypt_lists([book], {"371502001": WORD}, tmp_path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("words.csv", f"township_code,password\n371502001,{WORD}\n"),
        ("words.yml", f'371502001: "{WORD}"\n'),
    ],
)
def test_passwords_are_read_from_csv_and_yaml(passwords, name, text):
    assert read_passwords(passwords(text, name)) == {"371502001": WORD}


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.csv", "code,word\n371502001,hidden\n", "not a list of passwords"),
        ("a.csv", "township_code,password\n371502001,\n", "empty or no text"),
        ("a.csv", "township_code,password\n1,hidden\n1,hidden\n", "more than once"),
        ("a.yml", "371502001: 12345678\n", "put it in quotes"),
        ("a.yml", "- hidden\n", "not a list of passwords"),
        ("a.yml", "371502001: 'hidden\n", "not a list of passwords"),
    ],
)
def test_a_file_of_another_form_is_refused_without_telling_a_password(passwords, name, text, told):
    with pytest.raises(UsageError, match=told) as fault:
        read_passwords(passwords(text, name))
    assert "hidden" not in str(fault.value) and fault.value.__cause__ is None


def test_a_file_that_others_can_read_is_refused(passwords):
    with pytest.raises(UsageError, match="chmod 600"):
        read_passwords(passwords("township_code,password\n", mode=0o640))


def test_a_file_in_the_programs_folder_is_refused():
    with pytest.raises(UsageError, match="move it out"):
        read_passwords(PROJECT / "pyproject.toml")


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(UsageError, match="is missing"):
        read_passwords(tmp_path / "none.csv")
