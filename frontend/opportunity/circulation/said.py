"""What somebody wrote in a form of circulation."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.datastructures import FormData

from frontend.ui.formats import whole
from frontend.ui.page import KEY_FIELD


@dataclass(frozen=True, slots=True)
class Said:
    """What stood in a form of circulation ; shown again when it was refused, so that nobody writes it twice."""

    action: str = ""
    revision: int | None = None
    verdict: str = ""
    comment: str = ""
    finding: bool = False
    people: list[str] = field(default_factory=list)
    key: str = ""

    @classmethod
    def from_form(cls, form: FormData) -> Said:
        def text(name: str) -> str:
            return str(form.get(name, "")).strip()

        chosen = [str(value) for value in form.getlist("people") if value]
        return cls(
            action=text("action"),
            revision=whole(text("revision")),
            verdict=text("verdict"),
            comment=text("comment"),
            finding=bool(text("finding")),
            people=list(dict.fromkeys(chosen)),
            key=text(KEY_FIELD),
        )

    def of(self, action: str) -> Said:
        """It, in the form of this action; an empty form in the others."""
        return self if self.action == action else Said()
