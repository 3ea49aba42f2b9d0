/**
 * The pages of `docs/integrations/`: what their heads say, and their programs, run as a newcomer would
 * run them.
 *
 *     testPage("pg", { needs: ["postgresql"] }, async (page) => {
 *       await using server = await startPostgresql();
 *       const { code, stdout, stderr } = await page.run({ '"db.example.com"': '"localhost"' });
 *       …
 *     });
 *
 * A program trusts the certificates of the tests by NODE_EXTRA_CA_CERTS, and finds the root as `ca.pem` in its
 * folder. So a page needs no option for it, and may have `ca: readFileSync("ca.pem")` where its readers would.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type ChildOptions,
  type Ended,
  runChild,
  runtimeName,
  trustingNothingMore,
} from "../fixtures/hostile_child.ts";
import { certificates } from "../peers/certificates.ts";
import { type PeerName, requirePeer } from "../peers/peer.ts";
import { test } from "../peers/test.ts";
import { newcomersFolder } from "./newcomer.ts";

/** Where the pages are. */
export const folder = fileURLToPath(new URL("../../docs/integrations/", import.meta.url));

/** The runtimes, as pages call them. */
const NAMES = { node: "Node", bun: "Bun", deno: "Deno" } as const;
type RuntimeName = typeof NAMES[keyof typeof NAMES];

/** A library that a page was tried with. `node:` modules have no version. */
export interface Tried {
  readonly name: string;
  readonly version?: string;
}

/** What stands in a page. */
export interface Page {
  readonly name: string;
  readonly title: string;
  /** What a program adds or changes; a part of {@linkcode Page.program}. */
  readonly line: string;
  readonly tried: readonly Tried[];
  readonly runtimes: readonly RuntimeName[];
  /** Why not in the other runtimes. */
  readonly notIn: Readonly<Partial<Record<RuntimeName, string>>>;
  /** The first example: a whole program. */
  readonly program: string;
}

/** Reads a page; throws where it has not the form that all have. */
export function readPage(name: string): Page {
  return parsePage(name, readFileSync(join(folder, `${name}.md`), "utf8"));
}

/** Reads the text of a page. */
export function parsePage(name: string, text: string): Page {
  const find = (what: string, pattern: RegExp): string => {
    const [, found] = pattern.exec(text) ?? [];
    return found ?? assert.fail(`docs/integrations/${name}.md has no ${what}`);
  };
  const title = find('title: "# ..."', /^# (.+)\n/);
  const line = find('item "- The line: `...`"', /^- The line: `(.+)`$/m);
  const [, names = "", runtimes = ""] = /^(.+) · (.+)$/.exec(
    find('item "- Tried: pg 8.23.1 · Node, Bun, Deno"', /^- Tried: (.+ · .+)$/m),
  ) ?? [];
  const known: readonly string[] = Object.values(NAMES);
  const isKnown = (name: string): name is RuntimeName =>
    known.includes(name) || assert.fail(`${name}.md: "${name}" is no runtime`);
  const reasons = [...text.matchAll(/^- Not in (\w+): (.+(?:\n {2}.+)*)$/gm)]
    .map(([, runtime = "", reason = ""]) => [runtime, reason] as const);
  const program = find("example: a block that begins with ```ts", /^```ts\n(.*?)^```$/ms);
  assert.ok(program.includes(line), `${name}.md: its program lacks its line, ${line}`);
  return {
    ...{ name, title, line, program },
    tried: names.split(", ").map((each) => {
      const [, name = "", version] = /^(\S+)(?: (\S+))?$/.exec(each) ?? [];
      return { name, ...(version ? { version } : {}) };
    }),
    runtimes: runtimes.split(", ").filter(isKnown),
    notIn: Object.fromEntries(reasons.filter(([runtime]) => isKnown(runtime))),
  };
}

/** Puts other values in the place of a page's examples; throws where one is not there. */
export function replaceValues(
  { name, program }: Pick<Page, "name" | "program">,
  values: Readonly<Record<string, string | number>>,
): string {
  return Object.entries(values).reduce((text, [example, value]) => {
    assert.ok(text.includes(example), `${name}.md: its program has no ${example} to replace`);
    return text.replaceAll(example, () => String(value));
  }, program);
}

/** How a program is run. */
export interface RunOptions extends Pick<ChildOptions, "env" | "through" | "timeout"> {
  /** Further files in its folder, by their names: what a generator would have made, say. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A page under test. */
export interface PageUnderTest extends Page {
  /**
   * Runs the program on this runtime to its end, in a folder of its own where there are this package and
   * the libraries that the page names. Each key of `values` stands in the program, and gets the value.
   */
  run(
    values: Readonly<Record<string, string | number>>,
    options?: RunOptions,
  ): Promise<Ended>;
}

/** What a test of a page needs. */
export interface PageNeeds {
  readonly needs?: readonly PeerName[];
  readonly skip?: string | false;
  /** What the test shows, where a page has several. */
  readonly shows?: string;
  /**
   * Whether the test fails in the runtimes that the page leaves out, which is then tested as well: when that
   * changes the page is to be changed.
   */
  readonly failsWhereLeftOut?: boolean;
}

/** Registers a test of a page, in the runtimes in which the page says that it works. */
export function testPage(
  name: string,
  needs: PageNeeds,
  body: (page: PageUnderTest) => Promise<void>,
): void {
  const page = readPage(name);
  const { shows = "its program runs as it stands there" } = needs;
  const skip = needs.skip || requirePeer(...needs.needs ?? []);
  const under: PageUnderTest = {
    ...page,
    run: (values, options = {}) => runProgram(page, values, options),
  };
  if (page.runtimes.includes(NAMES[runtimeName])) {
    test(`docs/integrations/${name}.md: ${shows}`, { skip }, () => body(under));
  } else if (needs.failsWhereLeftOut) {
    test(`docs/integrations/${name}.md: it still can't work here`, { skip }, async () => {
      await assert.rejects(body(under), assert.AssertionError);
    });
  }
}

async function runProgram(
  page: Page,
  values: Readonly<Record<string, string | number>>,
  { files = {}, ...options }: RunOptions,
): Promise<Ended> {
  using home = newcomersFolder(page.tried.map(({ name }) => name));
  for (const [file, text] of Object.entries(files)) home.write(file, text);
  const trust = { NODE_EXTRA_CA_CERTS: certificates().caPath };
  return await runChild(home.write("program.ts", replaceValues(page, values)), [], {
    ...options,
    cwd: home.path(),
    flags: runtimeName === "deno" ? ["-A"] : [],
    env: { ...trustingNothingMore, ...trust, ...options.env },
  });
}

/** The table of all pages, which is README.md's. */
export function renderIndex(pages: readonly Page[]): string {
  const rows = pages.map(({ name, title, line, runtimes }) =>
    `| [${title}](${name}.md) | \`${line.replaceAll("|", "\\|")}\` | ${runtimes.join(", ")} |`
  );
  return ["| library | the line | tried in |", "| --- | --- | --- |", ...rows, ""].join("\n");
}
