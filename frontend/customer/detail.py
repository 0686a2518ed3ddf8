"""One customer: contact data, investment profile with its versions, what suitability asks, and who is in charge."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from frontend.customer.form import PROFILE_CHOICES, CustomerDraft
from frontend.customer.manifest import PREFIX
from frontend.customer.views import Customer, Profile
from frontend.ui.gateway import GatewayProblem, UserGateway, segment
from frontend.ui.page import KEY_FIELD, Page
from frontend.ui.people import people, with_missing

MAX_VERSIONS = 20
PROFILE_FIELDS = (*PROFILE_CHOICES, "objectives", "experience")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the profile and which answers it changed (all of them, for the first)."""

    profile: Profile
    changed: tuple[str, ...]


async def show(request: Request) -> Response:
    """GET /customers/{id}."""
    return await _render(Page.of(request), request.path_params["id"])


async def assign(request: Request) -> Response:
    """POST /customers/{id}/assign."""
    page = Page.of(request)
    form = await page.form()
    customer_id = request.path_params["id"]
    body = {"assignedSalesId": str(form.get("assignedSalesId", ""))}
    try:
        await page.gateway.send(
            "POST", f"/customers/{segment(customer_id)}/assign", body, key=str(form.get(KEY_FIELD, "")) or None
        )
    except GatewayProblem as problem:
        if problem.is_outage:
            raise
        message = "; ".join(dict.fromkeys([problem.message, *problem.field_errors.values()]))
        return await _render(page, customer_id, status=problem.status, error=message)
    return page.redirect(f"{PREFIX}/{segment(customer_id)}")


async def _render(page: Page, customer_id: str, *, status: int = 200, error: str = "") -> Response:
    path = f"/customers/{segment(customer_id)}"
    answer, known = await asyncio.gather(page.gateway.get(path), people(page.gateway))
    customer = Customer.model_validate(answer)
    versions = await _versions(page.gateway, path) if customer.profile else []
    reviewers = (version.profile.reviewed_by for version in versions)
    known = await with_missing(page.gateway, known, (customer.assigned_sales_id, *reviewers))
    return page.render(
        "customer/detail.html",
        status=status,
        customer=customer,
        versions=versions,
        people=known,
        error=error,
        reps=known.choices(page.identity, customer.assigned_sales_id or ""),
        draft_of=CustomerDraft.of_profile,
        fields=PROFILE_FIELDS,
    )


async def _versions(gateway: UserGateway, path: str) -> list[Version]:
    """The newest first; none while they cannot be read, since the present one stands in the customer."""
    try:
        answer = await gateway.get(f"{path}/profile-versions", limit=MAX_VERSIONS)
    except GatewayProblem:
        return []
    profiles = [Profile.model_validate(item) for item in answer["items"]]
    return [
        Version(profile, _changed(profile, profiles[index + 1] if index + 1 < len(profiles) else None))
        for index, profile in enumerate(profiles)
    ]


def _changed(profile: Profile, before: Profile | None) -> tuple[str, ...]:
    mine, theirs = CustomerDraft.of_profile(profile), CustomerDraft.of_profile(before)
    return tuple(name for name in PROFILE_FIELDS if mine.shown(name) != theirs.shown(name))
