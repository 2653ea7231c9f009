"""/openapi.json as tests use it: what there is, what can be sent, and how strictly an answer is to be read."""

import copy
from dataclasses import dataclass, field

PLAIN_TEXTS = {
    "uuid": "00000000-0000-4000-8000-000000000000",
    "email": "a@example.com",
    "uri": "https://example.com/",
}
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    about: dict = field(hash=False, compare=False)

    @property
    def needs_key(self):
        return bool(self.about.get("security"))

    @property
    def body(self):
        """The schema of the JSON body, or None."""
        content = self.about.get("requestBody", {}).get("content", {})
        return content.get("application/json", {}).get("schema")

    def parameters(self, where):
        """{name: schema} of the parameters in `path`, `query` or `header`."""
        return {one["name"]: one["schema"] for one in self.about.get("parameters", []) if one["in"] == where}

    def __str__(self):
        return f"{self.method} {self.path}"


def operations(document):
    return [
        Operation(method.upper(), path, about)
        for path, methods in document["paths"].items()
        for method, about in methods.items()
        if method in METHODS
    ]


def resolved(document, schema):
    """The schema that a reference leads to; of a choice with null the other one."""
    if "$ref" in schema:
        node = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            node = node[part]
        return resolved(document, node)
    if "anyOf" in schema:
        [other] = [one for one in schema["anyOf"] if one != {"type": "null"}]
        return resolved(document, other)
    return schema


def types_of(schema):
    kinds = schema.get("type", [])
    return {kinds} if isinstance(kinds, str) else set(kinds)


def fields(document, schema, at=()):
    """(path, schema) of everything inside a body: members at any depth; 0 stands for an item of a list."""
    schema = resolved(document, schema)
    for name, member in schema.get("properties", {}).items():
        yield (*at, name), resolved(document, member)
        yield from fields(document, member, (*at, name))
    if "items" in schema:
        yield (*at, 0), resolved(document, schema["items"])
        yield from fields(document, schema["items"], (*at, 0))


def example(document, schema):
    """The plainest value that a schema allows: required members only."""
    schema = resolved(document, schema)
    if "enum" in schema:
        return schema["enum"][0]
    kinds = types_of(schema)
    if "object" in kinds:
        required = schema.get("required", [])
        return {name: example(document, schema["properties"][name]) for name in required}
    if "array" in kinds:
        return [example(document, schema["items"])] * schema.get("minItems", 0)
    if "string" in kinds:
        return PLAIN_TEXTS.get(schema.get("format"), "a" * max(1, schema.get("minLength", 1)))
    if kinds & {"integer", "number"}:
        return schema.get("minimum", 1)
    return True if "boolean" in kinds else {}


def with_value(body, path, value):
    """A copy of `body` with `value` at `path`; objects and lists on the way are made."""
    if not path:
        return value
    name, *rest = path
    if isinstance(name, int):
        return [with_value(body[0] if isinstance(body, list) and body else None, rest, value)]
    out = dict(body) if isinstance(body, dict) else {}
    out[name] = with_value(out.get(name), rest, value)
    return out


def strict(document):
    """A copy whose answers may have no member that is not documented. What clients send is left as it is."""
    out = copy.deepcopy(document)
    seen = set()

    def close(node):
        if isinstance(node, list):
            for one in node:
                close(one)
        elif isinstance(node, dict):
            if "properties" in node and "type" in node:
                node.setdefault("additionalProperties", False)
            if "$ref" in node and node["$ref"] not in seen:
                seen.add(node["$ref"])
                target = out
                for part in node["$ref"].removeprefix("#/").split("/"):
                    target = target[part]
                close(target)
            for one in node.values():
                close(one)

    for operation in operations(out):
        close(operation.about["responses"])
    return out
