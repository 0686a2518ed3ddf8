// What is shown of a request follows it: the news says which requests changed, or that something may have left the lists.
const told = ({ detail }) => {
  try { return JSON.parse(detail?.data ?? "{}"); } catch { return {}; }
};
const shown = () => [...document.querySelectorAll("#opportunity-rows tr[data-id]:not([data-held], [data-over])")];

// The list asks with the changed ones among its rows; captured, so that they are named before it does.
const nameChanged = (changed, others) => {
  const named = document.getElementById("opportunity-changed");
  if (!named) return;
  const ids = shown().map((row) => row.dataset.id).filter((id) => others || changed.has(id));
  named.querySelector("[name=changed]").value = ids.slice(0, Number(named.dataset.most)).join(",");
  named.querySelector("[name=selected]").value = shown().find((row) => row.ariaCurrent)?.dataset.id ?? "";
};

document.addEventListener("ringi-approval", (event) => {
  const { ids = [], others = !ids.length } = told(event);
  const changed = new Set(ids);
  nameChanged(changed, others);
  for (const part of document.querySelectorAll("[data-follows]")) {
    if (others || changed.has(part.dataset.follows)) htmx.trigger(part, "follow");
  }
}, true);

// Over for the reader: the row stays where it is and says so, and cannot be chosen any more.
const over = (row) => {
  const box = row.querySelector("input[name=ids]");
  row.setAttribute("data-over", "");
  row.querySelector(".col-state").textContent = row.parentElement.dataset.overText;
  if (!box) return;
  box.checked = false;
  box.disabled = true;
  document.dispatchEvent(new CustomEvent("ringi-over"));
};
document.addEventListener("ringi-waiting", ({ detail }) => {
  for (const row of shown()) if (!detail.ids.includes(row.dataset.id)) over(row);
});
document.addEventListener("ringi-gone", ({ detail }) => {
  for (const row of shown()) if (detail.ids.includes(row.dataset.id)) over(row);
});
