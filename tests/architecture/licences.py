"""Under which licence each locked package comes: `make licences` prints it, a test judges it.

Read from what the packages say of themselves as they are installed; no network. Packages for
other machines (`pywin32`) are not installed and not listed. Does not belong here: known weaknesses
of packages, which only a database from outside could tell.
"""

import re
from importlib.metadata import PackageNotFoundError, metadata

from pipelines.settings import PROJECT

PACKAGE = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==(\S+)", re.MULTILINE)

ALLOWED = {
    "0BSD", "Apache-2.0", "Artistic-1.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "CNRI-Python",
    "ISC", "LGPL-3.0-only", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0", "Zlib",
}  # fmt: skip
"""All may be used beside an Apache-2.0 program. Of weak copyleft (LGPL: psycopg; MPL: certifi,
hypothesis, pathspec, tqdm) nothing is changed or copied in: they are imported as they are."""

NAMES = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "Artistic License": "Artistic-1.0",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""How older packages name their licences."""

CHOSEN = {"text-unidecode": "Artistic License"}
"""Packages that let us choose among licences in words no rule can read."""


def locked() -> dict[str, str]:
    """Names and versions in the lock."""
    text = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
    return dict(PACKAGE.findall(text))


def licences() -> dict[str, str]:
    """What each installed locked package says of its licence."""
    found = {}
    for name in locked():
        try:
            told = metadata(name)
        except PackageNotFoundError:
            continue
        classified = [
            classifier.rpartition(" :: ")[2]
            for classifier in told.get_all("Classifier") or []
            if classifier.startswith("License ::")
        ]
        free = (told.get("License") or "").strip().splitlines()
        found[name] = (
            CHOSEN.get(name)
            or told.get("License-Expression")
            or " OR ".join(classified)
            or (free[0] if free else "unknown")
        )
    return found


def is_allowed(expression: str) -> bool:
    """Whether one of the alternatives of an expression is allowed in all its parts."""
    return any(
        all(NAMES.get(part, part) in ALLOWED for part in alternative.split(" AND "))
        for alternative in expression.split(" OR ")
    )


if __name__ == "__main__":
    versions = locked()
    for package, licence in sorted(licences().items()):
        print(f"{package} {versions[package]}: {licence}")
