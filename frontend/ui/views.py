"""View types that several remotes read from the gateway's answers; unknown members are ignored."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class View(BaseModel):
    """Base of all view types: camelCase JSON in, snake_case in templates."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)


class Progress(View):
    done: int = 0
    total: int | None = None


DECISIVE_STEP = "confirm"
"""What every process that can be undone calls its pivot."""


class ProcessStep(View):
    name: str
    status: str = "PLANNED"
    done: int | None = None
    total: int | None = None
    started_at: str | None = None
    finished_at: str | None = None
    detail: str | None = None


class Process(View):
    """A saga as `GET /sagas/{id}` shows it; the names are from the list, for whoever may read them."""

    id: str
    type: str
    resource_id: str | None = None
    resource_name: str | None = None
    status: Literal["REQUESTED", "RUNNING", "COMPLETED", "COMPENSATED", "NEEDS_ATTENTION"] | str = "REQUESTED"
    steps: list[ProcessStep] = Field(default_factory=list)
    progress: Progress = Field(default_factory=Progress)
    started_at: str | None = None
    finished_at: str | None = None
    actor_id: str | None = None
    actor_name: str | None = None
    detail: str | None = None
    temporal_url: str | None = None

    @property
    def is_open(self) -> bool:
        return self.status in {"REQUESTED", "RUNNING", "NEEDS_ATTENTION"}

    @property
    def can_be_undone(self) -> bool:
        """Whether the decisive step is still to be done; from then on an open process only goes forward."""
        done = {step.name for step in self.steps if step.status == "DONE"}
        return self.is_open and DECISIVE_STEP not in done

    @property
    def is_being_undone(self) -> bool:
        undoing = any(step.status == "UNDONE" or step.detail == "undoing" for step in self.steps)
        return self.status == "COMPENSATED" or self.detail == "compensation_requested" or undoing

    @property
    def current_step(self) -> str:
        """Name of the step that an open process is at; empty when none has begun or all have ended."""
        busy = (step.name for step in self.steps if step.status in {"RUNNING", "NEEDS_ATTENTION"})
        return next(busy, "") if self.is_open else ""


class Notification(View):
    id: str
    type: str
    title: str
    body: str | None = None
    resource_type: str | None = None
    resource_id: str | None = None
    read_at: str | None = None
    created_at: str | None = None


class User(View):
    id: str
    name: str
    email: str = ""
    roles: list[str] = Field(default_factory=list)
    manager_id: str | None = None
    state: str | None = None
    """For those who may see accounts; others are told `active`."""
    active: bool = True

    @property
    def can_be_chosen(self) -> bool:
        """Whether work can be given to them."""
        return self.active if self.state is None else self.state == "ACTIVE"
