// R2 in real browsers: adult social work refers a client to two other controllers, with the client's consent on paper. The client
// withdraws it for the one before it has opened, and altogether when the other has ended.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { House, PASSPHRASE } from "./house.mjs";
import { button, heading, seen } from "./views.mjs";

const CODE = "131052-9041"; // of the test range
const WORDS = "Haluan töihin, mutta en jaksa vielä kokopäiväistä.";
const AREA = { unit: "Yhdyspalvelu", whom: /^Yksikön jono/ };
const ASSOCIATION = { unit: "Esimerkki ry", whom: /^Ritva/ };
const COVERED = "kattaa kaikki vastaanottajat";
const WITHDRAWN = "Asiakas on peruuttanut suostumuksen, joten tietoja ei voi luovuttaa.";

let house, worker, contact, coach, officer;

before(async () => {
  house = await House.open();
  worker = await house.enrol("adult-social-worker");
  contact = await house.enrol("area-contact", { administrator: "area-administrator" });
  coach = await house.enrol("association-coach", { administrator: "association-administrator" });
  officer = await house.enrol("officer");
}, { timeout: 900_000 });
after(() => house?.close());

const pdf = (name) => ({ name, mimeType: "application/pdf", buffer: Buffer.from(`%PDF-1.4 ${name}`) });
const choose = (page, files) => page.locator("input[type=file]").setInputFiles(files);
const notice = (page, kind) => page.locator(".notice", { hasText: kind });
const sign = (page) => page.getByRole("button", { name: /^Allekirjoita ja/ }).click();
const next = (page) => button(page, "Jatka").click();

/** Files are dragged in from outside and let go over a field, each event as the browser sends it. */
async function drop(page, field, files) {
  const area = page.getByRole("group", { name: field, exact: true }).locator(".drop");
  const dataTransfer = await page.evaluateHandle((files) => {
    const data = new DataTransfer();
    for (const { name, type, text } of files) data.items.add(new File([text], name, { type }));
    return data;
  }, files.map(({ name, mimeType, buffer }) => ({ name, type: mimeType, text: String(buffer) })));
  await area.dispatchEvent("dragenter", { dataTransfer });
  await area.dispatchEvent("dragover", { dataTransfer });
  await page.locator(".drop.over").waitFor();
  await area.dispatchEvent("drop", { dataTransfer });
}

/** A new referral of the client, from the client's view as far as the data that it tells. */
async function refer(places, service, words) {
  await worker.goto(`${house.origin}/#/clients`);
  await worker.getByRole("link", { name: /Esimerkki, Eero/ }).click();
  await button(worker, "Uusi ohjaus palveluun").click();
  for (const [n, { unit, whom }] of places.entries()) {
    if (n > 0) await button(worker, "Lisää toinen vastaanottaja").click();
    await worker.getByLabel(n > 0 ? "Lisää toinen vastaanottaja" : "Kenelle ohjaus lähetetään").fill(unit);
    await worker.getByRole("list", { name: "Yksiköt" }).getByRole("button").first().click();
    await worker.getByText(whom).click();
  }
  await next(worker);
  await worker.getByText("Asiakas tietää palveluun ohjaamisesta ja haluaa sitä", { exact: true }).click();
  await worker.getByLabel(/asiakkaan omin sanoin/).fill(words);
  await worker.getByText(service, { exact: true }).click();
  await worker.getByText("Tavallinen", { exact: true }).click();
  await next(worker);
  await heading(worker, "Tiedot ja liitteet").waitFor();
}

/** Opens what has come, from the list in which it stands. */
async function open(page, kind) {
  await notice(page, kind).first().click();
  await heading(page, kind).first().waitFor();
  await button(page, "Avaa").click();
  await page.getByText("Laatijan allekirjoitus pitää paikkansa").waitFor();
}

/** Takes a step that the server offers. */
async function take(page, step, fill) {
  await button(page, step).click();
  await fill?.();
  await sign(page);
  await page.getByText(`Kirjattu: ${step}`).waitFor();
}

/** Withdraws the client's one consent, from the client's view. */
async function withdraw(how, extent) {
  await worker.goto(`${house.origin}/#/clients`);
  await worker.getByRole("link", { name: /Esimerkki, Eero/ }).click();
  await button(worker, "Peruuta suostumus").click();
  await worker.getByLabel("Miten asiakas ilmoitti peruuttamisesta").fill(how);
  await extent?.();
  await sign(worker);
  await worker.getByText("kuitti on tarkistettu").waitFor();
}

