/**
 * Describes what a caller has passed, for error messages.
 *
 * @module
 */

import { OptionError, type OptionErrorDetails } from "./errors.ts";

/** How many items of a list are shown. */
const MOST_ITEMS = 8;

/** How many characters of a string are shown, and how many of one that may be a key. */
const LONGEST = 80;
const LONGEST_SECRET = 27; // -----BEGIN PRIVATE KEY-----

function showText(text: string, longest: number): string {
  const most = text.trimStart().startsWith("-----BEGIN") ? LONGEST_SECRET : longest;
  return JSON.stringify(text.length > most ? `${text.slice(0, most)}…` : text);
}

function showItem(item: unknown): string {
  if (typeof item === "string") return showText(item, LONGEST_SECRET);
  return Array.isArray(item) ? "Array" : show(item);
}

/** A secret in the place of the value that an option has. Its kind alone is shown. */
export class Hidden {
  readonly kind: string;

  constructor(value: unknown) {
    this.kind = typeof value === "string" ? "another string" : describeKind(value);
  }
}

function describeKind(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return `${/^[aeiou]/.test(typeof value) ? "an" : "a"} ${typeof value}`;
}

/** A value for a message, cut short. */
export function show(value: unknown): string {
  if (value instanceof Hidden) return value.kind;
  if (typeof value === "string") return showText(value, LONGEST);
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) {
    const items = Array.from(value.slice(0, MOST_ITEMS), showItem);
    return `[${items.join(", ")}${value.length > MOST_ITEMS ? ", …" : ""}]`;
  }
  return typeof value === "object" && value !== null ? showClass(value) : String(value);
}

function showClass(value: object): string {
  try {
    return `${value.constructor.name}`;
  } catch {
    return "an object"; // It has no constructor, or one that throws.
  }
}

/** The error for an argument that is not what it must be. */
export function badArgument(name: string, expectation: string, value: unknown): OptionError {
  const message = `Argument "${name}" must be ${expectation}, got ${show(value)}`;
  return new OptionError(name, message);
}

/** The error for an option that is not what it must be; `details` name the destination. */
export function badOption(
  name: string,
  expectation: string,
  value: unknown,
  details: OptionErrorDetails = {},
): OptionError {
  const message = `Option "${name}" must be ${expectation}, got ${show(value)}`;
  return new OptionError(name, message + connectingTo(details), details);
}

/** The error for an unknown option; `near` is a known one that may be meant. */
export function unknownOption(
  name: string,
  near: string | undefined,
  details: OptionErrorDetails,
): OptionError {
  const hint = near === undefined ? "" : `; did you mean "${near}"?`;
  const message = `Option ${showText(name, LONGEST)} is not known here${hint}`;
  return new OptionError(name, message + connectingTo(details), details);
}

/** Names the destination at the end of a message. */
function connectingTo({ hostname }: OptionErrorDetails): string {
  return hostname === undefined ? "" : ` (connecting to ${showText(hostname, 253)})`;
}
