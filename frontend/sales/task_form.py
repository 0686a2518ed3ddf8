"""Writing down a task and changing one."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from frontend.sales import words
from frontend.sales.drafts import TaskDraft
from frontend.sales.manifest import TASKS
from frontend.sales.views import Task
from frontend.ui.customer_field import CustomerField
from frontend.ui.gateway import UNPROCESSABLE, GatewayProblem, segment
from frontend.ui.page import Page
from frontend.ui.people import people
from frontend.ui.saving import Outrun, differences, refusal, refused, save

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
        return await _render(page, draft, status=UNPROCESSABLE)
    try:
        answer = await page.gateway.send("POST", "/tasks", draft.change(draft.touched), key=draft.key or None)
    except GatewayProblem as problem:
        return await _render(page, draft, status=problem.status, message=await refused(page, draft, problem))
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
        return await _render(page, draft, status=UNPROCESSABLE, task=task)
    try:
        await save(page, path, draft, current)
    except Outrun as outrun:
        return await _render(
            page,
            draft,
            status=outrun.problem.status,
            task=Task.model_validate(outrun.current.body),
            message=await refusal(page, outrun.problem),
            both=outrun.both,
        )
    except GatewayProblem as problem:
        message = await refused(page, draft, problem)
        return await _render(page, draft, status=problem.status, task=task, message=message)
    return page.redirect(f"{TASKS}/{segment(task.id)}")


async def _render(
    page: Page,
    draft: TaskDraft,
    *,
    status: int = 200,
    task: Task | None = None,
    message: str = "",
    both: list[str] | None = None,
) -> Response:
    """`both`: the parts that somebody else changed too, after this form had been opened."""
    customer = CustomerField.parse(draft.get("customer"), draft.query)
    await customer.search(page.gateway)
    in_charge = task.user_id if task else ""
    known = await people(page.gateway, in_charge)
    theirs = TaskDraft(inputs=dict(draft.original.inputs or {}))
    return page.render(
        "sales/task_form.html",
        status=status,
        draft=draft,
        customer=customer,
        task=task,
        message=message,
        outrun=differences(both or (), words.task_fields(), draft.reads(known), theirs.reads(known)),
        reps=known.choices(page.identity, in_charge),
    )