/** What a withdrawal says of one who had got something: its list after signing. */
const fate = (place, kind) => worker.locator(".rows li", { hasText: place }).filter({ hasText: kind }).innerText();

test("a client is referred to two other controllers; attachments are chosen and dropped", async () => {
  await worker.goto(`${house.origin}/#/clients`);
  await button(worker, "Lisää asiakas").click();
  await worker.getByLabel("Sukunimi").fill("Esimerkki");
  await worker.getByLabel("Etunimet").fill("Eero");
  await worker.getByLabel(/Henkilötunnus/).fill(CODE);
  await button(worker, "Lisää").click();
  await worker.getByText("Voimassa olevia suostumuksia ei ole").waitFor();
  await refer([AREA, ASSOCIATION], "Palkkatuki", WORDS);
  await worker.getByText("Koulutus ja työhistoria", { exact: true }).click();
  await choose(worker, [pdf("todistus.pdf")]);
  await drop(worker, "Liitteet", [pdf("saate.pdf"), { ...pdf("tyhjä.pdf"), buffer: Buffer.alloc(0) }]);
  await worker.getByText("tyhjä.pdf on tyhjä").waitFor();
  await button(worker, "Poista todistus.pdf").waitFor();
  await button(worker, "Poista saate.pdf").waitFor();
  assert.equal(await worker.getByRole("list", { name: "Liitteet" }).getByRole("listitem").count(), 2);
  await seen(worker, "Tiedot ja liitteet");
});

test("without consent nobody would see it; the client's consent on paper is taken on the same path", async () => {
  await next(worker);
  await seen(worker, "Kuka näkisi tämän");
  assert.equal(await worker.getByText("ei näe. Näiden tietojen luovuttamiseen ei ole suostumusta").count(), 2);
  await next(worker);
  await worker.getByText("Lähettämiseen tarvitaan peruste jokaiselle vastaanottajalle").waitFor();
  await button(worker, "Kirjaa suostumus").click();
  // What is wrong with the referral is not wrong with the consent.
  assert.equal(await worker.getByText("Lähettämiseen tarvitaan peruste").count(), 0);
  await worker.getByLabel("Asiakas", { exact: true }).check({ force: true });
  await worker.getByLabel("Paperilla").check({ force: true });
  await sign(worker);
  // Each line of the summary leads to its field, to one that takes a file too.
  await worker.getByRole("link", { name: /^Skannattu paperisuostumus: / }).click();
  assert.match(await worker.evaluate(() => document.activeElement.innerText), /Skannattu paperisuostumus/);
  await seen(worker, "Peruste");
  await worker.getByText("saavat kertoa lähettäjälle, miten asia etenee").click();
  await worker.getByLabel("Asiakkaalle annetun tiedotteen versio").fill("2026-1");
  await worker.getByText("Kannan luovutuskiellot on tarkistettu", { exact: true }).click();
  await sign(worker);
  // The scan alone is wanting: the focus is where that is said.
  await worker.locator("[role=alert]:focus", { hasText: "Skannattu paperisuostumus ei ole liitteenä" }).waitFor();
  await drop(worker, "Skannattu paperisuostumus", [pdf("suostumus.pdf")]);
  await button(worker, "Poista suostumus.pdf").waitFor();
  await seen(worker, "Peruste", "consent");
  await sign(worker);
  await worker.getByText("Suostumus on kirjattu").waitFor();
  await worker.getByText(COVERED).waitFor();
  assert.equal(await worker.getByText(/: näkee \(Suostumus tietojen luovuttamiseen\)$/).count(), 2);
  await seen(worker, "Peruste");
});

test("the referral is looked at once more, signed and sent", async () => {
  await next(worker);
  await worker.getByText("saate.pdf").waitFor();
  await seen(worker, "Tarkistus ja lähetys");
  await sign(worker);
  await worker.getByText("kuitti on tarkistettu").waitFor();
  await worker.getByRole("link", { name: "Seuraa ohjauksen" }).click();
  // It has come to both, and the same page says so.
  await worker.getByText("Saapunut").nth(1).waitFor();
  await seen(worker, "Ohjaus palveluun");
});

