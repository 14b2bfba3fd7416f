// What the tests of the page do in any view: find, look closely, go there by keyboard.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const require = createRequire(fileURLToPath(new URL("../../web/package.json", import.meta.url)));
const { AxeBuilder } = require("@axe-core/playwright");

const pictures = process.env.LAHETTI_SCREENSHOTS;
mkdirSync(pictures, { recursive: true });

export const picture = (name) => `${pictures}/${name}.png`;
export const button = (page, name) => page.getByRole("button", { name, exact: true });
export const heading = (page, name) => page.getByRole("heading", { name });

const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
// The others see no colours.
const OF_COLOURS = ["color-contrast", "link-in-text-block"];

// Colours that are half-way to others are nobody's.
const settled = (page) =>
  page.evaluate(() =>
    Promise.all(
      document
        .getAnimations()
        .filter(({ effect }) => effect.getComputedTiming().endTime < Infinity)
        .map(({ finished }) => finished.catch(() => {})),
    ),
  );

/** What axe finds in the view as it looks now. The page has no frames, for which alone the other way would be needed. */
async function found(look, page, narrow = (axe) => axe.withTags(WCAG)) {
  await settled(page);
  const { violations } = await narrow(new AxeBuilder({ page }).setLegacyMode()).analyze();
  return violations.map(({ id, nodes }) => `${look}: ${id}: ${nodes.map((node) => node.html).join(" | ")}`);
}

/** A view that is there: named by its heading, without findings in the light, in the dark and twice as large, and as a picture. */
export async function seen(page, title, name, { dark } = {}) {
  await heading(page, title).first().waitFor();
  const findings = await found("light", page);
  if (name) await page.screenshot({ path: picture(name), fullPage: true });
  await page.emulateMedia({ colorScheme: "dark" });
  findings.push(...(await found("dark", page, (axe) => axe.withRules(OF_COLOURS))));
  if (dark) await page.screenshot({ path: picture(dark), fullPage: true });
  await page.emulateMedia({ colorScheme: "light" });
  const { width, height } = page.viewportSize();
  await page.setViewportSize({ width: width / 2, height: height / 2 });
  findings.push(...(await found("twice as large", page)));
  await page.setViewportSize({ width, height });
  assert.deepEqual(findings, [], `axe on "${title}"`);
}

/** Goes to what has a role and a name by the Tab key alone, as somebody without a mouse does, and presses a key there. */
export async function reach(page, role, name, key) {
  const wanted = page.getByRole(role, typeof name === "string" ? { name, exact: true } : { name });
  await wanted.first().waitFor();
  for (let pressed = 0; pressed < 150; pressed++) {
    await page.keyboard.press("Tab");
    if (await wanted.evaluateAll((all) => all.includes(document.activeElement))) {
      if (key !== undefined) await page.keyboard.press(key);
      return;
    }
  }
  assert.fail(`the Tab key does not come to ${role} ${name}`);
}
