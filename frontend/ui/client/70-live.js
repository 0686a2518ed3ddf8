// One stream for all tabs of a browser: HTTP/1.1 gives a browser six connections, and the seventh tab would never load.
// The tab that holds the lock has the stream and passes on what comes; when it closes, the next one takes over. Browsers
// that have no locks (or an address without TLS) get a stream for each visible tab.
const live = document.getElementById("live");

const connect = (config) => {
  live.setAttribute("hx-config", config);
  live.setAttribute("hx-sse:connect", live.dataset.live);
  htmx.process(live);
};

const take = ({ data, event }) => {
  if (event) htmx.trigger(live, event, { data });
  else htmx.swap({ sourceElement: live, target: live, swap: "none swapEmpty:false", text: data });
};

const share = (name) => {
  const tabs = new BroadcastChannel(name);
  tabs.addEventListener("message", (message) => take(message.data));
  navigator.locks.request(name, () => new Promise(() => {
    live.addEventListener("htmx:sse:before:message", ({ detail }) => tabs.postMessage({ ...detail.message }));
    connect("sse.pauseOnBackground:false");
  }));
};

if (live) {
  if (navigator.locks && "BroadcastChannel" in window) share(`ringi-live:${document.body.dataset.user}`);
  else connect("");
}
