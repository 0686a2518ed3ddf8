// form[data-undo]: what it asks for leaves the screen at once and is sent only when the time to undo has passed.
// Of more requests than data-undo-most the form's own script takes care. Forms without JavaScript are sent at once. Leaving the page sends what still waits: the person had decided.
const UNDO_MS = 5000;
const waiting = new Set();

const announce = (form, detail) => form.dispatchEvent(new CustomEvent("ringi:decision", { bubbles: true, detail }));

const toastFor = (text) => {
  const toast = document.getElementById("undo-toast").content.firstElementChild.cloneNode(true);
  toast.querySelector("[data-text]").textContent = text;
  document.getElementById("toasts").append(toast);
  return toast;
};

const hold = (form, submitter) => {
  const values = new FormData(form, submitter);
  const subjects = values.getAll("ids");
  const toast = toastFor(submitter.dataset.undoText);
  const bar = toast.querySelector("progress");
  const started = performance.now();
  const tick = setInterval(() => { bar.value = performance.now() - started; }, 100);
  bar.max = UNDO_MS;

  const job = { action: form.action, values, subjects };
  const finish = () => {
    clearTimeout(job.timer);
    clearInterval(tick);
    waiting.delete(job);
    toast.remove();
  };
  job.timer = setTimeout(() => {
    finish();
    send(job);
  }, UNDO_MS);
  toast.querySelector("[data-undo-button]").addEventListener("click", () => {
    finish();
    announce(document.body, { phase: "undone", subjects });
  });
  waiting.add(job);
  if (form.contains(document.activeElement)) document.activeElement.blur(); // keys, that of the undo among them, act again
  announce(form, { phase: "held", subjects });
};

// The script of a remote runs after this one: what was decided in between is told again once all scripts listen.
document.addEventListener("DOMContentLoaded", () => {
  for (const { subjects } of waiting) announce(document.body, { phase: "held", subjects });
});

// Each job has a source of its own: htmx queues one further request of an element and drops the rest.
const send = async (job) => {
  const source = document.createElement("span");
  document.getElementById("toasts").append(source);
  let failed = false;
  // The remote answers 200 for every outcome of its own; anything else means that nothing was decided.
  for (const name of ["htmx:error", "htmx:response:error"]) {
    source.addEventListener(name, () => { failed = true; });
  }
  const url = new URL(job.action);
  const values = Object.fromEntries([...job.values.keys()].map((name) => [name, job.values.getAll(name).join(",")]));
  await htmx.ajax("POST", url.pathname + url.search, { source, swap: "none", values });
  source.remove();
  announce(document.body, { phase: failed ? "failed" : "sent", subjects: job.subjects });
  if (!failed) return;
  const offline = document.getElementById("offline-toast").content.cloneNode(true);
  document.getElementById("toasts").append(offline);
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches?.("form[data-undo]") || !event.submitter?.dataset.undoText) return;
  if (form.dataset.undoMost && new FormData(form).getAll("ids").length > form.dataset.undoMost) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (event.submitter.dataset.needsComment !== undefined && !form.elements.comment.value.trim()) {
    form.dispatchEvent(new CustomEvent("ringi:chosen", { bubbles: true, detail: { button: event.submitter } }));
    form.elements.comment.setAttribute("aria-invalid", "true");
    form.elements.comment.focus();
    return;
  }
  hold(form, event.submitter);
  form.dispatchEvent(new CustomEvent("ringi:chosen", { bubbles: true, detail: { button: null } }));
}, true);

addEventListener("pagehide", () => {
  for (const job of waiting) {
    clearTimeout(job.timer);
    fetch(job.action, { method: "POST", body: new URLSearchParams(job.values), keepalive: true });
  }
  waiting.clear();
});
