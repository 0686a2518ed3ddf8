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
from frontend.ui.page import KEY_FIELD, Page
from frontend.ui.people import people
from frontend.ui.saving import PRECONDITION_FAILED, differences, refusal

MAX_TITLE = 200


async def new(request: Request) -> Response:
    """GET /tasks/new; `?customerId=` chooses the customer, `?title=` fills the title in."""
    page = Page.of(request)
    draft = TaskDraft.blank()
    draft.values["title"] = page.query("title")[:MAX_TITLE]
    draft.customer = await CustomerField.of(page.gateway, page.query("customerId"))
    return await _render(page, draft)


async def create(request: Request) -> Response:
    """POST /tasks/new: `action=find` looks for customers where there is no JavaScript."""
    page = Page.of(request)
    draft = TaskDraft.from_form(await page.form())
    if draft.get("action") == "find":
        return await _render(page, draft)
    if not draft.check():
        return await _render(page, draft, status=UNPROCESSABLE)
    try:
        answer = await page.gateway.send("POST", "/tasks", draft.body(), key=draft.get(KEY_FIELD) or None)
    except GatewayProblem as problem:
        draft.explain(problem.field_errors)
        return await _render(page, draft, status=problem.status, message=await refusal(page, problem))
    return page.redirect(f"{TASKS}/{segment(answer.body['id'])}")


async def edit(request: Request) -> Response:
    """GET /tasks/{id}/edit."""
    page = Page.of(request)
    answer = await page.gateway.read(f"/tasks/{segment(request.path_params['id'])}")
    task = Task.model_validate(answer.body)
    return await _render(page, TaskDraft.from_task(task), task=task, etag=answer.headers.get("ETag", ""))


async def update(request: Request) -> Response:
    """POST /tasks/{id}/edit."""
    page = Page.of(request)
    draft = TaskDraft.from_form(await page.form())
    path = f"/tasks/{segment(request.path_params['id'])}"
    current = await page.gateway.read(path)
    task, etag = Task.model_validate(current.body), draft.get("etag")
    draft.values["userId"] = draft.get("userId") or task.user_id
    if draft.get("action") == "find":
        return await _render(page, draft, task=task, etag=etag)
    if not draft.check():
        return await _render(page, draft, status=UNPROCESSABLE, task=task, etag=etag)
    try:
        await page.gateway.send("PUT", path, draft.body(), if_match=etag)
    except GatewayProblem as problem:
        draft.explain(problem.field_errors)
        message, theirs = await refusal(page, problem), None
        if problem.status == PRECONDITION_FAILED:
            theirs, etag = TaskDraft.from_task(task), current.headers.get("ETag", "")
        return await _render(page, draft, status=problem.status, task=task, etag=etag, message=message, theirs=theirs)
    return page.redirect(f"{TASKS}/{segment(task.id)}")


async def _render(
    page: Page,
    draft: TaskDraft,
    *,
    status: int = 200,
    task: Task | None = None,
    etag: str = "",
    message: str = "",
    theirs: TaskDraft | None = None,
) -> Response:
    """`theirs`: what somebody else saved after this form had been opened."""
    await draft.customer.search(page.gateway)
    in_charge = task.user_id if task else ""
    known = await people(page.gateway, in_charge)
    outrun = differences(words.task_fields(), draft.reads(known), theirs.reads(known)) if theirs else []
    return page.render(
        "sales/task_form.html",
        status=status,
        draft=draft,
        task=task,
        etag=etag,
        message=message,
        outrun=outrun,
        reps=known.choices(page.identity, in_charge),
    )
