"""The words, icons and colours of audit samples, in the language of the running request."""

from __future__ import annotations

from frontend.opportunity import words
from frontend.opportunity.samples.views import Population, Sample
from frontend.ui.formats import NOTHING, YEN, exact, money, number, timestamp
from frontend.ui.i18n import gettext, pgettext
from frontend.ui.looks import Look
from frontend.ui.profile_words import flag_text

DECIDED = ("APPROVED", "REJECTED", "RECALLED", "CANCELLED")
"""States from which requests are drawn."""


def state_look(state: str) -> Look:
    return {
        "OPEN": Look(pgettext("sample", "In progress"), "info", "clock"),
        "CLOSED": Look(pgettext("sample", "Closed"), "ok", "lock"),
    }.get(state, Look(state, "muted", "circle"))


def assessments() -> dict[str, Look]:
    return {
        "OPEN": Look(pgettext("sample", "Not assessed"), "muted", "circle-dashed"),
        "NO_FINDING": Look(pgettext("sample", "No finding"), "ok", "circle-check"),
        "FINDING": Look(pgettext("sample", "Finding"), "warn", "flag"),
        "NOT_APPLICABLE": Look(pgettext("sample", "Not applicable"), "muted", "minus"),
    }


def assessment_look(assessment: str) -> Look:
    return assessments().get(assessment, Look(assessment, "muted", "circle"))


def population_facts(population: Population) -> list[tuple[str, str]]:
    """By what the population was narrowed; the period in Japan's time, its end not included."""
    facts = [
        (
            gettext("Decided in"),
            gettext("from %(start)s until before %(end)s")
            % {"start": timestamp(population.decided_from), "end": timestamp(population.decided_to)},
        )
    ]
    joiner = " ・ "
    if population.kinds:
        facts.append((gettext("Kind"), joiner.join(map(words.kind_text, population.kinds))))
    if population.states:
        facts.append((gettext("State"), joiner.join(words.state_look(state).text for state in population.states)))
    if population.flags:
        facts.append((gettext("Points to note"), joiner.join(map(flag_text, population.flags))))
    if population.min_amount is not None or population.max_amount is not None:
        currency = population.currency or YEN
        bounds = [
            "" if bound is None else money(bound, currency) for bound in (population.min_amount, population.max_amount)
        ]
        facts.append((gettext("Amount"), " – ".join(bounds)))
    return facts


def drawing_facts(sample: Sample) -> list[tuple[str, str]]:
    """How it was drawn, with all that is needed to draw it again."""
    by = gettext("given by the auditor") if sample.seed_given else gettext("drawn by the system")
    return [
        *population_facts(sample.population),
        (gettext("Population"), gettext("%(n)s requests") % {"n": number(sample.population_size)}),
        (gettext("Drawn"), gettext("%(n)s requests") % {"n": number(sample.progress.total)}),
        (gettext("Seed"), f"{sample.seed} ({by})"),
        (gettext("Algorithm"), sample.algorithm),
        (gettext("Drawn by"), f"{sample.drawn_by_name or NOTHING} ・ {exact(sample.drawn_at)}"),
    ]
