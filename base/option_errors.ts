/**
 * Describes what a caller has passed, for error messages.
 *
 * @module
 */

import { OptionError, type OptionErrorDetails } from "./errors.ts";

/** How many items of a list are shown, and how many characters of each string: it may be a key. */
const MOST_ITEMS = 8;
const LONGEST_ITEM = 27; // -----BEGIN PRIVATE KEY-----

function showItem(item: unknown): string {
  if (typeof item === "string" && item.length > LONGEST_ITEM) {
    return JSON.stringify(`${item.slice(0, LONGEST_ITEM)}…`);
  }
  return Array.isArray(item) ? "Array" : show(item);
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) {
    const items = value.slice(0, MOST_ITEMS).map(showItem);
    return `[${items.join(", ")}${value.length > MOST_ITEMS ? ", …" : ""}]`;
  }
  if (typeof value === "object" && value !== null) return value.constructor?.name ?? "an object";
  return String(value);
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
  const message = `Option "${name}" is not known here${hint}`;
  return new OptionError(name, message + connectingTo(details), details);
}

/** Names the destination at the end of a message. */
function connectingTo({ hostname }: OptionErrorDetails): string {
  return hostname === undefined ? "" : ` (connecting to ${JSON.stringify(hostname)})`;
}
