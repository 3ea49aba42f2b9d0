/**
 * A file of routes: a list in JSON, in which each entry has `listen`, `target`, and the options of the command
 * line in camel case.
 *
 * @module
 */

import { dirname, resolve } from "node:path";
import { nearest } from "../../base/nearest.ts";
import { readBytes } from "../tls_options.ts";
import { type OptionSpec, UsageError } from "../usage.ts";
import { kindOf, type Located, type Members, readJson } from "./json.ts";
import { formatPlace } from "./place.ts";
import { readRoute, type Route, routeOptions } from "./route.ts";

/** The options by the names that they have in the file. */
const fields: ReadonlyMap<string, readonly [option: string, spec: OptionSpec]> = new Map(
  Object.entries(routeOptions).map(([option, spec]) => [fieldOf(option), [option, spec]]),
);

const known = ["listen", "target", ...fields.keys()];

function fieldOf(option: string): string {
  if (option === "servername") return "serverName"; // As everywhere outside the command line.
  return option.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * Reads the routes of a file. What it names files by is relative to its own folder.
 *
 * @throws {UsageError} with the file, the entry and its line, what is wrong, and what was probably meant
 */
export async function readTargetsFile(file: string): Promise<Route[]> {
  const text = new TextDecoder().decode(await readBytes("targets", file));
  const entries = located(file, () => readEntries(text));
  const routes: Route[] = [];
  const seen = new Map<string, string>();
  for (const [index, entry] of entries.entries()) {
    const name = `entry ${index + 1} (line ${entry.line})`;
    try {
      const route = await readEntry(entry, dirname(file));
      const place = formatPlace(route.place);
      const before = seen.get(place);
      if (before !== undefined) {
        throw new UsageError(`"listen": ${before} listens at ${place}, too`);
      }
      seen.set(place, name);
      routes.push(route);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new UsageError(`${file}, ${name}: ${inNamesOfFields(error.message)}`);
    }
  }
  return routes;
}

function located<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${file}, ${error.message}`);
    throw error;
  }
}

function readEntries(text: string): readonly Located[] {
  const top = readJson(text);
  if (!Array.isArray(top.value)) {
    throw new UsageError(`line ${top.line}: expected a list of targets, got ${kindOf(top)}`);
  }
  if (top.value.length === 0) throw new UsageError(`line ${top.line}: the list has no target`);
  return top.value;
}

async function readEntry(entry: Located, folder: string): Promise<Route> {
  if (!(entry.value instanceof Map)) {
    throw new UsageError(`expected an object with "listen" and "target", got ${kindOf(entry)}`);
  }
  const members: Members = entry.value;
  const values: Record<string, unknown> = {};
  for (const [name, located] of members) {
    if (name === "listen" || name === "target") continue;
    const [option, spec] = fields.get(name) ?? unknownField(name, located);
    values[option] = readValue(name, located, spec, folder);
  }
  const textOf = (name: string) => {
    const found = members.get(name);
    return found && readText(name, found);
  };
  const listen = textOf("listen");
  if (listen === undefined) throw new UsageError('"listen" is missing');
  const target = textOf("target");
  if (target === undefined && values["connect"] !== true) {
    throw new UsageError('"target" is missing');
  }
  return await readRoute(values, listen, target);
}

function unknownField(name: string, { line }: Located): never {
  const near = nearest(name, known);
  const meant = near === undefined
    ? `; there are ${known.join(", ")}`
    : `; did you mean "${near}"?`;
  throw new UsageError(`"${name}" in line ${line} is no option of a target${meant}`);
}

/** The value as the command line would have it. */
function readValue(name: string, located: Located, spec: OptionSpec, folder: string): unknown {
  const { value } = located;
  if (spec.type === "boolean") {
    if (value === true) return true;
    if (value === false) return undefined;
    throw wrongKind(name, "true or false", located);
  }
  const path = (text: string) => spec.value === "FILE" ? resolve(folder, text) : text;
  if (spec.value === "MS" && typeof value === "number") return String(value);
  const isList = Array.isArray(value);
  if (spec.multiple) {
    return (isList ? value as Located[] : [located]).map((each) => path(readText(name, each)));
  }
  if (spec.value === "LIST" && isList) {
    return (value as Located[]).map((each) => readText(name, each)).join(",");
  }
  return path(readText(name, located));
}

function readText(name: string, located: Located): string {
  const { value } = located;
  if (typeof value === "string" && value !== "") return value;
  throw wrongKind(name, "a text", located);
}

function wrongKind(name: string, expected: string, located: Located): UsageError {
  return new UsageError(
    `"${name}" in line ${located.line} must be ${expected}, got ${kindOf(located)}`,
  );
}

/** Messages about options of the command line are about fields here. */
function inNamesOfFields(message: string): string {
  return message.replace(
    /(?:[Oo]ptions? )?--([a-z][\w.-]*[\w])/g,
    (_, option: string) => `"${fieldOf(option)}"`,
  );
}
