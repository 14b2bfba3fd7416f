// The page in real browsers against the real server: R1 from referral to outcome with two people at once, the data-protection
// officer's look at it, what is refused, lost and revoked. Each view is looked at by axe after it has been asserted to be there.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { House, PASSPHRASE } from "./house.mjs";
import { button, heading, picture, reach, seen } from "./views.mjs";

const WORDS = "Kaipaan töihin, mutta selkä ei kestä <b>kokopäivätyötä</b>.";
const CODE = "131052-902Y"; // of the test range

const REPORT = "Asiakkaan lokitietoraportti";

let house, worker, coach, officer, reported;

before(async () => {
  house = await House.open();
}, { timeout: 900_000 });
after(() => house?.close());

// Alters the last bit of the first event in a page of the trail; says whether the frame was one (protocol.md section 2).
function alterFirstEvent(frame) {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      value += (frame[at] & 0x7f) * 2 ** shift;
      if (frame[at++] < 0x80) return value;
    }
  };
  const field = (number) => varint() === number * 8 + 2 && varint();
  const TRAIL = 63;
  if (varint() !== 8) return false; // the correlation
  varint();
  const length = field(TRAIL) && field(1) && field(1); // of the event of the first line
  if (!length) return false;
  frame[at + length - 1] ^= 1;
  return true;
}

