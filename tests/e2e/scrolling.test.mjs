// Long lists: an inbox of 1,000 notices, and a report of 100,000 lines as a timeline and as a table. They are invented
// (web/tests/scrolling); what draws them is the page's own code, built as the page is. What depends on the machine is printed and
// never asserted: docs/page.md has it.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { launch, PATIENCE_MS } from "./house.mjs";
import { button } from "./views.mjs";

const web = fileURLToPath(new URL("../../web", import.meta.url));
const ORIGIN = "https://page.invalid";
const CLIENT = "0".repeat(32);
/** All elements of the page. A whole inbox would have some 10,000, a whole report ten times as many and more. */
const ELEMENTS_MOST = 8_000;
const SCREENS = 200;

let built, browser;

before(async () => {
  built = mkdtempSync(join(tmpdir(), "lahetti-scrolling-"));
  await promisify(execFile)("vite", ["build", "tests/scrolling", "--config", "vite.config.ts", "--logLevel", "warn"], {
    cwd: web,
    env: { ...process.env, LAHETTI_PAGE: built },
  });
  browser = await launch();
}, { timeout: 10 * PATIENCE_MS });
after(async () => {
  await browser?.close();
  rmSync(built, { recursive: true });
});

async function visit(address) {
  const page = await browser.newPage({ locale: "fi-FI", timezoneId: "Europe/Helsinki" });
  page.setDefaultTimeout(PATIENCE_MS);
  page.faults = [];
  page.on("pageerror", (error) => page.faults.push(String(error)));
  await page.route(`${ORIGIN}/**`, (route) => {
    const { pathname } = new URL(route.request().url());
    return route.fulfill({ path: join(built, pathname === "/" ? "index.html" : pathname) });
  });
  await page.goto(`${ORIGIN}/${address}`);
  return page;
}

/** Goes to the end by the End key; the milliseconds until the last entry has been drawn in the window. */
async function jump(page, last) {
  await page.evaluate((selector) => {
    window.took = undefined;
    const begin = ({ timeStamp }) => {
      const look = () => {
        const place = document.querySelector(selector)?.getBoundingClientRect();
        if (place && place.top < innerHeight && place.bottom > 0) window.took = performance.now() - timeStamp;
        else requestAnimationFrame(look);
      };
      look();
    };
    addEventListener("keydown", begin, { once: true });
  }, last);
  await page.keyboard.press("End");
  return (await page.waitForFunction(() => window.took)).jsonValue();
}

/** Scrolls by the wheel, a screen at a time; the milliseconds of each frame, and the most elements that there were in one. */
async function wheel(page, screens) {
  await page.mouse.move(640, 400);
  await page.evaluate(() => {
    const seen = (window.seen = { frames: [], most: 0, over: false });
    let before = performance.now();
    const look = (now) => {
      seen.frames.push(now - before);
      before = now;
      seen.most = Math.max(seen.most, document.getElementsByTagName("*").length);
      if (!seen.over) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  for (let screen = 1; screen <= screens; screen++) {
    const { height } = page.viewportSize();
    const from = await page.evaluate(() => scrollY);
    await page.mouse.wheel(0, height);
    await page.waitForFunction((y) => scrollY !== y, from);
  }
  return page.evaluate(() => {
    window.seen.over = true;
    return window.seen;
  });
}

/** What a list promises, whatever it is a list of. `entry` says which element is the entry of a number, `tabbed` what in it takes the focus. */
async function holds(page, name, { entries, entry, tabbed }) {
  await page.locator(entry(1)).waitFor();
  if (tabbed) await page.locator(`${entry(1)} ${tabbed}`).focus();
  const all = await page.evaluate(() => document.documentElement.scrollHeight / innerHeight);
  const screens = Math.min(SCREENS, Math.floor(all / 2)); // the end is not near yet
  const { frames, most } = await wheel(page, screens);
  // Where one has come there are entries, not the empty box of those that are far away.
  await page.waitForFunction(() => document.elementFromPoint(innerWidth / 2, innerHeight / 2).closest("[aria-posinset], tr"));
  const ms = await jump(page, entry(entries));
  const elements = await page.evaluate(() => document.getElementsByTagName("*").length);
  assert.ok(Math.max(most, elements) < ELEMENTS_MOST, `${most} elements on the way, ${elements} at the end`);
  if (tabbed) {
    // The focus is where it was, far above, and goes on from there.
    const has = (number) => page.evaluate((selector) => document.activeElement.matches(selector), `${entry(number)} ${tabbed}`);
    assert.ok(await has(1));
    await page.keyboard.press("Tab");
    assert.ok(await has(2));
  }
  assert.deepEqual(page.faults, []);
  const slow = frames.filter((frame) => frame > 50);
  console.log(
    `${name}: at most ${Math.max(most, elements)} elements; the end after ${Math.round(ms)} ms; ` +
      `${screens} screens by the wheel: ${frames.length} frames, ${slow.length} of them longer than 50 ms, ` +
      `the longest ${Math.round(Math.max(...frames))} ms`,
  );
}

test("an inbox of 1,000", async () => {
  const page = await visit("#/inbox");
  await holds(page, "inbox of 1,000", {
    entries: 1_000,
    entry: (number) => `[role=listitem][aria-setsize="1000"][aria-posinset="${number}"]`,
    tabbed: "a",
  });
  await page.close();
});

test("a report of 100,000 lines, as a timeline and as a table", async () => {
  const page = await visit(`?officer#/who-saw/${CLIENT}`);
  await holds(page, "timeline of 100,000", {
    entries: 100_000,
    entry: (number) => `[role=listitem][aria-setsize="100000"][aria-posinset="${number}"]`,
    tabbed: "summary",
  });
  await button(page, "Taulukko").click();
  await holds(page, "table of 100,000", {
    entries: 100_000,
    entry: (number) => `[role=table][aria-rowcount="100001"] [role=row][aria-rowindex="${number + 1}"]`,
  });
  await page.close();
});
