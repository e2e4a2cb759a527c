// The ladder: a row a member, by rank. Rows move to their new rank; who goes slides out, who comes fades in.
import { fly } from "./arrows.js";
import { element, isCalm, make, write } from "./dom.js";
import { receiversOf } from "./group.js";
import { many, seconds, span } from "./words.js";

const MOVE_MS = 500;
const GO_MS = 450;
const LIT_MS = 1400;
const KINDS = {
  MEMBER_KIND_STREAM: "stream",
  MEMBER_KIND_LEASE: "lease",
  MEMBER_KIND_CALLBACK: "callback",
};

const rows = new Map(); // by session

function makeRow() {
  const cell = Object.fromEntries(
    ["rank", "name", "about", "pending", "life", "remains"].map((name) => [name, make("span", name)]));
  const bar = make("span", "lease", cell.remains);
  const row = make("li", "member", cell.rank, make("span", "who", cell.name, cell.about),
    cell.pending, make("span", "alive", cell.life, bar));
  return { row, cell, bar };
}

// What a row says of its member now. `seen_ms` is when the member was told of, by this browser's clock.
function fill({ cell, bar }, member, seen_ms, offset_ms) {
  const isOpen = member.kind === "MEMBER_KIND_STREAM" && Number(member.silentMs) === 0;
  const silent_ms = isOpen ? 0 : Number(member.silentMs) + (Date.now() - seen_ms);
  write(cell.rank, String(member.rank));
  write(cell.name, member.name);
  const age_ms = Date.now() + offset_ms - Date.parse(member.joinTime);
  write(cell.about, `${KINDS[member.kind] ?? "member"} · in for ${span(age_ms)}`);
  write(cell.pending, member.pending > 0 ? `${member.pending} unread` : "");
  write(cell.life, isOpen ? "connected" : `silent ${seconds(silent_ms)} of ${span(member.ttlMs)}`);
  bar.classList.toggle("open", isOpen);
  cell.remains.style.transform = `scaleX(${Math.max(0, 1 - silent_ms / member.ttlMs).toFixed(3)})`;
}

const placeOf = (row) => row.offsetTop;

function slide(row, from, delay) {
  const way = from - placeOf(row);
  if (way === 0) return;
  const options = { duration: MOVE_MS, delay, easing: "ease-in-out", fill: "backwards" };
  row.animate({ transform: [`translateY(${way}px)`, "none"] }, options);
}

const appear = (row) => row.animate({ opacity: [0, 1] }, { duration: MOVE_MS });

// Leaves a picture of the row where it was.
function depart(row, top, list) {
  const ghost = row.cloneNode(true);
  ghost.classList.add("ghost");
  ghost.setAttribute("aria-hidden", "true");
  ghost.style.top = `${top}px`;
  list.append(ghost);
  ghost.animate({ opacity: [1, 0], transform: ["none", "translateX(3rem)"] }, { duration: GO_MS, easing: "ease-in" })
    .finished.finally(() => ghost.remove());
}

function arrange(list, members) {
  const before = new Map([...rows].map(([session, { row }]) => [session, placeOf(row)]));
  const wanted = new Set(members.map(({ sessionId }) => sessionId));
  const moves = !isCalm();
  const gone = [...rows].filter(([session]) => !wanted.has(session));
  for (const [session, { row }] of gone) {
    rows.delete(session);
    row.remove();
    if (moves) depart(row, before.get(session), list);
  }
  members.forEach(({ sessionId }, index) => {
    if (!rows.has(sessionId)) rows.set(sessionId, makeRow());
    const { row } = rows.get(sessionId);
    if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null);
  });
  if (!moves) return;
  for (const [session, { row }] of rows)
    if (before.has(session)) slide(row, before.get(session), gone.length > 0 ? GO_MS : 0);
    else if (before.size > 0) appear(row);
}

// Brings the texts of the rows up to date; the order stays.
export function refresh(group, seen_ms, offset_ms) {
  for (const member of group.members) {
    const row = rows.get(member.sessionId);
    if (row) fill(row, member, seen_ms, offset_ms);
  }
}

export function show(group, seen_ms, offset_ms) {
  arrange(element("members"), group.members);
  refresh(group, seen_ms, offset_ms);
  const rest = group.size - group.members.length;
  write(element("more"), rest > 0 ? `and ${many(rest, "member")} below` : "");
  write(element("size"), group.epoch === null ? "" : `${many(group.size, "member")} · epoch ${group.epoch}`);
  element("nobody").hidden = group.epoch === null || group.size > 0;
}

const light = ({ sessionId }) =>
  rows.get(sessionId)?.row.animate({ backgroundColor: ["var(--lit)", "var(--card)"] }, LIT_MS);

const middle = (member) => {
  const { row } = rows.get(member.sessionId);
  return placeOf(row) + row.offsetHeight / 2;
};

// Lets a command travel.
export function travel(group, command) {
  const { sender, receivers } = receiversOf(group, command);
  if (!sender) return;
  const list = element("members");
  const to = receivers.map((member) => ({ member, y: middle(member) }));
  light(sender);
  fly(element("arrows"), list.offsetWidth, middle(sender), to, light);
}
