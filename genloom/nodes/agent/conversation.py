"""The ends of an agent's turn: a question becomes a message, and the last message the answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, NotRequired

from langchain.agents.middleware import AgentMiddleware, AgentState
from langchain.agents.middleware.types import OmitFromInput
from langchain_core.messages import AIMessage, HumanMessage, RemoveMessage
from langgraph.channels import EphemeralValue
from langgraph.graph.message import REMOVE_ALL_MESSAGES
from langgraph.runtime import Runtime
from pydantic import Field

from genloom.errors import RequestError
from genloom.nodes.agent.history import answered
from genloom.nodes.agent.surroundings import Surroundings
from genloom.tools.chat import message_text

__all__ = ["Conversation", "ConversationState", "question"]

MAX_IMAGES = 20


class ConversationState(AgentState[Any]):
    """An agent's input and output beside its messages.

    `query` is what is asked, `images` are addresses that go with it (`https:`, or `data:` with the image in it); both are
    for one turn. `final_answer` is the text of the turn's last message.
    """

    query: NotRequired[
        Annotated[str, Field(title="Question", description="What is asked of the agent"), EphemeralValue]
    ]
    images: NotRequired[
        Annotated[
            list[str],
            Field(
                title="Images", description="Addresses that go with the question: https:, or data:image/png;base64,…"
            ),
            EphemeralValue,
        ]
    ]
    final_answer: NotRequired[Annotated[str, OmitFromInput]]


class Conversation(AgentMiddleware[ConversationState, Any]):
    """Takes `query` and `images` into the messages, answers calls that were left open, and gives `final_answer`."""

    state_schema = ConversationState

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__()
        self.surroundings = surroundings

    def before_agent(self, state: ConversationState, runtime: Runtime[Any]) -> dict[str, Any]:
        """Add what is asked to the messages. Raises `RequestError` where nothing is asked, or an image is none."""
        self.surroundings.begin(runtime.context)
        query, images = state.get("query"), state.get("images") or []
        asked = [question(query or "", images)] if query or images else []
        known = state.get("messages") or []
        if not asked and not known:
            raise RequestError("Nothing is asked of the agent.", hint="Give `query`, or `messages` with one at least.")
        complete = answered(known)
        if complete is not None:
            return {"messages": [RemoveMessage(id=REMOVE_ALL_MESSAGES), *complete, *asked], "turns": 0}
        return {"messages": asked, "turns": 0}

    def after_agent(self, state: ConversationState, runtime: Runtime[Any]) -> dict[str, Any]:
        """Give the text of the last message as the answer."""
        last = state["messages"][-1]
        return {"final_answer": message_text(last.content) if isinstance(last, AIMessage) else ""}


def question(query: str, images: Sequence[str]) -> HumanMessage:
    """Return what is asked as a message. Raises `RequestError` for what is no text, no image, or too many of them."""
    if not isinstance(query, str):
        raise RequestError(f"`query` is no text but {type(query).__name__}.", hint="Say in words what is asked.")
    if isinstance(images, str) or not all(isinstance(image, str) for image in images):
        raise RequestError("`images` is no list of addresses.", hint='Give ["https://…"].')
    if not images:
        return HumanMessage(query)
    if len(images) > MAX_IMAGES:
        raise RequestError(f"{len(images)} images are too many for one turn.", hint=f"Give at most {MAX_IMAGES}.")
    text: list[str | dict[str, Any]] = [{"type": "text", "text": query}] if query else []
    return HumanMessage([*text, *map(_image, images)])


def _image(address: str) -> dict[str, Any]:
    """Return LangChain's standard content block of an image."""
    if address.startswith(("https://", "http://")):
        return {"type": "image", "url": address}
    head, comma, data = address.partition(",")
    if comma and head.startswith("data:image/") and head.endswith(";base64") and data:
        return {"type": "image", "base64": data, "mime_type": head.removeprefix("data:").removesuffix(";base64")}
    raise RequestError(
        "An image is neither a web address nor data.",
        hint="Give `https://…`, or `data:image/png;base64,…` (genloom.graphs.image_address(path) makes it of a file).",
    )
