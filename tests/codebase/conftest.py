"""A small shop, as a repository."""

from __future__ import annotations

from pathlib import Path

import pytest

FILES = {
    "shop/__init__.py": '"""A shop."""\n',
    "shop/billing.py": '''"""Billing of orders."""

from __future__ import annotations

from shop.money import round_cents

TAX = 0.2


class Invoice:
    """What a customer owes."""

    currency: str = "EUR"

    def __init__(self, lines: list[float]) -> None:
        self.lines = lines

    def total_due(self) -> float:
        """Return the sum of the lines with tax."""
        return round_cents(sum(self.lines) * (1 + TAX))


class CreditNote(Invoice):
    """An invoice that pays back."""

    def total_due(self) -> float:
        return -super().total_due()
''',
    "shop/money.py": '''"""Amounts."""

import functools


def round_cents(amount: float, digits: int = 2) -> float:
    """Round an amount of money to cents.

    Halves go to even.
    """
    return round(amount, digits)


@functools.cache
def parse_amount(text: str, /, *, strict: bool = False) -> float:
    """Parse an amount such as `12,50`."""
    return float(text.replace(",", "."))


def save_amount(amount: float) -> None:
    """Write an amount to a file."""
    with open("amount", "w") as file:
        file.write(str(amount))


def convert(amount: float, *, rate: float) -> float:
    return amount * rate


async def fetch_rate(name: str) -> float:
    return 1.0


def _hidden(x: int) -> int:
    return x
''',
    "shop/warehouse.py": '''"""Stock."""

from . import billing
from .money import parse_amount as amount_of


def restock(shelf: dict[str, int], item: str, count: int) -> dict[str, int]:
    """Put items on a shelf."""

    def checked(number: int) -> int:
        return max(number, 0)

    return {**shelf, item: shelf.get(item, 0) + checked(count)}


def bill(prices: list[str]) -> billing.Invoice:
    """Bill what left the shelf."""
    return billing.Invoice([amount_of(price) for price in prices])
''',
    "tests/test_billing.py": '''from shop.billing import Invoice


def test_total_due_of_an_invoice_has_tax():
    """Invoice total due tax billing."""
    assert Invoice([10]).total_due() == 12
''',
    "docs/examples/invoice_example.py": "# print an invoice and its total due\nfrom shop.billing import Invoice\n",
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The shop's folder, freshly written."""
    root = tmp_path / "shop-repository"
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    return root
