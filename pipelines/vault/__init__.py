"""Identities: pseudonyms, and the encrypted store of what stands behind them.

Belongs here: the key and how far a change of it has come, keyed hashes, sealing and unsealing,
the book of who looked at whom, masking for lists. Does not belong here: parsing of numbers and
names (ingest), workbooks (outreach).
"""

from pipelines.vault.audit import AuditBook, AuditError, tells_why
from pipelines.vault.key import NoKeyYetError, given_secret, key_is_known
from pipelines.vault.lookup import KnownPeople
from pipelines.vault.masking import mask_name, mask_number, masked
from pipelines.vault.rotation import RotationPlace, require_no_rotation
from pipelines.vault.store import Vault, VaultError, holds_data
from pipelines.vault.translation import Translation

__all__ = [
    "AuditBook", "AuditError", "KnownPeople", "NoKeyYetError", "RotationPlace", "Translation",
    "Vault", "VaultError", "given_secret", "holds_data", "key_is_known", "mask_name",
    "mask_number", "masked", "require_no_rotation", "tells_why",
]  # fmt: skip
