"""A request becomes checked code, with no key and no network.

python examples/first_steps.py
"""

import genloom

result = genloom.generate(
    "Count the words of a text",
    examples=[
        "count_words('one two three') == 3",
        "count_words('') == 0",
        "count_words('  a  b ') == 2",
        "count_words('single') == 1",
    ],
)

print(result.source)
print(f"# {result.outcome}: {result.reason}")
for check in result.verdict.checks if result.verdict else ():
    print(f"# {check.result:7} {check.source:9} {check.check}")
