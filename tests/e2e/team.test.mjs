// What several people do about one client, in real browsers against the real server: the team of a case and its case manager, who are
// chosen as recipients by what they are; and files that go along with a question and with its answer.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { House } from "./house.mjs";
import { button, heading, seen } from "./views.mjs";

const CLIENT = "Kuvitteellinen, Kaarlo";
const [COACH, ADULT, CONTACT] = ["Ville Valmentaja", "Anni Aikuissosiaalityö", "Ylva Yhdyshenkilö"];

let house, worker, coach;

before(
  async () => {
    house = await House.open();
    worker = await house.enrol("social-worker");
    await house.addClient("Kuvitteellinen", "Kaarlo", "010170-933L");
  },
  { timeout: 900_000 },
);
after(() => house?.close());

const team = async () =>
  JSON.parse(await house.lahetti("social-worker", "team", "list", "Kuvitteellinen", "--json"))
    .map((member) => member.user + (member["case-manager"] ? "*" : ""))
    .sort();
const members = (page) => page.getByRole("list", { name: "Asiakkaan tiimi", exact: true });

async function toClient(page) {
  await page.goto(`${house.origin}/#/clients`);
  await page.getByRole("link", { name: CLIENT }).click();
  await heading(page, CLIENT).waitFor();
}

/** Chooses somebody of a unit, and says what they become. */
async function addToTeam(page, unit, person, manager) {
  await button(page, "Lisää tiimiin").click();
  await page.getByLabel("Kuka lisätään").fill(unit);
  await page.getByRole("button", { name: unit }).click();
  await page.getByRole("radio", { name: person }).click({ force: true });
  if (manager) await page.getByText("Asiakasvastaava", { exact: true }).click();
  await button(page, "Lisää tiimiin").click();
  await members(page).getByText(person).waitFor();
}

/** From a client to the part in which it says who would see. */
async function refer(page, ...recipients) {
  await button(page, "Uusi ohjaus palveluun").click();
  await heading(page, "Kenelle").waitFor();
  for (const [n, name] of recipients.entries()) {
    if (n > 0) await button(page, "Lisää toinen vastaanottaja").click();
    await page.getByRole("button", { name }).click();
  }
  await seen(page, "Kenelle", "to-team");
  await button(page, "Jatka").click();
  await page.getByText("Asiakas tietää palveluun ohjaamisesta ja haluaa sitä", { exact: true }).click();
  await page.getByLabel(/Asiakkaan toive/).fill("Haluan kokeilla työtä.");
  await page.getByText("Työhönvalmennus", { exact: true }).first().click();
  await page.getByRole("radio").first().check({ force: true });
  await button(page, "Jatka").click();
  await heading(page, "Tiedot ja liitteet").waitFor();
  await button(page, "Jatka").click();
  await heading(page, "Kuka näkisi tämän").waitFor();
}

test("the team of a case: who is in it, and which of them is its manager", async () => {
  await toClient(worker);
  await worker.getByText("Tiimissä ei ole vielä ketään").waitFor();
  await button(worker, "Lisää tiimiin").click();
  await button(worker, "Lisää tiimiin").click();
  await worker.getByText("Valitkaa henkilö.").waitFor();
  await seen(worker, "Asiakkaan tiimi");
  await button(worker, "Peruuta").click();
  await addToTeam(worker, "Työhönvalmennus", COACH, true);
  await addToTeam(worker, "Aikuissosiaalityö", ADULT, false);
  await addToTeam(worker, "Yhdyspalvelu", CONTACT, false);
  assert.deepEqual(await team(), [ADULT, `${COACH}*`, CONTACT].sort());
  await button(worker, `Nimeä asiakasvastaavaksi: ${ADULT}`).click();
  await worker.getByText(`${ADULT} on nyt asiakasvastaava.`).waitFor();
  await button(worker, `Ei enää asiakasvastaava: ${ADULT}`).waitFor();
  await button(worker, `Nimeä asiakasvastaavaksi: ${COACH}`).waitFor();
  await seen(worker, "Asiakkaan tiimi", "team");
  assert.deepEqual(await team(), [`${ADULT}*`, COACH, CONTACT].sort());
});

test("a referral to the team and its case manager: everyone of them is covered, and gets it once", async () => {
  await refer(worker, /^Asiakkaan tiimi: /, new RegExp(`^Asiakasvastaava: ${ADULT}$`));
  // One of them works for another organisation: without a consent nobody of the team gets it.
  await worker.getByText("Mikään suostumus tietojen luovuttamiseen ei kata tätä kokonaan").waitFor();
  await button(worker, "Jatka").click();
  await worker.getByText("Lähettämiseen tarvitaan peruste").waitFor();
  const given = [
    "--giver",
    "client",
    "--purpose",
    "employment-support",
    "--how",
    "oral",
    "--leaflet",
    "1",
    "--kanta-checked",
  ];
  const what = ["--category", "contact", "--category", "service-need", "--party", "unit:Yhdyspalvelu"];
  const time = ["--from", "2026-01-01", "--until", "2099-12-31"];
  await house.lahetti("social-worker", "consent", "--client", "Kuvitteellinen", ...given, ...what, ...time);
  await toClient(worker);
  await button(worker, "Jatka keskeneräistä ohjausta").click();
  await worker.getByText("suostumus tietojen luovuttamiseen kattaa kaikki").waitFor();
  for (const name of [COACH, ADULT, CONTACT]) await worker.getByText(`${name}, `).waitFor();
  await seen(worker, "Kuka näkisi tämän", "team-would-see");
  await button(worker, "Jatka").click();
  await button(worker, "Allekirjoita ja lähetä").click();
  await worker.getByText("kuitti on tarkistettu").waitFor();
  for (const person of ["coach", "adult-social-worker", "area-contact"])
    assert.equal(JSON.parse(await house.lahetti(person, "inbox", "--json")).length, 1, person);
});