test("the employment area's contact takes it from the queue and opens it, with what was dropped", async () => {
  await contact.goto(`${house.origin}/#/inbox/queue`);
  await notice(contact, "Ohjaus palveluun").click();
  await button(contact, "Ota jonosta").click();
  await button(contact, "Avaa").click();
  await contact.getByText(WORDS).waitFor();
  await contact.getByText("Asiakas on antanut suostumuksen näiden tietojen luovuttamiseen teille").waitFor();
  await contact.locator(".attachments li", { hasText: "saate.pdf" }).getByRole("button", { name: "Hae tiedosto" }).click();
  await contact.getByText("Tiedosto on se, jonka laatija allekirjoitti").waitFor();
  await seen(contact, "Mitä voitte tehdä");
});

test("the contact asks, the worker answers, and each reads the other", async () => {
  await take(contact, "Pyydä lisätietoja", async () => {
    await contact.getByLabel("Kysymys").fill("Missä työssä Eero on ollut?");
    await seen(contact, "Pyydä lisätietoja");
  });
  await worker.getByRole("link", { name: "Vastatkaa saapuneista" }).click();
  await open(worker, "Lisätietopyyntö");
  await worker.getByText("Missä työssä Eero on ollut?").waitFor();
  await seen(worker, "Lisätietopyyntö");
  await take(worker, "Anna lisätiedot", async () => {
    await worker.getByLabel("Vastaus").fill("Varastossa viisi vuotta.");
    await seen(worker, "Anna lisätiedot");
  });
  await open(contact, "Vastaus lisätietopyyntöön");
  await contact.getByText("Varastossa viisi vuotta.").waitFor();
  await seen(contact, "Vastaus lisätietopyyntöön");
});

test("the contact takes the client into service and reports; the report comes to the sender", async () => {
  await notice(contact, "Ohjaus palveluun").click();
  await take(contact, "Ota palveluun");
  await take(contact, "Anna väliaikatieto", () =>
    contact.getByLabel("Väliaikatieto", { exact: true }).fill("Palkkatukea on haettu."),
  );
  await seen(contact, "Ohjaus palveluun");
  await worker.goto(`${house.origin}/#/inbox`);
  await open(worker, "Väliaikatieto");
  await worker.getByText("Palkkatukea on haettu.").waitFor();
  await seen(worker, "Väliaikatieto");
});

test("the client withdraws the consent for the association; what that brings about is said before and after", async () => {
  await coach.goto(`${house.origin}/#/inbox`);
  await notice(coach, "Ohjaus palveluun").click();
  await button(coach, "Avaa").waitFor();
  await withdraw("Asiakas soitti.", async () => {
    await worker.getByText("Joidenkin saajien osalta").click();
    await sign(worker);
    await worker.getByText("Valitkaa vähintään yksi.").waitFor();
    await worker.getByRole("checkbox", { name: /^Ritva/ }).check({ force: true });
    await worker.getByText("avaamatonta ei voi enää avata, ja avoimet asiat päättyvät").waitFor();
    await seen(worker, "Peruuta suostumus", "withdraw");
  });
  assert.match(await fate("Ritva", "Ohjaus palveluun"), /Suostumus peruttu[^]*Ei ollut avattu/);
  assert.match(await fate("Yhdyspalvelu", "Ohjaus palveluun"), /Väliaikatieto annettu[^]*Oli jo avattu/);
  await seen(worker, "Suostumus on peruutettu osittain", "withdrawn");
});

test("the association's coach is told at once, is refused, and sees nothing", async () => {
  await coach.getByText("Avaamatonta ei voi enää avata").waitFor();
  await button(coach, "Avaa").click();
  await coach.getByRole("alert").filter({ hasText: WITHDRAWN }).waitFor();
  await seen(coach, "Ohjaus palveluun", "refused");
  assert.doesNotMatch(await coach.locator("body").innerText(), /Eero|131052|Haluan töihin|saate/);
});

test("the county's data-protection officer sees the refusal before all else", async () => {
  await officer.goto(`${house.origin}/#/who-saw`);
  await officer.getByLabel("Asiakas", { exact: true }).fill(CODE);
  await button(officer, "Hae").click();
  await officer.getByText("Raportti on täydellinen ja muuttumaton").waitFor();
  const refused = /Asiakirja avattiin[^]*Evätty[^]*Ritva Rinnallakulkija[^]*Asiakas on peruuttanut suostumuksen/;
  assert.match(await officer.getByRole("main").getByRole("listitem").first().innerText(), refused);
  assert.equal(await officer.getByRole("list", { name: "Evätyt" }).getByRole("listitem").count(), 1);
  await seen(officer, "Evätyt");
  await button(officer, "Taulukko").click();
  assert.equal(await officer.getByRole("table", { name: "Evätyt" }).getByRole("row").count(), 2);
  await seen(officer, "Evätyt");
});

