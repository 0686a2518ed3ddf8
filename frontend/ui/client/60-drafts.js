// What somebody has typed is theirs: it comes back after a session that ended, a refusal, Back and a reload. It is kept
// in this tab alone, for this person alone, until the form was sent and taken; what a form with data-keep holds outlives
// its tab (55-kept-drafts.js, which is told of it and tells of what it finds by events).
const PREFIX = "ringi-draft:";
const owner = document.body.dataset.user ?? "";
const TEXT = "textarea, input:not([type]), input[type=text], input[type=email], input[type=tel], input[type=date], input[type=time], input[type=number]";
const HIDDEN = new Set(["base", "etag", "idempotency_key"]);
const UNSAVED = "[data-nothing-saved], #page .alert[role=alert], #page [aria-invalid=true], #page .problem-card";
const undecided = new Set();

const read = (key) => {
  try { return JSON.parse(sessionStorage.getItem(PREFIX + key)); } catch { return null; }
};
const write = (key, draft) => {
  try { sessionStorage.setItem(PREFIX + key, JSON.stringify(draft)); } catch { /* full or forbidden: the page works without */ }
};
const forget = (key) => {
  sessionStorage.removeItem(PREFIX + key);
  document.dispatchEvent(new CustomEvent("ringi-draft-forgotten", { detail: { key } }));
};
const keys = () => Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length));

const forms = () => [...document.querySelectorAll("#page form[method=post]")].filter((form) => form.querySelector(TEXT) || form.dataset.draft);
const keyOf = (form) => form.dataset.draft ?? `${location.pathname}${location.search}#${form.querySelector(TEXT).id}`;
const wasRefused = (form) => form.querySelector(".alert[role=alert], [aria-invalid=true]") !== null;

const valuesOf = (form) => [...form.elements].flatMap((field) => {
  const kept = field.type === "hidden" ? HIDDEN.has(field.name) : field.name && !["submit", "button", "search", "password", "file"].includes(field.type);
  return !kept || (["checkbox", "radio"].includes(field.type) && !field.checked) ? [] : [[field.name, field.value]];
});

// A customer who had been searched for is not among the choices of a fresh form.
const offer = (form, name, value) => {
  const choices = form.querySelector(".choices");
  if (name !== "customer" || !choices || !value) return;
  const label = Object.assign(document.createElement("label"), { className: "choice" });
  const box = Object.assign(document.createElement("input"), { className: "input", type: "radio", name, value, checked: true });
  const text = Object.assign(document.createElement("span"), { textContent: value.slice(value.indexOf("|") + 1) });
  label.append(box, text);
  choices.prepend(label);
};

const fill = (form, values) => {
  const given = new Map();
  for (const [name, value] of values) given.set(name, [...(given.get(name) ?? []), value]);
  for (const field of form.elements) {
    const own = given.get(field.name);
    if (["checkbox", "radio"].includes(field.type)) field.checked = own?.includes(field.value) ?? false;
    else if (own && field.type !== "submit" && field.type !== "button") field.value = own[0];
  }
  const customer = given.get("customer")?.[0];
  if (customer && !form.querySelector("[name=customer]:checked, [name=customer][type=hidden]")) offer(form, "customer", customer);
};

const tell = (form, key) => {
  const note = document.getElementById("draft-note")?.content.firstElementChild.cloneNode(true);
  if (!note || form.querySelector("[data-draft-note]")) return;
  note.querySelector("button").addEventListener("click", () => { forget(key); location.reload(); });
  form.prepend(note);
};

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

const restore = (form) => {
  const key = keyOf(form);
  const draft = read(key);
  if (!draft || draft.sent || draft.owner !== owner) return;
  const shown = valuesOf(form).filter(([name]) => !HIDDEN.has(name));
  if (same(shown, draft.values.filter(([name]) => !HIDDEN.has(name)))) return;
  fill(form, draft.values);
  if (!form.hasAttribute("data-undo")) tell(form, key);
};

const put = (form, draft) => {
  const key = keyOf(form);
  write(key, draft);
  form.dispatchEvent(new CustomEvent("ringi-draft-kept", { bubbles: true, detail: { key, draft } }));
};
const keep = (form, sent = false) => put(form, { owner, sent, values: valuesOf(form) });

document.addEventListener("ringi-draft-left", (event) => {
  const form = event.target;
  if (read(keyOf(form)) || wasRefused(form)) return;
  event.preventDefault();
  put(form, { owner, sent: false, values: event.detail.values });
  restore(form);
});

// Somebody may go on typing in a form that has just been put in the place of the one they began in.
const restored = new WeakSet();
const restoreBehind = (form, field, added) => {
  if (restored.has(form)) return;
  restored.add(form);
  const typed = field.value;
  restore(form);
  if (field.value !== typed) field.value += added ?? typed;
};

document.addEventListener("input", ({ target, data }) => {
  const form = target.form;
  if (!form || !target.closest("#page") || target.type === "search" || form.method !== "post" || !form.querySelector(TEXT)) return;
  if (target.matches("textarea")) restoreBehind(form, target, data);
  if (form.dataset.draft !== undefined && !target.value) forget(keyOf(form));
  else keep(form);
});
// After this script's listeners come those of htmx; a submission that a script has taken over is not sent by the browser.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("form[action='/logout']")) {
    for (const key of keys()) forget(key);
  }
  else if (!event.defaultPrevented && read(keyOfAny(form))) keep(form, true);
});
const keyOfAny = (form) => (form.closest("#page") && (form.dataset.draft !== undefined || form.querySelector(TEXT)) ? keyOf(form) : "");

document.addEventListener("click", ({ target }) => {
  const link = target.closest?.("#page form .form-actions a[href], #page form .outrun a[href]");
  if (link) forget(keyOf(link.closest("form")));
});

// A decision is known to be taken only when its request says so; what was written with one that was not stays.
document.addEventListener("ringi-undecided", ({ detail }) => { for (const id of detail.ids) undecided.add(id); });
document.addEventListener("ringi:decision", ({ detail }) => {
  if (detail.phase !== "sent") return;
  for (const id of detail.subjects.map((ticket) => ticket.split("/")[0])) {
    if (!undecided.delete(id)) forget(`decision:${id}`);
  }
});

// Where the decision is no longer asked, what was written for it stands in the form for comments.
const inherit = () => {
  const form = document.querySelector("#page form[data-draft-from]");
  const field = form?.elements.comment;
  const left = form && read(form.dataset.draftFrom);
  const comment = left?.owner === owner && left.values.find(([name]) => name === "comment")?.[1];
  if (!comment || field.value || document.querySelector(`#page form[data-draft="${CSS.escape(form.dataset.draftFrom)}"]`)) return;
  field.value = comment;
  keep(form);
  forget(form.dataset.draftFrom);
  tell(form, keyOf(form));
};

const begin = () => {
  const cameFrom = document.referrer ? new URL(document.referrer).pathname : "";
  const unsaved = cameFrom === "/login" || document.querySelector(UNSAVED) !== null;
  for (const key of keys()) {
    const draft = read(key);
    if (draft?.sent && unsaved) write(key, { ...draft, sent: false });
    else if (!draft || draft.sent || (owner && draft.owner !== owner)) forget(key);
  }
  for (const form of forms()) {
    restored.add(form);
    wasRefused(form) ? keep(form) : restore(form);
  }
  inherit();
};
begin();
document.addEventListener("htmx:after:swap", () => {
  for (const form of forms()) {
    restored.add(form);
    if (!wasRefused(form)) restore(form);
  }
  inherit();
});
