"""One prompt: a Markdown file whose front matter declares the variables of its body."""

from __future__ import annotations

from dataclasses import dataclass

from prompts.errors import PromptError
from prompts.fields import Fields
from prompts.frontmatter import Document
from prompts.template import fill, variables_in


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt that has been checked: every variable is declared, and every declared one is used."""

    name: str
    document: Document
    description: str
    uses: dict[str, int]
    """Each variable with the line of its first use."""
    defaults: dict[str, str]
    version: str

    def render(self, **values: str) -> str:
        """Fill in the variables and return the body; raises PromptError for a missing or superfluous one."""
        if unknown := sorted(values.keys() - self.uses.keys()):
            given = " and ".join(f"`{name}`" for name in unknown)
            problem = f"it was given {given}, which it does not use; use it in the text or give it no more"
            raise self.document.error(problem, "variables")
        everything = {**self.defaults, **values}
        for name, line in self.uses.items():
            if name not in everything:
                problem = f"the variable `{name}` has no value; give one, or a default under `defaults:`"
                raise PromptError(problem, file=self.document.file, line=line)
        return fill(self.document.body, everything)


def parse_prompt(name: str, document: Document, given: frozenset[str], more: tuple[str, ...] = ()) -> Prompt:
    """Check a prompt; raises PromptError with the line.

    `given` are the variables that the program fills in, `more` the keys that this prompt's front matter has
    beside those of every prompt.
    """
    fields = Fields(document)
    fields.only("description", "variables", "defaults", *more)
    description = fields.text("description")
    declared = fields.texts("variables", [])
    defaults = fields.text_mapping("defaults")
    if not document.body:
        raise PromptError(
            "there is no text below the front matter", file=document.file, line=document.body_line
        )
    uses = variables_in(document.body, document.file, document.body_line)
    _check_declared(document, declared, uses)
    _check_given(document, declared, defaults, given)
    return Prompt(name, document, description, uses, defaults, document.version)


def _check_declared(document: Document, declared: list[str], uses: dict[str, int]) -> None:
    for name, line in uses.items():
        if name not in declared:
            problem = f"`{{{{ {name} }}}}` is not declared; add it to `variables:` in the front matter"
            raise PromptError(problem, file=document.file, line=line)
    for place, name in enumerate(declared):
        if name not in uses:
            problem = f"`{name}` is declared but not used; use `{{{{ {name} }}}}` in the text or take it out"
            raise document.error(problem, "variables", place)


def _check_given(
    document: Document, declared: list[str], defaults: dict[str, str], given: frozenset[str]
) -> None:
    for name in defaults:
        if name not in declared:
            raise document.error(f"`{name}` has a default but is not in `variables:`", "defaults", name)
    for place, name in enumerate(declared):
        if name not in given and name not in defaults:
            problem = f"nothing fills in `{name}`; give it a value under `defaults:`"
            raise document.error(problem, "variables", place)
    if missing := sorted(given - set(declared)):
        problem = f"`{{{{ {missing[0]} }}}}` must be used in the text and stand in `variables:`"
        raise document.error(problem, "variables")
