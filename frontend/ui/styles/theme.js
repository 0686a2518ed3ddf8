// Loaded before the first paint, and only when the person follows the system's theme.
if (matchMedia("(prefers-color-scheme: dark)").matches) document.documentElement.classList.add("dark");
