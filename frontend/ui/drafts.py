"""A form as it stands, beside what it showed when it was opened.

What a form showed travels with it as a hidden input (`Original`). So it can be told what the person changed, whatever
a form can't show of the record or shows coarser than it is: a part that nobody touched is never sent.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from starlette.datastructures import FormData

from frontend.ui.gateway import Answer, GatewayProblem, Json
from frontend.ui.page import KEY_FIELD

BASE_FIELD, ETAG_FIELD = "base", "etag"
_LINE_ENDS = re.compile(r"\r\n?")

Inputs = Mapping[str, tuple[str, ...]]
"""Values by the name of the input; of boxes and the like one for each that is ticked."""


@dataclass(frozen=True, slots=True)
class Original:
    """What a form showed when it was opened. `inputs` is None for a form that did not say."""

    etag: str = ""
    inputs: Inputs | None = None

    @classmethod
    def from_form(cls, form: FormData) -> Self:
        return cls(str(form.get(ETAG_FIELD, "")), _unpacked(str(form.get(BASE_FIELD, ""))))

    @property
    def packed(self) -> str:
        """The hidden input. JSON escapes line ends, which browsers would change on the way."""
        return json.dumps(self.inputs, separators=(",", ":"), ensure_ascii=False) if self.inputs is not None else ""


def _unpacked(text: str) -> Inputs | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    lists = {name: values for name, values in found.items() if isinstance(values, list)}
    return {name: tuple(value for value in values if isinstance(value, str)) for name, values in lists.items()}


@dataclass(slots=True)
class Draft(ABC):
    """What stands in a form, by input; `problems` are messages by part.

    A part is what makes sense only as a whole (a meeting's begin and end): two people can change different parts of a
    record, and only a part that both changed is asked about. `key` is the idempotency key that the form came with:
    sent again after an outage, it is done once.
    """

    PARTS: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """The inputs of each part, in the order of the form."""
    TEXTS: ClassVar[Set[str]] = frozenset()
    """Inputs of several lines: their blanks and line ends are the person's."""
    LISTS: ClassVar[Set[str]] = frozenset()
    """Inputs of which none may be sent, and then none is meant; any other that does not come was not on the page."""
    PLACES: ClassVar[Mapping[str, str]] = {}
    """Where the problems of the API's fields are shown, if not at the part of the same name."""

    inputs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    original: Original = field(default_factory=Original)
    key: str = ""
    action: str = ""
    query: str = ""
    problems: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_form(cls, form: FormData) -> Self:
        inputs: dict[str, tuple[str, ...]] = {}
        for name in cls._names():
            values = [value for value in form.getlist(name) if isinstance(value, str)]
            if values or name in cls.LISTS:
                inputs[name] = cls._as_sent(name, values)
        draft = cls(
            inputs=inputs,
            original=Original.from_form(form),
            key=str(form.get(KEY_FIELD, "")).strip(),
            action=str(form.get("action", "")),
            query=str(form.get("customer_query", "")).strip(),
        )
        draft.inputs = {**(draft.original.inputs or {}), **inputs}
        return draft

    @classmethod
    def of(cls, answer: Answer) -> Self:
        """The form of a record as the gateway answered it."""
        inputs = cls.shown_of(answer.body)
        return cls(inputs=dict(inputs), original=Original(answer.headers.get("ETag", ""), inputs))

    @classmethod
    def shown_of(cls, record: Json) -> Inputs:
        """What the form shows of a record, as a browser sends it back."""
        return {name: cls._as_sent(name, values) for name, values in cls.rendered(record).items()}

    @classmethod
    def rendered(cls, _record: Json, /) -> Mapping[str, Sequence[str]]:
        """The inputs of a record, all of them; none where a form only ever makes new ones."""
        return {}

    @abstractmethod
    def change(self, parts: Set[str], record: Json | None = None, /) -> dict[str, Any]:
        """What is sent when these parts were changed in `record`."""

    @classmethod
    def _names(cls) -> Iterable[str]:
        return (name for names in cls.PARTS.values() for name in names)

    @classmethod
    def _as_sent(cls, name: str, values: Iterable[str]) -> tuple[str, ...]:
        """Browsers send lines with CRLF, and inputs of one line without line ends."""
        if name in cls.TEXTS:
            return tuple(_LINE_ENDS.sub("\n", value) for value in values)
        cleaned = tuple(value.replace("\r", "").replace("\n", "").strip() for value in values)
        return tuple(sorted(set(cleaned))) if name in cls.LISTS else cleaned[:1]

    def get(self, name: str) -> str:
        return next(iter(self.inputs.get(name, ())), "")

    def all(self, name: str) -> list[str]:
        return list(self.inputs.get(name, ()))

    @property
    def touched(self) -> Set[str]:
        """The parts that the person changed; all that came where it is not known what the form showed."""
        before = self.original.inputs
        if before is None:
            return {part for part, names in self.PARTS.items() if any(name in self.inputs for name in names)}
        return {part for part in self.PARTS if self._differs(part, self.inputs, before)}

    @property
    def checked(self) -> Set[str]:
        """The parts that have to be right before anything is sent: of a new record all."""
        return self.touched if self.original.inputs is not None else set(self.PARTS)

    def rebase(self, current: Answer) -> list[str]:
        """Go on from the record as somebody else saved it: parts that the person did not touch follow it.

        Gives the parts that both changed, and differently, in the order of the form.
        """
        mine, before, now = self.touched, self.original.inputs, self.shown_of(current.body)
        changed = {part for part in self.PARTS if before is None or self._differs(part, before, now)}
        both = [part for part in self.PARTS if part in mine & changed and self._differs(part, self.inputs, now)]
        for part, names in self.PARTS.items():
            if part not in mine:
                self.inputs |= {name: now[name] for name in names}
        self.original = Original(current.headers.get("ETag", ""), now)
        return both

    def _differs(self, part: str, one: Inputs, other: Inputs) -> bool:
        return any(one.get(name, ()) != other.get(name, ()) for name in self.PARTS[part])

    def explain(self, problem: GatewayProblem) -> None:
        """The server's messages at the parts that the person sees; a pointer may lead into a list or a record."""
        shown = {*self.PARTS, *self._names()}
        for pointer, message in problem.pointed_errors:
            names = [self.place_of(name) for name in pointer.split("/")]
            self.problems.setdefault(next((name for name in reversed(names) if name in shown), names[-1]), message)

    def place_of(self, name: str) -> str:
        """Where a problem of a field of the API is shown."""
        return self.PLACES.get(name, name)

    def listed(self, name: str, before: Iterable[str]) -> list[str]:
        """The values of a list in the order that they had, new ones at the end."""
        now = self.all(name)
        kept = [value for value in before if value in now]
        return [*kept, *(value for value in now if value not in kept)]

    def block(self, name: str) -> str | None:
        """A text of several lines as it was typed; None for blanks alone."""
        text = self.get(name)
        return text if text.strip() else None
