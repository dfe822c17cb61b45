"""The API's reference at `/docs`: the OpenAPI document as one plain page, without scripts or foreign servers."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; font: 16px/1.6 "Hiragino Sans", "Noto Sans JP", "Yu Gothic UI", system-ui }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h2 { margin-top: 2.5rem; border-bottom: 1px solid #8888; padding-bottom: .25rem }
summary { cursor: pointer; padding: .4rem 0 } summary code { font-size: 1rem }
details { border: 1px solid #8886; border-radius: 12px; padding: .25rem 1rem; margin: .5rem 0 }
table { border-collapse: collapse; width: 100%; font-size: .9rem }
td { text-align: left; padding: .25rem .75rem .25rem 0; vertical-align: top }
.method { display: inline-block; min-width: 4rem; font-weight: 600 }
"""


def reference_page(openapi: Mapping[str, Any]) -> str:
    """The whole page; `openapi` is the document that `/openapi.json` serves."""
    title = escape(openapi["info"]["title"])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<title>{title}</title><link rel="stylesheet" href="/docs.css"><h1>{title}</h1>'
        f"<p>{escape(openapi['info'].get('description', ''))}</p>"
        '<p>Machine-readable: <a href="/openapi.json">openapi.json</a>.</p>'
        f"{''.join(_operations(openapi))}<h2>Shapes</h2>{''.join(_shapes(openapi))}</html>"
    )


def _operations(openapi: Mapping[str, Any]) -> Iterator[str]:
    tag = None
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            if (group := next(iter(operation.get("tags", [])), None)) != tag:
                tag = group
                yield f"<h2>{escape(str(tag))}</h2>"
            yield _operation(path, method, operation)


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(parameter['name'])}</code><td>{parameter['in']}<td>{_type(parameter.get('schema', {}))}"
        for parameter in operation.get("parameters", [])
    )
    for content in operation.get("requestBody", {}).get("content", {}).values():
        rows += f"<tr><td>body<td>{_type(content.get('schema', {}))}<td>"
    answers = "".join(
        f"<tr><td>{status}<td>{escape(answer.get('description', ''))}<td>{_answer_type(answer)}"
        for status, answer in operation.get("responses", {}).items()
    )
    return (
        f'<details><summary><code><span class="method">{method.upper()}</span>{escape(path)}</code> '
        f"{escape(operation.get('summary', ''))}</summary><p>{escape(operation.get('description', ''))}</p>"
        f"<table>{rows}</table><h3>Answers</h3><table>{answers}</table></details>"
    )


def _answer_type(answer: Mapping[str, Any]) -> str:
    return " ".join(_type(content.get("schema", {})) for content in answer.get("content", {}).values())


def _shapes(openapi: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in openapi.get("components", {}).get("schemas", {}).items():
        required = schema.get("required", [])
        rows = "".join(
            f"<tr><td><code>{escape(field)}{'' if field in required else '?'}</code><td>{_type(value)}"
            f"<td>{escape(value.get('description', ''))}"
            for field, value in schema.get("properties", {}).items()
        )
        summary = f"<summary><code>{escape(name)}</code></summary>"
        yield f'<details id="{escape(name)}">{summary}<table>{rows}</table></details>'


def _type(schema: Mapping[str, Any]) -> str:
    if reference := schema.get("$ref"):
        name = escape(reference.rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "enum" in schema:
        return " | ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    if "const" in schema:
        return f"<code>{escape(str(schema['const']))}</code>"
    if options := schema.get("anyOf") or schema.get("oneOf"):
        return " | ".join(_type(option) for option in options)
    if schema.get("type") == "array":
        return f"[{_type(schema.get('items', {}))}]"
    return escape(str(schema.get("format") or schema.get("type") or "any"))
