// Messages leave by themselves, except those that report something gone wrong.
const TOAST_MS = 6000;
const list = document.getElementById("toasts");

const leave = (toast) => setTimeout(() => toast.remove(), TOAST_MS);
if (list) {
  new MutationObserver((changes) => {
    for (const change of changes) {
      for (const toast of change.addedNodes) {
        if (toast.dataset?.toast !== undefined && toast.getAttribute("role") === "status") leave(toast);
      }
    }
  }).observe(list, { childList: true });
}
document.addEventListener("click", (event) => {
  event.target.closest?.("[data-close]")?.closest("[data-toast]")?.remove();
});
