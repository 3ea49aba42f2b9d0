/**
 * The table of requirements: whether it is in order, and whether the tests and files that it names can be
 * found. Whether those tests ran, `tools/test/suite.ts` checks.
 */

import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Requirement, requirements, titlesNamed } from "../requirements.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const rows: readonly Requirement[] = requirements;

const nameOf = ({ rfc, section, what }: Requirement) => `RFC ${rfc}, ${section}: ${what}`;

test("each row has its place, and one answer", () => {
  assert.ok(rows.length >= 40, `only ${rows.length} rows`);
  for (const row of rows) {
    assert.match(row.section, /^(\d+|[A-Z])(\.\d+)*$/, nameOf(row));
    const answers = ["tests", "decision", "open"].filter((each) => each in row);
    assert.equal(answers.length, 1, nameOf(row));
    const texts = "tests" in row ? row.tests : ["decision" in row ? row.decision : row.open];
    assert.ok(texts.length > 0 && texts.every((text) => text.trim() !== ""), nameOf(row));
    assert.equal(new Set(texts).size, texts.length, `${nameOf(row)} names a test twice`);
  }
});

test("no requirement stands twice, and each RFC's stand together, by section", () => {
  const names = rows.map(nameOf);
  assert.deepEqual(names.filter((name, index) => names.indexOf(name) < index), []);
  const rfcs = rows.map(({ rfc }) => rfc);
  assert.equal(rfcs.filter((rfc, index) => rfc !== rfcs[index - 1]).length, new Set(rfcs).size);
  for (const rfc of new Set(rfcs)) {
    const sections = rows.filter((row) => row.rfc === rfc).map(({ section }) => section);
    assert.deepEqual(sections, sections.toSorted(bySection), `RFC ${rfc}`);
  }
});

/** Appendices come last, 4.10 behind 4.9. */
function bySection(one: string, other: string): number {
  const weigh = (part = "") => /\d/.test(part) ? Number(part) : 1000 + part.charCodeAt(0);
  const [a, b] = [one.split("."), other.split(".")];
  const at = a.findIndex((part, index) => part !== b[index]);
  if (at < 0) return a.length - b.length;
  return at >= b.length ? 1 : weigh(a[at]) - weigh(b[at]);
}

test("the files that rows name exist", () => {
  for (const row of rows) {
    const text = "decision" in row ? row.decision : "open" in row ? row.open : "";
    for (const [file] of text.matchAll(/\b[\w/]+\.(md|ts)\b/g)) {
      assert.ok(existsSync(`${root}/${file}`), `${nameOf(row)} names ${file}`);
    }
  }
});

/** Characters that a template must have besides what is filled in, or it would be like any title. */
const LEAST_TEXT = 8;

/**
 * The titles in the sources of tests, as patterns: what a template string fills in may be anything here.
 * Whether there is a test of just that title, only a test run knows.
 */
function titlesInSources(): RegExp[] {
  const call = /\btest\(\s*(?:"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g;
  return globSync("tests/**/*_test.ts", { cwd: root }).flatMap((file) => {
    const source = readFileSync(`${root}/${file}`, "utf8");
    return [...source.matchAll(call)].flatMap(([, literal, template = ""]) => {
      const parts = literal === undefined ? template.split(/\$\{[^}]*\}/) : [literal];
      if (literal === undefined && parts.join("").length < LEAST_TEXT) return [];
      return [new RegExp(`^${parts.map((part) => RegExp.escape(part)).join(".+")}$`)];
    });
  });
}

/** Titles that no test can have. */
function unknownIn(titles: readonly string[]): string[] {
  const known = titlesInSources();
  assert.ok(known.length > 500, `only ${known.length} tests found`);
  return titles.filter((title) => !known.some((pattern) => pattern.test(title)));
}

test("the tests that rows name are in the sources", () => {
  assert.ok(titlesNamed.length >= 40);
  assert.deepEqual(unknownIn(titlesNamed), []);
});

test("a test that is none would be found", () => {
  const [title = ""] = titlesNamed;
  assert.deepEqual(unknownIn([`${title}!`, title, "connect: a reset for SYNs with data"]), [
    `${title}!`,
    "connect: a reset for SYNs with data",
  ]);
});
