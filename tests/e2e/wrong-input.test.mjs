// What goes wrong at people's hands, in real browsers against the real server: each time one sentence that says what to do, what was
// written still there, and the next step one that works.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { join } from "node:path";
import { House, NAMES, PASSPHRASE } from "./house.mjs";
import { button, heading, seen } from "./views.mjs";

/** A third session of somebody ends the first; and a file that is too large is soon made. */
const SETTINGS = "sessions-a-user = 2\nattachment-bytes = 1000000\n";
/** Codes live as short as they can. */
const SHORT = "code-minutes = 1\n";
const SHORT_MS = 60_000;
const WISH = "Haluan kokeilla työtä, jossa saan istua.";
const MOST = 1_000_000;

let house, worker, coach, leader, expiring;

before(async () => {
  house = await House.open(SETTINGS + SHORT);
  expiring = { code: await house.code("area-contact", "area-administrator"), over: Date.now() + SHORT_MS };
  // All other codes live as long as usual.
  await house.stop();
  const config = join(house.dir, "lahettid.conf");
  writeFileSync(config, readFileSync(config, "utf8").replace(SHORT, ""));
  await house.start();
}, { timeout: 900_000 });
after(() => house?.close());

/** A sentence as the page says it in Finnish; then in Swedish and English, and the page is Finnish again. */
async function told(page, finnish, swedish, english) {
  await page.getByText(finnish).first().waitFor();
  for (const [language, sentence] of [["Svenska", swedish], ["English", english], ["Suomi", finnish]]) {
    if (sentence === undefined) continue;
    await button(page, language).click();
    await page.getByText(sentence).first().waitFor();
  }
}

/** The field has the focus, is marked, and the sentence is its description, said aloud when it comes. */
async function toldBeside(page, field, sentence) {
  await page.getByLabel(field).and(page.locator("[aria-invalid=true]:focus")).waitFor();
  const described = await page.getByLabel(field).evaluate((input) =>
    input
      .getAttribute("aria-describedby")
      .split(" ")
      .map((id) => document.getElementById(id))
      .filter((text) => text?.closest("[aria-live]"))
      .map((text) => text.textContent),
  );
  assert.deepEqual(described, [sentence]);
}

async function signIn(page) {
  await heading(page, "Kirjaudu sisään").waitFor();
  await page.getByLabel("Salalause").fill(PASSPHRASE);
  await button(page, "Kirjaudu sisään").click();
  await page.getByRole("navigation").waitFor();
}

async function enrolBy(page, code) {
  await page.getByLabel("Rekisteröintikoodi").fill(code);
  await page.getByLabel("Tämän selaimen salalause").fill(PASSPHRASE);
  await page.getByLabel("Salalause uudelleen").fill(PASSPHRASE);
  await button(page, "Rekisteröi tämä selain").click();
}

/** The client's referral that is being written, or a new one. */
async function refer() {
  await worker.goto(`${house.origin}/#/clients`);
  await worker.locator(".rows li a").first().click();
  await worker.getByRole("button", { name: /^(Uusi ohjaus palveluun|Jatka keskeneräistä ohjausta)$/ }).click();
}

async function toWhom() {
  await worker.getByRole("button", { name: /Työhönvalmennus/ }).click();
  await worker.getByText("Yksikön jono: vapaana").click();
  await button(worker, "Jatka").click();
  await heading(worker, "Asia").first().waitFor();
}

async function matter() {
  await worker.getByText("Asiakas tietää palveluun ohjaamisesta ja haluaa sitä", { exact: true }).click();
  await worker.getByLabel(/Asiakkaan toive/).fill(WISH);
  await worker.getByText("Työhönvalmennus", { exact: true }).first().click();
  await worker.getByRole("radio").first().check({ force: true });
}

async function send() {
  await button(worker, "Allekirjoita ja lähetä").click();
  await worker.getByText("kuitti on tarkistettu").waitFor();
}

/** The clock of the page's device, so many minutes ahead of what it is. */
async function setClock(page, minutes) {
  await page.evaluate((ahead) => {
    const Right = (window.RightDate ??= Date);
    window.Date = class extends Right {
      constructor(...given) {
        super(...(given.length > 0 ? given : [Right.now() + ahead]));
      }
      static now() {
        return Right.now() + ahead;
      }
    };
  }, minutes * 60_000);
}

