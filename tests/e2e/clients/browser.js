// Drives the pages of an ordinald in headless Chromium; prints what it saw as JSON and keeps pictures.
// Usage: browser.js URL FOLDER_FOR_PICTURES
"use strict";

const path = require("node:path");
const { chromium } = require("playwright-core");

const [url, folder] = process.argv.slice(2);
const ARGUMENTS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

// A page whose requests and complaints are written down.
async function open(browser, options) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  page.seen = { requests: [], failed: [], complaints: [] };
  page.on("request", (request) => page.seen.requests.push(request.url()));
  page.on("requestfailed", (request) => page.seen.failed.push(request.url()));
  page.on("response", (reply) => reply.status() >= 400 && page.seen.failed.push(`${reply.status()} ${reply.url()}`));
  page.on("pageerror", (error) => page.seen.complaints.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) page.seen.complaints.push(message.text());
  });
  return page;
}

const picture = (page, name, options) => page.screenshot({ path: path.join(folder, `${name}.png`), ...options });

// Tries an operation out in Swagger UI, with the values that it proposes.
async function tryOut(page, verb, route) {
  const block = page.locator(`.opblock-${verb}`, { has: page.locator(`[data-path="${route}"]`) });
  await block.locator(".opblock-summary").click();
  const button = block.locator("button.try-out__btn");
  if ((await button.count()) && /try/i.test(await button.innerText())) await button.click();
  await block.locator("button.execute").click();
  const live = block.locator(".live-responses-table");
  await live.waitFor();
  const status = (await live.locator(".response-col_status").last().innerText()).trim();
  const body = await live.locator(".response-col_description .microlight, .response-col_description pre").first().innerText();
  await block.scrollIntoViewIfNeeded();
  return { status, body };
}

async function docs(browser) {
  const page = await open(browser);
  await page.goto(`${url}/docs`);
  await page.waitForSelector(".opblock");
  const operations = await page.$$eval(".opblock", (blocks) => blocks.map((block) => block.id.split("-").pop()));
  await picture(page, "docs", { fullPage: true });

  const id = await tryOut(page, "get", "/v1/id");
  await picture(page, "docs-try-it-out");
  const join = await tryOut(page, "post", "/v1/groups/{group}/members");
  await picture(page, "docs-try-it-out-body");
  const leave = await tryOut(page, "delete", "/v1/groups/{group}/members/{name}");
  return { operations, id, join, leave, ...page.seen };
}

async function landing(browser, name, options) {
  const page = await open(browser, options);
  await page.goto(url);
  const read = () => page.locator("#id").innerText();
  const digits = () => page.waitForFunction(() => /^\d+$/.test(document.querySelector("#id").textContent.trim()));
  await page.locator("#get").click();
  await digits();
  const first = await read();
  await page.locator("#get").click();
  await page.waitForFunction((old) => document.querySelector("#id").textContent.trim() !== old, first);
  await digits();
  const second = await read();

  await page.locator("#text").fill(first);
  await page.locator("#explain button[type=submit]").click();
  await page.waitForFunction((wanted) => document.querySelector("#id").textContent.trim() === wanted, first);
  const time = await page.locator("#time").innerText();
  const parts = await page.locator("#parts").innerText();
  const bits = (await page.locator("#bits").innerText()).replace(/\s/g, "");
  const forms = await page.locator("#forms dd").allInnerTexts();
  await picture(page, name, { fullPage: true });

  const quiet = { ...page.seen, failed: [...page.seen.failed], complaints: [...page.seen.complaints] };
  await page.locator("#text").fill("no ID");
  await page.locator("#explain button[type=submit]").click();
  await page.locator("#problem").waitFor();
  const problem = await page.locator("#problem").innerText();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
  return { first, second, time, parts, bits, forms, problem, wide, ...quiet };
}

async function main() {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ARGUMENTS });
  const out = {
    docs: await docs(browser),
    landing: await landing(browser, "landing", {}),
    dark: await landing(browser, "landing-dark", { colorScheme: "dark" }),
    narrow: await landing(browser, "landing-narrow", { viewport: { width: 360, height: 740 } }),
  };
  await browser.close();
  console.log(JSON.stringify(out));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
