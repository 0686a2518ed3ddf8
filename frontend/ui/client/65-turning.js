// What was due soon is overdue when its time has come, on a page that is still open too: [data-turns-at] then gets the
// class and the text that it says.
const CHECK_MS = 60_000;

const turn = () => {
  for (const element of document.querySelectorAll("[data-turns-at]")) {
    if (Date.parse(element.dataset.turnsAt) > Date.now()) continue;
    if (element.dataset.turnedClass) element.className = element.dataset.turnedClass;
    if (element.dataset.turnedText) element.textContent = element.dataset.turnedText;
    element.removeAttribute("data-turns-at");
  }
  const next = [...document.querySelectorAll("[data-turns-at]")].map((element) => Date.parse(element.dataset.turnsAt) - Date.now());
  clearTimeout(turn.timer);
  turn.timer = setTimeout(turn, Math.max(Math.min(CHECK_MS, ...next), 0) + 50);
};
turn();
document.addEventListener("visibilitychange", turn);
document.addEventListener("htmx:after:swap", turn);