test("who leaves the team gets nothing more that is sent to it", async () => {
  await toClient(worker);
  await button(worker, `Poista ${CONTACT}`).click();
  await worker.getByText(`${CONTACT} ei ole enää tiimissä.`).waitFor();
  assert.deepEqual(await team(), [`${ADULT}*`, COACH].sort());
  await refer(worker, new RegExp(`^Asiakkaan tiimi: ${ADULT}, ${COACH}$`));
  await worker.getByText("eikä suostumusta tietojen luovuttamiseen tarvita").waitFor();
  await button(worker, "Jatka").click();
  await button(worker, "Allekirjoita ja lähetä").click();
  await worker.getByText("kuitti on tarkistettu").waitFor();
  for (const [person, n] of [
    ["coach", 2],
    ["adult-social-worker", 2],
    ["area-contact", 1],
  ])
    assert.equal(JSON.parse(await house.lahetti(person, "inbox", "--json")).length, n, person);
  assert.deepEqual(worker.faults, []);
});

const pdf = (name) => ({ name, mimeType: "application/pdf", buffer: Buffer.alloc(70_000, name) });

/** What is read is the file that its author signed, as it was. */
async function reads(page, name) {
  await page.getByText(name).waitFor();
  await button(page, "Hae tiedosto").click();
  await page.getByText("Tiedosto on se, jonka laatija allekirjoitti").waitFor();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Tallenna tiedosto" }).click(),
  ]);
  assert.deepEqual(readFileSync(await download.path()), pdf(name).buffer);
}

test("a question with a file, and which data it tells", async () => {
  coach = await house.enrol("coach");
  await coach.locator(".notice").first().click();
  await button(coach, "Avaa").click();
  await coach.getByText("Laatijan allekirjoitus pitää paikkansa").waitFor();
  await button(coach, "Pyydä lisätietoja").click();
  await coach.getByLabel("Kysymys", { exact: true }).fill("Onko tuore lausunto olemassa?");
  // A document about a client says which data it tells.
  const feedback = coach.getByRole("checkbox", { name: "Tieto asian etenemisestä" });
  assert.ok(await feedback.isChecked());
  await coach.getByText("Tieto asian etenemisestä", { exact: true }).click();
  await button(coach, "Allekirjoita ja lähetä").click();
  await coach.getByText("Valitkaa vähintään yksi.").waitFor();
  await coach.getByText("Palvelun tarve", { exact: true }).click();
  await coach.locator("input[type=file]").setInputFiles([pdf("lomake.pdf")]);
  await coach.getByText("lomake.pdf").waitFor();
  await seen(coach, "Pyydä lisätietoja", "ask-with-file");
  await button(coach, "Allekirjoita ja lähetä").click();
  await coach.getByText("Kirjattu: Pyydä lisätietoja").waitFor();
});

test("its answer with a file: a draft that is taken up again tells which file is missing", async () => {
  await worker.goto(`${house.origin}/#/inbox`);
  await worker.locator(".notice").first().click();
  await button(worker, "Avaa").click();
  await reads(worker, "lomake.pdf");
  await button(worker, "Anna lisätiedot").click();
  await worker.getByLabel("Vastaus", { exact: true }).fill("On, tässä se on.");
  await worker.getByText("Terveystiedot", { exact: true }).click();
  await worker.locator("input[type=file]").setInputFiles([pdf("lausunto.pdf")]);
  await worker.getByText("lausunto.pdf").waitFor();
  // Elsewhere and back: the text and what it tells are kept, the file is not.
  await worker.getByRole("link", { name: "Asiakkaat" }).click();
  await heading(worker, "Asiakkaat").waitFor();
  await worker.goBack();
  await worker.getByText("Nämä liitteet eivät säilyneet, ja ne on lisättävä uudelleen: lausunto.pdf.").waitFor();
  assert.ok(await worker.getByRole("checkbox", { name: "Terveystiedot" }).isChecked());
  assert.equal(await worker.getByLabel("Vastaus", { exact: true }).inputValue(), "On, tässä se on.");
  await worker.locator("input[type=file]").setInputFiles([pdf("lausunto.pdf")]);
  await seen(worker, "Anna lisätiedot", "answer-with-file");
  await button(worker, "Allekirjoita ja lähetä").click();
  await worker.getByText("Kirjattu: Anna lisätiedot").waitFor();
  await coach.locator(".related .notice").first().click();
  await button(coach, "Avaa").click();
  await coach.getByText("On, tässä se on.").waitFor();
  await coach.getByText("Palvelun tarve, Terveystiedot").waitFor();
  await reads(coach, "lausunto.pdf");
  await seen(coach, "Vastaus lisätietopyyntöön", "answer-opened");
  assert.deepEqual([worker.faults, coach.faults], [[], []]);
});
