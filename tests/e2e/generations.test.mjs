// A server that was restored from a backup, and a browser that knew it before: it goes on by the operator's act alone.
import assert from "node:assert/strict";
import { renameSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { House, PASSPHRASE } from "./house.mjs";
import { button, heading, seen } from "./views.mjs";

const CHANGED = "Palvelun loki on vaihtunut";

let house, worker, act;

before(
  async () => {
    house = await House.open();
    worker = await house.enrol("social-worker");
    await house.addClient("Kuvitteellinen", "Kaarlo", "010170-933L");
    const asked = [
      "--to",
      "queue:Työhönvalmennus",
      "--client-agrees",
      "--words",
      "Haluan töihin.",
      "--ask",
      "job-coaching",
    ];
    await house.lahetti("social-worker", "refer", "--client", "Kuvitteellinen", ...asked);
  },
  { timeout: 900_000 },
);
after(() => house?.close());

/** The data folder is lost; what was backed up before comes in its place. */
async function restore() {
  const [data, lost, backup, keys] = ["data", "lost", "backup", "backup-keys"].map((name) => join(house.dir, name));
  await house.lahettid("backup", backup, "--keys", keys);
  // What happens from here on is lost; the browser has seen it.
  await worker.reload();
  await signIn();
  await worker.getByRole("link", { name: "Asiakkaat" }).click();
  await worker.getByRole("link", { name: /Kuvitteellinen/ }).waitFor();
  await house.stop();
  renameSync(data, lost);
  const printed = await house.lahettid("restore", backup, "--keys", keys);
  await house.start();
  return printed;
}

async function signIn() {
  await worker.getByLabel("Salalause").fill(PASSPHRASE);
  await button(worker, "Kirjaudu sisään").click();
  await worker.getByRole("navigation").waitFor();
}

/** The generation of the newest checkpoint that the browser keeps. */
const kept = () =>
  worker.evaluate(async () => {
    const open = indexedDB.open("lahetti");
    await new Promise((resolve) => (open.onsuccess = resolve));
    const all = open.result.transaction("profile").objectStore("profile").getAll();
    await new Promise((resolve) => (all.onsuccess = resolve));
    return new TextDecoder().decode(all.result[0].checkpoint).split("\n")[0];
  });

const choose = (name, text) =>
  worker.locator("input[type=file]").setInputFiles([{ name, mimeType: "text/plain", buffer: Buffer.from(text) }]);

test("p5: a restored server is told from the one before, and shows nothing", async () => {
  act = await restore();
  await heading(worker, CHANGED).waitFor();
  await worker.getByText("Palvelu näyttää lokinsa sukupolven 2, tämä selain tuntee sukupolven 1").waitFor();
  assert.equal(await worker.getByRole("navigation").count(), 0);
  await worker.getByLabel("Salalause").fill(PASSPHRASE);
  await button(worker, "Kirjaudu sisään").click();
  await heading(worker, CHANGED).waitFor();
  await seen(worker, CHANGED, "other-generation");
  assert.match(await kept(), /\/1$/);
});

test("p5: a wrong file is told, and leads nowhere", async () => {
  await choose("muistio.txt", "Kokousmuistio\n");
  await worker.getByText("Tämä ei ole palvelimen kirjoittama ylläpitäjän päätös").waitFor();
  const [title, key, origin, size, ...rest] = act.split("\n");
  await choose("act.txt", [title, key, origin, String(Number(size) + 1), ...rest].join("\n"));
  await worker.getByText("Päätöstä ei ole allekirjoittanut loki, johon tämä selain luottaa").waitFor();
  assert.equal(await button(worker, "Jatka palautetulla lokilla").count(), 0);
});

test("p5: by the operator's act the browser goes on, and checks the log behind it", async () => {
  await choose("act.txt", act);
  await worker.getByText("Päätöksen on allekirjoittanut loki, johon tämä selain luottaa").waitFor();
  await worker.getByText("ensimmäisen jälkeiset ovat kadonneet").waitFor();
  await seen(worker, CHANGED, "act");
  await button(worker, "Jatka palautetulla lokilla").click();
  await worker.getByText("Selain jatkaa palautetulla lokilla").waitFor();
  await signIn();
  // A receipt of the generation that has ended holds in the one that goes on.
  await worker.goto(`${house.origin}/#/sent`);
  await worker.getByRole("link", { name: /Työhönvalmennus/ }).click();
  await button(worker, "Tarkista kuitti").click();
  await worker.getByText("Kuitti pitää paikkansa").waitFor();
  assert.match(await kept(), /\/2$/);
  assert.equal(await worker.getByText("Palvelun näyttämä loki ei sovi yhteen").count(), 0);
  // It is asked once.
  await worker.reload();
  await signIn();
  assert.deepEqual(worker.faults, []);
});
