"""One call of an endpoint, and the forms of its answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from genloom.testing.exchange import Answer, RecordedRequest
from genloom.tools.codegen.wire import MAX_PAGE, AgentRunNotFoundErrorResponse, ErrorBody, Page

__all__ = ["Call", "Refusal", "no_such_run", "refusal", "shown"]

M = TypeVar("M", bound=BaseModel)


class Refusal(Exception):  # noqa: N818  # not an error of the server: the answer that it gives
    """The request gets this answer instead of what it asked for."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def refusal(status: int, body: ErrorBody | str) -> Refusal:
    """Return the refusal in the documented form."""
    told = ErrorBody(message=body, status_code=status) if isinstance(body, str) else body
    return Refusal(shown(told, status))


def no_such_run() -> Refusal:
    """Return the refusal for a run that the organisation does not have."""
    return refusal(404, AgentRunNotFoundErrorResponse())


def shown(model: BaseModel, status: int = 200) -> Answer:
    """Return the answer that holds a wire model."""
    # as any: a page's items are models of their own
    return Answer(status=status, pieces=(model.model_dump_json(serialize_as_any=True).encode(),))


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request whose endpoint, token and organisation are known to be right. `numbers` stand in its path."""

    request: RecordedRequest
    org_id: int
    numbers: dict[str, int]

    def body(self, shape: type[M]) -> M:
        """Return the body as that shape. Raises `Refusal` (422, as FastAPI words it)."""
        try:
            return shape.model_validate_json(self.request.body)
        except ValidationError as error:
            raise _invalid(
                [(("body", *d["loc"]), d["msg"], d["type"]) for d in error.errors(include_url=False)]
            ) from error

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """Return a number of the query. Raises `Refusal` when it is none or out of bounds."""
        text = self.request.query.get(name)
        if text is None:
            return default
        if not text.removeprefix("-").isdecimal():
            raise _invalid([(("query", name), "Input should be a valid integer", "int_parsing")])
        if not low <= int(text) <= high:
            raise _invalid([(("query", name), f"Input should be between {low} and {high}", "out_of_bounds")])
        return int(text)

    def window(self) -> tuple[int, int]:
        """Return `skip` and `limit`."""
        return self.number("skip", 0, 0, 2**62), self.number("limit", MAX_PAGE, 1, MAX_PAGE)

    def page(self, items: Sequence[BaseModel], *, total: int | None = None) -> Answer:
        """Return the page that was asked for; with `total`, `items` are that page already."""
        skip, limit = self.window()
        whole = len(items) if total is None else total
        cut = items[skip : skip + limit] if total is None else items
        page = Page[BaseModel].model_construct(
            items=tuple(cut), total=whole, page=skip // limit + 1, size=limit, pages=-(-whole // limit)
        )
        return shown(page)


def _invalid(problems: Sequence[tuple[tuple[int | str, ...], str, str]]) -> Refusal:
    detail = [{"loc": list(place), "msg": said, "type": kind} for place, said, kind in problems]
    return Refusal(Answer.of_json({"detail": detail}, 422))
