// A page in headless Chromium that a test drives: a line of JSON in, {do, …}, a line of JSON out, {value} or {error}.
"use strict";

const fs = require("node:fs");
const readline = require("node:readline");
const { chromium } = require("playwright-core");

const ARGUMENTS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];
const PATIENCE_MS = 30_000;
let browser = null;
let page = null;
let seen = null;

// Opens a page of its own, whose requests and complaints are written down.
async function open({ url, options }) {
  await page?.context().close();
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  seen = { requests: [], complaints: [] };
  page.on("request", (request) => seen.requests.push(request.url()));
  page.on("pageerror", (error) => seen.complaints.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) seen.complaints.push(message.text());
  });
  await page.goto(url);
}

// What an expression says once that is true. (Playwright's own way would evaluate text within the page, which its policy
// forbids.)
async function wait({ expression }) {
  for (const until = Date.now() + PATIENCE_MS; Date.now() < until; await new Promise((done) => setTimeout(done, 30))) {
    const value = await page.evaluate(expression);
    if (value) return value;
  }
  const text = await page.evaluate("document.body.innerText");
  throw new Error(`never came true: ${expression}; the page says: ${text}`);
}

// What axe-core has to say against the page: [rule, where].
async function audit() {
  await page.evaluate(fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"));
  const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  return found.violations.map(({ id, nodes }) => [id, nodes.map(({ target }) => target.join(" "))]);
}

const verbs = {
  open,
  audit,
  read: ({ expression }) => page.evaluate(expression),
  wait,
  click: ({ selector }) => page.click(selector),
  fill: ({ selector, text }) => page.fill(selector, text),
  press: ({ key }) => page.keyboard.press(key),
  picture: ({ path, options }) => page.screenshot({ path, ...options }).then(() => null),
  seen: () => seen,
};

async function main() {
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ARGUMENTS });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const wanted = JSON.parse(line);
    const answer = await Promise.resolve(wanted)
      .then(verbs[wanted.do])
      .then((value) => ({ value: value ?? null }), (error) => ({ error: String(error) }));
    console.log(JSON.stringify(answer));
  }
  await browser.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
