// The command palette: arrow keys choose, Enter goes there. Results come from the server as the person types.
const palette = document.getElementById("palette");
const field = palette?.querySelector("input");
const options = () => [...palette.querySelectorAll("[role=option]:not([aria-disabled])")];

const choose = (option) => {
  for (const other of options()) other.setAttribute("aria-selected", String(other === option));
  if (!option) return field.removeAttribute("aria-activedescendant");
  field.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
};

field?.addEventListener("keydown", (event) => {
  if (!palette.open || event.isComposing || event.keyCode === 229) return;
  const all = options();
  const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    event.preventDefault();
    choose(all[(at + step + all.length) % all.length]);
  } else if (event.key === "Enter") {
    event.preventDefault();
    all[Math.max(at, 0)]?.click();
  }
});
palette?.addEventListener("htmx:after:swap", () => choose(options()[0]));
palette?.addEventListener("close", () => { field.value = ""; });
document.getElementById("palette-open")?.addEventListener("click", () => {
  if (!palette.open) palette.showModal();
  field.focus();
  htmx.trigger(field, "palette-open");
});
