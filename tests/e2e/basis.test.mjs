// A referral to another controller that rests on a statutory right to have the information, in real browsers: from what is missing
// in it to the recipient who reads on what right it came.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { House, NAMES } from "./house.mjs";
import { button, heading, seen } from "./views.mjs";

const CLIENT = "Lakisääteinen, Lauri";
const SECTION = "Esimerkkilaki 12 §";
const NECESSITY = "Palkkatuesta päättämiseen tarvitaan tieto palvelutarpeesta.";
const STATED = "on ilmoitettu lakiin perustuva tiedonsaantioikeus";

let house, worker, contact;

before(
  async () => {
    house = await House.open();
    worker = await house.enrol("social-worker");
    contact = await house.enrol("area-contact", { administrator: "area-administrator" });
    await house.addClient("Lakisääteinen", "Lauri", "010170-913Y");
  },
  { timeout: 900_000 },
);
after(() => house?.close());

const next = () => button(worker, "Jatka").click();
const part = (name) => worker.getByRole("button", { name: new RegExp(`\\d\\. ${name}`) }).click();

async function choose(label, unit, whom) {
  await worker.getByLabel(label).fill(unit);
  await worker.getByRole("list", { name: "Yksiköt" }).getByRole("button").first().click();
  await worker.getByText(whom).click();
}

test("without consent a statutory right can be stated; each of its three points is asked for", async () => {
  await worker.goto(`${house.origin}/#/clients`);
  await worker.getByRole("link", { name: CLIENT }).click();
  await button(worker, "Uusi ohjaus palveluun").click();
  await choose("Kenelle ohjaus lähetetään", "Yhdyspalvelu", /^Yksikön jono/);
  await next();
  await worker.getByText("Asiakas tietää palveluun ohjaamisesta ja haluaa sitä", { exact: true }).click();
  await worker.getByLabel(/asiakkaan omin sanoin/).fill("Haluan töihin.");
  await worker.getByText("Palkkatuki", { exact: true }).click();
  await worker.getByText("Tavallinen", { exact: true }).click();
  await next();
  await heading(worker, "Tiedot ja liitteet").waitFor();
  await next();
  await worker.getByText("ei näe. Näiden tietojen luovuttamiseen ei ole suostumusta").waitFor();
  await seen(worker, "Peruste", "no-basis");
  await button(worker, "Ilmoita lakiin perustuva oikeus").click();
  await button(worker, "Käytä tätä perustetta").click();
  await worker.getByText("Lainkohta puuttuu").waitFor();
  await worker.locator("input[aria-invalid=true]:focus").waitFor();
  await worker.getByText("Perustelu sille, mitkä tiedot ovat välttämättömiä, puuttuu").waitFor();
  await worker.getByText("Tieto siitä, kuka päätti tiedonsaantioikeuden käytöstä, puuttuu").waitFor();
  await seen(worker, "Peruste");
  await worker.getByLabel("Lainkohta").fill(SECTION);
  await worker.getByLabel("Mitkä tiedot ovat välttämättömiä").fill(NECESSITY);
  await choose("Kuka päätti tietojen luovuttamisesta", "Aikuissosiaalityö", new RegExp(`^${NAMES["adult-social-worker"]}`));
  await seen(worker, "Peruste", "statutory");
  await button(worker, "Käytä tätä perustetta").click();
  await worker.getByText(STATED).waitFor();
  await worker.getByText(/: näkee \(Lakiin perustuva tiedonsaantioikeus\)$/).waitFor();
  await seen(worker, "Kuka näkisi tämän");
});

test("whoever changes what it tells states the right anew, in the words that were written", async () => {
  await part("Tiedot ja liitteet");
  await worker.getByText("Koulutus ja työhistoria", { exact: true }).click();
  await next();
  assert.equal(await worker.getByLabel("Lainkohta").inputValue(), SECTION);
  assert.equal(await worker.getByText(STATED).count(), 0);
  await button(worker, "Käytä tätä perustetta").click();
  await worker.getByText(STATED).waitFor();
});

test("it is signed and sent, and the other controller's contact opens it and reads the right", async () => {
  await next();
  await heading(worker, "Tarkistus ja lähetys").waitFor();
  await worker.getByText(SECTION).waitFor();
  await worker.getByText(NECESSITY).waitFor();
  await worker.getByText(NAMES["adult-social-worker"]).waitFor();
  await seen(worker, "Tarkistus ja lähetys");
  await worker.getByRole("button", { name: /^Allekirjoita ja/ }).click();
  await worker.getByText("kuitti on tarkistettu").waitFor();

  await contact.goto(`${house.origin}/#/inbox/queue`);
  await contact.locator(".notice", { hasText: "Ohjaus palveluun" }).click();
  await button(contact, "Ota jonosta").click();
  await button(contact, "Avaa").click();
  await contact.getByText("Laki antaa oikeuden saada nämä tiedot ilman suostumusta").waitFor();
  await contact.getByText(SECTION).waitFor();
  await contact.getByText(NECESSITY).waitFor();
  await contact.getByText(NAMES["adult-social-worker"]).waitFor();
  await seen(contact, "Mitä voitte tehdä", "statutory-opened");

  await worker.getByRole("link", { name: "Seuraa ohjauksen" }).click();
  await worker.getByText("Avattu").first().waitFor();
});
