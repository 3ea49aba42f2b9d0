/**
 * Whose a certificate is: the same rule in both engines, by the certificate's own bytes.
 */

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { connectTls, TlsError } from "../../../mod.ts";
import { bytesOfBlock } from "../../../base/pem.ts";
import { readCertificate } from "../../../tls/engine/certificate.ts";
import { spellingsOf } from "../../../tls/engine/names.ts";
import { here, startListener } from "../../fixtures/hostile_ways.ts";
import { issue, serving } from "../../fixtures/pki.ts";
import { requirePeer } from "../../peers/peer.ts";

const skip = requirePeer("openssl");
const engines = ["openssl", "runtime"] as const;

/** What a client says of a server's certificate for `serverName`: "connects", or the error's code. */
async function verdict(
  engine: "openssl" | "runtime",
  port: number,
  serverName: string,
  ca: string,
): Promise<string> {
  const trust = { caCerts: [ca], sessions: false, engine } as const;
  try {
    (await connectTls({ hostname: here, port, serverName, ...trust })).close();
    return "connects";
  } catch (error) {
    assert.ok(error instanceof TlsError, `${error}`);
    return error.code;
  }
}

/** Alternative names of a stranger, with a text that reads as if there were two more. */
const disguised: Readonly<Record<string, string>> = {
  "a DNS name": "DNS = evil.test, DNS:good.test, IP Address:127.0.0.1",
  "a URI": "URI = evil:x, DNS:good.test, IP Address:127.0.0.1",
  "a URI of two lines": "URI = evil:x\\nDNS:good.test",
  "an e-mail address": "email = x@evil.test, DNS:good.test, IP Address:127.0.0.1",
  "a directory's name": "dirName = dir",
  "a name of another kind": "otherName = 1.2.3.4;UTF8:x, DNS:good.test, IP Address:127.0.0.1",
  "a Microsoft name": "otherName = 1.3.6.1.4.1.311.20.2.3;UTF8:x, DNS:good.test",
};

for (const [what, name] of Object.entries(disguised)) {
  test(`${what} that reads like two names is not two names`, { skip }, async () => {
    const ca = issue();
    const names = [...serving(name, "DNS = also.test").split("\n")];
    const dir = "[dir]\nCN = evil.test, DNS:good.test, IP Address:127.0.0.1";
    const leaf = issue({ by: ca, extensions: [...names, dir].join("\n") });
    using listener = startListener({ cert: leaf.cert, key: leaf.key, onHandshakeError: () => {} });
    const { port } = listener.addr;
    for (const engine of engines) {
      assert.equal(await verdict(engine, port, "also.test", ca.cert), "connects", engine);
      assert.equal(await verdict(engine, port, "good.test", ca.cert), "HOSTNAME_MISMATCH", engine);
      assert.equal(await verdict(engine, port, here, ca.cert), "IP_ADDRESS_MISMATCH", engine);
    }
    for (const expected of [["-verify_hostname", "good.test"], ["-verify_ip", here]]) {
      assert.throws(() => {
        const trust = ["-CAfile", ca.certPath];
        execFileSync("openssl", ["verify", ...trust, ...expected, leaf.leafPath], {
          stdio: "ignore",
        });
      });
    }
  });
}

/** Names in a certificate, the name that is asked for, and whether they match. */
const rule: readonly (readonly [names: string, asked: string, matches: boolean])[] = [
  ["DNS = a.test", "a.test", true],
  ["DNS = A.Test", "a.tESt", true],
  ["DNS = a.test.", "a.test", true],
  ["DNS = a.test", "a.test.", true],
  ["DNS = *.a.test", "b.a.test", true],
  ["DNS = *.A.test", "B.a.test", true],
  ["DNS = *.a.test.", "b.a.test", true],
  ["DNS = *.a.test", "b_c.a.test", true],
  ["DNS = b_c.a.test", "b_c.a.test", true],
  ["DNS = *.a_b.test", "c.a_b.test", true],
  ["DNS = *.a.test", "xn--bcher-kva.a.test", true],
  ["DNS = *.a.test", "bücher.a.test", true],
  ["DNS = *.a.test", "a.test", false],
  ["DNS = *.a.test", "c.b.a.test", false],
  ["DNS = *.test", "a.test", false],
  ["DNS = *", "a.test", false],
  ["DNS = f*.a.test", "foo.a.test", false],
  ["DNS = *o.a.test", "foo.a.test", false],
  ["DNS = f*o.a.test", "foo.a.test", false],
  ["DNS = *.*.test", "b.a.test", false],
  ["DNS = b.*.test", "b.a.test", false],
  ["DNS = .a.test", "b.a.test", false],
  ["DNS = a.test..", "a.test", false],
  ["DNS = xn--*.a.test", "xn--bcher-kva.a.test", false],
  ["URI = https://a.test", "a.test", false],
  ["email = x@a.test", "a.test", false],
  ["IP = 127.0.0.1", "127.0.0.1", true],
  ["IP = 127.0.0.1", "127.1", true],
  ["IP = 127.0.0.1", "0x7f.1", true],
  ["IP = 127.0.0.1", "2130706433", true],
  ["IP = 127.0.0.1", "0177.0.0.1", true],
  ["IP = ::1", "0:0:0:0:0:0:0:1", true],
  ["IP = ::ffff:127.0.0.1", "127.0.0.1", false],
  ["IP = 127.0.0.1", "::ffff:127.0.0.1", false],
  ["DNS = 127.0.0.1", "127.0.0.1", false],
  ["DNS = *.0.0.1", "127.0.0.1", false],
  ["DNS = 127.1", "127.1", false],
];

