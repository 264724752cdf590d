"""What the name of a column suggests: a hint, never a proof, so what hangs on it is shown."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Words are compared without case, with camelCase and all punctuation as word breaks.
TARGET_WORDS = (
    "churn", "churned", "churner", "exited", "attrition", "attrited", "cancelled", "canceled",
    "lapsed", "unsubscribed", "terminated", "resigned", "quit", "left", "lost",
)  # fmt: skip
TARGET_NAMES = ("target", "label", "y", "class", "outcome", "gekündigt", "kündigung", "abgang")
STAYING_WORDS = ("active", "retained", "stayed", "renewed", "loyal", "kept", "aktiv")
YES = (
    "1", "yes", "y", "true", "t", "churn", "churned", "left", "exited", "lost", "cancelled",
    "canceled", "attrited", "gone", "closed", "lapsed", "ja", "oui", "si", "sí", "wahr",
)  # fmt: skip
NO = (
    "0", "no", "n", "false", "f", "stayed", "active", "retained", "existing", "loyal", "current",
    "nein", "non", "falsch", "stay",
)  # fmt: skip
NEGATIONS = ("not", "no", "non", "un", "never", "nicht", "kein")
ID_WORDS = ("id", "uuid", "guid", "key", "number", "nr", "no", "num", "code", "account", "kundennr")
CUSTOMER_WORDS = (
    "customer",
    "client",
    "user",
    "member",
    "subscriber",
    "account",
    "kunde",
    "kunden",
)
SENSITIVE_WORDS = (
    "gender", "sex", "age", "senior", "race", "ethnicity", "ethnic", "religion", "nationality",
    "marital", "disability", "disabled", "birth", "birthday", "geschlecht", "alter", "pregnant",
)  # fmt: skip
PERSONAL_NAMES = (
    "name", "full name", "first name", "last name", "given name", "family name", "surname",
    "customer name", "client name", "member name", "user name", "username", "vorname", "nachname",
    "email", "e mail", "mail", "email address", "phone", "phone number", "telephone", "mobile",
    "mobile number", "telefon", "telefonnummer", "address", "street", "street address", "adresse",
    "straße", "iban", "ssn", "social security number", "passport number", "ip", "ip address",
)  # fmt: skip
TENURE_NAMES = (
    "tenure", "tenure months", "months tenure", "account length", "months on book",
    "membership months",
    "months as customer", "customer months", "months since joined", "months subscribed",
)  # fmt: skip
MONTHLY_NAMES = (
    "monthly charge", "monthly charges", "monthly fee", "monthly value", "monthly revenue", "mrr",
    "arpu", "monthly bill", "monthly price", "monthly premium", "monthly spend", "monthly amount",
    "fee per month", "price per month", "revenue per month",
)  # fmt: skip
TOTAL_NAMES = (
    "total charges", "total charge", "total value", "total revenue", "total spend", "total paid",
    "total billed", "lifetime revenue", "total amount", "total fees",
)  # fmt: skip


def words(name: str) -> list[str]:
    """The words of a name: `MonthlyCharges` and `monthly_charges` are both monthly, charges."""
    return re.findall(r"[^\W_]+", _parted(name).casefold())


def _parted(name: str) -> str:
    return re.sub(r"(?<=[a-zäöüß\d])(?=[A-ZÄÖÜ])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)


def has_word(name: str, known: Sequence[str]) -> bool:
    """Whether one of the words is among the known ones."""
    return bool(set(words(name)) & set(known))


def is_identifier(name: str) -> bool:
    """Whether the name is that of an id: `Customer ID`, but not `Number of calls`."""
    found = words(name)
    return bool(found) and (found[-1] in ID_WORDS or found[0] in ("id", "uuid", "guid"))


def is_called(name: str, known: Sequence[str]) -> bool:
    """Whether the words, all together, are one of the known names."""
    return " ".join(words(name)) in known


def title(name: str) -> str:
    """A name as people would write it in a report: `MonthlyCharges` is Monthly charges."""
    if " " in name:
        return name
    parts = re.findall(r"[^\W_]+", _parted(name))
    text = " ".join(part if part.isupper() else part.lower() for part in parts)
    return text[:1].upper() + text[1:] or name


def says_yes(value: str) -> bool | None:
    """Whether a value of a target means yes (True), no (False), or nobody knows (None)."""
    found = words(value)
    negated = len(found) > 1 and found[0] in NEGATIONS
    rest = set(found[1:] if negated else found)
    if not rest & {*YES, *NO}:
        return None
    return bool(rest & set(YES)) != negated
