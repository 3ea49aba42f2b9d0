/**
 * Reading JUnit reports, the one format that all three runtimes can write.
 *
 * @module
 */

/** One test of a report. */
export interface TestCase {
  /** With the groups it is in where the runtime names them: `group > test`. */
  readonly name: string;
  /** As the runtime spells it; absent where it doesn't say. */
  readonly file: string | undefined;
  readonly outcome: "passed" | "failed" | "skipped";
  /** Why it failed or was skipped, as far as the runtime says. */
  readonly message: string | undefined;
}

/** A test's own title, without the groups it is in. */
export function titleOf({ name }: Pick<TestCase, "name">): string {
  return name.split(" > ").at(-1) ?? name;
}

/** The tests of a report, in its order. */
export function parseReport(xml: string): TestCase[] {
  const element = /<testcase\b((?:[^">]|"[^"]*")*?)(?:\/>|>(.*?)<\/testcase>)/gs;
  return [...xml.matchAll(element)].map(([, attributes = "", body = ""]) => {
    const [, kind, details = ""] = /<(failure|error|skipped)\b((?:[^">]|"[^"]*")*)>/.exec(body) ??
      [];
    return {
      name: attribute(attributes, "name") ?? "",
      file: attribute(attributes, "file") ?? attribute(attributes, "classname"),
      outcome: kind === undefined ? "passed" : kind === "skipped" ? "skipped" : "failed",
      message: attribute(details, "message"),
    };
  });
}

function attribute(attributes: string, name: string): string | undefined {
  const value = new RegExp(`\\s${name}="([^"]*)"`).exec(attributes)?.[1];
  return value?.replace(
    /&(?:#(\d+)|(\w+));/g,
    (entity, code, word) => code ? String.fromCodePoint(Number(code)) : entities[word] ?? entity,
  );
}

const entities: Readonly<Record<string, string>> = {
  amp: "&",
  apos: "'",
  gt: ">",
  lt: "<",
  quot: '"',
};
