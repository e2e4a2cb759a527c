// A small chart of the last values, one line a series; it is scaled to the largest of all.
import { draw } from "./dom.js";

const WIDTH = 120;
const HEIGHT = 32;

// `series` are names of classes. Returns push(values): one value a series.
export function sparkline(svg, series, points) {
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  const lines = series.map((name) => draw("polyline", { class: name }));
  svg.replaceChildren(...lines);
  let kept = [];

  const place = (value, at, top) => {
    const x = WIDTH - ((kept.length - 1 - at) * WIDTH) / (points - 1);
    return `${x.toFixed(1)},${(HEIGHT - 1 - (value / top) * (HEIGHT - 2)).toFixed(1)}`;
  };
  return (values) => {
    kept = values ? [...kept, values].slice(-points) : [];
    const top = Math.max(1, ...kept.flat());
    lines.forEach((line, index) =>
      line.setAttribute("points", kept.map((all, at) => place(all[index], at, top)).join(" ")));
  };
}
