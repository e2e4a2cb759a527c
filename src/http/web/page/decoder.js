// Takes an ID, and explains one by what the server says of it.
import { element, make } from "./dom.js";
import { ask } from "./server.js";
import { ago } from "./words.js";

const BITS = 64;
const FORMS = [
  { name: "hex", alphabet: "0123456789abcdef", width: 16 },
  { name: "base32", alphabet: "0123456789ABCDEFGHJKMNPQRSTVWXYZ", width: 13 },
  { name: "base62", alphabet: "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", width: 11 },
];
const FIELD_TITLES = { tick: "Tick", node: "Node", sequence: "Sequence", tag: "Tag" };

function spell(id, form) {
  const base = BigInt(form.alphabet.length);
  let text = "";
  for (let rest = id; text.length < form.width; rest /= base) text = form.alphabet[Number(rest % base)] + text;
  return text;
}

// The fields of a layout from bit 63 down, with the bits above them that it leaves unused.
function fieldsOf(layout) {
  const used = layout.fields.reduce((sum, field) => sum + field.bits, 0);
  return [{ name: "unused", bits: BITS - used }, ...layout.fields];
}

function showBits(id, fields) {
  const digits = id.toString(2).padStart(BITS, "0");
  const cells = [];
  let at = 0;
  for (const field of fields) {
    for (const digit of digits.slice(at, at + field.bits)) {
      cells.push(make("span", digit === "0" ? `${field.name} zero` : field.name, digit));
    }
    at += field.bits;
  }
  element("bits").replaceChildren(...cells);
  element("bits").setAttribute(
    "aria-label",
    "64 bits: " + fields.map((field) => `${field.bits} ${field.name}`).join(", "),
  );
}

function showParts(said, fields) {
  const parts = fields
    .filter((field) => field.name !== "unused")
    .map((field) => {
      const group = make("div", field.name);
      const title = `${FIELD_TITLES[field.name] ?? field.name} · ${field.bits} bits`;
      group.append(make("dt", "", title), make("dd", "", String(said[field.name])));
      return group;
    });
  if (said.workers > 1) {
    const group = make("div");
    group.append(make("dt", "", "Worker"), make("dd", "", `${said.worker + 1} of ${said.workers}`));
    parts.push(group);
  }
  element("parts").replaceChildren(...parts);
}

function showForms(id) {
  const groups = FORMS.map((form) => {
    const group = make("div");
    group.append(make("dt", "", form.name), make("dd", "", spell(id, form)));
    return group;
  });
  element("forms").replaceChildren(...groups);
}

function show(said) {
  const id = BigInt(said.id);
  const fields = fieldsOf(said.layout);
  element("id").textContent = said.id;
  element("copy").disabled = false;
  element("time").textContent = said.time;
  element("time").dateTime = said.time;
  element("ago").textContent = `(${ago(Date.now() - Number(said.timeMs))})`;
  showBits(id, fields);
  showParts(said, fields);
  showForms(id);
  element("layout").replaceChildren(
    `Layout ${said.layout.name}: ticks of ${said.layout.timeUnit} since `,
    make("time", "", said.layout.epoch),
    ", until ",
    make("time", "", said.layout.end),
    ".",
  );
}

function complain(problem) {
  element("problem").textContent = problem ?? "";
  element("problem").hidden = !problem;
}

// Runs one request at a time: the last answer shown is that of the last question.
let asked = 0;

async function answer(question) {
  const mine = ++asked;
  try {
    const said = await question();
    if (mine !== asked) return;
    complain();
    show(said);
  } catch (error) {
    if (mine === asked) complain(error.message);
  }
}

async function takeOne() {
  const { id } = await ask("/v1/id");
  return ask(`/v1/ids/${id}`);
}

async function describe(text, format) {
  const said = await ask(`/v1/ids/${encodeURIComponent(text)}?format=${format}`);
  if (format === "decimal") return said;
  const form = FORMS.find(({ name }) => name === format);
  return { ...said, id: String(read(said.id, form)) };
}

// Reads what spell() wrote.
function read(text, form) {
  const base = BigInt(form.alphabet.length);
  return [...text].reduce((id, digit) => id * base + BigInt(form.alphabet.indexOf(digit)), 0n);
}

element("get").addEventListener("click", () => answer(takeOne));

element("explain").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = element("text").value.trim();
  if (text) answer(() => describe(text, element("format").value));
});

element("copy").addEventListener("click", async () => {
  const button = element("copy");
  try {
    await navigator.clipboard.writeText(element("id").textContent);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Not allowed";
  }
  setTimeout(() => (button.textContent = "Copy"), 1500);
});

// Explains an ID that stands elsewhere on the page.
export function explain(id) {
  element("text").value = id;
  element("format").value = "decimal";
  element("ids").scrollIntoView({ block: "start" });
  element("text").focus({ preventScroll: true });
  return answer(() => describe(id, "decimal"));
}

export const start = () => answer(takeOne);
