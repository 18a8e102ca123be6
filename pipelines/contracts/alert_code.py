"""The form of an alert's code: `A`, ten characters, one check character.

Belongs here: telling a mistyped code from a code. Does not belong here: making codes (the
warehouse does, `macros/alert_code.sql`), knowing which alerts there are.
"""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U."""

READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0"})
LENGTH = 12


def normalised(code: str) -> str:
    """The code as it was meant: capitals, no blanks or hyphens, I and L as 1, O as 0."""
    return "".join(code.split()).replace("-", "").upper().translate(READ_AS)


def is_well_formed(code: str) -> bool:
    """Whether length, characters and check character are right."""
    if len(code) != LENGTH or code[0] != "A" or any(sign not in ALPHABET for sign in code[1:]):
        return False
    return code[-1] == check_character(code[1:-1])


def check_character(payload: str) -> str:
    """Luhn's check character modulo 32 over the ten characters."""
    values = [ALPHABET.index(sign) for sign in payload]
    counted = sum(
        value if place % 2 == 0 else 2 * value - (31 if value >= 16 else 0)
        for place, value in enumerate(values)
    )
    return ALPHABET[-counted % 32]
