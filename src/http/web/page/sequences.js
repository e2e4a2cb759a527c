// The named sequences, if there are any.
import { element, make, write } from "./dom.js";
import { ask } from "./server.js";

const LISTED = 100;
const MODES = { SEQUENCE_MODE_BLOCK: "block", SEQUENCE_MODE_GAPLESS: "gapless" };
const rows = new Map();

function rowOf(name) {
  if (!rows.has(name)) {
    const cells = [make("th", "", name), make("td"), make("td", "figure")];
    cells[0].scope = "row";
    rows.set(name, { row: make("tr", "", ...cells), cells });
  }
  return rows.get(name);
}

function fill({ row, cells }, { mode, next, exhausted }) {
  write(cells[1], MODES[mode] ?? mode);
  write(cells[2], exhausted ? "exhausted" : next);
  return row;
}

export async function showSequences() {
  const { sequences, nextPageToken } = await ask(`/v1/sequences?pageSize=${LISTED}`);
  const shown = sequences.map((sequence) => fill(rowOf(sequence.name), sequence));
  const isSame = shown.length === rows.size && shown.length === element("sequence-rows").children.length;
  if (!isSame) element("sequence-rows").replaceChildren(...shown);
  for (const [name, { row }] of rows) if (!row.isConnected) rows.delete(name);
  write(element("more-sequences"), nextPageToken ? `The first ${LISTED}; more by GET /v1/sequences.` : "");
  element("sequences").hidden = shown.length === 0;
}
