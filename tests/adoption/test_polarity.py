"""Whether words say that somebody left: known words, and whatever negates them."""

from __future__ import annotations

import pytest

from scoring.yes_no import answers
from stages.adoption.polarity import meaning, meanings

LEFT = [
    "Churner", "churned", "Leaver", "Gone", "Attrited Customer", "no longer",
    "No longer active", "Inactive", "not retained", "un-retained", "Ex-customer",
    "former client", "discontinued", "disloyal", "1 - churned", "kein Kunde mehr",
    "Gekündigt", "KUENDIGUNG", "ausgetreten", "parti", "n'est plus client", "résilié",
    "Abandonó", "Baja", "inactivo", "Cancelado", "disdetta", "ex-klant", "Ayrıldı",
    "aktif değil", "Zrezygnował", "nieaktywny", "ушёл", "не остался", "流失", "解約", "이탈",
    "비활성 해지",
]  # fmt: skip
STAYED = [
    "Non-Churner", "non churner", "nonchurn", "not churned", "did not churn", "hasn't left",
    "No churn", "Stayer", "Existing Customer", "loyal", "Customer", "0 - stayed",
    "nicht gekündigt", "ungekündigt", "aktiv", "pas parti", "fidèle", "sin baja", "Activo",
    "não cancelou", "klant", "Ayrılmadı", "kaldı", "nie zrezygnował", "не ушел", "остался",
    "未流失", "継続", "유지",
]  # fmt: skip


@pytest.mark.parametrize("text", LEFT)
def test_words_for_leaving_are_known(text: str) -> None:
    assert meaning(text) == "left"


@pytest.mark.parametrize("text", STAYED)
def test_words_for_staying_and_negations_are_known(text: str) -> None:
    assert meaning(text) == "stayed"


@pytest.mark.parametrize(
    "text", ["A", "blue", "Joined", "Premium", "department", "partial", "2", ""]
)
def test_other_words_say_nothing(text: str) -> None:
    assert meaning(text) is None


@pytest.mark.parametrize("name", ["active_or_cancelled", "churn / non-churn", "Active/Inactive"])
def test_a_text_that_names_both_says_neither(name: str) -> None:
    assert meaning(name) is None
    assert meanings(name) == {"left", "stayed"}


@pytest.mark.parametrize("name", ["churn (yes/no)", "Churn Y/N", "is_churned", "Churn Label"])
def test_possible_answers_in_a_name_deny_nothing(name: str) -> None:
    assert meanings(name) == {"left"}


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["Yes", "No"], [True, False]),
        (["nein", "ja"], [False, True]),
        (["Evet", "Hayır"], [True, False]),
        (["да", "нет"], [True, False]),
        (["はい", "いいえ"], [True, False]),
        (["N", "Y"], [False, True]),
        (["S", "N"], [True, False]),
        (["E", "H"], [True, False]),
        (["N", "E"], [None, None]),
        (["A", "B"], [None, None]),
    ],
)
def test_yes_and_no_in_other_languages(values: list[str], found: list[bool | None]) -> None:
    assert answers(values) == found
