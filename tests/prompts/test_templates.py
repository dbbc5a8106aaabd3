"""Prompt templates: strict placeholders."""

import pytest

from genloom.errors import UsageError
from genloom.prompts import PromptTemplate, load_prompt, prompt_fingerprint


def test_a_template_takes_exactly_its_placeholders():
    """A missing and an unknown value are both errors that name the key."""
    template = PromptTemplate("t", "Hello {{ name }}")
    assert template.render(name="Ada") == "Hello Ada\n"
    with pytest.raises(UsageError, match="no value for name"):
        template.render()
    with pytest.raises(UsageError, match="unknown nmae"):
        template.render(name="Ada", nmae="x")


def test_what_is_filled_in_is_never_scanned_for_placeholders():
    """Retrieved text cannot smuggle one in."""
    assert PromptTemplate("t", "{{ a }}|{{ b }}").render(a="{{ b }}", b="x") == "{{ b }}|x\n"


def test_sections_left_empty_leave_no_gap():
    """Optional parts of a prompt vanish with the blank lines around them."""
    assert (
        PromptTemplate("t", "{{ a }}\n\n# T\n\n{{ b }}\n\n{{ c }}\n\nend").render(a="", b="", c="x")
        == "# T\n\nx\n\nend\n"
    )


def test_an_unknown_prompt_is_refused_with_the_known_ones():
    """The hint lists what there is."""
    with pytest.raises(UsageError) as caught:
        load_prompt("nothing")
    assert "generate_system" in caught.value.hint


def test_the_fingerprint_is_stable_within_a_version():
    """It goes into the cache's key."""
    assert prompt_fingerprint() == prompt_fingerprint()
    assert len(prompt_fingerprint()) == 64