/** How far the clocks are apart that the sentence names: minutes within a day. */
async function clocksApart(page) {
  const sentence = await page.getByText(/kello on väärässä/).textContent();
  const [own, service] = [...sentence.matchAll(/klo (\d+)\.(\d+)/g)].map(([, h, m]) => Number(h) * 60 + Number(m));
  return (own - service + 1440) % 1440;
}

test("a new client: what is wrong stands beside its field, and nothing that was typed is lost", async () => {
  worker = await house.enrol("social-worker");
  await worker.goto(`${house.origin}/#/clients`);
  await button(worker, "Lisää asiakas").click();
  await heading(worker, "Lisää asiakas").waitFor();
  const cases = [
    ["Sukunimi", {}, "Asiakkaan nimi puuttuu: kirjoittakaa vähintään yksi nimi."],
    [
      /Henkilötunnus/,
      { Sukunimi: "Esimerkki", Etunimet: "Eeva", Henkilötunnus: "131052-902X" },
      "Henkilötunnuksen tarkistusmerkki on väärä: tarkistakaa henkilötunnus.",
    ],
    [
      /Syntymäaika/,
      { Henkilötunnus: "131052-902Y", Syntymäaika: "31.2.1952" },
      "Päivää ei ole kalenterissa: antakaa päivämäärä uudelleen.",
    ],
  ];
  for (const [field, typed, sentence] of cases) {
    for (const [name, value] of Object.entries(typed)) await worker.getByLabel(new RegExp(name)).fill(value);
    await button(worker, "Lisää").click();
    await toldBeside(worker, field, sentence);
    assert.equal(await worker.locator("[aria-invalid=true]").count(), 1);
    await seen(worker, "Lisää asiakas");
  }
  await told(
    worker,
    "Päivää ei ole kalenterissa: antakaa päivämäärä uudelleen.",
    "Det finns ingen sådan dag: ange datumet på nytt.",
    "There is no such day: give the date again.",
  );
  assert.equal(await worker.getByLabel("Etunimet").inputValue(), "Eeva");
  await worker.getByLabel(/Syntymäaika/).fill("13.10.1952");
  await button(worker, "Lisää").click();
  await heading(worker, "Esimerkki, Eeva").first().waitFor();
});

test("a referral that is left empty: each part says what is missing, and leads there", async () => {
  await refer();
  await button(worker, "Jatka").click();
  await toldBeside(worker, "Kenelle ohjaus lähetetään", "Valitkaa vähintään yksi vastaanottaja.");
  await seen(worker, "Kenelle");
  await toWhom();
  await worker.getByLabel(/tilanne/i).first().fill("Kuntoutus päättyi.");
  await button(worker, "Jatka").click();
  await worker.getByRole("heading", { name: "Korjatkaa ensin nämä kohdat" }).and(worker.locator(":focus")).waitFor();
  await seen(worker, "Asia", "wrong-matter");
  const points = worker.locator(".fi-error-summary a");
  assert.ok((await points.count()) >= 3);
  await points.first().click();
  await worker.locator("[aria-invalid=true]:focus").waitFor();
  assert.equal(await worker.getByLabel(/tilanne/i).first().inputValue(), "Kuntoutus päättyi.");
  await matter();
  await button(worker, "Jatka").click();
  await heading(worker, "Tiedot ja liitteet").waitFor();
  for (const category of ["Yhteystiedot", "Palvelun tarve"]) await worker.getByText(category, { exact: true }).click();
  await button(worker, "Jatka").click();
  await worker.getByText("Valitkaa vähintään yksi.").waitFor();
  await seen(worker, "Tiedot ja liitteet");
  await worker.getByText("Palvelun tarve", { exact: true }).click();
  await button(worker, "Jatka").click();
  await heading(worker, "Kuka näkisi tämän").waitFor();
  assert.deepEqual(worker.faults, []);
});