test("what is left of the consent carries a second referral; to the association the page refuses one", async () => {
  await refer([AREA, ASSOCIATION], "Työkokeilu", "Haluan kokeilla varastotyötä.");
  await next(worker);
  await worker.getByText(/^Ylva.*: näkee \(Suostumus tietojen luovuttamiseen\)$/).waitFor();
  await worker.getByText(`ei näe. ${WITHDRAWN}`).waitFor();
  await seen(worker, "Kuka näkisi tämän");
  await next(worker);
  await worker.getByText("Lähettämiseen tarvitaan peruste jokaiselle vastaanottajalle").waitFor();
  await button(worker, "1. Kenelle").click();
  await worker.getByRole("button", { name: /^Poista Ritva/ }).click();
  await button(worker, "4. Peruste").click();
  await worker.getByText(COVERED).waitFor();
  await next(worker);
  await sign(worker);
  await worker.getByText("kuitti on tarkistettu").waitFor();
});

test("the first matter ends, and its outcome comes to the sender", async () => {
  await take(contact, "Päätä", async () => {
    await contact.getByText("Valitkaa", { exact: true }).click();
    await contact.getByText("Työllistyi palkkatuella", { exact: true }).click();
    await contact.getByLabel(/lähettäjälle/i).last().fill("Eero aloittaa varastossa.");
    await seen(contact, "Päätä");
  });
  await worker.goto(`${house.origin}/#/inbox`);
  await open(worker, "Loppupalaute");
  await worker.getByText("Työllistyi palkkatuella").waitFor();
  await worker.getByText("Eero aloittaa varastossa.").waitFor();
  await seen(worker, "Loppupalaute");
});

test("the rest is withdrawn: what was not opened stops, what was opened stays with who opened it", async () => {
  await withdraw("Asiakas kävi vastaanotolla.");
  const stopped = await worker.locator(".rows li", { hasText: "Ei ollut avattu" }).allInnerTexts();
  assert.deepEqual(stopped.map((text) => /^[^,]*/.exec(text)[0]).sort(), ["Ritva Rinnallakulkija", "Yhdyspalvelu"]);
  await seen(worker, "Suostumus on peruutettu");
  await worker.getByRole("link", { name: "Asiakkaan tietoihin" }).click();
  await worker.getByText("Voimassa olevia suostumuksia ei ole").waitFor();
  // In a session that has opened nothing yet.
  await contact.goto(`${house.origin}/#/inbox/ended`);
  await contact.reload();
  await contact.getByLabel("Salalause").fill(PASSPHRASE);
  await button(contact, "Kirjaudu sisään").click();
  await notice(contact, "Päättynyt").click();
  await button(contact, "Avaa uudelleen").click();
  await contact.getByText(WORDS).waitFor();
});

test("a consent given orally is recorded with its witness, and asks for no paper", async () => {
  await button(worker, "Uusi suostumus tietojen luovuttamiseen").click();
  await worker.getByLabel("Asiakas", { exact: true }).check({ force: true });
  await worker.getByText("Kuntoutus", { exact: true }).click();
  await worker.getByText("Yhteystiedot", { exact: true }).click();
  await worker.getByLabel("Tietojen saaja", { exact: true }).fill(ASSOCIATION.unit);
  await worker.getByRole("list", { name: "Yksiköt" }).getByRole("button", { name: /^Valmennus/ }).click();
  await worker.getByText("Koko yksikkö").click();
  await worker.getByLabel("Suullisesti todistajan läsnä ollessa").check({ force: true });
  await worker.getByText("Todistaja", { exact: true }).waitFor();
  assert.equal(await worker.getByText("Skannattu paperisuostumus").count(), 0);
  await worker.getByLabel("Asiakkaalle annetun tiedotteen versio").fill("2026-1");
  await worker.getByText("Kannan luovutuskiellot on tarkistettu", { exact: true }).click();
  await seen(worker, "Uusi suostumus tietojen luovuttamiseen");
  await sign(worker);
  await worker.getByText("Suostumus on kirjattu").waitFor();
  await worker.getByRole("link", { name: "Asiakkaan tietoihin" }).first().click();
  await worker.locator(".cards li", { hasText: "Valmennus, Esimerkki ry" }).waitFor();
  await seen(worker, "Esimerkki, Eero");
  assert.deepEqual([worker, contact, coach, officer].flatMap(({ faults }) => faults), []);
});
