// Commands on their way: arrows over the ladder, from the sender down to each receiver. They run down a lane beside
// the rows and turn off into each. Commands at the same time take different lanes; when all are taken, no arrows are
// drawn for one more.
import { draw, isCalm } from "./dom.js";

const LANES = 4;
const LANE_WIDTH = 11;
const TURN = 7;
const HEAD = 5;
const RUN_MS = 700;
const STAY_MS = 1300;

const lanes = new Array(LANES).fill(false);

// From (x, from) out to the lane, down, and back to (x, to).
function route(x, lane, from, to) {
  const out = x + 14 + lane * LANE_WIDTH;
  return `M${x},${from} H${out - TURN} Q${out},${from} ${out},${from + TURN} V${to - TURN} ` +
    `Q${out},${to} ${out - TURN},${to} H${x + HEAD}`;
}

function arrow(x, lane, from, to) {
  const group = draw("g", { class: "arrow" });
  const line = draw("path", { d: route(x, lane, from, to), pathLength: 1 });
  const head = draw("path", { d: `M${x},${to} l${HEAD + 2},-4 v8 z`, class: "head" });
  group.append(line, head);
  return { group, line, head };
}

// The line grows down to the receiver, which `arrived` is then told.
function run({ line, head }, arrived) {
  const options = { duration: RUN_MS, easing: "ease-in-out", fill: "both" };
  if (isCalm()) return arrived();
  line.animate({ strokeDasharray: "1 1", strokeDashoffset: [1, 0] }, options).finished.then(arrived, () => {});
  head.animate({ opacity: [0, 0, 1], offset: [0, 0.9, 1] }, options);
}

// `x` is where the rows end; `from` and `to` are heights of rows.
export function fly(svg, x, from, to, arrived) {
  const lane = lanes.indexOf(false);
  if (lane < 0) return to.forEach(({ member }) => arrived(member));
  lanes[lane] = true;
  const flight = draw("g", { class: "flight" });
  for (const { y, member } of to) {
    const one = arrow(x, lane, from, y);
    flight.append(one.group);
    run(one, () => arrived(member));
  }
  flight.append(draw("circle", { cx: x + 3, cy: from, r: 4, class: "head" }));
  svg.append(flight);
  setTimeout(() => {
    flight.remove();
    lanes[lane] = false;
  }, RUN_MS + STAY_MS);
}
