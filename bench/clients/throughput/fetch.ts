/**
 * `fetch` that trusts the test certificate.
 *
 * @module
 */

import { trustingFetch } from "../trusting_fetch.ts";
import type { Download, Stall } from "./way.ts";

const byFetch: Download = async ({ hostname, port }, started) => {
  started(); // `fetch` does not tell when the connection stands.
  const response = await trustingFetch(`https://${hostname}:${port}/data`);
  let total = 0;
  for await (const chunk of response.body ?? []) total += chunk.length;
  return total;
};

export const downloads: Readonly<Record<string, Download>> = { "fetch": byFetch };

const stall: Stall = async ({ hostname, port }) => {
  const response = await trustingFetch(`https://${hostname}:${port}/data`);
  const reader = response.body?.getReader();
  await reader?.read();
  return reader;
};

export const stalls: Readonly<Record<string, Stall>> = { "fetch": stall };
