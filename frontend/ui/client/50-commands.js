// Browsers without invoker commands (HTML, "command" attribute) get the one that is used here.
if (!("commandForElement" in HTMLButtonElement.prototype)) {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.('button[command="show-modal"]');
    if (button) document.getElementById(button.getAttribute("commandfor"))?.showModal();
  });
}
