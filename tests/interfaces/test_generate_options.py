"""The keyword arguments of `generate`."""

from genloom.interfaces.job import GenerateOptions, prepare_job
from genloom.state import GenerationRequest, GraphContext

OF_THE_RUN = {"context", "thread_id", "durable", "cache", "on_event", "deadline"}


def test_every_field_of_a_request_and_of_a_context_is_an_option():
    """A field that is added to either can be given to `generate`, too."""
    fields = set(GenerationRequest.model_fields) | set(GraphContext.model_fields)
    assert set(GenerateOptions.__annotations__) == fields - {"prompt", "language"} | OF_THE_RUN  # there is one language


def test_single_fields_of_the_context_win_over_it():
    """Whatever the context says of them."""
    given = GraphContext(search_megabytes=128, granted=("network",), organisation=3)
    context = prepare_job("x", {"context": given, "search_megabytes": 256, "organisation": 7}).context
    assert (context.search_megabytes, context.granted, context.organisation) == (256, ("network",), 7)
