/**
 * Where answers lead.
 *
 * @module
 */

import type { Script } from "../../fixtures/scripted_http.ts";
import { type Check, type Checks, outcome, streamOf } from "./check.ts";

const to = (status: number, location: string): Script => (talk) =>
  talk.answer(`${status} Elsewhere`, "", `location: ${location}`);

/** Tells what arrived. */
const end: Script = async (talk) => {
  const body = String(await talk.body());
  const type = talk.headers["content-type"];
  await talk.answer("200 OK", `${talk.method}${type ? ` ${type}` : ""}${body && ` ${body}`}`);
};

/** What becomes of a request that is led from `/` to `/end`. */
function led(status: number, init: () => RequestInit & { duplex?: "half" }): Check {
  return {
    scripts: { "/": to(status, "/end"), "/end": end },
    run: ({ fetch, server }) => {
      const fetched = fetch(`${server.origin}/`, init());
      return outcome(fetched.then((response) => response.text()));
    },
  };
}

const posting = () => ({ method: "POST", body: "text", headers: { "content-type": "a/b" } });

/** Which headers arrive after a redirect. */
function kept(isOther: boolean): Check {
  const headers = { authorization: "secret", cookie: "a=b", "x-a": "1" };
  return {
    scripts: {
      "/end": (talk) => {
        const arrived = Object.keys(headers).filter((name) => talk.headers[name]);
        return talk.answer("200 OK", arrived.join(", "));
      },
      "/": (talk) => talk.answer("302 Found", "", `location: ${talk.headers["x-to"]}/end`),
    },
    run: async ({ fetch, server, other }) => {
      const target = (isOther ? other : server).origin;
      const response = await fetch(`${server.origin}/`, {
        headers: { ...headers, "x-to": target },
      });
      return await response.text();
    },
  };
}

/** An answer at the end of so many redirects. */
function far(count: number): Check {
  const scripts: Record<string, Script> = { [`/${count}`]: end };
  for (let at = 0; at < count; at++) scripts[at === 0 ? "/" : `/${at}`] = to(302, `/${at + 1}`);
  return {
    scripts,
    run: ({ fetch, server }) =>
      outcome(fetch(`${server.origin}/`).then((response) => response.text())),
  };
}

export const redirects: Checks = {
  "a redirect": {
    scripts: { "/": to(302, "end?a#b"), "/end?a": end },
    run: async ({ fetch, server }) => {
      const { status, redirected, url } = await fetch(`${server.origin}/`);
      return [status, redirected, url.replace(server.origin, "")];
    },
  },
  "no redirect": {
    scripts: { "/": end },
    run: async ({ fetch, server }) => {
      const { redirected, url } = await fetch(server.origin);
      return [redirected, url.replace(server.origin, "")];
    },
  },
  "301 after a POST": led(301, posting),
  "302 after a POST": led(302, posting),
  "303 after a POST": led(303, posting),
  "307 after a POST": led(307, posting),
  "308 after a POST": led(308, posting),
  "301 after a PUT": led(301, () => ({ ...posting(), method: "PUT" })),
  "303 after a PUT": led(303, () => ({ ...posting(), method: "PUT" })),
  "303 after a HEAD": {
    scripts: { "/": to(303, "/end"), "/end": end },
    run: async ({ fetch, server }) => {
      await fetch(`${server.origin}/`, { method: "HEAD" });
      return server.asked.map(({ method }) => method);
    },
  },
  "303 after a stream": led(303, () => ({ method: "POST", body: streamOf("one"), duplex: "half" })),
  "307 after a stream": led(307, () => ({ method: "POST", body: streamOf("one"), duplex: "half" })),
  "307 after a Blob": led(307, () => ({ method: "POST", body: new Blob(["text"]) })),
  "300": led(300, () => ({})),
  '`redirect: "manual"`': {
    scripts: { "/": to(302, "/end") },
    run: async ({ fetch, server }) => {
      const { status, type, headers } = await fetch(`${server.origin}/`, { redirect: "manual" });
      return [status, type, headers.get("location")];
    },
  },
  '`redirect: "error"`': {
    scripts: { "/": to(302, "/end"), "/end": end },
    run: async ({ fetch, server }) => {
      const name = await outcome(fetch(`${server.origin}/`, { redirect: "error" }));
      return [name, server.asked.length];
    },
  },
  "20 redirects": far(20),
  "21 redirects": far(21),
  "a redirect that leads to itself": {
    scripts: { "/": to(302, "/") },
    run: async ({ fetch, server }) => [
      await outcome(fetch(`${server.origin}/`)),
      server.asked.length,
    ],
  },
  "a redirect without a location": {
    scripts: { "/": (talk) => talk.answer("302 Found", "text") },
    run: async ({ fetch, server }) => {
      const response = await fetch(`${server.origin}/`);
      return [response.status, await response.text()];
    },
  },
  "a redirect to what is no address": {
    scripts: { "/": to(302, "https://[/") },
    run: ({ fetch, server }) => outcome(fetch(`${server.origin}/`)),
  },
  "a redirect to a name in UTF-8": {
    scripts: { "/": to(302, "/ü"), "/%C3%BC": end },
    run: async ({ fetch, server }) => (await fetch(`${server.origin}/`)).status,
  },
  "a redirect to `http:`": {
    scripts: { "/": (talk) => talk.answer("302 Found", "", `location: ${talk.headers["x-to"]}`) },
    run: ({ fetch, server, plain }) => {
      const fetched = fetch(`${server.origin}/`, { headers: { "x-to": plain } });
      return outcome(fetched.then((response) => response.text()));
    },
  },
  "a redirect with a password, to another origin": {
    scripts: {
      "/": (talk) => talk.answer("302 Found", "", `location: ${talk.headers["x-to"]}`),
      "/end": (talk) => talk.answer("200 OK", talk.headers["authorization"] ? "sent" : "not sent"),
    },
    run: ({ fetch, server, other }) => {
      const target = `${other.origin.replace("//", "//user:secret@")}/end`;
      const fetched = fetch(`${server.origin}/`, { headers: { "x-to": target } });
      return outcome(fetched.then((response) => response.text()));
    },
  },
  "headers after a redirect to the same origin": kept(false),
  "headers after a redirect to another origin": kept(true),
};