test("a wrong code and a short passphrase are told beside their fields", async () => {
  const page = await house.visit();
  await seen(page, "Rekisteröi tämä selain", "enrol");
  await button(page, "Rekisteröi tämä selain").click();
  await page.getByText("Tämä ei ole rekisteröintikoodi").waitFor();
  await page.getByLabel("Rekisteröintikoodi").fill("0000-0000-0000-0000");
  await page.getByLabel("Tämän selaimen salalause").fill(PASSPHRASE);
  await page.getByLabel("Salalause uudelleen").fill(PASSPHRASE);
  await button(page, "Rekisteröi tämä selain").click();
  await page.getByRole("alert").waitFor();
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test("the first view is at most 200 kB over the wire, and comes from this server alone", async () => {
  const page = await house.visit();
  await heading(page, "Rekisteröi tämä selain").waitFor();
  await page.evaluate(() => document.fonts.ready);
  const loaded = await page.evaluate(() =>
    [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].map((entry) => [
      entry.name,
      entry.transferSize,
    ]),
  );
  const whole = loaded.reduce((sum, [, size]) => sum + size, 0);
  console.log(`first view: ${loaded.length} files, ${whole} bytes`);
  assert.ok(whole > 50_000 && whole <= 200_000, `${whole} bytes: ${JSON.stringify(loaded)}`);
  assert.deepEqual(loaded.filter(([name]) => !name.startsWith(house.origin)), []);
  await page.context().close();
});

test("r1: a social worker adds a client and refers to the coaches' queue", async () => {
  [worker, coach] = [await house.enrol("social-worker"), await house.enrol("coach")];
  await seen(coach, "Saapuneet");
  await worker.getByRole("link", { name: "Asiakkaat" }).click();
  await seen(worker, "Asiakkaat");
  await button(worker, "Lisää asiakas").click();
  await worker.getByLabel("Sukunimi").fill("Esimerkki");
  await worker.getByLabel("Etunimet").fill("Eeva Maria");
  await worker.getByLabel(/Henkilötunnus/).fill(CODE.replace(/.$/, CODE.endsWith("X") ? "Y" : "X"));
  await button(worker, "Lisää").click();
  await worker.locator("[aria-invalid=true]").first().waitFor();
  await worker.getByLabel(/Henkilötunnus/).fill(CODE);
  await button(worker, "Lisää").click();
  await seen(worker, "Esimerkki, Eeva Maria", "client");
  await button(worker, "Uusi ohjaus palveluun").click();
  await heading(worker, "Kenelle").waitFor();
  await worker.getByRole("button", { name: /Työhönvalmennus/ }).click();
  await worker.getByText("Yksikön jono: vapaana").click();
  await button(worker, "Jatka").click();
  await worker.getByText("Asiakas tietää palveluun ohjaamisesta ja haluaa sitä", { exact: true }).click();
  await worker.getByLabel(/asiakkaan omin sanoin/).fill(WORDS);
  await worker.getByText("Työhönvalmennus", { exact: true }).first().click();
  await worker.getByRole("radio").first().check({ force: true });
  await seen(worker, "Asia", "refer");
  await button(worker, "Jatka").click();
  const file = { name: "lausunto.pdf", mimeType: "application/pdf", buffer: Buffer.alloc(300_000, "x") };
  await worker.locator("input[type=file]").setInputFiles([file]);
  await worker.getByText("lausunto.pdf").waitFor();
  await button(worker, "Jatka").click();
  await seen(worker, "Kuka näkisi tämän", "who-would-see");
  await button(worker, "Jatka").click();
  await button(worker, "Allekirjoita ja lähetä").click();
  await worker.getByText("kuitti on tarkistettu").waitFor();
  await worker.getByRole("link", { name: "Seuraa ohjauksen" }).click();
  await seen(worker, "Lähetetty");
});

test("r1: the coach sees it come, opens it, takes it and ends it; the sender follows", async () => {
  await coach.getByRole("link", { name: /Yksikön jono/ }).first().click();
  await coach.locator(".notice").first().waitFor();
  await seen(coach, "Saapuneet", "inbox");
  assert.equal(await coach.getByText("Esimerkki, Eeva").count(), 0, "a notice names no client");
  await coach.locator(".notice").first().click();
  await button(coach, "Ota jonosta").click();
  await button(coach, "Avaa").click();
  await coach.getByText("Laatijan allekirjoitus pitää paikkansa").waitFor();
  // Text of others is text.
  await coach.getByText(WORDS).waitFor();
  await button(coach, "Hae tiedosto").click();
  await coach.getByText("Tiedosto on se, jonka laatija allekirjoitti").waitFor();
  await seen(coach, "Mitä voitte tehdä", "opened");
  await button(coach, "Ota palveluun").click();
  await button(coach, "Allekirjoita ja kirjaa").click();
  await coach.getByText("Kirjattu: Ota palveluun").waitFor();
  await button(coach, "Päätä").click();
  await button(coach, "Allekirjoita ja lähetä").click();
  await coach.locator(".fi-status-text--error").first().waitFor();
  await coach.getByText("Valitkaa", { exact: true }).click();
  await coach.getByText("Työllistyi", { exact: true }).click();
  await coach.getByLabel(/lähettäjälle/i).last().fill("Eeva aloittaa työn.");
  await button(coach, "Allekirjoita ja lähetä").click();
  await coach.getByText("Kirjattu: Päätä").waitFor();
  // Without reloading.
  await worker.getByText("Päättynyt").first().waitFor();
  await button(worker, "Tarkista kuitti").click();
  await worker.getByText("Kuitti pitää paikkansa").waitFor();
  await seen(worker, "Päättynyt", "timeline", { dark: "dark" });
  assert.deepEqual([worker.faults, coach.faults], [[], []]);
});

test("r1 by keyboard alone", async () => {
  const words = "Haluan kokeilla työtä.";
  await reach(worker, "link", "Asiakkaat", "Enter");
  await reach(worker, "link", /Esimerkki, Eeva/, "Enter");
  await reach(worker, "button", "Uusi ohjaus palveluun", "Enter");
  await reach(worker, "button", /Työhönvalmennus/, "Enter");
  await reach(worker, "radio", /Yksikön jono/, "Space");
  await reach(worker, "button", "Jatka", "Enter");
  await reach(worker, "checkbox", /^Asiakas tietää/, "Space");
  await reach(worker, "textbox", /Asiakkaan toive/);
  await worker.keyboard.type(words);
  await reach(worker, "checkbox", "Työhönvalmennus", "Space");
  await reach(worker, "radio", "Tavallinen", "Space");
  await reach(worker, "button", "Jatka", "Enter");
  await heading(worker, "Tiedot ja liitteet").waitFor();
  await reach(worker, "button", "Jatka", "Enter");
  await heading(worker, "Kuka näkisi tämän").waitFor();
  await reach(worker, "button", "Jatka", "Enter");
  await reach(worker, "button", "Allekirjoita ja lähetä", "Enter");
  await worker.getByText("kuitti on tarkistettu").waitFor();

  await reach(coach, "link", /^Saapuneet/, "Enter");
  await reach(coach, "link", /Yksikön jono/, "Enter");
  await reach(coach, "link", /Kuntoutuspoliklinikka/, "Enter");
  await reach(coach, "button", "Ota jonosta", "Enter");
  await reach(coach, "button", "Avaa", "Enter");
  await coach.getByText(words).waitFor();
  await reach(coach, "button", "Ota palveluun", "Enter");
  await reach(coach, "button", "Allekirjoita ja kirjaa", "Enter");
  await coach.getByText("Kirjattu: Ota palveluun").waitFor();
  await reach(coach, "button", "Päätä", "Enter");
  await reach(coach, "button", /Lopputulos/, "Enter");
  await coach.keyboard.press("ArrowDown");
  await coach.keyboard.press("Enter");
  await reach(coach, "textbox", /lähettäjälle/i);
  await coach.keyboard.type("Työ alkaa.");
  await reach(coach, "button", "Allekirjoita ja lähetä", "Enter");
  await coach.getByText("Kirjattu: Päätä").waitFor();
});

test("p6: the officer finds the client and sees who saw, and the page's own check holds", async () => {
  officer = await house.enrol("officer");
  await officer.goto(`${house.origin}/#/who-saw`);
  await seen(officer, "Kuka on nähnyt asiakkaan tietoja");
  await officer.getByLabel("Asiakas", { exact: true }).fill(CODE);
  await button(officer, "Hae").click();
  await officer.getByText("Raportti on täydellinen ja muuttumaton").waitFor();
  await officer.getByText("Ville Valmentaja").first().waitFor();
  await officer.getByText("Sanna Sosiaalityöntekijä").first().waitFor();
  await seen(officer, REPORT);
  await officer.screenshot({ path: picture("who-saw") });
  await button(officer, "Taulukko").click();
  await officer.getByRole("table").waitFor();
  await seen(officer, REPORT);
  reported = officer.url();
  await officer.goto(`${house.origin}/#/log`);
  await officer.getByText("Loki on eheä").waitFor();
  await seen(officer, "Loki", "log");
  assert.deepEqual(officer.faults, []);
});

test("p5: one bit of an event that is altered on its way turns the report red", async () => {
  let altered = 0;
  await officer.routeWebSocket(/\/lahetti$/, (browser) => {
    const server = browser.connectToServer();
    server.onMessage((message) => {
      altered += alterFirstEvent(message);
      browser.send(message);
    });
  });
  await officer.goto(reported);
  await officer.reload();
  await officer.getByLabel("Salalause").fill(PASSPHRASE);
  await button(officer, "Kirjaudu sisään").click();
  await officer.getByText("Tähän raporttiin ei voi luottaa").waitFor();
  assert.ok(altered > 0);
  assert.equal(await officer.getByText("Raportti on täydellinen").count(), 0);
  await seen(officer, REPORT, "altered");
});

test("each language has its page", async () => {
  for (const [language, title] of [["Svenska", "Mina enheter"], ["English", "My devices"], ["Suomi", "Omat laitteet"]]) {
    await button(worker, language).click();
    await worker.goto(`${house.origin}/#/devices`);
    await seen(worker, title, title === "Omat laitteet" ? "devices" : undefined);
  }
});

test("a narrow screen and a page twice as large show the same without scrolling sideways", async () => {
  for (const width of [320, 640]) {
    await coach.setViewportSize({ width, height: 800 });
    await coach.goto(`${house.origin}/#/inbox`);
    await seen(coach, "Saapuneet");
    const over = await coach.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `${over} pixels too wide at ${width}`);
  }
  await coach.setViewportSize({ width: 1280, height: 800 });
});

test("a tablet held either way scrolls no main view sideways", async () => {
  for (const [page, views] of [[coach, ["inbox"]], [worker, ["clients", "sent", "devices"]], [officer, ["log", "who-saw"]]]) {
    const { width, height } = page.viewportSize();
    for (const view of views) {
      await page.goto(`${house.origin}/#/${view}`);
      for (const [wide, high] of [[768, 1024], [1024, 768]]) {
        await page.setViewportSize({ width: wide, height: high });
        await page.locator(`nav a[aria-current=page][href="#/${view}"]`).waitFor();
        await page.locator("main h1").waitFor();
        await page.screenshot({ path: picture(`${view}-${wide}`), fullPage: true });
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(over <= 0, `${view}: ${over} pixels too wide at ${wide}`);
      }
    }
    await page.setViewportSize({ width, height });
  }
});

test("p1 p7: a server that is killed while a file is sent, and started again: it is sent once", async () => {
  await worker.goto(`${house.origin}/#/clients`);
  await worker.locator(".rows li a").first().click();
  await button(worker, "Uusi ohjaus palveluun").click();
  await worker.getByRole("button", { name: /Työhönvalmennus/ }).click();
  await worker.getByText("Yksikön jono: vapaana").click();
  await button(worker, "Jatka").click();
  await worker.getByText("Asiakas tietää palveluun ohjaamisesta ja haluaa sitä", { exact: true }).click();
  await worker.getByLabel(/Asiakkaan toive/).fill("Haluan osa-aikatyötä.");
  await worker.getByText("Työhönvalmennus", { exact: true }).first().click();
  await worker.getByRole("radio").first().check({ force: true });
  await button(worker, "Jatka").click();
  const large = { name: "suuri.pdf", mimeType: "application/pdf", buffer: Buffer.alloc(6_000_000, "x") };
  await worker.locator("input[type=file]").setInputFiles([large]);
  await worker.getByText("suuri.pdf").waitFor();
  await button(worker, "Jatka").click();
  await heading(worker, "Kuka näkisi tämän").waitFor();
  await button(worker, "Jatka").click();
  await button(worker, "Allekirjoita ja lähetä").click();
  await worker.getByText("Liitteitä lähetetään").waitFor();
  await house.stop("SIGKILL");
  await worker.getByText("Yhteys on poikki").waitFor();
  await house.start();
  await worker.getByText("kuitti on tarkistettu").waitFor();
  const sent = JSON.parse(await house.lahetti("social-worker", "sent", "--json"));
  assert.equal(sent.length, 3);
});

test("a device that is revoked is out at once, and is told why", async () => {
  const devices = JSON.parse(await house.lahetti("coach", "devices", "--json"));
  const own = await coach.evaluate(async () => {
    const open = indexedDB.open("lahetti");
    await new Promise((resolve) => (open.onsuccess = resolve));
    const all = open.result.transaction("profile").objectStore("profile").getAllKeys();
    await new Promise((resolve) => (all.onsuccess = resolve));
    return all.result[0];
  });
  assert.ok(devices.some(({ key }) => key === own));
  await house.lahetti("coach", "revoke", own);
  await seen(coach, "Kirjaudu sisään");
  await coach.getByLabel("Salalause").fill("väärä salalause tämä");
  await button(coach, "Kirjaudu sisään").click();
  await coach.getByText("Tämä ei ole tämän selaimen salalause").waitFor();
  await coach.getByLabel("Salalause").fill(PASSPHRASE);
  await button(coach, "Kirjaudu sisään").click();
  await coach.getByRole("alert").waitFor();
});

test("what lies in the browser tells nothing about a client", async () => {
  const kept = await worker.evaluate(async () => {
    const open = indexedDB.open("lahetti");
    await new Promise((resolve) => (open.onsuccess = resolve));
    const names = ["profile", "draft"];
    const rows = await Promise.all(
      names.map(async (name) => {
        const all = open.result.transaction(name).objectStore(name).getAll();
        await new Promise((resolve) => (all.onsuccess = resolve));
        return all.result.map((row) =>
          Object.values(row).map((v) => (v instanceof Uint8Array ? new TextDecoder().decode(v) : String(v))).join(" "),
        );
      }),
    );
    return [rows.flat().join(" "), JSON.stringify(localStorage), location.href, document.title].join(" ");
  });
  assert.doesNotMatch(kept, /Esimerkki, Eeva|Eeva Maria|131052|Kaipaan|osa-aikaty/);
});