test("a file too large, of a refused type or empty is left out, and the others go along", async () => {
  await button(worker, "Takaisin").click();
  await worker.locator("input[type=file]").setInputFiles([
    { name: "kuvaus.pdf", mimeType: "application/pdf", buffer: Buffer.alloc(MOST + 1, "x") },
    { name: "ajo.exe", mimeType: "application/x-msdownload", buffer: Buffer.from("MZ") },
    { name: "tyhjä.pdf", mimeType: "application/pdf", buffer: Buffer.alloc(0) },
    { name: "lausunto.pdf", mimeType: "application/pdf", buffer: Buffer.alloc(1000, "x") },
  ]);
  await told(
    worker,
    "kuvaus.pdf on liian suuri: tiedosto saa olla enintään 1 MB.",
    "kuvaus.pdf är för stor: en fil får vara högst 1 MB.",
    "kuvaus.pdf is too large: a file may be 1 MB at most.",
  );
  await told(
    worker,
    "ajo.exe on tyyppiä, jota ei voi lähettää: tallentakaa se PDF-muotoon.",
    "ajo.exe är av en typ som inte kan skickas: spara den som PDF.",
    "ajo.exe is of a type that can't be sent: save it as PDF.",
  );
  await worker.getByText("tyhjä.pdf on tyhjä: valitkaa toinen tiedosto.").waitFor();
  await seen(worker, "Tiedot ja liitteet", "wrong-files");
  const listed = worker.getByRole("list", { name: "Liitteet" }).getByRole("listitem");
  assert.equal(await listed.count(), 1);
  const mended = { name: "ajo.pdf", mimeType: "application/pdf", buffer: Buffer.alloc(1000, "y") };
  await worker.locator("input[type=file]").setInputFiles([mended]);
  await listed.filter({ hasText: "ajo.pdf" }).waitFor();
  assert.equal(await listed.count(), 2);
  assert.equal(await worker.getByText("liian suuri").count(), 0);
  await button(worker, "Jatka").click();
  await heading(worker, "Kuka näkisi tämän").waitFor();
  await button(worker, "Jatka").click();
  await worker.getByText("lausunto.pdf").waitFor();
});

test("a clock that is ahead: what is signed is refused, kept, and sent once the clock is right", async () => {
  await setClock(worker, 7);
  await button(worker, "Allekirjoita ja lähetä").click();
  await told(
    worker,
    /^Tämän laitteen kello on väärässä: sen mukaan Suomessa on nyt .*, palvelun kellon mukaan .* Korjatkaa laitteen aika/,
    /^Enhetens klocka går fel: .* Rätta enhetens tid/,
    /^The clock of this device is wrong: .* Set the device's time/,
  );
  assert.ok([6, 7, 8].includes(await clocksApart(worker)));
  await worker.getByText("Ohjausta ei lähetetty. Luonnos on tallessa.").waitFor();
  await worker.getByText(WISH).waitFor();
  await seen(worker, "Tarkistus", "wrong-clock");
  await setClock(worker, 0);
  await send();
  assert.deepEqual(worker.faults, []);
});

test("a clock that is behind: signing in says so, and works once the clock is right", async () => {
  await worker.reload();
  await setClock(worker, -180);
  await worker.getByLabel("Salalause").fill(PASSPHRASE);
  await button(worker, "Kirjaudu sisään").click();
  await worker.getByText(/kello on väärässä/).waitFor();
  assert.ok([1259, 1260, 1261].includes(await clocksApart(worker)));
  await seen(worker, "Kirjaudu sisään");
  await setClock(worker, 0);
  await signIn(worker);
});

test("a session that others of the same person end says why, and keeps what was being written", async () => {
  await refer();
  await toWhom();
  await worker.getByLabel(/Asiakkaan toive/).fill(WISH);
  const others = [await worker.context().newPage(), await worker.context().newPage()];
  for (const other of others) {
    await other.goto(house.origin);
    await signIn(other);
  }
  await told(
    worker,
    "Istuntojanne oli liikaa, joten vanhin suljettiin: sulkekaa ne, joita ette tarvitse.",
    "Era sessioner var för många, så den äldsta stängdes: stäng dem som inte behövs.",
    "You opened more sessions than allowed, so the oldest was closed: close those that you don't need.",
  );
  await seen(worker, "Kirjaudu sisään", "wrong-session");
  for (const other of others) await other.close();
  await signIn(worker);
  await worker.getByText("Jatkatte luonnosta").waitFor();
  assert.equal(await worker.getByLabel(/Asiakkaan toive/).inputValue(), WISH);
});

