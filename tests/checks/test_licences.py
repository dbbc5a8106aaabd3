"""Licences: which ones a file declares, and which expressions a policy allows."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from genloom.state import Draft, FileChange, GenerationRequest, ReviewPolicy
from genloom.tools.checks import review_draft, review_source
from genloom.tools.checks.reviewing.static.licences import UNKNOWN, find_licences, is_allowed

GPL = (
    "# This program is free software: you can redistribute it and/or modify\n# it under the terms of the GNU General\n"
    "# Public License as published by the Free Software Foundation\n"
)
MIT = '"""Words.\n\nPermission is hereby granted, free of charge, to any person obtaining a copy\nof this software.\n"""\n'


@pytest.mark.parametrize(
    ("source", "declared"),
    [
        ("# SPDX-License-Identifier: MIT\n", [("MIT", 1)]),
        ("\n\n#spdx-license-identifier:   Apache-2.0 OR MIT  \nx = 1\n", [("Apache-2.0 OR MIT", 3)]),
        ('"""A module.\n\nSPDX-License-Identifier: GPL-2.0-only\n"""\n', [("GPL-2.0-only", 3)]),
        ("x = 1  # SPDX-License-Identifier: ISC\n", [("ISC", 1)]),
        (GPL, [("GPL-3.0", 2)]),
        (MIT, [("MIT", 3)]),
        ("# Licensed under the Apache License, Version 2.0 (the\n# 'License')\n", [("Apache-2.0", 1)]),
        ("# Licensed under the\n#   Apache License\n", [("Apache-2.0", 1)]),
        (
            "def f():\n    # Redistribution and use in source and binary forms, with or\n    return 1\n",
            [("BSD-3-Clause", 2)],
        ),
        (
            "# SPDX-License-Identifier: MIT\n"
            "# Permission is hereby granted, free of charge, to any person obtaining a copy\n",
            [("MIT", 1)],
        ),
        ("# SPDX-License-Identifier: MIT\n" + GPL, [("MIT", 1), ("GPL-3.0", 3)]),
        ("# Copyright (c) 2019 Somebody Inc. All rights reserved.\n", [(UNKNOWN, 1)]),
        ("# Copyright 2021 Somebody\n# SPDX-License-Identifier: ISC\n", [("ISC", 2)]),
        ("TEXT = 'SPDX-License-Identifier: MIT'\n", []),
        ("def licence(name):\n    return f'Licensed under the Apache License {name}'\n", []),
        ("# asks for a licence, and respects copyright\n", []),
        ("x = 1\n", []),
    ],
)
def test_comments_and_docstrings_declare_licences(source: str, declared: list[tuple[str, int]]) -> None:
    """By identifier or by their own words, across lines and comment marks; text in values declares nothing."""
    assert [(each.expression, each.line) for each in find_licences(source)] == declared


@pytest.mark.parametrize(
    ("expression", "allowed", "yes"),
    [
        ("MIT", ["MIT"], True),
        ("mit", ["MIT"], True),
        ("MIT", ["mit"], True),
        ("GPL-3.0", ["MIT"], False),
        ("MIT OR GPL-3.0", ["MIT"], True),
        ("MIT AND GPL-3.0", ["MIT"], False),
        ("MIT AND ISC", ["MIT", "ISC"], True),
        ("GPL-2.0 OR MIT AND ISC", ["MIT"], False),
        ("GPL-2.0 OR MIT AND ISC", ["MIT", "ISC"], True),
        ("(GPL-2.0 OR MIT) AND ISC", ["MIT", "ISC"], True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", ["GPL-2.0-only"], True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", ["Classpath-exception-2.0"], False),
        ("BSD-3-Clause", ["BSD-*"], True),
        ("BSDX", ["BSD-*"], False),
        ("MIT OR", ["MIT"], False),
        ("MIT ISC", ["MIT", "ISC"], False),
        ("(MIT", ["MIT"], False),
        ("", ["MIT"], False),
        ("MIT; DROP TABLE", ["MIT"], False),
        ("MIT", [], False),
        (UNKNOWN, ["*"], False),
    ],
)
def test_an_expression_is_allowed_by_what_it_needs(expression: str, allowed: list[str], yes: bool) -> None:
    """One side of an OR, both of an AND; what cannot be read is not allowed."""
    assert is_allowed(expression, allowed) is (yes if allowed != ["*"] else True)


@given(st.text(alphabet="MITSC()-0. ANDORWH\n", max_size=60), st.lists(st.sampled_from(["MIT", "ISC"])))
def test_any_text_is_judged(text: str, allowed: list[str]) -> None:
    """Nothing crashes the reader, and more allowed licences never forbid."""
    assert is_allowed(text, allowed) <= is_allowed(text, [*allowed, "MIT", "ISC"])


@given(
    st.text(max_size=200),
    st.sampled_from(["", "# copyright 2020 x\n", "'''permission\n", "# SPDX-License-Identifier: MIT\n"]),
)
@example(text="\r\x80", more="# copyright 2020 x\n")
def test_any_source_is_read(text: str, more: str) -> None:
    """Text that is no Python is searched as a whole; lines are lines of the text."""
    source = more + text
    for each in find_licences(source):
        assert 1 <= each.line <= len(source.splitlines()) + 1


def draft(content: str, base: str | None = None) -> Draft:
    return Draft(changes=(FileChange(path="m.py", content=content, base_sha256=base),), generator="model", name="f")


async def test_new_code_carries_no_licence_unless_allowed() -> None:
    """A header in what was just written was copied from somewhere."""
    request = GenerationRequest(prompt="sort numbers")
    review = await review_draft(draft(f"{GPL}x = 1\n"), request)
    assert (review.decision, [f.rule for f in review.findings]) == ("revise", ["licence"])
    assert "GPL-3.0" in review.findings[0].message
    allowed = await review_draft(draft(f"{GPL}x = 1\n"), request, policy=ReviewPolicy(allowed_licences=("GPL-*",)))
    assert allowed.findings == ()


async def test_files_that_are_there_may_carry_theirs() -> None:
    """A note, until a policy says which ones may; an edit of a file with a header is no copy."""
    for review in (
        await review_source(f"{GPL}x = 1\n", "m.py"),
        await review_draft(draft(f"{GPL}x = 1\n", base="0" * 64), GenerationRequest(prompt="sort numbers")),
    ):
        assert [(f.rule, f.severity) for f in review.findings] == [("licence", "note")]
    strict = await review_source(f"{GPL}x = 1\n", "m.py", policy=ReviewPolicy(allowed_licences=("MIT",)))
    assert strict.decision == "revise"
