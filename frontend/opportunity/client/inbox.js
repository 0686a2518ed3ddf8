// The inbox: moving, selecting, and taking a decided request away until it is sent or undone.
const rows = () => [...document.querySelectorAll("#opportunity-rows tr[data-id]:not([data-held])")];
const current = () => document.querySelector("#opportunity-rows tr[aria-current]");
const link = (row) => row?.querySelector("a.ttl");
const inbox = () => document.querySelector(".inbox");

// Until the panel of another row is there, no key says anything of the request that it still shows.
const rest = () => {
  for (const button of document.querySelectorAll(".sample-decision button")) button.disabled = true;
};

const mark = (row) => {
  if (row !== current()) rest();
  current()?.removeAttribute("aria-current");
  row?.setAttribute("aria-current", "true");
  row?.scrollIntoView({ block: "nearest" });
};

const position = () => {
  const place = document.querySelector("[data-position]");
  if (!place || !inbox()) return;
  const all = rows();
  const at = all.indexOf(current());
  const more = document.getElementById("opportunity-more") ? "+" : "";
  place.textContent = at < 0 ? "" : `${at + 1} / ${all.length}${more}`;
};

const open = (row) => { if (row) link(row).click(); };

// Whoever reads the list alone moves in it first and opens then.
const listAlone = () =>
  document.documentElement.dataset.split === "list" && !inbox().classList.contains("inbox-explicit");

const move = (step) => {
  const all = rows();
  const at = all.indexOf(current());
  const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
  if (listAlone()) mark(next);
  else open(next);
};

const chosen = () => {
  const label = document.getElementById("opportunity-chosen");
  const count = document.querySelectorAll("#opportunity-rows tr:not([data-held]) input:checked").length;
  if (label) label.textContent = count === 1 ? label.dataset.one : label.dataset.many.replace("{n}", count);
};

const emptiness = () => {
  const empty = document.getElementById("opportunity-empty");
  const table = document.getElementById("opportunity-list");
  if (!empty || !table) return;
  const none = rows().length === 0;
  empty.hidden = !none;
  table.hidden = none;
  if (none) document.getElementById("opportunity-detail").replaceChildren();
};

const tally = (step) => {
  for (const place of document.querySelectorAll(".seg a:first-child b, .page-title .badge, #nav-count-approvals")) {
    const value = Number(place.textContent);
    if (place.textContent && Number.isFinite(value)) place.textContent = Math.max(value + step, 0) || "";
  }
};

const row = (id) => document.getElementById(`opportunity-row-${id}`);
const idOf = (ticket) => ticket.split("/")[0];

const hold = (tickets) => {
  const before = rows();
  const at = before.indexOf(current());
  const leaving = tickets.map((ticket) => row(idOf(ticket))).filter((item) => before.includes(item));
  if (!leaving.length) return;
  for (const gone of leaving) {
    gone.setAttribute("data-held", "");
    for (const box of gone.querySelectorAll("input[type=checkbox]")) box.checked = false;
  }
  tally(-leaving.length);
  chosen();
  const next = before.slice(Math.max(at, 0)).find((item) => !leaving.includes(item)) ?? rows().at(-1);
  if (leaving.includes(before[at]) || at < 0) { mark(null); open(next); }
  emptiness();
};

// A row that the server's answer has brought back already is no longer held, and stays.
const dismiss = (tickets) => {
  for (const ticket of tickets) {
    const gone = row(idOf(ticket));
    if (gone?.hasAttribute("data-held")) gone.remove();
  }
};

const bringBack = (ids) => {
  const returning = ids.map(row).filter((item) => item?.hasAttribute("data-held"));
  for (const item of returning) item.removeAttribute("data-held");
  tally(returning.length);
  emptiness();
  if (returning.length) open(returning[0]);
};

// The full page of a request: its actions wait beside the message that offers the undo, and the page follows what came
// of them. It is not loaded again, which would take the answer away before it was read.
const onFullPage = (phase) => {
  const bar = document.querySelector(".decision-bar");
  if (bar) bar.hidden = phase === "held";
  if (phase === "sent") htmx.trigger(document.body, "ringi-approval");
};

document.addEventListener("ringi:decision", ({ detail }) => {
  if (!inbox()) {
    onFullPage(detail.phase);
    return;
  }
  if (detail.phase === "held") hold(detail.subjects);
  else if (detail.phase === "sent") {
    dismiss(detail.subjects);
    const bulk = document.getElementById("opportunity-bulk-comment");
    if (bulk && !detail.subjects.some((ticket) => row(idOf(ticket)))) bulk.value = "";
  }
  else bringBack(detail.subjects.map(idOf));
  position();
});
document.addEventListener("ringi-over", () => {
  tally(-1);
  chosen();
});
document.addEventListener("ringi-restore", ({ detail }) => bringBack(detail.ids));

document.addEventListener("click", (event) => {
  const target = event.target.closest?.("#opportunity-rows tr[data-id]");
  if (!target || event.target.closest("input")) return;
  if (event.target.closest("a.ttl")) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    mark(target);
    inbox().classList.add("inbox-explicit");
  } else open(target);
});

// More than can be undone together are looked through once more, on the page of a bulk decision.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !form.matches?.("#opportunity-bulk") || !event.submitter?.value) return;
  const values = new FormData(form, event.submitter);
  if (values.getAll("ids").length <= form.dataset.undoMost) return;
  event.preventDefault();
  const kept = Object.fromEntries(["ids", "noted", "decision", "comment"].map((name) => [name, values.getAll(name)]));
  sessionStorage.setItem("ringi-picked", JSON.stringify(kept));
  location.assign(form.dataset.many);
});

let last = null;
document.addEventListener("click", (event) => {
  const box = event.target;
  if (!box.matches?.("#opportunity-rows input[name=ids], [data-pick-all]")) return;
  const all = rows().map((item) => item.querySelector("input"));
  if (box.matches("[data-pick-all]")) for (const item of all) item.checked = box.checked && !item.disabled;
  else if (event.shiftKey && last) {
    const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
    for (const item of all.slice(from, to + 1)) item.checked = box.checked && !item.disabled;
  }
  last = box;
  chosen();
});

const isTyping = (event) =>
  event.isComposing ||
  event.keyCode === 229 || // an input method still owns the key
  event.target.closest?.("[popover]") || // a form over the list: Enter there is its own
  event.target.closest?.("input:not([type=checkbox]), textarea, select")?.checkVisibility();

const openFullPage = () => location.assign(link(current())?.dataset.full ?? location.href);
const enter = () => (listAlone() ? open(current()) : openFullPage());

document.addEventListener("keydown", (event) => {
  if (!inbox() || event.defaultPrevented || isTyping(event) || document.querySelector("dialog[open]")) return;
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  const key = event.key.toLowerCase();
  if (key === "j" || key === "k") move(key === "j" ? 1 : -1);
  else if (key === "x") current()?.querySelector("input")?.click();
  else if (key === "enter" && !event.target.closest("a, button, summary")) enter();
  else return;
  event.preventDefault();
});
// Whoever has opened a request has seen what it asks to note; a decision on many needs no more words for it.
const noteOpened = () => {
  if (!document.querySelector("#opportunity-detail .panel-title")) return;
  const noted = current()?.querySelector("input[name=noted]");
  if (noted) noted.disabled = false;
};

document.addEventListener("htmx:after:swap", position);
document.addEventListener("htmx:after:swap", noteOpened);
position();
chosen();
