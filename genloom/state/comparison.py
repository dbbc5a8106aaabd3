"""How the value that came out of a call is compared with the one that was expected."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from genloom.state.part import StatePart

__all__ = ["Comparison"]

_FORMS = "write `exact`, `unordered` or `tolerance=1e-9`, several with commas between"


class Comparison(StatePart):
    """How values are compared: by Python's `==` on plain decoded values, and by these options.

    `exact_type` tells 32 from 32.0 and True from 1. `tolerance` is both absolute and relative, and holds for numbers
    anywhere in the value. `unordered` ignores the order in every list and tuple. A text such as
    `exact,tolerance=1e-9` may stand for it wherever it is validated.
    """

    exact_type: bool = False
    tolerance: Annotated[float | None, Field(ge=0, allow_inf_nan=False)] = None
    unordered: bool = False

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:  # Any: raw JSON of a caller
        return _options(value) if isinstance(value, str) else value

    def describe(self) -> str:
        """Say in a few words how values are compared."""
        extras = ["exact types"] if self.exact_type else []
        if self.tolerance is not None:
            extras.append(f"tolerance {self.tolerance:g}")
        if self.unordered:
            extras.append("any order")
        return ", ".join(["compared by ==", *extras])


def _options(text: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        match part.partition("="):
            case ("exact", "", ""):
                options["exact_type"] = True
            case ("unordered", "", ""):
                options["unordered"] = True
            case ("tolerance", "=", number):
                options["tolerance"] = number
            case _:
                raise ValueError(f"{part!r} is no way to compare: {_FORMS}")
    return options
