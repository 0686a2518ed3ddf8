// The page on which many requests are chosen for one decision: what was picked in the inbox, and how many that is.
const chooser = () => document.getElementById("opportunity-bulk-form");
const picks = () => [...chooser().querySelectorAll("input[name=ids]")];

const countPicks = () => {
  const label = document.getElementById("opportunity-bulk-count");
  const number = picks().filter((box) => box.checked).length;
  label.textContent = number === 1 ? label.dataset.one : label.dataset.many.replace("{n}", number);
  const all = chooser().querySelector("[data-bulk-all]");
  all.checked = number === picks().length;
  all.indeterminate = number > 0 && !all.checked;
};

const takeOver = () => {
  const kept = sessionStorage.getItem("ringi-picked");
  if (kept === null) return;
  sessionStorage.removeItem("ringi-picked");
  const { ids, noted, decision, comment } = JSON.parse(kept);
  const picked = new Set(ids.map((ticket) => ticket.split("/")[0]));
  for (const box of picks()) box.checked = picked.has(box.value.split("/")[0]);
  for (const box of chooser().querySelectorAll("input[name=noted]")) box.checked = noted.includes(box.value);
  for (const radio of chooser().querySelectorAll("input[name=decision]")) radio.checked = radio.value === decision[0];
  const field = chooser().elements.comment;
  field.value = comment[0] ?? "";
  field.dispatchEvent(new Event("input", { bubbles: true })); // kept like what is typed here
};

document.addEventListener("change", ({ target }) => {
  if (!chooser()?.contains(target)) return;
  if (target.matches("[data-bulk-all]")) for (const box of picks()) box.checked = target.checked;
  countPicks();
});
if (chooser()) {
  takeOver();
  countPicks();
}
document.addEventListener("htmx:after:swap", () => { if (chooser()) countPicks(); });
