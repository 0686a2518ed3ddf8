"""Departments as the gateway answers them."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from frontend.ui.views import View


class Department(View):
    id: str
    name: str
    code: str | None = None
    parent_id: str | None = None
    head_id: str | None = None
    head_name: str | None = None
    members: int = 0
    depth: int = 0


class DepartmentTree(View):
    items: list[Department] = Field(default_factory=list)


class Node(View):
    department: Department
    below: list[Node] = Field(default_factory=list)


def nested(tree: Sequence[Department]) -> list[Node]:
    """Those at the top, each with those below it, of a tree that tells each right before those below it."""
    nodes = {one.id: Node(department=one) for one in tree}
    for one in tree:
        if one.parent_id in nodes:
            nodes[one.parent_id].below.append(nodes[one.id])
    return [nodes[one.id] for one in tree if one.parent_id not in nodes]
