"""Reviewers that are models."""

from genloom.nodes.reviewers.model import Subject, review_with_model

__all__ = ["Subject", "review_with_model"]
