// Shorthands for the document.

export const element = (id) => document.getElementById(id);

export function make(tag, className, ...content) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...content);
  return node;
}

export function draw(tag, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

// Writes a text only where it differs, so that nothing is laid out anew for nothing.
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export const isCalm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
