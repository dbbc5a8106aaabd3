"""A chat model writes, fails its checks, is told why, and repairs. The model here is a scripted server on loopback; point
OPENAI_BASE_URL at Ollama, llama.cpp, vLLM or OpenAI instead.

python examples/repair_with_a_model.py
"""

import os

import genloom
from genloom.testing import OpenAIServer

WRONG = "def median(numbers: list[float]) -> float:\n    return sorted(numbers)[len(numbers) // 2]\n"
RIGHT = """import statistics


def median(numbers: list[float]) -> float:
    \"\"\"Return the middle value, or the mean of the two middle ones.\"\"\"
    return statistics.median(numbers)
"""

with OpenAIServer([WRONG, RIGHT, '{"decision": "approve", "summary": "Fine."}']) as server:
    os.environ["OPENAI_BASE_URL"] = server.base_url
    result = genloom.generate(
        "The median of a list of numbers",
        examples=["median([3, 1, 2]) == 2", "median([4, 1, 3, 2]) == 2.5"],
        model="openai:test-model",
        generators=["model"],
        cache=False,
    )

print(result.source)
print(f"# {result.outcome} after {result.attempts} attempts")
