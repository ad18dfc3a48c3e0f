"""The requirements that earlier runs found the code to contradict."""

from __future__ import annotations

from spec_to_production.generation.remembered import Remembered
from spec_to_production.results import Component, Spec, WorkflowResult

_MOST_KNOWN = 1_000


class Disputes(Remembered[tuple[str, ...]]):
    """Ids of requirements, by the spec and the component that disagree."""

    file = "disputes.json"

    def between(self, spec: Spec, component: Component) -> tuple[str, ...]:
        """The requirements of a spec that the component was last seen to contradict."""
        return self.root.get(_key(spec, component), ())

    def learn(self, result: WorkflowResult) -> Disputes:
        """With what this run found; where it found nothing, what was known before stays."""
        rows = result.verification.requirements if result.verification else ()
        found = {row.id: row.state for row in rows}
        before = self.between(result.spec, result.component)
        disputed = tuple(
            requirement.id
            for requirement in result.spec.requirements
            if found.get(requirement.id) == "disputed"
            or (requirement.id in before and found.get(requirement.id, "untested") == "untested")
        )
        key = _key(result.spec, result.component)
        others = {known: ids for known, ids in self.root.items() if known != key}
        return Disputes(dict([*others.items(), (key, disputed)][-_MOST_KNOWN:]))


def _key(spec: Spec, component: Component) -> str:
    return f"{spec.path} {component.path}"
