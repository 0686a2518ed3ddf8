// What is typed into a form with data-keep, beyond its tab: in the browser's storage, until it is sent, discarded or
// signed out of, until somebody else signs in here, and for some days at most. The text of a tab that lives is nobody
// else's; that it lives is told by a lock, which the browser releases whatever happens to the tab. Pages that are not
// served securely have no locks: there only the tab remembers (60-drafts.js).
const KEPT = "ringi-kept:";
const KEPT_MS = 4 * 24 * 60 * 60 * 1000;
const MOST_KEPT = 20;
const owner = document.body.dataset.user ?? "";
const locks = navigator.locks;
const tab = (() => {
  const known = sessionStorage.getItem("ringi-tab") ?? String(crypto.getRandomValues(new Uint32Array(4)));
  sessionStorage.setItem("ringi-tab", known);
  return known;
})();

const nameOf = (key) => `${KEPT}${tab}|${key}`;
const placeOf = (form) => {
  const query = new URLSearchParams(location.search);
  query.delete("form");
  return `${location.pathname}?${query}#${form.id}`;
};
const all = () => Object.keys(localStorage).filter((name) => name.startsWith(KEPT)).flatMap((name) => {
  try { return [{ name, ...JSON.parse(localStorage.getItem(name)) }]; } catch { return []; }
}).sort((one, other) => other.at - one.at);
const drop = (kept) => localStorage.removeItem(kept.name);

document.addEventListener("ringi-draft-kept", ({ target: form, detail: { key, draft } }) => {
  if (!locks || !owner || form.dataset.keep === undefined) return;
  try {
    localStorage.setItem(nameOf(key), JSON.stringify({ ...draft, place: placeOf(form), tab, at: Date.now() }));
  } catch { /* full or forbidden: the tab remembers */ }
});
document.addEventListener("ringi-draft-forgotten", ({ detail }) => localStorage.removeItem(nameOf(detail.key)));
document.addEventListener("submit", ({ target }) => {
  if (target.matches("form[action='/logout']")) for (const kept of all()) drop(kept);
});

const tidy = () => {
  const stays = (kept) => (!owner || kept.owner === owner) && Date.now() - kept.at < KEPT_MS;
  const found = all();
  for (const kept of [...found.filter((one) => !stays(one)), ...found.filter(stays).slice(MOST_KEPT)]) drop(kept);
};

// What was being typed into the same form in a tab that is gone; it is taken unless this tab has something of its own.
const offerLeft = async (form) => {
  const living = new Set((await locks.query()).held.map((lock) => lock.name));
  const left = all().find((kept) => kept.place === placeOf(form) && kept.tab !== tab && !living.has(KEPT + kept.tab));
  if (!left) return;
  const event = new CustomEvent("ringi-draft-left", { bubbles: true, cancelable: true, detail: { values: left.values } });
  if (!form.dispatchEvent(event)) drop(left);
};

tidy();
if (locks && owner) {
  locks.request(KEPT + tab, () => new Promise(() => {}));
  for (const form of document.querySelectorAll("#page form[method=post][data-keep]")) offerLeft(form);
}
