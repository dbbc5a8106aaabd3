"""Prompts: `.md` templates and their strict loader."""

from genloom.prompts.template import PromptTemplate, load_prompt, prompt_fingerprint

__all__ = ["PromptTemplate", "load_prompt", "prompt_fingerprint"]
