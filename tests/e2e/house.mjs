// A county with a real server, and people with real browsers: what the tests of the page stand on.
//
// The county is the demonstration's (packaging/demonstration); each person has a device of the command line there. A browser is
// enrolled through the page like anybody's: by a code of the administrator, confirmed by the person's other device.
import { execFile, spawn } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../..", import.meta.url));
const require = createRequire(join(root, "web/package.json"));
const { chromium } = require("playwright-core");
const run = promisify(execFile);

export const PASSPHRASE = "kolme sanaa riittää";
export const PATIENCE_MS = 60_000;

const need = (name) => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: ctest sets it`);
  return value;
};

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A Chromium that asks nobody anything. */
export const launch = (...args) =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      ..."--no-sandbox --disable-gpu --disable-quic --no-first-run".split(" "),
      ..."--disable-background-networking --disable-component-update --disable-sync".split(" "),
      ...args,
    ],
  });

/** The names of the demonstration's people, as the directory has them. */
export const NAMES = {
  "social-worker": "Sanna Sosiaalityöntekijä",
  "adult-social-worker": "Anni Aikuissosiaalityö",
  coach: "Ville Valmentaja",
  "team-leader": "Tuula Tiiminvetäjä",
  officer: "Tiina Tietosuoja",
  "county-administrator": "Pia Pääkäyttäjä",
  "area-contact": "Ylva Yhdyshenkilö",
  "area-administrator": "Aatu Alue",
  "association-coach": "Ritva Rinnallakulkija",
  "association-administrator": "Yrjö Yhdistys",
};

export class House {
  /** `settings` are lines of lahettid.conf. */
  static async open(settings = "") {
    const house = new House();
    house.dir = mkdtempSync(join(tmpdir(), "lahetti-page-"));
    house.port = await freePort();
    house.origin = `https://localhost:${house.port}`;
    house.env = {
      ...process.env,
      LC_ALL: "C.UTF-8",
      LAHETTI_PASSPHRASE_FILE: join(house.dir, "passphrase"),
      LAHETTI_PAGE: need("LAHETTI_PAGE"),
    };
    await run(join(root, "packaging/demonstration"), [house.dir, String(house.port)], {
      env: house.env,
      timeout: 10 * PATIENCE_MS,
    });
    appendFileSync(join(house.dir, "lahettid.conf"), settings + (process.env.LAHETTI_E2E_SETTINGS ?? ""));
    await house.start();
    const pem = readFileSync(join(house.dir, "server.pem"));
    const spki = new X509Certificate(pem).publicKey.export({ type: "spki", format: "der" });
    // The key of this one server, and no other, is trusted.
    const digest = createHash("sha256").update(spki).digest("base64");
    house.browser = await launch(`--ignore-certificate-errors-spki-list=${digest}`);
    return house;
  }

  async start() {
    const config = join(this.dir, "lahettid.conf");
    this.server = spawn(need("LAHETTID"), ["run", "--config", config], { env: this.env, stdio: ["ignore", "pipe", "pipe"] });
    this.log = "";
    this.server.stderr.on("data", (data) => (this.log += data));
    this.ended = new Promise((resolve) => this.server.once("exit", (code, signal) => resolve(code ?? signal)));
    for await (const line of createInterface({ input: this.server.stdout })) {
      if (line.startsWith("ready")) return;
    }
    throw new Error(`lahettid did not start: ${this.log}`);
  }

  /** Stops the server as an operator does, or by SIGKILL. */
  async stop(signal = "SIGTERM") {
    this.server.kill(signal);
    const status = await this.ended;
    if (signal === "SIGTERM" && status !== 0) throw new Error(`lahettid ended with ${status}: ${this.log.slice(-4000)}`);
  }

  async close() {
    await this.browser?.close();
    await this.stop();
    rmSync(this.dir, { recursive: true });
  }

  /** The command line, as one of the people; what it printed. */
  async lahetti(person, ...words) {
    const { stdout } = await run(need("LAHETTI"), ["--home", join(this.dir, "people", person), "--lang", "en", ...words], {
      env: this.env,
      timeout: 2 * PATIENCE_MS,
    });
    return stdout;
  }

  /** A command of the operator's at the console; what it printed. */
  async lahettid(command, ...words) {
    const all = [command, "--config", join(this.dir, "lahettid.conf"), ...words];
    const { stdout } = await run(need("LAHETTID"), all, { env: this.env, timeout: 2 * PATIENCE_MS });
    return stdout;
  }

  /** A client of the social worker's, of the command line; a code of the test range. */
  async addClient(familyName, givenNames, hetu) {
    const names = ["--family-name", familyName, "--given-names", givenNames];
    await this.lahetti("social-worker", "client", "add", ...names, "--hetu", hetu, "--language", "fi");
  }

  async code(person, administrator = "county-administrator") {
    const text = await this.lahetti(administrator, "admin", "code", NAMES[person]);
    return /[0-9A-Z]{4}(-[0-9A-Z]{4}){3}/.exec(text)[0];
  }

  /** A browser of its own, that speaks a language, at the page. Errors in it are the test's. */
  async visit(options = {}) {
    const context = await this.browser.newContext({ locale: "fi-FI", timezoneId: "Europe/Helsinki", ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    page.faults = [];
    page.on("pageerror", (error) => page.faults.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error" && !/net::ERR_|WebSocket connection/.test(message.text())) page.faults.push(message.text());
    });
    await page.goto(this.origin);
    return page;
  }

  /** Enrols a browser for one of the people and signs in, through the page. The page is in Finnish. */
  async enrol(person, { administrator, page, ...options } = {}) {
    page ??= await this.visit(options);
    await page.getByLabel("Rekisteröintikoodi").fill(await this.code(person, administrator));
    await page.getByLabel("Tämän selaimen salalause").fill(PASSPHRASE);
    await page.getByLabel("Salalause uudelleen").fill(PASSPHRASE);
    await page.getByRole("button", { name: "Rekisteröi tämä selain" }).click();
    await page.getByRole("heading", { name: "Laite odottaa vahvistusta" }).waitFor();
    await this.confirm(person);
    await page.getByRole("button", { name: "Tarkista uudelleen" }).click();
    await page.getByRole("navigation").waitFor();
    return page;
  }

  /** The person's other device confirms those that wait. */
  async confirm(person) {
    const devices = JSON.parse(await this.lahetti(person, "devices", "--json"));
    for (const device of devices) if (!device.confirmed) await this.lahetti(person, "confirm", device.key);
  }
}
