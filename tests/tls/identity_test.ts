/**
 * Certificates and keys that a caller passes: in which forms, and what is said of those that can't be
 * used. Both engines must take the same ones, and say the same.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { connectTls, listenTls, type Pem, TlsError, type TlsListener } from "../../mod.ts";
import { leavesNothing } from "../fixtures/hostile_census.ts";
import { assertFailure, failureOf, tlsError } from "../fixtures/hostile_failure.ts";
import { here } from "../fixtures/hostile_ways.ts";
import { certificates } from "../peers/certificates.ts";
import { encode } from "../peers/exchange.ts";
import { startOpensslServer } from "../peers/openssl_server.ts";
import { requirePeer } from "../peers/peer.ts";

const skip = requirePeer("openssl");
const { ca, caPath, client, server, rsaServer, otherServer, intermediate } = certificates();

/** What a caller passes. */
interface Identity {
  readonly cert: Pem;
  readonly key: Pem;
  readonly passphrase?: string;
}

const engines = ["openssl", "runtime"] as const;

function openssl(input: string, ...args: string[]): string {
  const stdio: ["pipe", "pipe", "ignore"] = ["pipe", "pipe", "ignore"];
  return execFileSync("openssl", args, { input, encoding: "utf8", stdio });
}

/** Each call that takes an identity, for identities that it refuses. */
function refusals(identity: Identity): [string, () => Promise<unknown>][] {
  const peer = { hostname: here, port: 1, caCerts: ca };
  return [
    ...engines.map((engine): [string, () => Promise<unknown>] => {
      return [engine, () => connectTls({ ...peer, ...identity, engine })];
    }),
    ["listenTls", async () => await listen(identity)],
  ];
}

function listen(identity: Identity): TlsListener {
  return listenTls({ hostname: here, port: 0, ...identity });
}

async function assertRefused(identity: Identity, says: RegExp): Promise<void> {
  await leavesNothing(async () => {
    for (const [who, refusal] of refusals(identity)) {
      const error = await failureOf(refusal());
      assertFailure(error, tlsError("INVALID_PEM", says));
      const whole = `${who}: ${error.stack} ${String((error.cause as Error | undefined)?.stack)}`;
      if (identity.passphrase) assert.ok(!whole.includes(identity.passphrase), whole);
    }
  });
}

/** Shows the identities to a server that verifies them, by both engines. */
async function assertShown(identities: Readonly<Record<string, Identity>>): Promise<void> {
  const strict = ["-Verify", "3", "-CAfile", caPath, "-verify_return_error"];
  await using peer = await startOpensslServer(strict);
  for (const [what, identity] of Object.entries(identities)) {
    for (const engine of engines) {
      const options = { hostname: here, port: peer.port, caCerts: ca, sessions: false as const };
      using conn = await connectTls({ ...options, ...identity, engine });
      await conn.write(encode(`${what} by ${engine}\n`));
      await peer.saw(new RegExp(`^${what} by ${engine}$`, "m"));
    }
  }
}

/** Presents the identities to a client that verifies them. */
async function assertPresented(identities: Readonly<Record<string, Identity>>): Promise<void> {
  for (const [what, identity] of Object.entries(identities)) {
    using listener = listen(identity);
    using conn = await connectTls({ hostname: here, port: listener.addr.port, caCerts: [ca] });
    assert.equal(conn.protocol, "TLSv1.3", what);
  }
}

// Encrypted keys

const passphrase = "geheim und für niemanden";
const secret = ["-passout", "stdin"];

/** Encrypts a key; the passphrase goes in before the key. */
function encrypted({ key, keyPath }: { key: string; keyPath: string }): Record<string, string> {
  assert.match(key, /BEGIN PRIVATE KEY/);
  const seal = (...args: string[]) => {
    return openssl(`${passphrase}\n`, ...args, "-in", keyPath, ...secret);
  };
  const old = key === rsaServer.key ? ["rsa", "-traditional"] : ["ec"];
  return {
    "in PKCS #8": seal("pkcs8", "-topk8", "-v2", "aes-256-cbc"),
    "in the form before PKCS #8": seal(...old, "-aes128"),
  };
}

const sealed = skip ? {} : encrypted(client);

test("an encrypted key is opened by its passphrase", { skip }, async () => {
  const { cert } = client;
  await assertShown(Object.fromEntries(
    Object.entries(sealed).map(([form, key]) => [form, { cert, key, passphrase }]),
  ));
  for (const each of [server, rsaServer]) {
    await assertPresented(Object.fromEntries(
      Object.entries(encrypted(each)).map(([form, key]) => {
        return [form, { cert: each.cert, key, passphrase }];
      }),
    ));
  }
});

test("a passphrase does nothing for a key that is not encrypted", { skip }, async () => {
  const { cert, key } = client;
  await assertShown({ "a passphrase": { cert, key, passphrase } });
  await assertPresented({ "a passphrase": { cert: server.cert, key: server.key, passphrase } });
});

test("an encrypted key without its passphrase says what is missing", { skip }, async () => {
  const says = /Option "key" holds an encrypted private key: pass option "passphrase"/;
  for (const key of Object.values(sealed)) await assertRefused({ cert: client.cert, key }, says);
});

