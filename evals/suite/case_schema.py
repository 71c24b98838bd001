"""The JSON Schema of case files, for editors."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from evals.suite.case_model import CaseModel


def case_schema() -> str:
    """Return the schema of a file with one case or a list of them, as JSON."""
    made: dict[str, Any] = TypeAdapter(CaseModel | list[CaseModel]).json_schema(schema_generator=_Generator)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Firstline eval cases"}
    return json.dumps(head | made, indent=2, ensure_ascii=False) + "\n"


class _Generator(GenerateJsonSchema):
    """Writes nothing of null: what has no value is left out in YAML."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        default = schema.get("default")
        if default is None or isinstance(default, BaseModel):
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)
