// What lahetti_tables prints, as the page imports it: tables.json, and a file of texts for each language, of which a browser loads
// one. split-tables.mjs DIR <whole.json
import { readFileSync, writeFileSync } from "node:fs";

const folder = process.argv[2];
const { texts, ...tables } = JSON.parse(readFileSync(0, "utf8"));

writeFileSync(`${folder}/tables.json`, JSON.stringify(tables));
["en", "fi", "sv"].forEach((language, i) => {
  const own = Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, text[i]]));
  writeFileSync(`${folder}/${language}.json`, JSON.stringify(own));
});
