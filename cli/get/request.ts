/**
 * What is asked for: a request as the command line has it, and the one that a redirect makes of it.
 *
 * @module
 */

import { validateHeaderName, validateHeaderValue } from "node:http";
import { Buffer } from "node:buffer";
import process from "node:process";
import { buffer } from "node:stream/consumers";
import { CommandError } from "../failure.ts";
import { readBytes } from "../tls_options.ts";
import { shown } from "../url.ts";
import { type OptionSpecs, type OptionValues, UsageError } from "../usage.ts";
import { version } from "../version.ts";

/** Options that say what to ask for. */
export const requestOptions = {
  method: { type: "string", value: "NAME", help: "GET unless given; POST where there is --data" },
  header: {
    type: "string",
    multiple: true,
    value: "LINE",
    help: 'send this field, as in "Accept: text/html"; may be repeated',
  },
  data: {
    type: "string",
    value: "TEXT",
    help: "send this body; @FILE is the content of a file, @- that of standard input",
  },
  head: { type: "boolean", help: "ask for the head of the answer alone, and print that" },
  compressed: { type: "boolean", help: "ask for a compressed body, and print it decompressed" },
} as const satisfies OptionSpecs;

/** A request that can be made more than once. */
export interface Wanted {
  readonly url: URL;
  readonly method: string;
  /** By names in lower case; each with all its values. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
  readonly body: Uint8Array | undefined;
  /** Whether it goes to another server than the one that was named, which is told no secrets. */
  readonly isElsewhere: boolean;
}

/** Fields that say how a message is carried, which is the business of whoever carries it. */
const FRAMING = [
  ...["connection", "content-length", "expect", "keep-alive", "proxy-connection", "te", "trailer"],
  ...["transfer-encoding", "upgrade"],
];

/**
 * What another server may be told: what the answer should be like. Any other field may hold a secret, as
 * Authorization and Cookie do, and X-Api-Key.
 */
const HARMLESS = /^(accept(-.*)?|cache-control|content-.*|if-.*|pragma|range|user-agent)$/;

/** The encodings that can be undone, the best first. */
export const encodings = ["zstd", "br", "gzip", "deflate"] as const;

/**
 * Reads the request; name and password in its URL become a field.
 *
 * @throws {UsageError} when it can't be made
 */
export async function readRequest(
  url: URL,
  values: OptionValues<typeof requestOptions>,
): Promise<Wanted> {
  const { data, head = false } = values;
  if (head && (data !== undefined || values.method !== undefined)) {
    const other = data === undefined ? "--method" : "--data";
    throw new UsageError(`Options --head and ${other} contradict each other`);
  }
  const method = readMethod(
    values.method ?? (head ? "HEAD" : data === undefined ? "GET" : "POST"),
  );
  const body = data === undefined ? undefined : await readData(data);
  const fields = new Map<string, readonly string[]>([
    ["accept", ["*/*"]],
    ["user-agent", [`firstflight/${version}`]],
  ]);
  if (values.compressed) fields.set("accept-encoding", [encodings.join(", ")]);
  // As HTML forms and curl have it.
  if (body) fields.set("content-type", ["application/x-www-form-urlencoded"]);
  if (url.username !== "" || url.password !== "") fields.set("authorization", [basic(url)]);
  for (const [name, lines] of readFields(values.header ?? [])) fields.set(name, lines);
  return { url, method, fields, body, isElsewhere: false };
}

function readMethod(text: string): string {
  const method = text.toUpperCase();
  if (!/^[!#$%&'*+.^_`|~0-9A-Z-]+$/.test(method)) {
    throw new UsageError(`Option --method must be the name of a method, got "${text}"`);
  }
  if (method === "CONNECT") {
    throw new UsageError("Option --method can't be CONNECT: a tunnel is no answer");
  }
  return method;
}

function readFields(lines: readonly string[]): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const line of lines) {
    const [, given = "", value = ""] = /^([^:]*):[ \t]*(.*?)[ \t]*$/s.exec(line) ?? [];
    const name = given.toLowerCase();
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch {
      // The value may be a secret, and so may a line without a colon.
      const which = line.includes(":") ? `"${given}"` : "one without a colon";
      throw new UsageError(`Option --header must be like "Name: value", in ASCII; ${which} is not`);
    }
    if (FRAMING.includes(name)) {
      throw new UsageError(`Option --header can't be ${given}: the command decides on that`);
    }
    fields.set(name, [...fields.get(name) ?? [], value]);
  }
  return fields;
}

/** The field for a name and a password (RFC 7617). */
function basic({ username, password }: URL): string {
  const pair = `${decoded(username)}:${decoded(password)}`;
  return `Basic ${Buffer.from(pair).toString("base64")}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // A percent sign that stands for itself.
  }
}

async function readData(text: string): Promise<Uint8Array> {
  if (!text.startsWith("@")) return new TextEncoder().encode(text);
  const file = text.slice(1);
  return file === "-" ? await buffer(process.stdin) : await readBytes("data", file);
}

/** Statuses that name another place to ask (RFC 9110, section 15.4). */
const REDIRECTS = [301, 302, 303, 307, 308];

/**
 * The request that follows an answer; `undefined` where that is not a redirect.
 *
 * Another server gets no field that may hold a secret. A server without TLS gets nothing.
 *
 * @throws {CommandError} when the redirect can't be followed
 */
export function redirected(
  wanted: Wanted,
  status: number,
  location: string | undefined,
): Wanted | undefined {
  if (!REDIRECTS.includes(status) || location === undefined) return undefined;
  const url = URL.parse(location, wanted.url);
  if (url?.protocol !== "https:") {
    const where = url?.protocol === "http:" ? `${shown(url)}, which has no TLS` : `"${location}"`;
    const message = `${shown(wanted.url)} redirects to ${where}: that is not followed`;
    throw new CommandError("REDIRECT_REFUSED", message);
  }
  // Credentials come from the user, and from no server.
  url.username = url.password = "";
  const isElsewhere = wanted.isElsewhere || url.origin !== wanted.url.origin;
  const dropsBody = status === 303
    ? !["GET", "HEAD"].includes(wanted.method)
    : status < 303 && wanted.method === "POST";
  const isDropped = (name: string) =>
    (isElsewhere && !HARMLESS.test(name)) || (dropsBody && name.startsWith("content-"));
  return {
    url,
    method: dropsBody ? "GET" : wanted.method,
    fields: new Map([...wanted.fields].filter(([name]) => !isDropped(name))),
    body: dropsBody ? undefined : wanted.body,
    isElsewhere,
  };
}
