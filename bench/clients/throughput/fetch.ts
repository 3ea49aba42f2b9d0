/**
 * `fetch`, with the test certificate trusted the way each runtime has for it.
 *
 * @module
 */

import { trustingFetch } from "../trusting_fetch.ts";
import type { Download, Stall } from "./way.ts";

const byFetch: Download = async ({ hostname, port }, started) => {
  started(); // There is no moment in between to mark.
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