test("a wrong passphrase says so, and is not shown", { skip }, async () => {
  const says = /Option "passphrase" does not open the private key in option "key": it is wrong/;
  for (const key of Object.values(sealed)) {
    for (const wrong of ["", "Zq9", passphrase.toUpperCase(), "x".repeat(1_024)]) {
      await assertRefused({ cert: client.cert, key, passphrase: wrong }, says);
    }
  }
});

test("a key that was opened once is not opened by another passphrase later", { skip }, async () => {
  const [key = ""] = Object.values(sealed);
  await assertShown({ "the right one": { cert: client.cert, key, passphrase } });
  await assertRefused({ cert: client.cert, key, passphrase: "another" }, /does not open/);
});

// Certificates and keys that don't belong together

test("a chain whose leaf is not first says where it is", { skip }, async () => {
  const { leaf, key } = client;
  for (
    const [cert, place] of [[intermediate + leaf, "2 of 2"], [ca + intermediate + leaf, "3 of 3"]]
  ) {
    const says = new RegExp(
      `Option "cert" must begin with .* "key" belongs to, which is number ${place} .*"CN=client"`,
    );
    await assertRefused({ cert: cert ?? "", key }, says);
  }
});

test("a key that belongs to no certificate of the chain says which one was meant", {
  skip,
}, async () => {
  for (const { key } of [otherServer, rsaServer]) {
    const says =
      /don't belong together; .* first certificate, "CN=client", nor that of the 1 behind/;
    await assertRefused({ cert: client.cert, key }, says);
    await assertRefused({ cert: client.leaf, key }, /first certificate, "CN=client"(?!, nor)/);
  }
});

test("several keys are refused, and the same key twice is one", { skip }, async () => {
  const { cert, key } = client;
  await assertRefused({ cert, key: [key, otherServer.key] }, /Option "key" holds 2 private keys/);
  await assertShown({ "one key twice": { cert, key: [key, key] } });
});

// Files

test("a file with the key and the certificates serves as both", { skip }, async () => {
  const both = (identity: { cert: string; key: string }) => {
    const { cert, key } = identity;
    const parameters =
      "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    return {
      "the key first": { cert: key + cert, key: key + cert },
      "the certificates first": { cert: cert + key, key: cert + key },
      "parameters before the key": { cert, key: parameters + key },
    };
  };
  await assertShown(both(client));
  await assertPresented(both(server));
});

test("what is in PEM may be a string, bytes, or several of them", { skip }, async () => {
  const forms = ({ cert, key }: { cert: string; key: string }): Record<string, Identity> => {
    const [leaf = "", ...issuers] = cert.match(/-----BEGIN[^]*?-----END .*-----\n/g) ?? [];
    return {
      "strings": { cert, key },
      "bytes": { cert: encode(cert), key: Buffer.from(key) },
      "arrays of strings": { cert: [leaf, ...issuers], key: [key] },
      "mixed arrays": { cert: [Buffer.from(leaf), ...issuers.map((each) => each.trim())], key },
    };
  };
  await assertShown(forms(client));
  await assertPresented(forms(server));
  using listener = listen({ cert: server.cert, key: server.key });
  for (
    const caCerts of [ca, encode(ca), [ca], [encode(ca)], [intermediate.trim(), Buffer.from(ca)]]
  ) {
    for (const engine of engines) {
      const options = { hostname: here, port: listener.addr.port, sessions: false as const };
      using conn = await connectTls({ ...options, caCerts, engine });
      assert.equal(conn.engine, engine);
    }
  }
});

// TRUSTED CERTIFICATE, OpenSSL's own kind of block

test("a TRUSTED CERTIFICATE is a certificate, whichever engine reads it", { skip }, async () => {
  const [leaf = "", ...issuers] = client.cert.match(/-----BEGIN[^]*?-----END .*-----\n/g) ?? [];
  const notes = ["-trustout", "-addtrust", "clientAuth", "-setalias", "mine"];
  const cert = [openssl(leaf, "x509", ...notes), ...issuers];
  await assertShown({ "a client's": { cert, key: client.key } });
  await assertPresented({
    "a server's": { cert: [openssl(server.leaf, "x509", ...notes), intermediate], key: server.key },
  });
  using listener = listen({ cert: server.cert, key: server.key });
  for (const more of [[], ["-setalias", "the root"]]) {
    const caCerts = openssl(ca, "x509", "-trustout", ...more);
    assert.match(caCerts, /BEGIN TRUSTED CERTIFICATE/);
    for (const engine of engines) {
      const options = { hostname: here, port: listener.addr.port, sessions: false as const };
      using conn = await connectTls({ ...options, caCerts, engine });
      assert.equal(conn.engine, engine);
    }
  }
});

test("a root that is trusted for some purposes only is refused by both engines", {
  skip,
}, async () => {
  for (const limit of [["-addtrust", "serverAuth"], ["-addreject", "serverAuth"]]) {
    const limited = openssl(ca, "x509", "-trustout", ...limit);
    for (const engine of engines) {
      for (const caCerts of [limited, [intermediate, limited]]) {
        const error = await failureOf(connectTls({ hostname: here, port: 1, caCerts, engine }));
        assertFailure(
          error,
          tlsError("INVALID_PEM", /TRUSTED CERTIFICATE .* "openssl x509" makes/),
        );
        assert.ok(error instanceof TlsError);
      }
    }
  }
});

test("half a certificate behind a whole one is refused by both engines", { skip }, async () => {
  await assertRefused(
    { cert: client.leaf + intermediate.slice(0, 200), key: client.key },
    /"cert"/,
  );
});
