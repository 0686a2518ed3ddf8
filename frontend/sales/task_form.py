"""Writing down a task and changing one."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from frontend.sales import words
from frontend.sales.drafts import TaskDraft
from frontend.sales.manifest import TASKS
from frontend.sales.views import Task
from frontend.ui import saving
from frontend.ui.customer_field import CustomerField
from frontend.ui.gateway import segment
from frontend.ui.page import Page
from frontend.ui.people import people
from frontend.ui.saving import FRESH, INVALID, NotSaved, differences

MAX_TITLE = 200


async def new(request: Request) -> Response:
    """GET /tasks/new; `?customerId=` chooses the customer, `?title=` fills the title in."""
    page = Page.of(request)
    if not page.form_key:
        return page.with_form_key()
    draft = TaskDraft.blank()
    draft.key = page.form_key
    customer = await CustomerField.of(page.gateway, page.query("customerId"))
    draft.inputs |= {"title": (page.query("title")[:MAX_TITLE],), "customer": (customer.value,)}
    return await _render(page, draft)


async def create(request: Request) -> Response:
    """POST /tasks/new: `action=find` looks for customers where there is no JavaScript."""
    page = Page.of(request)
    draft = TaskDraft.from_form(await page.form())
    if draft.action == "find":
        return await _render(page, draft)
    if not draft.check():
        return await _render(page, draft, INVALID)
    answer = await saving.create(page, "/tasks", draft, draft.change(draft.touched))
    if isinstance(answer, NotSaved):
        return await _render(page, draft, answer)
    return page.redirect(f"{TASKS}/{segment(answer.body['id'])}")


async def edit(request: Request) -> Response:
    """GET /tasks/{id}/edit."""
    page = Page.of(request)
    answer = await page.gateway.read(f"/tasks/{segment(request.path_params['id'])}")
    return await _render(page, TaskDraft.of(answer), task=Task.model_validate(answer.body))


async def update(request: Request) -> Response:
    """POST /tasks/{id}/edit."""
    page = Page.of(request)
    draft = TaskDraft.from_form(await page.form())
    path = f"/tasks/{segment(request.path_params['id'])}"
    current = await page.gateway.read(path)
    task = Task.model_validate(current.body)
    if draft.action == "find":
        return await _render(page, draft, task=task)
    if not draft.check():
        return await _render(page, draft, INVALID, task=task)
    answer = await saving.save(page, path, draft, current)
    if isinstance(answer, NotSaved):
        return await _render(page, draft, answer, task=Task.model_validate(answer.record or current.body))
    return page.redirect(f"{TASKS}/{segment(task.id)}")


async def _render(
    page: Page,
    draft: TaskDraft,
    outcome: NotSaved = FRESH,
    *,
    task: Task | None = None,
) -> Response:
    customer = CustomerField.parse(draft.get("customer"), draft.query)
    await customer.search(page.gateway)
    in_charge = task.user_id if task else ""
    known = await people(page.gateway, in_charge)
    theirs = TaskDraft(inputs=dict(draft.original.inputs or {}))
    return page.render(
        "sales/task_form.html",
        status=outcome.status,
        draft=draft,
        customer=customer,
        task=task,
        message=outcome.message,
        outrun=differences(outcome.both, words.task_fields(), draft.reads(known), theirs.reads(known)),
        reps=known.choices(page.identity, in_charge),
    )
