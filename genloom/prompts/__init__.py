"""Prompts: `.md` templates and their strict loader."""

from genloom.prompts.prompts import Prompts
from genloom.prompts.template import PromptTemplate, load_prompt, prompt_fingerprint, prompt_names

__all__ = ["PromptTemplate", "Prompts", "load_prompt", "prompt_fingerprint", "prompt_names"]
