// Hotkeys: an element with data-key="a" is clicked by A. Never while typing, never while an IME composes.
const WRITABLE = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]";
// A field that a closing dialog has hidden keeps the focus until the next frame; nobody types there any more.
const typing = (element) => element.closest?.(WRITABLE)?.checkVisibility();

const pressed = (event) => {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return event.shiftKey && key.length === 1 && key !== "?" ? `shift+${key}` : key;
};

document.addEventListener("keydown", (event) => {
  // 229 is what browsers report while an input method still owns the key.
  if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    document.getElementById("palette-open")?.click();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  const key = pressed(event);
  const target = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].find(
    (element) => !element.disabled && element.checkVisibility(),
  );
  if (!target) return;
  event.preventDefault();
  if (target.matches("input:not([type=checkbox]), textarea")) target.focus();
  else target.click();
});
