"""GitHub's own description of its REST API, as a judge of requests and responses."""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

PACKAGE = "@octokit/openapi@23.0.2"
MEMBER = "package/generated/api.github.com.json"
CACHE = Path(__file__).parents[2] / ".cache" / "github-openapi"


class Unavailable(Exception):  # noqa: N818
    """The description is not cached and npm is not there to fetch it."""


@functools.cache
def description() -> Description:
    """The description, fetched once with npm and kept in the checkout's cache folder."""
    cached = CACHE / f"{PACKAGE.rpartition('@')[2]}.json"
    if not cached.exists():
        _fetch(cached)
    return Description(_as_json_schema(json.loads(cached.read_text())))


def _fetch(to: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise Unavailable(f"npm is needed once, to fetch {PACKAGE}")
    to.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [npm, "pack", "--silent", PACKAGE],
        cwd=to.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    archive = to.parent / done.stdout.split()[-1]
    with tarfile.open(archive) as files:
        content = files.extractfile(MEMBER)
        assert content is not None
        part = to.with_suffix(".part")
        part.write_bytes(content.read())
        part.replace(to)
    archive.unlink()


@dataclass(frozen=True)
class Description:
    """Says what is wrong with a request or a response; an empty list says nothing is."""

    document: Mapping[str, Any]

    def example(self, name: str) -> dict[str, Any]:
        """A fresh copy of one of the description's examples."""
        return json.loads(json.dumps(self.document["components"]["examples"][name]["value"]))

    def problems(
        self, method: str, url: str, body: object, status: int, answer: object
    ) -> list[str]:
        """Judge one exchange. Fields that GitHub does not know are a problem, too."""
        parts = urlsplit(url)
        operation = self._operation(method, parts.path)
        if operation is None:
            return [f"{method} {parts.path}: no such operation"]
        problems = [
            *self._query_problems(operation, parse_qs(parts.query)),
            *self._body_problems(operation, body),
            *self._answer_problems(operation, status, answer),
        ]
        return [f"{method} {url} -> {status}: {problem}" for problem in problems]

    def _operation(self, method: str, path: str) -> Mapping[str, Any] | None:
        for pattern, template in self._paths:
            if pattern.fullmatch(path) and method.lower() in self.document["paths"][template]:
                return self.document["paths"][template][method.lower()]
        return None

    @functools.cached_property
    def _paths(self) -> list[tuple[re.Pattern[str], str]]:
        # A path without parameters wins over one with them.
        ordered = sorted(self.document["paths"], key=lambda template: template.count("{"))
        return [(re.compile(self._pattern(template)), template) for template in ordered]

    def _pattern(self, template: str) -> str:
        operations = self.document["paths"][template].values()
        parameters = [
            self._resolve(one) for each in operations for one in each.get("parameters", [])
        ]
        deep = {each["name"] for each in parameters if each.get("x-multi-segment")}

        def any_value(found: re.Match[str]) -> str:
            return ".+" if found[1] in deep else "[^/]+"

        return re.sub(r"\\{(\w+)\\}", any_value, re.escape(template))

    def _query_problems(self, operation: Mapping[str, Any], query: Mapping[str, Any]) -> list[str]:
        parameters = map(self._resolve, operation.get("parameters", []))
        known = {parameter["name"] for parameter in parameters if parameter["in"] == "query"}
        return [f"unknown query parameter {name}" for name in query if name not in known]

    def _body_problems(self, operation: Mapping[str, Any], body: object) -> list[str]:
        if "requestBody" not in operation:
            return [] if body is None else ["no body is expected"]
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        unknown = set(body) - set(schema.get("properties", {})) if isinstance(body, dict) else set()
        return [
            *self._schema_problems(schema, body),
            *(f"unknown field {name}" for name in unknown),
        ]

    def _answer_problems(
        self, operation: Mapping[str, Any], status: int, answer: object
    ) -> list[str]:
        if str(status) not in operation["responses"]:
            # Errors that every operation can give are not repeated for each of them.
            return [] if status in {401, 403, 404, 429, 502} else ["status not described"]
        response = self._resolve(operation["responses"][str(status)])
        if "content" not in response:
            return [] if answer is None else ["no content is expected"]
        return self._schema_problems(response["content"]["application/json"]["schema"], answer)

    def _schema_problems(self, schema: Mapping[str, Any], value: object) -> list[str]:
        validator = Draft202012Validator(self._rooted(schema), registry=self._registry)
        return [
            f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(value)
        ]

    def _rooted(self, schema: Any) -> Any:
        if isinstance(schema, dict):
            return {
                key: f"urn:github{value}" if key == "$ref" else self._rooted(value)
                for key, value in schema.items()
            }
        return [self._rooted(item) for item in schema] if isinstance(schema, list) else schema

    @functools.cached_property
    def _registry(self) -> Registry:
        return Registry().with_resource("urn:github", DRAFT202012.create_resource(self.document))

    def _resolve(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in node:
            at: Any = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                at = at[part]
            node = at
        return node


def _as_json_schema(node: Any) -> Any:
    """OpenAPI 3.0 says ``nullable`` where JSON Schema has the type ``null``."""
    if isinstance(node, list):
        return [_as_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    schema = {key: _as_json_schema(value) for key, value in node.items()}
    if schema.pop("nullable", False) is True:
        return {"anyOf": [schema, {"type": "null"}]}
    return schema
