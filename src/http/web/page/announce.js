// What changed, in words, for those who do not see it. Changes that come together are told together, at most every
// other second, and no more than a few of them.
import { element } from "./dom.js";

const PAUSE_MS = 2000;
const MOST = 3;
let waiting = [];
let timer = null;

function tell() {
  timer = null;
  if (waiting.length === 0) return;
  const rest = waiting.length - MOST;
  const told = waiting.slice(-MOST).join(", ");
  element("announcer").textContent = rest > 0 ? `${rest} more changes, then: ${told}` : told;
  waiting = [];
  timer = setTimeout(tell, PAUSE_MS);
}

export function announce(text) {
  waiting.push(text);
  timer ??= setTimeout(tell, 100);
}
