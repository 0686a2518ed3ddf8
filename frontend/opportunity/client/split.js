// The border between list and request. Its places are steps that the stylesheet has a rule for, so the server can draw it
// where it was left; they are shares of the width in percent.
const STEP = 2;
const LEAP = 10;
const root = document.documentElement;
const border = () => document.getElementById("opportunity-split");
const bound = (name) => Number(border().getAttribute(`aria-value${name}`));

const place = () => {
  const panes = border().parentElement.getBoundingClientRect();
  const list = border().previousElementSibling.getBoundingClientRect();
  return panes.width ? Math.round((100 * list.width) / panes.width) : bound("now");
};
const tell = () => {
  const share = Math.min(Math.max(place(), bound("min")), bound("max"));
  border()?.setAttribute("aria-valuenow", share);
  border()?.setAttribute("aria-valuetext", `${share}%`);
};
const move = (share) => {
  const stepped = Math.round(share / STEP) * STEP;
  root.dataset.split = Math.min(Math.max(stepped, bound("min")), bound("max"));
  tell();
};

// Kept a moment after the last move, so that a held key does not ask the server for every step.
const PAUSE_MS = 300;
let saving = 0;
const save = () => {
  if (!saving) return;
  clearTimeout(saving);
  saving = 0;
  const body = new URLSearchParams(new FormData(document.getElementById("display-split")));
  body.set("value", root.dataset.split);
  fetch("/preferences/split", { method: "POST", body, headers: { "HX-Request": "true" }, keepalive: true });
};
const keep = () => {
  clearTimeout(saving);
  saving = setTimeout(save, PAUSE_MS);
};
addEventListener("pagehide", save);
const reset = () => {
  root.dataset.split = "auto";
  tell();
  keep();
};

document.addEventListener("pointerdown", (event) => {
  if (!event.target.matches?.("#opportunity-split") || event.button) return;
  event.preventDefault();
  border().focus();
  border().setPointerCapture(event.pointerId);
  border().setAttribute("data-dragged", "");
});
document.addEventListener("pointermove", (event) => {
  if (!border()?.hasAttribute("data-dragged")) return;
  const panes = border().parentElement.getBoundingClientRect();
  move((100 * (event.clientX - panes.left)) / panes.width);
});
for (const end of ["pointerup", "pointercancel"]) {
  document.addEventListener(end, () => {
    if (!border()?.hasAttribute("data-dragged")) return;
    border().removeAttribute("data-dragged");
    keep();
  });
}
document.addEventListener("dblclick", (event) => { if (event.target.matches?.("#opportunity-split")) reset(); });
document.addEventListener("keydown", (event) => {
  if (!event.target.matches?.("#opportunity-split") || event.ctrlKey || event.metaKey || event.altKey) return;
  const to = {
    ArrowLeft: () => place() - STEP,
    ArrowRight: () => place() + STEP,
    PageDown: () => place() - LEAP,
    PageUp: () => place() + LEAP,
    Home: () => bound("min"),
    End: () => bound("max"),
  }[event.key];
  if (to) move(to());
  else if (event.key === "Enter") reset();
  else return;
  event.preventDefault();
  event.stopPropagation();
  if (to) keep();
});
addEventListener("resize", () => { if (border()) tell(); });
if (border()) tell();
