"""Identities: pseudonyms, and the encrypted store of what stands behind them.

Belongs here: the key, keyed hashes, sealing and unsealing, the book of who looked at whom, masking
for lists. Does not belong
here: parsing of numbers and names (ingest), workbooks (outreach).
"""

from pipelines.vault.audit import AuditBook, AuditError
from pipelines.vault.masking import mask_name, mask_number, masked
from pipelines.vault.store import Vault, VaultError

__all__ = ["AuditBook", "AuditError", "Vault", "VaultError", "mask_name", "mask_number", "masked"]
