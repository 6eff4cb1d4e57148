"""/api/docs: the OpenAPI document as a page, made here, so that it needs no script and no other host."""

from collections import defaultdict
from html import escape
from typing import Any

_STYLE = """
:root{color-scheme:light dark;font:14px/1.55 system-ui,sans-serif}
body{max-width:58rem;margin:2.5rem auto;padding:0 1.25rem}
h1{font-size:1.3rem}h2{font-size:1rem;margin:2.2rem 0 .4rem;text-transform:capitalize}
details{border-top:1px solid color-mix(in srgb,currentColor 18%,transparent);padding:.35rem 0}
summary{cursor:pointer;display:flex;gap:.75rem;align-items:baseline;flex-wrap:wrap}
summary b{min-width:3.6rem;font:600 12px ui-monospace,monospace}
code,pre{font:12.5px/1.5 ui-monospace,monospace}pre{overflow-x:auto;padding:.6rem .8rem;border-radius:6px;
background:color-mix(in srgb,currentColor 7%,transparent)}
td{padding:.15rem 1rem .15rem 0;vertical-align:top}p{max-width:46rem}
"""
_VERBS = ("get", "post", "put", "patch", "delete")


def page(document: dict[str, Any]) -> str:
    """The whole document as HTML, an operation per fold."""
    groups: dict[str, list[str]] = defaultdict(list)
    for path, operations in document["paths"].items():
        for verb in _VERBS:
            if verb in operations:
                operation = operations[verb]
                groups[(operation.get("tags") or ["other"])[0]].append(_operation(verb, path, operation, document))
    sections = "".join(f"<h2>{escape(tag)}</h2>{''.join(folds)}" for tag, folds in groups.items())
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Quarterdeck API</title>
<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>
<h1>Quarterdeck API {escape(document["info"]["version"])}</h1>
<p>Send a key as <code>Authorization: Bearer …</code>. Lists are paged with <code>limit</code> and <code>after</code>;
writes take <code>Idempotency-Key</code>; errors are <code>application/problem+json</code>. The whole description is at
<a href="/api/openapi.json">/api/openapi.json</a>.</p>{sections}</body></html>"""


def _operation(verb: str, path: str, operation: dict[str, Any], document: dict[str, Any]) -> str:
    parts = [f"<p>{escape(operation.get('description') or operation.get('summary', ''))}</p>"]
    rows = "".join(
        f"<tr><td><code>{escape(each['name'])}</code></td><td>{escape(each['in'])}</td>"
        f"<td>{escape(_type(each.get('schema', {}), document))}</td><td>{escape(each.get('description', ''))}</td></tr>"
        for each in operation.get("parameters", [])
    )
    if rows:
        parts.append(f"<table>{rows}</table>")
    sent = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if sent is not None:
        parts.append(f"<p>Send</p><pre>{escape(_shape(sent, document))}</pre>")
    for status, response in operation["responses"].items():
        schema = response.get("content", {}).get("application/json", {}).get("schema")
        if schema is not None:
            parts.append(f"<p>Answer {escape(status)}</p><pre>{escape(_shape(schema, document))}</pre>")
    summary = f"<summary><b>{verb.upper()}</b><code>{escape(path)}</code></summary>"
    return f"<details>{summary}{''.join(parts)}</details>"


def _shape(schema: dict[str, Any], document: dict[str, Any], indent: str = "", seen: tuple[str, ...] = ()) -> str:
    """An object as `{field: type}` lines; objects inside are spelled out once."""
    name, schema = _resolved(schema, document)
    if schema.get("type") == "array":
        return f"[{_shape(schema.get('items', {}), document, indent, seen)}, …]"
    properties = schema.get("properties")
    if not properties or name in seen:
        return _type(schema, document)
    inner = indent + "  "
    lines = [
        f"{inner}{field}{'' if field in schema.get('required', ()) else '?'}: "
        f"{_field(each, document, inner, (*seen, name))}"
        for field, each in properties.items()
    ]
    return "{\n" + "\n".join(lines) + f"\n{indent}}}"


def _field(schema: dict[str, Any], document: dict[str, Any], indent: str, seen: tuple[str, ...]) -> str:
    choices = schema.get("anyOf")
    if choices:
        return " | ".join(_shape(each, document, indent, seen) for each in choices)
    return _shape(schema, document, indent, seen)


def _type(schema: dict[str, Any], document: dict[str, Any]) -> str:
    _, schema = _resolved(schema, document)
    if "enum" in schema:
        return " | ".join(f'"{each}"' for each in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(_type(each, document) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return f"[{_type(schema.get('items', {}), document)}]"
    return str(schema.get("format") or schema.get("type") or "any")


def _resolved(schema: dict[str, Any], document: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    return (name, document["components"]["schemas"][name]) if name else ("", schema)
