// Asks ordinald. Numbers of 64 bits are text here, never numbers: a double holds 53 bits.

const TIMEOUT_MS = 5000;

// `status` 0: the server cannot be reached.
export class Refused extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

export async function get(path, accept) {
  try {
    return await fetch(path, { headers: { accept }, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch {
    throw new Refused("The server cannot be reached.", 0);
  }
}

export async function ask(path) {
  const reply = await get(path, "application/json");
  const body = await reply.json().catch(() => null);
  if (!body) throw new Refused(`The answer cannot be read (status ${reply.status}).`, reply.status);
  if (!reply.ok) throw new Refused(`${body.title}: ${body.detail}`, reply.status);
  return body;
}

// Runs a task again and again while the page can be seen. Returns what runs it at once.
export function repeat(task, pause_ms) {
  let timer = null;
  let isBusy = false;
  async function turn() {
    clearTimeout(timer);
    if (isBusy || document.hidden) return;
    isBusy = true;
    await task().catch(console.error);
    isBusy = false;
    timer = setTimeout(turn, pause_ms);
  }
  document.addEventListener("visibilitychange", turn);
  turn();
  return turn;
}
