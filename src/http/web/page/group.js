// What is known of a group: its members by rank in the latest epoch, and what has changed since the one before.

const KINDS = {
  CHANGE_KIND_JOINED: "joined",
  CHANGE_KIND_LEFT: "left",
  CHANGE_KIND_EXPIRED: "expired",
  CHANGE_KIND_EVICTED: "evicted",
};

export function emptyGroup() {
  return { epoch: null, size: 0, members: [] };
}

const told = (kind, { name, rank, epoch }) => ({ kind, name, rank, epoch });

// What the server says has changed after `epoch`, and how many changes it does not tell; null: it tells none.
function changesAfter(epoch, changes) {
  const fresh = changes.filter((change) => BigInt(change.epoch) > epoch);
  if (fresh.length === 0) return null;
  const missed = Number(BigInt(fresh[0].epoch) - epoch - 1n);
  const known = fresh.map((change) => told(KINDS[change.kind] ?? "changed", change));
  return missed > 0 ? [{ kind: "missed", name: `${missed} changes` }, ...known] : known;
}

// What two lists say: who is missing now, who is new. Why someone is missing is not known then.
function changesBetween(before, view) {
  const now = new Set(view.members.map(({ sessionId }) => sessionId));
  const then = new Set(before.members.map(({ sessionId }) => sessionId));
  const lowest = view.members.length < view.size ? view.members.length : Infinity;
  const gone = before.members.filter(({ sessionId, rank }) => !now.has(sessionId) && rank <= lowest);
  const come = before.members.length < before.size ? [] : view.members.filter(({ sessionId }) => !then.has(sessionId));
  return [
    ...gone.map((member) => told("gone", { ...member, epoch: view.epoch })),
    ...come.map((member) => told("joined", { ...member, epoch: view.epoch })),
  ];
}

// The group after a view, and the changes that led there, oldest first. The first view of all tells none.
export function apply(group, view) {
  const next = { epoch: BigInt(view.epoch), size: view.size, members: view.members };
  if (group.epoch === null) return [next, []];
  if (next.epoch === group.epoch) return [next, []];
  return [next, changesAfter(group.epoch, view.changes ?? []) ?? changesBetween(group, view)];
}

// The members that a command went to: those of lower rank that were in when it was accepted.
export function receiversOf(group, command) {
  const id = BigInt(command.id);
  const sender = group.members.find(({ name }) => name === command.sender);
  if (!sender) return { sender: null, receivers: [] };
  const receivers = group.members.filter(({ rank, sessionId }) => rank > sender.rank && BigInt(sessionId) < id);
  return { sender, receivers };
}