test("names match by one rule in both engines", { skip }, async () => {
  const ca = issue();
  for (const [name, asked, matches] of rule) {
    const leaf = issue({ by: ca, extensions: serving(name), commonName: "nobody" });
    using listener = startListener({ cert: leaf.cert, key: leaf.key, onHandshakeError: () => {} });
    const mismatch = /^[\d.x:a-f]+$/.test(asked) ? "IP_ADDRESS_MISMATCH" : "HOSTNAME_MISMATCH";
    for (const engine of engines) {
      const said = await verdict(engine, listener.addr.port, asked, ca.cert);
      assert.equal(said, matches ? "connects" : mismatch, `${name}, ${asked}, ${engine}`);
    }
  }
});

/** curl's exit code where it refuses a certificate. */
const REFUSED = 60;

/** Whether curl takes a server's certificate. */
async function curlTakes(port: number, name: string, caPath: string): Promise<boolean> {
  const resolve = [name, name.replace(/\.$/, "")].flatMap((host) => {
    return ["--resolve", `${host}:${port}:${here}`];
  });
  const args = ["-s", "--cacert", caPath, ...resolve, `https://${name}:${port}/`];
  const [code] = await once(spawn("curl", args, { stdio: "ignore" }), "exit");
  return code !== REFUSED;
}

test("a name that nobody can parse does no harm to the others", { skip }, async () => {
  const ca = issue();
  const strange = ['URI = x:\\"y', "dirName = dir", 'otherName = 1.2.3.4;UTF8:a\\"b', "DNS = a b"];
  for (const name of strange) {
    for (const names of [[name, "DNS = a.test"], ["DNS = a.test", name]]) {
      const extensions = [serving(...names), "[dir]", 'CN = a\\"b'].join("\n");
      const leaf = issue({ by: ca, extensions });
      using listener = startListener({ cert: leaf.cert, key: leaf.key });
      for (const engine of engines) {
        const said = await verdict(engine, listener.addr.port, "a.test", ca.cert);
        assert.equal(said, "connects", `${names}, ${engine}`);
      }
    }
  }
});

test("curl says the same of host names", { skip: skip || requirePeer("curl") }, async () => {
  const ca = issue();
  for (const [name, asked, matches] of rule) {
    if (!/^[a-z][\w.-]*$/i.test(asked)) continue;
    const leaf = issue({ by: ca, extensions: serving(name) });
    using listener = startListener({ cert: leaf.cert, key: leaf.key, onHandshakeError: () => {} });
    const closing = listener.accept().then((conn) => conn.close(), () => {});
    assert.equal(await curlTakes(listener.addr.port, asked, ca.certPath), matches, name);
    listener.close();
    await closing;
  }
});

test("the common name is no name of a host", { skip }, async () => {
  const ca = issue();
  const names = [serving("URI = https://other.test"), "basicConstraints = CA:false"];
  for (const extensions of names) {
    const leaf = issue({ by: ca, extensions, commonName: "a.test" });
    using listener = startListener({ cert: leaf.cert, key: leaf.key, onHandshakeError: () => {} });
    for (const engine of engines) {
      const said = await verdict(engine, listener.addr.port, "a.test", ca.cert);
      assert.equal(said, "HOSTNAME_MISMATCH", engine);
    }
  }
});

test("a NUL in a name ends nothing", { skip }, () => {
  const der = bytesOfBlock(issue({ extensions: serving("DNS = good.test-evil.test") }).cert);
  const at = der.indexOf("good.test-evil.test");
  der[at + "good.test".length] = 0;
  assert.deepEqual(readCertificate(der).hosts, ["good.test\0evil.test"]);
});

test("every spelling of a name is known", () => {
  assert.deepEqual(spellingsOf("A.b.test"), ["a.b.test", "*.b.test", "a.b.test.", "*.b.test."]);
  assert.deepEqual(spellingsOf("b.test"), ["b.test", "b.test."]);
  assert.deepEqual(spellingsOf("localhost"), ["localhost", "localhost."]);
});

test("the error tells whose the certificate is", { skip }, async () => {
  const ca = issue();
  const leaf = issue({ by: ca, extensions: serving("DNS = a.test", "IP = 192.0.2.7") });
  using listener = startListener({ cert: leaf.cert, key: leaf.key, onHandshakeError: () => {} });
  const trust = { caCerts: [ca.cert], sessions: false, engine: "runtime" } as const;
  const opening = connectTls({ hostname: here, port: listener.addr.port, ...trust });
  await assert.rejects(opening, { code: "IP_ADDRESS_MISMATCH", message: /serverName/ });
});
