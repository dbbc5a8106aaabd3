"""The state of the feature graph."""

from __future__ import annotations

from typing_extensions import get_type_hints

from genloom.nodes.feature.open_feature import _opened
from genloom.state.feature import FeatureRequest, FeatureState


def test_opening_a_feature_sets_the_whole_state() -> None:
    """Nothing of an earlier feature of the thread is left."""
    assert set(_opened(FeatureRequest(specification="Add a discount."))) == set(get_type_hints(FeatureState))