test("what is typed in the very moment before the session ends is kept", async () => {
  const words = "Aamuvuorot sopivat parhaiten.";
  await worker.getByLabel(/Asiakkaan toive/).focus();
  // In one turn of the page: no pause at which a draft is kept otherwise.
  await worker.evaluate((typed) => {
    document.execCommand("selectAll");
    document.execCommand("insertText", false, typed);
    [...document.querySelectorAll("button")].find(({ textContent }) => textContent === "Kirjaudu ulos").click();
  }, words);
  await signIn(worker);
  await worker.getByLabel(/Asiakkaan toive/).waitFor();
  assert.equal(await worker.getByLabel(/Asiakkaan toive/).inputValue(), words);
});

test("a role that an administrator ends meanwhile: what was being written is sent when the role is back", async () => {
  const role = ["--user", NAMES["social-worker"], "--unit", "Kuntoutuspoliklinikka", "--role", "social-worker"];
  await matter();
  for (const title of ["Tiedot ja liitteet", "Kuka näkisi tämän", "Tarkistus"]) {
    await button(worker, "Jatka").click();
    await heading(worker, title).first().waitFor();
  }
  await house.lahetti("county-administrator", "admin", "role", ...role, "--ended");
  await told(
    worker,
    "Teillä ei ole tehtävää missään yksikössä",
    "Du har ingen roll i någon enhet",
    "You have no role in any unit",
  );
  await seen(worker, "Teillä ei ole tehtävää", "wrong-role");
  await house.lahetti("county-administrator", "admin", "role", ...role);
  await button(worker, "Kirjaudu ulos").last().click();
  await signIn(worker);
  await worker.getByText(WISH).waitFor();
  await send();
  assert.deepEqual(worker.faults, []);
});

test("two of one team take the same referral at the same moment: one gets it, the other is told who", async () => {
  [coach, leader] = [await house.enrol("coach"), await house.enrol("team-leader")];
  // The leader's page does not hear of it before it asks: what comes unasked, without a correlation, is held.
  let held;
  await leader.routeWebSocket(/\/lahetti$/, (browser) => {
    browser.connectToServer().onMessage((frame) => {
      if (held === undefined || frame[0] === 8) browser.send(frame);
      else held.push(() => browser.send(frame));
    });
  });
  await leader.reload();
  await signIn(leader);
  for (const page of [coach, leader]) {
    await page.getByRole("link", { name: /Yksikön jono/ }).first().click();
    await page.locator(".notice").last().click();
    await button(page, "Ota jonosta").waitFor();
  }
  held = [];
  await button(coach, "Ota jonosta").click();
  await button(coach, "Avaa").waitFor();
  await button(leader, "Ota jonosta").click();
  await told(
    leader,
    "Toinen työntekijä on ottanut asian jonosta: sopikaa hänen kanssaan tai valitkaa toinen asia.",
    "En annan person har tagit ärendet ur kön: kom överens med personen eller välj ett annat ärende.",
    "Another person has taken this from the queue: speak with them or choose another.",
  );
  for (const late of held.splice(0)) late();
  held = undefined;
  await leader.getByText(NAMES.coach).waitFor();
  assert.equal(await leader.getByText(/Toinen työntekijä on ottanut/).count(), 1, "said once");
  assert.equal(await button(leader, "Ota jonosta").count() + await button(leader, "Avaa").count(), 0);
  await seen(leader, "Ohjaus palveluun", "taken-by-another");
  await leader.getByRole("link", { name: "Saapuneisiin" }).click();
  await leader.getByRole("link", { name: /Yksikön jono/ }).first().click();
  await leader.locator(".notice", { hasText: NAMES.coach }).waitFor();
  assert.equal(await leader.locator(".notice").count(), 2);
  // They speak with each other.
  await leader.locator(".notice", { hasText: NAMES.coach }).click();
  await button(coach, "Palauta jonoon").click();
  await button(leader, "Ota jonosta").click();
  await button(leader, "Avaa").waitFor();
  assert.equal(await leader.getByText(/Toinen työntekijä on ottanut/).count(), 0);
  await coach.getByText(NAMES["team-leader"]).waitFor();
  assert.deepEqual([coach.faults, leader.faults], [[], []]);
});

