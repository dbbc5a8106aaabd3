"""The prompts as a model sees them, rendered for one request: running this file stores them anew."""

from pathlib import Path

from genloom.prompts import load_prompt

FOLDER = Path(__file__).with_name("rendered")

CONTEXT = "<<<data repository\ndef words(text: str) -> list[str]: ...\n>>>"
SOURCE = "<<<data slugify.py\ndef slugify(text: str) -> str:\n    return text.lower()\n>>>"
SECTIONS = {
    "context": CONTEXT,
    "prompt": "Make a URL slug of a title.",
    "signature": "Signature: `slugify(text: str) -> str`",
    "constraints": "# Constraints\n\n- no regular expressions",
    "examples": "# Examples\n\n- `slugify('A b') == 'a-b'`",
    "tests": "# Tests (they import the module as `slugify`)\n\n```python\ndef test_it(): ...\n```",
    "name": "slugify",
    "names": "`slugify`",
    "demand": "Write the module. It must define `slugify`.",
    "answer": "the whole corrected module",
    "module": "<<<data slugify.py\ndef words(text: str) -> list[str]: ...\n>>>",
    "history": "# Attempt 1 (model) failed\n\n<<<data what was found\n- `slugify('A b') == 'a-b'`: got 'a b'\n>>>",
    "number": "1",
    "generator": "model",
    "source": SOURCE,
    "evidence": "<<<data what was found\n- `slugify('A b') == 'a-b'`: expected 'a-b', got 'a b'.\n>>>",
    "count": "6",
    "agents": "- tester: Writes tests.",
    "conversation": "<<<data conversation\nHuman: Make a slug.\n>>>",
    "words": "600",
    "specification": "Add a function that makes slugs.",
    "plan": "# Plan\n\n<<<data plan\nTasks:\n1. write slugify\n>>>",
    "changes": "# Changes so far\n\n<<<data changes\n+def slugify(text): ...\n>>>",
    "part": "Write the code of the feature, as planned.",
    "role": "You look for behaviour that is wrong.",
    "change": "<<<data slugify.py (modified)\n@@\n    1 +def slugify(text): ...\n>>>",
    "findings": "<<<data findings\n1. [correctness; error] slugify.py:1 Nothing is returned.\n>>>",
    "checks": "<<<data checks\n- `slugify('A b') == 'a-b'`\n>>>",
}
NAMES = (
    *("agent", "demand", "doctests", "extend", "generate", "generate_system", "import", "propose_checks", "repair"),
    *("review", "review_system", "coding_agent", "inspector_agent", "summarise", "supervise"),
    *("review_reviewer", "review_part", "review_judge", "review_findings"),
    *("review_correctness", "review_security", "review_performance", "review_tests", "review_style"),
    *("feature_plan", "feature_code", "feature_tests", "feature_docs", "feature_step"),
)
OF_ITS_OWN = {"import": {"module": "shop.gen.text", "description": "Texts of a shop."}}
"""What a prompt says in a section whose name means something else in another."""

BARE = {"plan", "changes", "context", "signature", "constraints", "examples", "tests", "history"}


def rendered(name: str, *, bare: bool) -> str:
    """Return the prompt with every section filled in, or with the optional ones left empty."""
    template, sections = load_prompt(name), {**SECTIONS, **OF_ITS_OWN.get(name, {})}
    return template.render(**{key: "" if bare and key in BARE else sections[key] for key in template.placeholders})


def snapshots() -> dict[str, str]:
    """Return every prompt's text by the name of its file."""
    whole = {f"{name}.md": rendered(name, bare=False) for name in NAMES}
    return whole | {
        f"{name}_bare.md": rendered(name, bare=True) for name in NAMES if load_prompt(name).placeholders & BARE
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, text in snapshots().items():
        (FOLDER / file).write_text(text)
