"""Passwords in addresses, wherever one may stand."""

from __future__ import annotations

import pytest

from pipelines.redaction import make_redactor, redact_passwords


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://user:secret@host:5432/db", "postgresql://user:***@host:5432/db"),
        ("postgresql://user:se@cr:et@host/db", "postgresql://user:***@host/db"),
        ("postgresql://user:secret@one:5432,two:5432/db", "postgresql://user:***@one:5432,two:5432/db"),
        ("http://user:secret@[::1]:5000", "http://user:***@[::1]:5000"),
        ("redis://:secret@host", "redis://:***@host"),
        ("sqlite:////data/mlflow.db", "sqlite:////data/mlflow.db"),
        ("http://host:5000/a@b", "http://host:5000/a@b"),
    ],
)
def test_a_password_is_never_shown(address: str, shown: str) -> None:
    assert redact_passwords(address) == shown
    assert redact_passwords(f"tried {address} and {address}, in vain") == f"tried {shown} and {shown}, in vain"


def test_a_log_shows_no_part_of_a_password_that_the_environment_holds() -> None:
    hide = make_redactor({"STORE": "http://plant:correct@horse@store", "DEPLOY_TOKEN": "abcdefgh", "MODE": "abcdefghi"})
    assert hide("correct@horse, http://plant:correct@horse@store, abcdefgh") == "***, http://plant:***@store, ***"
