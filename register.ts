/**
 * One flag for programs that stay as they are: their TLS connections then send their first flight in the TCP
 * SYN, and their listeners take such data.
 *
 *     node --import @firstflight/tls/register app.js
 *     bun --preload @firstflight/tls/register app.js
 *     deno run --preload jsr:@firstflight/tls/register app.js
 *
 * What the flag does not understand is the runtime's, untouched. These variables of the environment ask for
 * more, or for less; docs/register.md has all of it:
 *
 * | variable | |
 * | --- | --- |
 * | `FIRSTFLIGHT=off` | nothing is touched |
 * | `FIRSTFLIGHT_EARLY_DATA=safe` | requests of HTTP that may be repeated are early data (RFC 8470) |
 * | `FIRSTFLIGHT_DANGEROUS_EARLY_DATA_HOSTS=host:port,…` | there, whatever is written first; others can replay it |
 * | `FIRSTFLIGHT_OPTIMISTIC_NET=host:port,…` | there, plain connections say "connect" before there is one |
 * | `FIRSTFLIGHT_REPORT=1` | says at the end what was done, and what was left to the runtime |
 *
 * @module
 */

import { register } from "./register/register.ts";
import type { Registered } from "./register/registered.ts";

export type { Registered };

/** What the flag has done in this thread. */
export const registered: Registered = await register(import.meta.url);
