// Keys while somebody writes: Ctrl+Enter sends, Esc leaves the field. In a form with several decisions a key chooses
// one first (data-chosen); from then on Tab leads from the text to its button and never to another decision.
const decisions = (form) => [...form.elements].filter((element) => element.name === "decision" && element.type === "submit");

const choose = (form, button) => {
  for (const other of decisions(form)) {
    other.toggleAttribute("data-chosen", other === button);
    if (button && other !== button) other.tabIndex = -1;
    else other.removeAttribute("tabindex");
  }
  const hint = form.querySelector("p[data-consequence]");
  if (!hint) return;
  hint.dataset.unchosen ??= hint.textContent;
  hint.textContent = button?.dataset.consequence ?? hint.dataset.unchosen;
};

document.addEventListener("ringi:chosen", ({ target, detail }) => choose(target, detail.button));

const send = (form) => {
  const all = decisions(form);
  const chosen = all.find((button) => button.hasAttribute("data-chosen"));
  if (chosen) chosen.click();
  else if (all.length > 1) form.querySelector("p[data-consequence]")?.replaceChildren(form.dataset.askDecision ?? "");
  else form.requestSubmit(form.querySelector("button:not([type=button])") ?? undefined);
};

document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (event.isComposing || event.keyCode === 229 || event.defaultPrevented || !field.matches?.("#page input, #page textarea, #page select")) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && field.form?.method === "post") {
    event.preventDefault();
    send(field.form);
  } else if (event.key === "Escape" && !field.closest("[popover]")) {
    field.blur();
    if (field.form) choose(field.form, null);
  }
});

document.addEventListener("input", ({ target }) => {
  if (target.matches?.("form[data-undo] textarea[aria-invalid]")) target.removeAttribute("aria-invalid");
});
