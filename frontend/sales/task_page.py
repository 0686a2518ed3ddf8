"""One task, and its steps: start, complete, reopen, cancel, delete; in the list they happen in place."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from frontend.sales import words
from frontend.sales.manifest import TASKS
from frontend.sales.task_list import Filters
from frontend.sales.views import Task, TaskPage
from frontend.ui.gateway import UNPROCESSABLE, GatewayProblem, segment
from frontend.ui.page import KEY_FIELD, Page
from frontend.ui.saving import refusal
from frontend.ui.security import own_path

OF_CUSTOMER_LIMIT = 6


async def show(request: Request) -> Response:
    """GET /tasks/{id}."""
    return await _render(Page.of(request), request.path_params["id"])


async def change_state(request: Request) -> Response:
    """POST /tasks/{id}/status: `status`; `back` is where to go without JavaScript."""
    page = Page.of(request)
    form = await page.form()
    task_id, status = request.path_params["id"], str(form.get("status", ""))
    back = own_path(str(form.get("back", "")), f"{TASKS}/{segment(task_id)}")
    in_row = page.target.startswith("sales-task-")
    if status not in words.task_looks():
        return await _render(page, task_id, status=UNPROCESSABLE)
    try:
        answer = await page.gateway.send(
            "PATCH",
            f"/tasks/{segment(task_id)}/status",
            {"status": status},
            key=str(form.get(KEY_FIELD, "")) or None,
        )
    except GatewayProblem as problem:
        if problem.status in {403, 404} and not in_row:
            raise
        message = problem.message if problem.status in {403, 404} else await refusal(page, problem)
        if not in_row:
            return await _render(page, task_id, status=problem.status, error=message)
        task = Task.model_validate(await page.gateway.get(f"/tasks/{segment(task_id)}"))
        return page.render("sales/task_changed.html", item=task, back=back, message=message, kind="bad")
    task = Task.model_validate(answer.body)
    if not in_row:
        return page.redirect(back)
    return page.render("sales/task_changed.html", item=task, back=back, message=words.step_text(status), kind="ok")


async def delete(request: Request) -> Response:
    """POST /tasks/{id}/delete."""
    page = Page.of(request)
    form = await page.form()
    task_id = request.path_params["id"]
    try:
        await page.gateway.send("DELETE", f"/tasks/{segment(task_id)}", if_match=str(form.get("etag", "")))
    except GatewayProblem as problem:
        return await _render(page, task_id, status=problem.status, error=await refusal(page, problem))
    return page.redirect(TASKS)


async def of_customer(request: Request) -> Response:
    """GET /tasks/-/of-customer?customerId=: what is to be done for a customer, for the page of the customer."""
    page = Page.of(request)
    customer_id = page.query("customerId")
    listed: list[Task] = []
    for tab in ("overdue", "due"):
        answer = await page.gateway.get(Filters(tab=tab, customer=customer_id).api(limit=OF_CUSTOMER_LIMIT))
        listed += TaskPage.model_validate(answer).items
    return page.render("sales/tasks_of.html", tasks=listed[:OF_CUSTOMER_LIMIT], customer_id=customer_id)


async def _render(page: Page, task_id: str, *, status: int = 200, error: str = "") -> Response:
    answer = await page.gateway.read(f"/tasks/{segment(task_id)}")
    task = Task.model_validate(answer.body)
    return page.render("sales/task.html", status=status, task=task, etag=answer.headers.get("ETag", ""), error=error)
