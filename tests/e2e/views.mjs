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

/** A view that is there: named by its heading, without findings, and as a picture. */
export async function seen(page, title, name) {
  await heading(page, title).first().waitFor();
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"])
    .analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
  assert.deepEqual(found, [], `axe on "${title}"`);
  if (name) await page.screenshot({ path: picture(name), fullPage: true });
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
