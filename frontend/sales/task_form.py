"""Writing down a task and changing one."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from frontend.sales import customers
from frontend.sales.drafts import TaskDraft
from frontend.sales.manifest import TASKS
from frontend.sales.saving import PRECONDITION_FAILED, explanation
from frontend.sales.views import Task
from frontend.ui.gateway import UNPROCESSABLE, GatewayProblem, segment
from frontend.ui.page import KEY_FIELD, Page
from frontend.ui.people import people

MAX_TITLE = 200


async def new(request: Request) -> Response:
    """GET /tasks/new; `?customerId=` chooses the customer, `?title=` fills the title in."""
    page = Page.of(request)
    draft = TaskDraft.blank()
    draft.values["title"] = page.query("title")[:MAX_TITLE]
    draft.customer_id, draft.customer_name = await customers.chosen(page.gateway, page.query("customerId"))
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
        message = await explanation(page, problem, draft)
        return await _render(page, draft, status=problem.status, message=message)
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
    if draft.get("action") == "find":
        return await _render(page, draft, task=task, etag=etag)
    if not draft.check():
        return await _render(page, draft, status=UNPROCESSABLE, task=task, etag=etag)
    try:
        await page.gateway.send("PUT", path, {"userId": task.user_id} | draft.body(), if_match=etag)
    except GatewayProblem as problem:
        message = await explanation(page, problem, draft)
        etag = current.headers.get("ETag", "") if problem.status == PRECONDITION_FAILED else etag
        return await _render(page, draft, status=problem.status, task=task, etag=etag, message=message)
    return page.redirect(f"{TASKS}/{segment(task.id)}")


async def _render(
    page: Page, draft: TaskDraft, *, status: int = 200, task: Task | None = None, etag: str = "", message: str = ""
) -> Response:
    known = await people(page.gateway)
    query = "" if draft.customer_id else draft.get("customer_query")
    return page.render(
        "sales/task_form.html",
        status=status,
        draft=draft,
        task=task,
        etag=etag,
        message=message,
        reps=known.choices(page.identity),
        choices=await customers.found(page.gateway, query),
        query=query,
    )