test("a server of another version: the page says that it has to be loaded again, and goes on from there", async () => {
  const renewed = { greeting: false, silent: false, page: false };
  await worker.routeWebSocket(/\/lahetti$/, (browser) => {
    if (renewed.silent) return browser.close();
    browser.connectToServer().onMessage((frame) => {
      // Versions 1 to 1 at the beginning of the greeting become 2 to 2.
      const at = renewed.greeting && frame[0] === 82 ? frame.indexOf(Buffer.from([8, 1, 16, 1])) : -1;
      if (at >= 0) frame[at + 1] = frame[at + 3] = 2;
      browser.send(frame);
    });
  });
  await worker.route((url) => renewed.page && url.pathname === "/", (route) =>
    route.fulfill({ contentType: "text/html", body: '<script type="module" src="./assets/index-newer.js"></script>' }),
  );
  await worker.route((url) => renewed.page && url.pathname.startsWith("/assets/"), (route) => route.fulfill({ status: 404 }));
  await worker.reload();
  await signIn(worker);
  await refer();
  await toWhom();
  await matter();

  const restart = async () => {
    await house.stop();
    await house.start();
  };
  const ways = [
    ["greets with versions that the page does not speak", { greeting: true }, restart, "Kirjaudu sisään"],
    ["takes no connection of the page's version", { silent: true, page: true }, restart, "Kirjaudu sisään"],
    [
      "has other files of views",
      { page: true },
      () => worker.getByRole("link", { name: "Omat laitteet" }).click(),
      "Omat laitteet",
    ],
  ];
  for (const [name, how, meet, title] of ways) {
    Object.assign(renewed, how);
    await meet();
    await told(
      worker,
      "Palvelu on päivitetty. Ladatkaa sivu uudelleen; keskeneräiset tekstit ovat tallessa.",
      how.page ? undefined : "Tjänsten har uppdaterats. Ladda sidan på nytt; det som höll på att skrivas är sparat.",
      how.page ? undefined : "The service has been updated. Load the page again; what you were writing is kept.",
    );
    await seen(worker, title, `other-version-${Object.keys(how).join("-")}`);
    Object.assign(renewed, { greeting: false, silent: false, page: false });
    await button(worker, "Lataa sivu uudelleen").click();
    await signIn(worker);
    await refer();
    await worker.getByLabel(/Asiakkaan toive/).waitFor();
    assert.equal(await worker.getByLabel(/Asiakkaan toive/).inputValue(), WISH, `the server ${name}`);
  }
});

test("an enrolment code that was used, or is out of date: a new one works, with what was typed", async () => {
  const code = await house.code("officer");
  const first = await house.visit();
  await enrolBy(first, code);
  await heading(first, "Laite odottaa vahvistusta").waitFor();
  const second = await house.visit();
  await second.waitForFunction((over) => Date.now() > over, expiring.over);
  for (const [person, old, administrator] of [
    ["officer", code],
    ["area-contact", expiring.code, "area-administrator"],
  ]) {
    await enrolBy(second, old);
    await told(
      second,
      "Rekisteröintikoodi on tuntematon, käytetty tai vanhentunut: pyytäkää pääkäyttäjältä uusi koodi.",
      "Registreringskoden är okänd, använd eller föråldrad: be huvudanvändaren om en ny.",
      "The enrolment code is unknown, used or out of date: ask the administrator for a new one.",
    );
    await seen(second, "Rekisteröi tämä selain", "wrong-code");
    assert.equal(await second.getByLabel("Salalause uudelleen").inputValue(), PASSPHRASE);
    await second.getByLabel("Rekisteröintikoodi").fill(await house.code(person, administrator));
    await button(second, "Rekisteröi tämä selain").click();
    await heading(second, "Laite odottaa vahvistusta").waitFor();
    await button(second, "Takaisin").click();
    await button(second, "Minulla on uusi koodi").click();
  }
  assert.deepEqual([first.faults, second.faults], [[], []]);
});
