"""A registry that was told how an object is made."""

import pytest

from genloom.registry import Registry


def unknown(name: str) -> str:
    raise KeyError(name)


def test_what_is_offered_is_made_once_when_it_is_first_asked_for() -> None:
    made: list[str] = []

    def make() -> str:
        made.append("local")
        return "the agent"

    registry: Registry[str] = Registry(unknown)
    registry.offer("local", make)
    assert (made, registry.names()) == ([], ("local",))
    assert [registry.get("local"), registry.get("local")] == ["the agent"] * 2
    assert made == ["local"]
    registry.remove("local")  # what was made goes, the offer stands
    assert registry.get("local") == "the agent"
    assert len(made) == 2


def test_what_was_registered_hides_an_offer() -> None:
    registry: Registry[str] = Registry(unknown)
    registry.offer("local", lambda: "offered")
    with registry.override("local", "given"):
        assert registry.get("local") == "given"
    assert registry.get("local") == "offered"
    with pytest.raises(KeyError):
        registry.get("other")
