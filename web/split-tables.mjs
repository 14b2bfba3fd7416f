// What lahetti_tables prints, as the page imports it: tables.json, and for each language two files of texts, of which a browser
// loads one to sign in with and the other when somebody has. split-tables.mjs DIR <whole.json
import { readFileSync, writeFileSync } from "node:fs";

const folder = process.argv[2];
const { texts, ...tables } = JSON.parse(readFileSync(0, "utf8"));
const inside = /^(field|page\.(act|admin|officer|receive|send|form|to))\./;

writeFileSync(`${folder}/tables.json`, JSON.stringify(tables));
["en", "fi", "sv"].forEach((language, i) => {
  const own = Object.entries(texts).map(([key, text]) => [key, text[i]]);
  const write = (name, rows) =>
    writeFileSync(`${folder}/${name}.json`, JSON.stringify(Object.fromEntries(rows)));
  write(
    language,
    own.filter(([key]) => !inside.test(key)),
  );
  write(
    `${language}-inside`,
    own.filter(([key]) => inside.test(key)),
  );
});
