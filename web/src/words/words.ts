/*
 * What the page says, in one language: texts of the catalogue (generated from lib/core's and the page's own), the words of enums,
 * and dates and numbers as people write them. Texts are data: nothing here makes markup.
 */
import type { DescEnum } from "@bufbuild/protobuf";
import type outside from "../../gen/en.json";
import type inside from "../../gen/en-inside.json";

export type TextKey = keyof typeof outside | keyof typeof inside;
export type Texts = Record<TextKey, string>;

export const LANGUAGES = ["fi", "sv", "en"] as const;
export type Language = (typeof LANGUAGES)[number];

/** What it takes to sign in; what it takes then. */
const OUTSIDE: Record<Language, () => Promise<{ default: object }>> = {
  en: () => import("../../gen/en.json"),
  fi: () => import("../../gen/fi.json"),
  sv: () => import("../../gen/sv.json"),
};
const INSIDE: Record<Language, () => Promise<{ default: object }>> = {
  en: () => import("../../gen/en-inside.json"),
  fi: () => import("../../gen/fi-inside.json"),
  sv: () => import("../../gen/sv-inside.json"),
};
/** Day before month, also in English: this is Finland. */
const LOCALES: Record<Language, string> = { fi: "fi-FI", sv: "sv-FI", en: "en-FI" };
const ZONE = "Europe/Helsinki";

/** The first of the browser's languages that we speak, else Finnish. */
export function browserLanguage(): Language {
  for (const tag of navigator.languages) {
    const found = LANGUAGES.find((language) => tag.toLowerCase().startsWith(language));
    if (found !== undefined) return found;
  }
  return "fi";
}

/** A name as in .proto files, in the catalogue's way: "HowGiven" and "own_words" become "how-given" and "own-words". */
export function hyphened(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .replaceAll("_", "-")
    .toLowerCase();
}

export class Words {
  private readonly dateAndTime: Intl.DateTimeFormat;
  private readonly dateOnly: Intl.DateTimeFormat;
  private readonly numbers: Intl.NumberFormat;

  private constructor(
    readonly language: Language,
    private readonly texts: Texts,
  ) {
    const locale = LOCALES[language];
    this.dateOnly = new Intl.DateTimeFormat(locale, {
      timeZone: ZONE,
      day: "numeric",
      month: "numeric",
      year: "numeric",
    });
    this.dateAndTime = new Intl.DateTimeFormat(locale, {
      timeZone: ZONE,
      day: "numeric",
      month: "numeric",
      year: "numeric",
      hour: "numeric",
      minute: "2-digit",
    });
    this.numbers = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  }

  /** The texts of a language: all, or those that are wanted until somebody has signed in. */
  static async load(language: Language, all: boolean): Promise<Words> {
    const parts = await Promise.all([OUTSIDE[language](), all ? INSIDE[language]() : { default: {} }]);
    return new Words(language, Object.assign({}, ...parts.map((part) => part.default)) as Texts);
  }

  /** A text, with what stands for each {} in it. */
  t(key: TextKey, ...given: (string | number)[]): string {
    let n = 0;
    return this.texts[key].replaceAll("{}", () => String(given[n++] ?? ""));
  }

  /** A text whose key is put together; undefined where there is none. */
  find(key: string): string | undefined {
    return (this.texts as Record<string, string | undefined>)[key];
  }

  /** The word for a value of an enum, as lahetti_text_of has it; empty for what is unspecified. */
  of(type: DescEnum, value: number): string {
    const row = type.values.find((v) => v.number === value);
    if (row === undefined || value === 0) return "";
    return this.find(`${hyphened(type.name)}.${hyphened(row.localName)}`) ?? hyphened(row.localName);
  }

  /** The sentence of a stable code; the code itself where it is of a newer server. */
  code(code: string): string {
    return this.find(`code.${code}`) ?? code;
  }

  /** An instant, in microseconds UTC. */
  instant(us: bigint): string {
    return this.dateAndTime.format(Number(us / 1000n));
  }

  /** The day of an instant. */
  dayOf(us: bigint): string {
    return this.dateOnly.format(Number(us / 1000n));
  }

  /** A civil date YYYYMMDD; empty for 0. */
  date(civil: number): string {
    if (civil === 0) return "";
    const at = Date.UTC(Math.floor(civil / 10000), (Math.floor(civil / 100) % 100) - 1, civil % 100, 12);
    return this.dateOnly.format(at);
  }

  number(value: number): string {
    return this.numbers.format(value);
  }

  size(bytes: number): string {
    if (bytes < 1000) return `${this.number(bytes)} B`;
    if (bytes < 1_000_000) return `${this.number(bytes / 1000)} kB`;
    return `${this.number(bytes / 1_000_000)} MB`;
  }
}

/** Today in Finland, as YYYYMMDD. */
export function today(at = new Date()): number {
  const iso = new Intl.DateTimeFormat("sv-SE", { timeZone: ZONE }).format(at);
  return Number(iso.replaceAll("-", ""));
}

/** A day so many days later. */
export function daysLater(civil: number, days: number): number {
  const at = new Date(
    Date.UTC(Math.floor(civil / 10000), (Math.floor(civil / 100) % 100) - 1, (civil % 100) + days),
  );
  return at.getUTCFullYear() * 10000 + (at.getUTCMonth() + 1) * 100 + at.getUTCDate();
}

/** A day as people write it (1.12.2026, 01.12.2026, 2026-12-01) as YYYYMMDD; undefined where it is none. */
export function readCivil(typed: string): number | undefined {
  const finnish = /^\s*(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})\s*$/.exec(typed);
  const english = /^\s*(\d{1,2})\/(\d{1,2})\/(\d{4})\s*$/.exec(typed);
  const iso = /^\s*(\d{4})-(\d{2})-(\d{2})\s*$/.exec(typed);
  const parts = finnish ?? english;
  const [year, month, day] =
    iso !== null ? iso.slice(1).map(Number) : [parts?.[3], parts?.[2], parts?.[1]].map(Number);
  const at = new Date(Date.UTC(year ?? NaN, (month ?? NaN) - 1, day));
  if (at.getUTCFullYear() !== year || at.getUTCMonth() + 1 !== month || at.getUTCDate() !== day)
    return undefined;
  return year * 10000 + month * 100 + day;
}

const OFFSET = new Intl.DateTimeFormat("en", { timeZone: ZONE, timeZoneName: "longOffset" });

/** The instant at which a civil date begins in Finland. The clocks there change at three o'clock, so midnight has the offset before. */
export function dayBegins(civil: number): bigint {
  const midnight = Date.UTC(Math.floor(civil / 10000), (Math.floor(civil / 100) % 100) - 1, civil % 100);
  const name = OFFSET.formatToParts(midnight - 3 * 3_600_000).find(({ type }) => type === "timeZoneName");
  const [, hours = "0", minutes = "0"] = /GMT\+(\d+)(?::(\d+))?/.exec(name?.value ?? "") ?? [];
  return BigInt(midnight - (Number(hours) * 60 + Number(minutes)) * 60_000) * 1000n;
}
