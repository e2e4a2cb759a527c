// Follows the events of a group (Server-Sent Events), and opens them again when they break off. Commands that were
// missed meanwhile are told afterwards, as far as the server keeps them.

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 4000;
const HIDDEN_MS = 10_000; // a page that is not seen for so long lets its connection go

const path = (group, last) =>
  `/v1/groups/${encodeURIComponent(group)}/events?maxMembers=100${last ? `&afterEventId=${last}` : ""}`;

// `told` has view(view), command(command), and state("connecting" | "live" | "lost").
export function follow(group, told) {
  let source = null;
  let last = ""; // the last event's ID
  let pause_ms = FIRST_PAUSE_MS;
  let timer = null;

  function close() {
    clearTimeout(timer);
    source?.close();
    source = null;
  }

  function open() {
    close();
    told.state("connecting");
    source = new EventSource(path(group, last));
    source.onopen = () => {
      pause_ms = FIRST_PAUSE_MS;
      told.state("live");
    };
    source.onerror = lose;
    for (const kind of ["view", "command"])
      source.addEventListener(kind, (event) => {
        last = event.lastEventId || last;
        told[kind](JSON.parse(event.data));
      });
  }

  function lose() {
    close();
    told.state("lost");
    timer = setTimeout(open, pause_ms);
    pause_ms = Math.min(2 * pause_ms, LONGEST_PAUSE_MS);
  }

  function seen() {
    if (document.hidden) {
      clearTimeout(timer);
      timer = setTimeout(close, HIDDEN_MS);
    } else if (source) {
      clearTimeout(timer);
    } else {
      open();
    }
  }

  document.addEventListener("visibilitychange", seen);
  open();
  return {
    // The server is there again after it was not: what is open may be dead, and a pause is not needed.
    reopen: open,
    close() {
      document.removeEventListener("visibilitychange", seen);
      close();
    },
  };
}
