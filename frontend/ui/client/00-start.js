// htmx wires the page in a timer that starts when its script has run. The scripts below take keys and clicks at once,
// and what they pass on to an element that is not wired yet is lost (the palette stays empty) or becomes a navigation
// of the browser (which sends a decision before it can be undone). So the page is wired now; the timer finds it done.
htmx.initialize();
